//! Receiving a referral: registers the person, unless they are known, and opens their case, both in
//! one transaction.

use actix_web::HttpResponse;
use actix_web::http::header::LOCATION;
use actix_web::web::Data;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use throughline_domain::case::receive_referral::{
    AgeYears, MissingFacts, ReceiveReferral, ReferralReceived,
};
use throughline_domain::case::{Case, CaseCommand, Intent, Moment};
use throughline_domain::code::Code;
use throughline_domain::code_lists::{CaseRole, MissingReason, ReferralSource};
use throughline_domain::ids::{CaseId, EventId, PersonId, Position, Version};
use throughline_domain::person::{Person, PersonCommand, PersonError, RegisterPerson};
use throughline_domain::time::{Occurred, Precision};
use throughline_log::{Append, AppendError, Appended, CommandMeta, Remembered, StreamWrite};
use utoipa::ToSchema;
use utoipa::openapi::schema::{AdditionalProperties, ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};
use uuid::Uuid;

use crate::app::App;
use crate::body::JsonBody;
use crate::caller::Caller;
use crate::cases::command::{CommandBody, Timing, command_body, common_members, now};
use crate::cases::person::PersonBody;
use crate::cases::referral_definition;
use crate::cases::returns;
use crate::cases::sealed_words::{SealedWords, Words};
use crate::freshness::POSITION_HEADER;
use crate::idempotency::{self, CommandKey, NotRecorded, Recalled};
use crate::preconditions::etag;
use crate::problem::{self, FieldError, Problem};
use crate::refusal;

/// How often a referral of a known person is tried, when the person's record keeps changing.
const ATTEMPTS_MAX: u32 = 5;

/// A referral.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReferralBody {
    /// The programme.
    #[schema(schema_with = crate::schema::code)]
    pub programme: Code,
    /// Whom the case is about.
    #[schema(schema_with = crate::schema::code_list::<CaseRole>)]
    pub role: CaseRole,
    /// The programme's area.
    #[schema(schema_with = crate::schema::code)]
    pub area: Code,
    /// Who referred.
    #[schema(schema_with = crate::schema::code_list::<ReferralSource>)]
    pub source: ReferralSource,
    /// When the referral was received: RFC 3339, up to now. Default: now.
    pub received_at: Option<Timestamp>,
    /// The same, under the name that every command has. Both may be given if they agree.
    pub occurred_at: Option<Timestamp>,
    /// How exactly that is known. Default: instant.
    #[schema(schema_with = crate::schema::precision)]
    pub precision: Option<Precision>,
    /// The latest incident known at referral.
    pub latest_incident_at: Option<Timestamp>,
    /// Incidents in the twelve months before the referral.
    pub incidents_12_months: Option<u32>,
    /// The person's age at the referral, in whole years.
    #[schema(schema_with = age_years)]
    pub age_years: Option<AgeYears>,
    /// The criteria that the person met, as codes.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    pub criteria: Vec<Code>,
    /// The person's earlier case, closed, that this referral comes back to. Then `person` names
    /// the person.
    #[schema(value_type = Option<Uuid>)]
    pub returns_from: Option<CaseId>,
    /// The date of the list that the referral came on.
    #[schema(value_type = Option<String>, format = Date)]
    pub list_date: Option<jiff::civil::Date>,
    /// Whose case it is: a person who is known, or the identity of a new one.
    pub person: PersonBody,
    /// Why facts are missing that a referral can give.
    #[serde(default)]
    #[schema(schema_with = missing_facts)]
    pub missing_reasons: MissingFactsBody,
    /// What the referrer wrote, in words. Stored sealed.
    #[schema(value_type = Option<String>)]
    pub narrative: Option<Words>,
}

/// Why facts of a referral are missing, by the member that each would be. A fact that is given has
/// no reason.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MissingFactsBody {
    /// Why the latest incident is not known.
    pub latest_incident_at: Option<MissingReason>,
    /// Why the number of incidents is not known.
    pub incidents_12_months: Option<MissingReason>,
    /// Why the age is not known.
    pub age_years: Option<MissingReason>,
}

/// The form of [`MissingFactsBody`], in place: the events of the feed have it as well.
fn missing_facts() -> Schema {
    let reason = || RefOr::T(crate::schema::code_list::<MissingReason>());
    let facts = ObjectBuilder::new()
        .description(Some("Why facts are missing that a referral can give, by the facts' names."))
        .property("latest_incident_at", reason())
        .property("incidents_12_months", reason())
        .property("age_years", reason())
        .additional_properties(Some(AdditionalProperties::FreeForm(false)));
    Schema::Object(facts.build())
}

/// A whole number up to the highest age.
fn age_years() -> Schema {
    let number = ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::Integer, Type::Null]))
        .minimum(Some(0))
        .maximum(Some(AgeYears::MAX));
    Schema::Object(number.build())
}

impl From<MissingFactsBody> for MissingFacts {
    fn from(body: MissingFactsBody) -> Self {
        let MissingFactsBody { latest_incident_at, incidents_12_months, age_years } = body;
        Self { latest_incident_at, incidents_12_months, age_years }
    }
}

/// The answer to a referral.
#[derive(Debug, Serialize, ToSchema)]
pub struct Referred {
    /// The new case.
    #[schema(value_type = Uuid)]
    pub case_id: CaseId,
    /// The person.
    #[schema(value_type = Uuid)]
    pub person_id: PersonId,
    /// The referral's event.
    #[schema(value_type = Uuid)]
    pub event_id: EventId,
    /// The case's version.
    #[schema(value_type = i32)]
    pub version: Version,
    /// The referral's place in the tenant's log.
    #[schema(value_type = i64)]
    pub position: Position,
}

command_body! {
    /// The facts of a referral, as a correction replaces them.
    ReferralFactsBody {
        /// The programme.
        #[schema(schema_with = crate::schema::code)]
        programme: Code,
        /// Whom the case is about.
        #[schema(schema_with = crate::schema::code_list::<CaseRole>)]
        role: CaseRole,
        /// The programme's area.
        #[schema(schema_with = crate::schema::code)]
        area: Code,
        /// Who referred.
        #[schema(schema_with = crate::schema::code_list::<ReferralSource>)]
        source: ReferralSource,
        /// The latest incident known at referral.
        latest_incident_at: Option<Timestamp>,
        /// Incidents in the twelve months before the referral.
        incidents_12_months: Option<u32>,
        /// The person's age at the referral, in whole years.
        #[schema(schema_with = age_years)]
        age_years: Option<AgeYears>,
        /// The criteria that the person met, as codes.
        #[serde(default)]
        #[schema(value_type = Vec<String>)]
        criteria: Vec<Code>,
        /// The person's earlier case, closed, that this referral comes back to.
        #[schema(value_type = Option<Uuid>)]
        returns_from: Option<CaseId>,
        /// The date of the list that the referral came on.
        #[schema(value_type = Option<String>, format = Date)]
        list_date: Option<jiff::civil::Date>,
        /// Why facts are missing that a referral can give.
        #[serde(default)]
        #[schema(schema_with = missing_facts)]
        missing_reasons: MissingFactsBody,
    }
}

impl CommandBody for ReferralFactsBody {
    common_members!();

    /// `about` carries the person, who stays the same whatever else was wrong.
    fn into_intent(self, about: Option<EventId>) -> Intent {
        ReceiveReferral(ReferralReceived {
            person_id: PersonId(about.map_or(Uuid::nil(), |person| person.0)),
            programme: self.programme,
            // Found once the whole replacement is there.
            programme_version: 0,
            role: self.role,
            area: self.area,
            source: self.source,
            latest_incident_at: self.latest_incident_at,
            incidents_12_months: self.incidents_12_months,
            age_years: self.age_years,
            criteria: self.criteria,
            criteria_version: None,
            returns_from: self.returns_from,
            list_date: self.list_date,
            missing_reasons: self.missing_reasons.into(),
        })
        .into()
    }
}

impl ReferralBody {
    fn timing(&self) -> Result<Timing, Problem> {
        if let (Some(received), Some(occurred)) = (self.received_at, self.occurred_at)
            && received != occurred
        {
            let error =
                FieldError::at("/occurred_at", "differs from received_at; give one of them");
            return Err(Problem::new(problem::INVALID).with(error));
        }
        let occurred_at = self.received_at.or(self.occurred_at);
        Ok(Timing { occurred_at, precision: self.precision })
    }

    fn into_facts(self, person_id: PersonId) -> ReferralReceived {
        ReferralReceived {
            person_id,
            programme: self.programme,
            // Found by its date.
            programme_version: 0,
            role: self.role,
            area: self.area,
            source: self.source,
            latest_incident_at: self.latest_incident_at,
            incidents_12_months: self.incidents_12_months,
            age_years: self.age_years,
            criteria: self.criteria,
            criteria_version: None,
            returns_from: self.returns_from,
            list_date: self.list_date,
            missing_reasons: self.missing_reasons.into(),
        }
    }
}

/// What a referral's answer holds that only its caller and the log know.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[expect(clippy::struct_field_names, reason = "the names of the answer's members")]
struct ReferredIds {
    case_id: CaseId,
    person_id: PersonId,
    event_id: EventId,
}

impl Recalled for Referred {
    fn recall(remembered: &Remembered) -> serde_json::Result<Self> {
        let ids = serde_json::from_str(&remembered.answer)?;
        Ok(Self::new(ids, &remembered.versions, remembered.last))
    }
}

impl Referred {
    /// The case is what the referral writes last.
    fn new(ids: ReferredIds, versions: &[Version], position: Position) -> Self {
        let ReferredIds { case_id, person_id, event_id } = ids;
        let version = versions.last().copied().unwrap_or_default();
        Self { case_id, person_id, event_id, version, position }
    }

    fn answer(&self) -> HttpResponse {
        HttpResponse::Created()
            .insert_header((LOCATION, format!("/v1/cases/{}", self.case_id)))
            .insert_header(etag(self.version))
            .insert_header((POSITION_HEADER, self.position.to_string()))
            .json(self)
    }
}

/// Receives a referral.
///
/// # Errors
/// The problem that the caller is answered with.
pub async fn receive_referral(
    caller: Caller,
    body: JsonBody<ReferralBody>,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let JsonBody { value: body, key } = body;
    let recording = Box::pin(refer(&app, &caller, body, key.as_ref()));
    let referred = idempotency::once(&app, &caller, key.as_ref(), recording).await?;
    Ok(referred.answer())
}

async fn refer(
    app: &App,
    caller: &Caller,
    mut body: ReferralBody,
    key: Option<&CommandKey>,
) -> Result<Referred, NotRecorded> {
    let now = now();
    let occurred = body.timing()?.occurred(now);
    let narrative = SealedWords::narrative(body.narrative.take()).into_plaintext()?;
    let person = std::mem::take(&mut body.person);
    let (person_id, registration) = register(app, caller, person, now).await?;
    let tenant = caller.tenant.tenant_no;
    let mut facts = body.into_facts(person_id);
    let programmes = app.log.programmes(tenant).await?;
    referral_definition::settle(&programmes, &mut facts, occurred)?;

    let returning = facts.returns_from.map(|earlier| Returning { earlier, person_id, occurred });
    if let Some(returning) = returning {
        // Before the rules of the case have their say.
        returning.look_back(app, caller).await.map_err(received_at)?;
    }

    let case_id = CaseId(Uuid::new_v4());
    let moment = Moment { event_id: EventId(Uuid::now_v7()), occurred, now };
    let command = CaseCommand { moment, intent: ReceiveReferral(facts).into() };
    let decided = app.log.decide_first::<Case>(tenant, case_id.0, command).await;
    let decided = decided.map_err(|error| received_at(error.into()))?;
    let case = decided.to_write(case_id.into(), narrative)?;

    let ids = ReferredIds { case_id, person_id, event_id: moment.event_id };
    let mut meta = caller.command_meta(None);
    meta.idempotency = key.map(|key| key.remembering(&ids)).transpose()?;
    let referred = Referring { person_id, registration, returning, case };
    let appended = append(app, caller, &referred, meta).await?;
    Ok(Referred::new(ids, &appended.versions, appended.last))
}

/// What a referral writes, and what it rests on.
struct Referring {
    person_id: PersonId,
    /// What registers the person, if they are new.
    registration: Option<StreamWrite>,
    returning: Option<Returning>,
    case: StreamWrite,
}

/// The earlier case that a referral comes back to.
#[derive(Clone, Copy)]
struct Returning {
    earlier: CaseId,
    person_id: PersonId,
    occurred: Occurred,
}

impl Returning {
    async fn look_back(self, app: &App, caller: &Caller) -> Result<StreamWrite, Problem> {
        let Self { earlier, person_id, occurred } = self;
        returns::may_return(app, caller, earlier, person_id, occurred).await
    }
}

/// Appends the case, and beside it what registers a new person. Of one who is known it only asserts
/// that nothing has happened to them since they were looked at: above all, that they were not
/// erased. The same of the case that they come back from: that it was not reopened.
async fn append(
    app: &App,
    caller: &Caller,
    referring: &Referring,
    meta: CommandMeta,
) -> Result<Appended, NotRecorded> {
    let Referring { person_id, registration, returning, case } = referring;
    for _ in 0..ATTEMPTS_MAX {
        let mut writes = vec![match registration {
            Some(registration) => registration.clone(),
            None => look_at(app, caller, *person_id).await?,
        }];
        if let Some(returning) = returning {
            writes.push(returning.look_back(app, caller).await.map_err(received_at)?);
        }
        writes.push(case.clone());
        let append = Append { meta: meta.clone(), writes };
        match app.log.append(caller.tenant.tenant_no, append).await {
            Err(AppendError::Conflict { .. }) => {}
            appended => return Ok(appended?),
        }
    }
    Err(Problem::new(problem::CONTENDED).into())
}

/// Looks at a person who is known, and may be referred.
async fn look_at(app: &App, caller: &Caller, person_id: PersonId) -> Result<StreamWrite, Problem> {
    let stream = person_id.into();
    let loaded = app.log.load_aggregate::<Person>(caller.tenant.tenant_no, stream).await?;
    let (expected, person) = loaded;
    match person.may_be_known() {
        Ok(()) => Ok(StreamWrite { stream, expected, events: Vec::new() }),
        Err(PersonError::NotRegistered) => {
            let error = FieldError::at("/person/person_id", problem::UNKNOWN_PERSON.title);
            Err(Problem::new(problem::UNKNOWN_PERSON).with(error))
        }
        Err(error) => Err(error.into()),
    }
}

/// The person's id, and what registers them if they are new.
async fn register(
    app: &App,
    caller: &Caller,
    person: PersonBody,
    now: Timestamp,
) -> Result<(PersonId, Option<StreamWrite>), Problem> {
    let tenant = caller.tenant.tenant_no;
    let known = person.person_id.map(PersonId);
    let identity = person.into_identity();
    let wrong =
        |pointer, detail| Err(Problem::new(problem::INVALID).with(FieldError::at(pointer, detail)));
    if let Some(person_id) = known {
        if !identity.is_empty() {
            return wrong("/person", "gives a known person and an identity; give one");
        }
        // Before the rules of the case have their say.
        look_at(app, caller, person_id).await?;
        return Ok((person_id, None));
    }
    if identity.is_empty() {
        return wrong("/person", "needs a person_id or an identity");
    }
    if identity.date_of_birth.is_some_and(|born| born > now.to_zoned(TimeZone::UTC).date()) {
        return wrong("/person/date_of_birth", "lies in the future");
    }
    let person_id = PersonId(Uuid::new_v4());
    let event_id = EventId(Uuid::now_v7());
    let moment = Moment { event_id, occurred: Occurred::at(now), now };
    let command = PersonCommand { moment, intent: RegisterPerson.into() };
    let decided = app.log.decide_first::<Person>(tenant, person_id.0, command).await?;
    let plaintext = identity.into_plaintext().map_err(|error| refusal::internal(&error))?;
    Ok((person_id, Some(decided.to_write(person_id.into(), Some(plaintext))?)))
}

/// A referral's time is given as `received_at`: the pointer says so.
fn received_at(problem: Problem) -> Problem {
    problem.renaming("/occurred_at", "/received_at")
}

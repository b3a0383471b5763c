//! Linking two cases: recorded on condition that neither person is erased meanwhile.

use actix_web::HttpResponse;
use actix_web::web::Data;
use jiff::Timestamp;
use serde::Deserialize;
use throughline_domain::case::{CaseEvent, Moment};
use throughline_domain::case_link::{
    CaseLink, CaseLinkCommand, CaseLinkIntent, CasesLinked, LinkCases, Pair,
};
use throughline_domain::code_lists::LinkReason;
use throughline_domain::ids::{CaseId, EventId, PersonId, Position, Version};
use throughline_domain::person::Person;
use throughline_domain::time::Precision;
use throughline_log::{Append, AppendError, CASE_LINKS_MAX, StreamId, StreamWrite};
use utoipa::ToSchema;
use uuid::Uuid;

use super::answer;
use crate::app::App;
use crate::body::JsonBody;
use crate::caller::Caller;
use crate::cases::command::{Recorded, RecordedIds, Timing, now};
use crate::idempotency::{self, CommandKey, NotRecorded};
use crate::problem::{self, FieldError, Problem};
use crate::refusal;

/// How often it is tried, when what it rests on keeps changing.
const ATTEMPTS_MAX: u32 = 5;

/// Two cases that belong together.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkBody {
    /// The two cases, in either order. They need not be of one programme.
    #[schema(value_type = Vec<Uuid>, min_items = 2, max_items = 2)]
    pub cases: [CaseId; 2],
    /// Why they are linked.
    #[schema(schema_with = crate::schema::code_list::<LinkReason>)]
    pub reason: LinkReason,
    /// Since when: RFC 3339, up to now. Default: now. What passes does not go by it, but by when the
    /// link was recorded.
    pub occurred_at: Option<Timestamp>,
    /// How exactly that is known. Default: instant.
    #[schema(schema_with = crate::schema::precision)]
    pub precision: Option<Precision>,
}

/// Links two cases.
///
/// # Errors
/// [`problem::SAME_CASE`]; [`problem::UNKNOWN_CASE`]; [`problem::SUBJECT_ERASED`];
/// [`problem::ALREADY_LINKED`]; [`problem::LINK_LIMIT`]; others as for any command.
pub async fn link_cases(
    caller: Caller,
    body: JsonBody<LinkBody>,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let JsonBody { value: LinkBody { cases, reason, occurred_at, precision }, key } = body;
    let pair = Pair::new(cases[0], cases[1]).map_err(|_| {
        let error = FieldError::at("/cases/1", problem::SAME_CASE.title);
        Problem::new(problem::SAME_CASE).with(error)
    })?;
    let intent = CaseLinkIntent::LinkCases(LinkCases(CasesLinked { cases: pair, reason }));
    let timing = Timing { occurred_at, precision };
    let linking = Box::pin(execute(&app, &caller, cases, pair, timing, intent, key.as_ref()));
    let recorded = idempotency::once(&app, &caller, key.as_ref(), linking).await?;
    Ok(answer(pair.link_id(), recorded))
}

async fn execute(
    app: &App,
    caller: &Caller,
    cases: [CaseId; 2],
    pair: Pair,
    timing: Timing,
    intent: CaseLinkIntent,
    key: Option<&CommandKey>,
) -> Result<Recorded, NotRecorded> {
    let (tenant, stream) = (caller.tenant.tenant_no, StreamId::from(pair));
    for _ in 0..ATTEMPTS_MAX {
        let conditions = conditions(app, caller, cases).await?;
        require_room(app, caller, cases, stream).await?;
        let now = now();
        let event_id = EventId(Uuid::now_v7());
        let moment = Moment { event_id, occurred: timing.occurred(now), now };
        let command = CaseLinkCommand { moment, intent: intent.clone() };
        let decided = app.log.decide::<CaseLink>(tenant, stream.id, command).await?;
        let mut writes = vec![decided.to_write(stream, None)?];
        writes.extend(conditions);
        let mut meta = caller.command_meta(None);
        meta.idempotency = key.map(|key| key.remembering(&RecordedIds { event_id })).transpose()?;
        match app.log.append(tenant, Append { meta, writes }).await {
            Ok(appended) => {
                let version = appended.versions.first().copied().unwrap_or_default();
                return Ok(Recorded { event_id, version, position: appended.last });
            }
            Err(AppendError::Conflict { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(Problem::new(problem::CONTENDED).into())
}

/// The condition that both persons stay as they are: there, and not erased.
async fn conditions(
    app: &App,
    caller: &Caller,
    cases: [CaseId; 2],
) -> Result<Vec<StreamWrite>, Problem> {
    let tenant = caller.tenant.tenant_no;
    let mut conditions: Vec<StreamWrite> = Vec::with_capacity(cases.len());
    for (place, case) in cases.into_iter().enumerate() {
        let Some(person) = person_of(app, caller, case).await? else {
            let error = FieldError::at(format!("/cases/{place}"), problem::UNKNOWN_CASE.title);
            return Err(Problem::new(problem::UNKNOWN_CASE).with(error));
        };
        let stream = StreamId::from(person);
        let loaded = app.log.load_aggregate::<Person>(tenant, stream).await?;
        let (expected, person): (Version, Person) = loaded;
        if person.erased {
            let error = FieldError::at(format!("/cases/{place}"), problem::SUBJECT_ERASED.title);
            return Err(Problem::new(problem::SUBJECT_ERASED).with(error));
        }
        // A person may have two cases.
        if conditions.iter().all(|condition| condition.stream != stream) {
            conditions.push(StreamWrite { stream, expected, events: Vec::new() });
        }
    }
    Ok(conditions)
}

/// Whose case it is; `None` where the tenant has no such case. Nothing sealed is fetched.
async fn person_of(app: &App, caller: &Caller, case: CaseId) -> Result<Option<PersonId>, Problem> {
    let (tenant, upto) = (caller.tenant.tenant_no, Position(i64::MAX));
    let read = app.log.read_streams(tenant, &[case.into()], upto, usize::MAX).await?;
    let history = read.histories.iter().find(|history| history.stream == case.into());
    let Some(first) = history.and_then(|history| history.events.first()) else {
        return Ok(None);
    };
    let referral = first.to_case_event().map_err(|error| refusal::internal(&error))?;
    Ok(CaseEvent::person(&referral.event))
}

/// Whether both cases may have one link more.
async fn require_room(
    app: &App,
    caller: &Caller,
    cases: [CaseId; 2],
    this: StreamId,
) -> Result<(), Problem> {
    for case in cases {
        let links = app.log.links_of(caller.tenant.tenant_no, &[case]).await?;
        if links.len() >= CASE_LINKS_MAX && !links.contains(&this) {
            return Err(Problem::new(problem::LINK_LIMIT));
        }
    }
    Ok(())
}

//! Drawing the arm of a case: the schedule's next place and the case's arm, both in one transaction.

use actix_web::HttpResponse;
use actix_web::http::header::LOCATION;
use actix_web::web::{Data, Path};
use serde::{Deserialize, Serialize};
use throughline_domain::allocation_schedule::{
    AllocationSchedule, AllocationScheduleOpened, ArmDrawn, Draw, ScheduleCommand, ScheduleEvent,
    aggregate,
};
use throughline_domain::case::allocate_arm::{AllocateArm, ArmAllocated};
use throughline_domain::case::{self, Case, CaseCommand, Moment};
use throughline_domain::code::Code;
use throughline_domain::ids::{CaseId, EventId, Position, Version};
use throughline_domain::recorded::Happened;
use throughline_log::{
    Append, AppendError, Decided, Remembered, ScheduleHead, StoredSchedule, StreamId, StreamKind,
    StreamWrite,
};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::allocation_schedules::{ATTEMPTS_MAX, at_present};
use crate::app::App;
use crate::body::JsonBody;
use crate::caller::Caller;
use crate::cases::command::CasePath;
use crate::freshness::POSITION_HEADER;
use crate::idempotency::{self, CommandKey, NotRecorded, Recalled};
use crate::preconditions::{IfMatch, etag};
use crate::problem::{self, FieldError, Problem, ProblemType};
use crate::refusal;

/// An arm to be drawn for a case, now.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DrawBody {
    /// The schedule to draw from. Default: the open one of the case's programme and area, or else
    /// the programme's for every area.
    pub schedule_id: Option<Uuid>,
}

/// The arm that was drawn.
#[derive(Debug, Serialize, ToSchema)]
pub struct Drawn {
    /// The arm.
    #[schema(schema_with = crate::schema::code)]
    pub arm: Code,
    /// The schedule that it was drawn from.
    pub schedule_id: Uuid,
    /// Its place in the schedule, from 1.
    pub sequence: u32,
    /// The event of the case.
    #[schema(value_type = Uuid)]
    pub event_id: EventId,
    /// The case's version after it.
    #[schema(value_type = i32)]
    pub version: Version,
    /// Its place in the tenant's log.
    #[schema(value_type = i64)]
    pub position: Position,
}

/// What the answer holds that only its caller and the log know.
#[derive(Serialize, Deserialize)]
struct DrawnParts {
    arm: Code,
    schedule_id: Uuid,
    sequence: u32,
    event_id: EventId,
}

impl Recalled for Drawn {
    fn recall(remembered: &Remembered) -> serde_json::Result<Self> {
        let parts = serde_json::from_str(&remembered.answer)?;
        Ok(Self::new(parts, &remembered.versions, remembered.last))
    }
}

impl Drawn {
    /// The case is what a draw writes last.
    fn new(parts: DrawnParts, versions: &[Version], position: Position) -> Self {
        let DrawnParts { arm, schedule_id, sequence, event_id } = parts;
        let version = versions.last().copied().unwrap_or_default();
        Self { arm, schedule_id, sequence, event_id, version, position }
    }

    fn answer(&self, case_id: CaseId) -> HttpResponse {
        let location = format!("/v1/cases/{case_id}/events/{}", self.event_id);
        HttpResponse::Created()
            .insert_header((LOCATION, location))
            .insert_header(etag(self.version))
            .insert_header((POSITION_HEADER, self.position.to_string()))
            .json(self)
    }
}

/// Draws the arm of a case.
///
/// # Errors
/// [`problem::ARM_IS_FINAL`]; [`problem::NO_SCHEDULE`]; [`problem::SCHEDULE_CLOSED`];
/// [`problem::NOT_OF_TRIAL`]; others as for any command. No place of the schedule is used up then.
pub async fn draw_arm(
    path: Path<CasePath>,
    caller: Caller,
    if_match: IfMatch,
    body: JsonBody<DrawBody>,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let case_id = path.case_id()?;
    let JsonBody { value: DrawBody { schedule_id }, key } = body;
    let wish = Wish { case_id, schedule_id, if_match };
    let recording = Box::pin(draw(&app, &caller, &wish, key.as_ref()));
    let drawn = idempotency::once(&app, &caller, key.as_ref(), recording).await?;
    Ok(drawn.answer(case_id))
}

/// What was asked for.
struct Wish {
    case_id: CaseId,
    schedule_id: Option<Uuid>,
    if_match: IfMatch,
}

async fn draw(
    app: &App,
    caller: &Caller,
    wish: &Wish,
    key: Option<&CommandKey>,
) -> Result<Drawn, NotRecorded> {
    let tenant = caller.tenant.tenant_no;
    // Draws would only lose to each other, so each waits for its turn; the versions of both streams
    // are what keeps two cases from one place, here and between processes.
    let (_, case) = look_at(app, caller, wish, &at_present()).await?;
    let id = choose(app, caller, &case, wish.schedule_id).await?;
    let stream = StreamId { kind: StreamKind::AllocationSchedule, id };
    let _turn = app.log.turn(tenant, stream).await;
    for _ in 0..ATTEMPTS_MAX {
        let moment = at_present();
        let (version, case) = look_at(app, caller, wish, &moment).await?;
        let schedule = app.log.schedule(tenant, id).await?;
        let schedule = schedule.ok_or_else(|| Problem::new(problem::NO_SCHEDULE))?;
        let drawn = decide_draw(app, caller, wish.case_id, &schedule).await?;
        let facts = drawn.facts(id);
        let parts = DrawnParts {
            arm: facts.arm.clone(),
            schedule_id: id,
            sequence: drawn.arm.sequence,
            event_id: moment.event_id,
        };
        let case = allocate(case, version, wish.case_id, moment, facts)?;
        let mut meta = caller.command_meta(None);
        meta.idempotency = key.map(|key| key.remembering(&parts)).transpose()?;
        let writes = vec![drawn.write(stream, &schedule)?, case];
        match app.log.append(tenant, Append { meta, writes }).await {
            Err(AppendError::Conflict { .. }) => {}
            appended => {
                let appended = appended?;
                return Ok(Drawn::new(parts, &appended.versions, appended.last));
            }
        }
    }
    Err(Problem::new(problem::CONTENDED).into())
}

/// The case, if an arm may be drawn for it.
async fn look_at(
    app: &App,
    caller: &Caller,
    wish: &Wish,
    moment: &Moment,
) -> Result<(Version, Case), Problem> {
    let tenant = caller.tenant.tenant_no;
    let (version, case) = app.log.load_aggregate::<Case>(tenant, wish.case_id.into()).await?;
    if version == Version(0) {
        return Err(Problem::new(problem::NOT_FOUND));
    }
    wish.if_match.optional(version)?;
    case.may_be_drawn(moment)?;
    Ok((version, case))
}

/// The schedule to draw from: the one that was named, if it is for such a case; or the open one of
/// the case's area; or the open one of every area.
async fn choose(
    app: &App,
    caller: &Caller,
    case: &Case,
    named: Option<Uuid>,
) -> Result<Uuid, Problem> {
    let at =
        |kind: ProblemType, pointer| Problem::new(kind).with(FieldError::at(pointer, kind.title));
    let tenant = caller.tenant.tenant_no;
    let state = case.state();
    let referral = state.referral.as_ref().ok_or_else(|| Problem::new(problem::NOT_FOUND))?;
    let definition = app.log.programmes(tenant).await?.of_referral(referral);
    let is_of_trial = definition.is_some_and(|definition| {
        definition.allocation.as_ref().is_some_and(|trial| trial.role == referral.role)
    });
    if !is_of_trial {
        return Err(Problem::new(problem::NOT_OF_TRIAL));
    }
    let schedules = app.log.schedules(tenant).await?;
    let fits = |head: &ScheduleHead| {
        let AllocationScheduleOpened { programme, area, .. } = &head.opened.event;
        *programme == referral.programme && (area.is_none() || *area == state.area)
    };
    if let Some(id) = named {
        let head = schedules.iter().find(|head| head.id == id && fits(head));
        let head = head.ok_or_else(|| at(problem::NO_SCHEDULE, "/schedule_id"))?;
        return if head.is_open() {
            Ok(id)
        } else {
            Err(at(problem::SCHEDULE_CLOSED, "/schedule_id"))
        };
    }
    let open = schedules.iter().filter(|head| head.is_open() && fits(head));
    let chosen = open.max_by_key(|head| head.opened.event.area.is_some());
    chosen.map(|head| head.id).ok_or_else(|| Problem::new(problem::NO_SCHEDULE))
}

/// A place of the schedule, decided and not yet written.
struct Decision {
    moment: Moment,
    arm: ArmDrawn,
    method: Code,
    seed_commitment: Code,
}

/// Opens the seed for this one decision.
async fn decide_draw(
    app: &App,
    caller: &Caller,
    case_id: CaseId,
    stored: &StoredSchedule,
) -> Result<Decision, Problem> {
    let AllocationScheduleOpened { method, seed: seed_commitment, .. } =
        stored.schedule.in_use()?.clone();
    let seed = app.log.seed(caller.tenant.tenant_no, stored).await?;
    let moment = at_present();
    let command = ScheduleCommand { moment, intent: Draw { case_id, seed }.into() };
    match aggregate::decide(&stored.schedule, command)? {
        ScheduleEvent::ArmDrawn(arm) => Ok(Decision { moment, arm, method, seed_commitment }),
        ScheduleEvent::AllocationScheduleOpened(_) | ScheduleEvent::AllocationScheduleClosed(_) => {
            Err(Problem::new(problem::INTERNAL))
        }
    }
}

impl Decision {
    /// The same for the case.
    fn facts(&self, schedule: Uuid) -> ArmAllocated {
        ArmAllocated {
            arm: self.arm.arm.clone(),
            method: self.method.clone(),
            schedule: Some(schedule),
            sequence: Some(self.arm.sequence),
            block: Some(self.arm.block),
            seed: Some(self.seed_commitment.clone()),
        }
    }

    fn write(self, stream: StreamId, stored: &StoredSchedule) -> Result<StreamWrite, Problem> {
        let Moment { event_id, occurred, .. } = self.moment;
        let event = ScheduleEvent::ArmDrawn(self.arm);
        let decided: Decided<AllocationSchedule> = Decided {
            aggregate: AllocationSchedule::default(),
            version: stored.version,
            events: vec![Happened { event_id, occurred, event }],
        };
        Ok(decided.to_write(stream, None)?)
    }
}

fn allocate(
    case: Case,
    version: Version,
    case_id: CaseId,
    moment: Moment,
    facts: ArmAllocated,
) -> Result<StreamWrite, Problem> {
    let command = CaseCommand { moment, intent: AllocateArm(facts).into() };
    let event = case::aggregate::decide(&case, command)?;
    let Moment { event_id, occurred, .. } = moment;
    let events = vec![Happened { event_id, occurred, event }];
    let decided: Decided<Case> = Decided { aggregate: case, version, events };
    decided.to_write(case_id.into(), None).map_err(|error| refusal::internal(&error))
}

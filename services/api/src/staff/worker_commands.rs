//! Workers: joining, capacity, moving between teams, leaving.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use throughline_domain::case::Moment;
use throughline_domain::code::Code;
use throughline_domain::ids::{EventId, Position, Version};
use throughline_domain::staff::{
    Capacity, CapacitySet, JoinWorker, LeaveWorker, MoveWorker, SetCapacity, Worker, WorkerCommand,
    WorkerIntent, WorkerJoined, WorkerLeft, WorkerMoved,
};
use throughline_domain::time::Precision;
use throughline_log::{Remembered, StreamId, StreamKind};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    ATTEMPTS_MAX, StaffPath, answer, contended, joinable, load, require_room, rests_on_the_past,
};
use crate::app::App;
use crate::body::JsonBody;
use crate::caller::Caller;
use crate::cases::command::{Recorded, Timing, now};
use crate::idempotency::{self, CommandKey, NotRecorded, Recalled};
use crate::problem::Problem;

/// How many cases a worker can take.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CapacityFacts {
    /// Open cases.
    pub cases: u32,
    /// Complex ones among them (`complex/1`). Default: as many as there are cases.
    pub complex: Option<u32>,
}

/// A worker joining. Their name is kept elsewhere.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct JoiningBody {
    /// The worker, as the subject of their token.
    #[schema(schema_with = crate::schema::code)]
    pub worker: Code,
    /// Their part in the team, as a code such as `idva`.
    #[schema(schema_with = crate::schema::code)]
    pub role: Code,
    /// The team.
    #[schema(schema_with = crate::schema::code)]
    pub team: Code,
    /// How many cases they can take.
    pub capacity: CapacityFacts,
    /// From when on they take cases: RFC 3339, up to now. Default: now.
    pub occurred_at: Option<Timestamp>,
    /// How exactly that is known. Default: instant.
    #[schema(schema_with = crate::schema::precision)]
    pub precision: Option<Precision>,
}

/// A worker's capacity from now on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CapacityBody {
    /// Open cases.
    pub cases: u32,
    /// Complex ones among them (`complex/1`). Default: as many as there are cases.
    pub complex: Option<u32>,
    /// When it began: RFC 3339, up to now. Default: now.
    pub occurred_at: Option<Timestamp>,
    /// How exactly that is known. Default: instant.
    #[schema(schema_with = crate::schema::precision)]
    pub precision: Option<Precision>,
}

/// A worker's move to another team. Their cases stay with them.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MoveBody {
    /// The team.
    #[schema(schema_with = crate::schema::code)]
    pub team: Code,
    /// When it happened: RFC 3339, up to now. Default: now.
    pub occurred_at: Option<Timestamp>,
    /// How exactly that is known. Default: instant.
    #[schema(schema_with = crate::schema::precision)]
    pub precision: Option<Precision>,
}

/// A worker's leaving. Nothing is given to them any more.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DepartureBody {
    /// Why, as a code.
    #[schema(schema_with = crate::schema::code)]
    pub reason: Option<Code>,
    /// When it happened: RFC 3339, up to now. Default: now.
    pub occurred_at: Option<Timestamp>,
    /// How exactly that is known. Default: instant.
    #[schema(schema_with = crate::schema::precision)]
    pub precision: Option<Precision>,
}

/// The answer to a change of a worker's record.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct WorkerRecorded {
    /// The event that was recorded.
    #[schema(value_type = Uuid)]
    event_id: EventId,
    /// The version of the worker's record after it.
    #[schema(value_type = i32)]
    version: Version,
    /// Its place in the tenant's log.
    #[schema(value_type = i64)]
    position: Position,
    /// Of a worker who leaves: the open cases they have, which are to be handed over.
    #[serde(skip_serializing_if = "Option::is_none")]
    cases_to_hand_over: Option<u64>,
}

/// What the answer holds that only its caller and the log know.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct Known {
    event_id: EventId,
    cases_to_hand_over: Option<u64>,
}

impl Recalled for WorkerRecorded {
    fn recall(remembered: &Remembered) -> serde_json::Result<Self> {
        let Known { event_id, cases_to_hand_over } = serde_json::from_str(&remembered.answer)?;
        let version = remembered.versions.first().copied().unwrap_or_default();
        Ok(Self { event_id, version, position: remembered.last, cases_to_hand_over })
    }
}

/// Has a worker join.
///
/// # Errors
/// [`crate::problem::ALREADY_JOINED`]; [`crate::problem::UNKNOWN_TEAM`];
/// [`crate::problem::TEAM_DISSOLVED`]; others as for any command.
pub async fn join_worker(
    caller: Caller,
    body: JsonBody<JoiningBody>,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let JsonBody { value: body, key } = body;
    let JoiningBody { worker, role, team, capacity, occurred_at, precision } = body;
    let CapacityFacts { cases, complex } = capacity;
    let capacity = Capacity { cases, complex };
    let facts = WorkerJoined { worker: worker.clone(), role, team, capacity };
    let timing = Timing { occurred_at, precision };
    record(&app, &caller, &worker, timing, JoinWorker(facts).into(), key).await
}

/// Sets a worker's capacity.
///
/// # Errors
/// [`crate::problem::NOT_FOUND`]; [`crate::problem::WORKER_LEFT`]; others as for any command.
pub async fn set_capacity(
    path: Path<StaffPath>,
    caller: Caller,
    body: JsonBody<CapacityBody>,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let JsonBody { value: CapacityBody { cases, complex, occurred_at, precision }, key } = body;
    let intent = SetCapacity(CapacitySet { cases, complex }).into();
    let timing = Timing { occurred_at, precision };
    record(&app, &caller, &path.worker()?, timing, intent, key).await
}

/// Moves a worker to another team.
///
/// # Errors
/// [`crate::problem::NOT_FOUND`]; [`crate::problem::SAME_TEAM`]; as for joining.
pub async fn move_worker(
    path: Path<StaffPath>,
    caller: Caller,
    body: JsonBody<MoveBody>,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let JsonBody { value: MoveBody { team, occurred_at, precision }, key } = body;
    let intent = MoveWorker(WorkerMoved { team }).into();
    let timing = Timing { occurred_at, precision };
    record(&app, &caller, &path.worker()?, timing, intent, key).await
}

/// Has a worker leave, and says how many cases are to be handed over.
///
/// # Errors
/// [`crate::problem::NOT_FOUND`]; [`crate::problem::WORKER_LEFT`]; others as for any command.
pub async fn leave_worker(
    path: Path<StaffPath>,
    caller: Caller,
    body: JsonBody<DepartureBody>,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let JsonBody { value: DepartureBody { reason, occurred_at, precision }, key } = body;
    let intent = LeaveWorker(WorkerLeft { reason }).into();
    let timing = Timing { occurred_at, precision };
    record(&app, &caller, &path.worker()?, timing, intent, key).await
}

async fn record(
    app: &App,
    caller: &Caller,
    worker: &Code,
    timing: Timing,
    intent: WorkerIntent,
    key: Option<CommandKey>,
) -> Result<HttpResponse, Problem> {
    let recording = Box::pin(execute(app, caller, worker, timing, intent, key.as_ref()));
    let recorded = idempotency::once(app, caller, key.as_ref(), recording).await?;
    let WorkerRecorded { event_id, version, position, .. } = recorded;
    Ok(answer(Recorded { event_id, version, position }, &recorded))
}

async fn execute(
    app: &App,
    caller: &Caller,
    worker: &Code,
    timing: Timing,
    intent: WorkerIntent,
    key: Option<&CommandKey>,
) -> Result<WorkerRecorded, NotRecorded> {
    let tenant = caller.tenant.tenant_no;
    let id = StreamId::of_worker(worker).id;
    for _ in 0..ATTEMPTS_MAX {
        let now = now();
        let event_id = EventId(Uuid::now_v7());
        let moment = Moment { event_id, occurred: timing.occurred(now), now };
        let command = WorkerCommand { moment, intent: intent.clone() };
        // What the worker's own record refuses comes before what the team's does.
        app.log.decide::<Worker>(tenant, id, command.clone()).await?;
        let (mut condition, mut cases_to_hand_over) = (None, None);
        match &intent {
            WorkerIntent::Join(JoinWorker(facts)) => {
                require_room(app, caller, StreamKind::Worker).await?;
                condition = Some(joinable(app, caller, &facts.team).await?);
            }
            WorkerIntent::Move(MoveWorker(facts)) => {
                condition = Some(joinable(app, caller, &facts.team).await?);
            }
            WorkerIntent::Leave(_) => {
                cases_to_hand_over = Some(load::open_cases(app, caller, worker).await?);
            }
            WorkerIntent::SetCapacity(_) => {}
        }
        let mut meta = caller.command_meta(None);
        let known = Known { event_id, cases_to_hand_over };
        meta.idempotency = key.map(|key| key.remembering(&known)).transpose()?;
        let executing =
            app.log.execute_on::<Worker>(tenant, id, None, command, meta, None, condition);
        match executing.await {
            Ok(executed) => {
                let (version, position) = (executed.version, executed.position);
                return Ok(WorkerRecorded { event_id, version, position, cases_to_hand_over });
            }
            Err(error) if rests_on_the_past(&error) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(contended())
}

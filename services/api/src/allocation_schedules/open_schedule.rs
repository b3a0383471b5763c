//! Opening a schedule of arms.

use std::collections::BTreeSet;

use actix_web::HttpResponse;
use actix_web::http::header::LOCATION;
use actix_web::web::Data;
use aws_lc_rs::rand;
use serde::{Deserialize, Deserializer, Serialize};
use throughline_domain::allocation_schedule::aggregate::stream_id;
use throughline_domain::allocation_schedule::{
    AllocationSchedule, OpenSchedule, ScheduleCommand, Seed,
};
use throughline_domain::case::Moment;
use throughline_domain::code::Code;
use throughline_domain::ids::{EventId, Position, Version};
use throughline_domain::time::Occurred;
use throughline_log::{
    Append, AppendError, Plaintext, Remembered, ScheduleHead, StreamId, StreamKind, StreamWrite,
};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{ATTEMPTS_MAX, at_present};
use crate::app::App;
use crate::body::JsonBody;
use crate::caller::Caller;
use crate::cases::command::now;
use crate::freshness::POSITION_HEADER;
use crate::idempotency::{self, CommandKey, NotRecorded, Recalled};
use crate::preconditions::etag;
use crate::problem::{self, FieldError, Problem};
use crate::refusal;

/// The most schedules of a tenant, open and closed.
const SCHEDULES_MAX: usize = 1000;

/// A schedule to be opened. What is left out is taken from the programme's definition.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ScheduleBody {
    /// The programme. Its definition has arms.
    #[schema(schema_with = crate::schema::code)]
    pub programme: Code,
    /// The area whose cases are drawn from this schedule alone. Without it: every area that has none
    /// of its own.
    #[schema(schema_with = crate::schema::code)]
    pub area: Option<Code>,
    /// The programme's arms, in the order that the method counts them in.
    #[schema(value_type = Option<Vec<String>>)]
    pub arms: Option<Vec<Code>>,
    /// The sizes that each block's size is drawn from: multiples of the number of arms, up to 96.
    pub block_sizes: Option<Vec<u16>>,
    /// The seed, in hexadecimal: for whoever draws it elsewhere, and keeps it to themselves. Without
    /// it, one is made here that nobody knows.
    #[schema(schema_with = crate::schema::seed)]
    pub seed: Option<SeedText>,
}

/// A seed on its way in. It has no printed form.
pub struct SeedText(Seed);

impl<'de> Deserialize<'de> for SeedText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Plaintext::new(String::deserialize(deserializer)?);
        text.expose().parse().map(Self).map_err(serde::de::Error::custom)
    }
}

/// The answer to opening a schedule.
#[derive(Debug, Serialize, ToSchema)]
pub struct Opened {
    /// The schedule.
    pub schedule_id: Uuid,
    /// The event that opened it.
    #[schema(value_type = Uuid)]
    pub event_id: EventId,
    /// The SHA-256 of the seed, in hexadecimal: the seed that is disclosed at the end has this hash.
    #[schema(schema_with = crate::schema::seed)]
    pub seed_commitment: Code,
    /// The schedule's version.
    #[schema(value_type = i32)]
    pub version: Version,
    /// Its place in the tenant's log.
    #[schema(value_type = i64)]
    pub position: Position,
}

/// What the answer holds that only its caller and the log know.
#[derive(Serialize, Deserialize)]
struct OpenedIds {
    schedule_id: Uuid,
    event_id: EventId,
    seed_commitment: Code,
}

impl Recalled for Opened {
    fn recall(remembered: &Remembered) -> serde_json::Result<Self> {
        let ids = serde_json::from_str(&remembered.answer)?;
        Ok(Self::new(ids, &remembered.versions, remembered.last))
    }
}

impl Opened {
    fn new(ids: OpenedIds, versions: &[Version], position: Position) -> Self {
        let OpenedIds { schedule_id, event_id, seed_commitment } = ids;
        let version = versions.first().copied().unwrap_or_default();
        Self { schedule_id, event_id, seed_commitment, version, position }
    }

    fn answer(&self) -> HttpResponse {
        HttpResponse::Created()
            .insert_header((LOCATION, location(self.schedule_id)))
            .insert_header(etag(self.version))
            .insert_header((POSITION_HEADER, self.position.to_string()))
            .json(self)
    }
}

/// Where a schedule can be read.
pub(crate) fn location(schedule: Uuid) -> String {
    format!("/v1/allocation-schedules/{schedule}")
}

/// Opens a schedule.
///
/// # Errors
/// [`problem::SCHEDULE_OPEN`] where there is one for the programme and area; [`problem::NO_ARMS`],
/// [`problem::INVALID_ARMS`] and [`problem::INVALID_BLOCKS`]; others as for any command.
pub async fn open_schedule(
    caller: Caller,
    body: JsonBody<ScheduleBody>,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let JsonBody { value: body, key } = body;
    let recording = Box::pin(open(&app, &caller, body, key.as_ref()));
    let opened = idempotency::once(&app, &caller, key.as_ref(), recording).await?;
    Ok(opened.answer())
}

async fn open(
    app: &App,
    caller: &Caller,
    body: ScheduleBody,
    key: Option<&CommandKey>,
) -> Result<Opened, NotRecorded> {
    let tenant = caller.tenant.tenant_no;
    let command = wanted(app, caller, body).await?;
    for _ in 0..ATTEMPTS_MAX {
        let schedules = app.log.schedules(tenant).await?;
        let schedule_id = next_of_its_place(&schedules, &command)?;
        let moment = at_present();
        let ids = OpenedIds {
            schedule_id,
            event_id: moment.event_id,
            seed_commitment: command.seed.commitment(),
        };
        let write = decide(app, caller, schedule_id, moment, &command).await?;
        let mut meta = caller.command_meta(None);
        meta.idempotency = key.map(|key| key.remembering(&ids)).transpose()?;
        match app.log.append(tenant, Append { meta, writes: vec![write] }).await {
            Err(AppendError::Conflict { .. }) => {}
            appended => {
                let appended = appended?;
                return Ok(Opened::new(ids, &appended.versions, appended.last));
            }
        }
    }
    Err(Problem::new(problem::CONTENDED).into())
}

async fn decide(
    app: &App,
    caller: &Caller,
    id: Uuid,
    moment: Moment,
    command: &OpenSchedule,
) -> Result<StreamWrite, Problem> {
    let plaintext = Plaintext::new(command.seed.to_hex());
    let command = ScheduleCommand { moment, intent: command.clone().into() };
    let tenant = caller.tenant.tenant_no;
    let decided = app.log.decide_first::<AllocationSchedule>(tenant, id, command).await?;
    let stream = StreamId { kind: StreamKind::AllocationSchedule, id };
    Ok(decided.to_write(stream, Some(plaintext))?)
}

/// What is to be opened, as the programme's definition has it or allows it.
async fn wanted(app: &App, caller: &Caller, body: ScheduleBody) -> Result<OpenSchedule, Problem> {
    let ScheduleBody { programme, area, arms, block_sizes, seed } = body;
    let at = |kind: problem::ProblemType, pointer| {
        Problem::new(kind).with(FieldError::at(pointer, kind.title))
    };
    let programmes = app.log.programmes(caller.tenant.tenant_no).await?;
    let definition = programmes
        .in_force(programme.as_str(), Occurred::at(now()))
        .ok_or_else(|| at(problem::UNKNOWN_PROGRAMME, "/programme"))?;
    let allocation =
        definition.allocation.as_ref().ok_or_else(|| at(problem::NO_ARMS, "/programme"))?;
    if area.as_ref().is_some_and(|area| !definition.areas.contains(area)) {
        let error = FieldError::at("/area", "is not an area of the programme");
        return Err(Problem::new(problem::INVALID).with(error));
    }
    let arms = arms.unwrap_or_else(|| allocation.arms.clone());
    let (given, defined): (BTreeSet<&Code>, BTreeSet<&Code>) =
        (arms.iter().collect(), allocation.arms.iter().collect());
    if given != defined {
        return Err(at(problem::INVALID_ARMS, "/arms"));
    }
    let block_sizes = block_sizes.unwrap_or_else(|| allocation.block_sizes.clone());
    let seed = match seed {
        Some(SeedText(seed)) => seed,
        None => random_seed()?,
    };
    Ok(OpenSchedule { programme, area, arms, block_sizes, seed })
}

/// The id of the programme's and area's next schedule, unless one of them is open.
fn next_of_its_place(schedules: &[ScheduleHead], command: &OpenSchedule) -> Result<Uuid, Problem> {
    let OpenSchedule { programme, area, .. } = command;
    let is_of_place = |head: &&ScheduleHead| {
        let opened = &head.opened.event;
        opened.programme == *programme && opened.area == *area
    };
    let before: Vec<&ScheduleHead> = schedules.iter().filter(is_of_place).collect();
    if let Some(open) = before.iter().find(|head| head.is_open()) {
        return Err(Problem::new(problem::SCHEDULE_OPEN).located(location(open.id)));
    }
    if schedules.len() >= SCHEDULES_MAX {
        return Err(Problem::new(problem::TOO_MANY_SCHEDULES));
    }
    let n = u32::try_from(before.len() + 1).unwrap_or(u32::MAX);
    Ok(stream_id(programme, area.as_ref(), n))
}

fn random_seed() -> Result<Seed, Problem> {
    let mut bytes = [0; 32];
    rand::fill(&mut bytes).map_err(|error| refusal::internal(&error))?;
    Ok(Seed::new(bytes))
}

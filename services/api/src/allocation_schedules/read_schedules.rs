//! Looking at schedules of arms: what was drawn so far, and never what comes next.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use jiff::Timestamp;
use serde::Serialize;
use throughline_domain::allocation_schedule::{AllocationScheduleOpened, ScheduleEvent};
use throughline_domain::code::Code;
use throughline_domain::recorded::Recorded;
use throughline_log::{ScheduleHead, StoredSchedule};
use utoipa::ToSchema;
use uuid::Uuid;

use super::SchedulePath;
use crate::app::App;
use crate::caller::Caller;
use crate::freshness::{self, POSITION_HEADER};
use crate::preconditions::etag;
use crate::problem::{self, Problem};
use crate::query::Query;

const LIMIT_DEFAULT: usize = 200;
const LIMIT_MAX: usize = 1000;

/// Schedules, the newest first.
#[derive(Serialize, ToSchema)]
pub struct SchedulesAnswer {
    /// One entry a schedule.
    schedules: Vec<ScheduleEntryAnswer>,
}

/// A schedule of arms, in a list.
#[derive(Serialize, ToSchema)]
pub struct ScheduleEntryAnswer {
    /// Its id.
    schedule_id: Uuid,
    /// The programme.
    programme: String,
    /// The area that is drawn for separately; null: every area that has no schedule of its own.
    area: Option<String>,
    /// How arms follow from the seed, by name and version.
    method: String,
    /// The SHA-256 of the seed, in hexadecimal.
    #[schema(schema_with = crate::schema::seed)]
    seed_commitment: String,
    /// `open` or `closed`.
    #[schema(schema_with = crate::schema::schedule_status)]
    status: &'static str,
    /// When it was opened.
    opened_at: Timestamp,
    /// When it was closed, once it was.
    closed_at: Option<Timestamp>,
    /// How many cases were drawn.
    drawn: u32,
}

/// A schedule of arms.
#[derive(Serialize, ToSchema)]
pub struct ScheduleAnswer {
    /// Its id.
    schedule_id: Uuid,
    /// The programme.
    programme: String,
    /// The area that is drawn for separately; null: every area that has no schedule of its own.
    area: Option<String>,
    /// How arms follow from the seed, by name and version.
    method: String,
    /// The SHA-256 of the seed, in hexadecimal.
    #[schema(schema_with = crate::schema::seed)]
    seed_commitment: String,
    /// `open` or `closed`.
    #[schema(schema_with = crate::schema::schedule_status)]
    status: &'static str,
    /// When it was opened.
    opened_at: Timestamp,
    /// When it was closed, once it was.
    closed_at: Option<Timestamp>,
    /// How many cases were drawn.
    drawn: u32,
    /// How many of them for each arm, in the order that the method counts arms in.
    arms: Vec<ArmAnswer>,
    /// Once it is closed: what anybody needs to compute every draw again.
    #[serde(skip_serializing_if = "Option::is_none")]
    disclosed: Option<DisclosedAnswer>,
    /// The schedule's version; also the `ETag`.
    version: i32,
    /// The place in the log that the answer reflects.
    position: i64,
}

/// An arm, and how often it was drawn.
#[derive(Serialize, ToSchema)]
pub struct ArmAnswer {
    /// The arm.
    arm: String,
    /// How often it was drawn.
    drawn: u32,
}

/// What is concealed until a schedule is closed.
#[derive(Serialize, ToSchema)]
pub struct DisclosedAnswer {
    /// The seed, in hexadecimal.
    #[schema(schema_with = crate::schema::seed)]
    seed: String,
    /// The sizes that each block's size was drawn from, in the order that the method counts them in.
    block_sizes: Vec<u16>,
    /// What was drawn, in its order.
    draws: Vec<DrawAnswer>,
}

/// One draw.
#[derive(Serialize, ToSchema)]
pub struct DrawAnswer {
    /// Its place in the schedule, from 1.
    sequence: u32,
    /// The block of the schedule that this place lies in, from 1.
    block: u32,
    /// The arm.
    arm: String,
}

/// Reads which schedules there are.
///
/// # Errors
/// [`problem::INVALID`] for a limit that cannot be right.
pub async fn read_schedules(
    request: HttpRequest,
    caller: Caller,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let limit = Query::read(&request, &["limit"])?.limit(LIMIT_DEFAULT, LIMIT_MAX)?;
    let tenant = caller.tenant.tenant_no;
    let position = freshness::reach_head(&app, &request, tenant).await?;
    let schedules = app.log.schedules(tenant).await?;
    let schedules = schedules.iter().rev().take(limit).map(ScheduleEntryAnswer::new).collect();
    Ok(HttpResponse::Ok()
        .insert_header((POSITION_HEADER, position.to_string()))
        .json(SchedulesAnswer { schedules }))
}

/// Reads a schedule.
///
/// # Errors
/// [`problem::NOT_FOUND`].
pub async fn read_schedule(
    request: HttpRequest,
    path: Path<SchedulePath>,
    caller: Caller,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    Query::read(&request, &[])?;
    let id = path.schedule_id()?;
    let tenant = caller.tenant.tenant_no;
    let position = freshness::reach_head(&app, &request, tenant).await?;
    let found = app.log.schedule(tenant, id).await?;
    let schedule = found.ok_or_else(|| Problem::new(problem::NOT_FOUND))?;
    // It may have gone on since the head was read.
    let last = schedule.history.last().map_or(position, |last| last.position.max(position));
    let answer = ScheduleAnswer::new(id, &schedule, last.0);
    let answer = answer.ok_or_else(|| Problem::new(problem::NOT_FOUND))?;
    Ok(HttpResponse::Ok()
        .insert_header(etag(schedule.version))
        .insert_header((POSITION_HEADER, last.to_string()))
        .json(answer))
}

impl ScheduleEntryAnswer {
    fn new(head: &ScheduleHead) -> Self {
        let opened = &head.opened.event;
        Self {
            schedule_id: head.id,
            programme: opened.programme.to_string(),
            area: opened.area.as_ref().map(Code::to_string),
            method: opened.method.to_string(),
            seed_commitment: opened.seed.to_string(),
            status: status(head.is_open()),
            opened_at: head.opened.occurred.at,
            closed_at: closed_at(&head.last),
            drawn: head.drawn(),
        }
    }
}

impl ScheduleAnswer {
    /// `None` where the stream does not begin with an opening.
    fn new(schedule_id: Uuid, stored: &StoredSchedule, position: i64) -> Option<Self> {
        let schedule = &stored.schedule;
        let opened = schedule.opened.as_ref()?;
        let (first, last) = (stored.history.first()?, stored.history.last()?);
        let arm = |arm: &Code| ArmAnswer {
            arm: arm.to_string(),
            drawn: schedule.counts.get(arm).copied().unwrap_or(0),
        };
        let seed = schedule.disclosed.as_ref();
        Some(Self {
            schedule_id,
            programme: opened.programme.to_string(),
            area: opened.area.as_ref().map(Code::to_string),
            method: opened.method.to_string(),
            seed_commitment: opened.seed.to_string(),
            status: status(seed.is_none()),
            opened_at: first.occurred.at,
            closed_at: closed_at(last),
            drawn: schedule.drawn,
            arms: opened.arms.iter().map(arm).collect(),
            disclosed: seed.map(|seed| DisclosedAnswer::new(seed, opened, &stored.history)),
            version: stored.version.0,
            position,
        })
    }
}

impl DisclosedAnswer {
    fn new(
        seed: &Code,
        opened: &AllocationScheduleOpened,
        history: &[Recorded<ScheduleEvent>],
    ) -> Self {
        let draw = |recorded: &Recorded<ScheduleEvent>| match &recorded.event {
            ScheduleEvent::ArmDrawn(drawn) => Some(DrawAnswer {
                sequence: drawn.sequence,
                block: drawn.block,
                arm: drawn.arm.to_string(),
            }),
            ScheduleEvent::AllocationScheduleOpened(_)
            | ScheduleEvent::AllocationScheduleClosed(_) => None,
        };
        Self {
            seed: seed.to_string(),
            block_sizes: opened.block_sizes.clone(),
            draws: history.iter().filter_map(draw).collect(),
        }
    }
}

fn status(is_open: bool) -> &'static str {
    if is_open { "open" } else { "closed" }
}

fn closed_at(last: &Recorded<ScheduleEvent>) -> Option<Timestamp> {
    matches!(last.event, ScheduleEvent::AllocationScheduleClosed(_)).then_some(last.occurred.at)
}

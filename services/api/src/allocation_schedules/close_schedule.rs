//! Closing a schedule of arms, which discloses its seed.

use actix_web::HttpResponse;
use actix_web::http::header::LOCATION;
use actix_web::web::{Data, Path};
use serde::Deserialize;
use throughline_domain::allocation_schedule::{AllocationSchedule, CloseSchedule, ScheduleCommand};
use throughline_domain::ids::Version;
use throughline_log::ExecuteError;
use utoipa::ToSchema;
use uuid::Uuid;

use super::open_schedule::location;
use super::{ATTEMPTS_MAX, SchedulePath, at_present};
use crate::app::App;
use crate::body::JsonBody;
use crate::caller::Caller;
use crate::cases::command::{Recorded, RecordedIds};
use crate::freshness::POSITION_HEADER;
use crate::idempotency::{self, CommandKey, NotRecorded};
use crate::preconditions::{IfMatch, etag};
use crate::problem::{self, Problem};

/// The end of a schedule. Its path says all.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ScheduleClosureBody {}

/// Closes a schedule.
///
/// # Errors
/// [`problem::NOT_FOUND`]; [`problem::SCHEDULE_CLOSED`]; others as for any command.
pub async fn close_schedule(
    path: Path<SchedulePath>,
    caller: Caller,
    if_match: IfMatch,
    body: JsonBody<ScheduleClosureBody>,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let schedule = path.schedule_id()?;
    let JsonBody { value: ScheduleClosureBody {}, key } = body;
    let recording = Box::pin(close(&app, &caller, schedule, &if_match, key.as_ref()));
    let recorded = idempotency::once(&app, &caller, key.as_ref(), recording).await?;
    Ok(HttpResponse::Created()
        .insert_header((LOCATION, location(schedule)))
        .insert_header(etag(recorded.version))
        .insert_header((POSITION_HEADER, recorded.position.to_string()))
        .json(recorded))
}

/// The seed never changes, so it can be read before the decision. The version may: only one that
/// the caller named is insisted on.
async fn close(
    app: &App,
    caller: &Caller,
    id: Uuid,
    if_match: &IfMatch,
    key: Option<&CommandKey>,
) -> Result<Recorded, NotRecorded> {
    let tenant = caller.tenant.tenant_no;
    for _ in 0..ATTEMPTS_MAX {
        let found = app.log.schedule(tenant, id).await?;
        let schedule = found.ok_or_else(|| Problem::new(problem::NOT_FOUND))?;
        let named: Option<Version> = if_match.optional(schedule.version)?;
        schedule.schedule.in_use().map_err(Problem::from)?;
        let seed = app.log.seed(tenant, &schedule).await?;
        let moment = at_present();
        let event_id = moment.event_id;
        let command = ScheduleCommand { moment, intent: CloseSchedule { seed }.into() };
        let mut meta = caller.command_meta(None);
        meta.idempotency = key.map(|key| key.remembering(&RecordedIds { event_id })).transpose()?;
        let executed =
            app.log.execute::<AllocationSchedule>(tenant, id, named, command, meta, None).await;
        match executed {
            // A version among several that were named may still be the present one.
            Err(ExecuteError::Stale { .. }) => {}
            executed => {
                let executed = executed?;
                let (version, position) = (executed.version, executed.position);
                return Ok(Recorded { event_id, version, position });
            }
        }
    }
    Err(Problem::new(problem::CONTENDED).into())
}

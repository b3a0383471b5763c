//! Ending a link: from then on nothing passes.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use jiff::Timestamp;
use serde::Deserialize;
use throughline_domain::case::Moment;
use throughline_domain::case_link::{
    CaseLink, CaseLinkCommand, CaseLinkEnded, CaseLinkIntent, EndCaseLink,
};
use throughline_domain::code_lists::LinkEndReason;
use throughline_domain::ids::EventId;
use throughline_domain::time::Precision;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{CaseLinkPath, answer};
use crate::app::App;
use crate::body::JsonBody;
use crate::caller::Caller;
use crate::cases::command::{Recorded, RecordedIds, Timing, now};
use crate::idempotency::{self, CommandKey, NotRecorded};
use crate::problem::Problem;

/// The end of a link. The two cases can be linked again.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkEndBody {
    /// Why it ends.
    #[schema(schema_with = crate::schema::code_list::<LinkEndReason>)]
    pub reason: LinkEndReason,
    /// When it ended: RFC 3339, up to now. Default: now.
    pub occurred_at: Option<Timestamp>,
    /// How exactly that is known. Default: instant.
    #[schema(schema_with = crate::schema::precision)]
    pub precision: Option<Precision>,
}

/// Ends a link.
///
/// # Errors
/// [`crate::problem::NOT_FOUND`]; [`crate::problem::LINK_ENDED`]; others as for any command.
pub async fn end_case_link(
    path: Path<CaseLinkPath>,
    caller: Caller,
    body: JsonBody<LinkEndBody>,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let link_id = path.link_id()?;
    let JsonBody { value: LinkEndBody { reason, occurred_at, precision }, key } = body;
    let timing = Timing { occurred_at, precision };
    let ended = CaseLinkEnded { reason };
    let ending = Box::pin(execute(&app, &caller, link_id, timing, ended, key.as_ref()));
    let recorded = idempotency::once(&app, &caller, key.as_ref(), ending).await?;
    Ok(answer(link_id, recorded))
}

async fn execute(
    app: &App,
    caller: &Caller,
    link_id: Uuid,
    timing: Timing,
    ended: CaseLinkEnded,
    key: Option<&CommandKey>,
) -> Result<Recorded, NotRecorded> {
    let now = now();
    let event_id = EventId(Uuid::now_v7());
    let moment = Moment { event_id, occurred: timing.occurred(now), now };
    let intent = CaseLinkIntent::EndCaseLink(EndCaseLink(ended));
    let command = CaseLinkCommand { moment, intent };
    let mut meta = caller.command_meta(None);
    meta.idempotency = key.map(|key| key.remembering(&RecordedIds { event_id })).transpose()?;
    let tenant = caller.tenant.tenant_no;
    let executed = app.log.execute::<CaseLink>(tenant, link_id, None, command, meta, None).await?;
    Ok(Recorded { event_id, version: executed.version, position: executed.position })
}

//! Legal holds: placing and releasing them.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use jiff::Timestamp;
use serde::Deserialize;
use throughline_domain::case::Moment;
use throughline_domain::code::Code;
use throughline_domain::code_lists::HoldReason;
use throughline_domain::ids::{EventId, PersonId};
use throughline_domain::person::{
    LegalHoldPlaced, LegalHoldReleased, Person, PersonCommand, PersonIntent, PlaceLegalHold,
    ReleaseLegalHold,
};
use throughline_domain::time::Precision;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::App;
use crate::body::JsonBody;
use crate::caller::Caller;
use crate::cases::command::{Recorded, RecordedIds, Timing, now};
use crate::idempotency::{self, CommandKey, NotRecorded};
use crate::persons::{PersonPath, answer};
use crate::problem::Problem;

/// A legal hold. The `event_id` of the answer names it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LegalHoldBody {
    /// Why.
    #[schema(schema_with = crate::schema::code_list::<HoldReason>)]
    pub reason: HoldReason,
    /// What it goes by elsewhere, such as a court's number. A code, and never a name: it outlives
    /// an erasure.
    #[schema(schema_with = crate::schema::code)]
    pub reference: Option<Code>,
    /// When it was ordered: RFC 3339, up to now. Default: now.
    pub occurred_at: Option<Timestamp>,
    /// How exactly that is known. Default: instant.
    #[schema(schema_with = crate::schema::precision)]
    pub precision: Option<Precision>,
}

/// The end of a legal hold.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReleaseBody {
    /// When it ended: RFC 3339, up to now. Default: now.
    pub occurred_at: Option<Timestamp>,
    /// How exactly that is known. Default: instant.
    #[schema(schema_with = crate::schema::precision)]
    pub precision: Option<Precision>,
}

/// Places a hold.
///
/// # Errors
/// [`crate::problem::NOT_FOUND`]; [`crate::problem::SUBJECT_ERASED`]; others as for any command.
pub async fn place_legal_hold(
    path: Path<PersonPath>,
    caller: Caller,
    body: JsonBody<LegalHoldBody>,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let JsonBody { value: LegalHoldBody { reason, reference, occurred_at, precision }, key } = body;
    let hold = PlaceLegalHold(LegalHoldPlaced { reason, reference });
    let timing = Timing { occurred_at, precision };
    record(&app, &caller, &path, timing, hold.into(), key).await
}

/// Releases a hold.
///
/// # Errors
/// [`crate::problem::NOT_FOUND`]; [`crate::problem::HOLD_RELEASED`]; others as for any command.
pub async fn release_legal_hold(
    path: Path<PersonPath>,
    caller: Caller,
    body: JsonBody<ReleaseBody>,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let JsonBody { value: ReleaseBody { occurred_at, precision }, key } = body;
    let release = ReleaseLegalHold(LegalHoldReleased { hold_id: path.hold_id()? });
    let timing = Timing { occurred_at, precision };
    record(&app, &caller, &path, timing, release.into(), key).await
}

async fn record(
    app: &App,
    caller: &Caller,
    path: &PersonPath,
    timing: Timing,
    intent: PersonIntent,
    key: Option<CommandKey>,
) -> Result<HttpResponse, Problem> {
    let person = path.person_id()?;
    let recording = Box::pin(execute(app, caller, person, timing, intent, key.as_ref()));
    Ok(answer(idempotency::once(app, caller, key.as_ref(), recording).await?))
}

async fn execute(
    app: &App,
    caller: &Caller,
    PersonId(person): PersonId,
    timing: Timing,
    intent: PersonIntent,
    key: Option<&CommandKey>,
) -> Result<Recorded, NotRecorded> {
    let now = now();
    let event_id = EventId(Uuid::now_v7());
    let moment = Moment { event_id, occurred: timing.occurred(now), now };
    let command = PersonCommand { moment, intent };
    let mut meta = caller.command_meta(None);
    meta.idempotency = key.map(|key| key.remembering(&RecordedIds { event_id })).transpose()?;
    let tenant = caller.tenant.tenant_no;
    let executed = app.log.execute::<Person>(tenant, person, None, command, meta, None).await?;
    Ok(Recorded { event_id, version: executed.version, position: executed.position })
}

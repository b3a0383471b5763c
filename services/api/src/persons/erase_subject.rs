//! Erasing a person.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use jiff::Timestamp;
use serde::Deserialize;
use throughline_domain::code_lists::ErasureBasis;
use throughline_domain::ids::{EventId, PersonId};
use throughline_domain::time::Precision;
use throughline_log::{Erased, Erasure};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::App;
use crate::body::JsonBody;
use crate::caller::Caller;
use crate::cases::command::{Recorded, RecordedIds, Timing, now};
use crate::idempotency::{self, CommandKey, NotRecorded};
use crate::persons::{PersonPath, answer};
use crate::problem::Problem;

/// An erasure. There is no way back.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ErasureBody {
    /// Why.
    #[schema(schema_with = crate::schema::code_list::<ErasureBasis>)]
    pub basis: ErasureBasis,
    /// When it happened: RFC 3339, up to now. Default: now.
    pub occurred_at: Option<Timestamp>,
    /// How exactly that is known. Default: instant.
    #[schema(schema_with = crate::schema::precision)]
    pub precision: Option<Precision>,
}

/// Erases a person. Asked again, it answers as it did the first time.
///
/// # Errors
/// [`crate::problem::LEGAL_HOLD`]; [`crate::problem::NOT_FOUND`]; others as for any command.
pub async fn erase_subject(
    path: Path<PersonPath>,
    caller: Caller,
    body: JsonBody<ErasureBody>,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let person = path.person_id()?;
    let JsonBody { value: body, key } = body;
    let recording = Box::pin(erase(&app, &caller, person, body, key.as_ref()));
    Ok(answer(idempotency::once(&app, &caller, key.as_ref(), recording).await?))
}

async fn erase(
    app: &App,
    caller: &Caller,
    person: PersonId,
    ErasureBody { basis, occurred_at, precision }: ErasureBody,
    key: Option<&CommandKey>,
) -> Result<Recorded, NotRecorded> {
    let event_id = EventId(Uuid::now_v7());
    let mut meta = caller.command_meta(None);
    meta.idempotency = key.map(|key| key.remembering(&RecordedIds { event_id })).transpose()?;
    let occurred = Timing { occurred_at, precision }.occurred(now());
    let erasure = Erasure { event_id, person, basis, occurred, meta };
    let erased = app.log.erase_person(&app.erasures, &caller.tenant, erasure).await?;
    let Erased { event_id, version, position, .. } = erased;
    Ok(Recorded { event_id, version, position })
}

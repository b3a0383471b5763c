//! Erasing a person.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use jiff::Timestamp;
use serde::Deserialize;
use throughline_domain::code_lists::ErasureBasis;
use throughline_domain::time::Precision;
use throughline_log::Erasure;
use utoipa::ToSchema;

use crate::app::App;
use crate::body::JsonBody;
use crate::caller::Caller;
use crate::cases::command::{Timing, now};
use crate::persons::{PersonPath, recorded};
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
    let ErasureBody { basis, occurred_at, precision } = body.0;
    let erasure = Erasure {
        person: path.person_id()?,
        basis,
        occurred: Timing { occurred_at, precision }.occurred(now()),
        meta: caller.command_meta(None),
    };
    let erased = app.log.erase_person(&app.erasures, &caller.tenant, erasure).await?;
    (app.wake_projector)();
    Ok(recorded(erased.event_id, erased.version, erased.position))
}

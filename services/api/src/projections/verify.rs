//! Asking for a verification: a build's rows held against the log.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use serde::Deserialize;
use throughline_projector::operator::{Act, Action};
use throughline_projector::{Sample, VerifyError, is_followed, request_verification};
use utoipa::ToSchema;

use super::ProjectionPath;
use super::once::{Given, once};
use super::operations::{OperationAnswer, accepted, location};
use crate::app::App;
use crate::body::JsonBody;
use crate::caller::Caller;
use crate::cases::command::now;
use crate::problem::{self, FieldError, Problem};

/// The most cases that a sample has; beyond it, all are compared.
const SAMPLE_MAX: u32 = 1_000_000;

/// A verification.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VerificationBody {
    /// How many cases, drawn at random: 1 to 1000000. Default: every case, and every row.
    #[schema(minimum = 1, maximum = 1_000_000)]
    pub sample: Option<u32>,
    /// Which build. Default: the one that readers are answered from.
    #[schema(minimum = 0)]
    pub build: Option<i32>,
}

/// Asks for a verification.
///
/// # Errors
/// [`problem::NOT_FOUND`] for a projection or build that there is none of;
/// [`problem::ALREADY_UNDER_WAY`].
pub async fn verify_projection(
    path: Path<ProjectionPath>,
    caller: Caller,
    body: JsonBody<VerificationBody>,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let projection = path.projection()?;
    let JsonBody { value: VerificationBody { sample, build }, key } = body;
    if sample.is_some_and(|sample| !(1..=SAMPLE_MAX).contains(&sample)) {
        let detail = format!("is a number from 1 to {SAMPLE_MAX}");
        return Err(Problem::new(problem::INVALID).with(FieldError::at("/sample", detail)));
    }
    let sample = sample.map_or(Sample::All, Sample::Of);
    let (tenant, by) = (caller.tenant.tenant_no, caller.subject.as_str());
    let act = Act { build, ..Act::on(Action::Verify, Some(projection)) };
    let given = once(&app, &caller, key.as_ref(), act, async |client, act| {
        if let Some(build) = build
            && !is_followed(client, tenant, projection, build).await?
        {
            return Err(VerifyError::NoSuchBuild { build }.into());
        }
        let asked = request_verification(client, tenant, projection, build, sample, by).await?;
        act.operation_id = Some(asked.operation_id);
        let place = location(asked.operation_id);
        Ok(Given::new(Some(place), &OperationAnswer::of_verification(&asked, now()))?)
    });
    Ok(accepted(given.await?))
}

//! Holding a sample of a projection's rows against the log, while the caller waits.
//!
//! Deliberately absent: all cases. That takes as long as the log is long: `throughline projections
//! verify --all-cases` does it.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use serde::{Deserialize, Serialize};
use throughline_projections::Projection;
use throughline_projector::operator::{Act, Action};
use throughline_projector::{Comparison, Sample, verify};
use tokio::time::timeout;
use utoipa::ToSchema;

use super::ProjectionPath;
use super::comparison::ComparisonAnswer;
use super::once::{Given, Undone, once};
use crate::app::App;
use crate::body::JsonBody;
use crate::caller::Caller;
use crate::problem::{self, FieldError, Problem};

/// Cases that are compared when the caller does not say, and at most.
const SAMPLE_DEFAULT: u32 = 100;
const SAMPLE_MAX: u32 = 1_000;
/// How long a verification may take.
const WAIT_MAX: Duration = Duration::from_secs(30);
/// Seconds after which a caller may try again.
const RETRY_AFTER_S: u32 = 2;

/// A verification.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VerificationBody {
    /// How many cases, drawn at random: 1 to 1000. Default: 100.
    #[schema(minimum = 1, maximum = 1000)]
    pub sample: Option<u32>,
    /// Which build. Default: the one that readers are answered from.
    #[schema(minimum = 0)]
    pub build: Option<i32>,
}

/// What a verification found.
#[derive(Serialize, ToSchema)]
pub struct VerificationAnswer {
    /// The projection.
    projection: &'static str,
    /// What was compared, and what differs.
    comparison: ComparisonAnswer,
}

/// Compares a sample of cases with the log.
///
/// # Errors
/// [`problem::NOT_FOUND`] for a projection or build that there is none of;
/// [`problem::OVERLOADED`] when too much is being replayed, or it takes too long.
pub async fn verify_projection(
    path: Path<ProjectionPath>,
    caller: Caller,
    body: JsonBody<VerificationBody>,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let projection = path.projection()?;
    let JsonBody { value: VerificationBody { sample, build }, key } = body;
    let sample = sample.unwrap_or(SAMPLE_DEFAULT);
    if !(1..=SAMPLE_MAX).contains(&sample) {
        let detail = format!("is a number from 1 to {SAMPLE_MAX}");
        return Err(Problem::new(problem::INVALID).with(FieldError::at("/sample", detail)));
    }
    let compared = compare(&app, &caller, projection, build, sample).await;
    let act = Act { build, ..Act::on(Action::Verify, Some(projection)) };
    // Whoever asks again is answered as before, whatever a comparison would come to now; and that
    // there is no such build is a refusal that is written down.
    let given = once(&app, &caller, key.as_ref(), act, async |_, act| {
        let comparison = compared?;
        act.build = Some(comparison.build);
        act.count = Some(comparison.differing_cases);
        let comparison = ComparisonAnswer::of(&comparison);
        Ok(Given::new(None, &VerificationAnswer { projection: projection.name(), comparison })?)
    });
    Ok(HttpResponse::Ok().content_type("application/json").body(given.await?.body))
}

async fn compare(
    app: &App,
    caller: &Caller,
    projection: Projection,
    build: Option<i32>,
    sample: u32,
) -> Result<Comparison, Undone> {
    let overloaded = || Problem::new(problem::OVERLOADED).retry_after(RETRY_AFTER_S);
    let work = async {
        let _permit = app.replays.acquire().await.map_err(|_| overloaded())?;
        let (tenant, checked) = (caller.tenant.tenant_no, Arc::new(AtomicU64::new(0)));
        let sample = Sample::Of(sample);
        Ok(verify(&app.log, app.log.pool(), tenant, projection, build, sample, checked).await?)
    };
    timeout(WAIT_MAX, work).await.map_err(|_| overloaded())?
}

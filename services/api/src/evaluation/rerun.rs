//! Computing an edition again, at its dates and up to its place in the log.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use serde::Serialize;
use serde_json::Value;
use throughline_domain::code::Code;
use throughline_domain::edition::{Edition, EditionPublished};
use throughline_evaluation::{Figures, edition};
use throughline_log::hash_text;
use utoipa::ToSchema;

use super::editions::{EditionPath, find};
use super::passing::{Passed, Passing, pass};
use crate::app::App;
use crate::body::JsonBody;
use crate::caller::Caller;
use crate::freshness::is_none;
use crate::problem::{self, Problem};
use crate::projections::NothingMore;
use crate::refusal;
use crate::schema;

/// Figures named at most: whether there are more is told by their number.
const DIFFERENCES_MAX: usize = 1_000;

/// What came of computing an edition again.
#[derive(Serialize, ToSchema)]
pub struct RerunAnswer {
    /// The edition.
    #[schema(schema_with = schema::code)]
    edition: Code,
    /// Whether the results are the same to the byte.
    same: bool,
    /// Whether the log up to there is the one that the edition was read from.
    same_log: bool,
    /// SHA-256 over the results that were published.
    published_hash: String,
    /// SHA-256 over those of now.
    result_hash: String,
    /// What computes otherwise than it did: `program`, `rules`, `instruments`, `programme` or
    /// `code_lists`.
    changed_versions: Vec<&'static str>,
    /// How many figures differ.
    differing: u64,
    /// Those figures, a thousand at most.
    differences: Vec<FigureDifference>,
    /// Cases that could not be read to the end.
    #[serde(skip_serializing_if = "is_none")]
    stale_cases: u64,
}

/// A figure that differs.
#[derive(Serialize, ToSchema)]
pub struct FigureDifference {
    /// Where: a JSON Pointer into the results.
    pointer: String,
    /// What was published; absent where there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schema::cohort::figure)]
    then: Option<Value>,
    /// What it is now; absent where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schema::cohort::figure)]
    now: Option<Value>,
}

/// Computes an edition again. Nothing is recorded.
///
/// # Errors
/// [`problem::NOT_FOUND`] when there is none of this name; [`problem::EDITION_UNREADABLE`].
pub async fn rerun_edition(
    path: Path<EditionPath>,
    caller: Caller,
    _: JsonBody<NothingMore>,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let (_, EditionPublished { edition: published, results: then }) =
        find(&app, &caller, &path.edition).await?;
    let questions =
        edition::questions(&published).ok_or_else(|| Problem::new(problem::EDITION_UNREADABLE))?;
    let (asked, position) = (published.asked(), published.position);
    let passing = Passing { cohort: published.cohort.clone(), questions, asked, position };
    let Passed { finished, stale_cases } = pass(&app, &caller, &passing).await?;

    let now = edition::results(&passing.questions, &finished);
    let then = Figures::of(&then).map_err(|error| refusal::internal(&error))?;
    let differences = edition::differences(&then, &now);
    let tenant = caller.tenant.tenant_no;
    let log_hash = app.log.hash_at(tenant, position).await?;
    let programmes = app.log.programmes(tenant).await?;
    let versions = edition::versions(&published.cohort, &programmes);
    let changed_versions = edition::changed_versions(&published.versions, &versions);
    let Edition { id, result_hash: published_hash, log_hash: then_hash, .. } = published;
    let result_hash = edition::hash(&now);
    Ok(HttpResponse::Ok().json(RerunAnswer {
        edition: id,
        same: result_hash == published_hash,
        same_log: log_hash.is_some_and(|hash| hash_text(&hash) == then_hash),
        published_hash,
        result_hash,
        changed_versions,
        differing: differences.len() as u64,
        differences: differences.into_iter().take(DIFFERENCES_MAX).map(Into::into).collect(),
        stale_cases,
    }))
}

impl From<edition::Difference> for FigureDifference {
    fn from(difference: edition::Difference) -> Self {
        let edition::Difference { pointer, then, now } = difference;
        Self { pointer, then, now }
    }
}

//! Who is in a cohort at two dates, and who is not, for which first reason. Counts alone.

use std::collections::BTreeMap;

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use throughline_domain::code::Code;
use throughline_evaluation::{CohortCounts, Out};
use utoipa::ToSchema;

use super::passing::{self, Passed, Passing, pass};
use crate::answering::respond;
use crate::app::App;
use crate::caller::Caller;
use crate::cases::command::now;
use crate::dates::{AS_OF, Dates, KNOWN_AT, READING};
use crate::freshness::{self, Present, is_none};
use crate::problem::Problem;
use crate::query::{Query, invalid};
use crate::schema::{self, reading};

/// The parameter that names a version.
const VERSION: &str = "version";

/// How many cases are in a cohort.
#[derive(Serialize, ToSchema)]
pub struct MembershipAnswer {
    /// The cohort.
    #[schema(schema_with = schema::code)]
    cohort: Code,
    /// The version of its definition.
    version: u16,
    /// Cases in it.
    cases: u64,
    /// Cases that are not in it, by the first member of the definition that leaves them out: with
    /// `cases` they are every case whose referral is in view. A reason that leaves nothing out is
    /// not there.
    #[schema(value_type = BTreeMap<String, u64>)]
    left_out: BTreeMap<Out, u64>,
    /// The date in force: what had happened by then.
    as_of: Timestamp,
    /// The date in force: what was known by then.
    known_at: Timestamp,
    /// How corrections were read.
    #[schema(schema_with = reading)]
    reading: &'static str,
    /// Cases that could not be read to the end: what is said of them is from before.
    #[serde(skip_serializing_if = "is_none")]
    stale_cases: u64,
}

/// Which cohort a path names.
#[derive(Debug, Deserialize)]
pub struct CohortPath {
    pub(super) cohort: String,
}

/// Counts who is in a cohort.
///
/// # Errors
/// [`crate::problem::NOT_FOUND`] when there is no such cohort.
pub async fn read_membership(
    request: HttpRequest,
    path: Path<CohortPath>,
    caller: Caller,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let query = Query::read(&request, &[VERSION, AS_OF, KNOWN_AT, READING])?;
    let dates = Dates::read(&query, now())?;
    let parse = |text: &str| text.parse().map_err(|_| invalid(VERSION, "is a number from 1"));
    let version = query.text(VERSION).map(parse).transpose()?;
    let (settled, asked) =
        freshness::reach_log(&app, &request, caller.tenant.tenant_no, &dates).await?;
    let cohort = passing::cohort(&app, &caller, &path.cohort, version).await?;
    let (id, version, position) = (cohort.id.clone(), cohort.version, settled.position);
    let passing = Passing { cohort, questions: Vec::new(), asked, position };
    let Passed { finished, stale_cases } = pass(&app, &caller, &passing).await?;
    let CohortCounts { cases, left_out } = finished.counts;
    Ok(respond(&Present { position, asked, stale_cases }).json(MembershipAnswer {
        cohort: id,
        version,
        cases,
        left_out,
        as_of: asked.as_of,
        known_at: asked.known_at,
        reading: asked.reading.as_str(),
        stale_cases,
    }))
}

//! What left for evaluators outside, over HTTP. Releases are made at the command line alone, by
//! whoever runs the service: no token carries data out (ADR 0036).

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use jiff::Timestamp;
use serde::Serialize;
use throughline_domain::code::Code;
use throughline_domain::cohort::{CohortReleased, Contents, ReleasedDates};
use throughline_domain::ids::Position;
use throughline_log::ListedRelease;
use utoipa::ToSchema;

use crate::app::App;
use crate::caller::Caller;
use crate::problem::Problem;
use crate::query::{Query, invalid};
use crate::schema::{self, reading};

/// Releases, the newest first.
#[derive(Serialize, ToSchema)]
pub struct ReleasesAnswer {
    /// The releases.
    releases: Vec<ReleaseAnswer>,
    /// The `before` of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_before: Option<i64>,
}

/// A release: what left, and what was done to it.
#[derive(Serialize, ToSchema)]
pub struct ReleaseAnswer {
    /// The cohort.
    #[schema(schema_with = schema::code)]
    cohort: Code,
    /// The version of its definition.
    version: u16,
    /// The edition whose dates and questions it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schema::code)]
    edition: Option<Code>,
    /// `rows` under pseudonyms, or `counts`.
    contents: &'static str,
    /// What became of the dates in rows: `kept`, `shifted`, `month` or `quarter`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    dates: Option<ReleasedDates>,
    /// Counts from 1 to one below it were suppressed; 0 suppressed none. Absent for rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    threshold: Option<u64>,
    /// What had happened by then.
    as_of: Timestamp,
    /// What had been recorded by then.
    known_at: Timestamp,
    /// How corrections were read.
    #[schema(schema_with = reading)]
    reading: &'static str,
    /// The place in the tenant's log up to which it was read.
    #[schema(value_type = i64)]
    read_to: Position,
    /// Cases that it tells of; absent where they are too few to say.
    #[serde(skip_serializing_if = "Option::is_none")]
    cases: Option<u64>,
    /// SHA-256 over its `datapackage.json`, which holds the hash of each file.
    package_hash: String,
    /// Who made it.
    actor: String,
    /// When.
    released_at: Timestamp,
    /// The place of the release in the tenant's log.
    #[schema(value_type = i64)]
    position: Position,
}

/// Reads what was released.
///
/// # Errors
/// [`crate::problem::INVALID`] for a question that cannot be right.
pub async fn read_releases(
    request: HttpRequest,
    caller: Caller,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let query = Query::read(&request, &["limit", "before"])?;
    let settings = &app.settings;
    let limit = query.limit(settings.page_rows_default, settings.page_rows_max)?;
    let parse = |text: &str| text.parse().map_err(|_| invalid("before", "is a position"));
    let before = Position(query.text("before").map(parse).transpose()?.unwrap_or(i64::MAX));
    // One more than asked for tells whether there is a next page.
    let most = u32::try_from(limit).unwrap_or(u32::MAX).saturating_add(1);
    let mut listed = app.log.releases(caller.tenant.tenant_no, before, most).await?;
    let is_more = listed.len() > limit;
    listed.truncate(limit);
    let next_before = listed.last().filter(|_| is_more).map(|last| last.position.0);
    let releases = listed.into_iter().map(ReleaseAnswer::from).collect();
    Ok(HttpResponse::Ok().json(ReleasesAnswer { releases, next_before }))
}

impl From<ListedRelease> for ReleaseAnswer {
    fn from(listed: ListedRelease) -> Self {
        let ListedRelease { position, released_at, actor, released } = listed;
        let CohortReleased { cohort, version, edition, contents, cases, package_hash, .. } =
            released;
        let (dates, threshold) = match &contents {
            Contents::Rows { dates } => (Some(*dates), None),
            Contents::Counts { threshold, .. } => (None, Some(*threshold)),
        };
        Self {
            cohort,
            version,
            edition,
            contents: contents.as_str(),
            dates,
            threshold,
            as_of: released.as_of,
            known_at: released.known_at,
            reading: released.reading.as_str(),
            read_to: released.position,
            cases,
            package_hash,
            actor,
            released_at,
            position,
        }
    }
}

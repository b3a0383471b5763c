//! Which figures of an edition moved, and which events moved them.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use jiff::Timestamp;
use serde::Deserialize;
use throughline_domain::code::Code;
use throughline_domain::edition::EditionPublished;
use throughline_domain::ids::Position;
use throughline_domain::two_clocks::Reading;
use throughline_evaluation::comparison::report::{Shared, Telling, report};
use throughline_evaluation::comparison::{Comparing, Side};
use throughline_evaluation::edition;
use throughline_projections::Projection;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::editions::{EditionPath, find};
use super::passing;
use crate::access::Role;
use crate::answering::respond;
use crate::app::App;
use crate::body::JsonBody;
use crate::caller::Caller;
use crate::cases::command::now;
use crate::dates::Dates;
use crate::freshness::{self, Present};
use crate::problem::{self, FieldError, Problem};
use crate::replay;
use crate::schema::{self, reading};

/// What an edition is to be compared with: another edition, or its own cohort and questions at two
/// dates.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ComparisonBody {
    /// The other edition; with it no date is given.
    #[schema(schema_with = schema::code)]
    with: Option<Code>,
    /// What had happened by then. Default: as of the edition.
    as_of: Option<Timestamp>,
    /// What had been recorded by then; not in the future. Default: now.
    known_at: Option<Timestamp>,
    /// How corrections are read. Default: as in the edition.
    #[schema(schema_with = reading)]
    reading: Option<Reading>,
}

/// Which figures moved, and why.
pub struct EditionComparisonAnswer;

impl PartialSchema for EditionComparisonAnswer {
    fn schema() -> RefOr<Schema> {
        RefOr::T(schema::comparison::schema())
    }
}

impl ToSchema for EditionComparisonAnswer {}

/// Compares an edition. Nothing is recorded.
///
/// # Errors
/// [`problem::NOT_FOUND`] when there is none of this name; [`problem::INVALID`] when the other is not
/// there, or dates come with it; [`problem::EDITION_UNREADABLE`].
pub async fn compare_edition(
    request: HttpRequest,
    path: Path<EditionPath>,
    caller: Caller,
    body: JsonBody<ComparisonBody>,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let (_, published) = find(&app, &caller, &path.edition).await?;
    let (now, other) = other_side(&app, &request, &caller, body.value, &published).await?;
    let unreadable = || Problem::new(problem::EDITION_UNREADABLE);
    let asked_by_other = other.as_ref().map(|other| &other.edition.questions[..]);
    let shared = Shared::of(&published.edition.questions, asked_by_other).ok_or_else(unreadable)?;

    let programmes = app.log.programmes(caller.tenant.tenant_no).await?;
    let of_now = || edition::versions(&now.cohort, &programmes);
    let versions = other.as_ref().map_or_else(of_now, |other| other.edition.versions.clone());
    let changed_versions = edition::changed_versions(&published.edition.versions, &versions);

    let then = edition::side(&published.edition);
    let upto = then.position.max(now.position);
    let known_at = now.asked.known_at;
    let mut comparing = Comparing::new(then, now.clone(), &shared.questions);
    let like = Projection::Caseload;
    let stale = replay::every_case(&app, &caller, like, upto, |case_id, history, programmes| {
        comparing.take(case_id, history, programmes);
    });
    let stale_cases = stale.await?.known_at(known_at).len() as u64;
    let telling = Telling {
        published: &published,
        other: other.map(|other| other.edition.id),
        now: &now,
        shared,
        changed_versions,
        names_cases: caller.role != Role::Evaluator,
        stale_cases,
    };
    let report = report(passing::finished(move || comparing.finish()).await?, telling);
    let present = Present { position: now.position, asked: now.asked, stale_cases };
    Ok(respond(&present).json(report))
}

/// What the edition is compared with: its side, and the edition where it is one.
async fn other_side(
    app: &App,
    request: &HttpRequest,
    caller: &Caller,
    body: ComparisonBody,
    published: &EditionPublished,
) -> Result<(Side, Option<EditionPublished>), Problem> {
    let ComparisonBody { with, as_of, known_at, reading } = body;
    if let Some(with) = with {
        if as_of.is_some() || known_at.is_some() || reading.is_some() {
            return Err(at_with("stands without dates and reading, which are the edition's"));
        }
        let (_, other) = find(app, caller, with.as_str())
            .await
            .map_err(|_| at_with("is the name of no edition"))?;
        return Ok((edition::side(&other.edition), Some(other)));
    }
    let own = &published.edition;
    let reading = reading.unwrap_or(own.reading);
    let dates = Dates::given(as_of.or(Some(own.as_of)), known_at, reading, now())?;
    let tenant = caller.tenant.tenant_no;
    let (settled, asked) = freshness::reach_log(app, request, tenant, &dates).await?;
    let position: Position = settled.position;
    Ok((Side { cohort: own.cohort.clone(), asked, position }, None))
}

fn at_with(detail: &'static str) -> Problem {
    Problem::new(problem::INVALID).with(FieldError::at("/with", detail))
}

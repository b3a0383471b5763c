//! Cohorts over HTTP: which there are, one definition whole, and defining the next.

use actix_web::HttpResponse;
use actix_web::http::header::LOCATION;
use actix_web::web::{Data, Path};
use serde::{Deserialize, Serialize};
use throughline_domain::case::Moment;
use throughline_domain::code::Code;
use throughline_domain::cohort::{
    Cohort, CohortCommand, CohortHistory, CohortIntent, DefineCohort, aggregate,
};
use throughline_domain::ids::{EventId, Position};
use throughline_domain::time::Occurred;
use throughline_log::{COHORTS_MAX, Remembered};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

use super::passing;
use crate::app::App;
use crate::body::JsonBody;
use crate::caller::Caller;
use crate::cases::command::now;
use crate::freshness::POSITION_HEADER;
use crate::idempotency::{self, CommandKey, NotRecorded, Recalled};
use crate::problem::{self, Problem};
use crate::schema;

/// A cohort's definition, whole.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
pub struct CohortDefinition(Cohort);

impl PartialSchema for CohortDefinition {
    fn schema() -> RefOr<Schema> {
        RefOr::T(schema::cohort::schema())
    }
}

impl ToSchema for CohortDefinition {}

/// Every cohort of the tenant.
#[derive(Serialize, ToSchema)]
pub struct CohortsAnswer {
    /// The cohorts, by name.
    cohorts: Vec<CohortAnswer>,
}

/// A cohort with the versions of its definition.
#[derive(Serialize, ToSchema)]
pub struct CohortAnswer {
    /// The name used in questions.
    #[schema(schema_with = schema::code)]
    cohort: Code,
    /// What it is, in words, as the newest version has it.
    title: String,
    /// The programme, likewise.
    #[schema(schema_with = schema::code)]
    programme: Code,
    /// The versions, rising.
    versions: Vec<u16>,
}

/// The answer to defining a cohort.
#[derive(Serialize, ToSchema)]
pub struct CohortDefinedAnswer {
    /// The cohort.
    #[schema(schema_with = schema::code)]
    cohort: Code,
    /// The version that is there now.
    version: u16,
    /// The place in the tenant's log from which it is.
    #[schema(value_type = i64)]
    position: Position,
}

/// What the answer to defining holds beside the position.
#[derive(Serialize, Deserialize)]
struct Defined {
    cohort: Code,
    version: u16,
}

impl Recalled for CohortDefinedAnswer {
    fn recall(remembered: &Remembered) -> serde_json::Result<Self> {
        let Defined { cohort, version } = serde_json::from_str(&remembered.answer)?;
        Ok(Self { cohort, version, position: remembered.last })
    }
}

/// Which definition a path names. A text that is no version names nothing.
#[derive(Debug, Deserialize)]
pub struct DefinitionPath {
    cohort: String,
    version: String,
}

/// Reads which cohorts there are.
///
/// # Errors
/// [`problem::UNAVAILABLE`].
pub async fn read_cohorts(caller: Caller, app: Data<App>) -> Result<HttpResponse, Problem> {
    let mut known = app.log.cohorts(caller.tenant.tenant_no).await?;
    known.sort_by(|a, b| (&a.id, a.version).cmp(&(&b.id, b.version)));
    let mut cohorts: Vec<CohortAnswer> = Vec::new();
    for Cohort { id, version, title, programme, .. } in known {
        match cohorts.last_mut() {
            Some(last) if last.cohort == id => {
                (last.title, last.programme) = (title, programme);
                last.versions.push(version);
            }
            _ => {
                cohorts.push(CohortAnswer {
                    cohort: id,
                    title,
                    programme,
                    versions: vec![version],
                });
            }
        }
    }
    Ok(HttpResponse::Ok().json(CohortsAnswer { cohorts }))
}

/// Reads one definition.
///
/// # Errors
/// [`problem::NOT_FOUND`] when there is none of this name and version.
pub async fn read_cohort(
    path: Path<DefinitionPath>,
    caller: Caller,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let version = path.version.parse().map_err(|_| Problem::new(problem::NOT_FOUND))?;
    let cohort = passing::cohort(&app, &caller, &path.cohort, Some(version)).await?;
    Ok(HttpResponse::Ok().json(cohort))
}

/// Defines a cohort. Sent again, the same definition is answered as it was.
///
/// # Errors
/// [`problem::CONTRADICTORY_COHORT`] with every place; [`problem::NOT_THE_NEXT_VERSION`];
/// [`problem::DEFINITION_NEVER_CHANGES`]; [`problem::TOO_MANY_DEFINITIONS`].
pub async fn define_cohort(
    caller: Caller,
    body: JsonBody<CohortDefinition>,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let JsonBody { value: CohortDefinition(cohort), key } = body;
    let defining = Box::pin(define(&app, &caller, cohort, key.as_ref()));
    let answer = idempotency::once(&app, &caller, key.as_ref(), defining).await?;
    let name = in_path(&answer.cohort);
    let place = format!("/v1/cohorts/{name}/versions/{}", answer.version);
    Ok(HttpResponse::Created()
        .insert_header((LOCATION, place))
        .insert_header((POSITION_HEADER, answer.position.to_string()))
        .json(answer))
}

async fn define(
    app: &App,
    caller: &Caller,
    cohort: Cohort,
    key: Option<&CommandKey>,
) -> Result<CohortDefinedAnswer, NotRecorded> {
    let tenant = caller.tenant.tenant_no;
    let known = app.log.cohorts(tenant).await?;
    let is_new = !known.iter().any(|one| one.id == cohort.id && one.version == cohort.version);
    if is_new && known.len() >= COHORTS_MAX {
        return Err(Problem::new(problem::TOO_MANY_DEFINITIONS).into());
    }
    let defined = Defined { cohort: cohort.id.clone(), version: cohort.version };
    let stream = aggregate::stream_id(&cohort.id);
    let now = now();
    let moment = Moment { event_id: EventId(Uuid::now_v7()), occurred: Occurred::at(now), now };
    let programmes = app.log.programmes(tenant).await?;
    let command =
        CohortCommand { moment, intent: CohortIntent::Define(DefineCohort { cohort, programmes }) };
    let mut meta = caller.command_meta(None);
    meta.idempotency = key.map(|key| key.remembering(&defined)).transpose()?;
    let executed =
        app.log.execute::<CohortHistory>(tenant, stream, None, command, meta, None).await?;
    let Defined { cohort, version } = defined;
    Ok(CohortDefinedAnswer { cohort, version, position: executed.position })
}

/// A code as one part of a path: of what a code may hold, `/` alone would begin another.
pub(super) fn in_path(code: &Code) -> String {
    code.as_str().replace('/', "%2F")
}

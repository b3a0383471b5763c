//! Programmes over HTTP: which definitions there are, one of them whole, and loading the next.

use actix_web::HttpResponse;
use actix_web::http::header::LOCATION;
use actix_web::web::{Data, Path};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use throughline_domain::case::Moment;
use throughline_domain::code::Code;
use throughline_domain::ids::{EventId, Position};
use throughline_domain::programme::{
    DefineProgramme, Programme, ProgrammeCommand, ProgrammeHistory, aggregate,
};
use throughline_domain::time::Occurred;
use throughline_log::Remembered;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

use crate::app::App;
use crate::body::JsonBody;
use crate::caller::Caller;
use crate::cases::command::now;
use crate::freshness::POSITION_HEADER;
use crate::idempotency::{self, CommandKey, NotRecorded, Recalled};
use crate::problem::{self, Problem};
use crate::schema::definition;

/// A programme's definition, whole.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProgrammeDefinition(Programme);

impl PartialSchema for ProgrammeDefinition {
    fn schema() -> RefOr<Schema> {
        RefOr::T(definition::schema())
    }
}

impl ToSchema for ProgrammeDefinition {}

/// Every programme that the tenant can run.
#[derive(Serialize, ToSchema)]
pub struct ProgrammesAnswer {
    /// The programmes: those shipped, then those the tenant loaded.
    programmes: Vec<ProgrammeAnswer>,
}

/// A programme with the versions of its definition.
#[derive(Serialize, ToSchema)]
pub struct ProgrammeAnswer {
    /// The name used in referrals and questions.
    #[schema(schema_with = crate::schema::code)]
    programme: Code,
    /// The name in words, as the newest version has it.
    name: String,
    /// The versions, rising.
    versions: Vec<VersionAnswer>,
}

/// One version of a programme's definition.
#[derive(Serialize, ToSchema)]
pub struct VersionAnswer {
    /// The version.
    version: u16,
    /// The first day on which referrals are made under it.
    #[schema(value_type = String, format = Date)]
    in_force_from: Date,
    /// The first day of the next version; absent for the newest.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date)]
    in_force_until: Option<Date>,
}

/// The answer to loading a definition.
#[derive(Serialize, ToSchema)]
pub struct DefinedAnswer {
    /// The programme.
    #[schema(schema_with = crate::schema::code)]
    programme: Code,
    /// The version that is there now.
    version: u16,
    /// The place in the tenant's log from which it is.
    #[schema(value_type = i64)]
    position: Position,
}

/// What the answer to loading holds beside the position.
#[derive(Serialize, Deserialize)]
struct Defined {
    programme: Code,
    version: u16,
}

impl Recalled for DefinedAnswer {
    fn recall(remembered: &Remembered) -> serde_json::Result<Self> {
        let Defined { programme, version } = serde_json::from_str(&remembered.answer)?;
        Ok(Self { programme, version, position: remembered.last })
    }
}

/// Which definition a path names. A text that is no version names nothing.
#[derive(Debug, Deserialize)]
pub struct DefinitionPath {
    programme: String,
    version: String,
}

/// Reads which programmes there are.
///
/// # Errors
/// [`problem::UNAVAILABLE`].
pub async fn read_programmes(caller: Caller, app: Data<App>) -> Result<HttpResponse, Problem> {
    let known = app.log.programmes(caller.tenant.tenant_no).await?;
    let mut programmes: Vec<ProgrammeAnswer> = Vec::new();
    for definition in known.all() {
        let (programme, name) = (definition.id.clone(), definition.name.clone());
        let (version, in_force_from) = (definition.version, definition.in_force_from);
        let version = VersionAnswer { version, in_force_from, in_force_until: None };
        match programmes.last_mut() {
            Some(last) if last.programme == programme => {
                if let Some(before) = last.versions.last_mut() {
                    before.in_force_until = Some(in_force_from);
                }
                last.name = name;
                last.versions.push(version);
            }
            _ => programmes.push(ProgrammeAnswer { programme, name, versions: vec![version] }),
        }
    }
    Ok(HttpResponse::Ok().json(ProgrammesAnswer { programmes }))
}

/// Reads one definition.
///
/// # Errors
/// [`problem::NOT_FOUND`] when there is none of this name and version.
pub async fn read_programme(
    path: Path<DefinitionPath>,
    caller: Caller,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let known = app.log.programmes(caller.tenant.tenant_no).await?;
    let version = path.version.parse().ok();
    let found = version.and_then(|version| known.find(&path.programme, version));
    let definition = found.ok_or_else(|| Problem::new(problem::NOT_FOUND))?;
    Ok(HttpResponse::Ok().json(definition.as_ref()))
}

/// Loads a definition. Sent again, the same definition is answered as it was.
///
/// # Errors
/// [`problem::CONTRADICTORY_PROGRAMME`] with every place; [`problem::NOT_THE_NEXT_VERSION`];
/// [`problem::DEFINITION_NEVER_CHANGES`]; [`problem::TOO_MANY_DEFINITIONS`].
pub async fn define_programme(
    caller: Caller,
    body: JsonBody<ProgrammeDefinition>,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let JsonBody { value: ProgrammeDefinition(definition), key } = body;
    let defining = Box::pin(define(&app, &caller, definition, key.as_ref()));
    let answer = idempotency::once(&app, &caller, key.as_ref(), defining).await?;
    let place =
        format!("/v1/programmes/{}/versions/{}", in_path(&answer.programme), answer.version);
    Ok(HttpResponse::Created()
        .insert_header((LOCATION, place))
        .insert_header((POSITION_HEADER, answer.position.to_string()))
        .json(answer))
}

async fn define(
    app: &App,
    caller: &Caller,
    definition: Programme,
    key: Option<&CommandKey>,
) -> Result<DefinedAnswer, NotRecorded> {
    let tenant = caller.tenant.tenant_no;
    let known = app.log.programmes(tenant).await?;
    known.require_room_for(&definition).map_err(Problem::from)?;
    let (programme, version) = (definition.id.clone(), definition.version);
    let stream = aggregate::stream_id(&programme);
    let now = now();
    let moment = Moment { event_id: EventId(Uuid::now_v7()), occurred: Occurred::at(now), now };
    let command = ProgrammeCommand { moment, intent: DefineProgramme(definition) };
    let mut meta = caller.command_meta(None);
    let defined = Defined { programme, version };
    meta.idempotency = key.map(|key| key.remembering(&defined)).transpose()?;
    let executed =
        app.log.execute::<ProgrammeHistory>(tenant, stream, None, command, meta, None).await?;
    let Defined { programme, version } = defined;
    Ok(DefinedAnswer { programme, version, position: executed.position })
}

/// A code as one part of a path: of what a code may hold, `/` alone would begin another.
fn in_path(code: &Code) -> String {
    code.as_str().replace('/', "%2F")
}

//! Editions over HTTP: publishing one, which there are, and one to the byte as it was recorded.

use actix_web::http::header::{CONTENT_TYPE, ETAG, LOCATION};
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use throughline_domain::case::Moment;
use throughline_domain::code::Code;
use throughline_domain::edition::{
    EditionCommand, EditionError, EditionEvent, EditionHistory, EditionPublished, PublishEdition,
    aggregate,
};
use throughline_domain::ids::{EventId, Position};
use throughline_domain::time::Occurred;
use throughline_domain::two_clocks::Reading;
use throughline_evaluation::tables::question::Naming;
use throughline_evaluation::{Question, edition};
use throughline_log::{ListedEdition, Remembered, hash_text};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

use super::cohorts::in_path;
use super::passing::{self, Passed, Passing, pass};
use super::tables;
use crate::app::App;
use crate::body::JsonBody;
use crate::caller::Caller;
use crate::cases::command::now;
use crate::dates::Dates;
use crate::freshness::{self, POSITION_HEADER, is_none};
use crate::idempotency::{self, CommandKey, NotRecorded, Recalled};
use crate::problem::{self, Problem};
use crate::query::{Query, invalid};
use crate::refusal;
use crate::schema::{self, reading};

/// What is to be published.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EditionBody {
    /// The name that the edition is to be known by.
    #[schema(schema_with = schema::code)]
    edition: Code,
    /// What it is, in words: 1 to 200 characters.
    title: String,
    /// The cohort.
    #[schema(schema_with = schema::code)]
    cohort: Code,
    /// The version of its definition. Default: the newest.
    version: Option<u16>,
    /// The questions, 1 to 100, each by the name of its table.
    #[schema(schema_with = schema::cohort::questions)]
    questions: Vec<Question>,
    /// What had happened by then. Default: now.
    as_of: Option<Timestamp>,
    /// What had been recorded by then; not in the future. Default: now.
    known_at: Option<Timestamp>,
    /// How corrections are read. Default: effective.
    #[serde(default)]
    #[schema(schema_with = reading)]
    reading: Reading,
}

/// The answer to publishing.
#[derive(Serialize, ToSchema)]
pub struct PublishedAnswer {
    /// The edition.
    #[schema(schema_with = schema::code)]
    edition: Code,
    /// SHA-256 over its results.
    result_hash: String,
    /// The place of the edition in the tenant's log.
    #[schema(value_type = i64)]
    position: Position,
}

/// What the answer to publishing holds beside the position.
#[derive(Serialize, Deserialize)]
struct Published {
    edition: Code,
    result_hash: String,
}

impl Recalled for PublishedAnswer {
    fn recall(remembered: &Remembered) -> serde_json::Result<Self> {
        let Published { edition, result_hash } = serde_json::from_str(&remembered.answer)?;
        Ok(Self { edition, result_hash, position: remembered.last })
    }
}

/// Editions, the newest first.
#[derive(Serialize, ToSchema)]
pub struct EditionsAnswer {
    /// The editions.
    editions: Vec<EditionAnswer>,
    /// The `before` of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_before: Option<i64>,
}

/// An edition, without its results.
#[derive(Serialize, ToSchema)]
pub struct EditionAnswer {
    /// The edition.
    #[schema(schema_with = schema::code)]
    edition: Code,
    /// What it is, in words.
    title: String,
    /// The cohort.
    #[schema(schema_with = schema::code)]
    cohort: Code,
    /// The version of its definition.
    version: u16,
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
    /// When it was published.
    published_at: Timestamp,
    /// The place of the edition in the tenant's log.
    #[schema(value_type = i64)]
    position: Position,
    /// SHA-256 over its results.
    result_hash: String,
    /// Cases that could not be read to the end.
    #[serde(skip_serializing_if = "is_none")]
    stale_cases: u64,
}

/// An edition, whole, as it was recorded.
pub struct EditionDocument;

impl PartialSchema for EditionDocument {
    fn schema() -> RefOr<Schema> {
        RefOr::T(schema::cohort::edition())
    }
}

impl ToSchema for EditionDocument {}

/// Which edition a path names.
#[derive(Debug, Deserialize)]
pub struct EditionPath {
    pub(super) edition: String,
}

/// Publishes an edition.
///
/// # Errors
/// [`problem::NOT_FOUND`] when there is no such cohort; [`problem::EDITION_EXISTS`];
/// [`problem::EDITION_TOO_LARGE`]; [`problem::INVALID`].
pub async fn publish_edition(
    request: HttpRequest,
    caller: Caller,
    body: JsonBody<EditionBody>,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let JsonBody { value, key } = body;
    let publishing = Box::pin(publish(&app, &request, &caller, value, key.as_ref()));
    let answer = idempotency::once(&app, &caller, key.as_ref(), publishing).await?;
    Ok(HttpResponse::Created()
        .insert_header((LOCATION, format!("/v1/editions/{}", in_path(&answer.edition))))
        .insert_header((POSITION_HEADER, answer.position.to_string()))
        .json(answer))
}

async fn publish(
    app: &App,
    request: &HttpRequest,
    caller: &Caller,
    body: EditionBody,
    key: Option<&CommandKey>,
) -> Result<PublishedAnswer, NotRecorded> {
    let tenant = caller.tenant.tenant_no;
    tables::check(&body.questions, Naming::Refused)?;
    let dates = Dates::given(body.as_of, body.known_at, body.reading, now())?;
    // Before the pass, which takes long; the log decides all the same.
    if app.log.edition(tenant, &body.edition).await?.is_some() {
        return Err(Problem::from(EditionError::AlreadyPublished).into());
    }
    let (settled, asked) = freshness::reach_log(app, request, tenant, &dates).await?;
    let position = settled.position;
    let cohort = passing::cohort(app, caller, body.cohort.as_str(), body.version).await?;
    let passing = Passing { cohort, questions: body.questions, asked, position };
    let Passed { finished, stale_cases } = pass(app, caller, &passing).await?;
    // A cohort is in the log, so the log has a last link.
    let log_hash = app.log.hash_at(tenant, position).await?;
    let log_hash = log_hash.as_ref().map(hash_text).unwrap_or_default();
    let Passing { cohort, questions, .. } = passing;
    let (id, title) = (body.edition, body.title);
    let draft =
        edition::Draft { id, title, cohort, questions, asked, position, log_hash, stale_cases };
    let programmes = app.log.programmes(tenant).await?;
    record(app, caller, edition::edition(draft, &programmes, &finished), key).await
}

async fn record(
    app: &App,
    caller: &Caller,
    publication: EditionPublished,
    key: Option<&CommandKey>,
) -> Result<PublishedAnswer, NotRecorded> {
    let (edition, result_hash) =
        (publication.edition.id.clone(), publication.edition.result_hash.clone());
    let stream = aggregate::stream_id(&edition);
    let published = Published { edition, result_hash };
    let now = now();
    let moment = Moment { event_id: EventId(Uuid::now_v7()), occurred: Occurred::at(now), now };
    let command = EditionCommand { moment, intent: PublishEdition(publication) };
    let mut meta = caller.command_meta(None);
    meta.idempotency = key.map(|key| key.remembering(&published)).transpose()?;
    let tenant = caller.tenant.tenant_no;
    let executed =
        app.log.execute::<EditionHistory>(tenant, stream, None, command, meta, None).await?;
    let Published { edition, result_hash } = published;
    Ok(PublishedAnswer { edition, result_hash, position: executed.position })
}

/// Reads which editions there are.
///
/// # Errors
/// [`problem::INVALID`] for a question that cannot be right.
pub async fn read_editions(
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
    let mut listed = app.log.editions(caller.tenant.tenant_no, before, most).await?;
    let is_more = listed.len() > limit;
    listed.truncate(limit);
    let next_before = listed.last().filter(|_| is_more).map(|last| last.position.0);
    let editions = listed.into_iter().map(EditionAnswer::from).collect();
    Ok(HttpResponse::Ok().json(EditionsAnswer { editions, next_before }))
}

impl From<ListedEdition> for EditionAnswer {
    fn from(listed: ListedEdition) -> Self {
        let ListedEdition { position, published_at, edition } = listed;
        Self {
            edition: edition.id,
            title: edition.title,
            cohort: edition.cohort.id,
            version: edition.cohort.version,
            as_of: edition.as_of,
            known_at: edition.known_at,
            reading: edition.reading.as_str(),
            read_to: edition.position,
            published_at,
            position,
            result_hash: edition.result_hash,
            stale_cases: edition.stale_cases,
        }
    }
}

/// Reads one edition: the very bytes that were recorded.
///
/// # Errors
/// [`problem::NOT_FOUND`] when there is none of this name.
pub async fn read_edition(
    path: Path<EditionPath>,
    caller: Caller,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let (text, published) = find(&app, &caller, &path.edition).await?;
    let etag = format!("\"{}\"", published.edition.result_hash);
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "application/json"))
        .insert_header((ETAG, etag))
        .body(text))
}

/// An edition: the text that was recorded, and what it says.
pub(super) async fn find(
    app: &App,
    caller: &Caller,
    name: &str,
) -> Result<(String, EditionPublished), Problem> {
    let absent = || Problem::new(problem::NOT_FOUND);
    let id: Code = name.parse().map_err(|_| absent())?;
    let stored = app.log.edition(caller.tenant.tenant_no, &id).await?.ok_or_else(absent)?;
    let event = stored.to_edition_event().map_err(|error| refusal::internal(&error))?.event;
    let EditionEvent::EditionPublished(published) = event;
    Ok((stored.data, *published))
}

//! Tables of a cohort at two dates, all in one pass. Nothing is recorded.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use throughline_domain::code::Code;
use throughline_domain::edition::publish_edition::QUESTIONS_MAX;
use throughline_domain::two_clocks::Reading;
use throughline_evaluation::tables::question::{self, Naming};
use throughline_evaluation::{Question, edition};
use utoipa::ToSchema;

use super::membership::CohortPath;
use super::passing::{self, Passed, Passing, pass};
use crate::access::Role;
use crate::answering::respond;
use crate::app::App;
use crate::body::JsonBody;
use crate::caller::Caller;
use crate::cases::command::now;
use crate::dates::Dates;
use crate::freshness::{self, Present, is_none};
use crate::problem::{self, FieldError, Problem};
use crate::schema::{self, reading};

/// Questions about a cohort.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TablesBody {
    /// The version of the cohort's definition. Default: the newest.
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

/// Tables of a cohort.
#[derive(Serialize, ToSchema)]
pub struct TablesAnswer {
    /// The cohort.
    #[schema(schema_with = schema::code)]
    cohort: Code,
    /// The version of its definition.
    version: u16,
    /// Who was in it, and each question with its table: members sorted, numbers of at most twelve
    /// significant digits.
    #[schema(schema_with = schema::cohort::results)]
    results: Value,
    /// SHA-256 over the results.
    result_hash: String,
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

/// Answers questions about a cohort.
///
/// # Errors
/// [`problem::NOT_FOUND`] when there is no such cohort; [`problem::INVALID`] for a question that
/// cannot be answered; [`problem::FORBIDDEN`] for one that names cases, of whoever may not read
/// them.
pub async fn tabulate_cohort(
    request: HttpRequest,
    path: Path<CohortPath>,
    caller: Caller,
    body: JsonBody<TablesBody>,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let TablesBody { version, questions, as_of, known_at, reading } = body.value;
    check(&questions, Naming::Allowed)?;
    check_names(&questions, &caller)?;
    let dates = Dates::given(as_of, known_at, reading, now())?;
    let (settled, asked) =
        freshness::reach_log(&app, &request, caller.tenant.tenant_no, &dates).await?;
    let cohort = passing::cohort(&app, &caller, &path.cohort, version).await?;
    let position = settled.position;
    let passing = Passing { cohort, questions, asked, position };
    let Passed { finished, stale_cases } = pass(&app, &caller, &passing).await?;
    let results = edition::results(&passing.questions, &finished);
    Ok(respond(&Present { position, asked, stale_cases }).json(TablesAnswer {
        cohort: passing.cohort.id,
        version: passing.cohort.version,
        result_hash: edition::hash(&results),
        results: results.into_value(),
        as_of: asked.as_of,
        known_at: asked.known_at,
        reading: asked.reading.as_str(),
        stale_cases,
    }))
}

/// Whether the questions are as many as may be asked at once, and each can be answered; naming cases
/// only where that may be.
pub(super) fn check(questions: &[Question], naming: Naming) -> Result<(), Problem> {
    if !(1..=QUESTIONS_MAX).contains(&questions.len()) {
        let detail = format!("has 1 to {QUESTIONS_MAX} entries");
        return Err(Problem::new(problem::INVALID).with(FieldError::at("/questions", detail)));
    }
    let wrong = question::check(questions, naming);
    if wrong.is_empty() {
        return Ok(());
    }
    let errors = wrong.into_iter().map(|wrong| FieldError::at(wrong.pointer, wrong.detail));
    Err(errors.fold(Problem::new(problem::INVALID), Problem::with))
}

/// Whether the caller may be given tables that name cases, where some of them do: who evaluates may
/// not read cases.
fn check_names(questions: &[Question], caller: &Caller) -> Result<(), Problem> {
    let may_read = matches!(caller.role, Role::TeamManager | Role::DataProtectionOfficer);
    if may_read || !questions.iter().any(Question::names_cases) {
        return Ok(());
    }
    Err(Problem::new(problem::FORBIDDEN))
}

//! How risk went, over many cases.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use jiff::Timestamp;
use serde::Serialize;
use throughline_domain::code_lists::{CaseRole, CodeList as _, RiskLevel};
use throughline_domain::programme::Programmes;
use throughline_domain::two_clocks::Asked;
use throughline_projections::Projection;
use throughline_projections::risk_trajectory::{
    self, Answer, LevelFigures, Question, Trajectories,
};
use utoipa::ToSchema;

use crate::answering::{Asking, answer, respond};
use crate::app::App;
use crate::caller::Caller;
use crate::cases::command::now;
use crate::dates::{AS_OF, Dates, KNOWN_AT, READING};
use crate::days::DaysAnswer;
use crate::freshness::{self, Present};
use crate::problem::Problem;
use crate::query::Query;
use crate::schema::{code_list, reading};

/// How risk went up to a date. Only time within an episode counts. Sums grow with `as_of`: what went
/// on between two dates is the difference of two answers.
#[derive(Serialize, ToSchema)]
pub struct TrajectoriesAnswer {
    /// The programme asked about.
    #[serde(skip_serializing_if = "Option::is_none")]
    programme: Option<String>,
    /// Cases with time in an episode.
    cases: u64,
    /// Each level, from the lowest.
    levels: Vec<LevelAnswer>,
    /// Before the first assessment.
    not_assessed: NotAssessedAnswer,
    /// Assessments after another, by the level before (rows) and the level given (columns), in the
    /// order of `levels`.
    matrix: Vec<Vec<u64>>,
    /// Assessments with a higher level than the one before.
    rises: u64,
    /// Assessments with a lower level than the one before.
    falls: u64,
    /// Assessments with the same level as the one before.
    unchanged: u64,
    /// The rule of what time counts, and what a spell and a movement are.
    rule: &'static str,
    /// The date in force: what had happened by then.
    as_of: Timestamp,
    /// The date in force: what was known by then.
    known_at: Timestamp,
    /// How corrections were read.
    #[schema(schema_with = reading)]
    reading: &'static str,
    /// How many of the tenant's cases could not be followed to their last event: they are counted as
    /// they were before it. Absent where there is none.
    #[serde(skip_serializing_if = "freshness::is_none")]
    stale_cases: u64,
}

/// What one level comes to.
#[derive(Serialize, ToSchema)]
pub struct LevelAnswer {
    /// The level.
    #[schema(schema_with = code_list::<RiskLevel>)]
    level: &'static str,
    /// Cases that were ever at it.
    cases: u64,
    /// Spells at it: time at one level without a break. An assessment that confirms the level goes
    /// on with its spell; a reopening begins another.
    spells: u64,
    /// The sum of their lengths, in days of 24 hours, rounded to a hundredth, halves up.
    person_days: f64,
    /// Those that go on.
    current: CurrentSpells,
}

/// Spells that go on at the date asked about.
#[derive(Serialize, ToSchema)]
pub struct CurrentSpells {
    /// Cases at the level.
    cases: u64,
    /// For how long they have been; null when there are none.
    days: Option<DaysAnswer>,
}

/// Time within episodes before anybody assessed the person.
#[derive(Serialize, ToSchema)]
pub struct NotAssessedAnswer {
    /// Cases with such time, be it none: the assessment came at once.
    cases: u64,
    /// The sum, in days of 24 hours, rounded to a hundredth, halves up.
    person_days: f64,
    /// Cases in an episode that are still not assessed.
    current: u64,
}

/// Reads how risk went over many cases.
///
/// # Errors
/// [`crate::problem::INVALID`] for a programme, role or area that cannot be.
pub async fn read_risk_trajectories(
    request: HttpRequest,
    caller: Caller,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let known = ["programme", "role", "area", AS_OF, KNOWN_AT, READING];
    let query = Query::read(&request, &known)?;
    let dates = Dates::read(&query, now())?;
    let programmes = app.log.programmes(caller.tenant.tenant_no).await?;
    let question = question(&query, &programmes)?;
    let asking = Asking {
        app: &app,
        request: &request,
        caller: &caller,
        dates: &dates,
        projection: Projection::RiskTrajectory,
    };
    let of = |as_of| Question { as_of, ..question };
    let (figures, present) = answer(
        asking,
        async |client, place, as_of| risk_trajectory::read(client, place, of(as_of)).await,
        |asked| Answer::new(of(asked.as_of)),
        |answer, case_id, history, asked, _| {
            for stretch in risk_trajectory::fold(case_id, history, asked) {
                answer.take(&stretch);
            }
        },
        |answer, _| answer.finish(),
    )
    .await?;
    let Present { asked, stale_cases, .. } = present;
    Ok(respond(&present)
        .json(TrajectoriesAnswer { stale_cases, ..render(question, &figures, &asked) }))
}

fn question<'q>(query: &'q Query, known: &Programmes) -> Result<Question<'q>, Problem> {
    query.code("area")?;
    let (programme, role) = (query.programme(known)?, query.listed::<CaseRole>("role")?);
    // The date in force takes its place.
    Ok(Question { programme, role, area: query.text("area"), as_of: now() })
}

fn render(question: Question<'_>, figures: &Trajectories, asked: &Asked) -> TrajectoriesAnswer {
    let not_assessed = &figures.not_assessed;
    TrajectoriesAnswer {
        programme: question.programme.map(str::to_owned),
        cases: figures.cases,
        levels: figures.levels.iter().map(LevelAnswer::from).collect(),
        not_assessed: NotAssessedAnswer {
            cases: not_assessed.cases,
            person_days: not_assessed.time.as_f64(),
            current: not_assessed.current,
        },
        matrix: figures.matrix.iter().map(|row| row.to_vec()).collect(),
        rises: figures.rises(),
        falls: figures.falls(),
        unchanged: figures.unchanged(),
        rule: risk_trajectory::RULE,
        as_of: asked.as_of,
        known_at: asked.known_at,
        reading: asked.reading.as_str(),
        stale_cases: 0,
    }
}

impl From<&LevelFigures> for LevelAnswer {
    fn from(figures: &LevelFigures) -> Self {
        Self {
            level: figures.level.as_str(),
            cases: figures.cases,
            spells: figures.spells,
            person_days: figures.time.as_f64(),
            current: CurrentSpells {
                cases: figures.current,
                days: figures.current_length.map(DaysAnswer::from),
            },
        }
    }
}

//! How a measure changed between two stages, over a programme's cases.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use jiff::Timestamp;
use serde::Serialize;
use throughline_domain::code_lists::{CaseRole, CodeList as _};
use throughline_domain::programme::Programmes;
use throughline_domain::two_clocks::Asked;
use throughline_projections::Projection;
use throughline_projections::outcome_snapshot::{
    self, Answer, MissingCounts, OutcomeTable, Question,
};
use utoipa::ToSchema;

use crate::answering::{Asking, answer, respond};
use crate::app::App;
use crate::caller::Caller;
use crate::cases::command::now;
use crate::dates::{AS_OF, Dates, KNOWN_AT, READING};
use crate::freshness::{self, Present};
use crate::problem::Problem;
use crate::query::{Query, invalid};
use crate::schema::reading;

/// An outcome table: each case's value at one stage beside its value at another.
#[derive(Serialize, ToSchema)]
pub struct OutcomesAnswer {
    /// The programme.
    programme: String,
    /// The measure: a key of recorded values, or `risk_level`.
    measure: String,
    /// The earlier stage.
    from: String,
    /// The later stage.
    to: String,
    /// The instruments that the values come from.
    instruments: Vec<String>,
    /// The cohort: every case of the programme whose referral was accepted.
    cases: u64,
    /// Cases with a value at both stages.
    pairs: u64,
    /// Cases without.
    missing: u64,
    /// Why values are missing, at either stage.
    missing_by_kind: MissingByKind,
    /// The levels, in the order of the matrix.
    levels: Vec<String>,
    /// Pairs by level at `from` (rows) and at `to` (columns).
    matrix: Vec<Vec<u64>>,
    /// Level by level, how many of the pairs were there before and after.
    changes: Vec<LevelChange>,
    /// Any use at all against none, of the pairs.
    any_use: AnyUse,
    /// The test of those who stopped against those who began.
    mcnemar: McNemar,
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

/// Why values are missing, at either stage.
#[derive(Serialize, ToSchema)]
pub struct MissingByKind {
    /// At the earlier stage.
    from: Missing,
    /// At the later stage.
    to: Missing,
}

/// How many values are missing, by reason.
#[derive(Serialize, ToSchema)]
pub struct Missing {
    /// Nobody asked.
    not_asked: u64,
    /// The person did not want to say.
    declined: u64,
    /// The person did not know.
    unknown_to_client: u64,
    /// It was not safe to ask.
    unsafe_to_ask: u64,
    /// Nothing was recorded at this stage at all.
    not_recorded: u64,
}

/// How many of the pairs were at a level, before and after.
#[derive(Serialize, ToSchema)]
pub struct LevelChange {
    /// The level.
    level: String,
    /// Pairs at this level at the earlier stage.
    from: u64,
    /// Pairs at this level at the later stage.
    to: u64,
    /// Of the number before; null where that is none.
    percent_change: Option<f64>,
}

/// Any use at all against none: of the pairs.
#[derive(Serialize, ToSchema)]
pub struct AnyUse {
    /// All pairs.
    pairs: u64,
    /// Any use at the earlier stage.
    used_from: u64,
    /// Any use at the later stage.
    used_to: u64,
    /// Use before, none after.
    stopped: u64,
    /// None before, use after.
    began: u64,
    /// Use before and after.
    both: u64,
    /// None before or after.
    neither: u64,
}

/// The exact two-sided `McNemar` test of those who stopped against those who began.
#[derive(Serialize, ToSchema)]
pub struct McNemar {
    /// Use before, none after.
    stopped: u64,
    /// None before, use after.
    began: u64,
    /// Two-sided, from the binomial distribution of the pairs that changed.
    p_exact_two_sided: f64,
}

/// Reads an outcome table.
///
/// # Errors
/// [`crate::problem::INVALID`] for a programme, role or measure that cannot be.
pub async fn read_outcomes(
    request: HttpRequest,
    caller: Caller,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let known = [
        "programme",
        "measure",
        "from",
        "to",
        "instrument",
        "role",
        "area",
        AS_OF,
        KNOWN_AT,
        READING,
    ];
    let query = Query::read(&request, &known)?;
    let dates = Dates::read(&query, now())?;
    let programmes = app.log.programmes(caller.tenant.tenant_no).await?;
    let question = question(&query, &programmes)?;
    let asking = Asking {
        app: &app,
        request: &request,
        caller: &caller,
        dates: &dates,
        projection: Projection::OutcomeSnapshot,
    };
    let (table, present) = answer(
        asking,
        async |client, place, _| outcome_snapshot::read(client, place, question).await,
        |_| Answer::new(question),
        |answer, _, history, asked, _| answer.take(history, asked),
        |answer, _| answer.finish(),
    )
    .await?;
    let Present { asked, stale_cases, .. } = present;
    Ok(respond(&present).json(OutcomesAnswer { stale_cases, ..render(question, table, &asked) }))
}

fn question<'q>(query: &'q Query, known: &Programmes) -> Result<Question<'q>, Problem> {
    for name in ["measure", "from", "to", "instrument", "area"] {
        query.code(name)?;
    }
    let programme = query.required("programme")?;
    query.programme(known)?;
    let role = match query.text("role") {
        None => None,
        Some(text) => {
            Some(CaseRole::from_code(text).ok_or_else(|| invalid("role", "is not a role"))?)
        }
    };
    Ok(Question {
        programme,
        measure: query.required("measure")?,
        from: query.text("from").unwrap_or("intake"),
        to: query.text("to").unwrap_or("exit"),
        instrument: query.text("instrument"),
        role,
        area: query.text("area"),
    })
}

fn render(question: Question<'_>, table: OutcomeTable, asked: &Asked) -> OutcomesAnswer {
    let any_use = table.any_use;
    OutcomesAnswer {
        programme: question.programme.to_owned(),
        measure: question.measure.to_owned(),
        from: question.from.to_owned(),
        to: question.to.to_owned(),
        instruments: table.instruments.iter().map(ToString::to_string).collect(),
        cases: table.cases,
        pairs: table.pairs,
        missing: table.missing,
        missing_by_kind: MissingByKind {
            from: table.missing_from.into(),
            to: table.missing_to.into(),
        },
        levels: table.levels,
        matrix: table.matrix,
        changes: table
            .changes
            .into_iter()
            .map(|change| LevelChange {
                level: change.level,
                from: change.from,
                to: change.to,
                percent_change: change.percent,
            })
            .collect(),
        mcnemar: McNemar {
            stopped: any_use.stopped,
            began: any_use.began,
            p_exact_two_sided: table.mcnemar_exact_p,
        },
        any_use: AnyUse {
            pairs: table.pairs,
            used_from: any_use.used_from,
            used_to: any_use.used_to,
            stopped: any_use.stopped,
            began: any_use.began,
            both: any_use.both,
            neither: any_use.neither,
        },
        as_of: asked.as_of,
        known_at: asked.known_at,
        reading: asked.reading.as_str(),
        stale_cases: 0,
    }
}

impl From<MissingCounts> for Missing {
    fn from(counts: MissingCounts) -> Self {
        let MissingCounts { not_asked, declined, unknown_to_client, unsafe_to_ask, not_recorded } =
            counts;
        Self { not_asked, declined, unknown_to_client, unsafe_to_ask, not_recorded }
    }
}

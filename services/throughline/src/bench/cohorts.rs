//! Every table of a cohort at two dates in the past, computed in one pass over a whole history.

use std::time::Instant;

use anyhow::{Context as _, ensure};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use throughline_domain::cohort::Cohort;
use throughline_domain::two_clocks::{Asked, Reading};
use throughline_evaluation::Question;
use throughline_log::{EventLog, TenantNo};

use super::closed_loop::Window;
use super::report::{Figure, Outcome, Target};
use super::statistics::to_f64;
use super::turns::in_turns;
use super::{Bench, bare, loaded, replays};
use crate::commands::evaluating::{Passing, pass};
use crate::commands::serve::CONNECTIONS_MAX;

/// Measures the pass in turns with COPY out of the same table, and a replay beside them.
///
/// # Errors
/// When a pass fails or the server refuses.
pub(super) async fn measure(bench: &mut Bench<'_>, name: &'static str) -> anyhow::Result<Outcome> {
    let events = bench.settings.events;
    let place = bench.place("cohort").await?;
    let log = place.log(CONNECTIONS_MAX)?;
    let tenant = loaded::load_every_kind(&log, &place, "cohort", events).await?;
    bench.databases.settle().await;
    // What neither is measured on: both find the table in memory as far as it goes there.
    bare::copy_out(&place).await?;
    let cases = evaluate(&log, tenant).await?;
    let mut replayed = Vec::new();
    let turns = in_turns(
        bench.settings.rounds,
        async || Ok(Window { per_second: bare::copy_out(&place).await?, ..Window::default() }),
        async || {
            let began = Instant::now();
            ensure!(evaluate(&log, tenant).await? == cases, "a pass is not the same again");
            let passed = began.elapsed().as_secs_f64();
            let began = Instant::now();
            replays::replay(&log, tenant).await?;
            replayed.push(passed / began.elapsed().as_secs_f64());
            Ok(Window { per_second: to_f64(events) / passed, ..Window::default() })
        },
    )
    .await?;
    let rates = |windows: &[Window]| windows.iter().map(|w| w.per_second).collect::<Vec<_>>();
    let copy_out = Figure::of("rows/s", &rates(&turns.bare));
    Ok(Outcome::new(name, Figure::of("events/s", &rates(&turns.ours)))
        .beside("copy_out", &copy_out, &turns.ratios())
        .held_to(Target::RatioAtLeast, 0.35)
        .with("events", to_f64(events))
        .with("cases", to_f64(cases))
        .with("tables", to_f64(u64::try_from(questions()?.len())?))
        .with("times_a_replay", Figure::of("", &replayed).median()))
}

/// Makes the pass, and gives how many cases were in the cohort.
async fn evaluate(log: &EventLog, tenant: TenantNo) -> anyhow::Result<u64> {
    let head = log.head(tenant).await?;
    let cohort: Cohort = serde_json::from_value(json!({
        "id": "bench", "version": 1, "title": "Bench", "programme": "drive",
        "statuses": ["accepted", "open", "closed"],
    }))?;
    let questions = questions()?;
    // The history ends with the present and is two years long: both dates lie within it.
    let months_ago = |months: i64| Timestamp::now() - SignedDuration::from_hours(24 * 30 * months);
    let asked =
        Asked { as_of: months_ago(2), known_at: months_ago(1), reading: Reading::Effective };
    let passing =
        Passing { cohort: &cohort, questions: &questions, asked, position: head.position };
    let finished = pass(log, tenant, passing).await?;
    ensure!(finished.tables.len() == questions.len(), "a table is missing");
    Ok(finished.counts.cases)
}

/// One question of every kind.
fn questions() -> anyhow::Result<Vec<Question>> {
    let questions: Value = json!([
        {"table": "referrals", "by": "source"},
        {"table": "attrition"},
        {"table": "waiting", "by": "role"},
        {"table": "rule", "rule": "mrp-engagement/1"},
        {"table": "agreement", "first": "mrp-engagement/1", "second": "police-engagement/1"},
        {"table": "contacts"},
        {"table": "agency_work"},
        {"table": "support"},
        {"table": "skills"},
        {"table": "needs"},
        {"table": "combinations", "measures": ["physical", "sexual"], "stage": "intake"},
        {"table": "contact_holds"},
        {"table": "protective_orders"},
        {"table": "child_protection"},
        {"table": "completeness", "measures": ["physical", "sexual"], "stages": ["intake", "exit"]},
        {"table": "incidents", "months_before": 12, "months_after": 12, "step_months": 1},
        {"table": "incidents_per_case"},
        {"table": "trajectory"},
        {"table": "risk_over_time", "months": 24},
        {"table": "outcome", "measure": "physical", "from": "intake", "to": "exit", "by": "arm"},
        {"table": "scores", "measure": "incidents_12_months", "by": "arm"},
    ]);
    serde_json::from_value(questions).context("the questions are those of this program")
}

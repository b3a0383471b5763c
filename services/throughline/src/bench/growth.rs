//! Whether an append takes longer the more there is.
//!
//! The long and the short history are in databases of their own: in one table, both would be found
//! through the same indexes, and the short one would pay for the long one.

use throughline_log::{EventLog, TenantNo};

use super::commands::Worker;
use super::report::{Figure, Outcome, Target};
use super::statistics::to_f64;
use super::turns::call_in_turns;
use super::{Bench, loaded};
use crate::commands::serve::CONNECTIONS_MAX;

/// How many callers append.
const CALLERS: usize = 32;
/// The cases of the histories are told apart from those that are appended.
const FIRST_SEED: u64 = 1 << 32;

/// Commands on a long history in turns with the same on a short one.
///
/// # Errors
/// When a command is refused.
pub(super) async fn measure(bench: &mut Bench<'_>, name: &'static str) -> anyhow::Result<Outcome> {
    let (events, growth_events) = (bench.settings.events, bench.settings.growth_events);
    let short = bench.history().await?;
    let place = bench.databases.create("growth").await?;
    let log = place.log(CONNECTIONS_MAX)?;
    let tenant = loaded::load(&log, &place, "growth", growth_events).await?;
    let (on_short, on_long) = (live(&short.log, short.tenant).await?, live(&log, tenant).await?);
    bench.databases.settle().await;
    let turns = call_in_turns(bench.settings, on_short, on_long).await?;
    log.drain().await;
    let rounds = turns.ours.iter().zip(&turns.bare);
    // A round in which nothing was answered has no median.
    let medians: Vec<(f64, f64)> = rounds
        .filter_map(|(long, short)| Some((long.percentile_us(50)?, short.percentile_us(50)?)))
        .collect();
    let (long_us, short_us): (Vec<f64>, Vec<f64>) = medians.iter().copied().unzip();
    let ratios: Vec<f64> = medians.iter().map(|(long, short)| long / short).collect();
    let figure = Figure::of("us", &long_us).with_percentiles(&turns.ours);
    Ok(Outcome::new(name, figure)
        .beside("short_history", &Figure::of("us", &short_us), &ratios)
        .held_to(Target::RatioAtMost, 1.5)
        .with("events", to_f64(events))
        .with("growth_events", to_f64(growth_events))
        .with("callers", super::commands::count(CALLERS)))
}

async fn live(log: &EventLog, tenant: TenantNo) -> anyhow::Result<Vec<Worker>> {
    log.go_live(tenant).await?;
    Worker::many(log, tenant, CALLERS, FIRST_SEED)
}

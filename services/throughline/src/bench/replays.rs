//! Replaying a whole history, and how much memory that takes.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Instant;

use anyhow::ensure;
use throughline_domain::two_clocks::Asked;
use throughline_log::{EventLog, TenantNo};

use super::closed_loop::Window;
use super::report::{Figure, Outcome, Target};
use super::statistics::to_f64;
use super::turns::in_turns;
use super::{Bench, bare, child};
use crate::replay::{self, Question};

/// COPY in is there to be known, and need not be as long as the history.
const COPY_IN_ROWS_MAX: u64 = 200_000;
/// How often a replay's memory is measured: it hardly varies.
const MEMORY_ROUNDS_MAX: usize = 3;

/// Reads, decodes and folds every case of a tenant, as `throughline replay` does; gives the events.
///
/// # Errors
/// When the log cannot be read.
pub(crate) async fn replay(log: &EventLog, tenant: TenantNo) -> anyhow::Result<u64> {
    let head = log.head(tenant).await?;
    let question = Question { tenant, head, programme: None, asked: Asked::LATEST };
    let folded = replay::fold(log, question, Arc::new(AtomicU64::new(0))).await?;
    Ok(folded.events)
}

/// Replay in turns with COPY out of the same table, and COPY in beside them.
///
/// # Errors
/// When a replay fails or the server refuses.
pub(super) async fn measure(bench: &mut Bench<'_>, name: &'static str) -> anyhow::Result<Outcome> {
    let history = bench.history().await?;
    let (place, log, tenant) = (&history.place, &history.log, history.tenant);
    let events = bench.settings.events;
    bench.databases.settle().await;
    // What neither is measured on: both find the table in memory as far as it goes there.
    bare::copy_out(place).await?;
    timed(log, tenant, events).await?;
    let turns = in_turns(
        bench.settings.rounds,
        async || Ok(Window { per_second: bare::copy_out(place).await?, ..Window::default() }),
        async || timed(log, tenant, events).await,
    )
    .await?;
    let mut copied_in = Vec::new();
    for _ in 0..bench.settings.rounds {
        copied_in.push(bare::copy_in(place, events.min(COPY_IN_ROWS_MAX)).await?);
    }
    let rates = |windows: &[Window]| windows.iter().map(|w| w.per_second).collect::<Vec<_>>();
    let copy_out = Figure::of("rows/s", &rates(&turns.bare));
    let outcome = Outcome::new(name, Figure::of("events/s", &rates(&turns.ours)))
        .beside("copy_out", &copy_out, &turns.ratios())
        .held_to(Target::RatioAtLeast, 0.7)
        .with("events", to_f64(events));
    bench.bare.insert("copy_out".to_owned(), copy_out);
    bench.bare.insert("copy_in".to_owned(), Figure::of("rows/s", &copied_in));
    Ok(outcome)
}

async fn timed(log: &EventLog, tenant: TenantNo, events: u64) -> anyhow::Result<Window> {
    let began = Instant::now();
    let read = replay(log, tenant).await?;
    let took = began.elapsed();
    ensure!(read == events, "a replay of {events} events read {read}");
    Ok(Window { per_second: to_f64(read) / took.as_secs_f64(), ..Window::default() })
}

/// The memory of a replay in a process of its own, where nothing else counts.
///
/// # Errors
/// When the process fails.
pub(super) async fn measure_memory(
    bench: &mut Bench<'_>,
    name: &'static str,
) -> anyhow::Result<Outcome> {
    let history = bench.history().await?;
    let events = bench.settings.events;
    let mut mib = Vec::new();
    for _ in 0..bench.settings.rounds.min(MEMORY_ROUNDS_MAX) {
        let replayed = child::run(&history.place.url, history.tenant, child::Work::Replay).await?;
        ensure!(replayed.events == events, "a replay of {events} read {}", replayed.events);
        mib.push(replayed.resident_mib_max());
    }
    let figure = Figure::of("MiB", &mib);
    let outcome = Outcome::new(name, figure).held_to(Target::MedianAtMost, 512.0);
    Ok(outcome.with("events", to_f64(events)))
}

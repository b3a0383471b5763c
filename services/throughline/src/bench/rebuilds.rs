//! Rebuilding a read model of a whole history: how fast, in how much memory, and what commands that
//! are recorded meanwhile feel of it.

use std::time::Instant;

use anyhow::ensure;
use deadpool_postgres::Pool;
use throughline_log::{EventLog, TenantNo};
use throughline_projections::Projection;
use throughline_projector::{Phase, RebuildSettings, Rebuilder, request_rebuild};
use tokio_util::sync::CancellationToken;

use super::closed_loop::{Stretch, Window};
use super::commands::count;
use super::lag::{Following, Told};
use super::report::{Figure, Outcome, Target};
use super::statistics::{Spread, to_f64};
use super::turns::in_turns;
use super::{Bench, Loaded, bare, child, loaded, paced};
use crate::commands::serve::{CONNECTIONS_MAX, PROJECTOR_CONNECTIONS_MAX};

/// The read model that is rebuilt.
const PROJECTION: Projection = Projection::Caseload;
/// What a rebuild is asked for as.
const REQUESTED_BY: &str = "bench";
/// How often a rebuild's memory is measured: it hardly varies.
const MEMORY_ROUNDS_MAX: usize = 3;
/// Commands beside a rebuild: what several busy services record together.
const PER_SECOND: u32 = 500;
const CALLERS: usize = 32;
/// The cases of the history are told apart from those that are recorded.
const FIRST_SEED: u64 = 1 << 32;
/// For how many windows the same is measured without a rebuild, which takes about as long.
const QUIET_WINDOWS: u32 = 4;

/// Rebuilds a tenant's read model to the switch; gives the events that it was folded from.
///
/// # Errors
/// When it ends in anything but the switch.
pub(crate) async fn rebuild(log: &EventLog, pool: &Pool, tenant: TenantNo) -> anyhow::Result<u64> {
    let client = pool.get().await?;
    let asked = request_rebuild(&client, tenant, PROJECTION, false, REQUESTED_BY).await?;
    drop(client);
    let rebuilder = Rebuilder::new(log.clone(), pool.clone(), RebuildSettings::default());
    let done = rebuilder.work_on(tenant, asked.operation_id, CancellationToken::new()).await?;
    let class = done.error_class.as_deref().unwrap_or("none");
    ensure!(done.phase == Phase::Switched, "a rebuild ended {}: {class}", done.phase.as_str());
    Ok(u64::try_from(done.events_done)?)
}

/// Rebuilds, compared and switched, in turns with COPY out of the same log.
///
/// # Errors
/// When a rebuild fails or the server refuses.
pub(super) async fn measure(bench: &mut Bench<'_>, name: &'static str) -> anyhow::Result<Outcome> {
    let history = bench.history().await?;
    let pool = history.place.pool(PROJECTOR_CONNECTIONS_MAX)?;
    let events = bench.settings.events;
    bench.databases.settle().await;
    // What neither is measured on. The first rebuild has no live build to be compared with.
    bare::copy_out(&history.place).await?;
    timed(&history, &pool, events).await?;
    let turns = in_turns(
        bench.settings.rounds,
        async || {
            Ok(Window { per_second: bare::copy_out(&history.place).await?, ..Window::default() })
        },
        async || timed(&history, &pool, events).await,
    )
    .await?;
    let rates = |windows: &[Window]| windows.iter().map(|w| w.per_second).collect::<Vec<_>>();
    let copy_out = Figure::of("rows/s", &rates(&turns.bare));
    let outcome = Outcome::new(name, Figure::of("events/s", &rates(&turns.ours)))
        .beside("copy_out", &copy_out, &turns.ratios())
        .held_to(Target::RatioAtLeast, 0.35)
        .with("events", to_f64(events));
    bench.bare.entry("copy_out".to_owned()).or_insert(copy_out);
    Ok(outcome)
}

async fn timed(history: &Loaded, pool: &Pool, events: u64) -> anyhow::Result<Window> {
    let began = Instant::now();
    let folded = rebuild(&history.log, pool, history.tenant).await?;
    let took = began.elapsed();
    ensure!(folded >= events, "a rebuild of {events} events folded {folded}");
    Ok(Window { per_second: to_f64(events) / took.as_secs_f64(), ..Window::default() })
}

/// The memory of a rebuild in a process of its own, where nothing else counts.
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
        let rebuilt = child::run(&history.place.url, history.tenant, child::Work::Rebuild).await?;
        ensure!(rebuilt.events >= events, "a rebuild of {events} folded {}", rebuilt.events);
        mib.push(rebuilt.resident_mib_max());
    }
    let outcome = Outcome::new(name, Figure::of("MiB", &mib)).held_to(Target::MedianAtMost, 512.0);
    Ok(outcome.with("events", to_f64(events)))
}

/// Commands at a steady rate into a tenant from the request of a rebuild to its switch, in turns with
/// the same while there is no rebuild: the 99th percentiles beside each other.
///
/// # Errors
/// When a command is refused, or a rebuild fails.
pub(super) async fn measure_beside_commands(
    bench: &mut Bench<'_>,
    name: &'static str,
) -> anyhow::Result<Outcome> {
    let place = bench.databases.create("rebuilt").await?;
    let log = place.log(CONNECTIONS_MAX)?;
    let tenant = loaded::load(&log, &place, "rebuilt", bench.settings.events).await?;
    let pool = place.pool(PROJECTOR_CONNECTIONS_MAX)?;
    // As an operator would find it: projected, by a rebuild, and followed.
    for _ in 0..2 {
        rebuild(&log, &pool, tenant).await?;
    }
    log.go_live(tenant).await?;
    let following = Following::start(&place, &log)?;
    let mut workers = Told::many(&log, tenant, CALLERS, FIRST_SEED, &following)?;
    bench.databases.settle().await;
    let Stretch { warm_up, window } = bench.settings.stretch;
    let quiet = warm_up + window * QUIET_WINDOWS;
    let (mut without, mut beside, mut took) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..bench.settings.rounds {
        let during = async {
            tokio::time::sleep(quiet).await;
            Ok(())
        };
        let (back, window, ()) = paced::run(workers, PER_SECOND, warm_up, during).await?;
        without.push(window);
        let during = async {
            tokio::time::sleep(warm_up).await;
            let began = Instant::now();
            Box::pin(rebuild(&log, &pool, tenant)).await?;
            Ok(began.elapsed().as_secs_f64())
        };
        let (back, window, seconds) = paced::run(back, PER_SECOND, warm_up, during).await?;
        beside.push(window);
        took.push(seconds);
        workers = back;
    }
    drop(following);
    log.drain().await;
    let p99 = |windows: &[Window]| -> Vec<f64> {
        windows.iter().filter_map(|window| window.percentile_us(99)).collect()
    };
    let (without_us, beside_us) = (p99(&without), p99(&beside));
    let ratios: Vec<f64> = beside_us.iter().zip(&without_us).map(|(b, w)| b / w).collect();
    let figure = Figure::of("us", &beside_us).with_percentiles(&beside);
    Ok(Outcome::new(name, figure)
        .beside("no_rebuild", &Figure::of("us", &without_us), &ratios)
        .held_to(Target::RatioAtMost, 1.25)
        .with("callers", count(CALLERS))
        .with("commands_per_second", f64::from(PER_SECOND))
        .with("events", to_f64(bench.settings.events))
        .with("rebuild_seconds", Spread::of(&took).map_or(0.0, |spread| spread.median)))
}

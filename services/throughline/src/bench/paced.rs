//! Callers at a steady rate, for a stretch of time.
//!
//! A call is due when its turn comes, whether the one before was answered or not: time that a slow
//! answer makes others wait counts as theirs.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use tokio::task::JoinSet;
use tokio::time::sleep_until;

use super::closed_loop::{Caller, Stretch, Window};
use super::cpu::CpuClock;
use super::statistics::to_f64;

/// Lets callers take turns so that together they call `per_second` times, and gives them back with
/// what was measured: from when a call was due until it was answered.
///
/// # Errors
/// The first call that fails.
pub(super) async fn run<C: Caller>(
    callers: Vec<C>,
    per_second: u32,
    stretch: Stretch,
) -> anyhow::Result<(Vec<C>, Window)> {
    let clock = CpuClock::start();
    let count = u32::try_from(callers.len()).context("too many callers")?;
    let step = Duration::from_secs(1) / per_second.max(1);
    let start = Instant::now() + stretch.warm_up;
    let end = start + stretch.window;
    let mut calling = JoinSet::new();
    for (caller, place) in callers.into_iter().zip(0..) {
        let first = Instant::now() + step * place;
        calling.spawn(call_until(caller, Turns { next: first, every: step * count, start, end }));
    }
    let (mut callers, mut nanos) = (Vec::new(), Vec::new());
    while let Some(ended) = calling.join_next().await {
        let (caller, measured) = ended.context("a caller ended early")??;
        callers.push(caller);
        nanos.extend(measured);
    }
    let calls = u64::try_from(nanos.len()).unwrap_or(u64::MAX);
    let per_second = to_f64(calls) / stretch.window.as_secs_f64();
    Ok((callers, Window { per_second, nanos, cpu_share: clock.share() }))
}

/// When one caller is due.
struct Turns {
    next: Instant,
    every: Duration,
    /// From when on calls are measured, and until when they are made.
    start: Instant,
    end: Instant,
}

async fn call_until<C: Caller>(mut caller: C, turns: Turns) -> anyhow::Result<(C, Vec<u64>)> {
    let mut nanos = Vec::new();
    let mut due = turns.next;
    while due < turns.end {
        sleep_until(due.into()).await;
        caller.call().await?;
        if due >= turns.start {
            nanos.push(u64::try_from(due.elapsed().as_nanos()).unwrap_or(u64::MAX));
        }
        due += turns.every;
    }
    Ok((caller, nanos))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Slow;

    impl Caller for Slow {
        async fn call(&mut self) -> anyhow::Result<()> {
            tokio::time::sleep(Duration::from_millis(30)).await;
            Ok(())
        }
    }

    #[tokio::test]
    async fn a_call_that_waits_for_a_slow_one_is_measured_from_when_it_was_due() {
        let stretch = Stretch { warm_up: Duration::ZERO, window: Duration::from_millis(100) };
        let (callers, window) = run(vec![Slow], 100, stretch).await.unwrap();
        assert_eq!(callers.len(), 1);
        assert_eq!(window.nanos.len(), 10, "every call that was due was made");
        // The tenth was due after 90 ms and answered after 300.
        assert!(window.nanos.iter().max().unwrap() >= &200_000_000, "{:?}", window.nanos);
    }
}

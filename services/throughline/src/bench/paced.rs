//! Callers at a steady rate, for a stretch of time.
//!
//! A call is due when its turn comes, whether the one before was answered or not: time that a slow
//! answer makes others wait counts as theirs.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use tokio::task::JoinSet;
use tokio::time::sleep_until;
use tokio_util::sync::CancellationToken;

use super::closed_loop::{Caller, Window};
use super::cpu::CpuClock;
use super::statistics::to_f64;

/// Lets callers take turns so that together they call `per_second` times, until `during` is over,
/// and gives them back with what came of `during` and what was measured: from when a call was due
/// until it was answered. Calls that were due in the first `warm_up` are not measured.
///
/// # Errors
/// The first call that fails, or `during`.
pub(super) async fn run<C: Caller, T>(
    callers: Vec<C>,
    per_second: u32,
    warm_up: Duration,
    during: impl Future<Output = anyhow::Result<T>>,
) -> anyhow::Result<(Vec<C>, Window, T)> {
    let clock = CpuClock::start();
    let count = u32::try_from(callers.len()).context("too many callers")?;
    let step = Duration::from_secs(1) / per_second.max(1);
    let began = Instant::now();
    let over = CancellationToken::new();
    let mut calling = JoinSet::new();
    for (caller, place) in callers.into_iter().zip(0..) {
        let turns = Turns {
            next: began + step * place,
            every: step * count,
            measured_from: began + warm_up,
            over: over.clone(),
        };
        calling.spawn(call_until(caller, turns));
    }
    let came = during.await;
    over.cancel();
    let took = began.elapsed().saturating_sub(warm_up).as_secs_f64();
    let (mut callers, mut nanos) = (Vec::new(), Vec::new());
    while let Some(ended) = calling.join_next().await {
        let (caller, measured) = ended.context("a caller ended early")??;
        callers.push(caller);
        nanos.extend(measured);
    }
    let calls = u64::try_from(nanos.len()).unwrap_or(u64::MAX);
    let per_second = to_f64(calls) / took;
    Ok((callers, Window { per_second, nanos, cpu_share: clock.share() }, came?))
}

/// When one caller is due.
struct Turns {
    next: Instant,
    every: Duration,
    measured_from: Instant,
    over: CancellationToken,
}

async fn call_until<C: Caller>(mut caller: C, turns: Turns) -> anyhow::Result<(C, Vec<u64>)> {
    let mut nanos = Vec::new();
    let mut due = turns.next;
    loop {
        tokio::select! {
            () = turns.over.cancelled() => return Ok((caller, nanos)),
            () = sleep_until(due.into()) => {}
        }
        caller.call().await?;
        if due >= turns.measured_from {
            nanos.push(u64::try_from(due.elapsed().as_nanos()).unwrap_or(u64::MAX));
        }
        due += turns.every;
    }
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
        let during = async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            Ok("over")
        };
        let ran = run(vec![Slow], 100, Duration::ZERO, during).await;
        let (callers, window, came) = ran.unwrap();
        assert_eq!((callers.len(), came), (1, "over"));
        // Each is answered 30 ms after it was sent, and 20 ms later after it was due than the last.
        let rises = window.nanos.windows(2).all(|pair| pair[1] > pair[0]);
        assert!(window.nanos.len() > 2 && rises, "{:?}", window.nanos);
    }
}

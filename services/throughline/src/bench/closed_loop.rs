//! Callers that each wait for their answer before they call again, for a stretch of time.

use std::future::Future;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use tokio::task::JoinSet;

use super::cpu::CpuClock;
use super::statistics::{Latencies, to_f64};

/// Someone who calls, again and again.
pub(super) trait Caller: Send + 'static {
    /// One call, from sending to the answer.
    ///
    /// # Errors
    /// Any answer but the one hoped for: what is refused is no figure.
    fn call(&mut self) -> impl Future<Output = anyhow::Result<()>> + Send;
}

/// For how long callers call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stretch {
    /// Not measured: caches fill, and every caller gets into step.
    pub(crate) warm_up: Duration,
    /// Measured.
    pub(crate) window: Duration,
}

/// What was measured in one window.
#[derive(Clone, Debug, Default)]
pub(super) struct Window {
    /// Calls answered a second.
    pub(super) per_second: f64,
    /// How long each of them took, in nanoseconds.
    pub(super) nanos: Vec<u64>,
    /// The share of the machine that this process took, warming up included.
    pub(super) cpu_share: f64,
}

impl Window {
    /// As [`Latencies::percentile_us`].
    pub(super) fn percentile_us(&self, percent: usize) -> Option<f64> {
        Latencies::of(self.nanos.iter().copied()).percentile_us(percent)
    }
}

/// Lets every caller call at once, and gives them back with what was measured.
///
/// A call counts in the window in which it is answered. Dropping the future ends all of them.
///
/// # Errors
/// The first call that fails.
pub(super) async fn run<C: Caller>(
    callers: Vec<C>,
    stretch: Stretch,
) -> anyhow::Result<(Vec<C>, Window)> {
    let clock = CpuClock::start();
    let start = Instant::now() + stretch.warm_up;
    let end = start + stretch.window;
    let mut calling = JoinSet::new();
    for caller in callers {
        calling.spawn(call_until(caller, start, end));
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

async fn call_until<C: Caller>(
    mut caller: C,
    start: Instant,
    end: Instant,
) -> anyhow::Result<(C, Vec<u64>)> {
    let mut nanos = Vec::new();
    let mut sent = Instant::now();
    while sent < end {
        caller.call().await?;
        let answered = Instant::now();
        if start <= answered && answered < end {
            nanos.push(u64::try_from((answered - sent).as_nanos()).unwrap_or(u64::MAX));
        }
        sent = answered;
    }
    Ok((caller, nanos))
}

#[cfg(test)]
mod tests {
    use anyhow::bail;

    use super::*;

    const STRETCH: Stretch =
        Stretch { warm_up: Duration::from_millis(20), window: Duration::from_millis(50) };

    struct Counting {
        calls: u64,
        calls_max: u64,
    }

    impl Caller for Counting {
        async fn call(&mut self) -> anyhow::Result<()> {
            tokio::time::sleep(Duration::from_millis(1)).await;
            self.calls += 1;
            if self.calls > self.calls_max {
                bail!("no more");
            }
            Ok(())
        }
    }

    #[tokio::test]
    async fn what_is_counted_was_called_after_the_warm_up() {
        let callers = vec![Counting { calls: 0, calls_max: u64::MAX }];
        let (callers, window) = run(callers, STRETCH).await.unwrap();
        let counted = u64::try_from(window.nanos.len()).unwrap();
        assert!(counted < callers[0].calls, "{counted} of {}", callers[0].calls);
        assert!((window.per_second - to_f64(counted) / 0.05).abs() < 1e-6);
    }

    #[tokio::test]
    async fn a_call_that_fails_ends_it() {
        let callers = vec![Counting { calls: 0, calls_max: 0 }];
        let failed = run(callers, STRETCH).await.err().unwrap();
        assert_eq!(failed.to_string(), "no more");
    }
}

//! How much of the machine this process takes.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

use super::conditions::cores;
use super::statistics::to_f64;

/// The processor time of this process, from a moment on.
pub(super) struct CpuClock {
    began: Instant,
    used: Duration,
}

impl CpuClock {
    pub(super) fn start() -> Self {
        Self { began: Instant::now(), used: used() }
    }

    /// The share of all cores together: 1 when nothing else could run.
    pub(super) fn share(&self) -> f64 {
        let cores = to_f64(u64::try_from(cores()).unwrap_or(1));
        used().saturating_sub(self.used).as_secs_f64()
            / (self.began.elapsed().as_secs_f64() * cores)
    }
}

fn used() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ProcessCPUTime)).unwrap_or_default()
}

//! Progress on a terminal; nothing where there is none.

use std::io::{self, IsTerminal};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

const DRAW_INTERVAL: Duration = Duration::from_millis(100);

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Bytes of a file.
    Bytes,
    /// Events of a log.
    Events,
    /// Cases of a tenant.
    Cases,
}

/// A bar on standard error that follows a counter, until it is dropped.
#[derive(Debug)]
pub(crate) struct Progress {
    bar: ProgressBar,
    follower: tokio::task::JoinHandle<()>,
}

impl Progress {
    /// Follows `count` up to `total`, if that is known.
    pub(crate) fn follow(
        unit: Unit,
        total: Option<u64>,
        count: impl Fn() -> u64 + Send + 'static,
    ) -> Self {
        let target = if io::stderr().is_terminal() {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(total, target).with_style(style(unit, total));
        let shown = bar.clone();
        let follower = tokio::spawn(async move {
            loop {
                shown.set_position(count());
                tokio::time::sleep(DRAW_INTERVAL).await;
            }
        });
        Self { bar, follower }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.follower.abort();
        self.bar.finish_and_clear();
    }
}

fn style(unit: Unit, total: Option<u64>) -> ProgressStyle {
    let template = match (unit, total) {
        (Unit::Bytes, Some(_)) => {
            "{bar:30} {bytes}/{total_bytes} ({bytes_per_sec}), {eta} remaining"
        }
        (Unit::Bytes, None) => "{spinner} {bytes} ({bytes_per_sec})",
        (Unit::Events, Some(_)) => {
            "{bar:30} {human_pos}/{human_len} events ({per_sec}), {eta} remaining"
        }
        (Unit::Cases, Some(_)) => {
            "{bar:30} {human_pos}/{human_len} cases ({per_sec}), {eta} remaining"
        }
        (Unit::Cases, None) => "{spinner} {human_pos} cases ({per_sec})",
        (Unit::Events, None) => "{spinner} {human_pos} events ({per_sec})",
    };
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// A count with its thousands set apart, as in `1,234,567`.
pub(crate) fn grouped(count: u64) -> String {
    indicatif::HumanCount(count).to_string()
}

/// How many a second, in whole numbers.
pub(crate) fn per_second(count: u64, took: Duration) -> u64 {
    let millis = took.as_millis().max(1);
    u64::try_from(u128::from(count) * 1000 / millis).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_style_is_well_formed() {
        for unit in [Unit::Bytes, Unit::Events, Unit::Cases] {
            for total in [None, Some(1)] {
                let _ = style(unit, total);
            }
        }
        assert!(ProgressStyle::with_template("{bar:30} {eta}").is_ok());
    }

    #[test]
    fn a_rate_is_per_second() {
        assert_eq!(per_second(1500, Duration::from_millis(500)), 3000);
        assert_eq!(per_second(5, Duration::ZERO), 5000);
        assert_eq!(grouped(1_234_567), "1,234,567");
    }
}

//! What a run is told, by the environment.

use std::env;
use std::time::Duration;

/// How one run goes.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// Repeats the choices of a run.
    pub(crate) seed: u64,
    /// The run goes on until this many processes were killed.
    pub(crate) kills_min: u32,
    /// And until this long has passed.
    pub(crate) lasts_min: Duration,
    /// Callers at the same time.
    pub(crate) clients: usize,
    /// Whether a command that got no answer is sent again, under its `Idempotency-Key`, until it
    /// has one.
    pub(crate) retry: bool,
}

/// Whether commands are sent again where the environment does not say.
const RETRY: bool = true;
/// The kills of the short form, which every run of the tests makes.
const KILLS: u32 = 10;

impl Settings {
    pub(crate) fn read() -> Self {
        let number = |name: &str| {
            let text = env::var(format!("THROUGHLINE_TORTURE_{name}")).ok()?;
            Some(text.parse::<u64>().unwrap_or_else(|_| panic!("{name} is a number")))
        };
        let any = || uuid::Uuid::new_v4().as_u64_pair().0 >> 32;
        Self {
            seed: number("SEED").unwrap_or_else(any),
            kills_min: number("KILLS").map_or(KILLS, |kills| kills.try_into().unwrap()),
            lasts_min: Duration::from_mins(number("MINUTES").unwrap_or(0)),
            clients: number("CLIENTS").map_or(16, |clients| clients.try_into().unwrap()),
            retry: number("RETRY").map_or(RETRY, |retry| retry != 0),
        }
    }
}

//! `throughline bench`.

use std::io::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::builder::PossibleValuesParser;
use clap::value_parser;

use super::database::{Database, DatabaseArguments};
use super::serve::StopSignals;
use crate::bench::{self, Databases, Report, Settings, Stretch, WORKLOADS};

/// What a shell makes of an interruption.
const INTERRUPTED: u8 = 130;
/// A fifth of a window is spent on warming up before it, but no more than this.
const WARM_UP_PER_WINDOW: u32 = 5;
const WARM_UP_MAX: Duration = Duration::from_secs(1);
/// How much longer the long history of `growth` is than the short one, if nothing else is said.
const GROWTH: u64 = 5;

/// What `bench` is told.
#[derive(Debug, clap::Args)]
pub(crate) struct BenchArguments {
    /// Print one JSON document on standard output, and nothing else there.
    #[arg(long)]
    pub(crate) json: bool,

    /// Measure this and not everything; may be given several times.
    #[arg(long, value_name = "NAME", value_parser = names())]
    pub(crate) workload: Vec<String>,

    /// How often each workload is measured, in turns with the bare database.
    #[arg(long, value_name = "COUNT", default_value_t = 5, value_parser = value_parser!(u16).range(1..=1000))]
    pub(crate) rounds: u16,

    /// How long a round is measured at a time.
    #[arg(long, value_name = "SECONDS", default_value_t = 3.0, value_parser = seconds)]
    pub(crate) seconds: f64,

    /// Events of the history that is replayed.
    #[arg(long, value_name = "COUNT", default_value_t = 1_000_000, value_parser = value_parser!(u64).range(1..=1_000_000_000))]
    pub(crate) events: u64,

    /// Events of the history that appends are compared on with that one. Five times as many when
    /// absent; the design's target is about fifty times.
    #[arg(long, value_name = "COUNT", value_parser = value_parser!(u64).range(1..=1_000_000_000))]
    pub(crate) growth_events: Option<u64>,

    /// Exit with 1 when a target does not hold.
    #[arg(long)]
    pub(crate) strict: bool,

    #[command(flatten)]
    pub(crate) database: DatabaseArguments,
}

fn names() -> PossibleValuesParser {
    PossibleValuesParser::new(WORKLOADS.map(|(name, _)| name))
}

fn seconds(text: &str) -> Result<f64, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    let is_possible = (0.05..=3600.0).contains(&seconds);
    if is_possible { Ok(seconds) } else { Err("from 0.05 to 3600".to_owned()) }
}

/// Measures, prints the figures, and drops the databases it made, also when it is interrupted.
///
/// # Errors
/// When something that is measured does not work, or a database cannot be dropped.
pub(crate) async fn run(arguments: BenchArguments) -> anyhow::Result<ExitCode> {
    // Before anything is made that must be dropped.
    let mut stop = StopSignals::listen().context("could not listen for signals")?;
    let database = Database::open(&arguments.database).await?;
    let outcome = on_server(&arguments, &database, &mut stop).await;
    let closed = database.close().await;
    let Some(report) = outcome? else { return Ok(INTERRUPTED.into()) };
    closed?;
    let text = if arguments.json { report.to_json()? } else { report.to_table() };
    writeln!(std::io::stdout().lock(), "{text}").context("could not write the figures")?;
    let failed = arguments.strict && !report.holds();
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// `None` when it was interrupted.
async fn on_server(
    arguments: &BenchArguments,
    database: &Database,
    stop: &mut StopSignals,
) -> anyhow::Result<Option<Report>> {
    let databases = Databases::open(database.owner_url()).await?;
    let settings = arguments.settings();
    let outcome = tokio::select! {
        outcome = bench::run(&databases, &settings) => outcome.map(Some),
        () = stop.next() => Ok(None),
    };
    let dropped = databases.drop_all().await;
    if let (Err(_), Err(left)) = (&outcome, &dropped) {
        eprintln!("{left:#}");
    }
    let report = outcome?;
    dropped?;
    Ok(report)
}

impl BenchArguments {
    fn settings(&self) -> Settings {
        let window = Duration::from_secs_f64(self.seconds);
        let warm_up = (window / WARM_UP_PER_WINDOW).min(WARM_UP_MAX);
        Settings {
            names: self.workload.clone(),
            rounds: self.rounds.into(),
            stretch: Stretch { warm_up, window },
            events: self.events,
            growth_events: self.growth_events.unwrap_or(self.events.saturating_mul(GROWTH)),
        }
    }
}

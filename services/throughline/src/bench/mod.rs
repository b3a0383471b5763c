//! How fast the log is, measured beside what the same database server does without it.
//!
//! Every figure that has a bare counterpart is measured in turns with it, in one run on one server,
//! because a figure alone says more about the machine than about the program (ADR 0016).
//!
//! Deliberately absent: any judgement in the exit code unless it is
//! asked for: on a machine that does other work, a figure that does not hold proves nothing.

mod bare;
mod casework;
mod child;
mod closed_loop;
mod cohorts;
mod commands;
mod conditions;
mod cpu;
mod databases;
mod every_kind;
mod growth;
mod lag;
mod loaded;
mod over_http;
mod paced;
mod rebuilds;
mod replays;
mod report;
mod statistics;
mod turns;
mod two_dates;

use std::collections::BTreeMap;
use std::sync::Arc;

use throughline_log::{EventLog, TenantNo};

use self::conditions::Conditions;
use self::databases::Place;
use self::report::{Figure, Outcome};
use crate::commands::serve::CONNECTIONS_MAX;

pub(crate) use self::child::{Done, Work, resident_kib_max};
pub(crate) use self::closed_loop::Stretch;
pub(crate) use self::databases::Databases;
pub(crate) use self::rebuilds::rebuild;
pub(crate) use self::replays::replay;
pub(crate) use self::report::Report;

/// What is measured, in the order in which it is.
pub(crate) const WORKLOADS: [(&str, Workload); 15] = [
    ("commands_1", Workload::Commands(1)),
    ("commands_8", Workload::Commands(8)),
    ("commands_32", Workload::Commands(32)),
    ("commands_128", Workload::Commands(128)),
    ("commands_512", Workload::Commands(512)),
    ("http_128", Workload::Http(128)),
    ("case_two_dates", Workload::CaseTwoDates),
    ("projection_lag", Workload::ProjectionLag),
    ("replay", Workload::Replay),
    ("replay_memory", Workload::ReplayMemory),
    ("cohort", Workload::Cohort),
    ("rebuild", Workload::Rebuild),
    ("rebuild_memory", Workload::RebuildMemory),
    ("commands_during_rebuild", Workload::CommandsDuringRebuild),
    // Last: it appends to the history that the others replay.
    ("growth", Workload::Growth),
];

/// One thing to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Workload {
    /// Commands of so many callers.
    Commands(usize),
    /// Commands over so many connections.
    Http(usize),
    /// One case at two dates.
    CaseTwoDates,
    /// How far the read models trail commands at a steady rate.
    ProjectionLag,
    /// A replay of a whole history.
    Replay,
    /// The memory of one.
    ReplayMemory,
    /// Every table of a cohort at two dates.
    Cohort,
    /// A rebuild of a read model from a whole history.
    Rebuild,
    /// The memory of one.
    RebuildMemory,
    /// Commands while there is one beside commands while there is none.
    CommandsDuringRebuild,
    /// Appends to a long history beside appends to a short one.
    Growth,
}

/// What a run is told.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// Names out of [`WORKLOADS`]; all of them when empty.
    pub(crate) names: Vec<String>,
    /// How often each is measured.
    pub(crate) rounds: usize,
    /// For how long at a time.
    pub(crate) stretch: Stretch,
    /// How long the history is that is replayed.
    pub(crate) events: u64,
    /// How long the history is that appends are compared on with that one.
    pub(crate) growth_events: u64,
}

/// A run.
struct Bench<'a> {
    databases: &'a Databases,
    settings: &'a Settings,
    /// The most connections for a bare figure.
    connections_spare: usize,
    /// Bare figures that were measured on the way.
    bare: BTreeMap<String, Figure>,
    places: BTreeMap<&'static str, Place>,
    history: Option<Arc<Loaded>>,
}

/// A tenant with a history, and a log on its database.
struct Loaded {
    place: Place,
    log: EventLog,
    tenant: TenantNo,
}

/// Measures what the settings name.
///
/// Dropping the future ends the measurement; the databases remain, to be dropped by
/// [`Databases::drop_all`].
///
/// # Errors
/// The first thing that does not work: a run has every figure or none.
pub(crate) async fn run(databases: &Databases, settings: &Settings) -> anyhow::Result<Report> {
    let conditions = Conditions::read(databases.server(), settings).await?;
    let mut bench = Bench {
        databases,
        settings,
        connections_spare: conditions.connections_spare(),
        bare: BTreeMap::new(),
        places: BTreeMap::new(),
        history: None,
    };
    let mut outcomes = Vec::new();
    for (name, workload) in WORKLOADS {
        if settings.names.is_empty() || settings.names.iter().any(|chosen| chosen == name) {
            say(&format!("measuring {name}"));
            outcomes.push(Box::pin(bench.measure(name, workload)).await?);
        }
    }
    Ok(Report { workloads: outcomes, bare: bench.bare, conditions })
}

impl Bench<'_> {
    async fn measure(&mut self, name: &'static str, workload: Workload) -> anyhow::Result<Outcome> {
        match workload {
            Workload::Commands(callers) => commands::measure(self, name, callers).await,
            Workload::Http(connections) => over_http::measure(self, name, connections).await,
            Workload::CaseTwoDates => two_dates::measure(self, name).await,
            Workload::ProjectionLag => lag::measure(self, name).await,
            Workload::Replay => replays::measure(self, name).await,
            Workload::ReplayMemory => replays::measure_memory(self, name).await,
            Workload::Cohort => cohorts::measure(self, name).await,
            Workload::Rebuild => rebuilds::measure(self, name).await,
            Workload::RebuildMemory => rebuilds::measure_memory(self, name).await,
            Workload::CommandsDuringRebuild => rebuilds::measure_beside_commands(self, name).await,
            Workload::Growth => growth::measure(self, name).await,
        }
    }

    /// The database for a purpose, made when it is first wanted.
    async fn place(&mut self, purpose: &'static str) -> anyhow::Result<Place> {
        if let Some(place) = self.places.get(purpose) {
            return Ok(place.clone());
        }
        let place = self.databases.create(purpose).await?;
        self.places.insert(purpose, place.clone());
        Ok(place)
    }

    /// The history that is replayed, loaded when it is first wanted into a database of its own.
    async fn history(&mut self) -> anyhow::Result<Arc<Loaded>> {
        if let Some(history) = &self.history {
            return Ok(Arc::clone(history));
        }
        let place = self.place("history").await?;
        let log = place.log(CONNECTIONS_MAX)?;
        let tenant = loaded::load(&log, &place, "history", self.settings.events).await?;
        let history = Arc::new(Loaded { place, log, tenant });
        self.history = Some(Arc::clone(&history));
        Ok(history)
    }
}

/// Progress goes to standard error: standard output holds the figures alone.
fn say(line: &str) {
    eprintln!("{line}");
}

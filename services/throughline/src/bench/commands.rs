//! Durable commands through the log's own interface: load, decide, append, hash, commit.

use std::sync::Arc;

use anyhow::Context as _;
use jiff::Timestamp;
use throughline_domain::case::{Case, CaseCommand, Moment};
use throughline_domain::ids::{EventId, Position};
use throughline_domain::time::{Occurred, to_microseconds};
use throughline_log::{CommandMeta, EventLog, TenantNo, TenantState};
use uuid::Uuid;

use super::Bench;
use super::bare::inserters;
use super::casework::Casework;
use super::closed_loop::Caller;
use super::databases::Place;
use super::report::{Figure, Outcome, Target};
use super::turns::{Turns, call_in_turns};
use crate::commands::serve::CONNECTIONS_MAX;

/// The unit of every figure here.
pub(super) const UNIT: &str = "commands/s";
/// The bare INSERT has as many callers as the workload, up to this: each needs a connection.
const INSERTERS_MAX: usize = 128;
/// What has more callers, or other ones, the design compares with the bare INSERT at this many.
pub(super) const INSERTERS_COMPARED: usize = 32;

/// A caseworker: a case of their own, fact after fact, then the next case.
pub(super) struct Worker {
    log: EventLog,
    tenant: TenantNo,
    casework: Casework,
    actor: Arc<str>,
}

impl Worker {
    /// Workers of a tenant, each with cases that no other of the run has.
    ///
    /// # Errors
    /// Those of [`Casework::new`].
    pub(super) fn many(
        log: &EventLog,
        tenant: TenantNo,
        count: usize,
        first_seed: u64,
    ) -> anyhow::Result<Vec<Self>> {
        let worker = |seed| {
            Ok(Self {
                log: log.clone(),
                tenant,
                casework: Casework::new(seed)?,
                actor: format!("worker-{seed}").into(),
            })
        };
        (first_seed..).take(count).map(worker).collect()
    }

    /// Records the next step; gives its position.
    ///
    /// # Errors
    /// When the command is refused.
    pub(super) async fn record(&mut self) -> anyhow::Result<Position> {
        let step = self.casework.next();
        let now = to_microseconds(Timestamp::now());
        let event_id = EventId(Uuid::now_v7());
        let moment = Moment { event_id, occurred: Occurred::at(now), now };
        let command = CaseCommand { moment, intent: step.intent };
        // As over REST: a step of the lifecycle names the version that was seen, a fact does not.
        let expected = (step.version.0 == 1).then_some(step.version);
        let meta = meta(&self.actor);
        let executed =
            self.log.execute::<Case>(self.tenant, step.case.0, expected, command, meta, None);
        Ok(executed.await.context("a command was refused")?.position)
    }
}

impl Caller for Worker {
    async fn call(&mut self) -> anyhow::Result<()> {
        self.record().await?;
        Ok(())
    }
}

/// Who writes, as the REST interface says it.
pub(super) fn meta(actor: &str) -> CommandMeta {
    let command_id = Uuid::now_v7();
    CommandMeta {
        actor: actor.to_owned(),
        actor_role: "caseworker".to_owned(),
        source_organisation: None,
        command_id,
        correlation_id: command_id,
        causation_id: None,
        traceparent: None,
        idempotency: None,
    }
}

/// Commands of `callers` at once into one tenant, in turns with the bare INSERT.
///
/// # Errors
/// When a command or the server is refused.
pub(super) async fn measure(
    bench: &mut Bench<'_>,
    name: &'static str,
    callers: usize,
) -> anyhow::Result<Outcome> {
    let place = bench.place("commands").await?;
    let log = place.log(CONNECTIONS_MAX)?;
    let tenant = log.create_tenant(&format!("commands-{callers}"), TenantState::Live).await?;
    let workers = Worker::many(&log, tenant.tenant_no, callers, 1)?;
    let inserting = compared(callers).min(bench.connections_spare);
    let turns = beside_inserts(bench, &place, inserting, workers).await?;
    log.drain().await;
    let insert = format!("insert_{inserting}");
    let outcome = outcome(bench, name, &insert, &turns)
        .with("callers", count(callers))
        .with("program_cpu_share", turns.cpu_share());
    Ok(match callers {
        32 => outcome.held_to(Target::RatioAtLeast, 1.2),
        512 => outcome.held_to(Target::RatioAtLeast, 3.0),
        _ => outcome,
    })
}

/// How many inserters stand beside so many callers.
fn compared(callers: usize) -> usize {
    if callers > INSERTERS_MAX { INSERTERS_COMPARED } else { callers }
}

/// Lets callers and inserters call in turns.
///
/// # Errors
/// The first call that fails.
pub(super) async fn beside_inserts<C: Caller>(
    bench: &Bench<'_>,
    place: &Place,
    inserting: usize,
    callers: Vec<C>,
) -> anyhow::Result<Turns> {
    let inserters = inserters(place, inserting).await?;
    bench.databases.settle().await;
    call_in_turns(bench.settings, inserters, callers).await
}

/// The figure of commands beside that of the inserts, which is kept as a bare figure too.
pub(super) fn outcome(
    bench: &mut Bench<'_>,
    name: &'static str,
    insert: &str,
    turns: &Turns,
) -> Outcome {
    let bare = Figure::of_windows("rows/s", &turns.bare);
    let outcome = Outcome::new(name, Figure::of_windows(UNIT, &turns.ours));
    let outcome = outcome.beside(insert, &bare, &turns.ratios());
    bench.bare.entry(insert.to_owned()).or_insert(bare);
    outcome
}

/// A number of callers, as a figure.
pub(super) fn count(callers: usize) -> f64 {
    super::statistics::to_f64(u64::try_from(callers).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_inserters_are_as_many_as_the_callers_while_the_server_has_room() {
        assert_eq!([1, 32, 128, 512].map(compared), [1, 32, 128, 32]);
    }
}

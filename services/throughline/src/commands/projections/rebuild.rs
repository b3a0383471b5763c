//! `throughline projections rebuild`.

use std::pin::pin;

use serde_json::json;
use throughline_api::projections::operations::OperationAnswer;
use throughline_domain::code::Code;
use throughline_log::Tenant;
use throughline_projections::Projection;
use throughline_projector::operator::{Act, Action};
use throughline_projector::{
    Phase, Rebuild, RebuildError, RebuildSettings, Rebuilder, find_rebuild, request_rebuild,
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::cancel::{NotCalledOff, call_off};
use super::watch::Watch;
use super::{
    ActingArguments, DIFFERS, NOT_DONE, REFUSED, named_or_all, projection, shown, tenants,
};
use crate::commands::progress::grouped;
use crate::commands::with_log::{
    Asked, INTERRUPTED, OpenLog, Sealed, Signals, with_log_and_signals,
};

/// What `projections rebuild` is told.
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own on the command line")]
pub(crate) struct RebuildArguments {
    /// Projections to rebuild, one after the other.
    #[arg(value_name = "NAME", value_parser = projection(), required_unless_present = "all")]
    names: Vec<Projection>,

    /// Every projection.
    #[arg(long, conflicts_with = "names")]
    all: bool,

    /// Tenant whose rows are made again; may be given several times.
    #[arg(long = "tenant", value_name = "TENANT", required_unless_present = "all_tenants")]
    tenants: Vec<Code>,

    /// Every tenant.
    #[arg(long, conflicts_with = "tenants")]
    all_tenants: bool,

    /// Stop after the comparison: readers stay where they are, and the new rows are dropped.
    #[arg(long)]
    dry_run: bool,

    /// Ask for the rebuilds and leave the work to the services.
    #[arg(long)]
    detach: bool,

    /// How many parts of a log are folded at a time while nothing is recorded.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=3))]
    workers: Option<u8>,

    /// Print a JSON object for each rebuild.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    acting: ActingArguments,
}

/// Rebuilds, one after the other, until one is interrupted.
pub(super) async fn run(arguments: RebuildArguments) -> anyhow::Result<u8> {
    let database = &arguments.acting.database;
    with_log_and_signals(database, Sealed::Untouched, async |open: OpenLog, mut signals| {
        let mut code = 0;
        for tenant in tenants(&open, &arguments.tenants).await? {
            for projection in named_or_all(&arguments.names) {
                let job = Job { open: &open, arguments: &arguments, tenant: &tenant, projection };
                let outcome = job.run(&mut signals).await?;
                // The gravest of all: what could not be done before what differs.
                code = code.max(outcome);
                if outcome == INTERRUPTED {
                    return Ok(code);
                }
            }
        }
        Ok(code)
    })
    .await
}

/// One rebuild that this command sees to.
struct Job<'a> {
    open: &'a OpenLog,
    arguments: &'a RebuildArguments,
    tenant: &'a Tenant,
    projection: Projection,
}

/// A rebuild that was asked for, by this command or before.
struct Requested {
    operation_id: Uuid,
    is_joined: bool,
}

impl Job<'_> {
    async fn run(&self, signals: &mut Signals) -> anyhow::Result<u8> {
        loop {
            let requested = self.request().await?;
            if self.arguments.detach {
                let rebuild = self.find(requested.operation_id).await?;
                self.print(&rebuild, requested.is_joined);
                return Ok(0);
            }
            let Some(rebuild) = self.work(&requested, signals).await? else {
                return Ok(INTERRUPTED);
            };
            self.print(&rebuild, requested.is_joined);
            // Somebody's dry run was in the way: now it is this one's turn.
            if rebuild.phase == Phase::Compared && !self.arguments.dry_run {
                continue;
            }
            return Ok(code(&rebuild));
        }
    }

    /// Asks for the rebuild, or finds the one that is under way.
    async fn request(&self) -> anyhow::Result<Requested> {
        let (tenant, projection) = (self.tenant.tenant_no, self.projection);
        let is_dry_run = self.arguments.dry_run;
        let by = self.arguments.acting.operator(tenant);
        let action = if is_dry_run { Action::DryRun } else { Action::Rebuild };
        let mut client = self.open.log.pool().get().await?;
        let requested = by
            .act(&mut client, Act::on(action, Some(projection)), async |client, act| {
                let asked = request_rebuild(client, tenant, projection, is_dry_run, &by.actor);
                let rebuild = asked.await?;
                (act.build, act.operation_id) = (Some(rebuild.build), Some(rebuild.operation_id));
                Ok::<_, RebuildError>(rebuild.operation_id)
            })
            .await;
        match requested {
            Ok(operation_id) => Ok(Requested { operation_id, is_joined: false }),
            Err(RebuildError::AlreadyUnderWay { operation_id }) => {
                let name = self.name();
                eprintln!("{name}: joining rebuild {operation_id}, which is under way");
                Ok(Requested { operation_id, is_joined: true })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Works on the rebuild, or watches whoever does, until it is over; `None` when it is left to
    /// others.
    async fn work(
        &self,
        requested: &Requested,
        signals: &mut Signals,
    ) -> anyhow::Result<Option<Rebuild>> {
        let (log, pool) = (&self.open.log, self.open.log.pool());
        let (tenant, operation_id) = (self.tenant.tenant_no, requested.operation_id);
        let mut settings = RebuildSettings::default();
        if let Some(workers) = self.arguments.workers {
            settings.workers = workers.into();
        }
        let rebuilder = Rebuilder::new(log.clone(), pool.clone(), settings);
        let stop = CancellationToken::new();
        let watch = Watch::follow(pool, tenant, operation_id, self.name());
        let mut work = pin!(rebuilder.work_on(tenant, operation_id, stop.clone()));
        let mut is_called_off = requested.is_joined;
        let rebuild = loop {
            let asked = tokio::select! {
                rebuild = &mut work => break rebuild?,
                asked = signals.next() => asked,
            };
            if asked == Asked::Interrupt && !is_called_off {
                watch.say("calling the rebuild off; once more to leave it to whoever takes it up");
                self.call_off(operation_id).await?;
                is_called_off = true;
            } else {
                stop.cancel();
            }
        };
        drop(watch);
        if rebuild.phase.is_over() {
            return Ok(Some(rebuild));
        }
        let (name, phase) = (self.name(), rebuild.phase.as_str());
        eprintln!(
            "{name}: rebuild {operation_id} is left in phase {phase}: a service or the same command \
             goes on with it, `throughline projections cancel` calls it off"
        );
        Ok(None)
    }

    async fn call_off(&self, operation_id: Uuid) -> anyhow::Result<()> {
        let by = self.arguments.acting.operator(self.tenant.tenant_no);
        let rebuild = self.find(operation_id).await?;
        let mut client = self.open.log.pool().get().await?;
        match call_off(&mut client, &by, (&rebuild).into()).await {
            // Then this command is about to say what came of it.
            Ok(()) | Err(NotCalledOff::IsOver) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    async fn find(&self, operation_id: Uuid) -> anyhow::Result<Rebuild> {
        let client = self.open.log.pool().get().await?;
        let found = find_rebuild(&client, self.tenant.tenant_no, operation_id).await?;
        Ok(found.ok_or(RebuildError::NoSuchRebuild { operation_id })?)
    }

    fn name(&self) -> String {
        format!("{} {}", self.tenant.name, self.projection.name())
    }

    fn print(&self, rebuild: &Rebuild, is_joined: bool) {
        if self.arguments.json {
            let operation = OperationAnswer::of(rebuild, jiff::Timestamp::now());
            let mut told = json!({"tenant": self.tenant.name, "joined": is_joined});
            if let (Some(told), Ok(serde_json::Value::Object(operation))) =
                (told.as_object_mut(), serde_json::to_value(operation))
            {
                told.extend(operation);
            }
            println!("{told}");
        } else {
            println!("{}: {}", self.name(), outcome(rebuild));
        }
    }
}

/// What came of a rebuild, or how far it is.
fn outcome(rebuild: &Rebuild) -> String {
    let Rebuild { operation_id, build, .. } = rebuild;
    let mut text = match rebuild.phase {
        Phase::Switched => format!("build {build} is live: {}", effort(rebuild)),
        Phase::Compared => format!("a dry run: build {build} is dropped: {}", effort(rebuild)),
        Phase::Cancelled => format!("rebuild {operation_id} was called off"),
        Phase::Failed => {
            let class = rebuild.error_class.as_deref().unwrap_or("unknown");
            format!("rebuild {operation_id} failed ({class}); readers stay where they were")
        }
        phase @ (Phase::Queued
        | Phase::Folding
        | Phase::Indexing
        | Phase::CatchingUp
        | Phase::Comparing) => {
            format!("rebuild {operation_id} of build {build}: {}", phase.as_str())
        }
    };
    if let Some(comparison) = &rebuild.comparison {
        text.push('\n');
        text.push_str(&shown::comparison(comparison));
        if let Some(live) = &comparison.live {
            text.push_str("\nbefore: ");
            text.push_str(&shown::comparison(live));
        }
    }
    text
}

#[expect(clippy::cast_precision_loss, reason = "a rate is an estimate")]
fn effort(rebuild: &Rebuild) -> String {
    let took = rebuild.finished_at.zip(rebuild.started_at);
    let seconds = took.map_or(0.0, |(end, start)| end.duration_since(start).as_secs_f64());
    let events = rebuild.events_done.unsigned_abs();
    let rate = events as f64 / seconds.max(0.001);
    format!(
        "{} events into {} rows in {seconds:.1} s ({rate:.0} events/s)",
        grouped(events),
        grouped(rebuild.rows_written.unsigned_abs()),
    )
}

fn code(rebuild: &Rebuild) -> u8 {
    let live = rebuild.comparison.as_ref().and_then(|found| found.live.as_ref());
    match rebuild.phase {
        Phase::Compared if live.is_some_and(|live| !live.is_equal()) => DIFFERS,
        Phase::Switched | Phase::Compared => 0,
        Phase::Cancelled => REFUSED,
        Phase::Failed
        | Phase::Queued
        | Phase::Folding
        | Phase::Indexing
        | Phase::CatchingUp
        | Phase::Comparing => NOT_DONE,
    }
}

//! How long after a command was answered its event is in every read model.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use throughline_domain::ids::Position;
use throughline_log::{DatabaseError, EventLog, TenantNo, TenantState};
use throughline_projections::Projection;
use throughline_projector::{Projector, Settings};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_postgres::Client;
use tokio_util::sync::CancellationToken;

use super::closed_loop::{Caller, Stretch, Window};
use super::commands::{UNIT, Worker, count};
use super::databases::Place;
use super::report::{Figure, Outcome, Target};
use super::{Bench, paced};
use crate::commands::serve::{CONNECTIONS_MAX, PROJECTOR_CONNECTIONS_MAX};

/// What the design asks about.
const PER_SECOND: u32 = 2_000;
const CALLERS: usize = 64;
/// How often the checkpoints are looked at: no lag is known more exactly.
const LOOK_EVERY: Duration = Duration::from_millis(2);
/// How long after the last command the read models may take.
const CATCH_UP_MAX: Duration = Duration::from_mins(1);

/// A projector that follows the log as that of the service does, until it is dropped.
pub(super) struct Following {
    projector: Projector,
    stop: CancellationToken,
}

impl Following {
    /// Starts it on the log's database.
    ///
    /// # Errors
    /// When the connections cannot be set up.
    pub(super) fn start(place: &Place, log: &EventLog) -> anyhow::Result<Self> {
        let pool = place.pool(PROJECTOR_CONNECTIONS_MAX)?;
        let projector = Projector::new(log.clone(), pool, Settings::default());
        let stop = CancellationToken::new();
        let (running, until) = (projector.clone(), stop.clone());
        tokio::spawn(async move { running.run(until).await });
        Ok(Self { projector, stop })
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// A worker whose projector is told of every command, as that of the service is.
pub(super) struct Told {
    worker: Worker,
    projector: Projector,
    /// Where what was answered goes, with when.
    answered: Option<mpsc::UnboundedSender<(Instant, Position)>>,
}

impl Told {
    /// Workers of a tenant, none of whose cases another has.
    ///
    /// # Errors
    /// Those of [`Worker::many`].
    pub(super) fn many(
        log: &EventLog,
        tenant: TenantNo,
        callers: usize,
        first_seed: u64,
        following: &Following,
    ) -> anyhow::Result<Vec<Self>> {
        let workers = Worker::many(log, tenant, callers, first_seed)?;
        let projector = &following.projector;
        let told = |worker| Self { worker, projector: projector.clone(), answered: None };
        Ok(workers.into_iter().map(told).collect())
    }
}

impl Caller for Told {
    async fn call(&mut self) -> anyhow::Result<()> {
        let position = self.worker.record().await?;
        self.projector.wake();
        if let Some(answered) = &self.answered {
            answered.send((Instant::now(), position)).context("nobody looks any more")?;
        }
        Ok(())
    }
}

/// Commands at a steady rate, and how long after each the last read model has it.
///
/// # Errors
/// When a command is refused, or a read model does not come.
pub(super) async fn measure(bench: &mut Bench<'_>, name: &'static str) -> anyhow::Result<Outcome> {
    let place = bench.place("commands").await?;
    let log = place.log(CONNECTIONS_MAX)?;
    let tenant = log.create_tenant("projected", TenantState::Live).await?.tenant_no;
    let following = Following::start(&place, &log)?;
    let mut workers = Told::many(&log, tenant, CALLERS, 1, &following)?;
    let client = Arc::new(place.connect().await?);
    bench.databases.settle().await;
    let mut windows = Vec::new();
    for _ in 0..bench.settings.rounds {
        let (sender, receiver) = mpsc::unbounded_channel();
        for worker in &mut workers {
            worker.answered = Some(sender.clone());
        }
        drop(sender);
        let watching = watch(Arc::clone(&client), tenant, receiver);
        let Stretch { warm_up, window } = bench.settings.stretch;
        let during = async {
            tokio::time::sleep(warm_up + window).await;
            Ok(())
        };
        let ran = paced::run(workers, PER_SECOND, warm_up, during).await;
        let (mut back, window, ()) = ran?;
        for worker in &mut back {
            worker.answered = None;
        }
        workers = back;
        let nanos = watching.await.context("nobody looked to the end")??;
        windows.push(Window { nanos, ..window });
    }
    drop(following);
    log.drain().await;
    Ok(Outcome::new(name, Figure::of_windows(UNIT, &windows))
        .held_to(Target::P99UsAtMost, 250_000.0)
        .with("callers", count(CALLERS))
        .with("commands_per_second", f64::from(PER_SECOND))
        .with("projections", count(Projection::ALL.len())))
}

/// Looks at the checkpoints until all that was answered is in every read model; gives how long
/// each command took to get there, from its answer.
fn watch(
    client: Arc<Client>,
    tenant: TenantNo,
    mut answered: mpsc::UnboundedReceiver<(Instant, Position)>,
) -> JoinHandle<anyhow::Result<Vec<u64>>> {
    tokio::spawn(async move {
        let (mut waiting, mut nanos) = (Vec::new(), Vec::new());
        let mut last_answer = Instant::now();
        loop {
            let is_over = drain(&mut answered, &mut waiting);
            if !is_over {
                last_answer = Instant::now();
            }
            let reached = reached(&client, tenant).await?;
            let seen = Instant::now();
            waiting.retain(|(at, position): &(Instant, Position)| {
                let is_there = *position <= reached;
                if is_there {
                    let took = seen.saturating_duration_since(*at);
                    nanos.push(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX));
                }
                !is_there
            });
            if is_over && waiting.is_empty() {
                return Ok(nanos);
            }
            ensure!(last_answer.elapsed() < CATCH_UP_MAX, "a read model does not catch up");
            tokio::time::sleep(LOOK_EVERY).await;
        }
    })
}

/// Takes in what was answered; whether nothing more will come.
fn drain(
    answered: &mut mpsc::UnboundedReceiver<(Instant, Position)>,
    waiting: &mut Vec<(Instant, Position)>,
) -> bool {
    loop {
        match answered.try_recv() {
            Ok(one) => waiting.push(one),
            Err(mpsc::error::TryRecvError::Empty) => return false,
            Err(mpsc::error::TryRecvError::Disconnected) => return true,
        }
    }
}

/// How far the read model is that trails most; 0 while one has not begun.
async fn reached(client: &Client, tenant: TenantNo) -> anyhow::Result<Position> {
    let mut reached = Position(i64::MAX);
    for projection in Projection::ALL {
        let live = throughline_projector::live(client, tenant.0, projection).await;
        reached = reached.min(live.map_err(DatabaseError::from)?.position);
    }
    Ok(reached)
}

//! Which shard is worked on when: those that lag, a few at a time, with pauses after failures.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use throughline_log::LogError;
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_postgres::Client;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::batch::Outcome;
use crate::lease::Lease;
use crate::look::{Seen, look};
use crate::ownership::Ownership;
use crate::parking;
use crate::projector::Inner;
use crate::shard::Shard;
use crate::state::{State, next_delay};
use crate::turn::turn;

/// How a turn ended: with the lease as it is then, and what came of the last batch.
type Ended = (Lease, Result<Outcome, LogError>);

pub(crate) struct Dispatch {
    projector: Arc<Inner>,
    stop: CancellationToken,
    shards_at_once: usize,
    ownership: Ownership,
    jobs: JoinSet<Ended>,
    running: HashMap<Id, Shard>,
    states: HashMap<Shard, State>,
    /// When the log was last looked at in vain, and how long to wait after that.
    outage: Option<Duration>,
    /// Until when nothing is looked at, since there is much to do and it is worth gathering.
    rests_until: Option<Instant>,
}

impl Dispatch {
    pub(crate) fn new(projector: Arc<Inner>, holder: Uuid, stop: CancellationToken) -> Self {
        // A job holds one connection while it asks the log for another.
        let half = projector.pool.status().max_size / 2;
        Self {
            shards_at_once: projector.settings.shards_at_once.min(half).max(1),
            ownership: Ownership::new(holder, projector.settings.lease),
            projector,
            stop,
            jobs: JoinSet::new(),
            running: HashMap::new(),
            states: HashMap::new(),
            outage: None,
            rests_until: None,
        }
    }

    pub(crate) async fn run(mut self) {
        while !self.stop.is_cancelled() {
            let stepped = self.step().await;
            self.note_outage(stepped.as_ref().err());
            self.wait().await;
        }
        while let Some(done) = self.jobs.join_next_with_id().await {
            self.settle(done);
        }
        // Whoever cannot give back lets the leases run out.
        let _ = timeout(self.projector.settings.lease, self.end()).await;
    }

    async fn end(&mut self) -> Result<(), LogError> {
        let client = self.projector.pool.get().await?;
        Ok(self.ownership.end(&client).await?)
    }

    /// Waits for a reason to look again.
    async fn wait(&mut self) {
        let settings = &self.projector.settings;
        let until = Instant::now() + self.outage.unwrap_or(settings.poll_interval);
        let until = match self.outage {
            Some(_) => until,
            None => until.min(self.ownership.next_heartbeat()),
        };
        let has_room = self.running.len() < self.shards_at_once;
        tokio::select! {
            () = self.stop.cancelled() => {}
            Some(done) = self.jobs.join_next_with_id() => self.settle(done),
            () = self.projector.woken.notified(), if has_room && self.outage.is_none() => {
                let linger = Instant::now() + settings.linger;
                sleep_until(self.rests_until.take().map_or(linger, |until| until.max(linger))).await;
            }
            () = sleep_until(until) => {}
        }
    }

    /// Renews what this process has, and sets to work on what lags, when there is room.
    async fn step(&mut self) -> Result<(), LogError> {
        let has_room = self.running.len() < self.shards_at_once;
        let is_heartbeat_due = self.ownership.next_heartbeat() <= Instant::now();
        if !has_room && !is_heartbeat_due {
            return Ok(());
        }
        let projector = Arc::clone(&self.projector);
        let client = projector.pool.get().await?;
        if is_heartbeat_due {
            self.heartbeat(&client).await?;
        }
        if has_room {
            let seen = look(&client).await?;
            let running: HashSet<Shard> = self.running.values().copied().collect();
            self.ownership.reconcile(&seen, |shard| running.contains(&shard));
            self.note(&seen);
            let behind = self.behind(&client, &seen, &running).await?;
            for lease in behind.into_iter().take(self.shards_at_once - self.running.len()) {
                self.spawn(lease);
            }
        }
        projector.metrics.leases(self.ownership.len());
        Ok(())
    }

    async fn heartbeat(&mut self, client: &Client) -> Result<(), LogError> {
        let running: HashSet<Shard> = self.running.values().copied().collect();
        let idle_max = self.projector.settings.lease_idle_max;
        let last_turn = |shard: &Shard| self.states.get(shard).and_then(|state| state.last_turn);
        let is_in_use = |shard: Shard| {
            running.contains(&shard) || last_turn(&shard).is_some_and(|at| at.elapsed() < idle_max)
        };
        let mut idle: Vec<Shard> =
            self.states.keys().copied().filter(|shard| !running.contains(shard)).collect();
        idle.sort_by_key(|shard| (last_turn(shard), *shard));
        self.ownership.heartbeat(client, is_in_use, &idle).await?;

        let counts = parking::counts(client).await?;
        for state in self.states.values_mut() {
            (state.parked, state.is_parked_due) = (0, false);
        }
        for count in counts {
            let state = self.states.entry(count.shard).or_default();
            (state.parked, state.is_parked_due) = (count.streams, count.is_due);
        }
        self.projector.metrics.parked_now(self.states.iter().map(|(s, state)| (*s, state.parked)));
        Ok(())
    }

    /// Tells the metrics of what was seen, and forgets what is not there any more.
    fn note(&mut self, seen: &[Seen]) {
        let metrics = &self.projector.metrics;
        for Seen { shard, head, position, oldest, .. } in seen {
            metrics.lags(*shard, (head.0 - position.0).max(0), *oldest);
            self.states.entry(*shard).or_default();
        }
        let known: HashSet<Shard> = seen.iter().map(|seen| seen.shard).collect();
        self.states.retain(|shard, _| {
            let stays = known.contains(shard);
            if !stays {
                metrics.forget(*shard);
            }
            stays
        });
    }

    /// The leases of shards that lag, may run and do not yet: those that waited longest first. What
    /// nobody else has is taken, as far as it is this process's share.
    async fn behind(
        &mut self,
        client: &Client,
        seen: &[Seen],
        running: &HashSet<Shard>,
    ) -> Result<Vec<Lease>, LogError> {
        let now = Instant::now();
        let mut wanted: Vec<&Seen> = seen
            .iter()
            .filter(|seen| !running.contains(&seen.shard))
            .filter(|seen| {
                let Some(state) = self.states.get(&seen.shard) else { return false };
                let has_work = seen.position < seen.head || state.parked_due().is_some();
                has_work && state.not_before.is_none_or(|at| at <= now)
            })
            .collect();
        wanted.sort_by_key(|seen| (self.states[&seen.shard].last_turn, seen.shard));
        let free: Vec<Shard> = wanted
            .iter()
            .filter(|seen| self.ownership.get(seen.shard).is_none() && self.ownership.is_free(seen))
            .map(|seen| seen.shard)
            .collect();
        let from_others = self.ownership.take(client, &free).await?;
        self.projector.metrics.took_over(from_others);
        Ok(wanted.iter().filter_map(|seen| self.ownership.get(seen.shard)).collect())
    }

    fn spawn(&mut self, lease: Lease) {
        let state = self.states.entry(lease.shard).or_default();
        state.last_turn = Some(Instant::now());
        let due = state.parked_due();
        let job = turn(Arc::clone(&self.projector), lease, due, self.stop.clone());
        let job = self.jobs.spawn(job);
        self.running.insert(job.id(), lease.shard);
        state.has_retried_parked |= due.is_some();
        state.is_parked_due = false;
    }

    fn settle(&mut self, done: Result<(Id, Ended), JoinError>) {
        let (id, ended) = match done {
            Ok((id, ended)) => (id, Some(ended)),
            // It panicked, which the runtime has reported.
            Err(error) => (error.id(), None),
        };
        let Some(shard) = self.running.remove(&id) else {
            return;
        };
        match ended {
            Some((lease, Ok(outcome))) => {
                self.ownership.put(lease);
                self.succeed(shard, outcome);
            }
            Some((lease, Err(error))) => {
                self.ownership.put(lease);
                self.fail(shard, Some(&error));
            }
            None => {
                self.ownership.forget(shard);
                self.fail(shard, None);
            }
        }
    }

    fn succeed(&mut self, shard: Shard, outcome: Outcome) {
        let settings = &self.projector.settings;
        let state = self.states.entry(shard).or_default();
        state.succeed(shard);
        state.not_before = match outcome {
            Outcome::Applied { more, many } => {
                let rests_until = (many && !more).then(|| Instant::now() + settings.rest);
                self.rests_until = rests_until.or(self.rests_until);
                rests_until
            }
            Outcome::Nothing => Some(Instant::now() + settings.poll_interval),
            Outcome::Fenced => {
                self.projector.metrics.fenced();
                self.ownership.forget(shard);
                Some(Instant::now() + settings.poll_interval)
            }
        };
    }

    fn fail(&mut self, shard: Shard, error: Option<&LogError>) {
        let settings = &self.projector.settings;
        let state = self.states.entry(shard).or_default();
        self.projector.forget_log();
        state.fail(shard, error, settings);
    }

    /// Says once that the log cannot be looked at, and once that it can be again.
    fn note_outage(&mut self, error: Option<&LogError>) {
        let settings = &self.projector.settings;
        match (error, self.outage) {
            (None, None) => {}
            (None, Some(_)) => {
                tracing::info!("projections follow the log again");
                self.outage = None;
            }
            (Some(error), outage) => {
                if outage.is_none() {
                    tracing::error!(
                        error = error as &dyn std::error::Error,
                        "projections cannot follow the log, and wait until they can"
                    );
                    self.projector.forget_log();
                }
                self.outage =
                    Some(next_delay(outage, settings.retry_delay_min, settings.retry_delay_max));
            }
        }
    }
}

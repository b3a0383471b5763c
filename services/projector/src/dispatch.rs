//! Which shard is worked on when: those that lag, a few at a time, with pauses after failures.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use throughline_domain::ids::Position;
use throughline_log::{Head, LogError, TenantNo};
use throughline_projections::Projection;
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::batch::{self, Outcome};
use crate::checkpoint;
use crate::projector::Inner;
use crate::shard::Shard;
use crate::write::Mode;

pub(crate) struct Dispatch {
    projector: Arc<Inner>,
    stop: CancellationToken,
    shards_at_once: usize,
    jobs: JoinSet<Result<Turn, LogError>>,
    running: HashMap<Id, Shard>,
    states: HashMap<Shard, State>,
    /// When the log was last looked at in vain, and how long to wait after that.
    outage: Option<Duration>,
    /// Until when nothing is looked at, since there is much to do and it is worth gathering.
    rests_until: Option<Instant>,
}

/// What is remembered of a shard between its turns.
#[derive(Debug, Default)]
struct State {
    /// When the oldest event not applied was recorded, as far as is known.
    oldest: Option<Timestamp>,
    /// Not before then.
    not_before: Option<Instant>,
    /// The present pause, while the shard fails.
    retry_delay: Option<Duration>,
    /// Whether the failure has been logged.
    is_failure_logged: bool,
    /// Whether this process has tried the shard's parked streams.
    has_retried_parked: bool,
    /// When the shard last had a turn: who waited longest goes first.
    last_turn: Option<Instant>,
}

/// What came of a turn.
#[derive(Debug)]
struct Turn {
    outcome: Outcome,
    has_retried_parked: bool,
}

impl Dispatch {
    pub(crate) fn new(projector: Arc<Inner>, stop: CancellationToken) -> Self {
        // A job holds one connection while it asks the log for another.
        let half = projector.pool.status().max_size / 2;
        Self {
            shards_at_once: projector.settings.shards_at_once.min(half).max(1),
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
            if self.running.len() < self.shards_at_once {
                let looked = self.behind().await;
                self.note_outage(looked.as_ref().err());
                for shard in looked.unwrap_or_default() {
                    self.spawn(shard);
                }
            }
            self.wait().await;
        }
        while let Some(done) = self.jobs.join_next_with_id().await {
            self.settle(done);
        }
    }

    /// Waits for a reason to look again.
    async fn wait(&mut self) {
        let settings = &self.projector.settings;
        let until = Instant::now() + self.outage.unwrap_or(settings.poll_interval);
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

    /// The shards that lag, may run and do not yet: those that waited longest first.
    async fn behind(&mut self) -> Result<Vec<Shard>, LogError> {
        let heads = self.projector.log.heads().await?;
        let client = self.projector.pool.get().await?;
        let positions = positions(&client).await?;
        let mut known = HashSet::new();
        let mut behind = Vec::new();
        let now = Instant::now();
        for (tenant, head) in heads {
            for projection in Projection::ALL {
                let shard = Shard { tenant, projection };
                known.insert(shard);
                let position = if let Some(position) = positions.get(&shard) {
                    *position
                } else {
                    checkpoint::create(&client, shard).await?;
                    Position(0)
                };
                let state = self.states.entry(shard).or_default();
                self.projector.metrics.lags(
                    shard,
                    (head.position.0 - position.0).max(0),
                    state.see(&head, position),
                );
                let may_run = state.not_before.is_none_or(|at| at <= now);
                if (position < head.position || !state.has_retried_parked) && may_run {
                    behind.push(shard);
                }
            }
        }
        self.states.retain(|shard, _| known.contains(shard));
        behind.retain(|shard| !self.running.values().any(|running| running == shard));
        behind.sort_by_key(|shard| self.states.get(shard).and_then(|state| state.last_turn));
        Ok(behind)
    }

    fn spawn(&mut self, shard: Shard) {
        if self.running.len() >= self.shards_at_once {
            return;
        }
        let state = self.states.entry(shard).or_default();
        state.last_turn = Some(Instant::now());
        let job =
            turn(Arc::clone(&self.projector), shard, state.has_retried_parked, self.stop.clone());
        let job = self.jobs.spawn(job);
        self.running.insert(job.id(), shard);
    }

    fn settle(&mut self, done: Result<(Id, Result<Turn, LogError>), JoinError>) {
        let (id, result) = match done {
            Ok((id, result)) => (id, Some(result)),
            // It panicked, which the runtime has reported.
            Err(error) => (error.id(), None),
        };
        let Some(shard) = self.running.remove(&id) else {
            return;
        };
        let settings = &self.projector.settings;
        let state = self.states.entry(shard).or_default();
        match result {
            Some(Ok(turn)) => {
                state.has_retried_parked |= turn.has_retried_parked;
                state.retry_delay = None;
                if std::mem::take(&mut state.is_failure_logged) {
                    log_recovered(shard);
                }
                state.not_before = match turn.outcome {
                    Outcome::Applied { recorded_at, more, many } => {
                        state.oldest = recorded_at.or(state.oldest);
                        let rests_until = (many && !more).then(|| Instant::now() + settings.rest);
                        self.rests_until = rests_until.or(self.rests_until);
                        rests_until
                    }
                    Outcome::Busy => Some(Instant::now() + settings.poll_interval),
                };
            }
            Some(Err(error)) => self.fail(shard, Some(&error)),
            None => self.fail(shard, None),
        }
    }

    fn fail(&mut self, shard: Shard, error: Option<&LogError>) {
        let settings = &self.projector.settings;
        let state = self.states.entry(shard).or_default();
        self.projector.histories.clear();
        // When the database is away, the next look at the log says so once for all shards.
        let is_outage = matches!(error, Some(LogError::Unavailable(_)));
        if !state.is_failure_logged && (state.retry_delay.is_some() || !is_outage) {
            state.is_failure_logged = true;
            tracing::error!(
                throughline.tenant_no = shard.tenant.0,
                throughline.projection = shard.projection.name(),
                error = error.map(|error| error as &dyn std::error::Error),
                "a projection fails and is tried again"
            );
        }
        let delay =
            next_delay(state.retry_delay, settings.retry_delay_min, settings.retry_delay_max);
        state.retry_delay = Some(delay);
        state.not_before = Some(Instant::now() + delay);
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
                    self.projector.histories.clear();
                }
                self.outage =
                    Some(next_delay(outage, settings.retry_delay_min, settings.retry_delay_max));
            }
        }
    }
}

impl State {
    /// When the oldest event not applied was recorded, now that the shard is seen at `position`.
    ///
    /// Of a lag that another process makes and mends, only the age of the log's end is known.
    fn see(&mut self, head: &Head, position: Position) -> Option<Timestamp> {
        if position >= head.position {
            self.oldest = None;
        } else if self.oldest.is_none() {
            self.oldest = head.recorded_at;
        }
        self.oldest
    }
}

/// One turn of a shard: some batches, or fewer when it has caught up.
async fn turn(
    projector: Arc<Inner>,
    shard: Shard,
    has_retried_parked: bool,
    stop: CancellationToken,
) -> Result<Turn, LogError> {
    let has_retried_parked = has_retried_parked || batch::retry_parked(&projector, shard).await?;
    let mut outcome = Outcome::Busy;
    for _ in 0..projector.settings.batches_a_turn.max(1) {
        outcome = match batch::apply(&projector, shard, Mode::Together).await {
            Err(LogError::Refused(_)) => batch::apply(&projector, shard, Mode::Apart).await?,
            other => other?,
        };
        let goes_on = matches!(outcome, Outcome::Applied { more: true, .. });
        if !goes_on || stop.is_cancelled() {
            break;
        }
    }
    Ok(Turn { outcome, has_retried_parked })
}

async fn positions(
    client: &tokio_postgres::Client,
) -> Result<HashMap<Shard, Position>, tokio_postgres::Error> {
    let rows = client
        .query_typed(
            "SELECT tenant_no, projection, version, position FROM projection_checkpoint \
             WHERE build = 0",
            &[],
        )
        .await?;
    let mut positions = HashMap::with_capacity(rows.len());
    for row in rows {
        let version: i32 = row.try_get("version")?;
        if let Some(projection) = Projection::find(row.try_get("projection")?)
            && projection.version() == version
        {
            let tenant = TenantNo(row.try_get("tenant_no")?);
            let shard = Shard { tenant, projection };
            positions.insert(shard, Position(row.try_get("position")?));
        }
    }
    Ok(positions)
}

fn next_delay(present: Option<Duration>, min: Duration, max: Duration) -> Duration {
    present.map_or(min, |delay| (delay * 2).min(max))
}

fn log_recovered(shard: Shard) {
    tracing::info!(
        throughline.tenant_no = shard.tenant.0,
        throughline.projection = shard.projection.name(),
        "a projection that failed goes on"
    );
}

//! A batch that is planned and sent before the one in front of it is answered.
//!
//! One round trip: the transaction takes the lock, asks whether the log ends where the plan begins,
//! and is refused as a whole if it does not. So the database goes from one batch to the next
//! without waiting for us, and we plan while it writes.
//!
//! Only successes come of it. A command that would be refused is left for a batch that is planned
//! under the lock, where what it is refused for is certain.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::{Arc, Mutex};

use futures_util::future::{join, join3, maybe_done, poll_immediate};
use postgres_types::ToSql;
use throughline_domain::ids::Position;
use tokio_postgres::{Row, Statement};
use uuid::Uuid;

use super::plan::Plan;
use super::planned_stream::PlannedStream;
use super::queue::Queued;
use super::tail::{Tail, lock};
use super::transaction::{AHEAD_NAMESPACE, Lost, Statements, take_lock, write};
use super::{Append, Appended};
use crate::backend::Backend;
use crate::database::{Connection, begin};
use crate::error::LogError;
use crate::micros::Micros;
use crate::tenant::TenantNo;

const FOLLOW: &str = "SELECT log_follow($1, $2, $3, $4, $5, $6)";

/// While this is held, events may be on their way that have their recording time already
/// ([`crate::settle`]). One process plans ahead at a time: two would only overtake each other.
const BEGIN_AHEAD: &str = "SELECT pg_try_advisory_lock($1, $2), clock_timestamp()";
const END_AHEAD: &str = "SELECT pg_advisory_unlock($1, $2)";

/// The streams that were read for a batch.
pub(super) type Streams = HashMap<Uuid, PlannedStream>;

/// Where batches are sent, one behind the other.
#[derive(Clone)]
pub(super) struct Lane {
    connection: Arc<Connection>,
    statements: Statements,
    follow: Statement,
    begin: Arc<str>,
    tenant: TenantNo,
}

/// What became of a batch.
pub(super) struct Landed {
    /// The commands that were placed, with the answers they get if the batch was written.
    pub(super) placed: Vec<(Queued, Appended)>,
    /// The commands that were not placed: to be planned under the lock.
    pub(super) left: Vec<Queued>,
    /// The place of the first event, to look for it when the commit is in doubt; `None`: there is
    /// no event, and nothing was sent.
    pub(super) first: Option<(i64, Uuid)>,
    /// The last position.
    pub(super) last: Position,
    /// Whether it was written.
    pub(super) written: Result<(), Lost>,
}

impl Lane {
    /// Takes a connection to plan ahead on, from the present time on. `None`: another process has.
    pub(super) async fn open(
        backend: &Backend,
        tenant: TenantNo,
        tail: &Mutex<Tail>,
    ) -> Result<Option<Self>, LogError> {
        let connection = backend.database.connection().await?;
        let client = connection.client();
        let begin_ahead = client.prepare_cached(BEGIN_AHEAD).await?;
        let answer = client.query_one(&begin_ahead, &[&AHEAD_NAMESPACE, &tenant.0]).await?;
        if !answer.try_get(0)? {
            connection.release();
            return Ok(None);
        }
        lock(tail).told(answer.try_get(1)?);
        let begin = begin("", backend.database.statement_max);
        Ok(Some(Self {
            statements: Statements::prepare(&connection).await?,
            follow: connection.client().prepare_cached(FOLLOW).await?,
            begin: format!("{begin}; {}", take_lock(tenant)).into(),
            connection: Arc::new(connection),
            tenant,
        }))
    }

    /// The connection, while nothing is on its way.
    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Gives the connection back. With something still on its way, it is closed instead.
    pub(super) async fn close(self) {
        let Some(connection) = Arc::into_inner(self.connection) else { return };
        let ended = async {
            let client = connection.client();
            let end_ahead = client.prepare_cached(END_AHEAD).await?;
            client.query_one(&end_ahead, &[&AHEAD_NAMESPACE, &self.tenant.0]).await
        };
        if ended.await.is_ok() {
            connection.release();
        }
    }

    /// Plans a batch, sends it and waits for the answer. The first poll plans and sends.
    pub(super) async fn write(
        self,
        backend: Arc<Backend>,
        tail: Arc<Mutex<Tail>>,
        read: Streams,
        batch: Vec<Queued>,
    ) -> Landed {
        let appends = || batch.iter().map(|queued| &queued.append);
        let (plan, answers, wrapped_key) = {
            let mut tail = lock(&tail);
            let now = tail.now();
            let streams = tail.planned(appends(), read);
            let events = appends().map(Append::event_count).sum();
            let mut plan = Plan::ahead(self.tenant, &tail, streams, events);
            let answers: Vec<_> = appends().map(|append| plan.place(append, now).ok()).collect();
            tail.follow(&plan);
            (plan, answers, Arc::clone(&tail.wrapped_key))
        };
        let first = plan.rows.first().map(|first| (first.row.position, first.row.event_id));
        let last = plan.position();
        let written = match first {
            Some(_) => self.send(&plan, &wrapped_key).await.map(|now| {
                lock(&tail).told(now);
                backend.recorded(self.tenant, last, plan.rows.len());
            }),
            None => Ok(()),
        };
        drop(plan);
        let mut landed = Landed { placed: Vec::new(), left: Vec::new(), first, last, written };
        for (queued, answer) in batch.into_iter().zip(answers) {
            match answer {
                Some(appended) => landed.placed.push((queued, appended)),
                None => landed.left.push(queued),
            }
        }
        landed
    }

    /// The database's time when it took up the batch.
    async fn send(&self, plan: &Plan<'_>, wrapped_key: &[u8]) -> Result<Micros, Lost> {
        let client = self.connection.client();
        let before = &plan.head_before;
        let hash = before.hash.as_slice();
        let first_recorded_at = plan.rows.first().map(|first| first.row.recorded_at);
        let sealed = plan.streams.values().filter(|stream| stream.is_sealed_in());
        let sealed: Vec<i64> = sealed.map(|stream| stream.stream_no).collect();
        let expected: [&(dyn ToSql + Sync); 6] =
            [&self.tenant.0, &before.position, &hash, &wrapped_key, &sealed, &first_recorded_at];
        let follow = client.query_one(&self.follow, &expected);
        let mut opening = pin!(maybe_done(join(client.batch_execute(&self.begin), follow)));
        let mut writing = pin!(maybe_done(write(&self.connection, &self.statements, plan)));
        poll_immediate(opening.as_mut()).await;
        poll_immediate(writing.as_mut()).await;
        if let Some(Err(_)) = writing.as_mut().output_mut()
            && let Some(Err(error)) = writing.as_mut().take_output()
        {
            // A value that cannot even be sent must not be followed by a commit of the rest.
            return Err(Lost { error, doubtful: false });
        }
        let commit = client.batch_execute("COMMIT");
        let ((), (), committed) = join3(opening.as_mut(), writing.as_mut(), commit).await;
        let opened = opening.take_output().expect("it was waited for");
        let written = writing.take_output().expect("it was waited for");
        outcome(opened, written, committed)
    }
}

/// The first statement that failed names the cause; after it, all fail.
fn outcome(
    (begun, followed): (Result<(), tokio_postgres::Error>, Result<Row, tokio_postgres::Error>),
    written: Result<(), LogError>,
    committed: Result<(), tokio_postgres::Error>,
) -> Result<Micros, Lost> {
    let now = begun.and(followed).and_then(|row| row.try_get(0)).map_err(LogError::from);
    let outcome = now.and_then(|now| written.map(|()| now)).map_err(|error| {
        // Refused for certain when the server says so. When the connection is lost it is not: the
        // commit was on its way.
        let doubtful = matches!(&error, LogError::Unavailable(error) if error.is_lost());
        Lost { error, doubtful }
    });
    let now = outcome?;
    committed.map_err(|error| Lost { error: error.into(), doubtful: true })?;
    Ok(now)
}

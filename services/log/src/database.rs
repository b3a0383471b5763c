//! Connections and transactions: every one has a limit, and none is left half-way in the pool.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use deadpool_postgres::{
    Manager, ManagerConfig, Object, Pool, QueueMode, RecyclingMethod, Runtime, Timeouts,
};
use futures_util::future::join3;
use postgres_types::ToSql;
use tokio_postgres::{Config, NoTls, Row};

use crate::error::{DatabaseError, LogError};

/// How long the pool waits for a free connection, for a new one, and for word from a used one.
const POOL_WAIT_MAX: Duration = Duration::from_secs(5);

/// The role under which every connection of a [`pool`] works.
pub const SERVICE_ROLE: &str = "throughline_service";

/// How long a connection over TCP may be silent before it is asked for a sign of life.
const VANISHED_AFTER: Duration = Duration::from_secs(10);

/// A pool as the log likes it: with limits on every wait, and no more privileges than it needs.
///
/// Every connection works as [`SERVICE_ROLE`], whoever it was opened as: it can insert into the log
/// and read it, and alter nothing that is recorded. Whoever it was opened as must be a member.
///
/// Closed connections are noticed before they are given out. Without TLS: for a server elsewhere,
/// build a pool of your own.
///
/// # Errors
/// [`LogError::Unavailable`] never by a missing server, which is noticed on first use; only when
/// there is no runtime to count the time with.
pub fn pool(config: Config, connections_max: usize) -> Result<Pool, LogError> {
    let recycling_method = RecyclingMethod::Fast;
    let config = as_the_service(config);
    let manager = Manager::from_config(config, NoTls, ManagerConfig { recycling_method });
    let wait = Some(POOL_WAIT_MAX);
    // The connection used last has the statements prepared and its plans made.
    Pool::builder(manager)
        .queue_mode(QueueMode::Lifo)
        .max_size(connections_max)
        .timeouts(Timeouts { wait, create: wait, recycle: wait })
        .runtime(Runtime::Tokio1)
        .build()
        .map_err(|_| LogError::Unavailable(DatabaseError::waited("the pool needs a runtime")))
}

/// The same way to connect, with the service's privileges, and with limits on how long a server that
/// vanished is waited for.
pub(crate) fn as_the_service(mut config: Config) -> Config {
    // The last of several roles counts. It is also what RESET ROLE goes back to.
    let options = config.get_options().unwrap_or_default();
    let options = format!("{options} -c role={SERVICE_ROLE}");
    config.options(options.trim_start());
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(POOL_WAIT_MAX);
    }
    // A server that vanished without a word must not keep anybody waiting for hours.
    config.keepalives_idle(VANISHED_AFTER).keepalives_interval(VANISHED_AFTER / 5);
    config.keepalives_retries(3).tcp_user_timeout(VANISHED_AFTER * 2);
    if config.get_application_name().is_none() {
        config.application_name("throughline");
    }
    config
}

/// Where connections come from, and how long anything may take.
#[derive(Debug, Clone)]
pub(crate) struct Database {
    pub(crate) pool: Pool,
    pub(crate) connection_wait_max: Duration,
    pub(crate) statement_max: Duration,
    /// When a connection was last lost: none made before is used again.
    pub(crate) lost_at: Arc<Mutex<Option<Instant>>>,
}

impl Database {
    /// A connection on which a transaction will begin.
    pub(crate) async fn connection(&self) -> Result<Connection, LogError> {
        let trusted = async {
            loop {
                let object = self.pool.get().await?;
                if !self.is_given_up(&object) {
                    return Ok::<Object, LogError>(object);
                }
                drop(Object::take(object));
            }
        };
        let waited = tokio::time::timeout(self.connection_wait_max, trusted).await;
        let object = waited.map_err(|_| DatabaseError::waited("no connection in time"))??;
        Ok(Connection(Some(object)))
    }

    /// A connection if there is one to be had at once.
    pub(crate) async fn spare_connection(&self) -> Option<Connection> {
        let wait = Some(Duration::ZERO);
        let object = self.pool.timeout_get(&Timeouts { wait, ..self.pool.timeouts() }).await;
        let object = object.ok().filter(|object| !self.is_given_up(object))?;
        Some(Connection(Some(object)))
    }

    /// Whether others wait for a connection.
    pub(crate) fn is_short_of_connections(&self) -> bool {
        self.pool.status().waiting > 0
    }

    /// Runs one reading statement, in one round trip; once more if the connection was dead.
    pub(crate) async fn read(
        &self,
        sql: &str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, LogError> {
        self.read_behind("", sql, params).await
    }

    /// The same after another statement of the same transaction, which gives no rows of use.
    pub(crate) async fn read_behind(
        &self,
        first: &str,
        sql: &str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, LogError> {
        match self.try_read(first, sql, params).await {
            Err(error) if self.was_lost(&error) => self.try_read(first, sql, params).await,
            outcome => outcome,
        }
    }

    /// Whether a connection was lost, so that a new one may do better.
    ///
    /// All that were made before now are given up with it: when the server was restarted they are
    /// as dead, and only trying would tell.
    pub(crate) fn was_lost(&self, error: &LogError) -> bool {
        let lost = matches!(error, LogError::Unavailable(error) if error.is_lost());
        if lost {
            let mut lost_at = self.lost_at.lock().unwrap_or_else(PoisonError::into_inner);
            *lost_at = Some(Instant::now());
        }
        lost
    }

    fn is_given_up(&self, object: &Object) -> bool {
        let lost_at = self.lost_at.lock().unwrap_or_else(PoisonError::into_inner);
        lost_at.is_some_and(|lost_at| Object::metrics(object).created <= lost_at)
    }

    async fn try_read(
        &self,
        first: &str,
        sql: &str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, LogError> {
        let connection = self.connection().await?;
        let statement = connection.client().prepare_cached(sql).await?;
        let client = connection.client();
        let begin = format!("{}; {first}", begin("READ ONLY", self.statement_max));
        let (started, rows, ended) = join3(
            client.batch_execute(&begin),
            client.query(&statement, params),
            client.batch_execute("COMMIT"),
        )
        .await;
        started?;
        let rows = rows?;
        ended?;
        connection.release();
        Ok(rows)
    }
}

/// The statements that begin a transaction of this crate. Each statement sees what was committed
/// before it, whatever the server's default is: what waits for the tenant's lock relies on that.
///
/// The planner is told to go by the indexes, because the log's statements find every row by a key.
///
/// Which of a table's indexes is taken is left to the planner only where one alone will do. As long
/// as it believes a table or a tenant to be small, which it does from before a first analysis and
/// for as long as a plan is kept, all indexes that begin with the tenant look alike to it, and it
/// may well filter a whole tenant. So statements ask for the first row in the order of the index
/// that is meant, and sorting is made dear ([`stream_by_id`]).
pub(crate) fn begin(mode: &str, statement_max: Duration) -> String {
    const PLANS: &str = "SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; \
        SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; \
        SET LOCAL enable_material = off; SET LOCAL enable_sort = off; SET LOCAL jit = off";
    let statement_max_ms = statement_max.as_millis();
    format!(
        "BEGIN ISOLATION LEVEL READ COMMITTED {mode}; SET LOCAL statement_timeout = {statement_max_ms}; {PLANS}"
    )
}

/// Joins `s`, the tenant's first stream whose id is not below the given one. The statement goes on
/// to require that the two are equal.
macro_rules! stream_by_id {
    ($id:literal) => {
        concat!(
            "CROSS JOIN LATERAL (SELECT s.* FROM stream s \
                 WHERE s.tenant_no = $1 AND s.id >= ",
            $id,
            " ORDER BY s.id LIMIT 1) s "
        )
    };
}
pub(crate) use stream_by_id;

/// A connection that goes back to the pool only when it is released: dropped on the way, it is
/// closed, and with it whatever transaction was open.
#[derive(Debug)]
pub(crate) struct Connection(Option<Object>);

impl Connection {
    pub(crate) fn client(&self) -> &Object {
        self.0.as_ref().expect("a connection is held until it is released")
    }

    /// Gives the connection back, outside of any transaction.
    pub(crate) fn release(mut self) {
        drop(self.0.take());
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if let Some(object) = self.0.take() {
            drop(Object::take(object));
        }
    }
}

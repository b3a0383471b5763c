//! Telling that there is something new: this process at once, and the others a moment later.
//!
//! A notification inside the append's transaction would make all notifying commits of the cluster
//! wait for each other, and one after it would add a second flush to every append. So they are
//! gathered and sent apart, at most a hundred times a second, without waiting for the disk: a lost
//! one costs a reader the time until it next looks by itself.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use throughline_domain::ids::Position;
use tokio::sync::Notify;

use crate::APPENDED_CHANNEL;
use crate::database::Database;
use crate::error::LogError;
use crate::tenant::TenantNo;
use crate::tidings::Tidings;

const PAUSE: Duration = Duration::from_millis(10);

#[derive(Debug)]
pub(crate) struct Announcer {
    database: Database,
    pub(crate) tidings: Tidings,
    waiting: Arc<Waiting>,
    started: std::sync::Once,
}

#[derive(Debug, Default)]
struct Waiting {
    positions: Mutex<BTreeMap<TenantNo, Position>>,
    changed: Notify,
}

impl Announcer {
    pub(crate) fn new(database: Database) -> Self {
        Self {
            database,
            tidings: Tidings::default(),
            waiting: Arc::default(),
            started: std::sync::Once::new(),
        }
    }

    /// Says that the tenant's log has reached a position: to be called once that is committed.
    pub(crate) fn reached(&self, tenant: TenantNo, position: Position) {
        self.tidings.tell(tenant, position);
        self.waiting.lock().insert(tenant, position);
        self.waiting.changed.notify_one();
        // Not in `new`, which may be called before there is a runtime.
        self.started.call_once(|| {
            let waiting = Arc::downgrade(&self.waiting);
            let database = self.database.clone();
            let sent = self.tidings.metrics().sent.clone();
            tokio::spawn(async move {
                while let Some(waiting) = waiting.upgrade() {
                    // The wait ends now and then, to see whether anyone is left to announce for.
                    let changed = waiting.changed.notified();
                    let _ = tokio::time::timeout(Duration::from_secs(5), changed).await;
                    let positions = std::mem::take(&mut *waiting.lock());
                    drop(waiting);
                    match announce(&database, &positions).await {
                        Ok(()) => drop(sent.inc_by(positions.len() as u64)),
                        Err(error) => tracing::debug!(%error, "readers were not notified"),
                    }
                    tokio::time::sleep(PAUSE).await;
                }
            });
        });
    }
}

impl Waiting {
    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<TenantNo, Position>> {
        self.positions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn announce(
    database: &Database,
    positions: &BTreeMap<TenantNo, Position>,
) -> Result<(), LogError> {
    if positions.is_empty() {
        return Ok(());
    }
    let mut sql = "BEGIN; SET LOCAL synchronous_commit = off; ".to_owned();
    for (tenant, position) in positions {
        let _ = write!(sql, "NOTIFY {APPENDED_CHANNEL}, '{tenant} {position}'; ");
    }
    sql.push_str("COMMIT");
    let connection = database.connection().await?;
    connection.client().batch_execute(&sql).await?;
    connection.release();
    Ok(())
}

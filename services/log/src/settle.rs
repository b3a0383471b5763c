//! A moment after which nothing earlier can appear.

use jiff::{SignedDuration, Timestamp};
use throughline_domain::ids::Position;
use tokio_postgres::Client;

use crate::append::transaction::{AHEAD_NAMESPACE, LOCK_NAMESPACE};
use crate::error::LogError;
use crate::event_log::EventLog;
use crate::micros::Micros;
use crate::stored;
use crate::tenant::TenantNo;

/// The log of a tenant as it stood at a moment that is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settled {
    /// The last event's place.
    pub position: Position,
    /// Whatever was recorded until then, this included, lies at or before the position; whatever
    /// comes is recorded later.
    pub at: Timestamp,
    /// What time it was: the moment itself, unless an append may be on its way.
    pub now: Timestamp,
}

/// How long before it is written an event may get its recording time, at most: an append that is
/// later than this is refused (`migrations/V18__log_follow.sql`) and planned anew.
const LATE_MAX: SignedDuration = SignedDuration::from_millis(100);

impl EventLog {
    /// Waits for the append that is being made, if any, and says what the log is then.
    ///
    /// An event gets its recording time a little before it can be read. So a question about what is
    /// known by now has a lasting answer only once no append is on its way: the tenant's lock, held
    /// by every append, is taken and let go again, shared with other readers. While an appender plans
    /// ahead, what waits for the lock may have its time already, for a tenth of a second at most: so
    /// the moment is the last event's then, or a tenth of a second ago if that is later.
    ///
    /// # Errors
    /// [`LogError::Unavailable`]; [`LogError::NoSuchTenant`].
    pub async fn settle(&self, tenant: TenantNo) -> Result<Settled, LogError> {
        // The lock is a statement of its own: the one after it sees what the last holder committed.
        let lock = format!("SELECT pg_advisory_xact_lock_shared({LOCK_NAMESPACE}, {tenant})");
        let sql = "SELECT position, recorded_at, clock_timestamp(), \
                       pg_try_advisory_xact_lock_shared($2, $1) \
                   FROM log_head WHERE tenant_no = $1";
        let rows = self.database().read_behind(&lock, sql, &[&tenant.0, &AHEAD_NAMESPACE]).await?;
        let head = rows.first().ok_or(LogError::NoSuchTenant { tenant })?;
        let recorded_at: Option<Micros> = head.try_get(1)?;
        let now = stored::timestamp(head.try_get(2)?, "clock")?;
        // When somebody plans ahead, the next event may be on its way to the lock with its time.
        let late = if head.try_get(3)? { SignedDuration::ZERO } else { LATE_MAX };
        let before_next = now - late - SignedDuration::from_micros(1);
        let recorded_at = recorded_at.map(|at| stored::timestamp(at, "recorded_at")).transpose()?;
        Ok(Settled {
            position: Position(head.try_get(0)?),
            at: recorded_at.map_or(before_next, |at| at.max(before_next)),
            now: now - SignedDuration::from_micros(1),
        })
    }
}

/// When the event at a position was recorded, read on a connection that the caller holds already: a
/// reader that waited for a second one while holding the first could wait for readers like itself.
///
/// # Errors
/// [`LogError::Unavailable`]; [`LogError::Refused`].
pub async fn recorded_at(
    client: &Client,
    tenant: TenantNo,
    position: Position,
) -> Result<Option<Timestamp>, LogError> {
    let sql = "SELECT recorded_at FROM event WHERE tenant_no = $1 AND position = $2";
    let row = client.query_opt(sql, &[&tenant.0, &position.0]).await?;
    row.map(|row| stored::timestamp(row.try_get(0)?, "recorded_at")).transpose()
}

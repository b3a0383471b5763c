//! Waiting until a projection has reached a position: reading one's own writes.

use std::time::Duration;

use deadpool_postgres::{Pool, PoolError};
use throughline_domain::ids::Position;
use throughline_projections::Projection;
use tokio::time::{Instant, sleep};

use crate::checkpoint::live;

const DELAY_MIN: Duration = Duration::from_millis(2);
const DELAY_MAX: Duration = Duration::from_millis(20);

/// Why a wait ended without the position.
#[derive(Debug, thiserror::Error)]
pub enum WaitError {
    /// The projection is not there yet.
    #[error("the projection has reached {reached} only")]
    NotReached {
        /// Where it is.
        reached: Position,
    },
    /// No connection was free.
    #[error("no connection to look at the checkpoint with")]
    Pool(#[from] PoolError),
    /// The database does not answer.
    #[error("the checkpoint cannot be read")]
    Database(#[from] tokio_postgres::Error),
}

/// Waits until a projection tells of `position`, and returns how far it is by then.
///
/// Looks at the checkpoint in the database, so that it does not matter which process projects. No
/// connection is held between two looks.
///
/// # Errors
/// [`WaitError::NotReached`] at the deadline; the others as soon as they occur.
pub async fn wait_for(
    pool: &Pool,
    tenant_no: i32,
    projection: Projection,
    position: Position,
    deadline: Instant,
) -> Result<Position, WaitError> {
    let mut delay = DELAY_MIN;
    loop {
        let client = pool.get().await?;
        let reached = live(&client, tenant_no, projection).await?.position;
        drop(client);
        if reached >= position {
            return Ok(reached);
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(WaitError::NotReached { reached });
        }
        sleep(delay.min(left)).await;
        delay = (delay * 2).min(DELAY_MAX);
    }
}

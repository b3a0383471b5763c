//! What every handler shares.

use std::sync::Arc;
use std::time::Duration;

use throughline_log::{ErasureLedger, EventLog};
use tokio::sync::Semaphore;

use crate::authentication::Authenticator;
use crate::cursor::CursorKey;
use crate::health::ReadyLimits;
use crate::idempotency::IdempotencyHasher;
use crate::metrics::HttpMetrics;

/// The service behind the interface.
#[derive(Clone)]
pub struct App {
    /// The event log.
    pub log: EventLog,
    /// Where erasures are written down, beside the database.
    pub erasures: ErasureLedger,
    /// Who is calling.
    pub authenticator: Authenticator,
    /// Seals page cursors.
    pub cursors: CursorKey,
    /// Hashes idempotency keys and what they are sent with.
    pub idempotency: IdempotencyHasher,
    /// Limits and waits.
    pub settings: ApiSettings,
    /// Counts requests.
    pub metrics: HttpMetrics,
    /// Woken after every append, so that projections follow at once.
    pub wake_projector: Arc<dyn Fn() + Send + Sync>,
    /// Lets only a few questions about the past of a whole tenant run at once.
    pub replays: Arc<Semaphore>,
}

/// Limits and waits of the interface.
#[derive(Debug, Clone, Copy)]
pub struct ApiSettings {
    /// The largest body taken, in bytes.
    pub body_bytes_max: usize,
    /// How long a query with `Throughline-After` waits for its position.
    pub after_wait_max: Duration,
    /// How long a query without it waits for whatever was recorded before it came; then it answers
    /// with what there is.
    pub fresh_wait_max: Duration,
    /// Rows in a page when the caller does not say.
    pub page_rows_default: usize,
    /// Rows in a page at most.
    pub page_rows_max: usize,
    /// Whether health and metrics are served on the main address too.
    pub admin_on_main: bool,
    /// From when on the service says that it is not ready.
    pub ready_limits: ReadyLimits,
}

impl Default for ApiSettings {
    fn default() -> Self {
        Self {
            body_bytes_max: 256 * 1024,
            after_wait_max: Duration::from_secs(5),
            fresh_wait_max: Duration::from_secs(1),
            page_rows_default: 200,
            page_rows_max: 1000,
            admin_on_main: true,
            ready_limits: ReadyLimits::default(),
        }
    }
}

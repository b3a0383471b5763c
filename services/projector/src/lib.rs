//! Runs projections: follows the log, rows and checkpoint in one transaction.
//!
//! Work is cut into shards: one projection of one tenant. A shard's checkpoint row is locked for
//! the length of one batch, so several projectors share the work and never apply an event twice; a
//! projector that is killed leaves a transaction that never was.
//!
//! Deliberately absent: the folds and their SQL (the projections have them).

mod batch;
mod checkpoint;
mod compare;
mod dispatch;
mod histories;
mod metrics;
pub mod operator;
mod parked;
mod projector;
mod rebuild;
mod settings;
mod shard;
mod status;
mod thin;
mod trace;
mod wait;
mod write;

pub use checkpoint::{Live, live};
pub use compare::{
    Comparison, DIFFERENCES_MAX, Difference, DifferenceKind, Sample, TableRows, VerifyError, verify,
};
pub use parked::{PARKED_MAX, Parked, parked};
pub use projector::Projector;
pub use rebuild::{
    BuildStatus, Phase, REBUILDS_MAX, Rebuild, RebuildError, RebuildSettings, Rebuilder,
    SwitchError, Switched, builds, cancel_rebuild, drop_build, find_rebuild, rebuilds,
    request_rebuild, rollback,
};
pub use settings::Settings;
pub use status::{ProjectionStatus, status};
pub use thin::retry_parked;
pub use wait::{WaitError, wait_for};

//! Runs projections: follows the log, rows and checkpoint in one transaction.
//!
//! Work is cut into shards: one build of one projection of one tenant. A shard's lease is in its
//! checkpoint row, and its epoch is checked by every transaction that writes: several processes
//! share the work and never apply an event twice, one that is killed leaves a transaction that never
//! was, and one that is stopped for a while and goes on writes nothing.
//!
//! What passes between linked cases follows the log in the same way, and writes to the log (`links`).
//!
//! Deliberately absent: the folds and their SQL (the projections have them).

mod batch;
mod checkpoint;
mod compare;
mod dispatch;
mod fold;
mod histories;
mod lease;
mod links;
mod look;
mod metrics;
mod new_events;
pub mod operator;
mod ownership;
mod page;
mod parked;
mod parking;
mod projector;
mod rebuild;
mod settings;
mod shard;
mod state;
mod status;
mod trace;
mod turn;
mod verification;
mod wait;
mod write;

pub use checkpoint::{Live, live};
pub use compare::{
    Comparison, DIFFERENCES_MAX, Difference, DifferenceKind, Sample, TableRows, VerifyError, verify,
};
pub use links::{LinkFollower, LinkSettings};
pub use page::Page;
pub use parked::{PARKED_MAX, Parked, parked, parked_page, retry_parked, stale_among};
pub use projector::Projector;
pub use rebuild::{
    BuildStatus, Phase, REBUILDS_MAX, Rebuild, RebuildError, RebuildSettings, Rebuilder,
    SwitchError, Switched, builds, cancel_rebuild, delete_dropped, drop_build, find_rebuild,
    rebuilds, request_rebuild, rollback,
};
pub use settings::Settings;
pub use status::{ProjectionStatus, status};
pub use verification::{
    Verification, VerificationPhase, cancel_verification, count_cases, find_verification,
    is_followed, request_verification, verifications,
};
pub use wait::{WaitError, wait_for};

//! The event log on PostgreSQL: append, read, seal, verify.
//!
//! Each tenant has its own log: dense positions, a hash chain, keys. Appends of a tenant are
//! serial (one appender task a process, an advisory lock between processes), so a reader at
//! position `p` asks for what lies after `p` and misses nothing. [`EventLog`] is the way in.
//!
//! Only this crate writes events. Deliberately absent: rules (the domain has them), read models,
//! and aggregate snapshots: streams are short, and a cache of loaded aggregates does instead.
//!
//! Nothing of an event's content is logged, put in a span or carried by an error.

mod aggregates;
mod allocation_schedules;
mod announce;
mod append;
mod backend;
mod case_links;
mod cases_of_person;
mod checkpoint;
mod checkpoint_file;
mod cohorts;
mod database;
mod editions;
mod erase;
mod error;
mod event_log;
mod export;
mod follow;
mod framework;
pub mod hash;
mod hex;
mod listen;
mod load;
mod metrics;
mod micros;
mod migrate;
mod programmes;
mod read;
mod releases;
mod replay;
mod rotate;
mod row;
mod scan;
mod seal;
mod settle;
mod signing_key;
mod staff_streams;
mod stored;
mod stream;
mod stream_table;
mod tenant;
mod tidings;
mod unseal;
mod verify;

#[cfg(test)]
mod plans;

pub use allocation_schedules::{ScheduleHead, StoredSchedule};
pub use append::{
    Append, AppendError, AppendSettings, Appended, CommandMeta, Idempotency, NewEvent, Remembered,
    StreamWrite,
};
pub use case_links::{CASE_LINKS_MAX, LinkSource};
pub use checkpoint::{Checkpoint, CheckpointError};
pub use checkpoint_file::{
    Agreement, CheckpointFileError, CheckpointLine, CheckpointPlace, Difference, read_checkpoints,
};
pub use cohorts::COHORTS_MAX;
pub use database::{SERVICE_ROLE, pool};
pub use editions::ListedEdition;
pub use erase::{
    EraseError, Erased, Erasure, ErasureLedger, LedgerError, LedgerLine, ReplayedErasures,
};
pub use error::{DatabaseError, LogError};
pub use event_log::EventLog;
pub use export::{ExportError, ExportFlaw, ExportVerdict, verify_export};
pub use follow::{StreamHistory, StreamsRead};
pub use framework::{Decided, ExecuteError, Executed, StoredForm, TenantContext, TenantStore};
pub use hex::encode as hash_text;
pub use load::{LoadError, Loaded, LoadedEvent};
pub use migrate::migrate;
pub use read::Head;
pub use releases::ListedRelease;
pub use replay::{Decode, EVERY_STREAM, Replayed, ReplayedEvent, UnreadableStream, case_event};
pub use seal::{MasterKey, MasterKeyError, Plaintext, SealError, Unsealed};
pub use settle::{Settled, recorded_at};
pub use signing_key::{PublicKey, SigningKey, SigningKeyError};
pub use staff_streams::STAFF_MAX;
pub use stored::StoredEvent;
pub use stream::{StreamId, StreamKind};
pub use tenant::{Tenant, TenantNo, TenantState};
pub use throughline_domain::case::event::UnreadableEvent;
pub use tidings::{Subscription, Tidings};
pub use verify::{Flaw, LogName, Verified, VerifySettings};

/// The PostgreSQL channel that is notified after each append, with `<tenant_no> <position>`.
///
/// A notification is a hint: it may be lost, and it may come without anything new.
pub const APPENDED_CHANNEL: &str = "throughline_appended";

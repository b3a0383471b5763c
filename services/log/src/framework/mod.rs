//! The event-sourcing framework's side: aggregates are loaded from the log, and what they decide
//! is appended to it.
//!
//! The framework's own executor knows no expected version, no position and no idempotency, so
//! [`crate::EventLog::execute`] takes its place; its store trait is implemented by
//! [`TenantStore`].

mod execute;
mod stored_form;
mod tenant_store;
mod turns;

pub use execute::{Decided, ExecuteError, Executed};
pub use stored_form::StoredForm;
pub use tenant_store::{TenantContext, TenantStore};
pub(crate) use turns::Turns;

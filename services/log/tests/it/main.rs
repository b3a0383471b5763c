//! The log on a real PostgreSQL, each test in a database of its own.

#![expect(clippy::unwrap_used, reason = "what fails to unwrap fails the test")]

mod ahead;
mod append;
mod append_failures;
mod cohorts;
mod erasing;
mod erasing_again;
mod erasure;
mod framework;
mod idempotency;
mod integrity;
mod load;
mod order;
mod programmes;
mod projection_builds;
mod read;
mod roles;
mod rotation;
mod settle;
mod support;
mod tampering;
mod tenants;
mod tidings;

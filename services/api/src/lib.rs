//! The REST interface: the only crate that knows HTTP.
//!
//! A command comes in through [`routes`], past its guard ([`caller`]), is read by its body type
//! ([`cases`]), executed on the log, and answered. A query about the present reads a projection; a
//! query about the past folds the log. Every refusal becomes a [`problem::Problem`].
//!
//! Deliberately absent: rules (the domain has them) and SQL (the log and the projections have it).

pub mod access;
pub mod agency_response;
pub mod allocation_schedules;
pub mod answering;
pub mod app;
pub mod asyncapi;
pub mod authentication;
pub mod body;
pub mod caller;
pub mod case_links;
pub mod caseloads;
pub mod cases;
pub mod contact_overrides;
pub mod cursor;
pub mod dates;
pub mod days;
pub mod evaluation;
pub mod exact;
pub mod feed;
pub mod freshness;
pub mod health;
pub mod idempotency;
pub mod instruments;
pub mod metrics;
pub mod openapi;
pub mod operation_problems;
pub mod outcomes;
pub mod page;
pub mod persons;
pub mod preconditions;
pub mod problem;
pub mod programmes;
pub mod projections;
pub mod query;
pub mod referral_pipeline;
pub mod refusal;
pub mod replay;
pub mod risk_disagreement;
pub mod risk_trajectory;
pub mod routes;
pub mod rules;
pub mod schema;
pub mod server;
pub mod staff;
pub mod trace;
pub mod workload;

pub use app::{ApiSettings, App};
pub use feed::{Feed, FeedSettings};

//! The read models in a real PostgreSQL.

#![cfg(test)]

mod database;
mod explain;
mod present_equals_past;
mod random;
mod risk_disagreement;
mod tables;
mod workload_and_risk;

//! The projector on a real log in a real PostgreSQL.

#![cfg(test)]

mod following;
mod killed;
mod links;
mod outage;
mod parking;
mod process;
#[path = "../../../../projections/tests/it/random.rs"]
mod random;
mod rebuild;
mod sharing;
mod stopped;
mod world;

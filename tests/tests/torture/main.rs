//! Faults: whatever is killed, and whenever, what was acknowledged is in the log exactly once.
//!
//! Clients send commands and read, over HTTP, to two processes of the service on one database,
//! and keep a ledger of what they were told. Meanwhile those processes, PostgreSQL and single
//! backends are killed by SIGKILL and started again, and the connections between are cut, held back
//! and broken off between a commit and its answer. Then the log is held against the ledger.
//!
//! Every run of the tests makes the short form, of at least ten kills. `ops/torture` makes a long
//! one. The seed, which is printed, repeats what breaks in which order; when exactly it breaks is
//! up to the machine.

#![cfg(test)]

mod afterwards;
mod checks;
mod checks_tests;
mod client;
mod commands;
mod faults;
mod follower;
mod found;
mod ledger;
mod line;
mod memory;
mod postgres;
mod proxy;
mod random;
mod run;
mod service;
mod settings;
mod violation;
mod wire;
mod world;

use settings::Settings;

/// The most violations that are printed.
const PRINTED_MAX: usize = 50;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_is_there_exactly_once_whatever_is_killed() {
    let settings = Settings::read();
    println!("torture: {settings:?}");
    let Some(violations) = run::run(&settings).await else {
        println!("skipped: no PostgreSQL server is installed here");
        return;
    };
    for violation in violations.iter().take(PRINTED_MAX) {
        println!("violated: {violation}");
    }
    let (count, seed) = (violations.len(), settings.seed);
    assert!(violations.is_empty(), "{count} violations; THROUGHLINE_TORTURE_SEED={seed}");
}

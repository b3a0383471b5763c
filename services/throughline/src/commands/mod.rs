//! The subcommands, one file each.

mod actor;
pub(crate) mod allocation;
pub(crate) mod bench;
pub(crate) mod bench_child;
mod checkpoint_log;
mod checkpoint_schedule;
mod checkpoints;
pub(crate) mod cohort;
mod confirm;
mod data_dir;
pub(crate) mod database;
mod dates;
pub(crate) mod demo;
mod document;
pub(crate) mod edition;
pub(crate) mod evaluating;
mod feed_settings;
pub(crate) mod keys;
pub(crate) mod log;
mod log_checkpoint;
mod log_export;
mod log_live;
mod log_load;
mod log_verify;
mod log_verify_export;
mod master_key;
pub(crate) mod migrate;
pub(crate) mod person;
pub(crate) mod programmes;
pub(crate) mod progress;
pub(crate) mod projections;
mod readiness;
pub(crate) mod release;
pub(crate) mod replay;
pub(crate) mod report;
pub(crate) mod rules;
mod safeguards;
pub(crate) mod serve;
mod signing_key;
pub(crate) mod token;
mod wakeups;
mod with_log;
pub(crate) mod with_postgres;

use std::process::ExitCode;

use crate::cli::{Cli, Command};

/// Runs the subcommand that was asked for.
///
/// # Errors
/// What the subcommand failed on, to be printed on one line.
pub(crate) async fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    match cli.command {
        Command::Serve(arguments) => serve::run(arguments).await,
        Command::Migrate(arguments) => migrate::run(arguments).await,
        Command::Token(arguments) => token::run(arguments).await,
        Command::Log(arguments) => log::run(arguments).await,
        Command::Person(arguments) => person::run(arguments).await,
        Command::Projections(arguments) => Ok(Box::pin(projections::run(arguments)).await),
        Command::Keys(arguments) => keys::run(arguments).await,
        Command::Replay(arguments) => replay::run(arguments).await,
        Command::Rules(arguments) => rules::run(arguments).await,
        Command::Programmes(arguments) => Ok(Box::pin(programmes::run(arguments)).await),
        Command::Cohort(arguments) => Ok(Box::pin(cohort::run(arguments)).await),
        Command::Edition(arguments) => Ok(Box::pin(edition::run(arguments)).await),
        Command::Report(arguments) => Ok(Box::pin(report::run(arguments)).await),
        Command::Release(arguments) => Ok(Box::pin(release::run(arguments)).await),
        Command::Allocation(arguments) => Ok(allocation::run(arguments).await),
        Command::Demo(arguments) => Box::pin(demo::run(arguments)).await,
        Command::Bench(arguments) => Box::pin(bench::run(arguments)).await,
        Command::BenchChild(arguments) => bench_child::run(arguments).await,
        Command::WithPostgres(arguments) => with_postgres::run(arguments).await,
    }
}

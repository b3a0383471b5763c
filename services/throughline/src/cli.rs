//! The command line: which subcommands there are. Each one's arguments are declared with it.

use clap::{Parser, Subcommand};

use crate::commands::allocation::AllocationArguments;
use crate::commands::bench::BenchArguments;
use crate::commands::bench_child::BenchChildArguments;
use crate::commands::cohort::CohortArguments;
use crate::commands::demo::DemoArguments;
use crate::commands::edition::EditionArguments;
use crate::commands::keys::KeysArguments;
use crate::commands::log::LogArguments;
use crate::commands::migrate::MigrateArguments;
use crate::commands::person::PersonArguments;
use crate::commands::programmes::ProgrammesArguments;
use crate::commands::projections::ProjectionsArguments;
use crate::commands::release::ReleaseArguments;
use crate::commands::replay::ReplayArguments;
use crate::commands::report::ReportArguments;
use crate::commands::rules::RulesArguments;
use crate::commands::serve::ServeArguments;
use crate::commands::token::TokenArguments;
use crate::commands::with_postgres::WithPostgresArguments;

/// An event-sourced case lifecycle backend for services that support people through domestic
/// abuse and exploitation.
#[derive(Debug, Parser)]
#[command(name = "throughline", version)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve the REST interface and run the projections.
    Serve(ServeArguments),
    /// Bring the database's schema up to date, and do nothing else.
    Migrate(MigrateArguments),
    /// Print a bearer token of the development issuer.
    Token(TokenArguments),
    /// Work on a tenant's event log.
    Log(LogArguments),
    /// Erase a person for good, or keep one from being erased.
    Person(PersonArguments),
    /// Look after the projections: how far they are, rebuilding, verifying, going back.
    ///
    /// Exit codes: 0 done; 1 rows differ from the log (verify, rebuild --dry-run); 2 it could not be
    /// done or found out; 3 a rule refuses, or the rebuild was called off; 4 there is no such
    /// tenant, build or operation; 130 interrupted.
    Projections(ProjectionsArguments),
    /// Replace the keys that seal people's words, without touching an event.
    Keys(KeysArguments),
    /// Answer a question as of two dates from the log alone, case by case.
    Replay(ReplayArguments),
    /// The computed rules, and what another version of one would change.
    Rules(RulesArguments),
    /// The programmes: what each fixes for its cases, checking a definition, loading one.
    ///
    /// Exit codes: 0 done; 1 the definition contradicts itself; 2 it could not be done or read; 3 a
    /// rule refuses; 4 there is no such tenant or definition; 130 interrupted.
    Programmes(ProgrammesArguments),
    /// Cohorts: which cases an evaluation is about, and how many are in one at two dates.
    ///
    /// Exit codes: 0 done; 1 the definition contradicts itself; 2 it could not be done or read; 3 a
    /// rule refuses; 4 there is no such tenant or cohort; 130 interrupted.
    Cohort(CohortArguments),
    /// Editions: tables of a cohort, published for good, computed again, and compared.
    ///
    /// Exit codes: 0 done, and for `rerun`: the same to the byte, for `compare`: no figure moved; 1
    /// not the same; 2 it could not be done or read; 3 a rule refuses; 4 there is no such tenant, cohort or edition; 130 interrupted.
    Edition(EditionArguments),
    /// Write an edition as one page of HTML to read and to print, with its tables and pictures.
    ///
    /// Exit codes: 0 written; 2 it could not be read or written; 4 there is no such tenant or
    /// edition; 130 interrupted.
    Report(ReportArguments),
    /// Write a cohort for evaluators outside: rows under pseudonyms, or counts without small ones.
    ///
    /// Exit codes: 0 written; 2 it could not be read or written; 3 refused, or the directory is
    /// there already; 4 there is no such tenant or cohort; 130 interrupted.
    Release(ReleaseArguments),
    /// Compute the draws of a closed schedule of arms again.
    Allocation(AllocationArguments),
    /// Load a demonstration history if there is none, then serve.
    Demo(DemoArguments),
    /// Measure the event log beside the bare database, in databases of its own.
    Bench(BenchArguments),
    /// Do some work in a process of its own and print what memory that took: for `bench`.
    #[command(hide = true)]
    BenchChild(BenchChildArguments),
    /// Run a command with `DATABASE_URL` naming a private PostgreSQL, which ends with it.
    #[command(hide = true)]
    WithPostgres(WithPostgresArguments),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn what_follows_the_dashes_is_the_command_to_run() {
        let cli = Cli::parse_from(["throughline", "with-postgres", "--", "ls", "--data-dir"]);
        let Command::WithPostgres(arguments) = cli.command else { panic!("another subcommand") };
        assert_eq!(arguments.command, ["ls", "--data-dir"]);
        assert_eq!(arguments.data_dir, None);
    }
}

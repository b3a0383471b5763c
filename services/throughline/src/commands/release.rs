//! `throughline release`: a cohort for evaluators outside, as rows under pseudonyms or as safe counts.
//! How it was decided: ADR 0036.

mod directory;
mod list;
mod make;
mod parquet;

use std::path::PathBuf;
use std::process::ExitCode;

use throughline_domain::code::Code;
use throughline_domain::cohort::ReleasedDates;

use super::dates::DatesArguments;
use super::edition::{FAILED, OfTenant};

/// Exit codes for scripts: a rule refuses, nobody knows it.
const REFUSED: u8 = 3;
const UNKNOWN: u8 = 4;

/// What `release` is told.
#[derive(Debug, clap::Args)]
pub(crate) struct ReleaseArguments {
    #[command(subcommand)]
    pub(crate) command: ReleaseVerb,
}

/// What to do about releases. Rows and counts are never in one.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum ReleaseVerb {
    /// Release a row a case and a row a fact, under pseudonyms of this release alone: for recipients
    /// who are bound by an agreement.
    Rows(RowsArguments),
    /// Release tables of counts from which no small count can be derived: for anybody.
    Counts(CountsArguments),
    /// What was released, the newest first.
    List(OfTenant),
}

/// What `release rows` is told.
#[derive(Debug, clap::Args)]
pub(crate) struct RowsArguments {
    /// What becomes of dates.
    #[arg(long, value_enum, default_value = "shifted")]
    dates: DatePolicy,

    #[command(flatten)]
    what: What,
}

/// What `release counts` is told.
#[derive(Debug, clap::Args)]
pub(crate) struct CountsArguments {
    /// Counts from 1 to one below this are suppressed; 0 suppresses none.
    #[arg(long, value_name = "N", default_value_t = 10)]
    threshold: u64,

    /// File with the questions whose tables are counted, a JSON array as an edition has them; `-` for
    /// standard input.
    #[arg(long, value_name = "FILE", conflicts_with = "edition")]
    questions: Option<PathBuf>,

    #[command(flatten)]
    what: What,
}

/// What is released, and where it goes.
#[derive(Debug, clap::Args)]
struct What {
    /// The cohort.
    #[arg(value_name = "COHORT", required_unless_present = "edition")]
    cohort: Option<Code>,

    /// An edition instead: its cohort, dates, place in the log and questions.
    #[arg(
        long,
        value_name = "EDITION",
        conflicts_with_all = ["cohort", "version", "as_of", "known_at", "reading"]
    )]
    edition: Option<Code>,

    /// Version of the cohort; the newest when absent.
    #[arg(long, value_name = "N")]
    version: Option<u16>,

    #[command(flatten)]
    dates_asked: DatesArguments,

    /// Directory to write, for its owner alone; it must not be there yet.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,

    /// Release although something of the cohort was released before: whoever has both can lay them
    /// beside each other.
    #[arg(long)]
    again: bool,

    /// Who acts, as the log is to say. The name of the account, or `operator`, when absent.
    #[arg(long, value_name = "ACTOR")]
    actor: Option<Code>,

    #[command(flatten)]
    of: OfTenant,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum DatePolicy {
    Kept,
    Shifted,
    Month,
    Quarter,
}

impl From<DatePolicy> for ReleasedDates {
    fn from(policy: DatePolicy) -> Self {
        match policy {
            DatePolicy::Kept => Self::Kept,
            DatePolicy::Shifted => Self::Shifted,
            DatePolicy::Month => Self::Month,
            DatePolicy::Quarter => Self::Quarter,
        }
    }
}

/// Why nothing is released, in the words and with the code of a script.
struct Refusal(u8, String);

fn unknown(what: &str) -> Refusal {
    Refusal(UNKNOWN, format!("there is no such {what}"))
}

type Outcome<T> = anyhow::Result<Result<T, Refusal>>;

/// Does what was asked about releases.
pub(crate) async fn run(arguments: ReleaseArguments) -> ExitCode {
    let outcome = match arguments.command {
        ReleaseVerb::Rows(RowsArguments { dates, what }) => make::rows(&what, dates.into()).await,
        ReleaseVerb::Counts(CountsArguments { threshold, questions, what }) => {
            make::counts(&what, threshold, questions.as_deref()).await
        }
        ReleaseVerb::List(of) => list::list(&of).await,
    };
    match outcome {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(Refusal(code, why))) => {
            eprintln!("throughline: {why}");
            ExitCode::from(code)
        }
        Err(error) => {
            eprintln!("throughline: {error:#}");
            ExitCode::from(FAILED)
        }
    }
}

//! `throughline release`: a cohort for evaluators outside, as rows under pseudonyms or as safe counts.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use jiff::Timestamp;
use serde_json::{Value, json};
use throughline_domain::code::Code;
use throughline_domain::cohort::Cohort;
use throughline_domain::time::to_microseconds;
use throughline_domain::two_clocks::Asked;
use throughline_evaluation::Question;
use throughline_evaluation::release::{Counts, Dates, ReleaseKey, Resource, Rows, package};
use throughline_evaluation::tables::question::{self, Naming};
use throughline_log::{EventLog, TenantNo};

use super::actor::actor;
use super::database::DatabaseArguments;
use super::dates::DatesArguments;
use super::document::{Named, read};
use super::edition::FAILED;
use super::evaluating::{every_case, find_cohort, settled};
use super::with_log::{OpenLog, Sealed, with_log};

mod directory;

const REFUSED: u8 = 3;
const UNKNOWN: u8 = 4;

/// What `release` is told.
#[derive(Debug, clap::Args)]
pub(crate) struct ReleaseArguments {
    /// The cohort.
    #[arg(value_name = "COHORT")]
    cohort: Code,

    /// Tenant whose cases they are.
    #[arg(long, value_name = "TENANT")]
    tenant: Code,

    /// Version of the cohort; the newest when absent.
    #[arg(long, value_name = "N")]
    version: Option<u16>,

    #[command(flatten)]
    dates_asked: DatesArguments,

    /// What leaves: a row a case and a row a fact, or tables of counts. Never both in one release.
    #[arg(long, value_enum, default_value = "rows")]
    contents: Contents,

    /// What becomes of dates in rows.
    #[arg(long, value_enum, default_value = "shifted")]
    dates: DatePolicy,

    /// Counts from 1 to one below this are suppressed; 0 suppresses none.
    #[arg(long, value_name = "N", default_value_t = 10)]
    threshold: u64,

    /// File with the questions whose tables are counted, a JSON array as an edition has them.
    #[arg(long, value_name = "FILE")]
    questions: Option<PathBuf>,

    /// Directory to write, for its owner alone; it must not be there yet.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,

    /// Who acts, as the record is to say. The name of the account, or `operator`, when absent.
    #[arg(long, value_name = "ACTOR")]
    actor: Option<Code>,

    /// Print JSON.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    database: DatabaseArguments,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Contents {
    Rows,
    Counts,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum DatePolicy {
    Kept,
    Shifted,
    Month,
    Quarter,
}

impl DatePolicy {
    fn dates(self) -> Dates {
        match self {
            Self::Kept => Dates::Kept,
            Self::Shifted => Dates::Shifted,
            Self::Month => Dates::Month,
            Self::Quarter => Dates::Quarter,
        }
    }
}

/// What was gathered: the files, how many cases they are of, and what is said of it all.
struct Gathered {
    resources: Vec<Resource>,
    cases: Option<u64>,
    about: Value,
}

/// Why nothing is released, in the words and with the code of a script.
struct Refusal(u8, &'static str);

/// Releases.
pub(crate) async fn run(arguments: ReleaseArguments) -> ExitCode {
    match release(&arguments).await {
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

async fn release(arguments: &ReleaseArguments) -> anyhow::Result<Result<(), Refusal>> {
    // Before the pass, which takes long; the renaming decides all the same.
    if arguments.out.symlink_metadata().is_ok() {
        return Ok(Err(Refusal(REFUSED, "the directory is there already")));
    }
    let questions: Vec<Question> = match &arguments.questions {
        Some(_) if arguments.contents == Contents::Rows => {
            return Ok(Err(Refusal(REFUSED, "questions are for counts, and never beside rows")));
        }
        Some(file) => read(file, "an array of questions")?,
        None => Vec::new(),
    };
    if !question::check(&questions, Naming::Refused).is_empty() {
        return Ok(Err(Refusal(REFUSED, "a question cannot be answered or names cases")));
    }
    let gathered = with_log(&arguments.database, Sealed::Untouched, async |open: OpenLog| {
        let Some(tenant) = open.log.find_tenant(arguments.tenant.as_str()).await? else {
            return Ok(Err(Refusal(UNKNOWN, "there is no such tenant")));
        };
        gather(&open.log, tenant.tenant_no, arguments, &questions).await
    });
    let Gathered { resources, cases, about } = match gathered.await? {
        Ok(gathered) => gathered,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let description = package::describe(arguments.cohort.as_str(), "A release", &resources, &about);
    directory::write(&arguments.out, &resources, &description)?;
    tell(arguments, &resources, cases, &about)?;
    Ok(Ok(()))
}

async fn gather(
    log: &EventLog,
    tenant: TenantNo,
    arguments: &ReleaseArguments,
    questions: &[Question],
) -> anyhow::Result<Result<Gathered, Refusal>> {
    let now = to_microseconds(Timestamp::now());
    let asked = arguments.dates_asked.asked(now)?;
    let (asked, position) = settled(log, tenant, asked).await?;
    let name = Named { id: arguments.cohort.clone(), version: arguments.version };
    let Some(cohort) = find_cohort(log, tenant, &name).await? else {
        return Ok(Err(Refusal(UNKNOWN, "there is no such cohort")));
    };
    let mut about = about(&cohort, &asked, now);
    about["position"] = json!(position);
    let (resources, cases) = match arguments.contents {
        Contents::Rows => {
            let dates = arguments.dates.dates();
            let mut rows = Rows::new(cohort, asked, key()?, dates);
            every_case(log, tenant, position, |id, history, programmes| {
                rows.take(id, history, programmes);
            })
            .await?;
            let (counts, resources) = rows.finish();
            about["dates"] = json!({"policy": dates, "meaning": dates.in_words()});
            about["pseudonyms"] = json!("HMAC-SHA256 under a key of this release, thrown away");
            about["suppression"] = json!("none: rows are not counts, and not for publication");
            (resources, Some(counts.cases))
        }
        Contents::Counts => {
            let threshold = arguments.threshold;
            let mut counts = Counts::new(cohort, asked, questions, threshold);
            every_case(log, tenant, position, |id, history, programmes| {
                counts.take(id, history, programmes);
            })
            .await?;
            let (cases, resource, left_out) = counts.finish();
            about["suppression"] = json!({
                "threshold": threshold,
                "rule": "counts from 1 to one below the threshold are suppressed, and with them \
                         those from which they could be derived; 0 is published",
                "left_out": left_out,
            });
            about["questions"] = json!(questions);
            (vec![resource], cases)
        }
    };
    about["cases"] = json!(cases);
    Ok(Ok(Gathered { resources, cases, about }))
}

fn about(cohort: &Cohort, asked: &Asked, now: Timestamp) -> Value {
    json!({
        "cohort": {"id": cohort.id, "version": cohort.version},
        "as_of": asked.as_of, "known_at": asked.known_at, "reading": asked.reading,
        "released_at": now, "program": env!("CARGO_PKG_VERSION"),
    })
}

/// A key that nobody can guess, for this release alone.
fn key() -> anyhow::Result<ReleaseKey> {
    let mut secret = [0; 32];
    aws_lc_rs::rand::fill(&mut secret).context("the system gave no random numbers")?;
    Ok(ReleaseKey::new(&secret))
}

/// Says what was released, and leaves a structured line of who did it.
fn tell(
    arguments: &ReleaseArguments,
    resources: &[Resource],
    cases: Option<u64>,
    about: &Value,
) -> anyhow::Result<()> {
    let files: Vec<&str> = resources.iter().map(|resource| resource.name).collect();
    let contents = match arguments.contents {
        Contents::Rows => "rows",
        Contents::Counts => "counts",
    };
    let trace = json!({
        "timestamp": about["released_at"], "level": "INFO", "message": "a release was made",
        "actor": actor(arguments.actor.as_ref()), "tenant": arguments.tenant,
        "cohort": about["cohort"], "position": about["position"], "contents": contents,
        "as_of": about["as_of"], "known_at": about["known_at"], "cases": cases,
    });
    writeln!(io::stderr(), "{trace}")?;
    let mut out = io::stdout().lock();
    if arguments.json {
        let line = json!({"contents": contents, "cases": cases, "files": files, "about": about});
        writeln!(out, "{line}")?;
    } else {
        let cases = cases.map_or_else(|| "too few to say".to_owned(), |cases| cases.to_string());
        writeln!(out, "released {contents}; cases: {cases}; files: {}", files.join(", "))?;
    }
    Ok(())
}

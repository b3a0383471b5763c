//! `throughline cohort`: defining cohorts, which there are, and how many cases are in one.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;
use jiff::Timestamp;
use serde_json::json;
use throughline_domain::case::Moment;
use throughline_domain::code::Code;
use throughline_domain::cohort::{
    Cohort, CohortCommand, CohortError, CohortHistory, CohortIntent, Contradiction, DefineCohort,
    aggregate,
};
use throughline_domain::ids::{EventId, Position};
use throughline_domain::time::{Occurred, to_microseconds};
use throughline_domain::two_clocks::Asked;
use throughline_evaluation::CohortCounts;
use throughline_log::{COHORTS_MAX, EventLog, ExecuteError, TenantNo};
use uuid::Uuid;

use super::database::DatabaseArguments;
use super::dates::DatesArguments;
use super::document::{Named, meta, named, read};
use super::evaluating::{Passing, find_cohort, pass, settled};
use super::progress::grouped;
use super::with_log::{OpenLog, Sealed, with_log};

/// Exit codes for scripts: the definition contradicts itself, it could not be done, a rule refuses,
/// nobody knows it.
const CONTRADICTORY: u8 = 1;
const FAILED: u8 = 2;
const REFUSED: u8 = 3;
const UNKNOWN: u8 = 4;

/// What `cohort` is told.
#[derive(Debug, clap::Args)]
pub(crate) struct CohortArguments {
    #[command(subcommand)]
    pub(crate) command: CohortVerb,
}

/// What to do with cohorts.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum CohortVerb {
    /// Define a cohort: its first version, or the next. Every contradiction is named.
    Define(DefineArguments),
    /// Every definition of the tenant.
    List(ListArguments),
    /// Print one definition as JSON: its newest version, or the one named.
    Show(ShowArguments),
    /// Count who is in a cohort at two dates, and who is not, for which first reason.
    Members(MembersArguments),
}

/// Whose cohorts.
#[derive(Debug, clap::Args)]
pub(crate) struct OfTenant {
    /// Tenant whose cohorts they are.
    #[arg(long, value_name = "TENANT")]
    pub(crate) tenant: Code,

    /// Print JSON, one object a line.
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) database: DatabaseArguments,
}

/// What `cohort define` is told.
#[derive(Debug, clap::Args)]
pub(crate) struct DefineArguments {
    /// File with the definition as JSON; `-` for standard input.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,

    /// Who acts, as the log is to say. The name of the account, or `operator`, when absent.
    #[arg(long, value_name = "ACTOR")]
    pub(crate) actor: Option<Code>,

    #[command(flatten)]
    pub(crate) of: OfTenant,
}

/// What `cohort list` is told.
#[derive(Debug, clap::Args)]
pub(crate) struct ListArguments {
    #[command(flatten)]
    pub(crate) of: OfTenant,
}

/// What `cohort show` is told.
#[derive(Debug, clap::Args)]
pub(crate) struct ShowArguments {
    /// The cohort, or with @ a version of it.
    #[arg(value_name = "ID[@VERSION]", value_parser = named)]
    pub(crate) cohort: Named,

    #[command(flatten)]
    pub(crate) of: OfTenant,
}

/// What `cohort members` is told.
#[derive(Debug, clap::Args)]
pub(crate) struct MembersArguments {
    /// The cohort, or with @ a version of it.
    #[arg(value_name = "ID[@VERSION]", value_parser = named)]
    pub(crate) cohort: Named,

    #[command(flatten)]
    pub(crate) dates: DatesArguments,

    #[command(flatten)]
    pub(crate) of: OfTenant,
}

/// Does what was asked with cohorts.
pub(crate) async fn run(arguments: CohortArguments) -> ExitCode {
    let outcome = match arguments.command {
        CohortVerb::Define(arguments) => define(&arguments).await,
        CohortVerb::List(arguments) => list(&arguments.of).await,
        CohortVerb::Show(arguments) => show(&arguments).await,
        CohortVerb::Members(arguments) => members(&arguments).await,
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("throughline: {error:#}");
        ExitCode::from(FAILED)
    })
}

/// Works on the tenant's log; the exit code where there is no such tenant.
async fn of_tenant<T>(
    of: &OfTenant,
    sealed: Sealed,
    work: impl AsyncFnOnce(&EventLog, TenantNo) -> anyhow::Result<T>,
) -> anyhow::Result<Result<T, ExitCode>> {
    with_log(&of.database, sealed, async |open: OpenLog| {
        let Some(tenant) = open.log.find_tenant(of.tenant.as_str()).await? else {
            eprintln!("throughline: there is no such tenant");
            return Ok(Err(ExitCode::from(UNKNOWN)));
        };
        work(&open.log, tenant.tenant_no).await.map(Ok)
    })
    .await
}

fn no_cohort() -> ExitCode {
    eprintln!("throughline: there is no such cohort");
    ExitCode::from(UNKNOWN)
}

async fn define(arguments: &DefineArguments) -> anyhow::Result<ExitCode> {
    let cohort: Cohort = read(&arguments.file, "a definition")?;
    let (id, version, json) = (cohort.id.clone(), cohort.version, arguments.of.json);
    let defined = of_tenant(&arguments.of, Sealed::Handled, async |log, tenant| {
        record(log, tenant, cohort, arguments.actor.as_ref()).await
    });
    let refusal = match defined.await? {
        Err(code) => return Ok(code),
        Ok(Ok(position)) => {
            let line = if json {
                json!({"cohort": id, "version": version, "position": position}).to_string()
            } else {
                format!("{id}@{version} is known from position {position} on")
            };
            writeln!(io::stdout(), "{line}")?;
            return Ok(ExitCode::SUCCESS);
        }
        Ok(Err(refusal)) => refusal,
    };
    if let CohortError::Contradictions(found) = &refusal {
        tell(found, json)?;
        return Ok(ExitCode::from(CONTRADICTORY));
    }
    eprintln!("throughline: {refusal}");
    Ok(ExitCode::from(REFUSED))
}

async fn record(
    log: &EventLog,
    tenant: TenantNo,
    cohort: Cohort,
    actor: Option<&Code>,
) -> anyhow::Result<Result<Position, CohortError>> {
    let known = log.cohorts(tenant).await?;
    let is_new = !known.iter().any(|one| one.id == cohort.id && one.version == cohort.version);
    if is_new && known.len() >= COHORTS_MAX {
        bail!("the tenant has {COHORTS_MAX} definitions, and may have no more");
    }
    let stream = aggregate::stream_id(&cohort.id);
    let now = to_microseconds(Timestamp::now());
    let moment = Moment { event_id: EventId(Uuid::now_v7()), occurred: Occurred::at(now), now };
    let programmes = log.programmes(tenant).await?;
    let command =
        CohortCommand { moment, intent: CohortIntent::Define(DefineCohort { cohort, programmes }) };
    match log.execute::<CohortHistory>(tenant, stream, None, command, meta(actor), None).await {
        Ok(executed) => Ok(Ok(executed.position)),
        Err(ExecuteError::Refused(refusal)) => Ok(Err(refusal)),
        Err(error) => bail!(error),
    }
}

async fn list(of: &OfTenant) -> anyhow::Result<ExitCode> {
    let read =
        of_tenant(of, Sealed::Untouched, async |log, tenant| Ok(log.cohorts(tenant).await?));
    let known = match read.await? {
        Ok(known) => known,
        Err(code) => return Ok(code),
    };
    let mut out = io::stdout().lock();
    for Cohort { id, version, title, programme, .. } in known {
        if of.json {
            let line = json!({
                "cohort": id, "version": version, "programme": programme, "title": title,
            });
            writeln!(out, "{line}")?;
        } else {
            writeln!(out, "{:<24} {programme:<16} {title}", format!("{id}@{version}"))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn show(arguments: &ShowArguments) -> anyhow::Result<ExitCode> {
    let read = of_tenant(&arguments.of, Sealed::Untouched, async |log, tenant| {
        find_cohort(log, tenant, &arguments.cohort).await
    });
    let cohort = match read.await? {
        Ok(Some(cohort)) => cohort,
        Ok(None) => return Ok(no_cohort()),
        Err(code) => return Ok(code),
    };
    let text = if arguments.of.json {
        serde_json::to_string(&cohort)?
    } else {
        serde_json::to_string_pretty(&cohort)?
    };
    writeln!(io::stdout(), "{text}")?;
    Ok(ExitCode::SUCCESS)
}

async fn members(arguments: &MembersArguments) -> anyhow::Result<ExitCode> {
    let asked = arguments.dates.asked(to_microseconds(Timestamp::now()))?;
    let counted = of_tenant(&arguments.of, Sealed::Untouched, async |log, tenant| {
        let (asked, position) = settled(log, tenant, asked).await?;
        let Some(cohort) = find_cohort(log, tenant, &arguments.cohort).await? else {
            return Ok(None);
        };
        let passing = Passing { cohort: &cohort, questions: &[], asked, position };
        let finished = pass(log, tenant, passing).await?;
        Ok(Some((cohort, finished.counts, asked)))
    });
    match counted.await? {
        Ok(Some((cohort, counts, asked))) => {
            print_members(&cohort, &counts, &asked, arguments.of.json)
        }
        Ok(None) => Ok(no_cohort()),
        Err(code) => Ok(code),
    }
}

fn print_members(
    cohort: &Cohort,
    counts: &CohortCounts,
    asked: &Asked,
    json: bool,
) -> anyhow::Result<ExitCode> {
    let mut out = io::stdout().lock();
    let Cohort { id, version, .. } = cohort;
    if json {
        let line = json!({
            "cohort": id, "version": version, "cases": counts.cases, "left_out": counts.left_out,
            "as_of": asked.as_of, "known_at": asked.known_at, "reading": asked.reading,
        });
        writeln!(out, "{line}")?;
        return Ok(ExitCode::SUCCESS);
    }
    let Asked { as_of, known_at, .. } = asked;
    writeln!(out, "{id}@{version} as of {as_of}, as known at {known_at}")?;
    writeln!(out, "{:>12} in it", grouped(counts.cases))?;
    for (reason, cases) in &counts.left_out {
        let reason = json!(reason);
        let reason = reason.as_str().unwrap_or_default();
        writeln!(out, "{:>12} left out by {reason}", grouped(*cases))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn tell(found: &[Contradiction], json: bool) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    for Contradiction { place, kind } in found {
        if json {
            writeln!(out, "{}", json!({"pointer": place, "detail": kind.to_string()}))?;
        } else {
            writeln!(out, "{place} {kind}")?;
        }
    }
    Ok(())
}

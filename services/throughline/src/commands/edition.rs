//! `throughline edition`: publishing tables of a cohort for good, and computing them again.

mod compare;

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;
use throughline_domain::case::Moment;
use throughline_domain::code::Code;
use throughline_domain::edition::publish_edition::QUESTIONS_MAX;
use throughline_domain::edition::{
    Edition, EditionCommand, EditionError, EditionEvent, EditionHistory, EditionPublished,
    PublishEdition, aggregate,
};
use throughline_domain::ids::{EventId, Position};
use throughline_domain::time::{Occurred, SKEW_FORGIVEN, to_microseconds};
use throughline_domain::two_clocks::{Asked, Reading};
use throughline_evaluation::edition::{self, Difference, Draft};
use throughline_evaluation::tables::question::{self, Naming};
use throughline_evaluation::{Figures, Question};
use throughline_log::{EventLog, ExecuteError, TenantNo, hash_text};
use uuid::Uuid;

use super::database::DatabaseArguments;
use super::document::{Named, meta, read};
use super::evaluating::{Passing, find_cohort, pass, settled};
use super::with_log::{OpenLog, Sealed, with_log};

/// Exit codes for scripts: not the same, it could not be done, a rule refuses, nobody knows it.
const NOT_THE_SAME: u8 = 1;
pub(super) const FAILED: u8 = 2;
const REFUSED: u8 = 3;
const UNKNOWN: u8 = 4;

/// Editions read at a time.
const PAGE: u32 = 200;

/// What `edition` is told.
#[derive(Debug, clap::Args)]
pub(crate) struct EditionArguments {
    #[command(subcommand)]
    pub(crate) command: EditionVerb,
}

/// What to do with editions.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum EditionVerb {
    /// Compute the tables that a file asks for, and publish them for good.
    Publish(PublishArguments),
    /// Every edition, the newest first.
    List(OfTenant),
    /// Print one edition, to the byte as it was published.
    Show(OneArguments),
    /// Compute an edition again, and say whether it is the same to the byte.
    Rerun(OneArguments),
    /// Say which figures of an edition moved, and which events moved them.
    Compare(compare::CompareArguments),
}

/// Whose editions.
#[derive(Debug, clap::Args)]
pub(crate) struct OfTenant {
    /// Tenant whose editions they are.
    #[arg(long, value_name = "TENANT")]
    pub(crate) tenant: Code,

    /// Print JSON, one object a line.
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) database: DatabaseArguments,
}

/// What `edition publish` is told.
#[derive(Debug, clap::Args)]
pub(crate) struct PublishArguments {
    /// File with what is to be published, as the REST interface takes it; `-` for standard input.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,

    /// Who acts, as the log is to say. The name of the account, or `operator`, when absent.
    #[arg(long, value_name = "ACTOR")]
    pub(crate) actor: Option<Code>,

    #[command(flatten)]
    pub(crate) of: OfTenant,
}

/// What `edition show`, `edition rerun` and `edition compare` are told.
#[derive(Debug, clap::Args)]
pub(crate) struct OneArguments {
    /// The edition.
    #[arg(value_name = "EDITION")]
    pub(crate) edition: Code,

    #[command(flatten)]
    pub(crate) of: OfTenant,
}

/// What is to be published.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Plan {
    edition: Code,
    title: String,
    cohort: Code,
    version: Option<u16>,
    questions: Vec<Question>,
    as_of: Option<Timestamp>,
    known_at: Option<Timestamp>,
    #[serde(default)]
    reading: Reading,
}

/// Why there is no answer, in the words and with the code of a script.
struct Refusal(u8, String);

fn unknown(what: &str) -> Refusal {
    Refusal(UNKNOWN, format!("there is no such {what}"))
}

/// Does what was asked with editions.
pub(crate) async fn run(arguments: EditionArguments) -> ExitCode {
    let outcome = match arguments.command {
        EditionVerb::Publish(arguments) => publish(&arguments).await,
        EditionVerb::List(arguments) => list(&arguments).await,
        EditionVerb::Show(arguments) => show(&arguments).await,
        EditionVerb::Rerun(arguments) => rerun(&arguments).await,
        EditionVerb::Compare(arguments) => compare::compare(&arguments).await,
    };
    match outcome {
        Ok(Ok(code)) => code,
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

type Outcome<T> = anyhow::Result<Result<T, Refusal>>;

async fn of_tenant<T>(
    of: &OfTenant,
    sealed: Sealed,
    work: impl AsyncFnOnce(&EventLog, TenantNo) -> Outcome<T>,
) -> Outcome<T> {
    with_log(&of.database, sealed, async |open: OpenLog| {
        match open.log.find_tenant(of.tenant.as_str()).await? {
            Some(tenant) => work(&open.log, tenant.tenant_no).await,
            None => Ok(Err(unknown("tenant"))),
        }
    })
    .await
}

async fn publish(arguments: &PublishArguments) -> Outcome<ExitCode> {
    let plan: Plan = read(&arguments.file, "an edition to publish")?;
    let published = of_tenant(&arguments.of, Sealed::Handled, async |log, tenant| {
        let publication = match compute(log, tenant, plan).await? {
            Ok(publication) => publication,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let Edition { id, result_hash, .. } = publication.edition.clone();
        let recorded = record(log, tenant, publication, arguments.actor.as_ref()).await?;
        Ok(recorded.map(|position| (id, result_hash, position)))
    });
    Ok(match published.await? {
        Ok((id, hash, position)) => {
            let line = if arguments.of.json {
                json!({"edition": id, "result_hash": hash, "position": position}).to_string()
            } else {
                format!("{id} is published at position {position}, with the hash {hash}")
            };
            writeln!(io::stdout(), "{line}")?;
            Ok(ExitCode::SUCCESS)
        }
        Err(refusal) => Err(refusal),
    })
}

/// The tables that are asked for, ready to be published.
async fn compute(log: &EventLog, tenant: TenantNo, plan: Plan) -> Outcome<EditionPublished> {
    let now = to_microseconds(Timestamp::now());
    let known_at = plan.known_at.map_or(now, to_microseconds);
    if known_at.duration_since(now) > SKEW_FORGIVEN {
        bail!("known_at lies in the future: nobody can say what will be known");
    }
    if !(1..=QUESTIONS_MAX).contains(&plan.questions.len()) {
        let wrong = EditionError::Questions { questions_max: QUESTIONS_MAX };
        return Ok(Err(Refusal(REFUSED, wrong.to_string())));
    }
    let wrong = question::check(&plan.questions, Naming::Refused);
    if !wrong.is_empty() {
        let wrong: Vec<String> =
            wrong.iter().map(|wrong| format!("{} {}", wrong.pointer, wrong.detail)).collect();
        return Ok(Err(Refusal(REFUSED, wrong.join("; "))));
    }
    // Before the pass, which takes long; the log decides all the same.
    if log.edition(tenant, &plan.edition).await?.is_some() {
        return Ok(Err(Refusal(REFUSED, EditionError::AlreadyPublished.to_string())));
    }
    let as_of = plan.as_of.map_or(now, to_microseconds);
    let asked = Asked { as_of, known_at, reading: plan.reading };
    let (asked, position) = settled(log, tenant, asked).await?;
    let name = Named { id: plan.cohort, version: plan.version };
    let Some(cohort) = find_cohort(log, tenant, &name).await? else {
        return Ok(Err(unknown("cohort")));
    };
    let passing = Passing { cohort: &cohort, questions: &plan.questions, asked, position };
    let finished = pass(log, tenant, passing).await?;
    let log_hash = log.hash_at(tenant, position).await?.context("the log ends before its end")?;
    let draft = Draft {
        id: plan.edition,
        title: plan.title,
        cohort,
        questions: plan.questions,
        asked,
        position,
        log_hash: hash_text(&log_hash),
        stale_cases: 0,
    };
    let programmes = log.programmes(tenant).await?;
    Ok(Ok(edition::edition(draft, &programmes, &finished)))
}

async fn record(
    log: &EventLog,
    tenant: TenantNo,
    publication: EditionPublished,
    actor: Option<&Code>,
) -> Outcome<Position> {
    let stream = aggregate::stream_id(&publication.edition.id);
    let now = to_microseconds(Timestamp::now());
    let moment = Moment { event_id: EventId(Uuid::now_v7()), occurred: Occurred::at(now), now };
    let command = EditionCommand { moment, intent: PublishEdition(publication) };
    match log.execute::<EditionHistory>(tenant, stream, None, command, meta(actor), None).await {
        Ok(executed) => Ok(Ok(executed.position)),
        Err(ExecuteError::Refused(refusal)) => Ok(Err(Refusal(REFUSED, refusal.to_string()))),
        Err(error) => bail!(error),
    }
}

async fn list(of: &OfTenant) -> Outcome<ExitCode> {
    of_tenant(of, Sealed::Untouched, async |log, tenant| {
        let mut before = Position(i64::MAX);
        loop {
            let page = log.editions(tenant, before, PAGE).await?;
            let Some(last) = page.last() else { return Ok(Ok(ExitCode::SUCCESS)) };
            before = last.position;
            let mut out = io::stdout().lock();
            for listed in page {
                let Edition { id, title, cohort, as_of, known_at, result_hash, .. } =
                    listed.edition;
                let (published_at, cohort) =
                    (listed.published_at, format!("{}@{}", cohort.id, cohort.version));
                if of.json {
                    let line = json!({
                        "edition": id, "title": title, "cohort": cohort, "as_of": as_of,
                        "known_at": known_at, "published_at": published_at,
                        "position": listed.position, "result_hash": result_hash,
                    });
                    writeln!(out, "{line}")?;
                } else {
                    writeln!(out, "{:<24} {published_at} {cohort:<24} {title}", id.as_str())?;
                }
            }
        }
    })
    .await
}

/// An edition: the text that was recorded, and what it says.
async fn find(
    log: &EventLog,
    tenant: TenantNo,
    id: &Code,
) -> anyhow::Result<Option<(String, EditionPublished)>> {
    let Some(stored) = log.edition(tenant, id).await? else { return Ok(None) };
    let EditionEvent::EditionPublished(published) = stored.to_edition_event()?.event;
    Ok(Some((stored.data, *published)))
}

async fn show(arguments: &OneArguments) -> Outcome<ExitCode> {
    let found = of_tenant(&arguments.of, Sealed::Untouched, async |log, tenant| {
        Ok(find(log, tenant, &arguments.edition).await?.ok_or_else(|| unknown("edition")))
    });
    Ok(match found.await? {
        Ok((text, published)) => {
            if arguments.of.json {
                writeln!(io::stdout(), "{text}")?;
            } else {
                writeln!(io::stdout(), "{}", serde_json::to_string_pretty(&published)?)?;
            }
            Ok(ExitCode::SUCCESS)
        }
        Err(refusal) => Err(refusal),
    })
}

/// An edition of a tenant; the exit code, told why, where there is none.
///
/// # Errors
/// When the log cannot be read.
pub(super) async fn find_published(
    edition: &Code,
    of: &OfTenant,
) -> anyhow::Result<Result<EditionPublished, ExitCode>> {
    let found = of_tenant(of, Sealed::Untouched, async |log, tenant| {
        Ok(find(log, tenant, edition).await?.ok_or_else(|| unknown("edition")))
    });
    Ok(match found.await? {
        Ok((_, published)) => Ok(published),
        Err(Refusal(code, why)) => {
            eprintln!("throughline: {why}");
            Err(ExitCode::from(code))
        }
    })
}

/// What came of computing an edition again.
struct Again {
    published: Edition,
    result_hash: String,
    same_log: bool,
    changed_versions: Vec<&'static str>,
    differences: Vec<Difference>,
}

async fn rerun(arguments: &OneArguments) -> Outcome<ExitCode> {
    let again = of_tenant(&arguments.of, Sealed::Untouched, async |log, tenant| {
        let Some((_, published)) = find(log, tenant, &arguments.edition).await? else {
            return Ok(Err(unknown("edition")));
        };
        Ok(Ok(compute_again(log, tenant, published).await?))
    });
    let again = match again.await? {
        Ok(again) => again,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let same = again.result_hash == again.published.result_hash;
    tell(&again, same, arguments.of.json)?;
    Ok(Ok(if same { ExitCode::SUCCESS } else { ExitCode::from(NOT_THE_SAME) }))
}

async fn compute_again(
    log: &EventLog,
    tenant: TenantNo,
    published: EditionPublished,
) -> anyhow::Result<Again> {
    let EditionPublished { edition: published, results } = published;
    let questions = edition::questions(&published)
        .context("this version of the program does not know a question of the edition")?;
    let (asked, position) = (published.asked(), published.position);
    let passing = Passing { cohort: &published.cohort, questions: &questions, asked, position };
    let finished = pass(log, tenant, passing).await?;
    let now = edition::results(&questions, &finished);
    let log_hash = log.hash_at(tenant, position).await?;
    let programmes = log.programmes(tenant).await?;
    let versions = edition::versions(&published.cohort, &programmes);
    Ok(Again {
        result_hash: edition::hash(&now),
        same_log: log_hash.is_some_and(|hash| hash_text(&hash) == published.log_hash),
        changed_versions: edition::changed_versions(&published.versions, &versions),
        differences: edition::differences(&Figures::of(&results)?, &now),
        published,
    })
}

fn tell(again: &Again, same: bool, json: bool) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    let Again { published, result_hash, same_log, changed_versions, differences } = again;
    let Edition { id, result_hash: published_hash, .. } = published;
    if json {
        let line = json!({
            "edition": id, "same": same, "same_log": same_log, "published_hash": published_hash,
            "result_hash": result_hash, "changed_versions": changed_versions,
            "differing": differences.len(), "differences": differences,
        });
        writeln!(out, "{line}")?;
        return Ok(());
    }
    let verdict = if same { "is the same to the byte" } else { "is not the same" };
    writeln!(out, "{id} {verdict}: {result_hash}")?;
    if !same_log {
        writeln!(out, "the log up to position {} is not what it was", published.position)?;
    }
    for member in changed_versions {
        writeln!(out, "of another version: {member}")?;
    }
    for Difference { pointer, then, now } in differences {
        let said = |value: &Option<serde_json::Value>| {
            value.as_ref().map_or_else(|| "nothing".to_owned(), ToString::to_string)
        };
        writeln!(out, "{pointer} was {}, is {}", said(then), said(now))?;
    }
    Ok(())
}

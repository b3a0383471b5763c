//! `throughline programmes`: the definitions there are, checking one, and loading one.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::bail;
use jiff::Timestamp;
use serde::Serialize;
use throughline_domain::case::Moment;
use throughline_domain::code::Code;
use throughline_domain::ids::{EventId, Position};
use throughline_domain::programme::{
    Contradiction, DefineProgramme, Programme, ProgrammeCommand, ProgrammeError, ProgrammeHistory,
    Programmes, aggregate, contradictions,
};
use throughline_domain::time::{Occurred, to_microseconds};
use throughline_log::ExecuteError;
use uuid::Uuid;

use super::database::DatabaseArguments;
use super::document::{Named, meta, named, read};
use super::with_log::{OpenLog, Sealed, with_log};

/// Exit codes for scripts: the definition contradicts itself, it could not be done, a rule refuses,
/// nobody knows it.
const CONTRADICTORY: u8 = 1;
const FAILED: u8 = 2;
const REFUSED: u8 = 3;
const UNKNOWN: u8 = 4;

/// What a file is read as.
const DEFINITION: &str = "a definition";

/// What `programmes` is told.
#[derive(Debug, clap::Args)]
pub(crate) struct ProgrammesArguments {
    #[command(subcommand)]
    pub(crate) command: ProgrammesVerb,
}

/// What to do with programmes.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum ProgrammesVerb {
    /// Every definition: the shipped ones, and a tenant's own where one is named.
    List(ListArguments),
    /// Print one definition as JSON: its newest version, or the one named.
    Show(ShowArguments),
    /// Look for contradictions in a definition, and name every place.
    Check(CheckArguments),
    /// Load a definition for a tenant: the next version of a programme, or the first of a new one.
    Load(LoadArguments),
}

/// Whose definitions.
#[derive(Debug, clap::Args)]
pub(crate) struct OfTenant {
    /// Tenant whose own definitions are there too. Without one, no database is needed.
    #[arg(long, value_name = "TENANT")]
    pub(crate) tenant: Option<Code>,

    #[command(flatten)]
    pub(crate) database: DatabaseArguments,
}

/// What `programmes list` is told.
#[derive(Debug, clap::Args)]
pub(crate) struct ListArguments {
    #[command(flatten)]
    pub(crate) of: OfTenant,

    /// One JSON object a line.
    #[arg(long)]
    pub(crate) json: bool,
}

/// What `programmes show` is told.
#[derive(Debug, clap::Args)]
pub(crate) struct ShowArguments {
    /// The programme, such as mrp, or mrp@1 for a version of it.
    #[arg(value_name = "ID[@VERSION]", value_parser = named)]
    pub(crate) definition: Named,

    #[command(flatten)]
    pub(crate) of: OfTenant,

    /// On one line.
    #[arg(long)]
    pub(crate) json: bool,
}

/// What `programmes check` is told.
#[derive(Debug, clap::Args)]
pub(crate) struct CheckArguments {
    /// File with the definition as JSON; `-` for standard input.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,

    /// One JSON object a line.
    #[arg(long)]
    pub(crate) json: bool,
}

/// What `programmes load` is told.
#[derive(Debug, clap::Args)]
pub(crate) struct LoadArguments {
    #[command(flatten)]
    pub(crate) check: CheckArguments,

    /// Tenant that is to know it.
    #[arg(long, value_name = "TENANT")]
    pub(crate) tenant: Code,

    /// Who acts, as the log is to say. The name of the account, or `operator`, when absent.
    #[arg(long, value_name = "ACTOR")]
    pub(crate) actor: Option<Code>,

    #[command(flatten)]
    pub(crate) database: DatabaseArguments,
}

/// Does what was asked with programmes.
pub(crate) async fn run(arguments: ProgrammesArguments) -> ExitCode {
    let outcome = match arguments.command {
        ProgrammesVerb::List(arguments) => list(&arguments).await,
        ProgrammesVerb::Show(arguments) => show(&arguments).await,
        ProgrammesVerb::Check(arguments) => check(&arguments),
        ProgrammesVerb::Load(arguments) => load(&arguments).await,
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("throughline: {error:#}");
        ExitCode::from(FAILED)
    })
}

async fn known(of: &OfTenant) -> anyhow::Result<Option<Arc<Programmes>>> {
    let Some(tenant) = &of.tenant else { return Ok(Some(Programmes::shipped())) };
    with_log(&of.database, Sealed::Untouched, async |open: OpenLog| {
        match open.log.find_tenant(tenant.as_str()).await? {
            Some(found) => Ok(Some(open.log.programmes(found.tenant_no).await?)),
            None => Ok(None),
        }
    })
    .await
}

fn no_tenant() -> ExitCode {
    eprintln!("throughline: there is no such tenant");
    ExitCode::from(UNKNOWN)
}

async fn list(arguments: &ListArguments) -> anyhow::Result<ExitCode> {
    let Some(known) = known(&arguments.of).await? else { return Ok(no_tenant()) };
    let mut out = io::stdout().lock();
    for definition in known.all() {
        let Programme { id, version, in_force_from, name, .. } = definition.as_ref();
        if arguments.json {
            let line = serde_json::json!({
                "programme": id, "version": version, "in_force_from": in_force_from, "name": name,
            });
            writeln!(out, "{line}")?;
        } else {
            writeln!(out, "{:<24} {in_force_from} {name}", format!("{id}@{version}"))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn show(arguments: &ShowArguments) -> anyhow::Result<ExitCode> {
    let Some(known) = known(&arguments.of).await? else { return Ok(no_tenant()) };
    let Named { id, version } = &arguments.definition;
    let found = match version {
        Some(version) => known.find(id.as_str(), *version),
        None => known.newest(id.as_str()),
    };
    let Some(definition) = found else {
        eprintln!("throughline: there is no such definition");
        return Ok(ExitCode::from(UNKNOWN));
    };
    let text = if arguments.json {
        serde_json::to_string(definition.as_ref())?
    } else {
        serde_json::to_string_pretty(definition.as_ref())?
    };
    writeln!(io::stdout(), "{text}")?;
    Ok(ExitCode::SUCCESS)
}

fn check(arguments: &CheckArguments) -> anyhow::Result<ExitCode> {
    let definition: Programme = read(&arguments.file, DEFINITION)?;
    let found = contradictions(&definition);
    if found.is_empty() {
        writeln!(
            io::stdout(),
            "{}",
            said(&definition, "contradicts itself nowhere", arguments.json)
        )?;
        return Ok(ExitCode::SUCCESS);
    }
    tell(&found, arguments.json)?;
    Ok(ExitCode::from(CONTRADICTORY))
}

async fn load(arguments: &LoadArguments) -> anyhow::Result<ExitCode> {
    let definition: Programme = read(&arguments.check.file, DEFINITION)?;
    let json = arguments.check.json;
    let loaded = with_log(&arguments.database, Sealed::Handled, async |open: OpenLog| {
        define(&open, arguments, definition.clone()).await
    });
    let refusal = match loaded.await? {
        Loaded::At(position) => {
            let what = format!("is known from position {position} on");
            writeln!(io::stdout(), "{}", said(&definition, &what, json))?;
            return Ok(ExitCode::SUCCESS);
        }
        Loaded::NoTenant => return Ok(no_tenant()),
        Loaded::Refused(refusal) => refusal,
    };
    if let ProgrammeError::Contradictions(found) = &refusal {
        tell(found, json)?;
        return Ok(ExitCode::from(CONTRADICTORY));
    }
    eprintln!("throughline: {refusal}");
    Ok(ExitCode::from(REFUSED))
}

/// What came of loading.
enum Loaded {
    At(Position),
    Refused(ProgrammeError),
    NoTenant,
}

async fn define(
    open: &OpenLog,
    arguments: &LoadArguments,
    definition: Programme,
) -> anyhow::Result<Loaded> {
    let Some(tenant) = open.log.find_tenant(arguments.tenant.as_str()).await? else {
        return Ok(Loaded::NoTenant);
    };
    let known = open.log.programmes(tenant.tenant_no).await?;
    if let Err(refusal) = known.require_room_for(&definition) {
        return Ok(Loaded::Refused(refusal));
    }
    let stream = aggregate::stream_id(&definition.id);
    let now = to_microseconds(Timestamp::now());
    let moment = Moment { event_id: EventId(Uuid::now_v7()), occurred: Occurred::at(now), now };
    let command = ProgrammeCommand { moment, intent: DefineProgramme(definition) };
    let meta = meta(arguments.actor.as_ref());
    let executed =
        open.log.execute::<ProgrammeHistory>(tenant.tenant_no, stream, None, command, meta, None);
    match executed.await {
        Ok(executed) => Ok(Loaded::At(executed.position)),
        Err(ExecuteError::Refused(refusal)) => Ok(Loaded::Refused(refusal)),
        Err(error) => bail!(error),
    }
}

fn said(definition: &Programme, what: &str, json: bool) -> String {
    let Programme { id, version, .. } = definition;
    if json {
        serde_json::json!({"programme": id, "version": version, "outcome": what}).to_string()
    } else {
        format!("{id}@{version} {what}")
    }
}

#[derive(Serialize)]
struct Told<'a> {
    pointer: &'a str,
    detail: String,
}

fn tell(found: &[Contradiction], json: bool) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    for one in found {
        let told = Told { pointer: &one.place, detail: one.kind.to_string() };
        if json {
            writeln!(out, "{}", serde_json::to_string(&told)?)?;
        } else {
            writeln!(out, "{} {}", told.pointer, told.detail)?;
        }
    }
    Ok(())
}

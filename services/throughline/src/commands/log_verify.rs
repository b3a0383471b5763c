//! `throughline log verify`.

use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::{bail, ensure};
use throughline_domain::code::Code;
use throughline_domain::ids::Position;
use throughline_log::{
    Agreement, CheckpointLine, EventLog, LogError, LogName, Verified, VerifySettings, hash_text,
};

use super::checkpoints::{Believed, believed, difference};
use super::database::DatabaseArguments;
use super::progress::{Progress, Unit, grouped, per_second};
use super::with_log::{OpenLog, Sealed, with_log};
use crate::one_line;

/// What `log verify` exits with when it could not find out.
const NOT_CHECKED: u8 = 2;

/// What `log verify` is told.
#[derive(Debug, clap::Args)]
pub(crate) struct VerifyArguments {
    /// Tenant whose log is verified; may be given several times. All of them when absent.
    #[arg(long = "tenant", value_name = "TENANT")]
    pub(crate) tenants: Vec<Code>,

    /// First position. From another than 1, the row before it is believed.
    #[arg(long, value_name = "POSITION", default_value_t = 1, value_parser = clap::value_parser!(i64).range(1..))]
    pub(crate) from: i64,

    /// Last position. Where the log ends when absent.
    #[arg(long, value_name = "POSITION", value_parser = clap::value_parser!(i64).range(1..))]
    pub(crate) to: Option<i64>,

    /// How many parts of a log are verified at a time. As many as there are processors, and at most
    /// 4, when absent.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=6))]
    pub(crate) workers: Option<u8>,

    /// Print a JSON object for each log.
    #[arg(long)]
    pub(crate) json: bool,

    /// File of signed checkpoints that the log must agree with.
    #[arg(long, value_name = "FILE")]
    pub(crate) checkpoint: Option<PathBuf>,

    /// Public key that signed them, or a file that holds it.
    #[arg(long, value_name = "BASE64|FILE", requires = "checkpoint")]
    pub(crate) public_key: Option<String>,

    #[command(flatten)]
    pub(crate) database: DatabaseArguments,
}

/// Verifies logs and prints a line for each.
pub(crate) async fn run(arguments: VerifyArguments) -> ExitCode {
    match verify(&arguments).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{}", one_line(&error));
            ExitCode::from(NOT_CHECKED)
        }
    }
}

/// Whether every log holds.
async fn verify(arguments: &VerifyArguments) -> anyhow::Result<bool> {
    ensure!(arguments.to.is_none_or(|to| to >= arguments.from), "--to lies before --from");
    let checkpoints = match &arguments.checkpoint {
        Some(file) => match believed(file, arguments.public_key.as_deref())? {
            Believed::All(lines) => Some(lines),
            Believed::Not(why) => {
                println!("{why}");
                return Ok(false);
            }
        },
        None => None,
    };
    with_log(&arguments.database, Sealed::Untouched, async |open: OpenLog| {
        verify_logs(&open.log, arguments, checkpoints.as_deref()).await
    })
    .await
}

async fn verify_logs(
    log: &EventLog,
    arguments: &VerifyArguments,
    checkpoints: Option<&[CheckpointLine]>,
) -> anyhow::Result<bool> {
    let logs = chosen(log.logs().await?, &arguments.tenants, checkpoints)?;
    let mut all_hold = true;
    for name in &logs {
        let started = Instant::now();
        let verified = verify_log(log, name, arguments).await?;
        let agreement = match (checkpoints, &name.name) {
            (Some(lines), Some(tenant)) => agreement(log, name, tenant, lines, &verified).await?,
            _ => None,
        };
        let finding = Finding { name, verified, agreement, took: started.elapsed() };
        all_hold &= finding.holds();
        println!("{}", if arguments.json { finding.json() } else { finding.text() });
    }
    let absent = absent(&logs, arguments, checkpoints.unwrap_or_default());
    for line in &absent {
        println!("{}", if arguments.json { absent_json(line) } else { absent_text(line) });
    }
    Ok(all_hold && absent.is_empty())
}

/// The first checkpoint of each log that is not there at all.
fn absent<'a>(
    logs: &[LogName],
    arguments: &VerifyArguments,
    checkpoints: &'a [CheckpointLine],
) -> Vec<&'a CheckpointLine> {
    let names = &arguments.tenants;
    let mut seen = HashSet::new();
    let is_absent = |line: &&CheckpointLine| {
        let of = &line.checkpoint;
        let is_asked = names.is_empty() || names.iter().any(|name| name.as_str() == of.tenant);
        let is_there = logs
            .iter()
            .any(|log| log.tenant_no == of.tenant_no && log.name.as_ref() == Some(&of.tenant));
        is_asked && !is_there && seen.insert((of.tenant_no, of.tenant.clone()))
    };
    checkpoints.iter().filter(is_absent).collect()
}

fn absent_text(line: &CheckpointLine) -> String {
    let of = &line.checkpoint;
    format!("{}: there is no such log, and checkpoint line {} is of it", of.tenant, line.line)
}

fn absent_json(line: &CheckpointLine) -> String {
    let of = &line.checkpoint;
    serde_json::json!({
        "tenant_no": of.tenant_no.0,
        "tenant": of.tenant,
        "holds": false,
        "position": 0,
        "reason": "there is no such log, and it was signed",
    })
    .to_string()
}

/// The logs that were asked for. One that is only known by a checkpoint is said to be missing later.
fn chosen(
    logs: Vec<LogName>,
    names: &[Code],
    checkpoints: Option<&[CheckpointLine]>,
) -> anyhow::Result<Vec<LogName>> {
    for name in names {
        let is_there = logs.iter().any(|log| log.name.as_deref() == Some(name.as_str()));
        let mut lines = checkpoints.unwrap_or_default().iter();
        if !is_there && !lines.any(|line| line.checkpoint.tenant == name.as_str()) {
            bail!("there is no tenant {name}");
        }
    }
    let is_asked = |log: &LogName| {
        names.is_empty() || names.iter().any(|name| log.name.as_deref() == Some(name.as_str()))
    };
    Ok(logs.into_iter().filter(is_asked).collect())
}

async fn verify_log(
    log: &EventLog,
    name: &LogName,
    arguments: &VerifyArguments,
) -> anyhow::Result<Verified> {
    let mut settings = VerifySettings {
        from: Position(arguments.from),
        to: arguments.to.map(Position),
        ..VerifySettings::default()
    };
    if let Some(workers) = arguments.workers.and_then(|n| NonZeroUsize::new(n.into())) {
        settings.workers = workers;
    }
    // Where the head cannot be read, that is what the verification will find.
    let head = log.head(name.tenant_no).await.ok();
    let last = arguments.to.or(head.map(|head| head.position.0));
    let total = last.and_then(|last| u64::try_from(last - arguments.from + 1).ok());
    let checked = Arc::clone(&settings.checked);
    let progress = Progress::follow(Unit::Events, total, move || checked.load(Ordering::Relaxed));
    let verified = log.verify_range(name.tenant_no, &settings).await;
    drop(progress);
    Ok(verified?)
}

/// `None` where what was altered keeps the hashes from being read.
async fn agreement(
    log: &EventLog,
    name: &LogName,
    tenant: &str,
    lines: &[CheckpointLine],
    verified: &Verified,
) -> anyhow::Result<Option<Agreement>> {
    match log.compare(name.tenant_no, tenant, lines).await {
        Ok(agreement) => Ok(Some(agreement)),
        Err(LogError::Unreadable { .. } | LogError::Refused(_))
            if matches!(verified, Verified::Broken { .. }) =>
        {
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// What was found of one log.
struct Finding<'a> {
    name: &'a LogName,
    verified: Verified,
    agreement: Option<Agreement>,
    took: Duration,
}

impl Finding<'_> {
    fn holds(&self) -> bool {
        matches!(self.verified, Verified::Holds { .. }) && self.difference().is_none()
    }

    /// How it differs from what was signed, if that is not the flaw itself.
    fn difference(&self) -> Option<String> {
        let agreement = self.agreement.as_ref()?;
        let (place, _) = agreement.differing?;
        match self.verified {
            Verified::Broken { position, .. } if position <= place.position => None,
            Verified::Broken { .. } | Verified::Holds { .. } => difference(agreement),
        }
    }

    fn tenant(&self) -> String {
        let number = self.name.tenant_no;
        self.name.name.clone().unwrap_or_else(|| format!("tenant {number} (without a name)"))
    }

    fn text(&self) -> String {
        let tenant = self.tenant();
        let difference = self.difference();
        match &self.verified {
            Verified::Broken { position, reason } => {
                let also = difference.map_or_else(String::new, |why| format!("; also {why}"));
                format!("{tenant}: broken at position {position}: {reason}{also}")
            }
            Verified::Holds { events, head_hash } => {
                if let Some(why) = difference {
                    return format!("{tenant}: consistent in itself, and {why}");
                }
                let count = u64::try_from(*events).unwrap_or(0);
                let signed = self.agreement.map_or_else(String::new, |agreement| {
                    format!(", {} checkpoints agree", agreement.agreeing)
                });
                format!(
                    "{tenant}: holds, {} events ({} events/s), last hash {}{signed}",
                    grouped(count),
                    grouped(per_second(count, self.took)),
                    hash_text(head_hash),
                )
            }
        }
    }

    fn json(&self) -> String {
        let mut members = serde_json::json!({
            "tenant_no": self.name.tenant_no.0,
            "tenant": self.name.name,
            "holds": self.holds(),
        });
        match &self.verified {
            Verified::Broken { position, reason } => {
                members["position"] = position.0.into();
                members["reason"] = reason.to_string().into();
            }
            Verified::Holds { events, head_hash } => {
                members["events"] = (*events).into();
                members["hash"] = hash_text(head_hash).into();
            }
        }
        if let Some(agreement) = &self.agreement {
            members["checkpoints"] = serde_json::json!({
                "agreeing": agreement.agreeing,
                "last_agreeing": agreement.last.map(|last| last.position.0),
                "first_differing": agreement.differing.map(|(place, _)| place.position.0),
            });
        }
        members.to_string()
    }
}

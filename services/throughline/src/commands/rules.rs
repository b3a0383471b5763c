//! `throughline rules`: the rules there are, and what a changed rule would change.

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context as _, bail};
use clap::ValueEnum;
use jiff::Timestamp;
use serde::Serialize;
use throughline_domain::case::CaseEvent;
use throughline_domain::code::Code;
use throughline_domain::ids::{CaseId, EventId};
use throughline_domain::programme::Programmes;
use throughline_domain::recorded::Recorded;
use throughline_domain::rules::{Answer, CaseView, Rule, Value};
use throughline_domain::time::to_microseconds;
use throughline_domain::two_clocks::Asked;

use super::database::DatabaseArguments;
use super::dates::DatesArguments;
use super::progress::{Progress, Unit, grouped};
use super::replay::require_programme;
use super::with_log::{OpenLog, Sealed, with_log};
use crate::replay::every_case;

/// What `rules` is told.
#[derive(Debug, clap::Args)]
pub(crate) struct RulesArguments {
    #[command(subcommand)]
    pub(crate) command: RulesCommand,
}

/// What to do with rules.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum RulesCommand {
    /// Every rule by name and version.
    List(ListArguments),
    /// Ask two rules of every case at the same dates, and list the cases they differ on.
    Replay(RulesReplayArguments),
}

/// What `rules list` is told.
#[derive(Debug, clap::Args)]
pub(crate) struct ListArguments {
    /// One JSON object a line.
    #[arg(long)]
    pub(crate) json: bool,
}

/// What `rules replay` is told.
#[derive(Debug, clap::Args)]
pub(crate) struct RulesReplayArguments {
    /// The rule, such as mrp-engagement@1.
    #[arg(value_name = "RULE@VERSION", value_parser = rule)]
    pub(crate) rule: RuleName,

    /// The rule to hold it against.
    #[arg(long, value_name = "RULE@VERSION", value_parser = rule)]
    pub(crate) against: RuleName,

    /// Tenant whose log is replayed.
    #[arg(long, value_name = "TENANT")]
    pub(crate) tenant: Code,

    /// Only the cases of this programme.
    #[arg(long, value_name = "PROGRAMME")]
    pub(crate) programme: Option<Code>,

    #[command(flatten)]
    pub(crate) dates: DatesArguments,

    /// List every case, also those that both rules answer alike.
    #[arg(long)]
    pub(crate) all: bool,

    /// Form of the output, one case a line.
    #[arg(long, value_enum, default_value_t = Format::Csv)]
    pub(crate) format: Format,

    #[command(flatten)]
    pub(crate) database: DatabaseArguments,
}

/// Form of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Comma-separated values with a heading.
    Csv,
    /// One JSON object a line.
    Jsonl,
}

/// A rule that there is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RuleName(&'static Rule);

/// What two rules say of a case: the columns, in their order.
#[derive(Debug, Serialize)]
struct Compared {
    case_id: CaseId,
    answer: String,
    against: String,
    differs: bool,
    /// The events that each answer rests on, with spaces between them.
    basis: String,
    against_basis: String,
}

const COLUMNS: [&str; 6] = ["case_id", "answer", "against", "differs", "basis", "against_basis"];

/// Lists the rules, or what they differ on.
///
/// # Errors
/// When the log cannot be read, or the output cannot be written.
pub(crate) async fn run(arguments: RulesArguments) -> anyhow::Result<ExitCode> {
    match arguments.command {
        RulesCommand::List(arguments) => list(&arguments),
        RulesCommand::Replay(arguments) => replay(arguments).await,
    }
}

/// `RULE@VERSION`, or `RULE/VERSION` as answers have it.
fn rule(text: &str) -> Result<RuleName, String> {
    let id = text.replacen('@', "/", 1);
    Rule::find(&id).map(RuleName).ok_or_else(|| {
        let known: Vec<String> = Rule::all().iter().map(shown).collect();
        format!("there is no such rule; there are {}", known.join(", "))
    })
}

fn shown(rule: &Rule) -> String {
    format!("{}@{}", rule.name(), rule.version())
}

fn list(arguments: &ListArguments) -> anyhow::Result<ExitCode> {
    let mut out = io::stdout().lock();
    for rule in Rule::all() {
        if arguments.json {
            let (kind, source) = (rule.kind.as_str(), rule.source);
            let line = serde_json::json!({
                "rule": rule.id, "answers": kind, "summary": rule.summary, "source": source,
            });
            writeln!(out, "{line}")?;
        } else {
            writeln!(out, "{:<28} {:<10} {}", shown(rule), rule.kind.as_str(), rule.summary)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn replay(arguments: RulesReplayArguments) -> anyhow::Result<ExitCode> {
    let asked = arguments.dates.asked(to_microseconds(Timestamp::now()))?;
    let mut compared = with_log(&arguments.database, Sealed::Untouched, async |open: OpenLog| {
        compare(&open, &arguments, asked).await
    })
    .await?;
    compared.sort_unstable_by_key(|case| case.case_id);
    let (cases, differing) = (compared.len(), compared.iter().filter(|case| case.differs).count());
    let listed = compared.iter().filter(|case| arguments.all || case.differs);
    write(listed, arguments.format).context("could not write the output")?;
    let grouped = |n: usize| grouped(u64::try_from(n).unwrap_or(u64::MAX));
    eprintln!(
        "{} of {} cases differ between {} and {}, as of {}, as known at {}",
        grouped(differing),
        grouped(cases),
        shown(arguments.rule.0),
        shown(arguments.against.0),
        asked.as_of,
        asked.known_at,
    );
    Ok(ExitCode::SUCCESS)
}

/// What both rules say of each case that has a referral in view.
async fn compare(
    open: &OpenLog,
    arguments: &RulesReplayArguments,
    asked: Asked,
) -> anyhow::Result<Vec<Compared>> {
    let name = &arguments.tenant;
    let Some(tenant) = open.log.find_tenant(name.as_str()).await? else {
        bail!("there is no tenant {name}");
    };
    require_programme(&open.log, tenant.tenant_no, arguments.programme.as_ref()).await?;
    let head = open.log.head(tenant.tenant_no).await?;
    let read = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&read);
    let total = u64::try_from(head.position.0).ok();
    let progress = Progress::follow(Unit::Events, total, move || counted.load(Ordering::Relaxed));
    let (RuleName(rule), RuleName(against)) = (arguments.rule, arguments.against);
    let programme = arguments.programme.clone();
    let row = move |case_id, history: &[Recorded<CaseEvent>], programmes: &Programmes| {
        let view = CaseView::at(history, &asked, |referral| {
            let is_wanted = programme.as_ref().is_none_or(|wanted| *wanted == referral.programme);
            is_wanted.then(|| programmes.of_referral(referral))?
        })?;
        Some(Compared::new(case_id, &rule.ask(&view), &against.ask(&view)))
    };
    let compared = every_case(&open.log, tenant.tenant_no, &head, read, row).await;
    drop(progress);
    compared
}

impl Compared {
    fn new(case_id: CaseId, answer: &Answer, against: &Answer) -> Self {
        Self {
            case_id,
            differs: answer.value != against.value,
            answer: said(&answer.value),
            against: said(&against.value),
            basis: listed(&answer.basis),
            against_basis: listed(&against.basis),
        }
    }
}

fn said(value: &Value) -> String {
    match value {
        Value::Holds(true) => "yes".to_owned(),
        Value::Holds(false) => "no".to_owned(),
        Value::Code(code) => (*code).to_owned(),
        Value::Codes(codes) => codes.join(" "),
        Value::Days(days) => days.to_string(),
        Value::At(at) => at.to_string(),
        Value::NotApplicable => String::new(),
    }
}

fn listed(events: &[EventId]) -> String {
    let events: Vec<String> = events.iter().map(ToString::to_string).collect();
    events.join(" ")
}

fn write<'a>(cases: impl Iterator<Item = &'a Compared>, format: Format) -> anyhow::Result<()> {
    let out = io::stdout().lock();
    match format {
        Format::Csv => {
            let mut csv = csv::WriterBuilder::new().has_headers(false).from_writer(out);
            csv.write_record(COLUMNS)?;
            for case in cases {
                csv.serialize(case)?;
            }
            csv.flush()?;
        }
        Format::Jsonl => {
            let mut out = io::BufWriter::new(out);
            for case in cases {
                serde_json::to_writer(&mut out, case)?;
                out.write_all(b"\n")?;
            }
            out.flush()?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_named_with_either_sign() {
        for text in ["mrp-engagement@1", "mrp-engagement/1"] {
            assert_eq!(rule(text).map(|name| name.0.id), Ok("mrp-engagement/1"));
        }
        assert_eq!(rule("marac-repeat@old").map(|name| name.0.id), Ok("marac-repeat/old"));
        assert!(rule("mrp-engagement").is_err());
    }
}

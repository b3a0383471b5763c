//! `throughline edition compare`: which figures of an edition moved, and which events moved them.

use std::io::{self, Write as _};
use std::process::ExitCode;

use anyhow::Context as _;
use jiff::Timestamp;
use throughline_domain::code::Code;
use throughline_domain::edition::EditionPublished;
use throughline_domain::time::to_microseconds;
use throughline_domain::two_clocks::{Asked, Reading};
use throughline_evaluation::comparison::report::{
    CaseTold, EventTold, FigureTold, Report, Shared, SideTold, Telling, report,
};
use throughline_evaluation::comparison::{Comparing, Side};
use throughline_evaluation::edition;
use throughline_log::{EventLog, TenantNo};

use super::super::evaluating::{every_case, settled};
use super::super::with_log::Sealed;
use super::{NOT_THE_SAME, OneArguments, Outcome, REFUSED, Refusal, find, of_tenant, unknown};

/// What `edition compare` is told.
#[derive(Debug, clap::Args)]
pub(crate) struct CompareArguments {
    #[command(flatten)]
    one: OneArguments,

    /// The other edition. Without it, the edition's own cohort and questions at two dates.
    #[arg(long, value_name = "EDITION", conflicts_with_all = ["as_of", "known_at", "reading"])]
    with: Option<Code>,

    /// What was true at this time, such as 2025-03-31T23:59:59Z. As of the edition when absent.
    #[arg(long, value_name = "TIME")]
    as_of: Option<Timestamp>,

    /// As it was known at this time. Now when absent.
    #[arg(long, value_name = "TIME")]
    known_at: Option<Timestamp>,

    /// Whether corrections are looked through. As in the edition when absent.
    #[arg(long)]
    reading: Option<ReadingArgument>,
}

/// How corrections are read.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum ReadingArgument {
    /// What is now held to have happened, in the order it happened.
    Effective,
    /// What was recorded, in the order it was recorded, as decisions saw it.
    Recorded,
}

/// Compares, and tells what moved.
pub(super) async fn compare(arguments: &CompareArguments) -> Outcome<ExitCode> {
    let of = &arguments.one.of;
    let compared = of_tenant(of, Sealed::Untouched, async |log, tenant| {
        let Some((_, published)) = find(log, tenant, &arguments.one.edition).await? else {
            return Ok(Err(unknown("edition")));
        };
        contrast(log, tenant, &published, arguments).await
    });
    let report = match compared.await? {
        Ok(report) => report,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let mut out = io::stdout().lock();
    if of.json {
        writeln!(out, "{}", serde_json::to_string(&report)?)?;
    } else {
        tell(&mut out, &report)?;
    }
    let same = report.moved == 0 && report.not_as_published == 0;
    Ok(Ok(if same { ExitCode::SUCCESS } else { ExitCode::from(NOT_THE_SAME) }))
}

async fn contrast(
    log: &EventLog,
    tenant: TenantNo,
    published: &EditionPublished,
    arguments: &CompareArguments,
) -> Outcome<Report> {
    let other = match &arguments.with {
        Some(with) => match find(log, tenant, with).await? {
            Some((_, other)) => Some(other),
            None => return Ok(Err(unknown("edition"))),
        },
        None => None,
    };
    let now = match &other {
        Some(other) => edition::side(&other.edition),
        None => match side_of_now(log, tenant, published, arguments).await? {
            Ok(side) => side,
            Err(refusal) => return Ok(Err(refusal)),
        },
    };
    let asked_by_other = other.as_ref().map(|other| &other.edition.questions[..]);
    let shared = Shared::of(&published.edition.questions, asked_by_other)
        .context("this version of the program does not know a question of the edition")?;
    let programmes = log.programmes(tenant).await?;
    let of_now = || edition::versions(&now.cohort, &programmes);
    let versions = other.as_ref().map_or_else(of_now, |other| other.edition.versions.clone());

    let then = edition::side(&published.edition);
    let upto = then.position.max(now.position);
    let mut comparing = Comparing::new(then, now.clone(), &shared.questions);
    every_case(log, tenant, upto, |case_id, history, programmes| {
        comparing.take(case_id, history, programmes);
    })
    .await?;
    let telling = Telling {
        published,
        other: other.map(|other| other.edition.id),
        now: &now,
        shared,
        changed_versions: edition::changed_versions(&published.edition.versions, &versions),
        // Whoever has the database and its command line sees every case's id as it is.
        names_cases: true,
        stale_cases: 0,
    };
    Ok(Ok(report(comparing.finish()?, telling)))
}

async fn side_of_now(
    log: &EventLog,
    tenant: TenantNo,
    published: &EditionPublished,
    arguments: &CompareArguments,
) -> Outcome<Side> {
    let own = &published.edition;
    let present = to_microseconds(Timestamp::now());
    let known_at = arguments.known_at.map_or(present, to_microseconds);
    if known_at > present {
        let why = "known_at lies in the future: nobody can say what will be known";
        return Ok(Err(Refusal(REFUSED, why.to_owned())));
    }
    let reading = match arguments.reading {
        Some(ReadingArgument::Effective) => Reading::Effective,
        Some(ReadingArgument::Recorded) => Reading::Recorded,
        None => own.reading,
    };
    let as_of = arguments.as_of.map_or(own.as_of, to_microseconds);
    let (asked, position) = settled(log, tenant, Asked { as_of, known_at, reading }).await?;
    Ok(Ok(Side { cohort: own.cohort.clone(), asked, position }))
}

fn tell(out: &mut impl io::Write, report: &Report) -> io::Result<()> {
    let side = |SideTold { edition, cohort, as_of, known_at, .. }: &SideTold| {
        let what = edition.as_ref().map_or_else(|| "now".to_owned(), ToString::to_string);
        format!("{what} ({cohort}, as of {as_of}, as known at {known_at})")
    };
    writeln!(out, "{} against {}", side(&report.then), side(&report.now))?;
    let Report { moved, differing_cases, not_as_published, .. } = report;
    writeln!(out, "{moved} figures moved, {differing_cases} cases differ")?;
    if *not_as_published > 0 {
        writeln!(out, "{not_as_published} figures are not as published from the same events")?;
    }
    for member in &report.changed_versions {
        writeln!(out, "of another version: {member}")?;
    }
    if !report.not_compared.is_empty() {
        writeln!(out, "{} questions were not asked of both", report.not_compared.len())?;
    }
    for FigureTold { pointer, then, now, cases, together } in &report.figures {
        let said = |value: &Option<serde_json::Value>| {
            value.as_ref().map_or_else(|| "nothing".to_owned(), ToString::to_string)
        };
        let by = if *together { "together by cases" } else { "by cases" };
        let cases: Vec<String> = cases.iter().map(ToString::to_string).collect();
        let cases = cases.join(" ");
        writeln!(out, "{pointer} was {}, is {}, {by} {cases}", said(then), said(now))?;
    }
    for CaseTold { case, case_id, events } in &report.cases {
        let id = case_id.as_ref().map(ToString::to_string).unwrap_or_default();
        writeln!(out, "case {case} {id}")?;
        if events.is_empty() {
            writeln!(out, "  no event: a definition or the program differs")?;
        }
        for EventTold { event_id, event_type, cause, recorded_at, .. } in events {
            let cause = cause.as_str();
            writeln!(out, "  {cause:<10} {event_type} {event_id}, recorded {recorded_at}")?;
        }
    }
    Ok(())
}

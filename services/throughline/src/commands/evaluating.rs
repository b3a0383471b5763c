//! One pass over a tenant's log for an evaluation, with its progress shown.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::bail;
use futures_util::StreamExt as _;
use throughline_domain::case::CaseEvent;
use throughline_domain::cohort::Cohort;
use throughline_domain::ids::{CaseId, Position};
use throughline_domain::programme::Programmes;
use throughline_domain::recorded::Recorded;
use throughline_domain::two_clocks::Asked;
use throughline_evaluation::{Finished, Pass, Question};
use throughline_log::{EVERY_STREAM, EventLog, Replayed, TenantNo};

use super::document::Named;
use super::progress::{Progress, Unit};

/// What a pass is to find.
pub(crate) struct Passing<'a> {
    /// Whose cases.
    pub(crate) cohort: &'a Cohort,
    /// Which tables of them.
    pub(crate) questions: &'a [Question],
    /// At which dates.
    pub(crate) asked: Asked,
    /// Up to which place in the log.
    pub(crate) position: Position,
}

/// Makes a pass, in the order of the streams.
///
/// # Errors
/// When the log or a table cannot be read, an event is of a later program, or a case's definition
/// is not known: nothing half-read is published.
pub(crate) async fn pass(
    log: &EventLog,
    tenant: TenantNo,
    passing: Passing<'_>,
) -> anyhow::Result<Finished> {
    let Passing { cohort, questions, asked, position } = passing;
    let mut pass = Pass::new(cohort.clone(), questions, asked);
    every_case(log, tenant, position, |case_id, history, programmes| {
        pass.take(case_id, history, programmes);
    })
    .await?;
    Ok(pass.finish()?)
}

/// Gives every case of a tenant to `take`, with its events up to a position, in the order of the
/// streams.
///
/// # Errors
/// As [`pass`], but for the tables.
pub(crate) async fn every_case(
    log: &EventLog,
    tenant: TenantNo,
    position: Position,
    mut take: impl FnMut(CaseId, &[Recorded<CaseEvent>], &Programmes),
) -> anyhow::Result<()> {
    let read = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&read);
    let total = u64::try_from(position.0).ok();
    let progress = Progress::follow(Unit::Events, total, move || counted.load(Ordering::Relaxed));
    // The position came before, so every version that an event up to it names is there.
    let programmes = log.programmes(tenant).await?;
    let mut cases = pin!(log.replay_cases_counting(tenant, position, EVERY_STREAM, read));
    while let Some(case) = cases.next().await {
        let Replayed { stream, events, .. } = case?;
        let events = events?;
        if programmes.first_unknown(&events).is_some() {
            bail!("case {} was referred under a definition that is not known", stream.id);
        }
        take(CaseId(stream.id), &events, &programmes);
    }
    drop(progress);
    Ok(())
}

/// The dates, and the place up to which they are answered: whatever was recorded by then lies there.
///
/// # Errors
/// When the log cannot be read.
pub(crate) async fn settled(
    log: &EventLog,
    tenant: TenantNo,
    asked: Asked,
) -> anyhow::Result<(Asked, Position)> {
    let settled = log.settle(tenant).await?;
    let known_at = asked.known_at.min(settled.at);
    Ok((Asked { known_at, ..asked }, settled.position))
}

/// The version of a cohort that is named, or its newest.
///
/// # Errors
/// When the log cannot be read.
pub(crate) async fn find_cohort(
    log: &EventLog,
    tenant: TenantNo,
    name: &Named,
) -> anyhow::Result<Option<Cohort>> {
    let is_meant = |cohort: &Cohort| {
        cohort.id == name.id && name.version.is_none_or(|version| version == cohort.version)
    };
    // Versions rise, so the last is the newest.
    Ok(log.cohorts(tenant).await?.into_iter().rfind(is_meant))
}

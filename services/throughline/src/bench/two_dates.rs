//! One long case at any two dates, from the log alone, as the REST interface answers it.

use std::convert::Infallible;
use std::sync::Arc;

use anyhow::ensure;
use futures_util::stream;
use jiff::{SignedDuration, Timestamp};
use throughline_domain::case::accept_referral::ReferralAccepted;
use throughline_domain::case::amend_fact::FactCorrected;
use throughline_domain::case::{CaseEvent, CaseState};
use throughline_domain::ids::{CaseId, EventId};
use throughline_domain::recorded::Recorded;
use throughline_domain::time::{Occurred, to_microseconds};
use throughline_domain::two_clocks::{Asked, Reading};
use throughline_log::{EventLog, LoadedEvent, StoredEvent, TenantNo, TenantState};
use throughline_projections::engagement_timeline;

use super::Bench;
use super::casework::{Casework, Random, broken};
use super::closed_loop::{self, Caller};
use super::commands;
use super::loaded::{event_id, new_case, stored};
use super::report::{Figure, Outcome, Target};
use super::statistics::to_f64;
use crate::commands::serve::CONNECTIONS_MAX;

/// How long a case is: two years of almost daily work.
const CASE_EVENTS: u64 = 500;
/// How many such cases are asked about.
const CASES: u64 = 20;
/// When the first was referred, and how far apart their events are.
const SPAN: SignedDuration = SignedDuration::from_hours(24 * 730);
/// One event in so many corrects the fact before it.
const CORRECTION_EVERY: u64 = 10;
/// One fact in so many happened up to so many hours before it was recorded.
const LATE_EVERY: u64 = 4;
const LATE_HOURS_MAX: u64 = 24 * 60;
/// A page as the interface gives it.
const PAGE_ENTRIES: usize = 200;

/// Someone who asks about one case after another, at any dates.
struct Asker {
    log: EventLog,
    tenant: TenantNo,
    cases: Arc<[CaseId]>,
    from: Timestamp,
    random: Random,
}

/// State and timeline of cases at random dates.
///
/// # Errors
/// When the cases cannot be loaded or read.
pub(super) async fn measure(bench: &mut Bench<'_>, name: &'static str) -> anyhow::Result<Outcome> {
    let place = bench.place("commands").await?;
    let log = place.log(CONNECTIONS_MAX)?;
    let from = to_microseconds(Timestamp::now()) - SPAN;
    let (tenant, cases) = load(&log, from).await?;
    let mut askers = vec![Asker { log, tenant, cases, from, random: Random::new(2) }];
    bench.databases.settle().await;
    let (mut windows, mut p99_us) = (Vec::new(), Vec::new());
    for _ in 0..bench.settings.rounds {
        let (back, window) = closed_loop::run(askers, bench.settings.stretch).await?;
        askers = back;
        p99_us.extend(window.percentile_us(99));
        windows.push(window);
    }
    let figure = Figure::of("us", &p99_us).with_percentiles(&windows);
    Ok(Outcome::new(name, figure)
        .held_to(Target::P99UsAtMost, 10_000.0)
        .with("case_events", to_f64(CASE_EVENTS))
        .with("cases", to_f64(CASES)))
}

impl Caller for Asker {
    async fn call(&mut self) -> anyhow::Result<()> {
        let case = usize::try_from(self.random.below(CASES))?;
        let case_id = self.cases[case];
        let (as_of, known_at) = (self.date()?, self.date()?);
        let settled = self.log.settle(self.tenant).await?;
        let known_at = known_at.min(settled.at);
        let asked = Asked { as_of, known_at, reading: Reading::Effective };
        let stored = self.log.read_stream(self.tenant, case_id.into()).await?;
        ensure!(u64::try_from(stored.len())? == CASE_EVENTS, "a case is not as long as it was");
        let history: Vec<Recorded<CaseEvent>> =
            stored.iter().map(StoredEvent::to_case_event).collect::<Result<_, _>>()?;
        // By turns the state and the first page of the timeline.
        if self.random.below(2) == 0 {
            std::hint::black_box(CaseState::at(&history, &asked));
        } else {
            let limit = PAGE_ENTRIES;
            let question = engagement_timeline::Question { case_id, as_of, after: None, limit };
            std::hint::black_box(engagement_timeline::answer(&history, &asked, question)?);
        }
        Ok(())
    }
}

impl Asker {
    /// Any time from the first referral to now.
    fn date(&mut self) -> anyhow::Result<Timestamp> {
        let seconds = self.random.below(u64::try_from(SPAN.as_secs())?);
        Ok(self.from + SignedDuration::from_secs(i64::try_from(seconds)?))
    }
}

async fn load(log: &EventLog, from: Timestamp) -> anyhow::Result<(TenantNo, Arc<[CaseId]>)> {
    let tenant = log.create_tenant("two-dates", TenantState::Loading).await?.tenant_no;
    let cases: Arc<[CaseId]> = (0..CASES).map(|_| new_case()).collect();
    let events = history(&cases, from)?;
    log.load(tenant, stream::iter(events.into_iter().map(Ok::<_, Infallible>))).await?;
    Ok((tenant, cases))
}

/// The cases' events in turns, at even distances from `from` to now.
fn history(cases: &[CaseId], from: Timestamp) -> anyhow::Result<Vec<LoadedEvent>> {
    let mut random = Random::new(3);
    let mut casework = Casework::new(4)?;
    let referral = casework.next().intent.into_facts().map_err(broken)?;
    let step = SignedDuration::from_micros(i64::try_from(
        SPAN.as_micros() / i128::from(CASES * CASE_EVENTS + 1),
    )?);
    let meta = commands::meta("loader");
    let mut facts: Vec<(EventId, CaseEvent)> = Vec::new();
    let mut events = Vec::new();
    let mut recorded_at = from;
    for nth in 0..CASE_EVENTS {
        let earlier = std::mem::take(&mut facts);
        for (index, case) in cases.iter().enumerate() {
            recorded_at += step;
            let event_id = event_id(recorded_at, &mut random);
            let late_hours =
                if random.below(LATE_EVERY) == 0 { random.below(LATE_HOURS_MAX) } else { 0 };
            let late = SignedDuration::from_hours(i64::try_from(late_hours)?);
            let mut occurred = Occurred::at(recorded_at);
            let event = match nth {
                0 => referral.clone(),
                1 => CaseEvent::ReferralAccepted(ReferralAccepted::default()),
                _ => {
                    occurred = Occurred::at((recorded_at - late).max(from));
                    casework.fact().into_facts().map_err(broken)?
                }
            };
            let corrected = earlier.get(index).filter(|_| nth > 2 && nth % CORRECTION_EVERY == 0);
            let event = match corrected {
                Some((corrects, original)) => CaseEvent::FactCorrected(FactCorrected {
                    corrects: *corrects,
                    occurred,
                    replacement: Box::new(original.clone()),
                }),
                None => event,
            };
            facts.push((event_id, event.clone()));
            events.push(LoadedEvent {
                meta: meta.clone(),
                recorded_at,
                stream: (*case).into(),
                event: stored(event_id, occurred, &event)?,
            });
        }
    }
    Ok(events)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cases_are_long_and_corrected() {
        let cases = [new_case(), new_case()];
        let from = to_microseconds(Timestamp::now()) - SPAN;
        let events = history(&cases, from).unwrap();
        assert_eq!(events.len(), usize::try_from(CASE_EVENTS).unwrap() * cases.len());
        assert!(events.is_sorted_by(|a, b| a.recorded_at < b.recorded_at));
        assert!(events.last().unwrap().recorded_at < Timestamp::now());
        let corrected = events.iter().filter(|e| e.event.event_type == "FactCorrected").count();
        assert_eq!(corrected, 2 * 49);
        let fact = |event: &LoadedEvent| event.event.event_type == "ReferralReceived";
        assert_eq!(events.iter().filter(|event| fact(event)).count(), 2);
    }
}

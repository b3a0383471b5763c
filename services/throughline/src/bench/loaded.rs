//! A tenant with a history of any length, loaded as `throughline log load` loads one.

use futures_util::stream;
use jiff::{SignedDuration, Timestamp};
use throughline_domain::case::CaseEvent;
use throughline_domain::ids::{CaseId, EventId};
use throughline_domain::time::{Occurred, to_microseconds};
use throughline_log::{
    CommandMeta, DatabaseError, EventLog, LoadedEvent, NewEvent, TenantNo, TenantState,
};
use uuid::Uuid;

use super::casework::{Casework, Random, broken};
use super::databases::Place;
use super::every_kind::EveryKind;
use super::{commands, say};
use crate::commands::progress::grouped;

/// How many cases are open at a time. Their events come in turns, so that a case's rows lie far
/// from each other in the table, as they do where people are supported for years.
const OPEN_CASES: usize = 4096;
/// Events of one transaction: enough that a commit is no cost, and few enough to tell of progress.
const PART_EVENTS: u64 = 500_000;
/// How long ago a history began.
const SPAN: SignedDuration = SignedDuration::from_hours(24 * 365 * 2);
/// One fact in so many was written down late, by up to so many minutes.
const LATE_EVERY: u64 = 4;
const LATE_MINUTES_MAX: u64 = 3 * 24 * 60;

/// Loads `events` events into a new tenant, which stays in loading, and lets the server tidy up
/// after it as it does by itself in time.
///
/// # Errors
/// When the log refuses the history.
pub(super) async fn load(
    log: &EventLog,
    place: &Place,
    name: &str,
    events: u64,
) -> anyhow::Result<TenantNo> {
    load_from(log, place, name, History::new(events, Casework::new)?).await
}

/// The same with facts of every kind that a table is about.
///
/// # Errors
/// As [`load`].
pub(super) async fn load_every_kind(
    log: &EventLog,
    place: &Place,
    name: &str,
    events: u64,
) -> anyhow::Result<TenantNo> {
    load_from(log, place, name, History::new(events, |seed| Ok(EveryKind::new(seed)))?).await
}

async fn load_from<C: Cases>(
    log: &EventLog,
    place: &Place,
    name: &str,
    mut history: History<C>,
) -> anyhow::Result<TenantNo> {
    let events = history.events;
    let tenant = log.create_tenant(name, TenantState::Loading).await?.tenant_no;
    let mut loaded = 0;
    while loaded < events {
        say(&format!("{name}: {} of {} events loaded", grouped(loaded), grouped(events)));
        let part = PART_EVENTS.min(events - loaded);
        log.load(tenant, stream::iter((0..part).map(|_| history.next()))).await?;
        loaded += part;
    }
    let client = place.connect().await?;
    client.batch_execute("VACUUM (ANALYZE) event, stream").await.map_err(DatabaseError::from)?;
    Ok(tenant)
}

/// One case after another, event by event.
pub(super) trait Cases: Send {
    /// The next event.
    ///
    /// # Errors
    /// Never: the facts do not contradict themselves.
    fn next(&mut self) -> anyhow::Result<Next>;
}

/// An event of a case.
pub(super) struct Next {
    /// The case.
    pub(super) case: CaseId,
    /// What is recorded.
    pub(super) event: CaseEvent,
    /// Whether it can have happened some time before.
    pub(super) may_be_late: bool,
}

impl Cases for Casework {
    fn next(&mut self) -> anyhow::Result<Next> {
        let step = Casework::next(self);
        let event = step.intent.into_facts().map_err(broken)?;
        Ok(Next { case: step.case, event, may_be_late: step.version.0 > 1 })
    }
}

/// Casework of many cases at once, at rising times that end with the present.
struct History<C> {
    events: u64,
    open: Vec<C>,
    turn: usize,
    recorded_at: Timestamp,
    step: SignedDuration,
    random: Random,
    meta: CommandMeta,
}

impl<C: Cases> History<C> {
    fn new(events: u64, cases: impl Fn(u64) -> anyhow::Result<C>) -> anyhow::Result<Self> {
        // Not quite the present, which is the server's to say.
        let end = to_microseconds(Timestamp::now()) - SignedDuration::from_mins(1);
        let micros = SPAN.as_micros() / i128::from(events.max(1));
        let step = SignedDuration::from_micros(i64::try_from(micros)?.max(1));
        let open = (0..OPEN_CASES).map(|seed| cases(u64::try_from(seed)?));
        Ok(Self {
            events,
            open: open.collect::<anyhow::Result<_>>()?,
            turn: 0,
            recorded_at: end - SPAN,
            step,
            random: Random::new(1),
            meta: commands::meta("loader"),
        })
    }

    fn next(&mut self) -> anyhow::Result<LoadedEvent> {
        self.turn = (self.turn + 1) % self.open.len();
        let Next { case, event, may_be_late } = self.open[self.turn].next()?;
        self.recorded_at += self.step;
        let is_late = may_be_late && self.random.below(LATE_EVERY) == 0;
        let late_minutes = if is_late { self.random.below(LATE_MINUTES_MAX) } else { 0 };
        let late = SignedDuration::from_mins(i64::try_from(late_minutes)?);
        let event_id = event_id(self.recorded_at, &mut self.random);
        let occurred = Occurred::at(self.recorded_at - late);
        let meta = CommandMeta { command_id: event_id.0, ..self.meta.clone() };
        Ok(LoadedEvent {
            meta,
            recorded_at: self.recorded_at,
            stream: case.into(),
            event: stored(event_id, occurred, &event)?,
        })
    }
}

/// An id as the service gives it: it begins with the time.
pub(super) fn event_id(at: Timestamp, random: &mut Random) -> EventId {
    let millis = u64::try_from(at.as_millisecond()).unwrap_or(0);
    let bytes = random.uuid().into_bytes();
    let mut tail = [0; 10];
    tail.copy_from_slice(&bytes[..10]);
    EventId(uuid::Builder::from_unix_timestamp_millis(millis, &tail).into_uuid())
}

/// An event as the log takes it.
///
/// # Errors
/// Never: every event of the domain has a stored form.
pub(super) fn stored(
    event_id: EventId,
    occurred: Occurred,
    event: &throughline_domain::case::CaseEvent,
) -> anyhow::Result<NewEvent> {
    Ok(NewEvent {
        event_id,
        event_type: event.type_name(),
        schema_version: event.schema_version(),
        occurred,
        data: event.to_data()?,
        plaintext: None,
    })
}

/// A case that no casework has.
pub(super) fn new_case() -> CaseId {
    CaseId(Uuid::new_v4())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_history_rises_to_the_present_and_is_spread_over_cases() {
        let mut history = History::new(10_000, Casework::new).unwrap();
        let events: Vec<_> = (0..10_000).map(|_| history.next().unwrap()).collect();
        assert!(events.is_sorted_by(|a, b| a.recorded_at < b.recorded_at));
        assert!(events.iter().all(|event| event.event.occurred.at <= event.recorded_at));
        assert!(events[9_999].recorded_at < Timestamp::now());
        let cases: HashSet<_> = events.iter().map(|event| event.stream).collect();
        assert_eq!(cases.len(), OPEN_CASES);
        let ids: HashSet<_> = events.iter().map(|event| event.event.event_id).collect();
        assert_eq!(ids.len(), events.len());
    }
}

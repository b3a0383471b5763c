//! Deciding the lines of a history one by one, each at the moment at which it was recorded.
//!
//! In memory are the cases and persons met so far, and nothing else of the history.

use std::collections::HashSet;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use throughline_api::cases::person::Identity;
use throughline_api::cases::sealed_words::SealedWords;
use throughline_domain::case::aggregate::decide;
use throughline_domain::case::{CaseCommand, CaseEvent, Intent, Moment};
use throughline_domain::ids::{EventId, PersonId};
use throughline_domain::person::{PersonEvent, PersonRegistered};
use throughline_domain::programme::Programmes;
use throughline_domain::recorded::Happened;
use throughline_domain::time::{Occurred, to_microseconds};
use throughline_log::{CommandMeta, LoadedEvent, NewEvent, Plaintext};
use uuid::Uuid;

use crate::history::error::{LineError, Refused};
use crate::history::facts::{self, Context};
use crate::history::line::Line;
use crate::history::misfit::Misfit;
use crate::history::names::{Names, Reference};
use crate::history::past::{Met, Past};

/// Who recorded a line that does not say.
const UNKNOWN_RECORDER: &str = "history";

const MICROSECOND: SignedDuration = SignedDuration::from_micros(1);

/// Decides line after line.
pub(crate) struct Decider {
    names: Names,
    /// The definitions that the tenant knows.
    programmes: Arc<Programmes>,
    met: Met,
    /// Ids given as such, which may come twice in two cases. Names cannot.
    event_ids: HashSet<EventId>,
    previous: Option<Timestamp>,
    now: Timestamp,
    load_id: Uuid,
}

impl Decider {
    /// Begins after what the log holds, whose last event was recorded at `previous`.
    pub(crate) fn new(
        names: Names,
        programmes: Arc<Programmes>,
        past: Past,
        previous: Option<Timestamp>,
        now: Timestamp,
    ) -> Self {
        Self {
            names,
            programmes,
            met: Met::new(past),
            event_ids: HashSet::new(),
            previous,
            now,
            load_id: Uuid::now_v7(),
        }
    }

    /// How many cases have had lines.
    pub(crate) fn cases(&self) -> usize {
        self.met.cases()
    }

    /// The events that a line records: its own, and before it the registration of a person whom it
    /// makes known.
    ///
    /// # Errors
    /// What is wrong with the line; or that the log cannot be read.
    pub(crate) async fn decide(&mut self, line: Line) -> Result<Vec<LoadedEvent>, Refused> {
        let recorded_at = self.recording_time(&line)?;
        check_members(&line)?;
        let occurred = occurred(&line, recorded_at)?;
        let case_id = self.names.case(&line.case);
        let event_id = match &line.event_id {
            Some(reference) => self.names.event(case_id, reference),
            None => self.names.unnamed_event(recorded_at),
        };
        let mut meta = self.meta(&line);

        let case = self.met.case(case_id).await?;
        let is_given = matches!(line.event_id, Some(Reference::Id(_)));
        if case.find(event_id).is_some() || (is_given && !self.event_ids.insert(event_id)) {
            return Err(LineError::EventIdReused.into());
        }
        let programmes = &self.programmes;
        let context = Context { names: &self.names, case_id, case, programmes };
        let intent = context.intent(&line.event_type, occurred, line.data)?;
        let event = decide_at(case, event_id, occurred, recorded_at, intent)?;
        let new = new_event(
            event_id,
            occurred,
            &event,
            SealedWords { narrative: line.narrative, reason: line.reason },
        )?;
        if let CaseEvent::RiskAssessed(facts) = &event
            && let Some(organisation) = &facts.source_organisation
        {
            meta.source_organisation.get_or_insert_with(|| organisation.to_string());
        }
        let person_id = event.person();
        case.take(Happened { event_id, occurred, event });

        let mut loaded = Vec::with_capacity(2);
        if self.met.confuses(case_id, person_id) {
            return Err(LineError::OneIdForTwo.into());
        }
        if let Some(person_id) = person_id {
            let registration = self.register(person_id, line.identity, recorded_at, &meta).await?;
            loaded.extend(registration);
        }
        loaded.push(LoadedEvent { stream: case_id.into(), recorded_at, meta, event: new });
        self.previous = Some(recorded_at);
        Ok(loaded)
    }

    fn recording_time(&self, line: &Line) -> Result<Timestamp, LineError> {
        let recorded_at = to_microseconds(line.recorded_at);
        match self.previous {
            _ if recorded_at > self.now => Err(LineError::RecordedInFuture),
            Some(previous) if recorded_at <= previous => Err(LineError::NotRising { previous }),
            _ => Ok(recorded_at),
        }
    }

    fn meta(&self, line: &Line) -> CommandMeta {
        let recorder = UNKNOWN_RECORDER.to_owned();
        CommandMeta {
            actor: line.actor.as_ref().map_or_else(|| recorder.clone(), ToString::to_string),
            actor_role: line.actor_role.as_ref().map_or(recorder, ToString::to_string),
            source_organisation: line.source_organisation.as_ref().map(ToString::to_string),
            command_id: Uuid::now_v7(),
            correlation_id: self.load_id,
            causation_id: None,
            traceparent: None,
            idempotency: None,
        }
    }

    /// The registration of a person who is not known yet.
    async fn register(
        &mut self,
        person_id: PersonId,
        identity: Option<Identity>,
        referral_recorded_at: Timestamp,
        meta: &CommandMeta,
    ) -> Result<Option<LoadedEvent>, Refused> {
        if self.met.knows(person_id).await? {
            return match identity {
                Some(_) => Err(LineError::SecondIdentity.into()),
                None => Ok(None),
            };
        }
        // No two events of a log share a recording time; the person comes before the case.
        let recorded_at = referral_recorded_at - MICROSECOND;
        if let Some(previous) = self.previous
            && recorded_at <= previous
        {
            return Err(LineError::NoRoomForPerson { previous }.into());
        }
        self.met.meet(person_id);
        let event = PersonEvent::PersonRegistered(PersonRegistered {});
        let identity = identity.map(Identity::into_plaintext).transpose();
        let event = NewEvent {
            event_id: self.names.registration(person_id),
            event_type: event.type_name(),
            schema_version: event.schema_version(),
            occurred: Occurred::at(recorded_at),
            data: event.to_data().map_err(LineError::from)?,
            plaintext: identity.map_err(LineError::from)?,
        };
        let meta = meta.clone();
        Ok(Some(LoadedEvent { stream: person_id.into(), recorded_at, meta, event }))
    }
}

/// Refuses members that do not go with the type.
fn check_members(line: &Line) -> Result<(), LineError> {
    facts::require_type(&line.event_type)?;
    if line.identity.is_some() && line.event_type != "ReferralReceived" {
        return Err(Misfit::new("/identity", "belongs to ReferralReceived").into());
    }
    if line.reason.is_some() && !is_amendment(line) {
        return Err(Misfit::new("/reason", "belongs to FactCorrected and FactRetracted").into());
    }
    Ok(())
}

fn is_amendment(line: &Line) -> bool {
    matches!(line.event_type.as_str(), "FactCorrected" | "FactRetracted")
}

/// When the line's fact happened. A correction happens when it is recorded, unless the line knows
/// better. As in the service, a time within the forgiven skew is the time of recording.
fn occurred(line: &Line, recorded_at: Timestamp) -> Result<Occurred, LineError> {
    let at = match line.occurred_at {
        Some(at) => to_microseconds(at),
        None if is_amendment(line) => recorded_at,
        None => return Err(Misfit::new("/occurred_at", "is required").into()),
    };
    let occurred = Occurred { at, precision: line.precision };
    if at > recorded_at && !occurred.is_after(recorded_at) {
        return Ok(Occurred { at: recorded_at, ..occurred });
    }
    Ok(occurred)
}

fn decide_at(
    case: &throughline_domain::case::Case,
    event_id: EventId,
    occurred: Occurred,
    now: Timestamp,
    intent: Intent,
) -> Result<CaseEvent, LineError> {
    let moment = Moment { event_id, occurred, now };
    Ok(decide(case, CaseCommand { moment, intent })?)
}

fn new_event(
    event_id: EventId,
    occurred: Occurred,
    event: &CaseEvent,
    words: SealedWords,
) -> Result<NewEvent, LineError> {
    let plaintext: Option<Plaintext> = words.into_plaintext().map_err(|_| LineError::NoForm)?;
    Ok(NewEvent {
        event_id,
        event_type: event.type_name(),
        schema_version: event.schema_version(),
        occurred,
        data: event.to_data()?,
        plaintext,
    })
}

//! One case's history, read from the log.

use jiff::Timestamp;
use throughline_domain::case::{Case, CaseEvent};
use throughline_domain::code::Code;
use throughline_domain::ids::{CaseId, EventId, Position, Version};
use throughline_domain::programme::Programmes;
use throughline_domain::recorded::{Happened, Recorded};
use throughline_log::{StoredEvent, UnreadableEvent};

use crate::app::App;
use crate::caller::Caller;
use crate::problem::{self, Problem};
use crate::refusal;

/// A case as the log holds it.
pub struct History {
    /// As stored, with what is sealed.
    pub stored: Vec<StoredEvent>,
    /// As the folds take it: all of them, or those before the first that cannot be read.
    pub events: Vec<Recorded<CaseEvent>>,
    /// The first that cannot be read.
    unreadable: Option<Unreadable>,
}

/// An event that this program cannot read: whatever is said of its case is stale from then on.
#[derive(Debug)]
pub struct Unreadable {
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// Why.
    source: Unfollowed,
}

/// Why a case is not followed beyond an event.
#[derive(Debug, thiserror::Error)]
enum Unfollowed {
    #[error(transparent)]
    Unreadable(UnreadableEvent),
    #[error("the case was referred under a definition that is not known")]
    UnknownDefinition,
}

impl History {
    /// The case's version.
    #[must_use]
    pub fn version(&self) -> Version {
        self.stored.last().map(|event| event.version).unwrap_or_default()
    }

    /// The case's version as known at a time; 0 before anything was known.
    #[must_use]
    pub fn version_at(&self, known_at: Timestamp) -> Version {
        self.last_known(known_at).map(|event| event.version).unwrap_or_default()
    }

    /// The place of the latest event known at a time; 0 before anything was known.
    #[must_use]
    pub fn position_at(&self, known_at: Timestamp) -> Position {
        self.last_known(known_at).map(|event| event.position).unwrap_or_default()
    }

    /// Whether something that was known at a time cannot be read.
    #[must_use]
    pub fn is_stale_at(&self, known_at: Timestamp) -> bool {
        self.unreadable.as_ref().is_some_and(|event| event.recorded_at <= known_at)
    }

    /// For what is not there: absent, unless it may be among what cannot be read.
    #[must_use]
    pub fn absent_at(&self, known_at: Timestamp) -> Problem {
        match &self.unreadable {
            Some(event) if event.recorded_at <= known_at => refusal::internal(&event.source),
            _ => Problem::new(problem::NOT_FOUND),
        }
    }

    /// The same, for what the programme's rules say of the case: without the events from the first
    /// on that names a definition not known here, as the read models have it.
    ///
    /// `programmes` were read after the case.
    #[must_use]
    pub fn judged_by(mut self, programmes: &Programmes) -> Self {
        if let Some(unknown) = programmes.first_unknown(&self.events) {
            let (position, recorded_at) = (unknown.position, unknown.recorded_at);
            self.events.retain(|event| event.position < position);
            self.unreadable =
                Some(Unreadable { recorded_at, source: Unfollowed::UnknownDefinition });
        }
        self
    }

    /// The same where nothing may be missing, as for a decision.
    ///
    /// # Errors
    /// [`problem::INTERNAL`] when an event cannot be read.
    pub fn whole(self) -> Result<Self, Problem> {
        match &self.unreadable {
            Some(event) => Err(refusal::internal(&event.source)),
            None => Ok(self),
        }
    }

    /// The case, for a decision.
    #[must_use]
    pub fn case(&self) -> Case {
        let mut case = Case::default();
        for Recorded { event_id, occurred, event, .. } in &self.events {
            let (event_id, occurred) = (*event_id, *occurred);
            case.take(Happened { event_id, occurred, event: event.clone() });
        }
        case
    }

    /// Whether somebody recorded a fact, or amended it since.
    #[must_use]
    pub fn had_a_part(&self, subject: &Code, fact: EventId) -> bool {
        let of_fact = |event: &&Recorded<CaseEvent>| {
            event.event_id == fact || event.event.amends() == Some(fact)
        };
        self.events.iter().filter(of_fact).any(|event| {
            let stored = self.stored.iter().find(|stored| stored.event_id == event.event_id);
            stored.is_some_and(|stored| stored.actor == subject.as_str())
        })
    }

    fn last_known(&self, known_at: Timestamp) -> Option<&StoredEvent> {
        self.stored.iter().take_while(|event| event.recorded_at <= known_at).last()
    }
}

/// Reads a case of the caller's tenant.
///
/// # Errors
/// [`problem::NOT_FOUND`] when the tenant has no such case, whoever else may have one.
pub async fn read(app: &App, caller: &Caller, case_id: CaseId) -> Result<History, Problem> {
    let stored = app.log.read_stream(caller.tenant.tenant_no, case_id.into()).await?;
    if stored.is_empty() {
        return Err(Problem::new(problem::NOT_FOUND));
    }
    let (events, unreadable) = decode(&stored);
    Ok(History { stored, events, unreadable })
}

/// Decodes a case's stored events, up to the first that cannot be read.
#[must_use]
pub fn decode(stored: &[StoredEvent]) -> (Vec<Recorded<CaseEvent>>, Option<Unreadable>) {
    let mut events = Vec::with_capacity(stored.len());
    for event in stored {
        match event.to_case_event() {
            Ok(event) => events.push(event),
            Err(source) => {
                let source = Unfollowed::Unreadable(source);
                return (events, Some(Unreadable { recorded_at: event.recorded_at, source }));
            }
        }
    }
    (events, None)
}

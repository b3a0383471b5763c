//! One case's history, read from the log.

use jiff::Timestamp;
use throughline_domain::case::CaseEvent;
use throughline_domain::ids::{CaseId, Position, Version};
use throughline_domain::recorded::Recorded;
use throughline_log::{StoredEvent, UnreadableEvent};

use crate::app::App;
use crate::caller::Caller;
use crate::problem::{self, Problem};
use crate::refusal;

/// A case as the log holds it.
pub struct History {
    /// As stored, with what is sealed.
    pub stored: Vec<StoredEvent>,
    /// As the folds take it.
    pub events: Vec<Recorded<CaseEvent>>,
}

impl History {
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

    fn last_known(&self, known_at: Timestamp) -> Option<&Recorded<CaseEvent>> {
        self.events.iter().take_while(|event| event.recorded_at <= known_at).last()
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
    let events = decode(&stored).map_err(|error| refusal::internal(&error))?;
    Ok(History { stored, events })
}

/// Decodes a case's stored events.
///
/// # Errors
/// [`UnreadableEvent`] for an event of a later program.
pub fn decode(stored: &[StoredEvent]) -> Result<Vec<Recorded<CaseEvent>>, UnreadableEvent> {
    stored.iter().map(StoredEvent::to_case_event).collect()
}

//! Opening what was sealed beside an event, for those who may read it.

use std::collections::HashMap;

use throughline_domain::ids::EventId;
use throughline_domain::two_clocks::Reading;
use throughline_log::{StoredEvent, Unsealed};
use throughline_projections::engagement_timeline::TimelineEntry;

use crate::app::App;
use crate::caller::Caller;
use crate::cases::sealed_words::{SealedWords, Words};
use crate::problem::Problem;

/// What was sealed beside an event, as far as the caller may read it.
#[derive(Default)]
pub struct OpenedWords {
    /// What happened, in words.
    pub narrative: Option<Words>,
    /// Why a fact was corrected or taken back.
    pub reason: Option<Words>,
    /// There were words, and they have been erased.
    pub erased: bool,
}

/// The words of an entry, as a reading shows them.
///
/// Recorded: the event's own. Effective: a correction in force holds the fact's words whole, and
/// says why; a retraction in force says why.
///
/// # Errors
/// When what was sealed cannot be opened although its key is there.
pub(crate) async fn of_entry(
    app: &App,
    caller: &Caller,
    stored: &HashMap<EventId, &StoredEvent>,
    entry: &TimelineEntry,
    reading: Reading,
) -> Result<OpenedWords, Problem> {
    if !caller.role.reads_narrative() {
        return Ok(OpenedWords::default());
    }
    let (says, reasons) = match (reading, entry.corrected_by, entry.retracted_by) {
        (Reading::Recorded, _, _) | (Reading::Effective, None, None) => (entry.event_id, None),
        (Reading::Effective, Some(correction), _) => (correction, None),
        (Reading::Effective, None, Some(retraction)) => (entry.event_id, Some(retraction)),
    };
    let mut words = of_event(app, caller, stored, says).await?;
    if let Some(retraction) = reasons {
        let why = of_event(app, caller, stored, retraction).await?;
        words.reason = why.reason;
        words.erased |= why.erased;
    }
    Ok(words)
}

/// The words beside one event; none for an event that is not there.
///
/// # Errors
/// When what was sealed cannot be opened although its key is there.
pub(crate) async fn of_event(
    app: &App,
    caller: &Caller,
    stored: &HashMap<EventId, &StoredEvent>,
    event_id: EventId,
) -> Result<OpenedWords, Problem> {
    if !caller.role.reads_narrative() {
        return Ok(OpenedWords::default());
    }
    match stored.get(&event_id) {
        Some(event) => open(app, caller, event).await,
        None => Ok(OpenedWords::default()),
    }
}

/// Opens what was sealed beside one event.
///
/// # Errors
/// When it cannot be opened although its key is there.
pub(crate) async fn open(
    app: &App,
    caller: &Caller,
    event: &StoredEvent,
) -> Result<OpenedWords, Problem> {
    Ok(match app.log.unseal(caller.tenant.tenant_no, event).await? {
        Unsealed::Nothing => OpenedWords::default(),
        Unsealed::Erased => OpenedWords { erased: true, ..OpenedWords::default() },
        Unsealed::Text(text) => {
            let SealedWords { narrative, reason } = SealedWords::read(&text)?;
            OpenedWords { narrative, reason, erased: false }
        }
    })
}

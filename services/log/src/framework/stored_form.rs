//! How an aggregate's events are stored.

use cqrs_es::DomainEvent;
use throughline_domain::allocation_schedule::ScheduleEvent;
use throughline_domain::case::CaseEvent;
use throughline_domain::case::event::UnreadableEvent;
use throughline_domain::case_link::CaseLinkEvent;
use throughline_domain::cohort::CohortEvent;
use throughline_domain::edition::EditionEvent;
use throughline_domain::ids::EventId;
use throughline_domain::person::PersonEvent;
use throughline_domain::programme::ProgrammeEvent;
use throughline_domain::recorded::{Happened, Recorded};
use throughline_domain::staff::{TeamEvent, WorkerEvent};
use throughline_domain::time::Occurred;

use crate::append::NewEvent;
use crate::error::LogError;
use crate::seal::Plaintext;
use crate::stored::StoredEvent;
use crate::stream::StreamKind;

/// An event that the log can store and read back.
pub trait StoredForm: DomainEvent {
    /// The kind of stream such events go to.
    const KIND: StreamKind;

    /// The event's id.
    fn event_id(&self) -> EventId;

    /// When it happened.
    fn occurred(&self) -> Occurred;

    /// The stored name of its type.
    fn type_name(&self) -> &'static str;

    /// The version in which it is stored.
    fn schema_version(&self) -> i16;

    /// The coded facts as JSON text.
    ///
    /// # Errors
    /// When a value has no JSON form.
    fn to_data(&self) -> Result<String, serde_json::Error>;

    /// Reads an event back.
    ///
    /// # Errors
    /// [`UnreadableEvent`] when the type, version or facts are not known.
    fn from_stored(event: &StoredEvent) -> Result<Self, UnreadableEvent>;
}

macro_rules! stored_forms {
    ($($events:ident = $kind:ident by $read:ident,)+) => {
        $(impl StoredForm for Happened<$events> {
            const KIND: StreamKind = StreamKind::$kind;

            fn event_id(&self) -> EventId {
                self.event_id
            }

            fn occurred(&self) -> Occurred {
                self.occurred
            }

            fn type_name(&self) -> &'static str {
                self.event.type_name()
            }

            fn schema_version(&self) -> i16 {
                self.event.schema_version()
            }

            fn to_data(&self) -> Result<String, serde_json::Error> {
                self.event.to_data()
            }

            fn from_stored(event: &StoredEvent) -> Result<Self, UnreadableEvent> {
                event.$read().map(happened)
            }
        })+
    };
}

stored_forms! {
    CaseEvent = Case by to_case_event,
    PersonEvent = Person by to_person_event,
    ProgrammeEvent = Programme by to_programme_event,
    WorkerEvent = Worker by to_worker_event,
    TeamEvent = Team by to_team_event,
    CohortEvent = Cohort by to_cohort_event,
    EditionEvent = Edition by to_edition_event,
    ScheduleEvent = AllocationSchedule by to_schedule_event,
    CaseLinkEvent = CaseLink by to_case_link_event,
}

/// The event as it is to be appended.
pub(super) fn new_event<E: StoredForm>(
    event: &E,
    plaintext: Option<Plaintext>,
) -> Result<NewEvent, LogError> {
    let data =
        event.to_data().map_err(|_| LogError::NoStoredForm { event_type: event.type_name() })?;
    Ok(NewEvent {
        event_id: event.event_id(),
        event_type: event.type_name(),
        schema_version: event.schema_version(),
        occurred: event.occurred(),
        data,
        plaintext,
    })
}

fn happened<E>(recorded: Recorded<E>) -> Happened<E> {
    let Recorded { event_id, occurred, event, .. } = recorded;
    Happened { event_id, occurred, event }
}

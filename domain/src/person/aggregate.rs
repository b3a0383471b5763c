//! Registering a person. The event holds no fact at all: everything about a person is identity,
//! and identity travels sealed beside the event.

use cqrs_es::event_sink::EventSink;
use cqrs_es::{Aggregate, DomainEvent};
use serde::{Deserialize, Serialize};

use crate::case::Moment;
use crate::case::event::UnreadableEvent;
use crate::recorded::Happened;
use crate::upcast;

/// Make a person known to the tenant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RegisterPerson(pub Moment);

/// A person became known to the tenant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonRegistered {}

/// Something that happened to a person's record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data")]
pub enum PersonEvent {
    /// `PersonRegistered`, version 1.
    PersonRegistered(PersonRegistered),
}

/// Why a person's record refuses a command.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PersonError {
    /// The person is known already.
    #[error("the person is registered already")]
    AlreadyRegistered,
}

/// A person, as far as rules need to know.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Whether the person is known.
    pub registered: bool,
}

impl PersonEvent {
    /// The stored name of the type.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::PersonRegistered(_) => "PersonRegistered",
        }
    }

    /// The version in which the event is stored.
    #[must_use]
    pub fn schema_version(&self) -> i16 {
        match self {
            Self::PersonRegistered(_) => 1,
        }
    }

    /// The coded facts as the exact JSON text to store.
    ///
    /// # Errors
    /// Never for the present types: they have a JSON form.
    pub fn to_data(&self) -> Result<String, serde_json::Error> {
        match self {
            Self::PersonRegistered(facts) => serde_json::to_string(facts),
        }
    }

    /// Reads an event back from its stored form, of whatever version, as the newest.
    ///
    /// # Errors
    /// [`UnreadableEvent`] when the type, version or facts are not known.
    pub fn from_stored(
        event_type: &str,
        version: i16,
        data: &str,
    ) -> Result<Self, UnreadableEvent> {
        match event_type {
            "PersonRegistered" => {
                upcast::read("PersonRegistered", &[], version, data).map(Self::PersonRegistered)
            }
            _ => Err(UnreadableEvent::UnknownType { event_type: event_type.to_owned(), version }),
        }
    }
}

impl Aggregate for Person {
    const TYPE: &'static str = "person";
    type Command = RegisterPerson;
    type Event = Happened<PersonEvent>;
    type Error = PersonError;
    type Services = ();

    async fn handle(
        &mut self,
        RegisterPerson(moment): RegisterPerson,
        (): &(),
        sink: &EventSink<Self>,
    ) -> Result<(), PersonError> {
        if self.registered {
            return Err(PersonError::AlreadyRegistered);
        }
        let event = PersonEvent::PersonRegistered(PersonRegistered {});
        let Moment { event_id, occurred, .. } = moment;
        sink.write(Happened { event_id, occurred, event }, self).await;
        Ok(())
    }

    fn apply(&mut self, happened: Happened<PersonEvent>) {
        match happened.event {
            PersonEvent::PersonRegistered(_) => self.registered = true,
        }
    }
}

impl DomainEvent for Happened<PersonEvent> {
    fn event_type(&self) -> String {
        self.event.type_name().to_owned()
    }

    fn event_version(&self) -> String {
        self.event.schema_version().to_string()
    }
}

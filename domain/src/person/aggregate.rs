//! The person as the event-sourcing framework sees it: one function that decides, one that applies.

use std::collections::BTreeSet;

use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use serde::{Deserialize, Serialize};

use crate::case::Moment;
use crate::ids::EventId;
use crate::person::{
    EraseSubject, PersonError, PersonEvent, PlaceLegalHold, RegisterPerson, ReleaseLegalHold,
};
use crate::recorded::Happened;

/// What is to be decided, and when.
#[derive(Debug, Clone, PartialEq)]
pub struct PersonCommand {
    /// When.
    pub moment: Moment,
    /// What.
    pub intent: PersonIntent,
}

/// What a caller wants of a person's record.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "each command is documented where it is defined")]
pub enum PersonIntent {
    RegisterPerson(RegisterPerson),
    PlaceLegalHold(PlaceLegalHold),
    ReleaseLegalHold(ReleaseLegalHold),
    EraseSubject(EraseSubject),
}

/// A person, as far as rules need to know.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Whether the person is known.
    pub registered: bool,
    /// Whether the person was erased. There is no way back.
    pub erased: bool,
    /// The legal holds in force, by the events that placed them.
    pub holds: BTreeSet<EventId>,
    /// The legal holds that are over.
    pub released: BTreeSet<EventId>,
}

/// Decides a command against a person's record. No event: the command is a repetition.
///
/// # Errors
/// The first rule that refuses.
pub fn decide(
    person: &Person,
    PersonCommand { moment, intent }: PersonCommand,
) -> Result<Option<PersonEvent>, PersonError> {
    if moment.occurred.is_after(moment.now) {
        return Err(PersonError::InFuture { occurred_at: moment.occurred.at });
    }
    match intent {
        PersonIntent::RegisterPerson(command) => command.decide(person).map(Some),
        PersonIntent::PlaceLegalHold(command) => command.decide(person).map(Some),
        PersonIntent::ReleaseLegalHold(command) => command.decide(person).map(Some),
        PersonIntent::EraseSubject(command) => command.decide(person),
    }
}

impl Person {
    /// Whether something new may be recorded about the person: a referral, a hold.
    ///
    /// # Errors
    /// When nobody of this id is known, or the person was erased.
    pub fn may_be_known(&self) -> Result<(), PersonError> {
        match (self.registered, self.erased) {
            (false, _) => Err(PersonError::NotRegistered),
            (true, true) => Err(PersonError::Erased),
            (true, false) => Ok(()),
        }
    }
}

impl Aggregate for Person {
    const TYPE: &'static str = "person";
    type Command = PersonCommand;
    type Event = Happened<PersonEvent>;
    type Error = PersonError;
    type Services = ();

    async fn handle(
        &mut self,
        command: PersonCommand,
        (): &(),
        sink: &EventSink<Self>,
    ) -> Result<(), PersonError> {
        let Moment { event_id, occurred, .. } = command.moment;
        if let Some(event) = decide(self, command)? {
            sink.write(Happened { event_id, occurred, event }, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, happened: Happened<PersonEvent>) {
        match happened.event {
            PersonEvent::PersonRegistered(_) => self.registered = true,
            PersonEvent::LegalHoldPlaced(_) => {
                self.holds.insert(happened.event_id);
            }
            PersonEvent::LegalHoldReleased(release) => {
                self.holds.remove(&release.hold_id);
                self.released.insert(release.hold_id);
            }
            PersonEvent::SubjectErased(_) => self.erased = true,
        }
    }
}

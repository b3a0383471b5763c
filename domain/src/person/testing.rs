//! Given, when, then: the words in which a rule of the person is tested.

use cqrs_es::Aggregate as _;
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::case::Moment;
use crate::code_lists::{ErasureBasis, HoldReason};
use crate::ids::{CaseId, EventId};
use crate::person::{
    EraseSubject, LegalHoldPlaced, LegalHoldReleased, Person, PersonCommand, PersonError,
    PersonEvent, PersonIntent, PersonRegistered, PlaceLegalHold, ReleaseLegalHold, SubjectErased,
    aggregate,
};
use crate::recorded::Happened;
use crate::time::Occurred;

/// The id of the n-th event of a history under test, from 1.
pub(crate) fn event_id(n: u128) -> EventId {
    EventId(Uuid::from_u128(n))
}

fn now() -> Timestamp {
    "2014-01-01T12:00:00Z".parse().unwrap()
}

pub(crate) struct Given(Person);

pub(crate) fn given(history: impl IntoIterator<Item = PersonEvent>) -> Given {
    let mut person = Person::default();
    for (event, n) in history.into_iter().zip(1..) {
        person.apply(Happened { event_id: event_id(n), occurred: Occurred::at(now()), event });
    }
    Given(person)
}

pub(crate) struct Then(Result<Option<PersonEvent>, PersonError>);

impl Given {
    fn decide(&self, intent: impl Into<PersonIntent>, occurred: Occurred) -> Then {
        let moment = Moment { event_id: event_id(200), occurred, now: now() };
        Then(aggregate::decide(&self.0, PersonCommand { moment, intent: intent.into() }))
    }

    pub(crate) fn when(&self, intent: impl Into<PersonIntent>) -> Then {
        self.decide(intent, Occurred::at(now()))
    }

    #[track_caller]
    pub(crate) fn when_in_future(&self, intent: impl Into<PersonIntent>) {
        let tomorrow = now() + SignedDuration::from_hours(24);
        self.decide(intent, Occurred::at(tomorrow))
            .then_refused(&PersonError::InFuture { occurred_at: tomorrow });
    }
}

impl Then {
    #[track_caller]
    #[expect(clippy::needless_pass_by_value, reason = "reads as a sentence in the tests")]
    pub(crate) fn then(self, event: PersonEvent) {
        assert_eq!(self.0, Ok(Some(event.clone())));
    }

    #[track_caller]
    pub(crate) fn then_nothing(self) {
        assert_eq!(self.0, Ok(None));
    }

    #[track_caller]
    pub(crate) fn then_refused(self, error: &PersonError) {
        assert_eq!(self.0.as_ref(), Err(error));
    }
}

pub(crate) fn registered() -> PersonEvent {
    PersonEvent::PersonRegistered(PersonRegistered {})
}

pub(crate) fn hold() -> PlaceLegalHold {
    PlaceLegalHold(LegalHoldPlaced { reason: HoldReason::Inquest, reference: None })
}

pub(crate) fn placed() -> PersonEvent {
    PersonEvent::LegalHoldPlaced(hold().0)
}

pub(crate) fn release(hold: u128) -> ReleaseLegalHold {
    ReleaseLegalHold(LegalHoldReleased { hold_id: event_id(hold) })
}

pub(crate) fn released(hold: u128) -> PersonEvent {
    PersonEvent::LegalHoldReleased(release(hold).0)
}

pub(crate) fn erase() -> EraseSubject {
    let cases = vec![CaseId(Uuid::from_u128(7))];
    EraseSubject(SubjectErased { cases, basis: ErasureBasis::Request })
}

pub(crate) fn erased() -> PersonEvent {
    PersonEvent::SubjectErased(erase().0)
}

//! Given, when, then: the words in which a rule of workers and teams is tested.

use cqrs_es::Aggregate;
use uuid::Uuid;

use crate::case::Moment;
pub(crate) use crate::case::testing::{at, code};
use crate::ids::{EventId, Position, Version};
use crate::recorded::{Happened, Recorded};
use crate::staff::{
    Capacity, CapacitySet, StaffError, Team, TeamCommand, TeamDissolved, TeamEvent, TeamFormed,
    TeamIntent, Worker, WorkerCommand, WorkerEvent, WorkerIntent, WorkerJoined, WorkerLeft,
    WorkerMoved, team, worker,
};
use crate::time::Occurred;

pub(crate) struct Given<A, E>(A, Vec<(E, Occurred)>);

fn given<A, E: Clone>(history: Vec<(E, Occurred)>) -> Given<A, E>
where
    A: Aggregate<Event = Happened<E>>,
{
    let mut aggregate = A::default();
    for (n, (event, occurred)) in (1..).zip(history.iter().cloned()) {
        aggregate.apply(Happened { event_id: EventId(Uuid::from_u128(n)), occurred, event });
    }
    Given(aggregate, history)
}

pub(crate) fn given_team(
    history: impl IntoIterator<Item = (TeamEvent, Occurred)>,
) -> Given<Team, TeamEvent> {
    given(history.into_iter().collect())
}

pub(crate) fn given_worker(
    history: impl IntoIterator<Item = (WorkerEvent, Occurred)>,
) -> Given<Worker, WorkerEvent> {
    given(history.into_iter().collect())
}

pub(crate) struct Then<E>(Result<E, StaffError>);

fn moment(occurred: Occurred) -> Moment {
    Moment { event_id: EventId(Uuid::from_u128(200)), occurred, now: at(9_000).at }
}

impl Given<Team, TeamEvent> {
    pub(crate) fn when(
        &self,
        intent: impl Into<TeamIntent>,
        occurred: Occurred,
    ) -> Then<TeamEvent> {
        let command = TeamCommand { moment: moment(occurred), intent: intent.into() };
        Then(team::decide(&self.0, command))
    }
}

impl Given<Worker, WorkerEvent> {
    pub(crate) fn when(
        &self,
        intent: impl Into<WorkerIntent>,
        occurred: Occurred,
    ) -> Then<WorkerEvent> {
        let command = WorkerCommand { moment: moment(occurred), intent: intent.into() };
        Then(worker::decide(&self.0, command))
    }

    /// The history as recorded, each event when it happened.
    pub(crate) fn recorded(&self) -> Vec<Recorded<WorkerEvent>> {
        let recorded = |(n, (event, occurred)): (i32, &(WorkerEvent, Occurred))| Recorded {
            position: Position(n.into()),
            version: Version(n),
            recorded_at: occurred.at,
            event_id: EventId(Uuid::from_u128(n.unsigned_abs().into())),
            occurred: *occurred,
            event: event.clone(),
        };
        (1..).zip(&self.1).map(recorded).collect()
    }
}

impl<E: PartialEq + std::fmt::Debug> Then<E> {
    #[track_caller]
    pub(crate) fn then(self, event: &E) {
        assert_eq!(self.0.as_ref(), Ok(event));
    }

    #[track_caller]
    pub(crate) fn then_refused(self, error: &StaffError) {
        assert_eq!(self.0.as_ref(), Err(error));
    }
}

pub(crate) fn team_formed() -> TeamEvent {
    TeamEvent::TeamFormed(TeamFormed {
        team: code("south"),
        programme: Some(code("mrp")),
        areas: vec![code("south")],
    })
}

pub(crate) fn team_dissolved() -> TeamEvent {
    TeamEvent::TeamDissolved(TeamDissolved { reason: None })
}

pub(crate) fn joined() -> WorkerEvent {
    WorkerEvent::WorkerJoined(WorkerJoined {
        worker: code("w-ann"),
        role: code("idva"),
        team: code("south"),
        capacity: Capacity { cases: 20, complex: Some(5) },
    })
}

pub(crate) fn capacity_set(cases: u32, complex: u32) -> WorkerEvent {
    WorkerEvent::CapacitySet(CapacitySet { cases, complex: Some(complex) })
}

pub(crate) fn moved(team: &str) -> WorkerEvent {
    WorkerEvent::WorkerMoved(WorkerMoved { team: code(team) })
}

pub(crate) fn left() -> WorkerEvent {
    WorkerEvent::WorkerLeft(WorkerLeft { reason: None })
}

//! A worker: joining, capacity, moving between teams, leaving.
//!
//! Whether a worker who leaves still has cases is nothing that their record knows: leaving is never
//! refused for it, and whoever recorded it is told how many are to be handed over.

use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::case::Moment;
use crate::code::Code;
use crate::recorded::{Happened, Recorded};
use crate::staff::{Capacity, StaffError, WorkerEvent, in_view, may_take};
use crate::two_clocks::Asked;

/// Have a worker join, or join again after leaving.
#[derive(Debug, Clone, PartialEq)]
pub struct JoinWorker(pub WorkerJoined);

/// A worker joined; when it happened is from when on they take cases.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerJoined {
    /// The worker, as the subject of their token.
    pub worker: Code,
    /// Their part in the team, as a code such as `idva`.
    pub role: Code,
    /// The team.
    pub team: Code,
    /// How many cases they can take.
    pub capacity: Capacity,
}

/// Say how many cases a worker can take from now on.
#[derive(Debug, Clone, PartialEq)]
pub struct SetCapacity(pub CapacitySet);

/// A worker can take another number of cases.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CapacitySet {
    /// Open cases.
    pub cases: u32,
    /// Complex ones among them; where it is not said, as many as there are cases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub complex: Option<u32>,
}

/// Move a worker to another team.
#[derive(Debug, Clone, PartialEq)]
pub struct MoveWorker(pub WorkerMoved);

/// A worker moved to another team. Their cases stay with them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerMoved {
    /// The team.
    pub team: Code,
}

/// Have a worker leave.
#[derive(Debug, Clone, PartialEq)]
pub struct LeaveWorker(pub WorkerLeft);

/// A worker left: nothing is given to them any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerLeft {
    /// Why, as a code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Code>,
}

/// What is to be decided, and when.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkerCommand {
    /// When.
    pub moment: Moment,
    /// What.
    pub intent: WorkerIntent,
}

/// What a caller wants of a worker's record.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "each command is documented where it is defined")]
pub enum WorkerIntent {
    Join(JoinWorker),
    SetCapacity(SetCapacity),
    Move(MoveWorker),
    Leave(LeaveWorker),
}

/// A worker, as far as anybody needs to know.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Worker {
    /// As what the worker joined, with the team and capacity of now; `None`: nobody ever joined.
    pub post: Option<WorkerJoined>,
    /// When the worker joined, the last time.
    pub joined_at: Option<Timestamp>,
    /// When the worker left, unless they joined again.
    pub left_at: Option<Timestamp>,
    last_step_at: Option<Timestamp>,
}

impl Worker {
    /// A worker at two dates. `history` is in the order of recording.
    #[must_use]
    pub fn at(history: &[Recorded<WorkerEvent>], asked: &Asked) -> Self {
        let mut worker = Self::default();
        for event in in_view(history, asked) {
            worker.take(event.occurred.at, &event.event);
        }
        worker
    }

    /// The post of a worker to whom cases can be given.
    ///
    /// # Errors
    /// When nobody of this code ever joined, or they have left.
    pub fn in_post(&self) -> Result<&WorkerJoined, StaffError> {
        match (&self.post, self.left_at) {
            (None, _) => Err(StaffError::UnknownWorker),
            (Some(_), Some(_)) => Err(StaffError::WorkerLeft),
            (Some(post), None) => Ok(post),
        }
    }

    fn take(&mut self, at: Timestamp, event: &WorkerEvent) {
        self.last_step_at = Some(at);
        match event {
            WorkerEvent::WorkerJoined(facts) => {
                self.post = Some(facts.clone());
                self.joined_at = Some(at);
                self.left_at = None;
            }
            WorkerEvent::CapacitySet(facts) => {
                if let Some(post) = &mut self.post {
                    let CapacitySet { cases, complex } = *facts;
                    post.capacity = Capacity { cases, complex };
                }
            }
            WorkerEvent::WorkerMoved(facts) => {
                if let Some(post) = &mut self.post {
                    post.team = facts.team.clone();
                }
            }
            WorkerEvent::WorkerLeft(_) => self.left_at = Some(at),
        }
    }
}

/// Decides a command against a worker's record.
///
/// # Errors
/// The first rule that refuses.
pub fn decide(
    worker: &Worker,
    WorkerCommand { moment, intent }: WorkerCommand,
) -> Result<WorkerEvent, StaffError> {
    let event = match intent {
        WorkerIntent::Join(JoinWorker(facts)) => {
            if worker.in_post().is_ok() {
                return Err(StaffError::AlreadyJoined);
            }
            facts.capacity.check()?;
            WorkerEvent::WorkerJoined(facts)
        }
        WorkerIntent::SetCapacity(SetCapacity(facts)) => {
            worker.in_post()?;
            Capacity { cases: facts.cases, complex: facts.complex }.check()?;
            WorkerEvent::CapacitySet(facts)
        }
        WorkerIntent::Move(MoveWorker(facts)) => {
            if worker.in_post()?.team == facts.team {
                return Err(StaffError::SameTeam);
            }
            WorkerEvent::WorkerMoved(facts)
        }
        WorkerIntent::Leave(LeaveWorker(facts)) => {
            worker.in_post()?;
            WorkerEvent::WorkerLeft(facts)
        }
    };
    may_take(worker.last_step_at, &moment)?;
    Ok(event)
}

macro_rules! intents {
    ($($intent:ident = $command:ident,)+) => {
        $(impl From<$command> for WorkerIntent {
            fn from(command: $command) -> Self {
                Self::$intent(command)
            }
        })+
    };
}

intents! {
    Join = JoinWorker,
    SetCapacity = SetCapacity,
    Move = MoveWorker,
    Leave = LeaveWorker,
}

impl Aggregate for Worker {
    const TYPE: &'static str = "worker";
    type Command = WorkerCommand;
    type Event = Happened<WorkerEvent>;
    type Error = StaffError;
    type Services = ();

    async fn handle(
        &mut self,
        command: WorkerCommand,
        (): &(),
        sink: &EventSink<Self>,
    ) -> Result<(), StaffError> {
        let Moment { event_id, occurred, .. } = command.moment;
        let event = decide(self, command)?;
        sink.write(Happened { event_id, occurred, event }, self).await;
        Ok(())
    }

    fn apply(&mut self, happened: Happened<WorkerEvent>) {
        self.take(happened.occurred.at, &happened.event);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::staff::testing::{at, capacity_set, code, given_worker, joined, left, moved};
    use crate::two_clocks::Reading;

    fn join() -> JoinWorker {
        let capacity = Capacity { cases: 20, complex: Some(5) };
        let [worker, role, team] = ["w-ann", "idva", "south"].map(code);
        JoinWorker(WorkerJoined { worker, role, team, capacity })
    }

    fn set(cases: u32, complex: Option<u32>) -> SetCapacity {
        SetCapacity(CapacitySet { cases, complex })
    }

    fn move_to(team: &str) -> MoveWorker {
        MoveWorker(WorkerMoved { team: code(team) })
    }

    fn leave() -> LeaveWorker {
        LeaveWorker(WorkerLeft { reason: None })
    }

    #[test]
    fn a_worker_joins_once() {
        given_worker([]).when(join(), at(1)).then(&joined());
        given_worker([(joined(), at(1))])
            .when(join(), at(2))
            .then_refused(&StaffError::AlreadyJoined);
    }

    #[test]
    fn whoever_left_can_join_again_and_leave_no_second_time() {
        let gone = [(joined(), at(1)), (left(), at(5))];
        given_worker(gone.clone()).when(join(), at(6)).then(&joined());
        given_worker(gone).when(leave(), at(6)).then_refused(&StaffError::WorkerLeft);
        given_worker([(joined(), at(1))]).when(leave(), at(6)).then(&left());
    }

    #[test]
    fn nobody_unknown_is_changed() {
        given_worker([]).when(set(3, None), at(1)).then_refused(&StaffError::UnknownWorker);
        given_worker([]).when(move_to("north"), at(1)).then_refused(&StaffError::UnknownWorker);
        given_worker([]).when(leave(), at(1)).then_refused(&StaffError::UnknownWorker);
    }

    #[test]
    fn a_capacity_is_set_unless_it_contradicts_itself() {
        let here = given_worker([(joined(), at(1))]);
        here.when(set(12, Some(4)), at(2)).then(&capacity_set(12, 4));
        let contradicts = StaffError::CapacityContradicts { cases: 3, complex: 4 };
        here.when(set(3, Some(4)), at(2)).then_refused(&contradicts);
        let mut twice = join();
        twice.0.capacity = Capacity { cases: 3, complex: Some(4) };
        given_worker([]).when(twice, at(1)).then_refused(&contradicts);
    }

    #[test]
    fn a_worker_moves_to_another_team() {
        let here = given_worker([(joined(), at(1))]);
        here.when(move_to("north"), at(2)).then(&moved("north"));
        here.when(move_to("south"), at(2)).then_refused(&StaffError::SameTeam);
    }

    #[test]
    fn no_step_comes_before_the_one_it_follows_or_in_the_future() {
        let here = given_worker([(joined(), at(5))]);
        let previous_at = at(5).at;
        here.when(leave(), at(4)).then_refused(&StaffError::BeforePreviousStep { previous_at });
        let tomorrow = at(10_000);
        here.when(leave(), tomorrow)
            .then_refused(&StaffError::InFuture { occurred_at: tomorrow.at });
    }

    #[test]
    fn a_worker_at_two_dates_is_what_had_happened_and_was_known() {
        let history = given_worker([
            (joined(), at(1)),
            (capacity_set(12, 4), at(10)),
            (moved("north"), at(20)),
            (left(), at(30)),
        ])
        .recorded();
        let asked = |as_of, known_at| {
            let (as_of, known_at) = (at(as_of).at, at(known_at).at);
            Worker::at(&history, &Asked { as_of, known_at, reading: Reading::Effective })
        };
        assert_eq!(asked(0, 90).in_post(), Err(StaffError::UnknownWorker));
        assert_eq!(asked(9, 90).in_post().unwrap().capacity.cases, 20);
        assert_eq!(asked(10, 90).in_post().unwrap().capacity.cases, 12);
        assert_eq!(asked(90, 15).in_post().unwrap().team, code("south"));
        assert_eq!(asked(25, 90).in_post().unwrap().team, code("north"));
        assert_eq!(asked(30, 90).in_post(), Err(StaffError::WorkerLeft));
        assert_eq!(asked(30, 90).left_at, Some(at(30).at));
    }
}

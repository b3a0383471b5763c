//! Given, when, then: the words in which a rule of a schedule is tested.

use cqrs_es::Aggregate as _;
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::allocation_schedule::{
    AllocationSchedule, AllocationScheduleClosed, AllocationScheduleOpened, ArmDrawn,
    CloseSchedule, Draw, OpenSchedule, ScheduleCommand, ScheduleError, ScheduleEvent,
    ScheduleIntent, Seed, aggregate,
};
use crate::case::Moment;
use crate::code::Code;
use crate::ids::{CaseId, EventId, Position, Version};
use crate::recorded::{Happened, Recorded};
use crate::time::Occurred;

fn now() -> Timestamp {
    "2017-01-01T12:00:00Z".parse().unwrap()
}

fn event_id(n: i64) -> EventId {
    EventId(Uuid::from_u128(u128::try_from(n).unwrap()))
}

pub(crate) fn code(text: &str) -> Code {
    text.parse().unwrap()
}

/// The bytes from `first` on, each one more than the one before.
pub(crate) fn seed(first: u8) -> Seed {
    Seed::new(std::array::from_fn(|n| first + u8::try_from(n).unwrap()))
}

pub(crate) struct Given(AllocationSchedule);

pub(crate) fn given(history: impl IntoIterator<Item = ScheduleEvent>) -> Given {
    let mut schedule = AllocationSchedule::default();
    for (event, n) in history.into_iter().zip(1..) {
        schedule.apply(Happened { event_id: event_id(n), occurred: Occurred::at(now()), event });
    }
    Given(schedule)
}

pub(crate) fn recorded(history: Vec<ScheduleEvent>) -> Vec<Recorded<ScheduleEvent>> {
    let recorded = |(n, event)| Recorded {
        position: Position(n),
        version: Version(i32::try_from(n).unwrap()),
        recorded_at: now(),
        event_id: event_id(n),
        occurred: Occurred::at(now()),
        event,
    };
    (1..).zip(history).map(recorded).collect()
}

pub(crate) struct Then(Result<ScheduleEvent, ScheduleError>);

impl Given {
    fn decide(&self, intent: impl Into<ScheduleIntent>, occurred: Occurred) -> Then {
        let moment = Moment { event_id: event_id(20_000), occurred, now: now() };
        Then(aggregate::decide(&self.0, ScheduleCommand { moment, intent: intent.into() }))
    }

    pub(crate) fn when(&self, intent: impl Into<ScheduleIntent>) -> Then {
        self.decide(intent, Occurred::at(now()))
    }

    #[track_caller]
    pub(crate) fn when_in_future(&self, intent: impl Into<ScheduleIntent>) {
        let tomorrow = now() + SignedDuration::from_hours(24);
        self.decide(intent, Occurred::at(tomorrow))
            .then_refused(&ScheduleError::InFuture { occurred_at: tomorrow });
    }
}

impl Then {
    #[track_caller]
    #[expect(clippy::needless_pass_by_value, reason = "reads as a sentence in the tests")]
    pub(crate) fn then(self, event: ScheduleEvent) {
        assert_eq!(self.0, Ok(event.clone()));
    }

    #[track_caller]
    pub(crate) fn then_refused(self, error: &ScheduleError) {
        assert_eq!(self.0.as_ref(), Err(error));
    }
}

/// Blocks of four or six; with this seed the first has six places.
pub(crate) fn open() -> OpenSchedule {
    OpenSchedule {
        programme: code("drive"),
        area: Some(code("essex")),
        arms: vec![code("intervention"), code("control")],
        block_sizes: vec![4, 6],
        seed: seed(0),
    }
}

pub(crate) fn opened() -> ScheduleEvent {
    let OpenSchedule { programme, area, arms, block_sizes, seed } = open();
    ScheduleEvent::AllocationScheduleOpened(AllocationScheduleOpened {
        programme,
        area,
        arms,
        block_sizes,
        method: code("permuted-block/1"),
        seed: seed.commitment(),
    })
}

fn case_id(n: u32) -> CaseId {
    CaseId(Uuid::from_u128(u128::from(n)))
}

pub(crate) fn draw(case: u32) -> Draw {
    Draw { case_id: case_id(case), seed: seed(0) }
}

/// The n-th draw, for the n-th case.
pub(crate) fn drawn(n: u32, block: u32, arm: &str) -> ScheduleEvent {
    ScheduleEvent::ArmDrawn(ArmDrawn { case_id: case_id(n), sequence: n, block, arm: code(arm) })
}

pub(crate) fn close() -> CloseSchedule {
    CloseSchedule { seed: seed(0) }
}

pub(crate) fn closed() -> ScheduleEvent {
    let seed = seed(0).disclosed();
    ScheduleEvent::AllocationScheduleClosed(AllocationScheduleClosed { seed })
}

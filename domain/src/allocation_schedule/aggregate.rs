//! The schedule as the event-sourcing framework sees it: one function that decides, one that applies.

use std::collections::{BTreeMap, BTreeSet};

use cqrs_es::event_sink::EventSink;
use cqrs_es::{Aggregate, DomainEvent};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::allocation_schedule::{
    AllocationScheduleOpened, CloseSchedule, Draw, OpenSchedule, ScheduleError, ScheduleEvent,
};
use crate::case::Moment;
use crate::code::Code;
use crate::ids::CaseId;
use crate::recorded::Happened;

/// What the ids of streams are made from: never to be changed.
const NAMESPACE: Uuid = Uuid::from_u128(0x1d5e_8a44_3f7b_5c1e_a0f2_6b9d_94c7_52e3);

/// The id of the n-th schedule of a programme and area, from 1. So two that are opened at once are
/// the same stream, and only one can begin it.
#[must_use]
pub fn stream_id(programme: &Code, area: Option<&Code>, n: u32) -> Uuid {
    // No code holds a line break.
    let name = format!("{programme}\n{}\n{n}", area.map_or("", Code::as_str));
    Uuid::new_v5(&NAMESPACE, name.as_bytes())
}

/// What is to be decided, and when.
#[derive(Debug, Clone, PartialEq)]
pub struct ScheduleCommand {
    /// When.
    pub moment: Moment,
    /// What.
    pub intent: ScheduleIntent,
}

/// What a caller wants of a schedule.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "each command is documented where it is defined")]
pub enum ScheduleIntent {
    OpenSchedule(OpenSchedule),
    Draw(Draw),
    CloseSchedule(CloseSchedule),
}

macro_rules! into_intent {
    ($($name:ident),+) => {
        $(impl From<$name> for ScheduleIntent {
            fn from(command: $name) -> Self {
                Self::$name(command)
            }
        })+
    };
}
into_intent!(OpenSchedule, Draw, CloseSchedule);

/// A schedule, as far as rules need to know. Of the arms to come it holds nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AllocationSchedule {
    /// How it was opened, once it was.
    pub opened: Option<AllocationScheduleOpened>,
    /// The seed, once the schedule was closed.
    pub disclosed: Option<Code>,
    /// How many arms were drawn.
    pub drawn: u32,
    /// How often each arm was drawn, if it was.
    pub counts: BTreeMap<Code, u32>,
    /// The cases that were drawn.
    pub cases: BTreeSet<CaseId>,
}

/// Decides a command against a schedule.
///
/// # Errors
/// The first rule that refuses.
pub fn decide(
    schedule: &AllocationSchedule,
    ScheduleCommand { moment, intent }: ScheduleCommand,
) -> Result<ScheduleEvent, ScheduleError> {
    if moment.occurred.is_after(moment.now) {
        return Err(ScheduleError::InFuture { occurred_at: moment.occurred.at });
    }
    match intent {
        ScheduleIntent::OpenSchedule(command) => command.decide(schedule),
        ScheduleIntent::Draw(command) => command.decide(schedule),
        ScheduleIntent::CloseSchedule(command) => command.decide(schedule),
    }
}

impl AllocationSchedule {
    /// How it was opened, if cases can be drawn from it.
    ///
    /// # Errors
    /// When it was never opened, or is closed.
    pub fn in_use(&self) -> Result<&AllocationScheduleOpened, ScheduleError> {
        match (&self.opened, &self.disclosed) {
            (None, _) => Err(ScheduleError::NotOpened),
            (Some(_), Some(_)) => Err(ScheduleError::Closed),
            (Some(opened), None) => Ok(opened),
        }
    }
}

impl Aggregate for AllocationSchedule {
    const TYPE: &'static str = "allocation_schedule";
    type Command = ScheduleCommand;
    type Event = Happened<ScheduleEvent>;
    type Error = ScheduleError;
    type Services = ();

    async fn handle(
        &mut self,
        command: ScheduleCommand,
        (): &(),
        sink: &EventSink<Self>,
    ) -> Result<(), ScheduleError> {
        let Moment { event_id, occurred, .. } = command.moment;
        let event = decide(self, command)?;
        sink.write(Happened { event_id, occurred, event }, self).await;
        Ok(())
    }

    fn apply(&mut self, happened: Happened<ScheduleEvent>) {
        match happened.event {
            ScheduleEvent::AllocationScheduleOpened(opened) => self.opened = Some(opened),
            ScheduleEvent::ArmDrawn(drawn) => {
                self.drawn = self.drawn.saturating_add(1);
                *self.counts.entry(drawn.arm).or_default() += 1;
                self.cases.insert(drawn.case_id);
            }
            ScheduleEvent::AllocationScheduleClosed(closed) => self.disclosed = Some(closed.seed),
        }
    }
}

impl DomainEvent for Happened<ScheduleEvent> {
    fn event_type(&self) -> String {
        self.event.type_name().to_owned()
    }

    fn event_version(&self) -> String {
        self.event.schema_version().to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::allocation_schedule::testing::code;

    /// Streams that were written are found by it for ever, and no two schedules share one.
    #[test]
    fn a_schedule_keeps_its_stream() {
        let (drive, essex) = (code("drive"), code("essex"));
        let first = stream_id(&drive, Some(&essex), 1);
        assert_eq!(first.to_string(), "e856f678-ac5d-573a-94bb-12f7ee70eb2a");
        for other in [
            stream_id(&drive, None, 1),
            stream_id(&drive, Some(&essex), 2),
            stream_id(&essex, Some(&drive), 1),
        ] {
            assert_ne!(other, first);
        }
    }
}

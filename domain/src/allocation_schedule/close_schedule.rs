//! Closing a schedule discloses its seed: nothing is drawn from it any more, and whatever was can
//! be computed again by anybody.

use serde::{Deserialize, Serialize};

use crate::allocation_schedule::{AllocationSchedule, ScheduleError, ScheduleEvent, Seed};
use crate::code::Code;

/// End the drawing, and say what the seed was.
#[derive(Debug, Clone, PartialEq)]
pub struct CloseSchedule {
    /// The seed.
    pub seed: Seed,
}

/// Nothing more is drawn; here is the seed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AllocationScheduleClosed {
    /// The seed itself in hexadecimal.
    pub seed: Code,
}

impl CloseSchedule {
    /// # Errors
    /// When the schedule is not open, or the seed is not its own.
    pub fn decide(self, schedule: &AllocationSchedule) -> Result<ScheduleEvent, ScheduleError> {
        let opened = schedule.in_use()?;
        if self.seed.commitment() != opened.seed {
            return Err(ScheduleError::OtherSeed);
        }
        let seed = self.seed.disclosed();
        Ok(ScheduleEvent::AllocationScheduleClosed(AllocationScheduleClosed { seed }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::allocation_schedule::testing::{close, closed, drawn, given, opened, seed};

    #[test]
    fn a_schedule_is_closed_once_and_discloses_its_seed() {
        given([opened(), drawn(1, 1, "intervention")]).when(close()).then(closed());
        given([opened(), closed()]).when(close()).then_refused(&ScheduleError::Closed);
    }

    #[test]
    fn no_other_seed_is_disclosed() {
        let command = CloseSchedule { seed: seed(9) };
        given([opened()]).when(command).then_refused(&ScheduleError::OtherSeed);
    }

    #[test]
    fn only_an_open_schedule_is_closed() {
        given([]).when(close()).then_refused(&ScheduleError::NotOpened);
        given([opened()]).when_in_future(close());
    }
}

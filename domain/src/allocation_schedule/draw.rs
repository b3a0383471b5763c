//! Drawing: the next arm of the schedule, for one case. What is drawn is never drawn again.

use serde::{Deserialize, Serialize};

use crate::allocation_schedule::permuted_block::Places;
use crate::allocation_schedule::{AllocationSchedule, ScheduleError, ScheduleEvent, Seed};
use crate::code::Code;
use crate::ids::CaseId;

/// The most draws of a schedule: each decision reads all of it.
pub const DRAWS_MAX: u32 = 10_000;

/// Draw the next arm for a case.
#[derive(Debug, Clone, PartialEq)]
pub struct Draw {
    /// The case.
    pub case_id: CaseId,
    /// The seed, which the decision cannot read for itself: it is sealed.
    pub seed: Seed,
}

/// A case was given the next place of the schedule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArmDrawn {
    /// The case.
    pub case_id: CaseId,
    /// Its place in the schedule, from 1.
    pub sequence: u32,
    /// The block that the place lies in, from 1.
    pub block: u32,
    /// The arm.
    pub arm: Code,
}

impl Draw {
    /// # Errors
    /// When the schedule is not open, the seed is not its own, or the case was drawn before.
    pub fn decide(self, schedule: &AllocationSchedule) -> Result<ScheduleEvent, ScheduleError> {
        let opened = schedule.in_use()?;
        if schedule.cases.contains(&self.case_id) {
            return Err(ScheduleError::AlreadyDrawn);
        }
        if self.seed.commitment() != opened.seed {
            return Err(ScheduleError::OtherSeed);
        }
        let full = ScheduleError::Full { draws_max: DRAWS_MAX };
        if schedule.drawn >= DRAWS_MAX {
            return Err(full);
        }
        let mut places = Places::new(&self.seed, &opened.arms, &opened.block_sizes);
        let drawn = usize::try_from(schedule.drawn).unwrap_or(usize::MAX);
        let place = places.nth(drawn).ok_or(full)?;
        Ok(ScheduleEvent::ArmDrawn(ArmDrawn {
            case_id: self.case_id,
            sequence: schedule.drawn + 1,
            block: place.block,
            arm: place.arm,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::allocation_schedule::testing::{closed, draw, drawn, given, opened, seed};

    #[test]
    fn arms_are_drawn_in_the_order_of_the_seed() {
        given([opened()]).when(draw(1)).then(drawn(1, 1, "intervention"));
        given([opened(), drawn(1, 1, "intervention")]).when(draw(2)).then(drawn(
            2,
            1,
            "intervention",
        ));
        let block =
            ["intervention", "intervention", "control", "intervention", "control", "control"];
        let first = block.iter().zip(1..).map(|(arm, n)| drawn(n, 1, arm));
        given([opened()].into_iter().chain(first)).when(draw(7)).then(drawn(7, 2, "intervention"));
    }

    #[test]
    fn a_case_is_drawn_once() {
        given([opened(), drawn(1, 1, "intervention")])
            .when(draw(1))
            .then_refused(&ScheduleError::AlreadyDrawn);
    }

    #[test]
    fn only_the_seed_that_was_committed_to_draws() {
        let command = Draw { seed: seed(9), ..draw(1) };
        given([opened()]).when(command).then_refused(&ScheduleError::OtherSeed);
    }

    #[test]
    fn nothing_is_drawn_before_the_opening_or_after_the_end() {
        given([]).when(draw(1)).then_refused(&ScheduleError::NotOpened);
        given([opened(), closed()]).when(draw(1)).then_refused(&ScheduleError::Closed);
        given([opened()]).when_in_future(draw(1));
    }

    #[test]
    fn a_schedule_takes_so_many_draws() {
        let all = (1..=DRAWS_MAX).map(|n| drawn(n, 1, "control"));
        given([opened()].into_iter().chain(all))
            .when(draw(DRAWS_MAX + 1))
            .then_refused(&ScheduleError::Full { draws_max: DRAWS_MAX });
    }
}

//! Opening a schedule: from here on, every arm that it will give is settled, and nobody knows it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::allocation_schedule::{
    AllocationSchedule, ScheduleError, ScheduleEvent, Seed, permuted_block,
};
use crate::code::Code;

/// The most arms of a schedule.
pub const ARMS_MAX: usize = 8;
/// The most block sizes of a schedule.
pub const BLOCK_SIZES_MAX: usize = 8;
/// The most places of a block.
pub const BLOCK_SIZE_MAX: u16 = 96;

/// Begin to draw cases of a programme, or of one of its areas.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenSchedule {
    /// The programme.
    pub programme: Code,
    /// The area drawn for separately; none: all of them together.
    pub area: Option<Code>,
    /// The arms. Their order is part of the method.
    pub arms: Vec<Code>,
    /// The sizes that a block's size is drawn from. Their order is part of the method.
    pub block_sizes: Vec<u16>,
    /// The seed, to be sealed beside the event.
    pub seed: Seed,
}

/// A schedule of arms is in use. The seed is sealed beside this event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AllocationScheduleOpened {
    /// The programme.
    pub programme: Code,
    /// The area drawn for separately; none: all of them together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub area: Option<Code>,
    /// The arms, in the order that the method counts them in.
    pub arms: Vec<Code>,
    /// The sizes of blocks, in the order that the method counts them in.
    pub block_sizes: Vec<u16>,
    /// How arms follow from the seed, by name and version.
    pub method: Code,
    /// The SHA-256 of the seed in hexadecimal.
    pub seed: Code,
}

impl OpenSchedule {
    /// # Errors
    /// When the schedule was opened before, or its arms or blocks cannot be drawn from.
    pub fn decide(self, schedule: &AllocationSchedule) -> Result<ScheduleEvent, ScheduleError> {
        if schedule.opened.is_some() {
            return Err(ScheduleError::AlreadyOpen);
        }
        let arms = self.arms.len();
        let distinct: BTreeSet<&Code> = self.arms.iter().collect();
        if !(2..=ARMS_MAX).contains(&arms) || distinct.len() != arms {
            return Err(ScheduleError::InvalidArms);
        }
        let sizes = &self.block_sizes;
        let is_even = |size: &u16| {
            (1..=BLOCK_SIZE_MAX).contains(size) && usize::from(*size).is_multiple_of(arms)
        };
        let distinct: BTreeSet<&u16> = sizes.iter().collect();
        let is_list = (1..=BLOCK_SIZES_MAX).contains(&sizes.len()) && distinct.len() == sizes.len();
        if !is_list || !sizes.iter().all(is_even) {
            return Err(ScheduleError::InvalidBlocks);
        }
        Ok(ScheduleEvent::AllocationScheduleOpened(AllocationScheduleOpened {
            programme: self.programme,
            area: self.area,
            arms: self.arms,
            block_sizes: self.block_sizes,
            method: permuted_block::method(),
            seed: self.seed.commitment(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::allocation_schedule::testing::{code, given, open, opened};

    #[test]
    fn a_schedule_is_opened_once() {
        given([]).when(open()).then(opened());
        given([opened()]).when(open()).then_refused(&ScheduleError::AlreadyOpen);
    }

    #[test]
    fn arms_are_two_or_more_each_named_once() {
        let nine = (0..9).map(|n| code(&format!("arm-{n}"))).collect();
        for arms in [vec![], vec![code("one")], vec![code("one"), code("one")], nine] {
            let command = OpenSchedule { arms, block_sizes: vec![72], ..open() };
            given([]).when(command).then_refused(&ScheduleError::InvalidArms);
        }
    }

    #[test]
    fn a_block_holds_each_arm_equally_often_and_is_not_too_long() {
        for sizes in
            [vec![], vec![0], vec![4, 5], vec![4, 4], vec![98], (1..10).map(|n| 2 * n).collect()]
        {
            let command = OpenSchedule { block_sizes: sizes, ..open() };
            given([]).when(command).then_refused(&ScheduleError::InvalidBlocks);
        }
    }

    #[test]
    fn nothing_is_opened_in_the_future() {
        given([]).when_in_future(open());
    }
}

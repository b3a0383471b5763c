//! Computing every draw of a closed schedule again, from the seed that it disclosed.

use crate::allocation_schedule::permuted_block::{METHOD, Places};
use crate::allocation_schedule::{ArmDrawn, ScheduleEvent, Seed};
use crate::recorded::Recorded;

/// Why a schedule cannot be said to hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// It does not begin with its opening, or goes on after its end.
    #[error("the events are not those of a schedule")]
    NotASchedule,
    /// Its seed is still concealed.
    #[error("the schedule is open: its seed is not disclosed yet")]
    Open,
    /// Another version of the program knows how its arms follow from the seed.
    #[error("the method is not known here")]
    UnknownMethod,
    /// The seed that was disclosed is not the one that was committed to.
    #[error("the seed disclosed is not the one committed to")]
    OtherSeed,
    /// A draw is not what the seed says.
    #[error("draw {sequence} does not follow from the seed")]
    Draw {
        /// The place that it should have had.
        sequence: u32,
    },
}

/// The draws of a schedule, all of which follow from its seed.
///
/// # Errors
/// The first [`Flaw`]: of the draws, the first that does not follow.
pub fn verify(history: &[Recorded<ScheduleEvent>]) -> Result<Vec<&ArmDrawn>, Flaw> {
    let mut events = history.iter().map(|recorded| &recorded.event);
    let Some(ScheduleEvent::AllocationScheduleOpened(opened)) = events.next() else {
        return Err(Flaw::NotASchedule);
    };
    let mut draws = Vec::with_capacity(history.len());
    let mut disclosed = None;
    for event in events {
        match (event, &disclosed) {
            (ScheduleEvent::ArmDrawn(arm), None) => draws.push(arm),
            (ScheduleEvent::AllocationScheduleClosed(closed), None) => disclosed = Some(closed),
            _ => return Err(Flaw::NotASchedule),
        }
    }
    let disclosed = disclosed.ok_or(Flaw::Open)?;
    if opened.method.as_str() != METHOD {
        return Err(Flaw::UnknownMethod);
    }
    let seed: Seed = disclosed.seed.as_str().parse().map_err(|_| Flaw::OtherSeed)?;
    if seed.commitment() != opened.seed {
        return Err(Flaw::OtherSeed);
    }
    let mut places = Places::new(&seed, &opened.arms, &opened.block_sizes);
    for (sequence, drawn) in (1..).zip(&draws) {
        let follows = places.next().is_some_and(|place| {
            (drawn.sequence, drawn.block, &drawn.arm) == (sequence, place.block, &place.arm)
        });
        if !follows {
            return Err(Flaw::Draw { sequence });
        }
    }
    Ok(draws)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::allocation_schedule::AllocationScheduleClosed;
    use crate::allocation_schedule::testing::{closed, drawn, opened, recorded, seed};

    fn sound() -> Vec<ScheduleEvent> {
        let arms = ["intervention", "intervention", "control", "intervention", "control"];
        let draws = (1..).zip(arms).map(|(n, arm)| drawn(n, 1, arm));
        [opened()].into_iter().chain(draws).chain([closed()]).collect()
    }

    fn flaw(events: Vec<ScheduleEvent>) -> Flaw {
        verify(&recorded(events)).unwrap_err()
    }

    #[test]
    fn a_sound_schedule_holds() {
        assert_eq!(verify(&recorded(sound())).unwrap().len(), 5);
        assert_eq!(verify(&recorded(vec![opened(), closed()])).unwrap().len(), 0);
    }

    #[test]
    fn the_first_draw_that_does_not_follow_is_named() {
        let mut events = sound();
        events[3] = drawn(3, 1, "intervention");
        events[5] = drawn(5, 1, "intervention");
        assert_eq!(flaw(events), Flaw::Draw { sequence: 3 });
        let mut events = sound();
        events.swap(2, 3);
        assert_eq!(flaw(events), Flaw::Draw { sequence: 2 });
        let mut events = sound();
        events.remove(2);
        assert_eq!(flaw(events), Flaw::Draw { sequence: 2 });
        let mut events = sound();
        events[1] = drawn(1, 2, "intervention");
        assert_eq!(flaw(events), Flaw::Draw { sequence: 1 });
    }

    #[test]
    fn a_seed_that_was_not_committed_to_is_found() {
        let mut events = sound();
        let seed = seed(9).disclosed();
        events[6] = ScheduleEvent::AllocationScheduleClosed(AllocationScheduleClosed { seed });
        assert_eq!(flaw(events), Flaw::OtherSeed);
    }

    #[test]
    fn what_is_open_or_no_schedule_cannot_be_verified() {
        assert_eq!(flaw(vec![opened()]), Flaw::Open);
        assert_eq!(flaw(vec![]), Flaw::NotASchedule);
        assert_eq!(flaw(vec![closed()]), Flaw::NotASchedule);
        let after = vec![opened(), closed(), drawn(1, 1, "intervention")];
        assert_eq!(flaw(after), Flaw::NotASchedule);
    }
}

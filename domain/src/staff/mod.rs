//! Workers and teams: who takes cases, in which team, and how many.
//!
//! Each worker and each team has a stream of its own. What is recorded is codes alone: a worker is
//! the subject of their token, and their name is kept elsewhere. A tenant need not keep a staff list;
//! as long as no worker ever joined, cases go to whomever they are given.
//!
//! Deliberately absent: corrections. Whoever recorded a wrong capacity sets the right one.

pub mod capacity;
pub mod error;
pub mod event;
pub mod team;
#[cfg(test)]
pub(crate) mod testing;
pub mod worker;

pub use capacity::{Capacity, Load};
pub use error::StaffError;
pub use event::{TeamEvent, WorkerEvent};
pub use team::{DissolveTeam, FormTeam, Team, TeamCommand, TeamDissolved, TeamFormed, TeamIntent};
pub use worker::{
    CapacitySet, JoinWorker, LeaveWorker, MoveWorker, SetCapacity, Worker, WorkerCommand,
    WorkerIntent, WorkerJoined, WorkerLeft, WorkerMoved,
};

use crate::case::Moment;
use crate::recorded::Recorded;
use crate::two_clocks::Asked;

/// Whether a step may be taken now: not in the future, and not before the one it follows.
fn may_take(last_step_at: Option<jiff::Timestamp>, moment: &Moment) -> Result<(), StaffError> {
    if moment.occurred.is_after(moment.now) {
        return Err(StaffError::InFuture { occurred_at: moment.occurred.at });
    }
    match last_step_at {
        Some(previous_at) if moment.occurred.at < previous_at => {
            Err(StaffError::BeforePreviousStep { previous_at })
        }
        _ => Ok(()),
    }
}

/// The events in view at two dates, in their order: of recording, which is that of happening, since
/// no step comes before the one it follows.
fn in_view<'a, E>(
    history: &'a [Recorded<E>],
    asked: &Asked,
) -> impl Iterator<Item = &'a Recorded<E>> {
    let Asked { as_of, known_at, .. } = *asked;
    let is_in_view =
        move |event: &&Recorded<E>| event.recorded_at <= known_at && event.occurred.at <= as_of;
    history.iter().filter(is_in_view)
}

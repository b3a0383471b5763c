//! A schedule by which the cases of a programme are given to the arms of a trial: random, settled
//! when it is opened, concealed until each arm is drawn, and computable again from its seed.
//!
//! One file per use case, holding its command, event, rule and tests; [`aggregate`] dispatches and
//! folds, [`permuted_block`] is the method. How it was decided: ADR 0029.

pub mod aggregate;
pub mod close_schedule;
pub mod draw;
pub mod error;
pub mod event;
pub mod open_schedule;
pub mod permuted_block;
pub mod seed;
#[cfg(test)]
pub(crate) mod testing;
pub mod verify;

pub use aggregate::{AllocationSchedule, ScheduleCommand, ScheduleIntent};
pub use close_schedule::{AllocationScheduleClosed, CloseSchedule};
pub use draw::{ArmDrawn, Draw};
pub use error::ScheduleError;
pub use event::ScheduleEvent;
pub use open_schedule::{AllocationScheduleOpened, OpenSchedule};
pub use seed::{NotASeed, Seed};
pub use verify::{Flaw, verify};

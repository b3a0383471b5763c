//! Why a schedule refuses a command.

use jiff::Timestamp;

/// The rule that refuses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// There is no schedule of this id.
    #[error("the schedule was never opened")]
    NotOpened,
    /// The schedule was opened before.
    #[error("the schedule is open already")]
    AlreadyOpen,
    /// Nothing is drawn from a closed schedule, and none is closed twice.
    #[error("the schedule is closed")]
    Closed,
    /// A fact from the future.
    #[error("{occurred_at} lies in the future")]
    InFuture {
        /// When it is said to have happened.
        occurred_at: Timestamp,
    },
    /// Arms are at least two, each named once, and not too many.
    #[error("the arms cannot be drawn from")]
    InvalidArms,
    /// Sizes are some, each a multiple of the number of arms, and not too large.
    #[error("the block sizes do not hold each arm equally often")]
    InvalidBlocks,
    /// The seed is not the one that the schedule was opened with.
    #[error("the seed is not the one of the schedule")]
    OtherSeed,
    /// A case is drawn once.
    #[error("the case was drawn from this schedule before")]
    AlreadyDrawn,
    /// The schedule has as many draws as one can have.
    #[error("the schedule has {draws_max} draws, and takes no more")]
    Full {
        /// How many.
        draws_max: u32,
    },
}

//! Why a statistic has no value.

/// Why a statistic has no value. Each is a matter of the data or of the question, not a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Undefined {
    /// There is nothing to divide by: an empty group, or a table of nobody.
    #[error("nothing was observed")]
    NothingObserved,
    /// Fewer observations than the statistic needs.
    #[error("{given} observations where {needed} are needed")]
    TooFew {
        /// How many there are.
        given: usize,
        /// How many it takes.
        needed: usize,
    },
    /// More events or cases than the exact methods are made for.
    #[error("{given} is more than the {most} that are counted exactly")]
    TooMany {
        /// How many there are.
        given: u64,
        /// How many there may be.
        most: u64,
    },
    /// A part larger than its whole.
    #[error("{part} is not a part of {whole}")]
    PartExceedsWhole {
        /// The part.
        part: u64,
        /// The whole.
        whole: u64,
    },
    /// A value that is not a finite number, or whose sum or square is none.
    #[error("a value is not a number or is out of range")]
    NotFinite,
    /// A time or an exposure below zero, or an exposure of nothing.
    #[error("a time at risk is not positive")]
    NotPositive,
    /// A confidence level outside the open interval from 0 to 1.
    #[error("a confidence level lies between 0 and 1")]
    Level,
    /// A table of agreement whose rows and columns are not the same categories.
    #[error("a table of agreement is square")]
    NotSquare,
}

//! Why a cohort's definition is refused.

use crate::cohort::Contradiction;

/// The rule that refuses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CohortError {
    /// It contradicts itself or its programme, in each of these places.
    #[error("the definition contradicts itself in {} places", .0.len())]
    Contradictions(Vec<Contradiction>),
    /// Versions follow one another.
    #[error("the next version is {next}")]
    NotTheNextVersion {
        /// The version that would be right.
        next: u16,
    },
    /// There is a definition of this id and version, and it is another.
    #[error("the version is there, with another definition")]
    NeverChanged,
    /// Only what is defined is released.
    #[error("there is no such version")]
    UnknownVersion,
    /// Two releases can be laid beside each other: the second is made by somebody who knows that.
    #[error("something of this cohort was released before")]
    AlreadyReleased,
}

//! Why a definition is refused.

use crate::programme::Contradiction;

/// The rule that refuses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProgrammeError {
    /// It contradicts itself, in each of these places.
    #[error("the definition contradicts itself in {} places", .0.len())]
    Contradictions(Vec<Contradiction>),
    /// Versions follow one another.
    #[error("the next version is {next}")]
    NotTheNextVersion {
        /// The version that would be right.
        next: u16,
    },
    /// The tenant has as many definitions as it may have.
    #[error("the tenant has {loaded_max} definitions, as many as it may have")]
    TooMany {
        /// How many that is.
        loaded_max: usize,
    },
    /// There is a definition of this id and version, and it is another.
    #[error("the version is there, with another definition")]
    NeverChanged,
}

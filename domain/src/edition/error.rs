//! Why an edition is refused.

/// The rule that refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EditionError {
    /// There is an edition of this name, and editions never change.
    #[error("there is an edition of this name")]
    AlreadyPublished,
    /// A title that says nothing, or more than a title may.
    #[error("a title is of 1 to {chars_max} characters")]
    Title {
        /// The most there may be.
        chars_max: usize,
    },
    /// An edition has a table at least.
    #[error("an edition is of 1 to {questions_max} questions")]
    Questions {
        /// The most there may be.
        questions_max: usize,
    },
    /// More than one event holds.
    #[error("an edition is of {bytes_max} bytes at most")]
    TooLarge {
        /// The most there may be.
        bytes_max: usize,
    },
}

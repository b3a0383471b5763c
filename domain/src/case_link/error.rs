//! Why a link between cases refuses a command.

use jiff::Timestamp;

/// The rule that refuses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CaseLinkError {
    /// A fact from the future.
    #[error("{occurred_at} lies in the future")]
    InFuture {
        /// When it is said to have happened.
        occurred_at: Timestamp,
    },
    /// A step would come before the step it follows.
    #[error("the step comes before {previous_at}, when the previous one was taken")]
    BeforePreviousStep {
        /// When the previous step was taken.
        previous_at: Timestamp,
    },
    /// The cases are linked.
    #[error("the cases are linked already")]
    AlreadyLinked,
    /// There never was such a link.
    #[error("there is no such link")]
    NeverLinked,
    /// The link has ended.
    #[error("the link has ended")]
    LinkEnded,
}

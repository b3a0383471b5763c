//! Why a person's record refuses a command.

use jiff::Timestamp;

use crate::ids::EventId;

/// The rule that refuses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PersonError {
    /// Nobody of this id is known.
    #[error("the person is not registered")]
    NotRegistered,
    /// The person is known already.
    #[error("the person is registered already")]
    AlreadyRegistered,
    /// A fact from the future.
    #[error("{occurred_at} lies in the future")]
    InFuture {
        /// When it is said to have happened.
        occurred_at: Timestamp,
    },
    /// The person was erased, for good.
    #[error("the person has been erased")]
    Erased,
    /// Somebody must still be able to read what is held about the person.
    #[error("{holds} legal holds are in force")]
    LegalHold {
        /// How many.
        holds: usize,
    },
    /// There never was such a hold on the person.
    #[error("there is no hold {hold_id} on the person")]
    UnknownHold {
        /// The hold asked for.
        hold_id: EventId,
    },
    /// The hold is over.
    #[error("hold {hold_id} was released already")]
    HoldReleased {
        /// The hold.
        hold_id: EventId,
    },
}

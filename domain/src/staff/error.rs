//! Why a worker's or a team's record refuses a command.

use jiff::Timestamp;

/// The rule that refuses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StaffError {
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
    /// There is such a team.
    #[error("there is such a team already")]
    TeamExists,
    /// There never was such a team.
    #[error("there is no such team")]
    UnknownTeam,
    /// The team is no more.
    #[error("the team is dissolved")]
    TeamDissolved,
    /// No programme has this name.
    #[error("no programme has this name")]
    UnknownProgramme,
    /// The programme does not work there.
    #[error("the programme does not work in area {place} of those named")]
    UnknownArea {
        /// The place in the list, from 0.
        place: usize,
    },
    /// The worker is in a team.
    #[error("the worker has joined already")]
    AlreadyJoined,
    /// Nobody of this code ever joined.
    #[error("nobody of this code ever joined")]
    UnknownWorker,
    /// The worker has left.
    #[error("the worker has left")]
    WorkerLeft,
    /// The worker is in the team.
    #[error("the worker is in this team already")]
    SameTeam,
    /// More complex cases than cases.
    #[error("of {cases} cases {complex} cannot be complex")]
    CapacityContradicts {
        /// The cases.
        cases: u32,
        /// The complex ones among them.
        complex: u32,
    },
    /// The worker has as many cases as they can take.
    #[error("the worker has as many cases as they can take")]
    OverCapacity,
}

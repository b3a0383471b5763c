//! Allocating a case to a worker.

use throughline_domain::case::Intent;
use throughline_domain::case::allocate_case::{AllocateCase, CaseAllocated};
use throughline_domain::code::Code;
use throughline_domain::ids::EventId;

use crate::cases::command::{CommandBody, command_body, common_members};

command_body! {
    /// Allocating a case to a worker.
    AllocationBody {
        /// The worker, as the subject of their token.
        #[schema(schema_with = crate::schema::code)]
        worker: Code,
        /// Their team.
        #[schema(schema_with = crate::schema::code)]
        team: Option<Code>,
        /// Where they work.
        #[schema(schema_with = crate::schema::code)]
        location: Option<Code>,
        /// Why this worker, as a code.
        #[schema(schema_with = crate::schema::code)]
        reason: Option<Code>,
        /// Whether the case is given although that may be more than the worker can take. Then a
        /// `reason` is needed. Default: false.
        #[serde(default)]
        over_capacity: bool,
    }
}

impl CommandBody for AllocationBody {
    const IS_STEP: bool = true;

    common_members!();

    fn into_intent(self, _: Option<EventId>) -> Intent {
        AllocateCase(CaseAllocated {
            worker: self.worker,
            team: self.team,
            location: self.location,
            reason: self.reason,
            over_capacity: self.over_capacity,
        })
        .into()
    }
}

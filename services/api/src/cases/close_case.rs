//! Closing a case.

use throughline_domain::case::Intent;
use throughline_domain::case::close_case::{CaseClosed, CloseCase};
use throughline_domain::code::Code;
use throughline_domain::code_lists::ClosureReason;
use throughline_domain::ids::EventId;

use crate::cases::command::{CommandBody, command_body, common_members};

command_body! {
    /// Closing a case.
    ClosureBody {
        /// Why.
        #[schema(schema_with = crate::schema::code_list::<ClosureReason>)]
        reason: ClosureReason,
        /// The events of this case that the decision rests on.
        #[serde(default)]
        #[schema(value_type = Vec<uuid::Uuid>)]
        evidence: Vec<EventId>,
        /// Who approved it.
        #[schema(schema_with = crate::schema::code)]
        approver: Option<Code>,
        /// The proposal that it follows: the event that made it.
        #[schema(value_type = Option<uuid::Uuid>)]
        proposal: Option<EventId>,
    }
}

impl CommandBody for ClosureBody {
    const IS_STEP: bool = true;

    common_members!();

    fn into_intent(self, _: Option<EventId>) -> Intent {
        CloseCase(CaseClosed {
            reason: self.reason,
            evidence: self.evidence,
            approver: self.approver,
            proposal: self.proposal,
        })
        .into()
    }
}

//! Reopening a closed case.

use throughline_domain::case::Intent;
use throughline_domain::case::reopen_case::{CaseReopened, ReopenCase};
use throughline_domain::code::Code;
use throughline_domain::ids::EventId;

use crate::cases::command::{CommandBody, command_body, common_members};

command_body! {
    /// Reopening a closed case.
    ReopeningBody {
        /// Why, as a code.
        #[schema(schema_with = crate::schema::code)]
        reason: Option<Code>,
    }
}

impl CommandBody for ReopeningBody {
    const IS_STEP: bool = true;

    common_members!();

    fn into_intent(self, _: Option<EventId>) -> Intent {
        ReopenCase(CaseReopened { reason: self.reason }).into()
    }
}

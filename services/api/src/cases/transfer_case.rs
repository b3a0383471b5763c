//! Transferring a case to another of the programme's areas.

use throughline_domain::case::Intent;
use throughline_domain::case::transfer_case::{CaseTransferred, TransferCase};
use throughline_domain::code::Code;
use throughline_domain::ids::EventId;

use crate::cases::command::{CommandBody, command_body, common_members};

command_body! {
    /// Transferring a case to another area.
    TransferBody {
        /// The area it moves to.
        #[schema(schema_with = crate::schema::code)]
        area: Code,
        /// Why, as a code.
        #[schema(schema_with = crate::schema::code)]
        reason: Option<Code>,
    }
}

impl CommandBody for TransferBody {
    common_members!();

    fn into_intent(self, _: Option<EventId>) -> Intent {
        TransferCase(CaseTransferred { area: self.area, reason: self.reason }).into()
    }
}

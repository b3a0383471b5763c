//! Identifying something a person needs help with.

use throughline_domain::case::Intent;
use throughline_domain::case::identify_need::{IdentifyNeed, NeedIdentified};
use throughline_domain::code::Code;
use throughline_domain::code_lists::{Need, Severity};
use throughline_domain::ids::EventId;

use crate::cases::command::{CommandBody, command_body, common_members};

command_body! {
    /// Identifying something a person needs help with.
    NeedBody {
        /// What with.
        #[schema(schema_with = crate::schema::code_list::<Need>)]
        need: Need,
        /// How badly.
        #[schema(schema_with = crate::schema::code_list::<Severity>)]
        severity: Option<Severity>,
        /// Who says so, as a code.
        #[schema(schema_with = crate::schema::code)]
        source: Option<Code>,
    }
}

impl CommandBody for NeedBody {
    common_members!();

    fn into_intent(self, _: Option<EventId>) -> Intent {
        IdentifyNeed(NeedIdentified {
            need: self.need,
            severity: self.severity,
            source: self.source,
        })
        .into()
    }
}

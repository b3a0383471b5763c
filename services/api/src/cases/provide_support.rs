//! Recording support that was given.

use throughline_domain::case::Intent;
use throughline_domain::case::provide_support::{ProvideSupport, SupportProvided};
use throughline_domain::code::Code;
use throughline_domain::code_lists::{Need, SupportKind, SupportStatus};
use throughline_domain::ids::EventId;

use crate::cases::command::{CommandBody, command_body, common_members};

command_body! {
    /// Recording support that was given.
    SupportBody {
        /// What kind.
        #[schema(schema_with = crate::schema::code_list::<SupportKind>)]
        kind: SupportKind,
        /// The need it was for.
        #[schema(schema_with = crate::schema::code_list::<Need>)]
        need: Option<Need>,
        /// How far a group programme has come.
        #[schema(schema_with = crate::schema::code_list::<SupportStatus>)]
        programme_status: Option<SupportStatus>,
        /// A skill learnt, as a code.
        #[schema(schema_with = crate::schema::code)]
        skill: Option<Code>,
    }
}

impl CommandBody for SupportBody {
    common_members!();

    fn into_intent(self, _: Option<EventId>) -> Intent {
        ProvideSupport(SupportProvided {
            kind: self.kind,
            need: self.need,
            programme_status: self.programme_status,
            skill: self.skill,
        })
        .into()
    }
}

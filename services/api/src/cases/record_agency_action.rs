//! Recording an agency's action.

use throughline_domain::case::Intent;
use throughline_domain::case::record_agency_action::{AgencyActionRecorded, RecordAgencyAction};
use throughline_domain::code::Code;
use throughline_domain::code_lists::{Agency, AgencyAction, AgencyPurpose, AgencyWork};
use throughline_domain::ids::EventId;

use crate::cases::command::{CommandBody, command_body, common_members};

command_body! {
    /// Recording an agency's action.
    AgencyActionBody {
        /// Which agency.
        #[schema(schema_with = crate::schema::code_list::<Agency>)]
        agency: Agency,
        /// What it did.
        #[schema(schema_with = crate::schema::code_list::<AgencyAction>)]
        action: AgencyAction,
        /// With the person, or about them.
        #[schema(schema_with = crate::schema::code_list::<AgencyWork>)]
        work: Option<AgencyWork>,
        /// What for.
        #[schema(schema_with = crate::schema::code_list::<AgencyPurpose>)]
        purpose: Option<AgencyPurpose>,
        /// What came of it, as a code.
        #[schema(schema_with = crate::schema::code)]
        outcome: Option<Code>,
    }
}

impl CommandBody for AgencyActionBody {
    common_members!();

    fn into_intent(self, _: Option<EventId>) -> Intent {
        RecordAgencyAction(AgencyActionRecorded {
            agency: self.agency,
            action: self.action,
            work: self.work,
            purpose: self.purpose,
            outcome: self.outcome,
        })
        .into()
    }
}

//! Handing a case over to another worker.

use std::collections::BTreeMap;

use throughline_domain::case::Intent;
use throughline_domain::case::hand_over_case::{CaseHandedOver, HandOverCase, PassedContact};
use throughline_domain::code::Code;
use throughline_domain::code_lists::{Agency, HandoverItem};
use throughline_domain::ids::EventId;

use crate::cases::command::{CommandBody, command_body, common_members};

command_body! {
    /// Handing a case over to another worker.
    HandoverBody {
        /// The new worker, as the subject of their token.
        #[schema(schema_with = crate::schema::code)]
        worker: Code,
        /// Their team.
        #[schema(schema_with = crate::schema::code)]
        team: Option<Code>,
        /// Where they work.
        #[schema(schema_with = crate::schema::code)]
        location: Option<Code>,
        /// Why, as a code.
        #[schema(schema_with = crate::schema::code)]
        reason: Option<Code>,
        /// What was done for the handover, by the programme's checklist.
        #[serde(default)]
        #[schema(schema_with = crate::schema::by_key::<HandoverItem>)]
        checklist: BTreeMap<Code, HandoverItem>,
        /// The contacts passed on.
        #[serde(default)]
        contacts: Vec<PassedContactBody>,
    }
}

/// Somebody at an agency who knows the case. Their name and number belong in the narrative.
#[derive(serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PassedContactBody {
    /// Where they work.
    #[schema(schema_with = crate::schema::code_list::<Agency>)]
    pub agency: Agency,
    /// Their part in the case, as a code such as `social_worker`.
    #[schema(schema_with = crate::schema::code)]
    pub role: Option<Code>,
}

impl CommandBody for HandoverBody {
    const IS_STEP: bool = true;

    common_members!();

    fn into_intent(self, _: Option<EventId>) -> Intent {
        let contacts = self.contacts.into_iter();
        HandOverCase(CaseHandedOver {
            worker: self.worker,
            team: self.team,
            location: self.location,
            reason: self.reason,
            checklist: self.checklist,
            contacts: contacts
                .map(|PassedContactBody { agency, role }| PassedContact { agency, role })
                .collect(),
        })
        .into()
    }
}

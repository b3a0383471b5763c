//! Declining a referral.

use throughline_domain::case::Intent;
use throughline_domain::case::decline_referral::{DeclineReferral, ReferralDeclined};
use throughline_domain::code::Code;
use throughline_domain::code_lists::DeclineReason;
use throughline_domain::ids::EventId;

use crate::cases::command::{CommandBody, command_body, common_members};

command_body! {
    /// Declining a referral.
    DeclineBody {
        /// Why.
        #[schema(schema_with = crate::schema::code_list::<DeclineReason>)]
        reason: DeclineReason,
        /// Who decided.
        #[schema(schema_with = crate::schema::code)]
        decided_by: Option<Code>,
    }
}

impl CommandBody for DeclineBody {
    const IS_STEP: bool = true;

    common_members!();

    fn into_intent(self, _: Option<EventId>) -> Intent {
        DeclineReferral(ReferralDeclined { reason: self.reason, decided_by: self.decided_by })
            .into()
    }
}

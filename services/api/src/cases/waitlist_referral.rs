//! Putting a referral on the waiting list.

use throughline_domain::case::Intent;
use throughline_domain::case::waitlist_referral::{ReferralWaitlisted, WaitlistReferral};
use throughline_domain::code::Code;
use throughline_domain::ids::EventId;

use crate::cases::command::{CommandBody, command_body, common_members};

command_body! {
    /// Putting a referral on the waiting list.
    WaitlistingBody {
        /// Why, as a code.
        #[schema(schema_with = crate::schema::code)]
        reason: Option<Code>,
        /// Who decided.
        #[schema(schema_with = crate::schema::code)]
        decided_by: Option<Code>,
    }
}

impl CommandBody for WaitlistingBody {
    const IS_STEP: bool = true;

    common_members!();

    fn into_intent(self, _: Option<EventId>) -> Intent {
        WaitlistReferral(ReferralWaitlisted { reason: self.reason, decided_by: self.decided_by })
            .into()
    }
}

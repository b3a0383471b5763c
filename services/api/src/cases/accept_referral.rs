//! Accepting a referral.

use throughline_domain::case::Intent;
use throughline_domain::case::accept_referral::{AcceptReferral, ReferralAccepted};
use throughline_domain::code::Code;
use throughline_domain::ids::EventId;

use crate::cases::command::{CommandBody, command_body, common_members};

command_body! {
    /// Accepting a referral.
    AcceptanceBody {
        /// Why, as a code.
        #[schema(schema_with = crate::schema::code)]
        reason: Option<Code>,
        /// Who decided.
        #[schema(schema_with = crate::schema::code)]
        decided_by: Option<Code>,
    }
}

impl CommandBody for AcceptanceBody {
    const IS_STEP: bool = true;

    common_members!();

    fn into_intent(self, _: Option<EventId>) -> Intent {
        AcceptReferral(ReferralAccepted { reason: self.reason, decided_by: self.decided_by }).into()
    }
}

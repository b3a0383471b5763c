//! Recording an attempt to reach a person.

use throughline_domain::case::Intent;
use throughline_domain::case::record_contact_attempt::{ContactAttempted, RecordContactAttempt};
use throughline_domain::code::Code;
use throughline_domain::code_lists::{
    Agency, ContactChannel, ContactDirection, ContactOutcome, ContactOverrideReason,
};
use throughline_domain::ids::EventId;

use crate::cases::command::{CommandBody, command_body, common_members};

command_body! {
    /// Recording an attempt to reach a person.
    ContactAttemptBody {
        /// How.
        #[schema(schema_with = crate::schema::code_list::<ContactChannel>)]
        channel: ContactChannel,
        /// What came of it; only `reached` is a success.
        #[schema(schema_with = crate::schema::code_list::<ContactOutcome>)]
        outcome: ContactOutcome,
        /// Who turned to whom.
        #[schema(schema_with = crate::schema::code_list::<ContactDirection>)]
        direction: Option<ContactDirection>,
        /// How long it took, in minutes.
        duration_min: Option<u32>,
        /// What for, as a code.
        #[schema(schema_with = crate::schema::code)]
        purpose: Option<Code>,
        /// Where, as a code.
        #[schema(schema_with = crate::schema::code)]
        location: Option<Code>,
        /// The agency it was made together with.
        #[schema(schema_with = crate::schema::code_list::<Agency>)]
        joint_with: Option<Agency>,
        /// Why the person was turned to although the plan for safe contact, or a hold, spoke
        /// against it. Only then.
        #[schema(schema_with = crate::schema::code_list::<ContactOverrideReason>)]
        override_reason: Option<ContactOverrideReason>,
    }
}

impl CommandBody for ContactAttemptBody {
    common_members!();

    fn into_intent(self, _: Option<EventId>) -> Intent {
        RecordContactAttempt(ContactAttempted {
            channel: self.channel,
            outcome: self.outcome,
            direction: self.direction,
            duration_min: self.duration_min,
            purpose: self.purpose,
            location: self.location,
            joint_with: self.joint_with,
            override_reason: self.override_reason,
        })
        .into()
    }
}

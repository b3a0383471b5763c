//! Holding contact with a person, and lifting the hold, which the path names by the event that set
//! it.

use throughline_domain::case::Intent;
use throughline_domain::case::hold_contact::{
    ContactHeld, ContactHoldLifted, HoldContact, LiftContactHold,
};
use throughline_domain::code_lists::ContactHoldReason;
use throughline_domain::ids::EventId;

use crate::cases::command::{CommandBody, command_body, common_members, named};

command_body! {
    /// Holding contact with the person.
    ContactHoldBody {
        /// Why.
        #[schema(schema_with = crate::schema::code_list::<ContactHoldReason>)]
        reason: ContactHoldReason,
    }
}

command_body! {
    /// Lifting a hold on contact.
    LiftingBody {}
}

impl CommandBody for ContactHoldBody {
    common_members!();

    fn into_intent(self, _: Option<EventId>) -> Intent {
        HoldContact(ContactHeld { reason: self.reason }).into()
    }
}

impl CommandBody for LiftingBody {
    common_members!();

    fn into_intent(self, about: Option<EventId>) -> Intent {
        LiftContactHold(ContactHoldLifted { hold: named(about) }).into()
    }
}

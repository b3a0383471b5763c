//! Recording a change in the protection of the person's children.

use throughline_domain::case::Intent;
use throughline_domain::case::change_child_protection_status::{
    ChangeChildProtectionStatus, ChildProtectionStatusChanged,
};
use throughline_domain::code::Code;
use throughline_domain::ids::EventId;

use crate::cases::command::{CommandBody, command_body, common_members};

command_body! {
    /// Recording a change in the protection of the person's children.
    ChildProtectionStatusBody {
        /// The status before, as a code.
        #[schema(schema_with = crate::schema::code)]
        from: Option<Code>,
        /// The status after, as a code such as `child_protection_plan`.
        #[schema(schema_with = crate::schema::code)]
        to: Code,
        /// How many children it is about.
        #[schema(maximum = 255)]
        children: Option<u8>,
    }
}

impl CommandBody for ChildProtectionStatusBody {
    common_members!();

    fn into_intent(self, _: Option<EventId>) -> Intent {
        ChangeChildProtectionStatus(ChildProtectionStatusChanged {
            from: self.from,
            to: self.to,
            children: self.children,
        })
        .into()
    }
}

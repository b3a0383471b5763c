//! Recording that a person moved into, out of, or between placements.

use throughline_domain::case::Intent;
use throughline_domain::case::change_placement::{ChangePlacement, PlacementChanged};
use throughline_domain::code::Code;
use throughline_domain::ids::EventId;

use crate::cases::command::{CommandBody, command_body, common_members};

command_body! {
    /// Recording a move into, out of, or between placements: `from`, `to`, or both.
    PlacementBody {
        /// What kind of placement, as a code such as `specialist_home`.
        #[schema(schema_with = crate::schema::code)]
        kind: Code,
        /// The placement left.
        #[schema(schema_with = crate::schema::code)]
        from: Option<Code>,
        /// The placement entered.
        #[schema(schema_with = crate::schema::code)]
        to: Option<Code>,
        /// Why, as a code.
        #[schema(schema_with = crate::schema::code)]
        reason: Option<Code>,
    }
}

impl CommandBody for PlacementBody {
    common_members!();

    fn into_intent(self, _: Option<EventId>) -> Intent {
        let Self { kind, from, to, reason, .. } = self;
        ChangePlacement(PlacementChanged { kind, from, to, reason }).into()
    }
}

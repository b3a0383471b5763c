//! Resolving a need. The need is named in the path by the event that identified it.

use throughline_domain::case::Intent;
use throughline_domain::case::resolve_need::{NeedResolved, ResolveNeed};
use throughline_domain::code_lists::NeedOutcome;
use throughline_domain::ids::EventId;

use crate::cases::command::{CommandBody, command_body, common_members, named};

command_body! {
    /// Recording what came of a need.
    ResolutionBody {
        /// What came of it.
        #[schema(schema_with = crate::schema::code_list::<NeedOutcome>)]
        outcome: NeedOutcome,
    }
}

impl CommandBody for ResolutionBody {
    common_members!();

    fn into_intent(self, about: Option<EventId>) -> Intent {
        ResolveNeed(NeedResolved { need: named(about), outcome: self.outcome }).into()
    }
}

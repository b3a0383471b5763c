//! Proposing that a case be closed, and refusing a proposal, which the path names by the event that
//! made it.

use throughline_domain::case::Intent;
use throughline_domain::case::propose_closure::{
    ClosureProposed, ClosureRefused, ProposeClosure, RefuseClosure,
};
use throughline_domain::code::Code;
use throughline_domain::code_lists::ClosureReason;
use throughline_domain::ids::EventId;

use crate::cases::command::{CommandBody, command_body, common_members, named};

command_body! {
    /// Proposing that a case be closed.
    ClosureProposalBody {
        /// Why it should be closed.
        #[schema(schema_with = crate::schema::code_list::<ClosureReason>)]
        reason: ClosureReason,
        /// The events of this case that the proposal rests on.
        #[serde(default)]
        #[schema(value_type = Vec<uuid::Uuid>)]
        evidence: Vec<EventId>,
    }
}

command_body! {
    /// Refusing a proposal: the case stays open.
    ClosureRefusalBody {
        /// Why, as a code.
        #[schema(schema_with = crate::schema::code)]
        reason: Option<Code>,
    }
}

impl CommandBody for ClosureProposalBody {
    common_members!();

    fn into_intent(self, _: Option<EventId>) -> Intent {
        ProposeClosure(ClosureProposed { reason: self.reason, evidence: self.evidence }).into()
    }
}

impl CommandBody for ClosureRefusalBody {
    common_members!();

    fn into_intent(self, about: Option<EventId>) -> Intent {
        RefuseClosure(ClosureRefused { proposal: named(about), reason: self.reason }).into()
    }
}

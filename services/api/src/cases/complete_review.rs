//! Recording that a case was reviewed.

use throughline_domain::case::Intent;
use throughline_domain::case::complete_review::{CompleteReview, ReviewCompleted};
use throughline_domain::code::Code;
use throughline_domain::ids::EventId;

use crate::cases::command::{CommandBody, command_body, common_members};

command_body! {
    /// Recording that a case was reviewed.
    ReviewBody {
        /// The programme's stage that it was the review of.
        #[schema(schema_with = crate::schema::code)]
        stage: Option<Code>,
        /// When the next is due. Default: as the programme's schedule says.
        next_due: Option<jiff::Timestamp>,
    }
}

impl CommandBody for ReviewBody {
    common_members!();

    fn into_intent(self, _: Option<EventId>) -> Intent {
        CompleteReview(ReviewCompleted { stage: self.stage, next_due: self.next_due }).into()
    }
}

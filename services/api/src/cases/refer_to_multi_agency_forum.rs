//! Recording a referral to a multi-agency forum.

use throughline_domain::case::Intent;
use throughline_domain::case::refer_to_multi_agency_forum::{
    MultiAgencyReferralMade, ReferToMultiAgencyForum,
};
use throughline_domain::code::Code;
use throughline_domain::code_lists::{Forum, ForumCriterion};
use throughline_domain::ids::EventId;

use crate::cases::command::{CommandBody, command_body, common_members};

command_body! {
    /// Recording a referral to a multi-agency forum.
    MultiAgencyReferralBody {
        /// Which forum.
        #[schema(schema_with = crate::schema::code_list::<Forum>)]
        forum: Forum,
        /// Why.
        #[schema(schema_with = crate::schema::code_list::<ForumCriterion>)]
        criterion: Option<ForumCriterion>,
        /// The rule, with its version, that the criterion rests on.
        #[schema(schema_with = crate::schema::code)]
        rule: Option<Code>,
    }
}

impl CommandBody for MultiAgencyReferralBody {
    common_members!();

    fn into_intent(self, _: Option<EventId>) -> Intent {
        ReferToMultiAgencyForum(MultiAgencyReferralMade {
            forum: self.forum,
            criterion: self.criterion,
            rule: self.rule,
        })
        .into()
    }
}

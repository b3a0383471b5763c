//! Recording a risk assessment.

use std::collections::BTreeMap;

use throughline_domain::case::Intent;
use throughline_domain::case::record_risk_assessment::RecordRiskAssessment;
use throughline_domain::code::Code;
use throughline_domain::code_lists::{OwnView, RiskAnswer, RiskLevel};
use throughline_domain::ids::EventId;

use crate::cases::command::{CommandBody, command_body, common_members};

command_body! {
    /// Recording a risk assessment: answers, or the level alone where only the result is known.
    RiskAssessmentBody {
        /// The instrument and its version, such as `dash-safelives/2009`.
        #[schema(schema_with = crate::schema::code)]
        instrument: Code,
        /// By question (`q1` to `q24` for DASH): `yes`, `no` or `dont_know`, or why there is no
        /// answer.
        #[schema(schema_with = crate::schema::risk_answers)]
        answers: Option<BTreeMap<Code, RiskAnswer>>,
        /// The level that the assessor judged; it may raise the level, never lower it.
        #[schema(schema_with = crate::schema::code_list::<RiskLevel>)]
        judgement_level: Option<RiskLevel>,
        /// The resulting level, where the answers are not known.
        #[schema(schema_with = crate::schema::code_list::<RiskLevel>)]
        level: Option<RiskLevel>,
        /// Who assessed, as a role.
        #[schema(schema_with = crate::schema::code)]
        assessor_role: Code,
        /// Their organisation.
        #[schema(schema_with = crate::schema::code)]
        source_organisation: Option<Code>,
        /// The person's own view of the level.
        #[schema(schema_with = crate::schema::code_list::<OwnView>)]
        own_view: Option<OwnView>,
        /// The programme's stage.
        #[schema(schema_with = crate::schema::code)]
        stage: Option<Code>,
    }
}

impl CommandBody for RiskAssessmentBody {
    common_members!();

    fn source_organisation(&self) -> Option<String> {
        self.source_organisation.as_ref().map(Code::to_string)
    }

    fn into_intent(self, _: Option<EventId>) -> Intent {
        RecordRiskAssessment {
            instrument: self.instrument,
            answers: self.answers,
            judgement_level: self.judgement_level,
            level: self.level,
            assessor_role: self.assessor_role,
            source_organisation: self.source_organisation,
            own_view: self.own_view,
            stage: self.stage,
        }
        .into()
    }
}

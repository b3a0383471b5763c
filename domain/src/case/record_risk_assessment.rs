//! Recording a risk assessment: what was answered, what was judged, and the level it comes to.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::case::{Case, CaseError, CaseEvent, Moment};
use crate::code::Code;
use crate::code_lists::{OwnView, RiskAnswer, RiskLevel};
use crate::instrument::{self, Form, Score};

/// Write down an assessment. `level` alone, where only the result is known.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordRiskAssessment {
    /// The instrument and its version, such as `dash-safelives/2009`.
    pub instrument: Code,
    /// What was answered, by question.
    pub answers: Option<BTreeMap<Code, RiskAnswer>>,
    /// The level that the assessor judged.
    pub judgement_level: Option<RiskLevel>,
    /// The resulting level as it was given.
    pub level: Option<RiskLevel>,
    /// Who assessed, as a role.
    pub assessor_role: Code,
    /// Their organisation.
    pub source_organisation: Option<Code>,
    /// The person's own view.
    pub own_view: Option<OwnView>,
    /// The programme's stage.
    pub stage: Option<Code>,
}

/// Somebody assessed the person's risk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RiskAssessed {
    /// The instrument and its version.
    pub instrument: Code,
    /// What was answered, by question.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers: Option<BTreeMap<Code, RiskAnswer>>,
    /// How many were answered yes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub yes_count: Option<u8>,
    /// Whether the don't-knows could have brought the count to high.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub could_reach_high: bool,
    /// The level that the assessor judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub judgement_level: Option<RiskLevel>,
    /// The resulting level.
    pub level: RiskLevel,
    /// Who assessed, as a role.
    pub assessor_role: Code,
    /// Their organisation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_organisation: Option<Code>,
    /// The person's own view.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own_view: Option<OwnView>,
    /// The programme's stage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<Code>,
}

impl RecordRiskAssessment {
    /// # Errors
    /// When it was outside every episode, gives no result, or contradicts itself.
    pub fn decide(self, case: &Case, moment: &Moment) -> Result<CaseEvent, CaseError> {
        let assessed = self.resolve()?;
        case.require_episode_at(moment.occurred)?;
        Ok(CaseEvent::RiskAssessed(assessed))
    }

    /// The facts with the level they come to.
    ///
    /// # Errors
    /// When there is no result, or the parts contradict one another.
    pub fn resolve(self) -> Result<RiskAssessed, CaseError> {
        let score = self.score()?;
        let by_count = score.and_then(|score| score.level);
        let level = match (by_count, self.level, self.judgement_level) {
            (None, None, None) => return Err(CaseError::NoRiskResult),
            (Some(by_count), stated, judgement) => {
                let computed = raised(by_count, judgement)?;
                match stated {
                    Some(stated) if stated != computed => {
                        return Err(CaseError::LevelContradictsAnswers { computed, stated });
                    }
                    _ => computed,
                }
            }
            // No rule gives the level: it holds the judgement already.
            (None, Some(level), Some(judgement)) if judgement > level => {
                return Err(CaseError::LevelContradictsAnswers {
                    computed: judgement,
                    stated: level,
                });
            }
            (None, Some(level), _) | (None, None, Some(level)) => level,
        };
        Ok(RiskAssessed {
            instrument: self.instrument,
            answers: self.answers,
            yes_count: score.map(|s| s.yes_count),
            could_reach_high: score.is_some_and(|s| s.could_reach_high),
            judgement_level: self.judgement_level,
            level,
            assessor_role: self.assessor_role,
            source_organisation: self.source_organisation,
            own_view: self.own_view,
            stage: self.stage,
        })
    }

    /// What the answers come to, where there are any. The level of an instrument that is not shipped
    /// is taken all the same: nobody keeps a high risk to themselves because of the form that it was
    /// written on.
    fn score(&self) -> Result<Option<Score>, CaseError> {
        let form = match instrument::find(self.instrument.as_str()).map(|known| &known.form) {
            Some(Form::Measure(_)) => {
                let instrument = self.instrument.clone();
                return Err(CaseError::UnknownInstrument { instrument });
            }
            Some(Form::Risk(form)) => Some(form).filter(|form| !form.questions.is_empty()),
            None => None,
        };
        match (&self.answers, form) {
            (None, _) => Ok(None),
            (Some(answers), Some(form)) => form.score(answers).map(Some),
            (Some(_), None) => {
                Err(CaseError::AnswersOfUnknownInstrument { instrument: self.instrument.clone() })
            }
        }
    }
}

fn raised(level: RiskLevel, judgement: Option<RiskLevel>) -> Result<RiskLevel, CaseError> {
    match judgement {
        Some(judgement) if judgement < level => {
            Err(CaseError::JudgementLowers { level, judgement })
        }
        Some(judgement) => Ok(judgement),
        None => Ok(level),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::testing::{assess, assessed, at, code, given, open_case};
    use crate::code_lists::RiskLevel::{High, Medium, Standard};
    use crate::instrument::tests_answers as answers;

    fn with_yes(yes: usize) -> RecordRiskAssessment {
        RecordRiskAssessment { level: None, answers: Some(answers(yes, 0)), ..assess(Medium) }
    }

    fn level(command: RecordRiskAssessment) -> Result<RiskLevel, CaseError> {
        command.resolve().map(|assessed| assessed.level)
    }

    #[test]
    fn an_assessment_of_which_only_the_result_is_known_is_recorded() {
        given(open_case()).when(assess(High), at(6)).then(assessed(High));
    }

    #[test]
    fn an_assessment_outside_every_episode_is_refused() {
        given(open_case())
            .when(assess(High), at(0))
            .then_refused(&CaseError::OutsideEveryEpisode { occurred_at: at(0).at });
    }

    #[test]
    fn an_assessment_without_any_result_is_refused() {
        let command = RecordRiskAssessment { level: None, ..assess(High) };
        given(open_case()).when(command, at(6)).then_refused(&CaseError::NoRiskResult);
    }

    #[test]
    fn the_answers_lead_to_the_level() {
        assert_eq!(level(with_yes(9)), Ok(Standard));
        assert_eq!(level(with_yes(10)), Ok(Medium));
        assert_eq!(level(with_yes(14)), Ok(High));
    }

    #[test]
    fn judgement_raises_a_level() {
        let raised = RecordRiskAssessment { judgement_level: Some(High), ..with_yes(3) };
        assert_eq!(level(raised), Ok(High));
    }

    #[test]
    fn judgement_never_lowers_a_level() {
        let lowered = RecordRiskAssessment { judgement_level: Some(Medium), ..with_yes(14) };
        assert_eq!(
            level(lowered),
            Err(CaseError::JudgementLowers { level: High, judgement: Medium })
        );
    }

    #[test]
    fn a_stated_level_must_be_the_one_the_answers_lead_to() {
        let stated = RecordRiskAssessment { level: Some(High), ..with_yes(3) };
        assert_eq!(
            level(stated),
            Err(CaseError::LevelContradictsAnswers { computed: Standard, stated: High })
        );
    }

    #[test]
    fn only_the_result_is_taken_where_the_questions_are_not_known() {
        for instrument in ["dara/1", "not-shipped/3"].map(code) {
            let result = RecordRiskAssessment { instrument: instrument.clone(), ..assess(Medium) };
            assert_eq!(level(result), Ok(Medium));
            let answered = RecordRiskAssessment { instrument: instrument.clone(), ..with_yes(3) };
            let refused = CaseError::AnswersOfUnknownInstrument { instrument };
            assert_eq!(level(answered), Err(refused));
        }
    }

    #[test]
    fn the_police_record_their_own_level_beside_the_answers() {
        let police = |stated, judgement_level| RecordRiskAssessment {
            instrument: code("police-dash/2009"),
            level: stated,
            judgement_level,
            ..with_yes(20)
        };
        let assessed = police(Some(Medium), None).resolve().unwrap();
        assert_eq!((assessed.level, assessed.yes_count), (Medium, Some(20)));
        assert!(!assessed.could_reach_high);
        assert_eq!(level(police(None, Some(High))), Ok(High));
        assert_eq!(level(police(None, None)), Err(CaseError::NoRiskResult));
        let contradiction = CaseError::LevelContradictsAnswers { computed: High, stated: Medium };
        assert_eq!(level(police(Some(Medium), Some(High))), Err(contradiction));
    }

    #[test]
    fn a_measure_is_no_instrument_of_risk() {
        let instrument = code("abuse-severity/1");
        let measure = RecordRiskAssessment { instrument: instrument.clone(), ..assess(High) };
        assert_eq!(level(measure), Err(CaseError::UnknownInstrument { instrument }));
    }
}

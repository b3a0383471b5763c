//! What the answers to a risk instrument come to.

use std::collections::BTreeMap;

use super::definition::{LevelRule, Question, RiskForm};
use crate::case::CaseError;
use crate::code::Code;
use crate::code_lists::{RiskAnswer, RiskLevel};

/// What a set of answers comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Score {
    /// How many count: the yes answers, unless the instrument's rule says otherwise.
    pub yes_count: u8,
    /// The level by count, before judgement; none where the instrument has no rule.
    pub level: Option<RiskLevel>,
    /// Whether the answers that could have counted could bring the count to the highest level.
    pub could_reach_high: bool,
}

impl RiskForm {
    /// The question of this key.
    #[must_use]
    pub fn question(&self, key: &str) -> Option<&Question> {
        self.questions.iter().find(|question| question.key.as_str() == key)
    }

    /// Counts the answers. A question that is not among them was not asked.
    ///
    /// # Errors
    /// [`CaseError::UnknownQuestion`] for a key that the instrument does not have.
    pub fn score(&self, answers: &BTreeMap<Code, RiskAnswer>) -> Result<Score, CaseError> {
        if let Some(question) = answers.keys().find(|key| self.question(key.as_str()).is_none()) {
            return Err(CaseError::UnknownQuestion { question: question.clone() });
        }
        // Keys are questions of the form, which has no more than fit (`check`).
        let count = |which: &[RiskAnswer]| {
            let counted = answers.values().filter(|answer| which.contains(answer)).count();
            u8::try_from(counted).unwrap_or(u8::MAX)
        };
        let Some(rule) = &self.level_rule else {
            let yes_count = count(&[RiskAnswer::Yes]);
            return Ok(Score { yes_count, level: None, could_reach_high: false });
        };
        let yes_count = count(&rule.counted);
        let could_be = yes_count.saturating_add(count(&rule.could_count));
        let (level, could_be) = (rule.level(yes_count), rule.level(could_be));
        let could_reach_high = level != RiskLevel::High && could_be == RiskLevel::High;
        Ok(Score { yes_count, level: Some(level), could_reach_high })
    }
}

impl LevelRule {
    /// The level that a count reaches.
    #[must_use]
    pub fn level(&self, count: u8) -> RiskLevel {
        let reached = self.thresholds.iter().filter(|threshold| count >= threshold.from);
        reached.map(|threshold| threshold.level).max().unwrap_or(RiskLevel::Standard)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::instrument::find_risk;

    pub(crate) fn answers(yes: usize, dont_know: usize) -> BTreeMap<Code, RiskAnswer> {
        (1..=24)
            .map(|number| {
                let answer = if number <= yes {
                    RiskAnswer::Yes
                } else if number <= yes + dont_know {
                    RiskAnswer::DontKnow
                } else {
                    RiskAnswer::No
                };
                (format!("q{number}").parse().unwrap(), answer)
            })
            .collect()
    }

    fn dash(yes: usize, dont_know: usize) -> Score {
        find_risk("dash-safelives/2009").unwrap().score(&answers(yes, dont_know)).unwrap()
    }

    #[test]
    fn the_level_of_dash_follows_the_count_at_each_threshold() {
        use RiskLevel::{High, Medium, Standard};
        for (yes, level) in [
            (0, Standard),
            (1, Standard),
            (9, Standard),
            (10, Medium),
            (13, Medium),
            (14, High),
            (24, High),
        ] {
            let yes_count = u8::try_from(yes).unwrap();
            let score = Score { yes_count, level: Some(level), could_reach_high: false };
            assert_eq!(dash(yes, 0), score, "{yes} yes");
        }
    }

    #[test]
    fn dont_knows_that_could_reach_high_are_flagged() {
        assert!(dash(10, 4).could_reach_high);
        assert!(!dash(10, 3).could_reach_high);
        assert!(!dash(14, 4).could_reach_high, "it is high already");
    }

    #[test]
    fn a_question_that_the_form_does_not_have_is_refused() {
        let (dash, police) = ("dash-safelives/2009", "police-dash/2009");
        let score = |form, key: &str| {
            let answers = BTreeMap::from([(key.parse::<Code>().unwrap(), RiskAnswer::Yes)]);
            find_risk(form).unwrap().score(&answers)
        };
        for key in ["q0", "q25", "q01", "question-1", "q"] {
            assert!(matches!(score(dash, key), Err(CaseError::UnknownQuestion { .. })), "{key}");
        }
        assert!(score(police, "q25").is_ok() && score(police, "q28").is_err());
    }

    #[test]
    fn the_police_count_and_come_to_no_level_by_it() {
        let score = find_risk("police-dash/2009").unwrap().score(&answers(20, 4)).unwrap();
        assert_eq!(score, Score { yes_count: 20, level: None, could_reach_high: false });
    }
}

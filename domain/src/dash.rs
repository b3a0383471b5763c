//! The DASH level rule, `dash-safelives/2009`.
//!
//! The 24 questions are keyed `q1` to `q24` as the form numbers them; its wording is copyright and
//! is not shipped. Of the thresholds only 14 is `SafeLives`' own (the Marac threshold); medium from
//! 10 is local practice.

use std::collections::BTreeMap;

use crate::case::CaseError;
use crate::code::Code;
use crate::code_lists::{RiskAnswer, RiskLevel};

/// The instrument's name and version.
pub const INSTRUMENT: &str = "dash-safelives/2009";
/// How many questions it has.
pub const QUESTIONS: u8 = 24;
/// Yes answers from which the level is high.
pub const HIGH_FROM: u8 = 14;
/// Yes answers from which the level is medium.
pub const MEDIUM_FROM: u8 = 10;

/// What a set of answers comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Score {
    /// How many were answered yes.
    pub yes_count: u8,
    /// The level by count, before judgement.
    pub level: RiskLevel,
    /// Whether the don't-knows could bring the count to [`HIGH_FROM`].
    pub could_reach_high: bool,
}

/// Counts the answers. A question that is not among them was not asked.
///
/// # Errors
/// [`CaseError::UnknownQuestion`] for a key other than `q1` to `q24`.
pub fn score(answers: &BTreeMap<Code, RiskAnswer>) -> Result<Score, CaseError> {
    let (mut yes_count, mut dont_know) = (0_u8, 0_u8);
    for (question, answer) in answers {
        if !is_question(question.as_str()) {
            return Err(CaseError::UnknownQuestion { question: question.clone() });
        }
        match answer {
            RiskAnswer::Yes => yes_count += 1,
            RiskAnswer::DontKnow => dont_know += 1,
            RiskAnswer::No | RiskAnswer::NotAsked => {}
        }
    }
    let level = if yes_count >= HIGH_FROM {
        RiskLevel::High
    } else if yes_count >= MEDIUM_FROM {
        RiskLevel::Medium
    } else {
        RiskLevel::Standard
    };
    let could_reach_high = yes_count < HIGH_FROM && yes_count + dont_know >= HIGH_FROM;
    Ok(Score { yes_count, level, could_reach_high })
}

/// Whether the form has a question of this key: `q1` to `q24`.
#[must_use]
pub fn is_question(key: &str) -> bool {
    // The leading zero is refused so that one question has one key.
    key.strip_prefix('q')
        .filter(|number| !number.starts_with('0'))
        .and_then(|number| number.parse::<u8>().ok())
        .is_some_and(|number| (1..=QUESTIONS).contains(&number))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn answers(yes: usize, dont_know: usize) -> BTreeMap<Code, RiskAnswer> {
        (1..=usize::from(QUESTIONS))
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

    #[test]
    fn the_level_follows_the_count_at_each_threshold() {
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
            assert_eq!(score(&answers(yes, 0)).unwrap().level, level, "{yes} yes");
        }
    }

    #[test]
    fn dont_knows_that_could_reach_high_are_flagged() {
        assert!(score(&answers(10, 4)).unwrap().could_reach_high);
        assert!(!score(&answers(10, 3)).unwrap().could_reach_high);
        assert!(!score(&answers(14, 4)).unwrap().could_reach_high, "it is high already");
    }

    #[test]
    fn a_question_that_the_form_does_not_have_is_refused() {
        for key in ["q0", "q25", "q01", "question-1", "q"] {
            let answers = BTreeMap::from([(key.parse::<Code>().unwrap(), RiskAnswer::Yes)]);
            assert!(matches!(score(&answers), Err(CaseError::UnknownQuestion { .. })), "{key}");
        }
    }
}

//! Every rule by name and version, with what it says and where it comes from.

use crate::code_lists::CodeList as _;
use crate::rules::case_risk::{RiskRule, by_rule};
use crate::rules::{
    Answer, CaseView, Value, closure_due, complex, dormant, eligibility, engagement,
    overdue_request, overdue_review, police_engagement, repeat, review_due, sustained_reduction,
    waiting,
};

/// A named, versioned definition that can be asked of any case at any two dates.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// The name and version, such as `dormant/1`.
    pub id: &'static str,
    /// What it asks, in a sentence.
    pub summary: &'static str,
    /// What it can answer.
    pub kind: Kind,
    /// Where the definition comes from.
    pub source: &'static str,
    evaluate: fn(&CaseView<'_>) -> Answer,
}

/// What a rule answers with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Whether something is so.
    YesOrNo,
    /// One code of a list.
    Code,
    /// Any number of codes.
    Codes,
    /// Whole days.
    Days,
    /// A moment.
    Moment,
}

impl Kind {
    /// The text exchanged.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::YesOrNo => "yes_or_no",
            Self::Code => "code",
            Self::Codes => "codes",
            Self::Days => "days",
            Self::Moment => "moment",
        }
    }
}

const RULES: &[Rule] = &[
    Rule {
        id: engagement::RULE,
        summary: "How far the person has engaged, by how often they were reached: sporadic and \
                  engaged from as many times on as the programme says, none before.",
        kind: Kind::Code,
        source: "MRP report, table 4.1.1 (levels); the lines between them are the programme's",
        evaluate: mrp_engagement,
    },
    Rule {
        id: police_engagement::RULE,
        summary: "Whether the person has engaged as the police count: engaged once a start \
                  date was given, which is the first allocation to a worker; none before.",
        kind: Kind::Code,
        source: "MRP report, section 4.1.1",
        evaluate: police_engagement::answer,
    },
    Rule {
        id: dormant::RULE,
        summary: "Whether an open case's person has not been reached for as many days of \
                  24 hours as the programme says (`dormant_after_days`), counted from the \
                  last attempt that reached them or the episode's beginning, whichever is \
                  later. The episode begins with the referral or the reopening. No answer \
                  for a case that is not open.",
        kind: Kind::YesOrNo,
        source: "MRP report, section 3.4.1; the days are the programme's",
        evaluate: dormant_answer,
    },
    Rule {
        id: repeat::MARAC_OLD,
        summary: "Whether there was a crime from the last referral to Marac on, within \
                  twelve calendar months of it, both ends included.",
        kind: Kind::YesOrNo,
        source: "Marac guidance before SafeLives' definition",
        evaluate: repeat::marac_old,
    },
    Rule {
        id: repeat::MARAC_SAFELIVES,
        summary: "Whether there was any incident from the last Marac hearing on, within \
                  twelve calendar months of it, both ends included; of the last referral \
                  to Marac where no hearing is recorded. A hearing is an agency action \
                  `joint_meeting` of the agency `marac`.",
        kind: Kind::YesOrNo,
        source: "SafeLives' definition of a repeat",
        evaluate: repeat::marac_safelives,
    },
    Rule {
        id: repeat::NOTTS,
        summary: "Whether there were more than two incidents in the twelve calendar months \
                  up to the date asked about, or a referral received in them tells of more \
                  than two (`incidents_12_months`).",
        kind: Kind::YesOrNo,
        source: "MRP report, section 3.3",
        evaluate: repeat::notts,
    },
    Rule {
        id: RiskRule::LatestAssessment.as_str(),
        summary: "The case's level of risk as the latest assessment has it, whoever made it.",
        kind: Kind::Code,
        source: "ours; which rule finds the case's level, the programme says",
        evaluate: |view| risk_level(view, RiskRule::LatestAssessment),
    },
    Rule {
        id: RiskRule::HighestOfLatest.as_str(),
        summary: "The case's level of risk as the highest among the latest assessments of each \
                  assessor within the episode; the latest of all where nobody assessed within it.",
        kind: Kind::Code,
        source: "ours; which rule finds the case's level, the programme says",
        evaluate: |view| risk_level(view, RiskRule::HighestOfLatest),
    },
    Rule {
        id: RiskRule::OwnService.as_str(),
        summary: "The case's level of risk as the latest assessment by the roles has it that the \
                  programme calls its own; the latest of all where they made none.",
        kind: Kind::Code,
        source: "ours; which rule finds the case's level, and the roles, the programme says",
        evaluate: |view| risk_level(view, RiskRule::OwnService),
    },
    Rule {
        id: sustained_reduction::RULE,
        summary: "Whether the risk was below its level at intake at every assessment for \
                  as many calendar months as the programme says \
                  (`sustained_reduction_months`). The level at intake is that of the \
                  episode's first assessment. A reduction begins with the first assessment \
                  below it, ends with one at it or above, and begins anew with one that \
                  rises and is still below. No answer where the programme gives no months.",
        kind: Kind::YesOrNo,
        source: "MRP report, section 3.4",
        evaluate: sustained_reduction::answer,
    },
    Rule {
        id: review_due::RULE,
        summary: "When an open case is to be reviewed next: when the episode's latest review says; \
                  or else at the earlier of as many days of 24 hours as the programme says \
                  (`reviews.every_days`) after it was last looked at, and the date of the first \
                  stage that is not done. A stage is done by a review of it, or of a later one, \
                  by name, early or late; and by an assessment, or a review of no stage, on its \
                  day or later. No answer for a case that is not open, or where nothing gives a \
                  date.",
        kind: Kind::Moment,
        source: "the programme's schedule: its days, and its stages (Drive year 1, methodology); \
                 what does a stage is ours",
        evaluate: review_due_answer,
    },
    Rule {
        id: overdue_review::RULE,
        summary: "Whether an open case's review was due before the date asked about, \
                  by `review-due/2`. No answer where that has none.",
        kind: Kind::YesOrNo,
        source: "the programme's schedule",
        evaluate: overdue_review::answer,
    },
    Rule {
        id: overdue_request::RULE,
        summary: "Whether a request for information was due before the date asked about, \
                  and had been neither answered nor refused, whatever became of the case.",
        kind: Kind::YesOrNo,
        source: "the requests' due dates",
        evaluate: overdue_request::answer,
    },
    Rule {
        id: waiting::TO_ATTEMPT,
        summary: "Whole days of 24 hours from the referral to the first attempt to reach \
                  the person; to the date asked about, while there was none. What came \
                  from the person counts only where it reached them.",
        kind: Kind::Days,
        source: "ours",
        evaluate: waiting::to_attempt,
    },
    Rule {
        id: waiting::TO_REACH,
        summary: "Whole days of 24 hours from the referral until the person was first \
                  reached, whoever began; until the date asked about, while they were not.",
        kind: Kind::Days,
        source: "ours",
        evaluate: waiting::to_reach,
    },
    Rule {
        id: complex::RULE,
        summary: "Whether a case has complex needs: its referral names the criterion \
                  `complex_needs`, or needs of two kinds are open out of drugs, alcohol, \
                  housing and mental health.",
        kind: Kind::YesOrNo,
        source: "Drive year 1, complex needs; MRP report on the criteria of autumn 2014; that two \
                 make a case complex is ours",
        evaluate: complex::answer,
    },
    Rule {
        id: eligibility::RULE,
        summary: "Whether the referral says of the person what the programme's criteria \
                  asked for when it was received: each of `all_of`, and `at_least` so many \
                  of `any_of`. No answer where it names no criterion.",
        kind: Kind::YesOrNo,
        source: "the programme's criteria",
        evaluate: eligibility::answer,
    },
    Rule {
        id: closure_due::RULE,
        summary: "For which reasons closing an open case should be considered, for a \
                  person to confirm. `time_limit`: the episode is as many calendar months \
                  old as the programme says (`maximum_months`). `disengaged`: since the \
                  person was last reached in the episode, attempts went unanswered, and \
                  from the first of them to another lie as many months as the programme \
                  says (`disengaged_after_months`). `risk_reduced_sustained`: as \
                  `sustained-reduction/1` says. No answer for a case that is not open.",
        kind: Kind::Codes,
        source: "MRP report, section 3.4",
        evaluate: closure_due::answer,
    },
];

impl Rule {
    /// Every rule, in the order in which they are listed.
    #[must_use]
    pub fn all() -> &'static [Self] {
        RULES
    }

    /// The rule of this name and version.
    #[must_use]
    pub fn find(id: &str) -> Option<&'static Self> {
        RULES.iter().find(|rule| rule.id == id)
    }

    /// The name without the version.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.id.rsplit_once('/').map_or(self.id, |(name, _)| name)
    }

    /// The version.
    #[must_use]
    pub fn version(&self) -> &'static str {
        self.id.rsplit_once('/').map_or("", |(_, version)| version)
    }

    /// What the rule says of a case.
    #[must_use]
    pub fn ask(&self, view: &CaseView<'_>) -> Answer {
        (self.evaluate)(view)
    }
}

fn mrp_engagement(view: &CaseView<'_>) -> Answer {
    let reached = view.attempts().into_iter().filter(|(_, is_reached)| *is_reached);
    Answer {
        value: Value::Code(engagement::engagement(&view.state, &view.programme).as_str()),
        since: None,
        basis: reached.map(|(at, _)| at.event_id).collect(),
    }
}

fn risk_level(view: &CaseView<'_>, rule: RiskRule) -> Answer {
    match by_rule(&view.state, rule, &view.programme.rules.own_assessors) {
        Some(risk) => {
            // By assessor there, and here in the order in which they happened.
            let looked_at = view.facts.iter().map(|fact| fact.recorded.event_id);
            Answer {
                value: Value::Code(risk.level().as_str()),
                since: Some(risk.deciding.occurred.at),
                basis: looked_at.filter(|event_id| risk.rests_on.contains(event_id)).collect(),
            }
        }
        None => Answer::not_applicable(),
    }
}

fn dormant_answer(view: &CaseView<'_>) -> Answer {
    let Some(from) = dormant::dormant_from(&view.state, &view.programme) else {
        return Answer::not_applicable();
    };
    // Counted from the later of the two.
    let reached = view.attempts().into_iter().rfind(|(_, is_reached)| *is_reached);
    let since = reached.map(|(at, _)| at).into_iter().chain(view.episode_began());
    let basis = since.max_by_key(|at| at.at).into_iter().map(|at| at.event_id).collect();
    if from <= view.asked.as_of { Answer::holds(from, basis) } else { Answer::does_not_hold(basis) }
}

fn review_due_answer(view: &CaseView<'_>) -> Answer {
    match review_due::review_due(&view.state, &view.programme) {
        Some(due) => {
            Answer { value: Value::At(due), since: None, basis: overdue_review::answer(view).basis }
        }
        None => Answer::not_applicable(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::case::testing::{at, attempted, event_id, open_case, received, with};
    use crate::rules::testing::answered;

    #[test]
    fn every_rule_has_a_name_and_a_version_of_its_own() {
        let ids: BTreeSet<&str> = Rule::all().iter().map(|rule| rule.id).collect();
        assert_eq!(ids.len(), Rule::all().len());
        for rule in Rule::all() {
            assert_eq!(format!("{}/{}", rule.name(), rule.version()), rule.id);
            assert_eq!(Rule::find(rule.id).map(|found| found.id), Some(rule.id));
        }
    }

    #[test]
    fn every_rule_answers_of_any_case_with_its_kind_or_not_at_all() {
        let histories =
            [vec![(received(), at(1))], open_case(), with(open_case(), [(attempted(), at(5))])];
        for rule in Rule::all() {
            for history in &histories {
                let answer = answered(|view| rule.ask(view), history.clone(), at(900));
                let fits = matches!(
                    (&answer.value, rule.kind),
                    (Value::NotApplicable, _)
                        | (Value::Holds(_), Kind::YesOrNo)
                        | (Value::Code(_), Kind::Code)
                        | (Value::Codes(_), Kind::Codes)
                        | (Value::Days(_), Kind::Days)
                        | (Value::At(_), Kind::Moment)
                );
                assert!(fits, "{} {answer:?}", rule.id);
            }
        }
    }

    #[test]
    fn dormancy_rests_on_the_last_contact_that_reached_the_person() {
        let rule = Rule::find(dormant::RULE).unwrap();
        let case = with(open_case(), [(attempted(), at(10)), (attempted(), at(20))]);
        let answer = answered(|view| rule.ask(view), case, at(110));
        assert_eq!(answer, Answer::holds(at(110).at, vec![event_id(5)]));
        let never = answered(|view| rule.ask(view), open_case(), at(50));
        assert_eq!(never, Answer::does_not_hold(vec![event_id(1)]));
    }

    #[test]
    fn engagement_rests_on_the_contacts_that_reached_the_person() {
        let rule = Rule::find(engagement::RULE).unwrap();
        let case = with(open_case(), [(attempted(), at(10)), (attempted(), at(20))]);
        let answer = answered(|view| rule.ask(view), case, at(110));
        assert_eq!(answer.value, Value::Code("sporadic"));
        assert_eq!(answer.basis, [event_id(4), event_id(5)]);
    }
}

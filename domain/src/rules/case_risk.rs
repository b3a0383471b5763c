//! The level of a case's risk, out of assessments that may differ, by a named rule:
//!
//! - `latest-assessment/1`: the latest assessment, whoever made it.
//! - `highest-of-latest/1`: the highest among the latest assessment of each assessor within the
//!   present or last episode; the latest of all where nobody assessed within it.
//! - `own-service/1`: the latest assessment by the roles that the programme's definition calls its
//!   own; the latest of all where they made none.
//!
//! Which rule it is, the definition says that the case was referred under.
//!
//! "Latest" is in the order of the reading, as for everything else that is folded.

use crate::case::CaseState;
use crate::case::state::Risk;
use crate::code::Code;
use crate::code_lists::RiskLevel;
use crate::ids::EventId;
use crate::programme::Programme;

/// A rule by which a case's level is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RiskRule {
    /// `latest-assessment/1`
    LatestAssessment,
    /// `highest-of-latest/1`
    HighestOfLatest,
    /// `own-service/1`
    OwnService,
}

/// A case's level, and what it rests on.
#[derive(Debug, Clone, PartialEq)]
pub struct CaseRisk<'a> {
    /// The rule.
    pub rule: RiskRule,
    /// The assessment whose level it is.
    pub deciding: &'a Risk,
    /// The assessments that the rule looked at: original facts, by assessor. The deciding one is
    /// among them.
    pub rests_on: Vec<EventId>,
}

impl RiskRule {
    /// Every rule.
    pub const ALL: [Self; 3] = [Self::LatestAssessment, Self::HighestOfLatest, Self::OwnService];

    /// Its name and version.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LatestAssessment => "latest-assessment/1",
            Self::HighestOfLatest => "highest-of-latest/1",
            Self::OwnService => "own-service/1",
        }
    }

    /// The rule of this name and version.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rule| rule.as_str() == name)
    }

    /// The rule that a definition names. One that was stored when names were not yet held against
    /// the rules can name none: then it is the latest assessment, and answers say so.
    #[must_use]
    pub fn of(programme: &Programme) -> Self {
        Self::find(programme.rules.risk_level.as_str()).unwrap_or(Self::LatestAssessment)
    }
}

impl CaseRisk<'_> {
    /// The level.
    #[must_use]
    pub fn level(&self) -> RiskLevel {
        self.deciding.level
    }
}

/// The case's level by its programme's rule; `None` where nobody assessed the person.
///
/// `programme` is the definition that the case keeps.
#[must_use]
pub fn case_risk<'a>(case: &'a CaseState, programme: &Programme) -> Option<CaseRisk<'a>> {
    by_rule(case, RiskRule::of(programme), &programme.rules.own_assessors)
}

/// The case's level by a rule; `own_roles` are those of the programme's own service.
#[must_use]
pub fn by_rule<'a>(
    case: &'a CaseState,
    rule: RiskRule,
    own_roles: &[Code],
) -> Option<CaseRisk<'a>> {
    let latest = case.risk.as_ref()?;
    let resting_on =
        |risk: &'a Risk| CaseRisk { rule, deciding: risk, rests_on: vec![risk.event_id] };
    match rule {
        RiskRule::LatestAssessment => Some(resting_on(latest)),
        RiskRule::OwnService => {
            Some(resting_on(case.assessors.latest_of(own_roles).unwrap_or(latest)))
        }
        RiskRule::HighestOfLatest => {
            let in_episode: Vec<&Risk> = case
                .episodes
                .last()
                .map(|episode| case.assessors.views_within(*episode))
                .into_iter()
                .flatten()
                .map(|(_, view)| &view.latest)
                .collect();
            // Of equal levels the newest, so that the date shown is the last at which it was so.
            let highest =
                in_episode.iter().max_by_key(|risk| (risk.level, risk.occurred.at, risk.event_id));
            Some(highest.map_or_else(
                || resting_on(latest),
                |deciding| CaseRisk {
                    rule,
                    deciding,
                    rests_on: in_episode.iter().map(|risk| risk.event_id).collect(),
                },
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::CaseEvent;
    use crate::case::record_risk_assessment::RecordRiskAssessment;
    use crate::case::testing::{assess, at, closed, code, event_id, open_case, reopened, with};
    use crate::code_lists::RiskLevel::{High, Medium, Standard};
    use crate::rules::state_of;
    use crate::rules::testing::mrp;
    use crate::time::{Occurred, Precision};

    fn by(role: &str, organisation: Option<&str>, level: RiskLevel) -> CaseEvent {
        let command = RecordRiskAssessment {
            assessor_role: code(role),
            source_organisation: organisation.map(code),
            ..assess(level)
        };
        CaseEvent::RiskAssessed(command.resolve().unwrap())
    }

    /// Level, and the events that it rests on.
    fn found(case: &CaseState, rule: RiskRule) -> (RiskLevel, Vec<EventId>) {
        let risk = by_rule(case, rule, &[code("dva_worker")]).unwrap();
        assert_eq!(risk.rule, rule);
        assert!(risk.rests_on.contains(&risk.deciding.event_id));
        (risk.level(), risk.rests_on)
    }

    /// The police high on day 6 (event 4), then medium on day 9 (5); the worker medium on day 7 (6);
    /// an Idva standard on day 10 (7).
    fn assessed_by_three() -> CaseState {
        state_of(with(
            open_case(),
            [
                (by("officer", Some("police"), High), at(6)),
                (by("officer", Some("police"), Medium), at(9)),
                (by("dva_worker", None, Medium), at(7)),
                (by("idva", Some("idva_service"), Standard), at(10)),
            ],
        ))
    }

    #[test]
    fn each_rule_finds_its_own_level() {
        let case = assessed_by_three();
        assert_eq!(found(&case, RiskRule::LatestAssessment), (Standard, vec![event_id(7)]));
        // By role and organisation: the worker, the Idva, the officer; the newest medium decides.
        let all = [6, 7, 5].map(event_id).to_vec();
        assert_eq!(found(&case, RiskRule::HighestOfLatest), (Medium, all));
        let risk = by_rule(&case, RiskRule::HighestOfLatest, &[]).unwrap();
        assert_eq!(risk.deciding.event_id, event_id(5));
        assert_eq!(found(&case, RiskRule::OwnService), (Medium, vec![event_id(6)]));
    }

    #[test]
    fn where_the_own_service_did_not_assess_the_latest_counts() {
        let case = assessed_by_three();
        let risk = by_rule(&case, RiskRule::OwnService, &[code("case_manager")]).unwrap();
        assert_eq!((risk.level(), risk.rests_on), (Standard, vec![event_id(7)]));
    }

    #[test]
    fn the_highest_is_of_the_present_episode() {
        let before = with(
            open_case(),
            [(by("officer", None, High), at(6)), (closed(), at(20)), (reopened(), at(40))],
        );
        // Nobody assessed in this episode yet: the level is taken over.
        let taken_over = state_of(before.clone());
        assert_eq!(found(&taken_over, RiskRule::HighestOfLatest), (High, vec![event_id(4)]));
        let again = state_of(with(before, [(by("dva_worker", None, Standard), at(50))]));
        assert_eq!(found(&again, RiskRule::HighestOfLatest), (Standard, vec![event_id(7)]));
    }

    #[test]
    fn a_date_known_to_the_month_can_lie_within_the_episode() {
        let in_january = Occurred { at: at(0).at, precision: Precision::Month };
        let mut history = open_case();
        history.insert(1, (by("officer", None, High), in_january));
        let case = state_of(with(history, [(by("dva_worker", None, Medium), at(30))]));
        assert_eq!(found(&case, RiskRule::HighestOfLatest).0, High);
    }

    #[test]
    fn without_an_assessment_there_is_no_level() {
        let case = state_of(open_case());
        assert!(RiskRule::ALL.into_iter().all(|rule| by_rule(&case, rule, &[]).is_none()));
        assert_eq!(case_risk(&case, &mrp()), None);
    }

    #[test]
    fn the_rule_and_the_own_roles_are_the_definitions() {
        let case = assessed_by_three();
        let mut programme = Programme::clone(&mrp());
        programme.rules.own_assessors = vec![code("dva_worker")];
        for rule in RiskRule::ALL {
            assert_eq!(RiskRule::find(rule.as_str()), Some(rule));
            programme.rules.risk_level = code(rule.as_str());
            let expected = by_rule(&case, rule, &[code("dva_worker")]);
            assert_eq!(case_risk(&case, &programme), expected);
        }
        assert_eq!(RiskRule::find("latest-assessment/2"), None);
    }

    #[test]
    fn a_rule_that_nobody_ever_defined_is_the_latest_assessment_and_says_so() {
        let case = assessed_by_three();
        let mut programme = Programme::clone(&mrp());
        programme.rules.risk_level = code("highest-current/1");
        let risk = case_risk(&case, &programme).unwrap();
        assert_eq!((risk.rule, risk.level()), (RiskRule::LatestAssessment, Standard));
    }
}

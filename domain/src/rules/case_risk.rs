//! The level of a case's risk, out of assessments that may differ, by a named rule:
//!
//! - `latest-assessment/1`: the latest assessment, whoever made it.
//! - `highest-of-latest/1`: the highest among the latest assessment of each assessor within the
//!   present or last episode; the latest of all where nobody assessed within it.
//! - `own-service/1`: the latest assessment by the programme's own roles; the latest of all where
//!   they made none.
//!
//! "Latest" is in the order of the reading, as for everything else that is folded.

use crate::case::CaseState;
use crate::case::state::Risk;
use crate::code::Code;
use crate::code_lists::RiskLevel;
use crate::ids::EventId;

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
    /// Every rule; the first is in force where a programme names none.
    pub const ALL: [Self; 3] = [Self::LatestAssessment, Self::HighestOfLatest, Self::OwnService];

    /// Its name and version.
    #[must_use]
    pub fn as_str(self) -> &'static str {
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
}

impl CaseRisk<'_> {
    /// The level.
    #[must_use]
    pub fn level(&self) -> RiskLevel {
        self.deciding.level
    }
}

/// The case's level by its programme's rule; `None` where nobody assessed the person.
#[must_use]
pub fn case_risk(case: &CaseState) -> Option<CaseRisk<'_>> {
    // Where programmes will name their rule, and the roles that are their own service.
    by_rule(case, RiskRule::LatestAssessment, &[])
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
        assert_eq!(case_risk(&case), None);
    }

    #[test]
    fn the_latest_assessment_is_the_rule_unless_another_is_named() {
        let case = assessed_by_three();
        assert_eq!(case_risk(&case), by_rule(&case, RiskRule::LatestAssessment, &[]));
        for rule in RiskRule::ALL {
            assert_eq!(RiskRule::find(rule.as_str()), Some(rule));
        }
        assert_eq!(RiskRule::find("latest-assessment/2"), None);
    }
}

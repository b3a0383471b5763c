//! What a cohort can be divided by.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use throughline_domain::case::CaseEvent;
use throughline_domain::code::Code;
use throughline_domain::code_lists::{CodeList as _, ContactOutcome, Need, SupportKind};
use throughline_domain::rules::complex;

use crate::evaluated_case::EvaluatedCase;

/// What a cohort is divided by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grouping {
    /// The arm that was drawn.
    Arm,
    /// The area of the referral.
    Area,
    /// Whom the case is about.
    Role,
    /// Who referred.
    Source,
    /// The version of the programme's criteria.
    CriteriaVersion,
    /// Whether the needs are complex (`complex/1`).
    Complex,
    /// Whether the person was reached at least once.
    Contacted,
    /// Whether there was work on behaviour: the person was reached for `behaviour_change`, or given
    /// one-to-one or group support for `healthy_relationships`.
    BehaviourChangeWork,
}

/// The name of a group that a case has no code for.
pub const NONE: &str = "none";

impl Grouping {
    /// The group of a case.
    #[must_use]
    pub fn of(self, case: &EvaluatedCase<'_>) -> String {
        let referral = case.referral();
        match self {
            Self::Arm => or_none(case.state().arm.as_ref()),
            Self::Area => referral.area.to_string(),
            Self::Role => referral.role.as_str().to_owned(),
            Self::Source => referral.source.as_str().to_owned(),
            Self::CriteriaVersion => or_none(referral.criteria_version.as_ref()),
            Self::Complex => yes_or_no(complex::is_complex(case.state())),
            Self::Contacted => yes_or_no(case.is_contacted()),
            Self::BehaviourChangeWork => yes_or_no(worked_on_behaviour(case)),
        }
    }
}

fn or_none(code: Option<&impl ToString>) -> String {
    code.map_or_else(|| NONE.to_owned(), ToString::to_string)
}

fn yes_or_no(holds: bool) -> String {
    if holds { "yes" } else { "no" }.to_owned()
}

fn worked_on_behaviour(case: &EvaluatedCase<'_>) -> bool {
    let worked = |event: &CaseEvent| {
        if let CaseEvent::ContactAttempted(facts) = event {
            let purpose = facts.purpose.as_ref().map(Code::as_str);
            facts.outcome == ContactOutcome::Reached && purpose == Some("behaviour_change")
        } else if let CaseEvent::SupportProvided(facts) = event {
            matches!(facts.kind, SupportKind::OneToOne | SupportKind::GroupProgramme)
                && facts.need == Some(Need::HealthyRelationships)
        } else {
            false
        }
    };
    case.facts().iter().any(|fact| worked(fact.event))
}

/// Counts by code, then by code.
pub type Counts2 = BTreeMap<String, BTreeMap<String, u64>>;

/// The percentage of a whole; `None` where that is nothing.
#[expect(
    clippy::cast_precision_loss,
    reason = "counts of cases are exact as floating-point numbers"
)]
#[must_use]
pub fn percent(part: u64, whole: u64) -> Option<f64> {
    (whole != 0).then(|| 100.0 * part as f64 / whole as f64)
}

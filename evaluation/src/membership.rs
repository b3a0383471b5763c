//! Who is in a cohort, who is not, and why not.

use std::collections::BTreeMap;

use serde::Serialize;
use throughline_domain::cohort::Cohort;
use throughline_domain::rules::complex;

use crate::evaluated_case::EvaluatedCase;

/// Whether a case belongs to a cohort.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Membership {
    /// It does.
    In,
    /// It does not.
    Out(Out),
}

/// Why a case does not belong to a cohort: the first member of the definition that does not admit
/// it, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Out {
    /// Of another programme.
    Programme,
    /// About somebody in another role.
    Role,
    /// Referred in another area.
    Area,
    /// Of another arm, or of none.
    Arm,
    /// Referred at another time.
    Referred,
    /// Not closed, or at another time.
    Exited,
    /// Standing elsewhere.
    Status,
    /// Something was not measured, or without a value.
    Measured,
    /// With needs that are complex, or not.
    Complex,
    /// With a person who was reached, or never.
    Contacted,
}

/// How many cases are in a cohort, and how many are not, for which first reason. Together they are
/// every case whose referral was in view.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct CohortCounts {
    /// Cases that belong to it.
    pub cases: u64,
    /// Cases that do not, by the first reason; a reason that nothing was left out for is not there.
    pub left_out: BTreeMap<Out, u64>,
}

impl CohortCounts {
    /// Counts one more case.
    pub fn take(&mut self, membership: Membership) {
        match membership {
            Membership::In => self.cases += 1,
            Membership::Out(reason) => *self.left_out.entry(reason).or_default() += 1,
        }
    }
}

/// Whether a case belongs to a cohort.
#[must_use]
pub fn membership(cohort: &Cohort, case: &EvaluatedCase<'_>) -> Membership {
    let referral = case.referral();
    let state = case.state();
    let admits = |listed: bool, is_empty: bool| is_empty || listed;
    let is_measured = |measure: &str, stage: &str| {
        case.measured(measure, stage).is_some_and(|(_, value)| value.is_ok())
    };
    // In the order of the reasons.
    let reason = if referral.programme != cohort.programme {
        Out::Programme
    } else if !admits(cohort.roles.contains(&referral.role), cohort.roles.is_empty()) {
        Out::Role
    } else if !admits(cohort.areas.contains(&referral.area), cohort.areas.is_empty()) {
        Out::Area
    } else if !cohort.arms.is_empty()
        && state.arm.as_ref().is_none_or(|arm| !cohort.arms.contains(arm))
    {
        Out::Arm
    } else if cohort.referred.is_some_and(|window| !window.contains(referral.received.at)) {
        Out::Referred
    } else if cohort
        .exited
        .is_some_and(|window| case.exited_at().is_none_or(|at| !window.contains(at)))
    {
        Out::Exited
    } else if !admits(cohort.statuses.contains(&state.status), cohort.statuses.is_empty()) {
        Out::Status
    } else if cohort.measured.iter().any(|at| !is_measured(at.measure.as_str(), at.stage.as_str()))
    {
        Out::Measured
    } else if cohort.complex.is_some_and(|complex| complex != complex::is_complex(state)) {
        Out::Complex
    } else if cohort.contacted.is_some_and(|contacted| contacted != case.is_contacted()) {
        Out::Contacted
    } else {
        return Membership::In;
    };
    Membership::Out(reason)
}

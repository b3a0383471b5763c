//! What became of the referrals: by source, area or what else divides them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use throughline_domain::case::{CaseEvent, CaseStatus};
use throughline_domain::code_lists::CodeList as _;

use super::group::{Grouping, percent};
use super::{Table, TableError};
use crate::evaluated_case::EvaluatedCase;

/// The question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Referrals {
    /// What the referrals are divided by.
    pub by: Grouping,
}

/// One referral: its group, what became of it, and why it was declined.
#[derive(Debug, Clone, PartialEq)]
pub struct Referred {
    group: String,
    decision: Decision,
    reason: Option<&'static str>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Decision {
    Accepted,
    Declined,
    Waiting,
    None,
}

/// The table: every group, and all of them together.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReferralsTable {
    /// All referrals.
    pub total: Decisions,
    /// Those of each group.
    pub groups: BTreeMap<String, Decisions>,
}

/// What became of some referrals.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Decisions {
    /// Referrals.
    pub referred: u64,
    /// Of all referrals, per cent.
    pub percent: Option<f64>,
    /// Taken on, whatever came after.
    pub accepted: u64,
    /// Not taken on.
    pub declined: u64,
    /// On the waiting list.
    pub waiting: u64,
    /// Not decided.
    pub undecided: u64,
    /// Why those declined were.
    pub decline_reasons: BTreeMap<String, u64>,
}

impl Table for Referrals {
    type Observation = Referred;
    type Answer = ReferralsTable;

    fn observe(&self, case: &EvaluatedCase<'_>) -> Option<Referred> {
        let decision = match case.state().status {
            CaseStatus::Referred => Decision::None,
            CaseStatus::Waiting => Decision::Waiting,
            CaseStatus::Declined => Decision::Declined,
            CaseStatus::Accepted | CaseStatus::Open | CaseStatus::Closed => Decision::Accepted,
        };
        let reasons = case.each(|event| {
            let CaseEvent::ReferralDeclined(facts) = event else { return None };
            Some(facts.reason.as_str())
        });
        let reason = reasons.last().filter(|_| decision == Decision::Declined);
        Some(Referred { group: self.by.of(case), decision, reason: reason.map(|(_, code)| code) })
    }

    fn conclude(&self, observations: &[&Referred]) -> Result<ReferralsTable, TableError> {
        let mut groups: BTreeMap<String, Decisions> = BTreeMap::new();
        let mut total = Decisions::default();
        for referred in observations {
            total.take(referred);
            groups.entry(referred.group.clone()).or_default().take(referred);
        }
        for decisions in groups.values_mut().chain([&mut total]) {
            decisions.percent = percent(decisions.referred, observations.len() as u64);
        }
        Ok(ReferralsTable { total, groups })
    }
}

impl Decisions {
    fn take(&mut self, referred: &Referred) {
        self.referred += 1;
        *match referred.decision {
            Decision::Accepted => &mut self.accepted,
            Decision::Declined => &mut self.declined,
            Decision::Waiting => &mut self.waiting,
            Decision::None => &mut self.undecided,
        } += 1;
        if let Some(reason) = referred.reason {
            *self.decline_reasons.entry(reason.to_owned()).or_default() += 1;
        }
    }
}

//! What protects: orders of courts and police, and the protection of children.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use throughline_domain::case::CaseEvent;

use super::group::Counts2;
use super::{Table, TableError};
use crate::evaluated_case::EvaluatedCase;

/// Protective orders.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProtectiveOrders {}

/// The protection of children.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChildProtection {}

/// Protective orders, over all cases.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ProtectiveOrdersTable {
    /// Cases with at least one order.
    pub cases: u64,
    /// Orders.
    pub orders: u64,
    /// Cases with an order that the service helped to obtain.
    pub helped_to_obtain: u64,
    /// Cases by kind of order: one with two kinds counts under both.
    pub kinds: BTreeMap<String, u64>,
}

/// The protection of children, over all cases.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ChildProtectionTable {
    /// Cases in which a status is known.
    pub cases: u64,
    /// Cases by every status that the children ever came to.
    pub ever: BTreeMap<String, u64>,
    /// Cases by every status that they ever came to (first member), then by the latest.
    pub went: Counts2,
}

impl Table for ProtectiveOrders {
    /// Each order: its kind, and whether the service helped.
    type Observation = Vec<(String, bool)>;
    type Answer = ProtectiveOrdersTable;

    fn observe(&self, case: &EvaluatedCase<'_>) -> Option<Self::Observation> {
        let orders = case.each(|event| {
            let CaseEvent::ProtectiveOrderRecorded(facts) = event else { return None };
            Some((facts.kind.to_string(), facts.helped_to_obtain == Some(true)))
        });
        Some(orders.map(|(_, order)| order).collect())
    }

    fn conclude(&self, observations: &[&Self::Observation]) -> Result<Self::Answer, TableError> {
        let count = |holds: &dyn Fn(&Self::Observation) -> bool| {
            observations.iter().filter(|orders| holds(orders)).count() as u64
        };
        let mut kinds = BTreeMap::new();
        for orders in observations {
            for kind in orders.iter().map(|(kind, _)| kind).collect::<BTreeSet<_>>() {
                *kinds.entry(kind.clone()).or_default() += 1;
            }
        }
        Ok(ProtectiveOrdersTable {
            cases: count(&|orders| !orders.is_empty()),
            orders: observations.iter().map(|orders| orders.len() as u64).sum(),
            helped_to_obtain: count(&|orders| orders.iter().any(|(_, helped)| *helped)),
            kinds,
        })
    }
}

impl Table for ChildProtection {
    /// The statuses, in their order.
    type Observation = Vec<String>;
    type Answer = ChildProtectionTable;

    fn observe(&self, case: &EvaluatedCase<'_>) -> Option<Vec<String>> {
        let changes = case.each(|event| {
            let CaseEvent::ChildProtectionStatusChanged(facts) = event else { return None };
            Some(facts.to.to_string())
        });
        Some(changes.map(|(_, to)| to).collect())
    }

    fn conclude(&self, observations: &[&Vec<String>]) -> Result<Self::Answer, TableError> {
        let mut table =
            ChildProtectionTable { cases: 0, ever: BTreeMap::new(), went: Counts2::new() };
        for statuses in observations {
            let Some(last) = statuses.last() else { continue };
            table.cases += 1;
            for status in statuses.iter().collect::<BTreeSet<_>>() {
                *table.ever.entry(status.clone()).or_default() += 1;
                let went = table.went.entry(status.clone()).or_default();
                *went.entry(last.clone()).or_default() += 1;
            }
        }
        Ok(table)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::tables::testing::answered;
    use crate::testing::{Fact, fact, opened};

    fn case(facts: &[Fact]) -> Vec<Fact> {
        let mut case = opened("drive", "2017-01-01");
        case.extend(facts.iter().cloned());
        case
    }

    #[test]
    fn a_case_with_orders_counts_once_and_under_each_kind() {
        let order = |kind: &str, helped: bool| {
            let facts = json!({"kind": kind, "helped_to_obtain": helped});
            fact("ProtectiveOrderRecorded", &facts, "2017-02-01")
        };
        let two = [order("dvpn", false), order("non_molestation_order", true)];
        let cases = [case(&two), case(&two[..1]), case(&[])];
        let expected = json!({
            "cases": 2, "orders": 3, "helped_to_obtain": 1,
            "kinds": {"dvpn": 2, "non_molestation_order": 1},
        });
        assert_eq!(answered(json!({"table": "protective_orders"}), &cases, "2018-01-01"), expected);
    }

    #[test]
    fn where_children_came_to_is_told_with_where_they_were() {
        let status =
            |to: &str, date: &str| fact("ChildProtectionStatusChanged", &json!({"to": to}), date);
        let off = [status("child_protection_plan", "2017-02-01"), status("closed", "2017-05-01")];
        let cases = [case(&off), case(&off[..1]), case(&[])];
        let expected = json!({
            "cases": 2, "ever": {"child_protection_plan": 2, "closed": 1},
            "went": {
                "child_protection_plan": {"child_protection_plan": 1, "closed": 1},
                "closed": {"closed": 1},
            },
        });
        assert_eq!(answered(json!({"table": "child_protection"}), &cases, "2018-01-01"), expected);
    }
}

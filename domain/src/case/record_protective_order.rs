//! Recording a protective order.

use serde::{Deserialize, Serialize};

use crate::case::{Case, CaseError, CaseEvent};
use crate::code::Code;

/// Write down an order.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordProtectiveOrder(pub ProtectiveOrderRecorded);

/// A court or the police made an order. Orders may be older than the case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProtectiveOrderRecorded {
    /// Which order, as a code such as `non_molestation_order`.
    pub kind: Code,
    /// In force from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<jiff::civil::Date>,
    /// In force until.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<jiff::civil::Date>,
    /// Whether the service helped to obtain it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub helped_to_obtain: Option<bool>,
}

impl RecordProtectiveOrder {
    /// # Errors
    /// [`CaseError::NotReferred`] when there is no case to record it in.
    pub fn decide(self, case: &Case) -> Result<CaseEvent, CaseError> {
        case.require_referral()?;
        Ok(CaseEvent::ProtectiveOrderRecorded(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::{ProtectiveOrderRecorded, RecordProtectiveOrder};
    use crate::case::testing::{at, closed, given, open_case, with};
    use crate::case::{CaseError, CaseEvent};

    fn sample() -> ProtectiveOrderRecorded {
        ProtectiveOrderRecorded {
            kind: "non_molestation_order".parse().unwrap(),
            from: None,
            to: None,
            helped_to_obtain: Some(true),
        }
    }

    #[test]
    fn a_protective_order_is_recorded() {
        given(open_case())
            .when(RecordProtectiveOrder(sample()), at(6))
            .then(CaseEvent::ProtectiveOrderRecorded(sample()));
    }

    #[test]
    fn a_protective_order_from_before_the_referral_is_recorded() {
        given(with(open_case(), [(closed(), at(8))]))
            .when(RecordProtectiveOrder(sample()), at(0))
            .then(CaseEvent::ProtectiveOrderRecorded(sample()));
    }

    #[test]
    fn a_protective_order_needs_a_case() {
        given([])
            .when(RecordProtectiveOrder(sample()), at(6))
            .then_refused(&CaseError::NotReferred);
    }
}

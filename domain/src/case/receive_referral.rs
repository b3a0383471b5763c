//! Receiving a referral: the first event of every case.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::case::{Case, CaseError, CaseEvent, Moment};
use crate::code::Code;
use crate::code_lists::{CaseRole, ReferralSource};
use crate::ids::{CaseId, PersonId};
use crate::time::Occurred;

/// Open a case for a person who was referred. Occurs when the referral was received.
#[derive(Debug, Clone, PartialEq)]
pub struct ReceiveReferral(pub ReferralReceived);

/// A person was referred to a programme.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReferralReceived {
    /// Whose case it is.
    pub person_id: PersonId,
    /// The programme.
    pub programme: Code,
    /// The version of the programme's definition that the case keeps.
    pub programme_version: u16,
    /// Whom the case is about.
    pub role: CaseRole,
    /// The programme's area.
    pub area: Code,
    /// Who referred.
    pub source: ReferralSource,
    /// The latest incident known at referral.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest_incident_at: Option<Timestamp>,
    /// Incidents in the twelve months before the referral.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incidents_12_months: Option<u32>,
    /// The criteria that the person met.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub criteria: Vec<Code>,
    /// The version of the programme's criteria that was in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub criteria_version: Option<u16>,
    /// The person's earlier case in the programme, closed, that this referral comes back to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub returns_from: Option<CaseId>,
    /// The date of the list that the referral came on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list_date: Option<jiff::civil::Date>,
}

impl ReferralReceived {
    /// What is wrong with it by itself. Whether it fits its programme is for
    /// [`crate::programme::check_referral`], which is given the definition.
    pub(crate) fn check(&self, received: Occurred) -> Result<(), CaseError> {
        let (_, latest_receipt) = received.bounds();
        match self.latest_incident_at {
            Some(incident) if incident > latest_receipt => Err(CaseError::IncidentAfterReferral),
            _ => Ok(()),
        }
    }
}

impl ReceiveReferral {
    /// # Errors
    /// When the case exists already.
    pub fn decide(self, case: &Case, moment: &Moment) -> Result<CaseEvent, CaseError> {
        if case.status().is_some() {
            return Err(CaseError::AlreadyReferred);
        }
        case.may_take(moment)?;
        Ok(CaseEvent::ReferralReceived(self.0))
    }
}

#[cfg(test)]
mod tests {
    use crate::case::CaseError;
    use crate::case::testing::{at, given, received, referral};

    #[test]
    fn a_referral_opens_a_case() {
        given([]).when(referral(), at(1)).then(received());
    }

    #[test]
    fn a_case_has_one_referral() {
        given([(received(), at(1))])
            .when(referral(), at(2))
            .then_refused(&CaseError::AlreadyReferred);
    }

    #[test]
    fn an_incident_cannot_come_after_the_referral_it_led_to() {
        let mut late = referral();
        late.0.latest_incident_at = Some(at(3).at);
        given([]).when(late, at(1)).then_refused(&CaseError::IncidentAfterReferral);
    }
}

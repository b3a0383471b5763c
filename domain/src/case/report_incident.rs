//! Reporting an incident.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::case::{Case, CaseError, CaseEvent};
use crate::code::Code;
use crate::code_lists::{IncidentKind, PoliceOutcome};

/// Write down an incident.
#[derive(Debug, Clone, PartialEq)]
pub struct ReportIncident(pub IncidentReported);

/// An incident was reported. It occurs when it happened, often before the referral.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IncidentReported {
    /// A domestic incident, or a crime.
    pub kind: IncidentKind,
    /// Who reported it, as a code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Code>,
    /// The group of offences, as a code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offence_group: Option<Code>,
    /// What the police did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub police_outcome: Option<PoliceOutcome>,
    /// When it was reported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reported_at: Option<Timestamp>,
}

impl ReportIncident {
    /// # Errors
    /// [`CaseError::NotReferred`] when there is no case to record it in.
    pub fn decide(self, case: &Case) -> Result<CaseEvent, CaseError> {
        case.require_referral()?;
        Ok(CaseEvent::IncidentReported(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::{IncidentReported, ReportIncident};
    use crate::case::testing::{at, closed, given, open_case, with};
    use crate::case::{CaseError, CaseEvent};
    use crate::code_lists::IncidentKind;

    fn sample() -> IncidentReported {
        IncidentReported {
            kind: IncidentKind::Crime,
            source: None,
            offence_group: None,
            police_outcome: None,
            reported_at: None,
        }
    }

    #[test]
    fn an_incident_is_recorded() {
        given(open_case())
            .when(ReportIncident(sample()), at(6))
            .then(CaseEvent::IncidentReported(sample()));
    }

    #[test]
    fn an_incident_from_before_the_referral_is_recorded() {
        given(with(open_case(), [(closed(), at(8))]))
            .when(ReportIncident(sample()), at(0))
            .then(CaseEvent::IncidentReported(sample()));
    }

    #[test]
    fn an_incident_needs_a_case() {
        given([]).when(ReportIncident(sample()), at(6)).then_refused(&CaseError::NotReferred);
    }
}

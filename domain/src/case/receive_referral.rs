//! Receiving a referral: the first event of every case.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::case::state::Referral;
use crate::case::{Case, CaseError, CaseEvent, CaseStatus, Moment};
use crate::code::Code;
use crate::code_lists::{CaseRole, MissingReason, ReferralSource};
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
    /// The person's age at the referral. The date of birth stays among what is sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age_years: Option<AgeYears>,
    /// The criteria that the person met.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub criteria: Vec<Code>,
    /// The version of the programme's criteria that was in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub criteria_version: Option<u16>,
    /// The person's earlier case, closed, that this referral comes back to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub returns_from: Option<CaseId>,
    /// The date of the list that the referral came on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list_date: Option<jiff::civil::Date>,
    /// Why facts are missing that a referral can give.
    #[serde(default, skip_serializing_if = "MissingFacts::is_empty")]
    pub missing_reasons: MissingFacts,
}

/// An age in whole years: 0 to [`AgeYears::MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u8")]
pub struct AgeYears(u8);

/// An age that nobody has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an age is of 0 to {} years", AgeYears::MAX)]
pub struct NoSuchAge;

impl AgeYears {
    /// The highest.
    pub const MAX: u8 = 120;
}

impl TryFrom<u32> for AgeYears {
    type Error = NoSuchAge;

    fn try_from(years: u32) -> Result<Self, NoSuchAge> {
        let years = u8::try_from(years).ok().filter(|years| *years <= Self::MAX);
        years.map(Self).ok_or(NoSuchAge)
    }
}

impl From<AgeYears> for u8 {
    fn from(AgeYears(years): AgeYears) -> Self {
        years
    }
}

impl fmt::Display for AgeYears {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Why facts of a referral are missing, by the member that each would be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissingFacts {
    /// Why the latest incident is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest_incident_at: Option<MissingReason>,
    /// Why the number of incidents is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incidents_12_months: Option<MissingReason>,
    /// Why the age is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age_years: Option<MissingReason>,
}

impl MissingFacts {
    /// Whether it says nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl ReferralReceived {
    /// What is wrong with it by itself. Whether it fits its programme is for
    /// [`crate::programme::check_referral`], which is given the definition.
    pub(crate) fn check(&self, received: Occurred) -> Result<(), CaseError> {
        let MissingFacts { latest_incident_at, incidents_12_months, age_years } =
            self.missing_reasons;
        if latest_incident_at.is_some() && self.latest_incident_at.is_some() {
            return Err(CaseError::GivenAndMissing { member: "latest_incident_at" });
        }
        if incidents_12_months.is_some() && self.incidents_12_months.is_some() {
            return Err(CaseError::GivenAndMissing { member: "incidents_12_months" });
        }
        if age_years.is_some() && self.age_years.is_some() {
            return Err(CaseError::GivenAndMissing { member: "age_years" });
        }
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

impl Case {
    /// Whether a person whose case this is may come back with a new referral. A person's case that
    /// is not closed goes on; one that is closed is reopened, or left as it is and returned from.
    ///
    /// # Errors
    /// When the case is somebody else's or none, is not closed, or was closed after the referral.
    pub fn may_be_returned_from(
        &self,
        person: PersonId,
        received: Occurred,
    ) -> Result<(), CaseError> {
        let is_theirs = |referral: &Referral| referral.person_id == person;
        if !self.state().referral.as_ref().is_some_and(is_theirs) {
            return Err(CaseError::NotReferred);
        }
        let status = self.state().status;
        let ended = self.state().episodes.last().and_then(|episode| episode.ended);
        match ended.filter(|_| status == CaseStatus::Closed) {
            None => Err(CaseError::NotClosed { status }),
            Some(closed) if received.bounds().1 < closed.bounds().0 => {
                Err(CaseError::BeforePreviousStep { previous_at: closed.at })
            }
            Some(_) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::testing::{
        at, closed, event_id, given, open_case, received, referral, reopened, with,
    };
    use crate::recorded::Happened;

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
    fn a_fact_is_given_or_said_to_be_missing() {
        let mut facts = referral();
        facts.0.missing_reasons.latest_incident_at = Some(MissingReason::UnsafeToAsk);
        facts.0.missing_reasons.incidents_12_months = Some(MissingReason::NotAsked);
        facts.0.latest_incident_at = None;
        facts.0.incidents_12_months = None;
        let expected = CaseEvent::ReferralReceived(facts.0.clone());
        given([]).when(facts.clone(), at(1)).then(expected);
        facts.0.incidents_12_months = Some(3);
        let both = CaseError::GivenAndMissing { member: "incidents_12_months" };
        given([]).when(facts, at(1)).then_refused(&both);
    }

    #[test]
    fn an_incident_cannot_come_after_the_referral_it_led_to() {
        let mut late = referral();
        late.0.latest_incident_at = Some(at(3).at);
        given([]).when(late, at(1)).then_refused(&CaseError::IncidentAfterReferral);
    }

    #[test]
    fn a_person_comes_back_from_a_case_of_theirs_that_was_closed_before() {
        let person = referral().0.person_id;
        let back = |history: Vec<(CaseEvent, Occurred)>, person, day| {
            let mut case = Case::default();
            for (n, (event, occurred)) in (1..).zip(history) {
                case.take(Happened { event_id: event_id(n), occurred, event });
            }
            case.may_be_returned_from(person, at(day))
        };
        let ended = || with(open_case(), [(closed(), at(8))]);
        assert_eq!(back(ended(), person, 8), Ok(()));
        let too_early = CaseError::BeforePreviousStep { previous_at: at(8).at };
        assert_eq!(back(ended(), person, 7), Err(too_early));
        let another = PersonId(uuid::Uuid::from_u128(99));
        assert_eq!(back(ended(), another, 9), Err(CaseError::NotReferred));
        assert_eq!(back(Vec::new(), person, 9), Err(CaseError::NotReferred));
        let open = CaseError::NotClosed { status: CaseStatus::Open };
        assert_eq!(back(open_case(), person, 9), Err(open.clone()));
        assert_eq!(back(with(ended(), [(reopened(), at(9))]), person, 10), Err(open));
    }
}

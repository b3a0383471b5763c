//! The events of a case, and their stored form.
//!
//! A stored type name is a fixed string. A golden file in `domain/tests/golden` freezes every
//! stored form; an old one is never edited, and is read as the newest (`upcast`).

use serde::{Deserialize, Serialize};

use crate::case::CaseError;
use crate::case::accept_referral::ReferralAccepted;
use crate::case::allocate_arm::ArmAllocated;
use crate::case::allocate_case::CaseAllocated;
use crate::case::amend_fact::{self, FactCorrected, FactRetracted};
use crate::case::change_child_protection_status::ChildProtectionStatusChanged;
use crate::case::change_placement::PlacementChanged;
use crate::case::close_case::CaseClosed;
use crate::case::complete_review::ReviewCompleted;
use crate::case::decline_referral::ReferralDeclined;
use crate::case::hand_over_case::CaseHandedOver;
use crate::case::hold_contact::{ContactHeld, ContactHoldLifted};
use crate::case::identify_need::NeedIdentified;
use crate::case::propose_closure::{ClosureProposed, ClosureRefused};
use crate::case::provide_support::SupportProvided;
use crate::case::receive_linked_information::LinkedInformationReceived;
use crate::case::receive_referral::ReferralReceived;
use crate::case::record_agency_action::AgencyActionRecorded;
use crate::case::record_contact_attempt::ContactAttempted;
use crate::case::record_measure::MeasureRecorded;
use crate::case::record_protective_order::ProtectiveOrderRecorded;
use crate::case::record_risk_assessment::RiskAssessed;
use crate::case::refer_to_multi_agency_forum::MultiAgencyReferralMade;
use crate::case::reopen_case::CaseReopened;
use crate::case::report_incident::IncidentReported;
use crate::case::request_information::{
    InformationChased, InformationEscalated, InformationReceived, InformationRefused,
    InformationRequested,
};
use crate::case::resolve_need::NeedResolved;
use crate::case::set_safe_contact_plan::SafeContactPlanSet;
use crate::case::transfer_case::CaseTransferred;
use crate::case::waitlist_referral::ReferralWaitlisted;
use crate::time::Occurred;
use crate::upcast::{self, Step};

/// A stored event that this program cannot read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnreadableEvent {
    /// The type, or this version of it, is not known.
    #[error("no event {event_type} of version {version} is known")]
    UnknownType {
        /// The stored type name.
        event_type: String,
        /// The stored schema version.
        version: i16,
    },
    /// The stored facts do not have the form of their type.
    #[error("the facts of {event_type} cannot be read from column {column} on")]
    Malformed {
        /// The stored type name.
        event_type: &'static str,
        /// The column at which decoding stopped. The decoder's own text would quote the values.
        column: usize,
    },
}

macro_rules! case_events {
    ($($name:ident = $version:literal $(from [$($step:path),+])?,)+) => {
        /// Something that happened in a case.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "type", content = "data")]
        pub enum CaseEvent {
            $(
                #[doc = concat!("`", stringify!($name), "`, version ", $version, ".")]
                $name($name),
            )+
        }

        impl CaseEvent {
            /// The stored names of all types, with the newest version of each.
            pub const TYPES: &'static [(&'static str, i16)] = &[$((stringify!($name), $version),)+];

            /// The stored name of the type.
            #[must_use]
            pub fn type_name(&self) -> &'static str {
                match self { $(Self::$name(_) => stringify!($name),)+ }
            }

            /// The version in which the event is stored.
            #[must_use]
            pub fn schema_version(&self) -> i16 {
                match self { $(Self::$name(_) => $version,)+ }
            }

            /// The coded facts as the exact JSON text to store.
            ///
            /// # Errors
            /// When a value has no JSON form; no type here has such a value.
            pub fn to_data(&self) -> Result<String, serde_json::Error> {
                match self { $(Self::$name(facts) => serde_json::to_string(facts),)+ }
            }

            /// Reads an event back from its stored form, of whatever version, as the newest.
            ///
            /// # Errors
            /// [`UnreadableEvent`] when the type, version or facts are not known.
            pub fn from_stored(
                event_type: &str,
                version: i16,
                data: &str,
            ) -> Result<Self, UnreadableEvent> {
                match event_type {
                    $(stringify!($name) => {
                        // As many as there are older versions, or this does not compile.
                        const STEPS: [Step; $version - 1] = [$($($step),+)?];
                        upcast::read(stringify!($name), &STEPS, version, data).map(Self::$name)
                    })+
                    _ => Err(UnreadableEvent::UnknownType {
                        event_type: event_type.to_owned(),
                        version,
                    }),
                }
            }
        }
    };
}

case_events! {
    ReferralReceived = 1,
    ReferralAccepted = 1,
    ReferralDeclined = 1,
    ReferralWaitlisted = 1,
    CaseAllocated = 1,
    ContactAttempted = 1,
    RiskAssessed = 1,
    AgencyActionRecorded = 1,
    MeasureRecorded = 1,
    NeedIdentified = 1,
    SupportProvided = 1,
    IncidentReported = 1,
    MultiAgencyReferralMade = 1,
    ProtectiveOrderRecorded = 1,
    ChildProtectionStatusChanged = 1,
    InformationRequested = 1,
    InformationChased = 1,
    InformationEscalated = 1,
    InformationReceived = 1,
    InformationRefused = 1,
    CaseHandedOver = 1,
    CaseTransferred = 1,
    ArmAllocated = 1,
    SafeContactPlanSet = 1,
    ContactHeld = 1,
    ContactHoldLifted = 1,
    NeedResolved = 1,
    PlacementChanged = 1,
    ReviewCompleted = 1,
    ClosureProposed = 1,
    ClosureRefused = 1,
    LinkedInformationReceived = 1,
    CaseClosed = 1,
    CaseReopened = 1,
    FactCorrected = 2 from [amend_fact::name_the_replacements_version],
    FactRetracted = 1,
}

impl CaseEvent {
    /// Whether the fact is work with the person, or an observation made in that work: such a fact
    /// lies inside an episode. Incidents, orders and the children's status may be older than the
    /// case; an answer to a request may come after it closed.
    #[must_use]
    pub fn belongs_in_an_episode(&self) -> bool {
        match self {
            Self::ContactAttempted(_)
            | Self::RiskAssessed(_)
            | Self::AgencyActionRecorded(_)
            | Self::MeasureRecorded(_)
            | Self::NeedIdentified(_)
            | Self::SupportProvided(_)
            | Self::MultiAgencyReferralMade(_)
            | Self::InformationRequested(_)
            | Self::CaseTransferred(_)
            | Self::ContactHeld(_)
            | Self::PlacementChanged(_)
            | Self::LinkedInformationReceived(_)
            | Self::ReviewCompleted(_) => true,
            Self::ReferralReceived(_)
            | Self::ReferralAccepted(_)
            | Self::ReferralDeclined(_)
            | Self::ReferralWaitlisted(_)
            | Self::CaseAllocated(_)
            | Self::IncidentReported(_)
            | Self::ProtectiveOrderRecorded(_)
            | Self::ChildProtectionStatusChanged(_)
            | Self::InformationChased(_)
            | Self::InformationEscalated(_)
            | Self::InformationReceived(_)
            | Self::InformationRefused(_)
            | Self::CaseHandedOver(_)
            | Self::ArmAllocated(_)
            | Self::SafeContactPlanSet(_)
            | Self::ContactHoldLifted(_)
            | Self::NeedResolved(_)
            | Self::ClosureProposed(_)
            | Self::ClosureRefused(_)
            | Self::CaseClosed(_)
            | Self::CaseReopened(_)
            | Self::FactCorrected(_)
            | Self::FactRetracted(_) => false,
        }
    }

    /// The person that a referral is about; `None` for every other event.
    #[must_use]
    pub fn person(&self) -> Option<crate::ids::PersonId> {
        if let Self::ReferralReceived(facts) = self { Some(facts.person_id) } else { None }
    }

    /// Whether the facts can be right in themselves, whatever the case.
    ///
    /// # Errors
    /// When they contradict one another or the time at which they happened.
    pub fn check(&self, occurred: Occurred) -> Result<(), CaseError> {
        if let Self::ReferralReceived(facts) = self {
            facts.check(occurred)
        } else if let Self::MeasureRecorded(facts) = self {
            facts.check()
        } else if let Self::InformationRequested(facts) = self {
            facts.check(occurred)
        } else if let Self::SafeContactPlanSet(facts) = self {
            facts.check()
        } else if let Self::PlacementChanged(facts) = self {
            facts.check()
        } else if let Self::ReviewCompleted(facts) = self {
            facts.check(occurred)
        } else if let Self::FactCorrected(facts) = self {
            facts.replacement.check(facts.occurred)
        } else {
            Ok(())
        }
    }

    /// Whether the fact stands as it was recorded, for good: an arm is drawn once, and what was told
    /// was told.
    ///
    /// # Errors
    /// Why it cannot be amended.
    pub fn may_be_amended(&self) -> Result<(), CaseError> {
        if let Self::ArmAllocated(_) = self {
            Err(CaseError::ArmIsFinal)
        } else if let Self::LinkedInformationReceived(_) = self {
            Err(CaseError::LinkedInformationIsFinal)
        } else {
            Ok(())
        }
    }

    /// The fact that a correction or retraction is about; `None` for a fact itself.
    #[must_use]
    pub fn amends(&self) -> Option<crate::ids::EventId> {
        if let Self::FactCorrected(correction) = self {
            Some(correction.corrects)
        } else if let Self::FactRetracted(retraction) = self {
            Some(retraction.retracts)
        } else {
            None
        }
    }
}

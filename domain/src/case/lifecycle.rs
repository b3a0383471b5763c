//! Which status follows which: `referred -> (waiting) -> accepted | declined`,
//! `accepted -> open -> closed`, `closed -> open` again as the next episode.

use crate::case::CaseEvent;

/// Where a case stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaseStatus {
    /// Referred, not yet decided on.
    Referred,
    /// Put on the waiting list.
    Waiting,
    /// Taken on, not yet with a worker.
    Accepted,
    /// Not taken on.
    Declined,
    /// With a worker.
    Open,
    /// Ended; may be reopened.
    Closed,
}

impl CaseStatus {
    /// Every status.
    pub const ALL: [Self; 6] =
        [Self::Referred, Self::Waiting, Self::Accepted, Self::Declined, Self::Open, Self::Closed];

    /// The status with this text.
    #[must_use]
    pub fn find(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }

    /// Whether the case is in work: taken on, and neither closed nor given up.
    #[must_use]
    pub fn is_in_work(self) -> bool {
        match self {
            Self::Accepted | Self::Open => true,
            Self::Referred | Self::Waiting | Self::Declined | Self::Closed => false,
        }
    }

    /// The text exchanged.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Referred => "referred",
            Self::Waiting => "waiting",
            Self::Accepted => "accepted",
            Self::Declined => "declined",
            Self::Open => "open",
            Self::Closed => "closed",
        }
    }
}

/// A step in a case's lifecycle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transition {
    /// `ReferralReceived`
    Receive,
    /// `ReferralWaitlisted`
    Waitlist,
    /// `ReferralAccepted`
    Accept,
    /// `ReferralDeclined`
    Decline,
    /// `CaseAllocated`
    Allocate,
    /// `CaseHandedOver`
    HandOver,
    /// `CaseClosed`
    Close,
    /// `CaseReopened`
    Reopen,
}

impl Transition {
    /// The step that an event takes, if it takes one.
    #[must_use]
    pub fn of(event: &CaseEvent) -> Option<Self> {
        match event {
            CaseEvent::ReferralReceived(_) => Some(Self::Receive),
            CaseEvent::ReferralWaitlisted(_) => Some(Self::Waitlist),
            CaseEvent::ReferralAccepted(_) => Some(Self::Accept),
            CaseEvent::ReferralDeclined(_) => Some(Self::Decline),
            CaseEvent::CaseAllocated(_) => Some(Self::Allocate),
            CaseEvent::CaseHandedOver(_) => Some(Self::HandOver),
            CaseEvent::CaseClosed(_) => Some(Self::Close),
            CaseEvent::CaseReopened(_) => Some(Self::Reopen),
            CaseEvent::ContactAttempted(_)
            | CaseEvent::RiskAssessed(_)
            | CaseEvent::AgencyActionRecorded(_)
            | CaseEvent::MeasureRecorded(_)
            | CaseEvent::NeedIdentified(_)
            | CaseEvent::SupportProvided(_)
            | CaseEvent::IncidentReported(_)
            | CaseEvent::MultiAgencyReferralMade(_)
            | CaseEvent::ProtectiveOrderRecorded(_)
            | CaseEvent::ChildProtectionStatusChanged(_)
            | CaseEvent::InformationRequested(_)
            | CaseEvent::InformationChased(_)
            | CaseEvent::InformationEscalated(_)
            | CaseEvent::InformationReceived(_)
            | CaseEvent::InformationRefused(_)
            | CaseEvent::CaseTransferred(_)
            | CaseEvent::ArmAllocated(_)
            | CaseEvent::LinkedInformationReceived(_)
            | CaseEvent::SafeContactPlanSet(_)
            | CaseEvent::ContactHeld(_)
            | CaseEvent::ContactHoldLifted(_)
            | CaseEvent::NeedResolved(_)
            | CaseEvent::PlacementChanged(_)
            | CaseEvent::ReviewCompleted(_)
            | CaseEvent::ClosureProposed(_)
            | CaseEvent::ClosureRefused(_)
            | CaseEvent::FactCorrected(_)
            | CaseEvent::FactRetracted(_) => None,
        }
    }

    /// The status that the step leads to.
    #[must_use]
    pub fn leads_to(self) -> CaseStatus {
        match self {
            Self::Receive => CaseStatus::Referred,
            Self::Waitlist => CaseStatus::Waiting,
            Self::Accept => CaseStatus::Accepted,
            Self::Decline => CaseStatus::Declined,
            Self::Allocate | Self::HandOver | Self::Reopen => CaseStatus::Open,
            Self::Close => CaseStatus::Closed,
        }
    }

    /// Whether the step may be taken from `status` (`None`: not referred yet).
    #[must_use]
    pub fn may_follow(self, status: Option<CaseStatus>) -> bool {
        use CaseStatus::{Accepted, Closed, Open, Referred, Waiting};
        match self {
            Self::Receive => status.is_none(),
            Self::Waitlist => status == Some(Referred),
            Self::Accept | Self::Decline => matches!(status, Some(Referred | Waiting)),
            Self::Allocate | Self::Close => matches!(status, Some(Accepted | Open)),
            Self::HandOver => status == Some(Open),
            Self::Reopen => status == Some(Closed),
        }
    }
}

/// Whether `steps`, in the order in which they happened, are a life that a case can have.
#[must_use]
pub fn is_legal(steps: impl IntoIterator<Item = Transition>) -> bool {
    let mut status = None;
    steps.into_iter().all(|step| {
        let legal = step.may_follow(status);
        status = Some(step.leads_to());
        legal
    })
}

//! Asking an agency for information, and what comes of the request: chased, escalated, answered
//! or refused. A request is known by the event that made it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::case::{Case, CaseError, CaseEvent, Moment};
use crate::code::Code;
use crate::code_lists::Agency;
use crate::ids::EventId;
use crate::time::Occurred;

/// Ask an agency.
#[derive(Debug, Clone, PartialEq)]
pub struct RequestInformation(pub InformationRequested);

/// An agency was asked for information.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InformationRequested {
    /// Which agency.
    pub agency: Agency,
    /// What was asked for, as a code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub what: Option<Code>,
    /// When the answer is due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_at: Option<Timestamp>,
    /// The lawful basis, as a code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lawful_basis: Option<Code>,
}

/// Follow a request up. The request stays open until it is answered or refused.
#[derive(Debug, Clone, PartialEq)]
pub enum FollowRequestUp {
    /// Ask again.
    Chase(InformationChased),
    /// Take it to somebody senior.
    Escalate(InformationEscalated),
    /// Write down that the answer came.
    Receive(InformationReceived),
    /// Write down that the agency refused.
    Refuse(InformationRefused),
}

/// The agency was asked again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InformationChased {
    /// The request.
    pub request: EventId,
}

/// The request was taken to somebody senior.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InformationEscalated {
    /// The request.
    pub request: EventId,
    /// To whom, as a code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Code>,
}

/// The answer came.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InformationReceived {
    /// The request.
    pub request: EventId,
}

/// The agency refused.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InformationRefused {
    /// The request.
    pub request: EventId,
    /// Why, as a code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Code>,
}

impl InformationRequested {
    pub(crate) fn check(&self, occurred: Occurred) -> Result<(), CaseError> {
        let (earliest, _) = occurred.bounds();
        match self.due_at {
            Some(due) if due < earliest => Err(CaseError::DueBeforeRequest),
            _ => Ok(()),
        }
    }
}

impl RequestInformation {
    /// # Errors
    /// When it was made outside every episode.
    pub fn decide(self, case: &Case, moment: &Moment) -> Result<CaseEvent, CaseError> {
        case.require_episode_at(moment.occurred)?;
        Ok(CaseEvent::InformationRequested(self.0))
    }
}

impl FollowRequestUp {
    fn request(&self) -> EventId {
        match self {
            Self::Chase(InformationChased { request })
            | Self::Escalate(InformationEscalated { request, .. })
            | Self::Receive(InformationReceived { request })
            | Self::Refuse(InformationRefused { request, .. }) => *request,
        }
    }

    pub(crate) fn into_facts(self) -> CaseEvent {
        match self {
            Self::Chase(facts) => CaseEvent::InformationChased(facts),
            Self::Escalate(facts) => CaseEvent::InformationEscalated(facts),
            Self::Receive(facts) => CaseEvent::InformationReceived(facts),
            Self::Refuse(facts) => CaseEvent::InformationRefused(facts),
        }
    }

    /// An answer may come after the case has closed, so no episode is asked for.
    ///
    /// # Errors
    /// When the case has no such request, or it is retracted or closed.
    pub fn decide(self, case: &Case) -> Result<CaseEvent, CaseError> {
        let request = self.request();
        match case.find(request).map(|found| &found.event) {
            Some(CaseEvent::InformationRequested(_)) => {}
            Some(_) | None => return Err(CaseError::UnknownRequest { request }),
        }
        if !case.has_open_request(request) {
            case.require_standing(request)?;
            return Err(CaseError::RequestClosed);
        }
        Ok(self.into_facts())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::testing::{at, event_id, given, open_case, retracted, with};

    fn request() -> InformationRequested {
        InformationRequested {
            agency: Agency::Police,
            what: None,
            due_at: Some(at(20).at),
            lawful_basis: None,
        }
    }

    fn requested() -> Vec<(CaseEvent, crate::time::Occurred)> {
        with(open_case(), [(CaseEvent::InformationRequested(request()), at(5))])
    }

    /// The request is the case's fourth event.
    const REQUEST: u8 = 4;

    #[test]
    fn information_is_requested() {
        given(open_case())
            .when(RequestInformation(request()), at(5))
            .then(CaseEvent::InformationRequested(request()));
    }

    #[test]
    fn a_request_is_not_due_before_it_is_made() {
        given(open_case())
            .when(RequestInformation(request()), at(21))
            .then_refused(&CaseError::DueBeforeRequest);
    }

    #[test]
    fn an_open_request_is_answered() {
        let answer = InformationReceived { request: event_id(REQUEST) };
        given(requested())
            .when(FollowRequestUp::Receive(answer.clone()), at(6))
            .then(CaseEvent::InformationReceived(answer));
    }

    #[test]
    fn an_answered_request_is_not_chased() {
        let answer =
            CaseEvent::InformationReceived(InformationReceived { request: event_id(REQUEST) });
        given(with(requested(), [(answer, at(6))]))
            .when(FollowRequestUp::Chase(InformationChased { request: event_id(REQUEST) }), at(7))
            .then_refused(&CaseError::RequestClosed);
    }

    #[test]
    fn a_request_that_was_retracted_is_not_followed_up() {
        given(with(requested(), [(retracted(REQUEST), at(6))]))
            .when(FollowRequestUp::Chase(InformationChased { request: event_id(REQUEST) }), at(7))
            .then_refused(&CaseError::AlreadyRetracted);
    }

    #[test]
    fn a_request_of_another_case_is_refused() {
        given(requested())
            .when(FollowRequestUp::Chase(InformationChased { request: event_id(99) }), at(7))
            .then_refused(&CaseError::UnknownRequest { request: event_id(99) });
    }
}

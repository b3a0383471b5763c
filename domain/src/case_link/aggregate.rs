//! A link as the event-sourcing framework sees it: linking two cases, and ending that.

use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::case::Moment;
use crate::case_link::{CaseLinkError, CaseLinkEvent};
use crate::code_lists::{LinkEndReason, LinkReason};
use crate::ids::{CaseId, EventId};
use crate::recorded::{Happened, Recorded};
use crate::two_clocks::Asked;

/// What the ids of links are made from: never to be changed.
const NAMESPACE: Uuid = Uuid::from_u128(0x2b4f_9a52_1c7e_5b1d_8d3a_6e90_c4d7_7f15);

/// Two cases that are not the same, the lower id first: a link has no direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "[CaseId; 2]", into = "[CaseId; 2]")]
pub struct Pair {
    lower: CaseId,
    higher: CaseId,
}

/// A case with itself is no pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a case is not linked with itself")]
pub struct SameCase;

/// Link two cases, or link them again.
#[derive(Debug, Clone, PartialEq)]
pub struct LinkCases(pub CasesLinked);

/// Two cases were linked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CasesLinked {
    /// Which.
    pub cases: Pair,
    /// Why.
    pub reason: LinkReason,
}

/// End a link.
#[derive(Debug, Clone, PartialEq)]
pub struct EndCaseLink(pub CaseLinkEnded);

/// A link ended: nothing passes any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseLinkEnded {
    /// Why.
    pub reason: LinkEndReason,
}

/// What is to be decided, and when.
#[derive(Debug, Clone, PartialEq)]
pub struct CaseLinkCommand {
    /// When.
    pub moment: Moment,
    /// What.
    pub intent: CaseLinkIntent,
}

/// What a caller wants of a link.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "each command is documented where it is defined")]
pub enum CaseLinkIntent {
    LinkCases(LinkCases),
    EndCaseLink(EndCaseLink),
}

/// A time in which two cases were linked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Linking {
    /// The event that linked them. What passes is named after it.
    pub event_id: EventId,
    /// Why they were linked.
    pub reason: LinkReason,
    /// Since when.
    pub linked_at: Timestamp,
    /// Until when and why, once it ended.
    pub ended: Option<(Timestamp, LinkEndReason)>,
}

/// A pair of cases, and when they were linked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseLink {
    /// The cases; `None`: they never were linked.
    pub cases: Option<Pair>,
    /// The times in which they were linked, in their order.
    pub linkings: Vec<Linking>,
    last_step_at: Option<Timestamp>,
}

impl Pair {
    /// Two cases, in either order.
    ///
    /// # Errors
    /// [`SameCase`].
    pub fn new(one: CaseId, other: CaseId) -> Result<Self, SameCase> {
        if one == other {
            return Err(SameCase);
        }
        Ok(Self { lower: one.min(other), higher: one.max(other) })
    }

    /// Both.
    #[must_use]
    pub fn both(self) -> [CaseId; 2] {
        [self.lower, self.higher]
    }

    /// The case at the other end; `None` for a case that is not of the pair.
    #[must_use]
    pub fn other(self, case: CaseId) -> Option<CaseId> {
        match case {
            case if case == self.lower => Some(self.higher),
            case if case == self.higher => Some(self.lower),
            _ => None,
        }
    }

    /// The id of the pair's link.
    #[must_use]
    pub fn link_id(self) -> Uuid {
        let mut name = [0; 32];
        name[..16].copy_from_slice(self.lower.0.as_bytes());
        name[16..].copy_from_slice(self.higher.0.as_bytes());
        Uuid::new_v5(&NAMESPACE, &name)
    }
}

impl TryFrom<[CaseId; 2]> for Pair {
    type Error = SameCase;

    fn try_from([one, other]: [CaseId; 2]) -> Result<Self, SameCase> {
        Self::new(one, other)
    }
}

impl From<Pair> for [CaseId; 2] {
    fn from(pair: Pair) -> Self {
        pair.both()
    }
}

impl CaseLink {
    /// A link at two dates. `history` is in the order of recording, which is that of happening.
    #[must_use]
    pub fn at(history: &[Recorded<CaseLinkEvent>], asked: &Asked) -> Self {
        let Asked { as_of, known_at, .. } = *asked;
        let mut link = Self::default();
        let in_view = |event: &&Recorded<CaseLinkEvent>| {
            event.recorded_at <= known_at && event.occurred.at <= as_of
        };
        for event in history.iter().filter(in_view) {
            link.take(event.event_id, event.occurred.at, &event.event);
        }
        link
    }

    /// The linking that goes on.
    #[must_use]
    pub fn present(&self) -> Option<&Linking> {
        self.linkings.last().filter(|linking| linking.ended.is_none())
    }

    fn take(&mut self, event_id: EventId, at: Timestamp, event: &CaseLinkEvent) {
        self.last_step_at = Some(at);
        match event {
            CaseLinkEvent::CasesLinked(facts) => {
                self.cases = Some(facts.cases);
                let reason = facts.reason;
                self.linkings.push(Linking { event_id, reason, linked_at: at, ended: None });
            }
            CaseLinkEvent::CaseLinkEnded(facts) => {
                if let Some(linking) = self.linkings.last_mut() {
                    linking.ended.get_or_insert((at, facts.reason));
                }
            }
        }
    }
}

/// Decides a command against a link.
///
/// # Errors
/// The first rule that refuses.
pub fn decide(
    link: &CaseLink,
    CaseLinkCommand { moment, intent }: CaseLinkCommand,
) -> Result<CaseLinkEvent, CaseLinkError> {
    let event = match intent {
        CaseLinkIntent::LinkCases(LinkCases(facts)) => {
            if link.present().is_some() {
                return Err(CaseLinkError::AlreadyLinked);
            }
            CaseLinkEvent::CasesLinked(facts)
        }
        CaseLinkIntent::EndCaseLink(EndCaseLink(facts)) => {
            if link.linkings.is_empty() {
                return Err(CaseLinkError::NeverLinked);
            }
            if link.present().is_none() {
                return Err(CaseLinkError::LinkEnded);
            }
            CaseLinkEvent::CaseLinkEnded(facts)
        }
    };
    let occurred_at = moment.occurred.at;
    if moment.occurred.is_after(moment.now) {
        return Err(CaseLinkError::InFuture { occurred_at });
    }
    match link.last_step_at {
        Some(previous_at) if occurred_at < previous_at => {
            Err(CaseLinkError::BeforePreviousStep { previous_at })
        }
        _ => Ok(event),
    }
}

impl Aggregate for CaseLink {
    const TYPE: &'static str = "case_link";
    type Command = CaseLinkCommand;
    type Event = Happened<CaseLinkEvent>;
    type Error = CaseLinkError;
    type Services = ();

    async fn handle(
        &mut self,
        command: CaseLinkCommand,
        (): &(),
        sink: &EventSink<Self>,
    ) -> Result<(), CaseLinkError> {
        let Moment { event_id, occurred, .. } = command.moment;
        let event = decide(self, command)?;
        sink.write(Happened { event_id, occurred, event }, self).await;
        Ok(())
    }

    fn apply(&mut self, happened: Happened<CaseLinkEvent>) {
        self.take(happened.event_id, happened.occurred.at, &happened.event);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::testing::{at, event_id};
    use crate::time::Occurred;

    fn pair() -> Pair {
        Pair::new(CaseId(Uuid::from_u128(2)), CaseId(Uuid::from_u128(1))).unwrap()
    }

    fn linked() -> CasesLinked {
        CasesLinked { cases: pair(), reason: LinkReason::PerpetratorAndVictimSurvivor }
    }

    fn ended() -> CaseLinkEnded {
        CaseLinkEnded { reason: LinkEndReason::LinkedInError }
    }

    fn link(history: &[(CaseLinkEvent, Occurred)]) -> CaseLink {
        let mut link = CaseLink::default();
        for (n, (event, occurred)) in (1..).zip(history.iter().cloned()) {
            link.apply(Happened { event_id: event_id(n), occurred, event });
        }
        link
    }

    fn when(
        link: &CaseLink,
        intent: CaseLinkIntent,
        occurred: Occurred,
    ) -> Result<CaseLinkEvent, CaseLinkError> {
        let moment = Moment { event_id: event_id(200), occurred, now: at(100).at };
        decide(link, CaseLinkCommand { moment, intent })
    }

    fn link_cases() -> CaseLinkIntent {
        CaseLinkIntent::LinkCases(LinkCases(linked()))
    }

    fn end() -> CaseLinkIntent {
        CaseLinkIntent::EndCaseLink(EndCaseLink(ended()))
    }

    #[test]
    fn a_pair_has_one_link_whichever_case_is_named_first() {
        let (one, other) = (CaseId(Uuid::from_u128(1)), CaseId(Uuid::from_u128(2)));
        assert_eq!(Pair::new(one, other), Pair::new(other, one));
        assert_eq!(Pair::new(one, one), Err(SameCase));
        assert_eq!(pair().other(one), Some(other));
        assert_eq!(pair().other(CaseId(Uuid::from_u128(3))), None);
        // Stored for good, so never another.
        assert_eq!(pair().link_id().to_string(), "31bbcf17-e5f6-509c-a5a4-32349bced368");
    }

    #[test]
    fn two_cases_are_linked_once_at_a_time() {
        let never = link(&[]);
        assert_eq!(when(&never, link_cases(), at(1)), Ok(CaseLinkEvent::CasesLinked(linked())));
        let linked_once = [(CaseLinkEvent::CasesLinked(linked()), at(1))];
        let present = link(&linked_once);
        assert_eq!(when(&present, link_cases(), at(2)), Err(CaseLinkError::AlreadyLinked));
        assert_eq!(present.present().unwrap().event_id, event_id(1));
    }

    #[test]
    fn a_link_ends_once_and_may_begin_again() {
        assert_eq!(when(&link(&[]), end(), at(2)), Err(CaseLinkError::NeverLinked));
        let mut history = vec![(CaseLinkEvent::CasesLinked(linked()), at(1))];
        let ended = CaseLinkEvent::CaseLinkEnded(ended());
        assert_eq!(when(&link(&history), end(), at(2)), Ok(ended.clone()));
        history.push((ended, at(2)));
        let gone = link(&history);
        assert_eq!(gone.present(), None);
        assert_eq!(when(&gone, end(), at(3)), Err(CaseLinkError::LinkEnded));
        assert!(when(&gone, link_cases(), at(3)).is_ok());
        let again =
            link(&[&history[..], &[(CaseLinkEvent::CasesLinked(linked()), at(3))]].concat());
        assert_eq!(again.linkings.len(), 2);
        assert_eq!(again.present().unwrap().event_id, event_id(3));
    }

    #[test]
    fn no_step_comes_before_the_one_it_follows_or_in_the_future() {
        let previous_at = at(5).at;
        let present = link(&[(CaseLinkEvent::CasesLinked(linked()), at(5))]);
        let refused = when(&present, end(), at(4));
        assert_eq!(refused, Err(CaseLinkError::BeforePreviousStep { previous_at }));
        let occurred_at = at(10_000).at;
        let refused = when(&present, end(), at(10_000));
        assert_eq!(refused, Err(CaseLinkError::InFuture { occurred_at }));
    }
}

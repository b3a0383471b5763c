//! The answer at two dates, worked out the slow and plain way.
//!
//! Written from one sentence of the design and sharing nothing with the fold it checks: "take
//! events with `recorded_at <= known_at`; let the latest correction or retraction of each fact,
//! among those, win; keep facts with `occurred_at <= as_of`; fold in `(occurred_at, position)`
//! order". Each part of the answer is then looked up on its own in the facts that remain.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "each part of the answer looks for its own events and passes over the rest"
)]

use jiff::Timestamp;
use throughline_domain::case::{CaseEvent, CaseState};
use throughline_domain::code::Code;
use throughline_domain::code_lists::{ContactOutcome, RiskLevel};
use throughline_domain::ids::EventId;
use throughline_domain::recorded::Recorded;
use throughline_domain::two_clocks::{Asked, Reading};

/// What is compared.
#[derive(Debug, PartialEq)]
pub(crate) struct Answer {
    is_referred: bool,
    status: &'static str,
    episodes: Vec<(Timestamp, Option<Timestamp>)>,
    worker: Option<Code>,
    risk: Option<(RiskLevel, EventId, Timestamp)>,
    attempts: usize,
    reached: usize,
    last_attempt_at: Option<Timestamp>,
    last_reached_at: Option<Timestamp>,
    open_requests: Vec<EventId>,
    open_needs: Vec<EventId>,
    area: Option<Code>,
    arm: Option<Code>,
    placement: Option<Code>,
    closure_proposal: Option<EventId>,
    holds_in_force: Vec<EventId>,
}

/// One fact in force.
struct Fact {
    at: Timestamp,
    position: i64,
    id: EventId,
    event: CaseEvent,
}

/// The naive answer.
pub(crate) fn answer(history: &[Recorded<CaseEvent>], asked: &Asked) -> Answer {
    let facts = in_force(history, asked);
    let (attempts, reached) = (attempts(&facts, false), attempts(&facts, true));
    Answer {
        is_referred: facts.iter().any(|fact| matches!(fact.event, CaseEvent::ReferralReceived(_))),
        status: facts.iter().rev().find_map(|fact| status_after(&fact.event)).unwrap_or("referred"),
        episodes: episodes(&facts),
        worker: facts.iter().rev().find_map(|fact| match &fact.event {
            CaseEvent::CaseAllocated(facts) => Some(facts.worker.clone()),
            CaseEvent::CaseHandedOver(facts) => Some(facts.worker.clone()),
            _ => None,
        }),
        risk: facts.iter().rev().find_map(|fact| match &fact.event {
            CaseEvent::RiskAssessed(facts) => Some((facts.level, fact.id, fact.at)),
            _ => None,
        }),
        last_attempt_at: attempts.iter().copied().max(),
        last_reached_at: reached.iter().copied().max(),
        attempts: attempts.len(),
        reached: reached.len(),
        open_requests: open_requests(&facts),
        open_needs: open_needs(&facts),
        area: facts.iter().rev().find_map(|fact| match &fact.event {
            CaseEvent::ReferralReceived(facts) => Some(facts.area.clone()),
            CaseEvent::CaseTransferred(facts) => Some(facts.area.clone()),
            _ => None,
        }),
        arm: facts.iter().rev().find_map(|fact| match &fact.event {
            CaseEvent::ArmAllocated(facts) => Some(facts.arm.clone()),
            _ => None,
        }),
        placement: facts
            .iter()
            .rev()
            .find_map(|fact| match &fact.event {
                CaseEvent::PlacementChanged(facts) => Some(facts.to.clone()),
                _ => None,
            })
            .flatten(),
        closure_proposal: closure_proposal(&facts),
        holds_in_force: holds_in_force(&facts),
    }
}

/// The same parts of the answer under test.
pub(crate) fn of(state: &CaseState) -> Answer {
    Answer {
        is_referred: state.referral.is_some(),
        status: state.status.as_str(),
        episodes: state
            .episodes
            .iter()
            .map(|episode| (episode.started.at, episode.ended.map(|ended| ended.at)))
            .collect(),
        worker: state.worker.clone(),
        risk: state.risk.as_ref().map(|risk| (risk.level, risk.event_id, risk.occurred.at)),
        attempts: state.contacts.attempts as usize,
        reached: state.contacts.reached as usize,
        last_attempt_at: state.contacts.last_attempt_at,
        last_reached_at: state.contacts.last_reached_at,
        open_requests: state.open_requests.iter().map(|open| open.request).collect(),
        open_needs: state.open_needs.iter().map(|open| open.event_id).collect(),
        area: state.area.clone(),
        arm: state.arm.clone(),
        placement: state.placement.clone(),
        closure_proposal: state.closure_proposal,
        holds_in_force: state
            .contact_safety
            .holds()
            .filter(|hold| hold.until.is_none())
            .map(|hold| hold.event_id)
            .collect(),
    }
}

fn in_force(history: &[Recorded<CaseEvent>], asked: &Asked) -> Vec<Fact> {
    let mut known = Vec::new();
    for event in history {
        if event.recorded_at <= asked.known_at {
            known.push(event.clone());
        }
    }
    let mut facts = Vec::new();
    for original in &known {
        let mut fact = Some(Fact {
            at: original.occurred.at,
            position: original.position.0,
            id: original.event_id,
            event: original.event.clone(),
        });
        if asked.reading == Reading::Effective {
            let mut latest = 0;
            for amendment in &known {
                if amendment.position.0 < latest {
                    continue;
                }
                match &amendment.event {
                    CaseEvent::FactCorrected(correction)
                        if correction.corrects == original.event_id =>
                    {
                        latest = amendment.position.0;
                        fact = Some(Fact {
                            at: correction.occurred.at,
                            position: original.position.0,
                            id: original.event_id,
                            event: (*correction.replacement).clone(),
                        });
                    }
                    CaseEvent::FactRetracted(retraction)
                        if retraction.retracts == original.event_id =>
                    {
                        latest = amendment.position.0;
                        fact = None;
                    }
                    _ => {}
                }
            }
            if is_amendment(&original.event) {
                fact = None;
            }
        }
        facts.extend(fact.filter(|fact| fact.at <= asked.as_of));
    }
    in_order(facts, asked.reading)
}

/// Picks the earliest of the rest until none is left.
fn in_order(mut facts: Vec<Fact>, reading: Reading) -> Vec<Fact> {
    let mut ordered = Vec::new();
    while !facts.is_empty() {
        let mut earliest = 0;
        for (index, fact) in facts.iter().enumerate() {
            let best = &facts[earliest];
            let earlier = match reading {
                Reading::Effective => {
                    fact.at < best.at || (fact.at == best.at && fact.position < best.position)
                }
                Reading::Recorded => fact.position < best.position,
            };
            if earlier {
                earliest = index;
            }
        }
        ordered.push(facts.swap_remove(earliest));
    }
    ordered
}

fn is_amendment(event: &CaseEvent) -> bool {
    matches!(event, CaseEvent::FactCorrected(_) | CaseEvent::FactRetracted(_))
}

fn status_after(event: &CaseEvent) -> Option<&'static str> {
    match event {
        CaseEvent::ReferralReceived(_) => Some("referred"),
        CaseEvent::ReferralWaitlisted(_) => Some("waiting"),
        CaseEvent::ReferralAccepted(_) => Some("accepted"),
        CaseEvent::ReferralDeclined(_) => Some("declined"),
        CaseEvent::CaseAllocated(_) | CaseEvent::CaseHandedOver(_) | CaseEvent::CaseReopened(_) => {
            Some("open")
        }
        CaseEvent::CaseClosed(_) => Some("closed"),
        _ => None,
    }
}

/// An episode runs from each beginning to the first ending before the next beginning.
fn episodes(facts: &[Fact]) -> Vec<(Timestamp, Option<Timestamp>)> {
    let begins = |fact: &Fact| {
        matches!(fact.event, CaseEvent::ReferralReceived(_) | CaseEvent::CaseReopened(_))
    };
    let ends = |fact: &Fact| {
        matches!(fact.event, CaseEvent::CaseClosed(_) | CaseEvent::ReferralDeclined(_))
    };
    let mut episodes = Vec::new();
    for (index, fact) in facts.iter().enumerate() {
        if begins(fact) {
            let rest = facts[index + 1..].iter().take_while(|later| !begins(later));
            let end = rest.filter(|later| ends(later)).map(|later| later.at).next();
            episodes.push((fact.at, end));
        }
    }
    episodes
}

fn attempts(facts: &[Fact], only_reached: bool) -> Vec<Timestamp> {
    let mut times = Vec::new();
    for fact in facts {
        if let CaseEvent::ContactAttempted(attempt) = &fact.event
            && (!only_reached || attempt.outcome == ContactOutcome::Reached)
        {
            times.push(fact.at);
        }
    }
    times
}

/// The requests in view that nothing in view answers or refuses.
fn open_requests(facts: &[Fact]) -> Vec<EventId> {
    let is_closed = |request: EventId| {
        facts.iter().any(|fact| match &fact.event {
            CaseEvent::InformationReceived(answer) => answer.request == request,
            CaseEvent::InformationRefused(refusal) => refusal.request == request,
            _ => false,
        })
    };
    let mut open = Vec::new();
    for fact in facts {
        if matches!(fact.event, CaseEvent::InformationRequested(_)) && !is_closed(fact.id) {
            open.push(fact.id);
        }
    }
    open
}

/// The needs in view that nothing in view resolves.
fn open_needs(facts: &[Fact]) -> Vec<EventId> {
    let resolved: Vec<EventId> = facts
        .iter()
        .filter_map(|fact| match &fact.event {
            CaseEvent::NeedResolved(resolution) => Some(resolution.need),
            _ => None,
        })
        .collect();
    let needs = facts.iter().filter(|fact| matches!(fact.event, CaseEvent::NeedIdentified(_)));
    needs.map(|fact| fact.id).filter(|need| !resolved.contains(need)).collect()
}

/// The latest proposal, unless what came after it closed the case or refused it.
fn closure_proposal(facts: &[Fact]) -> Option<EventId> {
    let latest = facts.iter().rposition(|f| matches!(f.event, CaseEvent::ClosureProposed(_)))?;
    let proposal = facts[latest].id;
    let is_over = facts[latest..].iter().any(|fact| match &fact.event {
        CaseEvent::CaseClosed(_) => true,
        CaseEvent::ClosureRefused(refusal) => refusal.proposal == proposal,
        _ => false,
    });
    (!is_over).then_some(proposal)
}

/// The holds in view that nothing in view lifts.
fn holds_in_force(facts: &[Fact]) -> Vec<EventId> {
    let is_lifted = |hold: EventId| {
        facts.iter().any(|fact| match &fact.event {
            CaseEvent::ContactHoldLifted(lifting) => lifting.hold == hold,
            _ => false,
        })
    };
    let holds = facts.iter().filter(|fact| matches!(fact.event, CaseEvent::ContactHeld(_)));
    holds.map(|fact| fact.id).filter(|hold| !is_lifted(*hold)).collect()
}

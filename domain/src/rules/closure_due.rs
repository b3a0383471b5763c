//! `closure-due/1`: reasons for which closing an open case should be considered. A proposal for a
//! person to confirm: nothing ever closes by itself.
//!
//! - `time_limit`: the episode has lasted as many calendar months as the programme gives.
//! - `disengaged`: attempts since the person was last reached, or since the episode began, went
//!   unanswered over as many months: from the first of them to the latest.
//! - `risk_reduced_sustained`: as `sustained-reduction/1` says.

use jiff::Timestamp;

use crate::code_lists::{ClosureReason, CodeList as _};
use crate::ids::EventId;
use crate::rules::sustained_reduction;
use crate::rules::view::months_after;
use crate::rules::{Answer, CaseView, Value};

/// The rule's name and version.
pub const RULE: &str = "closure-due/1";

/// A reason, since when, and the facts it rests on.
struct Due {
    reason: ClosureReason,
    since: Timestamp,
    basis: Vec<EventId>,
}

/// What the rule says of a case; nothing of one that is not open.
#[must_use]
pub fn answer(view: &CaseView<'_>) -> Answer {
    if !view.is_open() {
        return Answer::not_applicable();
    }
    let all = [time_limit(view), disengaged(view), risk_reduced(view)];
    let due: Vec<Due> =
        all.into_iter().flatten().filter(|due| due.since <= view.asked.as_of).collect();
    let since = due.iter().map(|due| due.since).min();
    let mut basis = Vec::new();
    for event in due.iter().flat_map(|due| &due.basis) {
        if !basis.contains(event) {
            basis.push(*event);
        }
    }
    let value = Value::Codes(due.iter().map(|due| due.reason.as_str()).collect());
    Answer { value, since, basis }
}

fn time_limit(view: &CaseView<'_>) -> Option<Due> {
    let began = view.episode_began()?;
    let since = months_after(began.at, view.settings.maximum_months?);
    Some(Due { reason: ClosureReason::TimeLimit, since, basis: vec![began.event_id] })
}

fn disengaged(view: &CaseView<'_>) -> Option<Due> {
    let months = view.settings.disengaged_after_months?;
    let began = view.episode_began()?;
    let attempts = view.attempts();
    let last_reached = attempts.iter().rposition(|(_, is_reached)| *is_reached);
    let unanswered = &attempts[last_reached.map_or(0, |place| place + 1)..];
    let unanswered: Vec<_> =
        unanswered.iter().map(|(at, _)| *at).filter(|at| began.at <= at.at).collect();
    let limit = months_after(unanswered.first()?.at, months);
    let since = unanswered.iter().find(|at| limit <= at.at)?.at;
    let basis = unanswered.iter().map(|at| at.event_id).collect();
    Some(Due { reason: ClosureReason::Disengaged, since, basis })
}

fn risk_reduced(view: &CaseView<'_>) -> Option<Due> {
    let months = view.settings.sustained_reduction_months?;
    let reduction = sustained_reduction::reduction(view, months)?;
    let reason = ClosureReason::RiskReducedSustained;
    Some(Due { reason, since: reduction.sustained_at, basis: reduction.basis })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::CaseEvent;
    use crate::case::testing::{assessed, at, attempt, closed, event_id, open_case, with};
    use crate::code_lists::ContactOutcome;
    use crate::code_lists::RiskLevel::{High, Standard};
    use crate::rules::testing::answered;

    fn unanswered() -> CaseEvent {
        let mut attempt = attempt();
        attempt.0.outcome = ContactOutcome::NoAnswer;
        CaseEvent::ContactAttempted(attempt.0)
    }

    #[test]
    fn an_episode_has_a_limit() {
        // Two years after day 1, 2 January 2014.
        let limit = 1 + 365 * 2;
        assert_eq!(answered(answer, open_case(), at(limit - 1)).value, Value::Codes(vec![]));
        let due = answered(answer, open_case(), at(limit));
        assert_eq!(due.value, Value::Codes(vec!["time_limit"]));
        assert_eq!((due.since, due.basis), (Some(at(limit).at), vec![event_id(1)]));
    }

    #[test]
    fn attempts_go_unanswered_for_six_months_before_closing_is_proposed() {
        let case = with(open_case(), [(unanswered(), at(10)), (unanswered(), at(100))]);
        assert_eq!(answered(answer, case.clone(), at(400)).value, Value::Codes(vec![]));
        // Six months after day 10, 11 January.
        let tried = with(case.clone(), [(unanswered(), at(10 + 181))]);
        let due = answered(answer, tried, at(400));
        assert_eq!(due.value, Value::Codes(vec!["disengaged"]));
        assert_eq!(due.basis, [event_id(4), event_id(5), event_id(6)]);
        let reached = CaseEvent::ContactAttempted(attempt().0);
        let reached = with(case, [(reached, at(150)), (unanswered(), at(191))]);
        assert_eq!(answered(answer, reached, at(400)).value, Value::Codes(vec![]));
    }

    #[test]
    fn a_risk_that_stays_reduced_is_a_reason_and_all_reasons_are_told() {
        let reduced = with(open_case(), [(assessed(High), at(4)), (assessed(Standard), at(20))]);
        let due = answered(answer, reduced.clone(), at(300));
        assert_eq!(due.value, Value::Codes(vec!["risk_reduced_sustained"]));
        let due = answered(answer, reduced, at(800));
        assert_eq!(due.value, Value::Codes(vec!["time_limit", "risk_reduced_sustained"]));
        assert_eq!(due.basis, [event_id(1), event_id(4), event_id(5)]);
    }

    #[test]
    fn a_closed_case_is_not_proposed_to_be_closed() {
        let case = with(open_case(), [(closed(), at(9))]);
        assert_eq!(answered(answer, case, at(900)).value, Value::NotApplicable);
    }
}

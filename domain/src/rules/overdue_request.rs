//! `overdue-request/1`: a request for information that was due before the date asked about, and is
//! neither answered nor refused.

use crate::rules::{Answer, CaseView};

/// The rule's name and version.
pub const RULE: &str = "overdue-request/1";

/// What the rule says of a case: whether any of its requests is overdue, and since when the first.
#[must_use]
pub fn answer(view: &CaseView<'_>) -> Answer {
    let overdue = view.state.open_requests.iter().filter_map(|open| {
        let due = open.due_at.filter(|due| *due < view.asked.as_of)?;
        Some((due, open.request))
    });
    let mut overdue: Vec<_> = overdue.collect();
    overdue.sort_unstable();
    match overdue.first() {
        Some(&(due, _)) => {
            Answer::holds(due, overdue.into_iter().map(|(_, request)| request).collect())
        }
        None => Answer::does_not_hold(Vec::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::CaseEvent;
    use crate::case::request_information::{InformationReceived, InformationRequested};
    use crate::case::testing::{at, event_id, open_case, with};
    use crate::code_lists::Agency;
    use crate::rules::testing::answered;

    fn requested(due: i64) -> CaseEvent {
        CaseEvent::InformationRequested(InformationRequested {
            agency: Agency::Housing,
            what: None,
            due_at: Some(at(due).at),
            lawful_basis: None,
        })
    }

    #[test]
    fn a_request_is_overdue_from_its_due_date_until_it_is_answered() {
        let case = with(open_case(), [(requested(30), at(10)), (requested(20), at(11))]);
        assert_eq!(answered(answer, case.clone(), at(20)), Answer::does_not_hold(vec![]));
        let overdue = answered(answer, case.clone(), at(40));
        assert_eq!(overdue, Answer::holds(at(20).at, vec![event_id(5), event_id(4)]));
        let received = InformationReceived { request: event_id(5) };
        let case = with(case, [(CaseEvent::InformationReceived(received), at(35))]);
        assert_eq!(answered(answer, case, at(40)), Answer::holds(at(30).at, vec![event_id(4)]));
    }
}

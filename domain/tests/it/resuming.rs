//! A case is the same however its history was taken in: whole, resumed anywhere, one by one, or
//! through its serialised form.

use cqrs_es::Aggregate as _;
use proptest::prelude::*;
use throughline_domain::case::{Case, CaseEvent, CaseState};
use throughline_domain::recorded::Recorded;
use throughline_domain::two_clocks::Asked;

use crate::soup::happened;
use crate::{casework, seeded, soup};

/// Takes the history in one by one; after each event the state is that of a fresh fold.
fn assert_each_step_equals_a_fold(history: &[Recorded<CaseEvent>]) -> Result<(), TestCaseError> {
    let mut case = Case::default();
    for (event, n) in happened(history).into_iter().zip(1..) {
        case.apply(event);
        let fold = CaseState::at(&history[..n], &Asked::LATEST);
        prop_assert_eq!(case.state(), &fold, "after {} events", n);
    }
    prop_assert_eq!(case, Case::from(happened(history)));
    Ok(())
}

/// Stops anywhere, writes the case down, reads it and goes on.
fn assert_resumes(history: &[Recorded<CaseEvent>], stop: usize) -> Result<(), TestCaseError> {
    let events = happened(history);
    let (before, after) = events.split_at(stop % (events.len() + 1));
    let case = Case::from(before.to_vec());
    let text = serde_json::to_string(&case).unwrap();
    let mut resumed: Case = serde_json::from_str(&text).unwrap();
    prop_assert_eq!(&resumed, &case);
    for event in after {
        resumed.apply(event.clone());
    }
    prop_assert_eq!(resumed, Case::from(events));
    Ok(())
}

proptest! {
    #![proptest_config(seeded::config(256))]

    #[test]
    fn casework_taken_in_one_by_one_equals_a_fold(history in casework::histories(40)) {
        assert_each_step_equals_a_fold(&history)?;
    }

    #[test]
    fn anything_taken_in_one_by_one_equals_a_fold(history in soup::histories(25)) {
        assert_each_step_equals_a_fold(&history)?;
    }

    #[test]
    fn casework_resumes_at_any_point(
        history in casework::histories(40),
        stop in any::<usize>(),
    ) {
        assert_resumes(&history, stop)?;
    }

    #[test]
    fn anything_resumes_at_any_point(history in soup::histories(25), stop in any::<usize>()) {
        assert_resumes(&history, stop)?;
    }
}

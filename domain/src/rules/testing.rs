//! Asking a rule about a history under test.

use std::sync::Arc;

use crate::case::CaseEvent;
use crate::case::testing::given;
use crate::programme::{Programme, Programmes};
use crate::rules::{Answer, CaseView};
use crate::time::Occurred;
use crate::two_clocks::{Asked, Reading};

/// The first definition of `mrp`.
pub(crate) fn mrp() -> Arc<Programme> {
    Arc::clone(Programmes::shipped().find("mrp", 1).unwrap())
}

/// What a rule says of a case of `mrp`, at a date, as everything recorded tells it.
pub(crate) fn answered(
    rule: impl Fn(&CaseView<'_>) -> Answer,
    history: Vec<(CaseEvent, Occurred)>,
    as_of: Occurred,
) -> Answer {
    let case = given(history);
    let asked =
        Asked { as_of: as_of.at, known_at: jiff::Timestamp::MAX, reading: Reading::Effective };
    rule(
        &CaseView::at(case.history(), &asked, |referral| {
            Programmes::shipped().of_referral(referral)
        })
        .unwrap(),
    )
}

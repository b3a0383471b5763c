//! Rules that are computed, never recorded: each has a name and a version, so that a changed rule
//! can be replayed over history.

pub mod case_risk;
pub mod dormant;
pub mod engagement;
pub mod review_due;
pub mod risk_disagreement;

#[cfg(test)]
fn state_of(
    history: Vec<(crate::case::CaseEvent, crate::time::Occurred)>,
) -> crate::case::CaseState {
    crate::case::testing::given(history).state()
}

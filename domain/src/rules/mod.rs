//! Rules that are computed, never recorded: each has a name and a version, so that a changed rule
//! can be replayed over history. [`registry`] lists them; an answer says which events it rests on.

pub mod answer;
pub mod case_risk;
pub mod closure_due;
pub mod complex;
pub mod dormant;
pub mod eligibility;
pub mod engagement;
pub mod overdue_request;
pub mod overdue_review;
pub mod police_engagement;
pub mod registry;
pub mod repeat;
pub mod review_due;
pub mod risk_disagreement;
pub mod settings;
pub mod sustained_reduction;
pub mod view;
pub mod waiting;

pub use answer::{Answer, Value};
pub use registry::Rule;
pub use settings::Settings;
pub use view::CaseView;

#[cfg(test)]
pub(crate) mod testing;

#[cfg(test)]
fn state_of(
    history: Vec<(crate::case::CaseEvent, crate::time::Occurred)>,
) -> crate::case::CaseState {
    crate::case::testing::given(history).state()
}

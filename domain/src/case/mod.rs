//! The case: one person in one programme, from referral to exit.
//!
//! One file per use case, holding its command, event, rule and tests; [`aggregate`] dispatches,
//! [`state`] folds.

pub mod accept_referral;
pub mod aggregate;
pub mod allocate_arm;
pub mod allocate_case;
pub mod amend_fact;
pub mod assessors;
pub mod change_child_protection_status;
pub mod change_placement;
pub mod close_case;
pub mod complete_review;
pub mod contact_safety;
pub mod decline_referral;
pub mod error;
pub mod event;
pub mod hand_over_case;
pub mod hold_contact;
pub mod identify_need;
pub mod lifecycle;
pub mod propose_closure;
pub mod provide_support;
pub mod receive_linked_information;
pub mod receive_referral;
pub mod record_agency_action;
pub mod record_contact_attempt;
pub mod record_measure;
pub mod record_protective_order;
pub mod record_risk_assessment;
pub mod refer_to_multi_agency_forum;
pub mod reopen_case;
pub mod report_incident;
pub mod request_information;
pub mod resolve_need;
pub mod set_safe_contact_plan;
pub mod state;
mod summary;
#[cfg(test)]
pub(crate) mod testing;
pub mod transfer_case;
pub mod waitlist_referral;

pub use aggregate::{Case, CaseCommand, Intent, Moment};
pub use error::CaseError;
pub use event::CaseEvent;
pub use lifecycle::CaseStatus;
pub use state::CaseState;

//! Closing: only for reasons of the list, and evidence and approval only for what is allowed.

use super::ContradictionKind::{ProposesReasonNotAllowed, ReasonNotAllowed, UnknownClosureReason};
use super::{ENTRIES_MAX, Findings, is_of};
use crate::code::Code;
use crate::code_lists::{ClosureReason, CodeList as _};
use crate::programme::Programme;

pub(super) fn check(definition: &Programme, found: &mut Findings) {
    let closure = &definition.closure;
    found.list("/closure/reasons", &closure.reasons);
    for (member, reasons) in [
        ("reasons", &closure.reasons),
        ("evidence_for", &closure.evidence_for),
        ("approval_for", &closure.approval_for),
    ] {
        for (n, reason) in reasons.iter().enumerate().take(ENTRIES_MAX) {
            let is_known = is_of::<ClosureReason>(reason);
            found.add_if(!is_known, format_args!("/closure/{member}/{n}"), UnknownClosureReason);
        }
    }
    for (place, reasons) in [
        ("/closure/evidence_for", &closure.evidence_for),
        ("/closure/approval_for", &closure.approval_for),
    ] {
        found.set(place, reasons);
        found.among(place, reasons, &closure.reasons, ReasonNotAllowed);
    }
    proposals(definition, found);
}

/// What the rules propose has to be something that a person can confirm.
fn proposals(definition: &Programme, found: &mut Findings) {
    let is_allowed = |reason: ClosureReason| {
        definition.closure.reasons.iter().any(|code: &Code| code.as_str() == reason.as_str())
    };
    for (place, is_set, reason) in [
        ("/maximum_months", definition.maximum_months.is_some(), ClosureReason::TimeLimit),
        (
            "/disengaged_after_months",
            definition.disengaged_after_months.is_some(),
            ClosureReason::Disengaged,
        ),
        (
            "/sustained_reduction_months",
            definition.sustained_reduction_months.is_some(),
            ClosureReason::RiskReducedSustained,
        ),
    ] {
        found.add_if(is_set && !is_allowed(reason), place, ProposesReasonNotAllowed);
    }
}

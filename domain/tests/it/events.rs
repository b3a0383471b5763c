//! Events of every type, with facts that vary with a number.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use throughline_domain::case::amend_fact::{FactCorrected, FactRetracted};
use throughline_domain::case::receive_linked_information::{
    LinkedInformationReceived, LinkedRisk, LinkedStrategy,
};
use throughline_domain::case::record_measure::MeasureValue;
use throughline_domain::case::set_safe_contact_plan::{ChannelPlan, SafeHours};
use throughline_domain::case::{
    CaseEvent, accept_referral, allocate_arm, allocate_case, change_child_protection_status,
    change_placement, close_case, complete_review, decline_referral, hand_over_case, hold_contact,
    identify_need, propose_closure, provide_support, receive_referral, record_agency_action,
    record_contact_attempt, record_measure, record_protective_order, record_risk_assessment,
    refer_to_multi_agency_forum, reopen_case, report_incident, request_information, resolve_need,
    set_safe_contact_plan, transfer_case, waitlist_referral,
};
use throughline_domain::code::Code;
use throughline_domain::code_lists::{ChannelSafety, CodeList, ContactOutcome};
use throughline_domain::ids::{EventId, PersonId};
use throughline_domain::time::{Occurred, Precision};
use uuid::Uuid;

/// The n-th event id of a test.
pub(crate) fn event_id(n: usize) -> EventId {
    EventId(Uuid::from_u128(0xe000 + n as u128))
}

/// `hours` into the test's calendar.
pub(crate) fn hour(hours: i64) -> Timestamp {
    let epoch: Timestamp = "2014-01-01T00:00:00Z".parse().unwrap();
    epoch + SignedDuration::from_hours(hours)
}

pub(crate) fn occurred(at: Timestamp, precision: u8) -> Occurred {
    let precision =
        [Precision::Instant, Precision::Day, Precision::Month][usize::from(precision) % 3];
    Occurred { at, precision }
}

pub(crate) fn corrected(corrects: EventId, to: CaseEvent, occurred: Occurred) -> CaseEvent {
    CaseEvent::FactCorrected(FactCorrected { corrects, occurred, replacement: Box::new(to) })
}

/// An event of the type called `kind`. `pick` varies its facts; `about` is the event it speaks of,
/// where it speaks of one.
pub(crate) fn event(kind: &str, pick: u8, about: EventId) -> CaseEvent {
    step(kind, pick, about)
        .or_else(|| work(kind, pick))
        .or_else(|| safety(kind, pick))
        .or_else(|| follow_up(kind, pick, about))
        .unwrap_or_else(|| panic!("teach the generator the new type {kind}"))
}

fn step(kind: &str, pick: u8, about: EventId) -> Option<CaseEvent> {
    let decided_by = some(pick, 4).then(|| code("mrp-manager"));
    let reason = some(pick, 3).then(|| code("reason"));
    Some(match kind {
        "ReferralReceived" => CaseEvent::ReferralReceived(receive_referral::ReferralReceived {
            person_id: PersonId(Uuid::from_u128(7)),
            programme: code(["mrp", "drive"][usize::from(pick) % 2]),
            programme_version: 1,
            role: any(pick),
            area: code("south"),
            source: any(pick),
            latest_incident_at: some(pick, 5).then(|| hour(-24 * i64::from(pick))),
            incidents_12_months: some(pick, 2).then(|| u32::from(pick)),
            age_years: some(pick, 3).then(|| u32::from(pick % 121).try_into().unwrap()),
            criteria: some(pick, 3).then(|| code("complex_needs")).into_iter().collect(),
            criteria_version: some(pick, 2).then_some(1),
            returns_from: None,
            list_date: some(pick, 4).then(|| jiff::civil::date(2014, 3, 1)),
            missing_reasons: missing_facts(pick),
        }),
        "ReferralAccepted" => {
            CaseEvent::ReferralAccepted(accept_referral::ReferralAccepted { reason, decided_by })
        }
        "ReferralDeclined" => CaseEvent::ReferralDeclined(decline_referral::ReferralDeclined {
            reason: any(pick),
            decided_by,
        }),
        "ReferralWaitlisted" => {
            CaseEvent::ReferralWaitlisted(waitlist_referral::ReferralWaitlisted {
                reason,
                decided_by,
            })
        }
        "CaseAllocated" => CaseEvent::CaseAllocated(allocate_case::CaseAllocated {
            worker: code(&format!("worker-{}", pick % 5)),
            team: some(pick, 2).then(|| code("south-team")),
            location: None,
            reason,
            over_capacity: some(pick, 8),
        }),
        "CaseClosed" => CaseEvent::CaseClosed(close_case::CaseClosed {
            reason: any(pick),
            evidence: some(pick, 6).then_some(about).into_iter().collect(),
            approver: decided_by,
            proposal: some(pick, 7).then_some(about),
        }),
        "CaseHandedOver" => CaseEvent::CaseHandedOver(hand_over_case::CaseHandedOver {
            worker: code(&format!("worker-{}", pick % 5)),
            team: some(pick, 2).then(|| code("north-team")),
            location: None,
            reason,
            checklist: BTreeMap::from([(code("files_read"), any(pick))]),
            contacts: vec![],
            over_capacity: some(pick, 8),
        }),
        "ClosureProposed" => CaseEvent::ClosureProposed(propose_closure::ClosureProposed {
            reason: any(pick),
            evidence: some(pick, 6).then_some(about).into_iter().collect(),
        }),
        "ArmAllocated" => CaseEvent::ArmAllocated(allocate_arm::ArmAllocated {
            arm: code(["intervention", "control"][usize::from(pick) % 2]),
            method: code("permuted-block/1"),
            schedule: None,
            sequence: Some(u32::from(pick)),
            block: None,
            seed: None,
        }),
        "CaseReopened" => CaseEvent::CaseReopened(reopen_case::CaseReopened { reason }),
        _ => return None,
    })
}

fn work(kind: &str, pick: u8) -> Option<CaseEvent> {
    Some(match kind {
        "ContactAttempted" => CaseEvent::ContactAttempted(contact(pick)),
        "RiskAssessed" => CaseEvent::RiskAssessed(assessment(pick)),
        "AgencyActionRecorded" => {
            CaseEvent::AgencyActionRecorded(record_agency_action::AgencyActionRecorded {
                agency: any(pick),
                action: any(pick),
                work: some(pick, 2).then(|| any(pick)),
                purpose: some(pick, 3).then(|| any(pick)),
                outcome: None,
            })
        }
        "MeasureRecorded" => CaseEvent::MeasureRecorded(measure(pick)),
        "NeedIdentified" => CaseEvent::NeedIdentified(identify_need::NeedIdentified {
            need: any(pick),
            severity: some(pick, 2).then(|| any(pick)),
            source: None,
        }),
        "SupportProvided" => CaseEvent::SupportProvided(provide_support::SupportProvided {
            kind: any(pick),
            need: some(pick, 2).then(|| any(pick)),
            programme_status: some(pick, 3).then(|| any(pick)),
            skill: None,
        }),
        "IncidentReported" => CaseEvent::IncidentReported(report_incident::IncidentReported {
            kind: any(pick),
            source: None,
            offence_group: None,
            police_outcome: some(pick, 2).then(|| any(pick)),
            reported_at: some(pick, 3).then(|| hour(i64::from(pick))),
        }),
        "MultiAgencyReferralMade" => CaseEvent::MultiAgencyReferralMade(
            refer_to_multi_agency_forum::MultiAgencyReferralMade {
                forum: any(pick),
                criterion: some(pick, 2).then(|| any(pick)),
                rule: None,
            },
        ),
        "ProtectiveOrderRecorded" => {
            CaseEvent::ProtectiveOrderRecorded(record_protective_order::ProtectiveOrderRecorded {
                kind: code("dvpn"),
                from: some(pick, 2).then(|| jiff::civil::date(2014, 5, 1)),
                to: None,
                helped_to_obtain: some(pick, 3).then_some(pick.is_multiple_of(2)),
            })
        }
        "ChildProtectionStatusChanged" => CaseEvent::ChildProtectionStatusChanged(
            change_child_protection_status::ChildProtectionStatusChanged {
                from: None,
                to: code("child_in_need"),
                children: some(pick, 2).then_some(pick),
            },
        ),
        "InformationRequested" => {
            CaseEvent::InformationRequested(request_information::InformationRequested {
                agency: any(pick),
                what: None,
                due_at: some(pick, 3).then(|| hour(24 * i64::from(pick))),
                lawful_basis: None,
            })
        }
        _ => return None,
    })
}

fn safety(kind: &str, pick: u8) -> Option<CaseEvent> {
    Some(match kind {
        "SafeContactPlanSet" => {
            CaseEvent::SafeContactPlanSet(set_safe_contact_plan::SafeContactPlanSet {
                channels: BTreeMap::from([(any(pick), channel_plan(pick))]),
                otherwise: some(pick, 3).then_some(ChannelSafety::Unsafe),
                may_be_told: some(pick, 2).then(|| code("gp")).into_iter().collect(),
                in_force_from: some(pick, 4).then(|| hour(24 * i64::from(pick))),
            })
        }
        "LinkedInformationReceived" => CaseEvent::LinkedInformationReceived(told(pick)),
        "ContactHeld" => CaseEvent::ContactHeld(hold_contact::ContactHeld { reason: any(pick) }),
        "CaseTransferred" => CaseEvent::CaseTransferred(transfer_case::CaseTransferred {
            area: code(["north", "south", "city"][usize::from(pick) % 3]),
            reason: None,
        }),
        "PlacementChanged" => CaseEvent::PlacementChanged(change_placement::PlacementChanged {
            kind: code("specialist_home"),
            from: some(pick, 2).then(|| code("home_1")),
            to: Some(code("home_2")),
            reason: None,
        }),
        "ReviewCompleted" => CaseEvent::ReviewCompleted(complete_review::ReviewCompleted {
            stage: some(pick, 2).then(|| code("review")),
            next_due: None,
        }),
        _ => return None,
    })
}

fn told(pick: u8) -> LinkedInformationReceived {
    if some(pick, 2) {
        let (level, previous_level) = (some(pick, 3).then(|| any(pick)), Some(any(pick / 2)));
        let risk = LinkedRisk { level, previous_level, assessed: None };
        return LinkedInformationReceived::RiskChange(risk);
    }
    let on_hold = some(pick, 3);
    let strategy = LinkedStrategy { on_hold, ..LinkedStrategy::default() };
    LinkedInformationReceived::SafeToContactStrategy(strategy)
}

fn channel_plan(pick: u8) -> ChannelPlan {
    let hours = SafeHours {
        days: vec![any(pick)],
        from: jiff::civil::time(9, 0, 0, 0),
        until: jiff::civil::time(15, 30, 0, 0),
    };
    let safety = any(pick);
    let hours = (safety == ChannelSafety::Conditions).then_some(hours).into_iter().collect();
    ChannelPlan { safety, hours, third_party: None }
}

fn follow_up(kind: &str, pick: u8, request: EventId) -> Option<CaseEvent> {
    use request_information::{
        InformationChased, InformationEscalated, InformationReceived, InformationRefused,
    };
    let reason = some(pick, 2).then(|| code("reason"));
    Some(match kind {
        "InformationChased" => CaseEvent::InformationChased(InformationChased { request }),
        "InformationEscalated" => {
            CaseEvent::InformationEscalated(InformationEscalated { request, to: reason })
        }
        "InformationReceived" => CaseEvent::InformationReceived(InformationReceived { request }),
        "InformationRefused" => {
            CaseEvent::InformationRefused(InformationRefused { request, reason })
        }
        "NeedResolved" => CaseEvent::NeedResolved(resolve_need::NeedResolved {
            need: request,
            outcome: any(pick),
        }),
        "ContactHoldLifted" => {
            CaseEvent::ContactHoldLifted(hold_contact::ContactHoldLifted { hold: request })
        }
        "ClosureRefused" => {
            CaseEvent::ClosureRefused(propose_closure::ClosureRefused { proposal: request, reason })
        }
        "FactRetracted" => CaseEvent::FactRetracted(FactRetracted { retracts: request }),
        "FactCorrected" => corrected(
            request,
            event("RiskAssessed", pick, request),
            Occurred::at(hour(i64::from(pick))),
        ),
        _ => return None,
    })
}

fn contact(pick: u8) -> record_contact_attempt::ContactAttempted {
    record_contact_attempt::ContactAttempted {
        channel: any(pick),
        outcome: if pick.is_multiple_of(2) { ContactOutcome::Reached } else { any(pick) },
        direction: some(pick, 2).then(|| any(pick)),
        duration_min: some(pick, 3).then(|| u32::from(pick)),
        purpose: None,
        location: None,
        joint_with: some(pick, 5).then(|| any(pick)),
        override_reason: some(pick, 6).then(|| any(pick)),
    }
}

fn assessment(pick: u8) -> record_risk_assessment::RiskAssessed {
    record_risk_assessment::RiskAssessed {
        instrument: code("dara/1"),
        answers: None,
        yes_count: None,
        could_reach_high: false,
        judgement_level: None,
        level: any(pick),
        assessor_role: code("dva_worker"),
        source_organisation: None,
        own_view: some(pick, 2).then(|| any(pick)),
        stage: some(pick, 3).then(|| code("review")),
    }
}

fn measure(pick: u8) -> record_measure::MeasureRecorded {
    // The third is none that the instrument gives: a command refuses it, and what was recorded before
    // instruments were known is read.
    let (key, value) = match pick % 4 {
        0 => ("physical", MeasureValue::Code(code("high"))),
        1 => ("incidents", MeasureValue::Number(pick.into())),
        2 => {
            let score = serde_json::Number::from_f64(f64::from(pick) / 7.0).unwrap();
            ("physical", MeasureValue::Number(score))
        }
        _ => ("sexual", MeasureValue::Missing { missing: any(pick) }),
    };
    record_measure::MeasureRecorded {
        instrument: code("abuse-severity/1"),
        stage: code("intake"),
        values: BTreeMap::from([(code(key), value)]),
        recorded_by: None,
    }
}

fn code(text: &str) -> Code {
    text.parse().unwrap()
}

fn any<T: CodeList>(pick: u8) -> T {
    T::ALL[usize::from(pick) % T::ALL.len()]
}

/// What a referral here does not give, with a reason or none.
fn missing_facts(pick: u8) -> receive_referral::MissingFacts {
    receive_referral::MissingFacts {
        latest_incident_at: (!some(pick, 5) && some(pick, 3)).then(|| any(pick)),
        incidents_12_months: (!some(pick, 2) && some(pick, 7)).then(|| any(pick)),
        age_years: (!some(pick, 3) && some(pick, 4)).then(|| any(pick)),
    }
}

fn some(pick: u8, nth: u8) -> bool {
    pick.is_multiple_of(nth)
}

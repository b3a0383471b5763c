//! A fact in one plain English sentence, so that a timeline reads as a story.
//!
//! Only coded facts are told, in the words of their codes: what a reader may see of the facts they
//! may see of the sentence. A fact that speaks about an earlier one does not repeat it.

use std::fmt::{self, Write as _};

use crate::case::CaseEvent;
use crate::case::change_child_protection_status::ChildProtectionStatusChanged;
use crate::case::change_placement::PlacementChanged;
use crate::case::hand_over_case::CaseHandedOver;
use crate::case::provide_support::SupportProvided;
use crate::case::receive_linked_information::{LinkedInformationReceived, LinkedPlan};
use crate::case::receive_referral::ReferralReceived;
use crate::case::record_agency_action::AgencyActionRecorded;
use crate::case::record_contact_attempt::ContactAttempted;
use crate::case::record_measure::{MeasureRecorded, MeasureValue};
use crate::case::record_protective_order::ProtectiveOrderRecorded;
use crate::case::record_risk_assessment::RiskAssessed;
use crate::case::report_incident::IncidentReported;
use crate::case::request_information::InformationRequested;
use crate::case::set_safe_contact_plan::SafeContactPlanSet;
use crate::code_lists::{ContactDirection, OwnView};
use crate::instrument;

impl CaseEvent {
    /// The coded facts as one sentence, such as "Contact by phone: no answer."
    #[must_use]
    pub fn summary(&self) -> String {
        match self {
            Self::ReferralReceived(facts) => referral(facts),
            Self::ReferralAccepted(facts) => {
                Sentence::new("The referral was accepted").because(facts.reason.as_ref())
            }
            Self::ReferralDeclined(facts) => {
                Sentence::new("The referral was declined").because(Some(&facts.reason))
            }
            Self::ReferralWaitlisted(facts) => {
                Sentence::new("The referral was put on the waiting list")
                    .because(facts.reason.as_ref())
            }
            Self::ArmAllocated(facts) => {
                Sentence::new("Drawn for the arm").and(" ", Some(&facts.arm))
            }
            Self::CaseAllocated(facts) => Sentence::new("Given to the worker")
                .name(&facts.worker)
                .and(", at ", facts.location.as_ref())
                .because(facts.reason.as_ref()),
            Self::CaseHandedOver(facts) => handover(facts),
            Self::CaseTransferred(facts) => Sentence::new("Transferred to the area")
                .and(" ", Some(&facts.area))
                .because(facts.reason.as_ref()),
            Self::SafeContactPlanSet(facts) => safe_contact(facts),
            Self::ContactAttempted(facts) => contact(facts),
            Self::ContactHeld(facts) => {
                Sentence::new("Contact is on hold").because(Some(&facts.reason))
            }
            Self::ContactHoldLifted(_) => Sentence::new("A hold on contact was lifted"),
            Self::RiskAssessed(facts) => risk(facts),
            Self::NeedIdentified(facts) => Sentence::new("Need identified")
                .because(Some(&facts.need))
                .and(", ", facts.severity.as_ref()),
            Self::NeedResolved(facts) => {
                Sentence::new("A need was resolved").because(Some(&facts.outcome))
            }
            Self::SupportProvided(facts) => support(facts),
            Self::AgencyActionRecorded(facts) => agency_action(facts),
            Self::InformationRequested(facts) => request(facts),
            Self::InformationChased(_) => Sentence::new("A request for information was chased"),
            Self::InformationEscalated(facts) => {
                Sentence::new("A request for information was escalated")
                    .and(" to ", facts.to.as_ref())
            }
            Self::InformationReceived(_) => Sentence::new("A request for information was answered"),
            Self::InformationRefused(facts) => {
                Sentence::new("A request for information was refused")
                    .because(facts.reason.as_ref())
            }
            Self::MultiAgencyReferralMade(facts) => Sentence::new("Referred to")
                .and(" ", Some(&facts.forum))
                .because(facts.criterion.as_ref()),
            Self::IncidentReported(facts) => incident(facts),
            Self::MeasureRecorded(facts) => measure(facts),
            Self::ProtectiveOrderRecorded(facts) => order(facts),
            Self::ChildProtectionStatusChanged(facts) => child_protection(facts),
            Self::PlacementChanged(facts) => placement(facts),
            Self::ReviewCompleted(facts) => Sentence::new("Reviewed")
                .and(" at ", facts.stage.as_ref())
                .and(", next due ", facts.next_due.map(day).as_ref()),
            Self::ClosureProposed(facts) => {
                Sentence::new("Closing the case was proposed").because(Some(&facts.reason))
            }
            Self::ClosureRefused(facts) => {
                Sentence::new("Closing the case was refused").because(facts.reason.as_ref())
            }
            Self::LinkedInformationReceived(facts) => linked(facts),
            Self::CaseClosed(facts) => Sentence::new("Closed").because(Some(&facts.reason)),
            Self::CaseReopened(facts) => Sentence::new("Reopened").because(facts.reason.as_ref()),
            Self::FactCorrected(facts) => {
                return format!("Corrected. {}", facts.replacement.summary());
            }
            Self::FactRetracted(_) => Sentence::new("A fact was taken back"),
        }
        .end()
    }
}

fn referral(facts: &ReferralReceived) -> Sentence {
    Sentence::new("Referred")
        .and(" by ", Some(&facts.source))
        .and(" to ", Some(&facts.programme))
        .and(", ", Some(&facts.area))
        .and(", as ", Some(&facts.role))
        .and(", incidents in 12 months: ", facts.incidents_12_months.as_ref())
        .and(", age: ", facts.age_years.as_ref())
        .list(", criteria: ", facts.criteria.iter().map(spoken))
        .when(facts.returns_from.is_some(), ", after an earlier case")
}

fn handover(facts: &CaseHandedOver) -> Sentence {
    let contacts = facts.contacts.iter().map(|contact| spoken(&contact.agency));
    Sentence::new("Handed over to the worker")
        .name(&facts.worker)
        .and(", at ", facts.location.as_ref())
        .list(", with contacts at ", contacts)
        .because(facts.reason.as_ref())
}

fn safe_contact(facts: &SafeContactPlanSet) -> Sentence {
    let channels = facts.channels.iter().map(|(channel, plan)| {
        let (channel, safety) = (spoken(channel), spoken(&plan.safety));
        format!("{channel} {safety}")
    });
    Sentence::new("Safe contact agreed")
        .list(": ", channels)
        .and(", otherwise ", facts.otherwise.as_ref())
}

fn contact(facts: &ContactAttempted) -> Sentence {
    let direction = match facts.direction {
        Some(ContactDirection::Incoming) => " from the person",
        Some(ContactDirection::Outgoing) | None => "",
    };
    Sentence::new("Contact")
        .when(true, direction)
        .and(" by ", Some(&facts.channel))
        .because(Some(&facts.outcome))
        .and(", minutes: ", facts.duration_min.as_ref())
        .and(", for ", facts.purpose.as_ref())
        .and(", at ", facts.location.as_ref())
        .and(", with ", facts.joint_with.as_ref())
        .and(", although something spoke against it: ", facts.override_reason.as_ref())
}

fn risk(facts: &RiskAssessed) -> Sentence {
    let own_view = match facts.own_view {
        Some(OwnView::Agrees) => ", the person agrees",
        Some(OwnView::Disagrees) => ", the person disagrees",
        Some(OwnView::NotAsked) | None => "",
    };
    Sentence::new("Risk assessed as")
        .and(" ", Some(&facts.level))
        .and(" by ", Some(&facts.assessor_role))
        .and(" of ", facts.source_organisation.as_ref())
        .and(", answered yes: ", facts.yes_count.as_ref())
        .when(facts.judgement_level.is_some(), ", by judgement")
        .when(true, own_view)
}

fn support(facts: &SupportProvided) -> Sentence {
    Sentence::new("Support")
        .because(Some(&facts.kind))
        .and(", for ", facts.need.as_ref())
        .and(", ", facts.programme_status.as_ref())
        .and(", skill learnt: ", facts.skill.as_ref())
}

fn agency_action(facts: &AgencyActionRecorded) -> Sentence {
    Sentence::new("Work with")
        .and(" ", Some(&facts.agency))
        .because(Some(&facts.action))
        .and(", ", facts.work.as_ref())
        .and(", for ", facts.purpose.as_ref())
        .and(", with the outcome ", facts.outcome.as_ref())
}

fn request(facts: &InformationRequested) -> Sentence {
    Sentence::new("Information asked of")
        .and(" ", Some(&facts.agency))
        .because(facts.what.as_ref())
        .and(", due ", facts.due_at.map(day).as_ref())
}

fn incident(facts: &IncidentReported) -> Sentence {
    Sentence::new("Incident reported")
        .and(" by ", facts.source.as_ref())
        .because(Some(&facts.kind))
        .and(", ", facts.offence_group.as_ref())
        .and(", with the outcome ", facts.police_outcome.as_ref())
}

fn measure(facts: &MeasureRecorded) -> Sentence {
    let title = instrument::find(facts.instrument.as_str())
        .map_or_else(|| spoken(&facts.instrument), |known| known.title.clone());
    let values = facts.values.iter().map(|(key, value)| {
        let value = match value {
            MeasureValue::Code(code) => spoken(code),
            MeasureValue::Number(number) => number.to_string(),
            MeasureValue::Missing { missing } => spoken(missing),
        };
        format!("{} {value}", spoken(key))
    });
    Sentence::new(&title).and(" at ", Some(&facts.stage)).list(": ", values)
}

fn order(facts: &ProtectiveOrderRecorded) -> Sentence {
    Sentence::new("Protective order")
        .because(Some(&facts.kind))
        .and(", from ", facts.from.as_ref())
        .and(", to ", facts.to.as_ref())
}

fn child_protection(facts: &ChildProtectionStatusChanged) -> Sentence {
    Sentence::new("Children's status")
        .because(Some(&facts.to))
        .and(", before ", facts.from.as_ref())
        .and(", children: ", facts.children.as_ref())
}

fn placement(facts: &PlacementChanged) -> Sentence {
    Sentence::new("Placement changed")
        .and(", ", Some(&facts.kind))
        .and(", from ", facts.from.as_ref())
        .and(", to ", facts.to.as_ref())
        .because(facts.reason.as_ref())
}

/// Of whom it is told, the fact does not know.
fn linked(facts: &LinkedInformationReceived) -> Sentence {
    let told = Sentence::new("Told of a linked case");
    match facts {
        LinkedInformationReceived::RiskChange(risk) => told
            .and(": the risk is ", risk.level.as_ref())
            .when(risk.level.is_none(), ": the risk is not assessed any more")
            .and(", before ", risk.previous_level.as_ref())
            .and(", assessed on ", risk.assessed.map(|assessed| day(assessed.at)).as_ref()),
        LinkedInformationReceived::SafeToContactStrategy(strategy) if strategy.is_empty() => {
            told.when(true, ": nothing is said of safe contact any more")
        }
        LinkedInformationReceived::SafeToContactStrategy(strategy) => told
            .when(true, ": safe contact")
            .when(strategy.on_hold, ", on hold")
            .list(", now ", strategy.present.iter().map(channels))
            .list(
                ", ",
                strategy
                    .later
                    .iter()
                    .map(|plan| format!("from {} {}", day(plan.from), channels(&plan.plan))),
            ),
    }
}

fn channels(plan: &LinkedPlan) -> String {
    let named = plan.channels.iter().map(|(channel, plan)| {
        let more = if plan.more_conditions { " and others to be asked for" } else { "" };
        format!("{} {}{more}", spoken(channel), spoken(&plan.safety))
    });
    let otherwise = plan.otherwise.iter().map(|safety| format!("otherwise {}", spoken(safety)));
    named.chain(otherwise).collect::<Vec<_>>().join(", ")
}

/// The words of a code.
fn spoken(code: &impl fmt::Display) -> String {
    code.to_string().replace('_', " ")
}

fn day(at: jiff::Timestamp) -> jiff::civil::Date {
    at.to_zoned(jiff::tz::TimeZone::UTC).date()
}

/// A sentence that is being written.
struct Sentence(String);

impl Sentence {
    fn new(opening: &str) -> Self {
        Self(opening.to_owned())
    }

    /// Goes on where there is something to say.
    fn and(mut self, joint: &str, code: Option<&impl fmt::Display>) -> Self {
        if let Some(code) = code {
            let _ = write!(self.0, "{joint}{}", spoken(code));
        }
        self
    }

    fn because(self, code: Option<&impl fmt::Display>) -> Self {
        self.and(": ", code)
    }

    /// A name, which stays as it is written.
    fn name(mut self, name: &impl fmt::Display) -> Self {
        let _ = write!(self.0, " {name}");
        self
    }

    fn when(mut self, holds: bool, text: &str) -> Self {
        if holds {
            self.0.push_str(text);
        }
        self
    }

    fn list(mut self, joint: &str, items: impl Iterator<Item = String>) -> Self {
        let items: Vec<String> = items.collect();
        if !items.is_empty() {
            let _ = write!(self.0, "{joint}{}", items.join(", "));
        }
        self
    }

    fn end(mut self) -> String {
        self.0.push('.');
        self.0
    }
}

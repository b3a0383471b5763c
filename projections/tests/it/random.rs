//! Histories that no caseworker would write: any event, in any order, at any time. A projection
//! accepts whatever was recorded.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use throughline_domain::case::CaseEvent;
use throughline_domain::case::amend_fact::{FactCorrected, FactRetracted};
use throughline_domain::ids::EventId;
use throughline_domain::time::{Occurred, Precision};
use uuid::Uuid;

/// A small generator of random numbers (xorshift64*): the same seed gives the same history.
#[derive(Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn seeded(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % n
    }

    pub(crate) fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        let n = u64::try_from(all.len()).unwrap();
        all[usize::try_from(self.below(n)).unwrap()]
    }

    pub(crate) fn uuid(&mut self) -> Uuid {
        let half = |random: &mut Self| {
            u128::from(random.below(1 << 31)) << 31 | u128::from(random.below(1 << 31))
        };
        Uuid::from_u128(half(self) << 64 | half(self))
    }

    /// Any time in 2014 and 2015, often the very same as another.
    pub(crate) fn occurred(&mut self) -> Occurred {
        let start: Timestamp = "2014-01-01T00:00:00Z".parse().unwrap();
        let days = i64::try_from(self.below(730)).unwrap();
        Occurred {
            at: start + SignedDuration::from_hours(24 * days),
            precision: self.one_of(&[Precision::Instant, Precision::Day, Precision::Month]),
        }
    }

    /// The next event of a case whose facts so far are `facts`.
    pub(crate) fn event(&mut self, facts: &[(EventId, CaseEvent)]) -> CaseEvent {
        if facts.is_empty() && self.below(10) > 0 {
            return self.fact("ReferralReceived");
        }
        if let Some(request) = self.event_of("InformationRequested", facts)
            && self.below(6) == 0
        {
            return self.step(request);
        }
        if self.below(8) == 0
            && let Some(follow_up) = self.follow_up(facts)
        {
            return follow_up;
        }
        if facts.is_empty() || self.below(4) > 0 {
            let event_type = self.one_of(&TYPES);
            return self.fact(event_type);
        }
        let place = usize::try_from(self.below(facts.len() as u64)).unwrap();
        let (id, fact) = &facts[place];
        // Now and then of a fact that is not there.
        let id = if self.below(20) == 0 { EventId(self.uuid()) } else { *id };
        if self.below(3) == 0 {
            return CaseEvent::FactRetracted(FactRetracted { retracts: id });
        }
        CaseEvent::FactCorrected(FactCorrected {
            corrects: id,
            occurred: self.occurred(),
            replacement: Box::new(self.fact(fact.type_name())),
        })
    }

    /// One of the case's events of a type, if it has any.
    fn event_of(&mut self, event_type: &str, facts: &[(EventId, CaseEvent)]) -> Option<EventId> {
        let of_type = facts.iter().filter(|(_, fact)| fact.type_name() == event_type);
        let ids: Vec<EventId> = of_type.map(|(id, _)| *id).collect();
        (!ids.is_empty()).then(|| self.one_of(&ids))
    }

    /// The end of a need, a hold or a proposal, which may have ended before.
    fn follow_up(&mut self, facts: &[(EventId, CaseEvent)]) -> Option<CaseEvent> {
        let (of, event_type) = self.one_of(&[
            ("NeedIdentified", "NeedResolved"),
            ("ContactHeld", "ContactHoldLifted"),
            ("ClosureProposed", "ClosureRefused"),
        ]);
        let about = self.event_of(of, facts)?;
        let facts = ending(event_type, about.0);
        Some(CaseEvent::from_stored(event_type, 1, &facts.to_string()).unwrap())
    }

    /// What may follow a request, an end after an end among it.
    fn step(&mut self, request: EventId) -> CaseEvent {
        let event_type = self.one_of(&[
            "InformationChased",
            "InformationEscalated",
            "InformationReceived",
            "InformationRefused",
        ]);
        let facts = json!({ "request": request });
        CaseEvent::from_stored(event_type, 1, &facts.to_string()).unwrap()
    }

    fn fact(&mut self, event_type: &str) -> CaseEvent {
        let facts = self.facts(event_type);
        CaseEvent::from_stored(event_type, 1, &facts.to_string()).unwrap()
    }

    fn facts(&mut self, event_type: &str) -> Value {
        match event_type {
            "ReferralReceived" => json!({
                "person_id": Uuid::nil(),
                "programme": self.one_of(&["mrp", "drive", "stepping-out"]),
                "programme_version": 1,
                "role": self.one_of(&["victim_survivor", "perpetrator"]),
                "area": self.one_of(&["north", "south"]),
                "source": self.one_of(&["police", "self"]),
                "latest_incident_at": self.below(2).eq(&0).then(|| self.occurred().at),
            }),
            "ReferralDeclined" => {
                json!({"reason": self.one_of(&["out_of_area", "no_capacity"])})
            }
            "CaseAllocated" | "CaseHandedOver" => {
                json!({"worker": self.one_of(&["w1", "w2", "w3"])})
            }
            "CaseTransferred" => json!({"area": self.one_of(&["north", "south", "east"])}),
            "ArmAllocated" => {
                json!({"arm": self.one_of(&["control", "intervention"]), "method": "block/1"})
            }
            "NeedIdentified" => json!({"need": self.one_of(&["housing", "alcohol"])}),
            "SafeContactPlanSet" => json!({
                "otherwise": self.one_of(&["safe", "unsafe"]),
                "in_force_from": self.below(2).eq(&0).then(|| self.occurred().at),
            }),
            "ContactHeld" => {
                json!({"reason": self.one_of(&["not_safe", "planned_or_pending"])})
            }
            "PlacementChanged" => json!({"kind": "home", "to": self.one_of(&["home_1", "home_2"])}),
            "ReviewCompleted" => {
                json!({"next_due": self.below(2).eq(&0).then(|| self.occurred().at)})
            }
            // A correction of an end is of something else, which nobody recorded.
            "NeedResolved" | "ContactHoldLifted" | "ClosureRefused" => {
                ending(event_type, self.uuid())
            }
            "CaseClosed" | "ClosureProposed" => json!({"reason": "goals_met"}),
            "ContactAttempted" => json!({
                "channel": "phone", "outcome": self.one_of(&["reached", "no_answer"]),
                "override_reason": self.below(2).eq(&0).then_some("person_asked"),
            }),
            "RiskAssessed" => {
                let stage =
                    self.one_of(&[Value::Null, "intake".into(), "exit".into()].each_ref()).clone();
                json!({
                    "instrument": self.one_of(&["dash-safelives/2009", "dara/1"]),
                    "level": self.one_of(&["standard", "medium", "high"]),
                    "assessor_role": self.one_of(&["idva", "officer"]),
                    "source_organisation": self.one_of(&["police", "idvas"]),
                    "own_view": self.one_of(&["agrees", "disagrees", "not_asked"]),
                    "stage": stage,
                })
            }
            "MeasureRecorded" => json!({
                "instrument": self.one_of(&["abuse-severity/1", "abuse-severity/2"]),
                "stage": self.one_of(&["intake", "exit"]),
                "values": {
                    "physical": self.value(),
                    "score": self.below(4),
                },
            }),
            "InformationRequested" => json!({
                "agency": self.one_of(&["police", "housing"]),
                "due_at": self.below(3).gt(&0).then(|| self.occurred().at),
            }),
            // A correction of a step is of some other request, which nobody made.
            "InformationChased"
            | "InformationEscalated"
            | "InformationReceived"
            | "InformationRefused" => json!({"request": self.uuid()}),
            _ => json!({}),
        }
    }

    fn value(&mut self) -> Value {
        let code = self.one_of(&["none", "standard", "moderate", "high", "", "declined"]);
        match code {
            "" => json!({"missing": "unsafe_to_ask"}),
            "declined" => json!({"missing": "declined"}),
            code => json!(code),
        }
    }
}

/// The facts of what ends something.
fn ending(event_type: &str, about: Uuid) -> Value {
    match event_type {
        "NeedResolved" => json!({"need": about, "outcome": "met"}),
        "ContactHoldLifted" => json!({"hold": about}),
        _ => json!({"proposal": about}),
    }
}

const TYPES: [&str; 30] = [
    "ReferralReceived",
    "ReferralWaitlisted",
    "ReferralAccepted",
    "ReferralAccepted",
    "ReferralDeclined",
    "CaseAllocated",
    "CaseAllocated",
    "CaseAllocated",
    "CaseClosed",
    "CaseReopened",
    "ContactAttempted",
    "RiskAssessed",
    "RiskAssessed",
    "RiskAssessed",
    "RiskAssessed",
    "MeasureRecorded",
    "MeasureRecorded",
    "MeasureRecorded",
    "InformationRequested",
    "InformationRequested",
    "CaseHandedOver",
    "CaseHandedOver",
    "CaseTransferred",
    "ArmAllocated",
    "NeedIdentified",
    "SafeContactPlanSet",
    "ContactHeld",
    "PlacementChanged",
    "ReviewCompleted",
    "ClosureProposed",
];

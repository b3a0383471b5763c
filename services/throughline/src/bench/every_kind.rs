//! Casework with facts of every kind that a table is about: drawn into an arm, measured at two stages,
//! with incidents, support, work by agencies, and an end. About fifty events a case.

use serde_json::{Value, json};
use throughline_domain::case::CaseEvent;
use throughline_domain::ids::CaseId;

use super::casework::Random;
use super::loaded::{Cases, Next};

/// Facts of a case between its intake and its exit.
const FACTS_MIN: u64 = 30;
const FACTS_MAX: u64 = 54;
/// The abuse that is measured, and how severe it may be.
const ABUSE: [&str; 4] = ["physical", "sexual", "harassment", "jealousy"];
const SEVERITIES: [&str; 4] = ["none", "standard", "moderate", "high"];
const LEVELS: [&str; 3] = ["standard", "medium", "high"];

/// One case after another.
#[derive(Clone, Debug)]
pub(super) struct EveryKind {
    random: Random,
    case: CaseId,
    recorded: u64,
    facts: u64,
}

impl EveryKind {
    pub(super) fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        // Seeds are small and near each other; what they lead to is not.
        let mut random = Random::new(random.next());
        let (case, facts) = begin(&mut random);
        Self { random, case, recorded: 0, facts }
    }

    fn fact(&mut self) -> (&'static str, Value) {
        let last = self.facts + 6;
        match self.recorded {
            0 => ("ReferralReceived", self.referral()),
            1 => ("ReferralAccepted", json!({})),
            2 => ("CaseAllocated", json!({"worker": self.one_of(&["w-ann", "w-ben", "w-cat"])})),
            3 => ("ArmAllocated", self.arm()),
            4 => ("MeasureRecorded", self.measure("intake")),
            n if n + 1 == last => ("MeasureRecorded", self.measure("exit")),
            n if n == last => {
                ("CaseClosed", json!({"reason": self.one_of(&["goals_met", "disengaged"])}))
            }
            _ => self.work(),
        }
    }

    /// Something that is written down day by day.
    fn work(&mut self) -> (&'static str, Value) {
        match self.random.below(20) {
            0 | 1 => ("RiskAssessed", self.assessment()),
            2 => ("IncidentReported", self.incident()),
            3..=5 => ("AgencyActionRecorded", self.agency_action()),
            6 => ("NeedIdentified", json!({"need": self.one_of(&["housing", "drugs", "alcohol"])})),
            7 | 8 => (
                "SupportProvided",
                json!({
                    "kind": self.one_of(&["one_to_one", "group_programme"]),
                    "need": self.one_of(&["housing", "healthy_relationships"]),
                }),
            ),
            _ => (
                "ContactAttempted",
                json!({
                    "channel": self.one_of(&["phone", "home_visit", "text"]),
                    "outcome": self.one_of(&["reached", "no_answer", "declined"]),
                    "direction": "outgoing", "duration_min": 1 + self.random.below(60),
                }),
            ),
        }
    }

    fn referral(&mut self) -> Value {
        json!({
            "person_id": self.random.uuid(), "programme": "drive", "programme_version": 1,
            "role": self.one_of(&["perpetrator", "victim_survivor"]),
            "area": self.one_of(&["essex", "south_wales", "west_sussex"]),
            "source": self.one_of(&["police", "marac", "idva"]),
            "incidents_12_months": self.random.below(9),
        })
    }

    fn arm(&mut self) -> Value {
        json!({"arm": self.one_of(&["intervention", "control"]), "method": "permuted-block/1"})
    }

    fn measure(&mut self, stage: &str) -> Value {
        let mut values = serde_json::Map::new();
        for abuse in ABUSE {
            let is_missing = self.random.below(8) == 0;
            let value = if is_missing {
                json!({"missing": self.one_of(&["not_asked", "declined"])})
            } else {
                json!(self.one_of(&SEVERITIES))
            };
            values.insert(abuse.to_owned(), value);
        }
        json!({"instrument": "abuse-severity/1", "stage": stage, "values": values})
    }

    fn assessment(&mut self) -> Value {
        let mut answers = serde_json::Map::new();
        for question in 1..=24 {
            answers.insert(format!("q{question}"), json!(self.one_of(&["yes", "no", "dont_know"])));
        }
        json!({
            "instrument": "dash-safelives/2009", "answers": answers, "level": self.one_of(&LEVELS),
            "assessor_role": self.one_of(&["idva", "police_officer"]),
        })
    }

    fn incident(&mut self) -> Value {
        json!({
            "kind": self.one_of(&["crime", "domestic_incident"]),
            "police_outcome": self.one_of(&["no_further_action", "charge_or_summons", "caution"]),
        })
    }

    fn agency_action(&mut self) -> Value {
        json!({
            "agency": self.one_of(&["police", "housing", "childrens_social_care"]),
            "action": "joint_meeting", "work": self.one_of(&["direct", "indirect"]),
            "purpose": self.one_of(&["information_sharing", "disruption"]),
        })
    }

    fn one_of(&mut self, all: &[&'static str]) -> &'static str {
        let index = self.random.below(u64::try_from(all.len()).unwrap_or(1));
        all[usize::try_from(index).unwrap_or(0)]
    }
}

fn begin(random: &mut Random) -> (CaseId, u64) {
    (CaseId(random.uuid()), FACTS_MIN + random.below(FACTS_MAX - FACTS_MIN + 1))
}

impl Cases for EveryKind {
    fn next(&mut self) -> anyhow::Result<Next> {
        if self.recorded > self.facts + 6 {
            (self.case, self.facts) = begin(&mut self.random);
            self.recorded = 0;
        }
        let (event_type, facts) = self.fact();
        let event = CaseEvent::from_stored(event_type, 1, &facts.to_string())?;
        // What follows the decision can have been written down late.
        let next = Next { case: self.case, event, may_be_late: self.recorded > 3 };
        self.recorded += 1;
        Ok(next)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    #[test]
    fn a_case_is_taken_on_measured_twice_and_closed() {
        let mut casework = EveryKind::new(1);
        let mut cases: BTreeMap<CaseId, Vec<&'static str>> = BTreeMap::new();
        for _ in 0..10_000 {
            let next = casework.next().unwrap();
            cases.entry(next.case).or_default().push(next.event.type_name());
        }
        let kinds: BTreeSet<_> = cases.values().flatten().collect();
        assert_eq!(kinds.len(), 12);
        let whole = cases.values().filter(|events| events.ends_with(&["CaseClosed"]));
        assert!(whole.clone().count() + 1 >= cases.len());
        for events in whole {
            assert_eq!(events.iter().filter(|kind| **kind == "MeasureRecorded").count(), 2);
            assert!((37..=61).contains(&events.len()));
        }
    }
}

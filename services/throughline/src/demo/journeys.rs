//! Journeys, fact by fact: three women as a report tells of them, and a pair of cases composed from
//! the casework that another describes.

use std::collections::HashMap;

use anyhow::{Context, ensure};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use throughline_domain::time::Precision;
use uuid::Uuid;

use super::id;
use super::lines::{Fact, Lines};

/// A name and a text.
type File = (&'static str, &'static str);

/// The women of the Medium Risk Plus report.
pub(super) const WOMEN: [File; 3] = [
    ("megan", include_str!("../../demo/journeys/megan.json")),
    ("sue", include_str!("../../demo/journeys/sue.json")),
    ("chelsea", include_str!("../../demo/journeys/chelsea.json")),
];

/// A perpetrator's case and the victim-survivor's.
pub(super) const PAIR: [File; 2] = [
    ("drive-case-manager", include_str!("../../demo/journeys/drive-case-manager.json")),
    ("drive-idva", include_str!("../../demo/journeys/drive-idva.json")),
];

/// A person's way through a programme, as a report tells it.
#[derive(Deserialize)]
pub(super) struct Journey {
    #[serde(skip)]
    name: &'static str,
    programme: String,
    role: String,
    area: String,
    person: Value,
    facts: Vec<JourneyFact>,
    #[cfg(test)]
    expect: Vec<Expectation>,
}

#[derive(Deserialize)]
struct JourneyFact {
    #[serde(rename = "type")]
    event_type: String,
    occurred_at: Timestamp,
    precision: Precision,
    note: Option<String>,
    /// What later facts call it by.
    label: Option<String>,
    /// The coded facts. `{"fact": LABEL}` stands for the event of that fact.
    #[serde(flatten)]
    data: Map<String, Value>,
}

/// What is to be answered about a date.
#[cfg(test)]
#[derive(Deserialize)]
struct Expectation {
    as_of: Timestamp,
    /// Before the referral: nothing is in view.
    #[serde(default)]
    absent: bool,
    risk_level: Option<String>,
    status: Option<String>,
    open_needs: Option<Vec<String>>,
    contact_held: Option<bool>,
    last_reached_before: Option<Timestamp>,
}

/// The journeys of some files.
pub(super) fn of(files: impl IntoIterator<Item = File>) -> anyhow::Result<Vec<Journey>> {
    let read = |(name, text)| {
        let journey: Journey =
            serde_json::from_str(text).with_context(|| format!("the journey of {name}"))?;
        Ok(Journey { name, ..journey })
    };
    files.into_iter().map(read).collect()
}

/// The case of a journey.
pub(super) fn case_id(name: &str) -> Uuid {
    id(&format!("case/{name}"))
}

impl Journey {
    /// Tells the journey as lines of history.
    pub(super) fn tell(self, lines: &mut Lines) -> anyhow::Result<()> {
        let case = case_id(self.name);
        let worker = format!("{}-{}", self.programme, self.area);
        let mut labels = HashMap::new();
        for (place, fact) in self.facts.into_iter().enumerate() {
            let JourneyFact { event_type, occurred_at, precision, note, label, mut data } = fact;
            let is_referral = event_type == "ReferralReceived";
            ensure!(is_referral == (place == 0), "a journey begins with its referral");
            if is_referral {
                let of_case = json!({
                    "person_id": id(&format!("person/{}", self.name)),
                    "programme": self.programme,
                    "role": self.role,
                    "area": self.area,
                });
                data.extend(of_case.as_object().cloned().unwrap_or_default());
            }
            for value in data.values_mut() {
                if let Some(label) = value.get("fact").and_then(Value::as_str) {
                    let event = labels.get(label);
                    *value = json!(event.with_context(|| format!("no fact is called {label}"))?);
                }
            }
            let fact = Fact::new(case, place, event_type, occurred_at, precision, data);
            labels.extend(label.map(|label| (label, fact.event_id)));
            lines.push(Fact {
                actor: worker.clone(),
                narrative: note,
                identity: is_referral.then(|| self.person.clone()),
                ..fact
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use throughline_domain::case::CaseState;
    use throughline_domain::code_lists::CodeList as _;
    use throughline_domain::two_clocks::{Asked, Reading};

    use super::*;
    use crate::demo::tests::decided;

    #[tokio::test]
    async fn the_journeys_give_back_what_the_report_says() {
        let cases = decided().await;
        for journey in of(WOMEN.into_iter().chain(PAIR)).unwrap() {
            let history = &cases[&case_id(journey.name)];
            assert!(!journey.expect.is_empty());
            for expected in &journey.expect {
                let as_of = expected.as_of;
                let state = |known_at| {
                    let reading = Reading::Effective;
                    CaseState::at(history, &Asked { as_of, known_at, reading })
                };
                let place = format!("{} at {as_of}", journey.name);
                for state in [state(Timestamp::now()), state(as_of)] {
                    assert_eq!(state.referral.is_none(), expected.absent, "{place}");
                    let level = state.risk.as_ref().map(|risk| risk.level.as_str());
                    assert_eq!(level, expected.risk_level.as_deref(), "{place}");
                    if let Some(needs) = &expected.open_needs {
                        let open = state.open_needs.iter().map(|open| open.need.as_str());
                        assert_eq!(&open.collect::<Vec<_>>(), needs, "{place}");
                    }
                    if let Some(held) = expected.contact_held {
                        let mut holds = state.contact_safety.holds();
                        assert_eq!(holds.any(|hold| hold.until.is_none()), held, "{place}");
                    }
                    if let Some(status) = &expected.status {
                        assert_eq!(state.status.as_str(), status, "{place}");
                    }
                    if let Some(before) = expected.last_reached_before {
                        assert!(state.contacts.last_reached_at.unwrap() < before, "{place}");
                    }
                }
            }
        }
    }

    #[test]
    fn the_ids_in_the_documentation_stay() {
        assert_eq!(case_id("megan").to_string(), "1351fa27-7757-52e8-bedd-260c486bd5dc");
        assert_eq!(case_id("sue").to_string(), "12310e7d-d7f3-51cd-9b01-03a025e5bbc1");
    }
}

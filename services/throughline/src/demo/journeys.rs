//! Published journeys of two women, fact by fact.

use anyhow::{Context, ensure};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use throughline_domain::time::Precision;
use uuid::Uuid;

use super::id;
use super::lines::{Fact, Lines};

const FILES: [(&str, &str); 2] = [
    ("megan", include_str!("../../demo/journeys/megan.json")),
    ("sue", include_str!("../../demo/journeys/sue.json")),
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
    /// The coded facts.
    #[serde(flatten)]
    data: Map<String, Value>,
}

/// What is to be answered about a date.
#[cfg(test)]
#[derive(Deserialize)]
struct Expectation {
    as_of: Timestamp,
    risk_level: String,
    status: Option<String>,
    last_reached_before: Option<Timestamp>,
}

/// Every journey.
pub(super) fn all() -> anyhow::Result<Vec<Journey>> {
    let read = |(name, text)| {
        let journey: Journey =
            serde_json::from_str(text).with_context(|| format!("the journey of {name}"))?;
        Ok(Journey { name, ..journey })
    };
    FILES.into_iter().map(read).collect()
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
        for (place, fact) in self.facts.into_iter().enumerate() {
            let JourneyFact { event_type, occurred_at, precision, note, mut data } = fact;
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
            let fact = Fact::new(case, place, event_type, occurred_at, precision, data);
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
        for journey in all().unwrap() {
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
                    let level = state.risk.as_ref().unwrap().level.as_str();
                    assert_eq!(level, expected.risk_level, "{place}");
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

//! What is stored reads back as it was, and is stored again as the same text.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Map, Value};
use throughline_domain::case::CaseEvent;
use throughline_domain::case::record_measure::{MeasureRecorded, MeasureValue};

use crate::{seeded, soup};

fn assert_round_trips(event: &CaseEvent) -> Result<(), TestCaseError> {
    let text = event.to_data().unwrap();
    let read = CaseEvent::from_stored(event.type_name(), event.schema_version(), &text).unwrap();
    prop_assert_eq!(&read, event);
    prop_assert_eq!(read.to_data().unwrap(), text);
    Ok(())
}

/// The text in which version 1 stored a correction: all of it but the replacement's version.
fn first_version(correction: &CaseEvent) -> String {
    let mut facts: Map<String, Value> =
        serde_json::from_str(&correction.to_data().unwrap()).unwrap();
    facts.remove("replacement_version").unwrap();
    serde_json::to_string(&facts).unwrap()
}

proptest! {
    #![proptest_config(seeded::config(256))]

    #[test]
    fn every_event_reads_back_as_it_was(history in soup::histories(25)) {
        for recorded in &history {
            assert_round_trips(&recorded.event)?;
        }
    }

    #[test]
    fn a_correction_of_the_first_version_reads_as_the_newest(history in soup::histories(25)) {
        for correction in history.iter().map(|recorded| &recorded.event) {
            if let CaseEvent::FactCorrected(_) = correction {
                let text = first_version(correction);
                let read = CaseEvent::from_stored("FactCorrected", 1, &text).unwrap();
                prop_assert_eq!(&read, correction);
                let refused = CaseEvent::from_stored("FactCorrected", 2, &text);
                prop_assert!(refused.is_err(), "a version is told, not guessed");
            }
        }
    }
}

proptest! {
    #![proptest_config(seeded::config(4096))]

    #[test]
    fn every_number_that_is_measured_reads_back_to_its_last_digit(number in any::<f64>()) {
        if let Some(number) = serde_json::Number::from_f64(number) {
            assert_round_trips(&CaseEvent::MeasureRecorded(MeasureRecorded {
                instrument: "scale/1".parse().unwrap(),
                stage: "intake".parse().unwrap(),
                values: BTreeMap::from([("score".parse().unwrap(), MeasureValue::Number(number))]),
                recorded_by: None,
            }))?;
        }
    }
}

#[test]
fn a_version_that_nobody_wrote_is_not_read() {
    for (name, version) in CaseEvent::TYPES {
        assert!(CaseEvent::from_stored(name, version + 1, "{}").is_err());
        assert!(CaseEvent::from_stored(name, 0, "{}").is_err());
    }
}

/// The replacement is read in the version that stands beside it, in whatever order, and not guessed.
#[test]
fn a_replacement_is_read_in_its_own_version() {
    let correction = |version: i16| {
        format!(
            r#"{{"replacement":{{"data":{{"reason":"disengaged"}},"type":"CaseClosed"}},
                "corrects":"0196a1b2-0000-7000-8000-000000000008",
                "replacement_version":{version},"occurred":{{"at":"2014-07-01T09:30:00Z"}}}}"#
        )
    };
    assert!(CaseEvent::from_stored("FactCorrected", 2, &correction(1)).is_ok());
    for unknown in [-1, 0, 2, i16::MAX] {
        assert!(CaseEvent::from_stored("FactCorrected", 2, &correction(unknown)).is_err());
    }
}

/// However deep it goes: what is refused is not followed down.
#[test]
fn an_amendment_replaces_no_fact() {
    const ABOUT: &str = r#""0196a1b2-0000-7000-8000-000000000008""#;
    for depth in [1, 20_000] {
        let above = format!(
            r#"{{"corrects":{ABOUT},"replacement_version":2,
                "occurred":{{"at":"2014-07-01T09:30:00Z"}},
                "replacement":{{"type":"FactCorrected","data":"#
        )
        .repeat(depth);
        let text = format!(r#"{above}{{"retracts":{ABOUT}}}{}"#, "}}".repeat(depth));
        assert!(CaseEvent::from_stored("FactCorrected", 2, &text).is_err());
    }
}

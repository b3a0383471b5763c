//! What is stored reads back as it was, and is stored again as the same text.

use std::collections::BTreeMap;

use proptest::prelude::*;
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

proptest! {
    #![proptest_config(seeded::config(256))]

    #[test]
    fn every_event_reads_back_as_it_was(history in soup::histories(25)) {
        for recorded in &history {
            assert_round_trips(&recorded.event)?;
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

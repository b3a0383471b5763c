//! Recording what an instrument measured at a stage.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::case::{Case, CaseError, CaseEvent, Moment};
use crate::code::Code;
use crate::code_lists::MissingReason;
use crate::instrument;

/// Write down the values.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordMeasure(pub MeasureRecorded);

/// An instrument was used at a stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MeasureRecorded {
    /// The instrument and its version, such as `abuse-severity/1`.
    pub instrument: Code,
    /// The programme's stage.
    pub stage: Code,
    /// What was measured, by key.
    pub values: BTreeMap<Code, MeasureValue>,
    /// Who recorded it, as a role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recorded_by: Option<Code>,
}

/// One value, or why there is none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum MeasureValue {
    /// A level or other code.
    Code(Code),
    /// A score or count.
    Number(serde_json::Number),
    /// No value, and why.
    Missing {
        /// Why.
        missing: MissingReason,
    },
}

impl MeasureRecorded {
    pub(crate) fn check(&self) -> Result<(), CaseError> {
        if self.values.is_empty() {
            return Err(CaseError::NoMeasureValues);
        }
        match instrument::find_measure(self.instrument.as_str()) {
            Some(form) => form.admit(&self.values),
            None => Err(CaseError::UnknownInstrument { instrument: self.instrument.clone() }),
        }
    }
}

impl RecordMeasure {
    /// # Errors
    /// When the measure was taken outside every episode.
    pub fn decide(self, case: &Case, moment: &Moment) -> Result<CaseEvent, CaseError> {
        case.require_episode_at(moment.occurred)?;
        Ok(CaseEvent::MeasureRecorded(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::amend_fact::{CorrectFact, FactCorrected};
    use crate::case::testing::{at, code, event_id, given, open_case, with};

    fn sample() -> MeasureRecorded {
        MeasureRecorded {
            instrument: code("abuse-severity/1"),
            stage: code("intake"),
            values: BTreeMap::from([
                (code("physical"), MeasureValue::Code(code("high"))),
                (code("incidents"), MeasureValue::Number(3.into())),
                (code("sexual"), MeasureValue::Missing { missing: MissingReason::UnsafeToAsk }),
            ]),
            recorded_by: None,
        }
    }

    #[test]
    fn values_and_missing_values_are_recorded_side_by_side() {
        given(open_case())
            .when(RecordMeasure(sample()), at(6))
            .then(CaseEvent::MeasureRecorded(sample()));
        let json = serde_json::to_value(sample().values).unwrap();
        assert_eq!(
            json,
            serde_json::json!({
                "incidents": 3, "physical": "high", "sexual": {"missing": "unsafe_to_ask"}
            })
        );
    }

    #[test]
    fn a_measure_outside_every_episode_is_refused() {
        given(open_case())
            .when(RecordMeasure(sample()), at(0))
            .then_refused(&CaseError::OutsideEveryEpisode { occurred_at: at(0).at });
    }

    #[test]
    fn a_measure_without_values_is_refused() {
        let empty = MeasureRecorded { values: BTreeMap::new(), ..sample() };
        given(open_case())
            .when(RecordMeasure(empty), at(6))
            .then_refused(&CaseError::NoMeasureValues);
    }

    #[test]
    fn only_what_its_instrument_can_give_is_recorded() {
        let refused = |measure, error| {
            given(open_case()).when(RecordMeasure(measure), at(6)).then_refused(&error);
        };
        for unknown in ["abuse-severity/2", "dash-safelives/2009"].map(code) {
            let measure = MeasureRecorded { instrument: unknown.clone(), ..sample() };
            refused(measure, CaseError::UnknownInstrument { instrument: unknown });
        }
        let with = |key: &str, value: &str| MeasureRecorded {
            values: BTreeMap::from([(code(key), MeasureValue::Code(code(value)))]),
            ..sample()
        };
        let (key, physical) = (code("score"), code("physical"));
        refused(with("score", "high"), CaseError::UnknownMeasureKey { key });
        refused(with("physical", "3"), CaseError::ValueOutsideInstrument { key: physical });
    }

    #[test]
    fn a_correction_is_held_to_the_instrument_as_well() {
        let measured = CaseEvent::MeasureRecorded(sample());
        let replacement = MeasureRecorded { instrument: code("x/1"), ..sample() };
        let correction = CorrectFact(FactCorrected {
            corrects: event_id(4),
            occurred: at(6),
            replacement: Box::new(CaseEvent::MeasureRecorded(replacement)),
        });
        given(with(open_case(), [(measured, at(6))]))
            .when(correction, at(7))
            .then_refused(&CaseError::UnknownInstrument { instrument: code("x/1") });
    }
}

//! What may be recorded with a measure.

use std::collections::BTreeMap;

use super::definition::{AllowedValues, Dimension, MeasureForm};
use crate::case::CaseError;
use crate::case::record_measure::MeasureValue;
use crate::code::Code;

impl MeasureForm {
    /// The dimension of this key.
    #[must_use]
    pub fn dimension(&self, key: &str) -> Option<&Dimension> {
        self.dimensions.iter().find(|dimension| dimension.key.as_str() == key)
    }

    /// Whether the instrument can have given these values. It need not give all of them.
    ///
    /// # Errors
    /// [`CaseError::UnknownMeasureKey`] and [`CaseError::ValueOutsideInstrument`].
    pub fn admit(&self, values: &BTreeMap<Code, MeasureValue>) -> Result<(), CaseError> {
        for (key, value) in values {
            let Some(dimension) = self.dimension(key.as_str()) else {
                return Err(CaseError::UnknownMeasureKey { key: key.clone() });
            };
            if !dimension.values.admit(value) {
                return Err(CaseError::ValueOutsideInstrument { key: key.clone() });
            }
        }
        Ok(())
    }
}

impl AllowedValues {
    fn admit(&self, value: &MeasureValue) -> bool {
        match (self, value) {
            (_, MeasureValue::Missing { .. }) => true,
            (Self::Codes(codes), MeasureValue::Code(code)) => codes.contains(code),
            (Self::Whole { min, max }, MeasureValue::Number(number)) => {
                number.as_i64().is_some_and(|number| (*min..=*max).contains(&number))
            }
            (Self::Codes(_), MeasureValue::Number(_))
            | (Self::Whole { .. }, MeasureValue::Code(_)) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::instrument::find_measure;

    fn admit(instrument: &str, values: Value) -> Result<(), CaseError> {
        find_measure(instrument).unwrap().admit(&serde_json::from_value(values).unwrap())
    }

    #[test]
    fn values_within_the_instrument_are_admitted_and_any_may_be_missing() {
        let values = json!({"physical": "high", "incidents": 3, "sexual": {"missing": "declined"}});
        assert_eq!(admit("abuse-severity/1", values), Ok(()));
        assert_eq!(admit("outcome-scale/1", json!({"confidence": 1, "feels_safe": 8})), Ok(()));
    }

    #[test]
    fn a_key_that_the_instrument_does_not_have_is_refused() {
        let key = "score".parse().unwrap();
        let refused = Err(CaseError::UnknownMeasureKey { key });
        assert_eq!(admit("abuse-severity/1", json!({"physical": "high", "score": 1})), refused);
    }

    #[test]
    fn a_value_that_the_instrument_does_not_have_is_refused() {
        for (instrument, key, value) in [
            ("abuse-severity/1", "physical", json!("severe")),
            ("abuse-severity/1", "physical", json!(3)),
            ("abuse-severity/1", "incidents", json!("high")),
            ("abuse-severity/1", "incidents", json!(-1)),
            ("abuse-severity/1", "incidents", json!(2.5)),
            ("outcome-scale/1", "confidence", json!(0)),
            ("outcome-scale/1", "confidence", json!(9)),
        ] {
            let refused = CaseError::ValueOutsideInstrument { key: key.parse().unwrap() };
            assert_eq!(admit(instrument, json!({key: value})), Err(refused), "{key}: {value}");
        }
    }
}

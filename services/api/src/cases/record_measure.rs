//! Recording what an instrument measured at a stage.

use std::collections::BTreeMap;

use throughline_domain::case::Intent;
use throughline_domain::case::record_measure::{MeasureRecorded, MeasureValue, RecordMeasure};
use throughline_domain::code::Code;
use throughline_domain::ids::EventId;

use crate::cases::command::{CommandBody, command_body, common_members};

command_body! {
    /// Recording what an instrument measured at a stage.
    MeasureBody {
        /// The instrument and its version, such as `abuse-severity/1`.
        #[schema(schema_with = crate::schema::code)]
        instrument: Code,
        /// The programme's stage.
        #[schema(schema_with = crate::schema::code)]
        stage: Code,
        /// By key: a code, a number, or `{"missing": reason}`.
        #[schema(schema_with = crate::schema::measure_values)]
        values: BTreeMap<Code, MeasureValue>,
        /// Who recorded it, as a role.
        #[schema(schema_with = crate::schema::code)]
        recorded_by: Option<Code>,
    }
}

impl CommandBody for MeasureBody {
    common_members!();

    fn into_intent(self, _: Option<EventId>) -> Intent {
        let Self { instrument, stage, values, recorded_by, .. } = self;
        RecordMeasure(MeasureRecorded { instrument, stage, values, recorded_by }).into()
    }
}

//! What changed between two stages: the latest value of each measure at each stage, case by case.
//!
//! **The cohort** is every case of the programme whose referral was accepted in view: accepted,
//! open or closed. It is the denominator of what is missing: a case with no value at a stage counts
//! as `not_recorded` there. Referred, waiting and declined cases are in no count.
//!
//! **A value** is the latest, in the order of the reading, of its instrument, key and stage. A
//! later "declined" overtakes an earlier value, since that is what is known last. When no instrument
//! is asked for, the latest value of the key at the stage counts, whichever instrument took it; the
//! table names the instruments, so that a mixture shows.
//!
//! **`risk_level`** is built in: the level of each risk assessment that names a stage.

mod answer;
mod read;

use std::collections::BTreeMap;

use jiff::Timestamp;
use throughline_domain::case::lifecycle::Transition;
use throughline_domain::case::record_measure::{MeasureRecorded, MeasureValue};
use throughline_domain::case::{CaseEvent, CaseState, CaseStatus};
use throughline_domain::code::Code;
use throughline_domain::code_lists::{CaseRole, CodeList as _, MissingReason};
use throughline_domain::ids::{CaseId, Position};
use throughline_domain::recorded::Recorded;
use throughline_domain::two_clocks::{self, Asked};

use crate::TouchedCase;
use crate::cell::{Cell, Kind, Row};
use crate::table::{Column, Table};

pub use answer::{Answer, Question};
pub use read::read;
pub use throughline_evaluation::levels::{LEVELS_MAX, RISK_LEVEL};
pub use throughline_evaluation::tables::sides::{AnyUse, LevelChange, MissingCounts, OutcomeTable};

/// The version of the fold and its tables.
pub const VERSION: i32 = 1;

/// The tables: one row a case, and one a measured key at a stage.
pub(crate) const TABLES: &[Table] = &[
    Table {
        name: "outcome_case",
        columns: &[
            Column::new("case_id", Kind::Uuid),
            Column::new("programme", Kind::Text),
            Column::new("role", Kind::Text),
            Column::new("area", Kind::Text),
            Column::new("is_accepted", Kind::Bool),
        ],
        key: 1,
    },
    Table {
        name: "outcome_value",
        columns: &[
            Column::new("case_id", Kind::Uuid),
            Column::new("instrument", Kind::Text),
            Column::new("key", Kind::Text),
            Column::new("stage", Kind::Text),
            Column::new("value", Kind::Text),
            Column::new("missing", Kind::Text),
            Column::new("occurred_at", Kind::Time),
            Column::new("position", Kind::BigInt),
        ],
        key: 4,
    },
];

/// One case, with all that was measured of it.
#[derive(Debug, Clone, PartialEq)]
pub struct CaseOutcomes {
    /// The programme.
    pub programme: Code,
    /// Whom the case is about.
    pub role: CaseRole,
    /// The programme's area.
    pub area: Code,
    /// Whether the referral was accepted: only then is the case in a cohort.
    pub is_accepted: bool,
    /// The latest values.
    pub values: BTreeMap<ValueKey, Value>,
}

/// What was measured, with what, and when in the programme.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ValueKey {
    /// The instrument and its version.
    pub instrument: Code,
    /// The instrument's key.
    pub key: Code,
    /// The programme's stage.
    pub stage: Code,
}

/// The latest value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    /// The code, or the number as text; or why there is none.
    pub value: Result<String, MissingReason>,
    /// When it was measured.
    pub occurred_at: Timestamp,
    /// The fact it comes from.
    pub position: Position,
    /// Its place among the case's facts, in the order of the reading.
    pub place: usize,
}

/// Folds one case at the dates asked about; `None` when no referral was in view then.
#[must_use]
pub fn fold(history: &[Recorded<CaseEvent>], asked: &Asked) -> Option<CaseOutcomes> {
    let mut state = CaseState::default();
    let mut values = BTreeMap::new();
    for (place, fact) in two_clocks::facts(history, asked).enumerate() {
        state.apply(fact.recorded.event_id, fact.occurred, fact.event);
        take(&mut values, place, &fact);
    }
    let referral = state.referral?;
    Some(CaseOutcomes {
        programme: referral.programme,
        role: referral.role,
        area: referral.area,
        is_accepted: matches!(
            state.status,
            CaseStatus::Accepted | CaseStatus::Open | CaseStatus::Closed
        ),
        values,
    })
}

fn take(values: &mut BTreeMap<ValueKey, Value>, place: usize, fact: &two_clocks::Entry<'_>) {
    let mut put = |instrument: &Code, key: &Code, stage: &Code, value| {
        let key =
            ValueKey { instrument: instrument.clone(), key: key.clone(), stage: stage.clone() };
        let (occurred_at, position) = (fact.occurred.at, fact.recorded.position);
        // Facts come in the order of the reading: the last of them is the one that counts.
        values.insert(key, Value { value, occurred_at, position, place });
    };
    if let CaseEvent::MeasureRecorded(MeasureRecorded { instrument, stage, values, .. }) =
        fact.event
    {
        for (key, value) in values {
            put(instrument, key, stage, text(value));
        }
    } else if let CaseEvent::RiskAssessed(facts) = fact.event
        && let Some(stage) = &facts.stage
    {
        let level = Ok(facts.level.as_str().to_owned());
        put(&facts.instrument, &risk_level_key(), stage, level);
    }
}

/// A code as it is; a number in one form, so that 3 and 3.0 are one level.
fn text(value: &MeasureValue) -> Result<String, MissingReason> {
    match value {
        MeasureValue::Code(code) => Ok(code.as_str().to_owned()),
        MeasureValue::Number(number) => Ok(throughline_evaluation::levels::number_text(number)),
        MeasureValue::Missing { missing } => Err(*missing),
    }
}

/// The case's rows of the present; none when no referral is in view.
pub(crate) fn rows(case_id: CaseId, history: &[Recorded<CaseEvent>]) -> Vec<Vec<Row>> {
    let Some(outcomes) = fold(history, &Asked::LATEST) else {
        return vec![Vec::new(), Vec::new()];
    };
    let case = vec![
        case_id.0.into(),
        (&outcomes.programme).into(),
        outcomes.role.as_str().into(),
        (&outcomes.area).into(),
        Cell::Bool(outcomes.is_accepted),
    ];
    let values = outcomes.values.into_iter().map(|(key, value)| value.into_cells(case_id, &key));
    vec![vec![case], values.collect()]
}

impl Value {
    fn into_cells(self, case_id: CaseId, key: &ValueKey) -> Row {
        let (value, missing) = match self.value {
            Ok(value) => (value.into(), Cell::Null),
            Err(missing) => (Cell::Null, missing.as_str().into()),
        };
        vec![
            case_id.0.into(),
            (&key.instrument).into(),
            (&key.key).into(),
            (&key.stage).into(),
            value,
            missing,
            self.occurred_at.into(),
            Cell::BigInt(self.position.0),
        ]
    }
}

/// Whether new events can change the case's rows.
pub(crate) fn is_touched(case: &TouchedCase<'_>) -> bool {
    case.new_events().iter().any(|e| bears_on_outcomes(&e.event))
}

/// Whether an event can change a case's outcomes. An amendment may be of any fact.
fn bears_on_outcomes(event: &CaseEvent) -> bool {
    Transition::of(event).is_some()
        || event.amends().is_some()
        || matches!(event, CaseEvent::MeasureRecorded(_) | CaseEvent::RiskAssessed(_))
}

fn risk_level_key() -> Code {
    RISK_LEVEL.parse().expect("the name of a measure is a code")
}

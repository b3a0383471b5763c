//! The present outcome table, counted in the database.

use std::collections::BTreeMap;

use throughline_domain::code_lists::{CodeList, MissingReason};
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Row};

use super::Question;
use crate::column::Columns;
use crate::{Place, ReadError};
use throughline_evaluation::levels::LEVELS_MAX;
use throughline_evaluation::tables::sides::{OutcomeTable, Side};

const COUNTS: &str = include_str!("counts.sql");

/// The most combinations read: beyond, there are more levels than a matrix is made of.
const COMBINATIONS_MAX: usize = 4 * LEVELS_MAX * LEVELS_MAX;

/// Returns the present outcome table.
///
/// # Errors
/// When the database does not answer, or the measure has more than [`LEVELS_MAX`] distinct values.
pub async fn read(
    client: &Client,
    place: Place,
    question: Question<'_>,
) -> Result<OutcomeTable, ReadError> {
    let limit = i64::try_from(COMBINATIONS_MAX + 1).unwrap_or(i64::MAX);
    let rows = client
        .query_typed(
            &place.sql(COUNTS),
            &[
                (&place.tenant_no, Type::INT4),
                (&question.programme, Type::TEXT),
                (&question.measure, Type::TEXT),
                (&question.from, Type::TEXT),
                (&question.to, Type::TEXT),
                (&question.instrument, Type::TEXT),
                (&question.role.map(CodeList::as_str), Type::TEXT),
                (&question.area, Type::TEXT),
                (&limit, Type::INT8),
            ],
        )
        .await?;
    if rows.len() > COMBINATIONS_MAX {
        return Err(ReadError::TooManyLevels { levels_max: LEVELS_MAX });
    }
    let counts = rows.iter().map(decode).collect::<Result<BTreeMap<_, _>, _>>()?;
    Ok(OutcomeTable::of(question.measure, &counts)?)
}

fn decode(row: &Row) -> Result<((Side, Side), u64), ReadError> {
    let columns = Columns { table: "outcome_value", row };
    let from = side(&columns, ["from_value", "from_missing", "from_instrument"])?;
    let to = side(&columns, ["to_value", "to_missing", "to_instrument"])?;
    let cases: i64 = columns.get("cases")?;
    Ok(((from, to), cases.unsigned_abs()))
}

fn side(
    columns: &Columns<'_>,
    [value, missing, instrument]: [&'static str; 3],
) -> Result<Side, ReadError> {
    if let Some(value) = columns.get::<Option<String>>(value)? {
        let instrument = columns.code(instrument)?;
        return Ok(Side::Value { value, instrument });
    }
    let reason = columns.listed_opt::<MissingReason>(missing)?;
    Ok(reason.map_or(Side::NotRecorded, Side::Missing))
}

//! The one place that writes the timeline's table.

use jiff::Timestamp;
use throughline_domain::ids::{CaseId, EventId};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Error, Transaction};
use uuid::Uuid;

use super::{Change, TimelineEntry};

const UPSERT: &str = include_str!("upsert.sql");

/// Writes the entries that new events tell of. An entry never goes away: a retracted fact stays,
/// with its mark.
pub(crate) async fn write(
    transaction: &Transaction<'_>,
    tenant_no: i32,
    changes: Vec<Change>,
) -> Result<(), Error> {
    let rows: Vec<(CaseId, &TimelineEntry)> = changes
        .iter()
        .flat_map(|change| change.entries.iter().map(|entry| (change.case_id, entry)))
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    let case_ids: Vec<Uuid> = rows.iter().map(|(case_id, _)| case_id.0).collect();
    let all = Gathered(&rows);
    let parameters: [(&(dyn ToSql + Sync), Type); 12] = [
        (&tenant_no, Type::INT4),
        (&case_ids, Type::UUID_ARRAY),
        (&all.of(|e| e.position.0), Type::INT8_ARRAY),
        (&all.of(|e| e.event_id.0), Type::UUID_ARRAY),
        (&all.of(|e| e.event_type), Type::TEXT_ARRAY),
        (&all.of(|e| e.schema_version), Type::INT2_ARRAY),
        (&all.times(|e| e.occurred.at), Type::TIMESTAMPTZ_ARRAY),
        (&all.of(|e| e.occurred.precision.as_str()), Type::TEXT_ARRAY),
        (&all.times(|e| e.recorded_at), Type::TIMESTAMPTZ_ARRAY),
        (&all.of(|e| e.data.as_str()), Type::TEXT_ARRAY),
        (&all.ids(|e| e.corrected_by), Type::UUID_ARRAY),
        (&all.ids(|e| e.retracted_by), Type::UUID_ARRAY),
    ];
    transaction.execute_typed(UPSERT, &parameters).await?;
    Ok(())
}

pub(crate) async fn erase(transaction: &Transaction<'_>, tenant_no: i32) -> Result<(), Error> {
    transaction
        .execute_typed(
            "DELETE FROM engagement_timeline WHERE tenant_no = $1",
            &[(&tenant_no, Type::INT4)],
        )
        .await?;
    Ok(())
}

/// Rows turned into columns.
struct Gathered<'a>(&'a [(CaseId, &'a TimelineEntry)]);

impl<'a> Gathered<'a> {
    fn of<T>(&self, column: impl Fn(&'a TimelineEntry) -> T) -> Vec<T> {
        self.0.iter().map(|(_, entry)| column(entry)).collect()
    }

    fn times(&self, column: impl Fn(&TimelineEntry) -> Timestamp) -> Vec<Timestamp> {
        self.of(column)
    }

    fn ids(&self, column: impl Fn(&TimelineEntry) -> Option<EventId>) -> Vec<Option<Uuid>> {
        self.of(|entry| column(entry).map(|id| id.0))
    }
}

//! The slices of a rebuild: which are left, and what they add up to.

use std::ops::RangeInclusive;

use deadpool_postgres::Object;
use throughline_log::LogError;
use tokio_postgres::types::Type;

use super::lease::Lease;

/// A range of streams that is folded and written in one transaction.
#[derive(Debug, Clone)]
pub(crate) struct Slice {
    pub(crate) number: i32,
    pub(crate) streams: RangeInclusive<i64>,
}

/// The slices that are not written yet, in order.
pub(crate) async fn left(client: &Object, lease: &Lease) -> Result<Vec<Slice>, LogError> {
    let sql = "SELECT slice, first_stream, last_stream FROM projection_rebuild_slice \
               WHERE tenant_no = $1 AND operation_id = $2 AND events IS NULL ORDER BY slice";
    let rows = client
        .query_typed(sql, &[(&lease.tenant.0, Type::INT4), (&lease.operation_id, Type::UUID)])
        .await?;
    rows.iter()
        .map(|row| {
            Ok(Slice { number: row.try_get(0)?, streams: row.try_get(1)?..=row.try_get(2)? })
        })
        .collect()
}

/// How many events the slices had, if all are written.
pub(crate) async fn written(client: &Object, lease: &Lease) -> Result<Option<i64>, LogError> {
    let sql = "SELECT CASE WHEN bool_and(events IS NOT NULL) IS NOT FALSE \
                   THEN coalesce(sum(events), 0)::bigint END \
               FROM projection_rebuild_slice WHERE tenant_no = $1 AND operation_id = $2";
    let row = client
        .query_typed_one(sql, &[(&lease.tenant.0, Type::INT4), (&lease.operation_id, Type::UUID)])
        .await?;
    Ok(row.try_get(0)?)
}

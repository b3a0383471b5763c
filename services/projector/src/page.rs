//! Pages of a list.

use jiff::Timestamp;
use throughline_log::TenantNo;
use throughline_projections::Projection;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Error, Row};
use uuid::Uuid;

/// One page of a list, and whether there is another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows, in the order of the list.
    pub rows: Vec<T>,
    /// Whether more follow the last of them.
    pub more: bool,
}

impl<T> Page<T> {
    /// A page of at most `limit` rows, of a query that asked for one more.
    pub(crate) fn of(rows: Vec<T>, limit: u32) -> Self {
        Self { rows, more: false }.first(limit)
    }

    /// The first rows of a page, at most `limit`.
    #[must_use]
    pub fn first(mut self, limit: u32) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        self.more |= self.rows.len() > limit;
        self.rows.truncate(limit);
        self
    }
}

/// Rows of a table of operations on projections that this program knows, of a tenant or of all: the
/// newest first, after the one that was asked for at this moment and has this id; one more than
/// `limit`, for [`Page::of`].
pub(crate) async fn newest(
    client: &Client,
    table: &'static str,
    columns: &'static str,
    tenant: Option<TenantNo>,
    after: Option<(Timestamp, Uuid)>,
    limit: u32,
) -> Result<Vec<Row>, Error> {
    let sql = format!(
        "SELECT {columns} FROM {table} \
         WHERE ($1 IS NULL OR tenant_no = $1) AND projection = ANY($2) \
             AND ($3 IS NULL OR requested_at < $3 OR (requested_at = $3 AND operation_id > $4)) \
         ORDER BY requested_at DESC, operation_id LIMIT $5"
    );
    let names = Projection::ALL.map(Projection::name);
    let params: [(&(dyn ToSql + Sync), Type); 5] = [
        (&tenant.map(|tenant| tenant.0), Type::INT4),
        (&names.as_slice(), Type::TEXT_ARRAY),
        (&after.map(|(requested_at, _)| requested_at), Type::TIMESTAMPTZ),
        (&after.map(|(_, operation_id)| operation_id), Type::UUID),
        (&(i64::from(limit) + 1), Type::INT8),
    ];
    client.query_typed(&sql, &params).await
}

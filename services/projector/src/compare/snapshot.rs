//! One moment of the database, in which builds are looked at.

use std::collections::HashSet;
use std::time::Duration;

use deadpool_postgres::{Object, Transaction};
use throughline_domain::ids::Position;
use throughline_log::LogError;
use throughline_projections::{Row, Table};
use tokio_postgres::IsolationLevel;
use tokio_postgres::types::{ToSql, Type};
use uuid::Uuid;

use crate::rebuild::BuildKey;

/// Each statement has this long; a comparison has as many as it needs.
const STATEMENT_MAX: Duration = Duration::from_mins(10);
/// How long the snapshot may wait for the log to be read.
const IDLE_MAX: Duration = Duration::from_mins(10);

/// The snapshot, until it is dropped.
pub(crate) struct Snapshot<'a>(Transaction<'a>);

impl<'a> Snapshot<'a> {
    pub(crate) async fn take(client: &'a mut Object) -> Result<Self, LogError> {
        let transaction = client
            .build_transaction()
            .isolation_level(IsolationLevel::RepeatableRead)
            .read_only(true)
            .start()
            .await?;
        let settings = format!(
            "SET LOCAL statement_timeout = {}; SET LOCAL idle_in_transaction_session_timeout = {}",
            STATEMENT_MAX.as_millis(),
            IDLE_MAX.as_millis()
        );
        transaction.batch_execute(&settings).await?;
        Ok(Self(transaction))
    }

    /// The build that readers are answered from.
    pub(crate) async fn live(&self, any: BuildKey) -> Result<BuildKey, LogError> {
        let sql = "SELECT coalesce((SELECT build FROM projection_live WHERE tenant_no = $1 \
                   AND projection = $2 AND version = $3), 0), $4 = $4";
        let rows = any.query(self.0.client(), sql).await?;
        let build = rows.first().map_or(Ok(0), |row| row.try_get(0))?;
        Ok(BuildKey { build, ..any })
    }

    /// How far a build is; `None` for one that is not followed.
    pub(crate) async fn position(&self, build: BuildKey) -> Result<Option<Position>, LogError> {
        let sql = "SELECT position FROM projection_checkpoint \
                   WHERE tenant_no = $1 AND projection = $2 AND version = $3 AND build = $4";
        let rows = build.query(self.0.client(), sql).await?;
        Ok(rows.first().map(|row| row.try_get(0).map(Position)).transpose()?)
    }

    /// How many streams the tenant has.
    pub(crate) async fn streams(&self, build: BuildKey) -> Result<i64, LogError> {
        let sql = "SELECT streams FROM log_head WHERE tenant_no = $1";
        let tenant = build.tenant;
        let row = self.0.query_typed_opt(sql, &[(&tenant.0, Type::INT4)]).await?;
        Ok(row.ok_or(LogError::NoSuchTenant { tenant })?.try_get(0)?)
    }

    /// Which of some cases a build has parked.
    pub(crate) async fn parked(
        &self,
        build: BuildKey,
        cases: &[Uuid],
    ) -> Result<HashSet<Uuid>, LogError> {
        let sql = "SELECT stream_id FROM projection_parked WHERE tenant_no = $1 \
                   AND projection = $2 AND version = $3 AND build = $4 AND stream_id = ANY($5)";
        self.ids(build, sql, (&cases, Type::UUID_ARRAY)).await
    }

    /// Cases that a build has parked.
    pub(crate) async fn some_parked(
        &self,
        build: BuildKey,
        limit: i64,
    ) -> Result<HashSet<Uuid>, LogError> {
        let sql = "SELECT stream_id FROM projection_parked WHERE tenant_no = $1 \
                   AND projection = $2 AND version = $3 AND build = $4 \
                   ORDER BY stream_id LIMIT $5";
        self.ids(build, sql, (&limit, Type::INT8)).await
    }

    async fn ids(
        &self,
        build: BuildKey,
        sql: &str,
        more: (&(dyn ToSql + Sync), Type),
    ) -> Result<HashSet<Uuid>, LogError> {
        let rows = self
            .0
            .query_typed(
                sql,
                &[
                    (&build.tenant.0, Type::INT4),
                    (&build.projection.name(), Type::TEXT),
                    (&build.version, Type::INT4),
                    (&build.build, Type::INT4),
                    more,
                ],
            )
            .await?;
        Ok(rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?)
    }

    /// At most `limit` cases, at random, among streams of these numbers.
    pub(crate) async fn cases_among(
        &self,
        build: BuildKey,
        numbers: &[i64],
        limit: i64,
    ) -> Result<HashSet<Uuid>, LogError> {
        let sql = "SELECT id FROM stream WHERE tenant_no = $1 AND stream_no = ANY($2) \
                   AND kind = 'case' ORDER BY random() LIMIT $3";
        let rows = self
            .0
            .query_typed(
                sql,
                &[
                    (&build.tenant.0, Type::INT4),
                    (&numbers, Type::INT8_ARRAY),
                    (&limit, Type::INT8),
                ],
            )
            .await?;
        Ok(rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?)
    }

    /// The rows that a build has of some cases.
    pub(crate) async fn rows(
        &self,
        build: BuildKey,
        table: &Table,
        cases: &[Uuid],
    ) -> Result<Vec<Row>, LogError> {
        let sql = table.select(build.place(), "AND case_id = ANY($2)");
        let params: [(&(dyn ToSql + Sync), Type); 2] =
            [(&build.tenant.0, Type::INT4), (&cases, Type::UUID_ARRAY)];
        let rows = self.0.query_typed(&sql, &params).await?;
        Ok(rows.iter().map(|row| table.read(row)).collect::<Result<_, _>>()?)
    }

    /// The cases that a build has parked and the live one has not, of which that one has rows: each
    /// once, at most `limit`.
    pub(crate) async fn taken_away(
        &self,
        build: BuildKey,
        live: BuildKey,
        table: &Table,
        limit: i64,
    ) -> Result<HashSet<Uuid>, LogError> {
        let sql = format!(
            "SELECT p.stream_id FROM projection_parked AS p WHERE p.tenant_no = $1 \
                 AND p.projection = $2 AND p.version = $3 AND p.build = $4 \
                 AND NOT EXISTS (SELECT FROM projection_parked AS held WHERE held.tenant_no = $1 \
                     AND held.projection = $2 AND held.version = $3 AND held.build = {} \
                     AND held.stream_id = p.stream_id) \
                 AND EXISTS (SELECT FROM {} AS t \
                     WHERE t.tenant_no = $1 AND t.case_id = p.stream_id) \
             ORDER BY p.stream_id LIMIT $5",
            live.build,
            live.place().table(table.name)
        );
        self.ids(build, &sql, (&limit, Type::INT8)).await
    }

    /// How many rows of the tenant a table has.
    pub(crate) async fn count(&self, build: BuildKey, table: &Table) -> Result<u64, LogError> {
        let sql = format!(
            "SELECT count(*) FROM {} WHERE tenant_no = $1",
            build.place().table(table.name)
        );
        let row = self.0.query_typed_one(&sql, &[(&build.tenant.0, Type::INT4)]).await?;
        Ok(row.try_get::<_, i64>(0)?.unsigned_abs())
    }

    /// Rows of cases that the log does not have up to a position, with the key of each.
    pub(crate) async fn strays(
        &self,
        build: BuildKey,
        table: &Table,
        upto: Position,
        limit: i64,
    ) -> Result<Vec<Row>, LogError> {
        let condition = "AND NOT EXISTS (SELECT FROM stream AS s \
                WHERE s.tenant_no = $1 AND s.id = case_id AND s.kind = 'case' \
                AND EXISTS (SELECT FROM event AS e WHERE e.tenant_no = $1 \
                    AND e.stream_no = s.stream_no AND e.position <= $2)) \
            ORDER BY case_id LIMIT $3";
        let sql = table.select(build.place(), condition);
        let params: [(&(dyn ToSql + Sync), Type); 3] =
            [(&build.tenant.0, Type::INT4), (&upto.0, Type::INT8), (&limit, Type::INT8)];
        let rows = self.0.query_typed(&sql, &params).await?;
        Ok(rows.iter().map(|row| table.read(row)).collect::<Result<_, _>>()?)
    }
}

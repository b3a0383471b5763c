//! What a build is known by, and the statements that concern one build as a whole.

use throughline_log::TenantNo;
use throughline_projections::{Place, Projection};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Error, Row};

/// One build of one projection of one tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BuildKey {
    pub(crate) tenant: TenantNo,
    pub(crate) projection: Projection,
    pub(crate) version: i32,
    pub(crate) build: i32,
}

impl BuildKey {
    /// Of the version that this program has.
    pub(crate) fn of(tenant: TenantNo, projection: Projection, build: i32) -> Self {
        Self { tenant, projection, version: projection.version(), build }
    }

    pub(crate) fn place(self) -> Place {
        Place { tenant_no: self.tenant.0, build: self.build }
    }

    /// Calls one of the functions that make, index and drop tables
    /// (`migrations/V19__projection_builds.sql`).
    pub(crate) async fn call(self, client: &Client, function: &'static str) -> Result<(), Error> {
        self.query(client, &format!("SELECT {function}($2, $3, $1, $4)")).await?;
        Ok(())
    }

    /// Runs a statement about the build: `$1` tenant, `$2` projection, `$3` version, `$4` build.
    pub(crate) async fn query(self, client: &Client, sql: &str) -> Result<Vec<Row>, Error> {
        let params: [(&(dyn ToSql + Sync), Type); 4] = [
            (&self.tenant.0, Type::INT4),
            (&self.projection.name(), Type::TEXT),
            (&self.version, Type::INT4),
            (&self.build, Type::INT4),
        ];
        client.query_typed(sql, &params).await
    }

    /// Makes the build one that nobody follows and nobody goes back to, with no stream parked: all in
    /// one statement. `false`, and nothing of it, when the build is live.
    ///
    /// Without a pointer build 0 is live.
    pub(crate) async fn retire(self, client: &Client) -> Result<bool, Error> {
        let rows = self.query(client, RETIRE).await?;
        rows.first().map_or(Ok(false), |row| row.try_get(0))
    }
}

/// The pointer is locked, so that no switch or rollback comes in between. Whoever follows the build
/// at this moment has its checkpoint locked, and finds it gone at the next batch.
const RETIRE: &str = "WITH live AS MATERIALIZED (SELECT build FROM projection_live \
        WHERE tenant_no = $1 AND projection = $2 AND version = $3 FOR UPDATE), \
    checkpoint AS (DELETE FROM projection_checkpoint \
        WHERE tenant_no = $1 AND projection = $2 AND version = $3 AND build = $4 \
            AND coalesce((SELECT build FROM live), 0) <> $4), \
    parked AS (DELETE FROM projection_parked \
        WHERE tenant_no = $1 AND projection = $2 AND version = $3 AND build = $4 \
            AND coalesce((SELECT build FROM live), 0) <> $4), \
    before AS (UPDATE projection_live SET previous_build = NULL \
        WHERE tenant_no = $1 AND projection = $2 AND version = $3 AND previous_build = $4) \
    SELECT coalesce((SELECT build FROM live), 0) <> $4";

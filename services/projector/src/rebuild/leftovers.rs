//! Which builds nobody needs.

use throughline_log::{LogError, TenantNo};
use throughline_projections::Projection;
use tokio_postgres::Client;
use tokio_postgres::types::Type;

use super::build_key::BuildKey;
use super::phase::UNDER_WAY;
use crate::shard::runs;

/// Whose builds are looked at; `None` for all.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Scope {
    pub(crate) tenant: Option<TenantNo>,
    pub(crate) projection: Option<Projection>,
}

/// Returns the builds that are followed or have tables or rows, and are neither live nor the one
/// before nor being made. One that is among them can never be in use again: numbers are given once,
/// and a switch or a rollback goes only to builds that are followed.
///
/// Build 0 is followed, or has rows in the shared tables; without a pointer it is the live one.
pub(super) async fn leftovers(client: &Client, scope: Scope) -> Result<Vec<BuildKey>, LogError> {
    let shared: String = Projection::ALL.iter().map(|of| in_shared_tables(*of)).collect();
    let sql = format!(
        "SELECT tenant_no, projection, there.build FROM ( \
             SELECT tenant_no, projection, version, build FROM projection_checkpoint \
             UNION SELECT r.tenant_no, projection, version, r.build FROM projection_rebuild AS r \
             JOIN projection_table AS t USING (projection, version) \
             WHERE to_regclass(projection_build_table(t.table_name, r.tenant_no, r.build)) \
                 IS NOT NULL {shared}) AS there \
         LEFT JOIN projection_live AS live USING (tenant_no, projection, version) \
         WHERE ($1 IS NULL OR tenant_no = $1) AND ($2 IS NULL OR projection = $2) \
             AND (projection, version) IN (SELECT * FROM unnest($3::text[], $4::int[])) \
             AND there.build <> coalesce(live.build, 0) \
             AND there.build IS DISTINCT FROM live.previous_build \
             AND NOT EXISTS (SELECT FROM projection_rebuild AS making \
                 WHERE making.tenant_no = there.tenant_no \
                     AND making.projection = there.projection \
                     AND making.version = there.version \
                     AND making.build = there.build AND {UNDER_WAY}) \
         ORDER BY 1, 2, 3"
    );
    let (names, versions) = runs();
    let params = [
        (&scope.tenant.map(|tenant| tenant.0) as _, Type::INT4),
        (&scope.projection.map(Projection::name) as _, Type::TEXT),
        (&names as _, Type::TEXT_ARRAY),
        (&versions as _, Type::INT4_ARRAY),
    ];
    let mut found = Vec::new();
    for row in client.query_typed(&sql, &params).await? {
        if let Some(projection) = Projection::find(row.try_get(1)?) {
            found.push(BuildKey::of(TenantNo(row.try_get(0)?), projection, row.try_get(2)?));
        }
    }
    Ok(found)
}

/// The tenants whose build 0 has rows, though another build is live.
fn in_shared_tables(of: Projection) -> String {
    let (name, version) = (of.name(), of.version());
    let has_rows = has_shared_rows(of, "switched.tenant_no");
    format!(
        "UNION SELECT tenant_no, projection, version, 0 FROM projection_live AS switched \
         WHERE projection = '{name}' AND version = {version} AND build > 0 AND ({has_rows}) "
    )
}

/// Whether a tenant has rows in the shared tables. The first of the index is asked for: of EXISTS the
/// planner may make a scan of all that other tenants have.
pub(super) fn has_shared_rows(of: Projection, tenant: &str) -> String {
    let first = of.tables().iter().map(|table| {
        let table = table.name;
        format!(
            "(SELECT true FROM {table} WHERE {table}.tenant_no = {tenant} \
              ORDER BY tenant_no, case_id LIMIT 1)"
        )
    });
    format!("coalesce({}, false)", first.collect::<Vec<_>>().join(", "))
}

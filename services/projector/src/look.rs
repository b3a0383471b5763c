//! One look at every shard: how far it is, how far it could be, and whose it is.

use std::time::Duration;

use jiff::Timestamp;
use throughline_domain::ids::Position;
use throughline_log::TenantNo;
use throughline_projections::Projection;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Error};
use uuid::Uuid;

use crate::shard::{Shard, runs};

const LOOK: &str = include_str!("look.sql");
const CREATE: &str = include_str!("create_checkpoints.sql");
const ALIVE: &str = include_str!("alive.sql");

/// A shard as the database has it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen {
    pub(crate) shard: Shard,
    /// Where the tenant's log ends.
    pub(crate) head: Position,
    pub(crate) position: Position,
    pub(crate) epoch: i64,
    pub(crate) holder: Option<Uuid>,
    /// Whether the holder's lease has not run out.
    pub(crate) is_leased: bool,
    /// Since when the oldest event not applied has been there; `None` when there is none.
    pub(crate) oldest: Option<Timestamp>,
}

/// Looks at every shard, in one statement when each projection of each tenant has a build. Where one
/// has none, build 0 is followed from now on.
pub(crate) async fn look(client: &Client) -> Result<Vec<Seen>, Error> {
    let (seen, missing) = look_once(client).await?;
    if missing.is_empty() {
        return Ok(seen);
    }
    create(client, &missing).await?;
    Ok(look_once(client).await?.0)
}

async fn look_once(client: &Client) -> Result<(Vec<Seen>, Vec<(TenantNo, Projection)>), Error> {
    let (names, versions) = runs();
    let parameters: [(&(dyn tokio_postgres::types::ToSql + Sync), Type); 2] =
        [(&names, Type::TEXT_ARRAY), (&versions, Type::INT4_ARRAY)];
    let rows = client.query_typed(LOOK, &parameters).await?;
    let mut seen = Vec::with_capacity(rows.len());
    let mut missing = Vec::new();
    for row in rows {
        let Some(projection) = Projection::find(row.try_get("projection")?) else { continue };
        let tenant = TenantNo(row.try_get("tenant_no")?);
        let Some(build) = row.try_get("build")? else {
            missing.push((tenant, projection));
            continue;
        };
        seen.push(Seen {
            shard: Shard { tenant, projection, build },
            head: Position(row.try_get("head")?),
            position: Position(row.try_get("position")?),
            epoch: row.try_get("epoch")?,
            holder: row.try_get("holder")?,
            is_leased: row.try_get("is_leased")?,
            oldest: row.try_get("oldest")?,
        });
    }
    Ok((seen, missing))
}

async fn create(client: &Client, missing: &[(TenantNo, Projection)]) -> Result<(), Error> {
    let tenants: Vec<i32> = missing.iter().map(|(tenant, _)| tenant.0).collect();
    let names: Vec<&str> = missing.iter().map(|(_, projection)| projection.name()).collect();
    let versions: Vec<i32> = missing.iter().map(|(_, projection)| projection.version()).collect();
    client
        .execute_typed(
            CREATE,
            &[
                (&tenants, Type::INT4_ARRAY),
                (&names, Type::TEXT_ARRAY),
                (&versions, Type::INT4_ARRAY),
            ],
        )
        .await?;
    Ok(())
}

/// Says that this process is alive, for as long as a lease lasts, and returns how many others are
/// that run the same versions of the same projections.
pub(crate) async fn say_alive(
    client: &Client,
    holder: Uuid,
    lease: Duration,
) -> Result<usize, Error> {
    let (names, versions) = runs();
    let runs: Vec<String> =
        names.iter().zip(versions).map(|(name, version)| format!("{name}/{version}")).collect();
    let alive_ms = i64::try_from(lease.as_millis()).unwrap_or(i64::MAX);
    let row = client
        .query_typed_one(
            ALIVE,
            &[(&holder, Type::UUID), (&runs.join(" "), Type::TEXT), (&alive_ms, Type::INT8)],
        )
        .await?;
    let others: i64 = row.try_get(0)?;
    Ok(usize::try_from(others).unwrap_or(0))
}

/// Says that this process is not there any more.
pub(crate) async fn say_gone(client: &Client, holder: Uuid) -> Result<(), Error> {
    let sql = "DELETE FROM projector WHERE holder = $1";
    client.execute_typed(sql, &[(&holder, Type::UUID)]).await?;
    Ok(())
}

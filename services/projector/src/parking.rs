//! Setting streams aside and taking them up again, as the owner of their shard does.

use std::borrow::Cow;
use std::collections::HashSet;
use std::time::Duration;

use throughline_domain::ids::{EventId, Position};
use throughline_log::TenantNo;
use throughline_projections::Projection;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Error, Transaction};
use uuid::Uuid;

use crate::lease::Lease;
use crate::shard::{Parameter, Shard, runs};

const PARK: &str = include_str!("park.sql");

/// Why a stream is parked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Poison {
    pub(crate) error_class: &'static str,
    /// Where it stopped, as far as that is known.
    pub(crate) event: Option<PoisonedEvent>,
}

/// The event that a stream stopped at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PoisonedEvent {
    pub(crate) position: Position,
    pub(crate) event_id: EventId,
    pub(crate) event_type: Cow<'static, str>,
}

/// Which parked streams are tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Due {
    /// Those that have waited long enough.
    Now,
    /// All: this process may be able to read what another could not.
    All,
}

/// How long a parked stream waits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Backoff {
    pub(crate) min: Duration,
    pub(crate) max: Duration,
}

/// How many streams of a shard are parked, and whether any of them is to be tried again now.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ParkedCount {
    pub(crate) shard: Shard,
    pub(crate) streams: i64,
    pub(crate) is_due: bool,
}

/// Counts what is parked, shard by shard.
pub(crate) async fn counts(client: &Client) -> Result<Vec<ParkedCount>, Error> {
    let (names, versions) = runs();
    let rows = client
        .query_typed(
            "SELECT tenant_no, projection, build, count(*) AS streams, \
                    bool_or(retry_at <= clock_timestamp()) AS is_due \
             FROM projection_parked \
             JOIN unnest($1::text[], $2::integer[]) AS runs (projection, version) \
                 USING (projection, version) \
             GROUP BY tenant_no, projection, build",
            &[(&names, Type::TEXT_ARRAY), (&versions, Type::INT4_ARRAY)],
        )
        .await?;
    let mut counts = Vec::with_capacity(rows.len());
    for row in rows {
        let Some(projection) = Projection::find(row.try_get("projection")?) else { continue };
        let tenant = TenantNo(row.try_get("tenant_no")?);
        counts.push(ParkedCount {
            shard: Shard { tenant, projection, build: row.try_get("build")? },
            streams: row.try_get("streams")?,
            is_due: row.try_get("is_due")?,
        });
    }
    Ok(counts)
}

/// Which of `streams` are parked.
pub(crate) async fn among(
    client: &Client,
    shard: Shard,
    streams: &[Uuid],
) -> Result<HashSet<Uuid>, Error> {
    let of_shard = "SELECT stream_id FROM projection_parked WHERE tenant_no = $1 \
        AND projection = $2 AND version = $3 AND build = $4 AND stream_id = ANY($5)";
    let key = shard.key();
    let parameters = key.with(&[(&streams, Type::UUID_ARRAY)]);
    let rows = client.query_typed(of_shard, &parameters).await?;
    rows.iter().map(|row| row.try_get(0)).collect()
}

/// Whether any stream of the shard is parked.
pub(crate) async fn any(client: &Client, shard: Shard) -> Result<bool, Error> {
    let sql = "SELECT FROM projection_parked WHERE tenant_no = $1 AND projection = $2 \
        AND version = $3 AND build = $4 LIMIT 1";
    Ok(client.query_typed_opt(sql, &shard.key().with(&[])).await?.is_some())
}

/// The next parked streams of a shard that are to be tried, by id.
pub(crate) async fn after(
    client: &Client,
    shard: Shard,
    due: Due,
    after: Option<Uuid>,
    limit: usize,
) -> Result<Vec<Uuid>, Error> {
    let sql = "SELECT stream_id FROM projection_parked WHERE tenant_no = $1 AND projection = $2 \
        AND version = $3 AND build = $4 AND ($5 IS NULL OR stream_id > $5) \
        AND ($6 OR retry_at <= clock_timestamp()) ORDER BY stream_id LIMIT $7";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let all = due == Due::All;
    let more: [Parameter<'_>; 3] = [(&after, Type::UUID), (&all, Type::BOOL), (&limit, Type::INT8)];
    let rows = client.query_typed(sql, &shard.key().with(&more)).await?;
    rows.iter().map(|row| row.try_get(0)).collect()
}

/// Sets a stream aside, or notes that it was tried again in vain.
pub(crate) async fn park(
    transaction: &Transaction<'_>,
    lease: &Lease,
    stream: Uuid,
    poison: &Poison,
    backoff: Backoff,
) -> Result<(), Error> {
    let event = poison.event.as_ref();
    let position = event.map_or(lease.position.0, |event| event.position.0);
    let event_id = event.map(|event| event.event_id.0);
    let event_type = event.map(|event| event.event_type.as_ref());
    let [min, max] = [backoff.min, backoff.max].map(|delay| delay.as_secs_f64() * 1_000.0);
    let more: [Parameter<'_>; 7] = [
        (&stream, Type::UUID),
        (&position, Type::INT8),
        (&event_id, Type::UUID),
        (&event_type, Type::TEXT),
        (&poison.error_class, Type::TEXT),
        (&min, Type::FLOAT8),
        (&max, Type::FLOAT8),
    ];
    transaction.execute_typed(PARK, &lease.shard.key().with(&more)).await?;
    Ok(())
}

/// Takes streams up again.
pub(crate) async fn unpark(
    transaction: &Transaction<'_>,
    shard: Shard,
    streams: &[Uuid],
) -> Result<(), Error> {
    let sql = "DELETE FROM projection_parked WHERE tenant_no = $1 AND projection = $2 \
        AND version = $3 AND build = $4 AND stream_id = ANY($5)";
    let key = shard.key();
    transaction.execute_typed(sql, &key.with(&[(&streams, Type::UUID_ARRAY)])).await?;
    Ok(())
}

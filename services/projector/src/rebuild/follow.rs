//! Following a build that nobody else follows, as when there is a command line and no server.
//!
//! The checkpoint's row is locked for the length of a batch, and a lease that a projector has on it
//! is respected, so the two never write at once.

use std::collections::HashSet;

use throughline_domain::ids::{CaseId, Position};
use throughline_log::{LogError, StreamId, StreamKind};
use throughline_projections::{CaseRows, Extent};
use tokio_postgres::Client;
use tokio_postgres::types::Type;
use uuid::Uuid;

use super::build_key::BuildKey;
use super::halt::Halt;
use super::lease;
use super::parking::{Parked, park, unreadable_class};
use super::rebuilder::Inner;

const EVENTS_MAX: u32 = 2_000;
/// How many cases' histories are held at a time.
const CASES_AT_ONCE: usize = 500;

const CLAIM: &str = "SELECT position, epoch FROM projection_checkpoint \
    WHERE tenant_no = $1 AND projection = $2 AND version = $3 AND build = $4 \
        AND (leased_until IS NULL OR leased_until < clock_timestamp()) \
    FOR UPDATE SKIP LOCKED";

/// The epoch rises: whoever had the lease before is fenced off.
const ADVANCE: &str = "UPDATE projection_checkpoint \
    SET position = $5, epoch = epoch + 1, updated_at = clock_timestamp() \
    WHERE tenant_no = $1 AND projection = $2 AND version = $3 AND build = $4";

/// Applies the next events to the build, unless a projector has it; says whether it had any.
pub(crate) async fn batch(inner: &Inner, build: BuildKey) -> Result<bool, Halt> {
    let mut client = inner.pool.get().await?;
    let transaction = lease::begin(&mut client, inner.settings.statement_max).await?;
    let claimed = build.query(transaction.client(), CLAIM).await?;
    let Some(row) = claimed.first() else { return Ok(false) };
    let position = Position(row.try_get(0)?);
    let events = inner.log.follow(build.tenant, position, EVENTS_MAX).await?;
    let Some(upto) = events.last().map(|last| last.position) else { return Ok(false) };
    let cases: HashSet<StreamId> = events
        .into_iter()
        .map(|event| event.stream)
        .filter(|stream| stream.kind == StreamKind::Case)
        .collect();
    let cases: Vec<StreamId> = cases.into_iter().collect();
    for cases in cases.chunks(CASES_AT_ONCE) {
        write(inner, &transaction, build, cases, upto).await?;
    }
    let params: [(&(dyn tokio_postgres::types::ToSql + Sync), Type); 5] = [
        (&build.tenant.0, Type::INT4),
        (&build.projection.name(), Type::TEXT),
        (&build.version, Type::INT4),
        (&build.build, Type::INT4),
        (&upto.0, Type::INT8),
    ];
    transaction.execute_typed(ADVANCE, &params).await?;
    transaction.commit().await?;
    Ok(true)
}

/// Writes the rows of some cases, each whole, whatever was parked before.
async fn write(
    inner: &Inner,
    transaction: &deadpool_postgres::Transaction<'_>,
    build: BuildKey,
    cases: &[StreamId],
    upto: Position,
) -> Result<(), Halt> {
    let mut rows = Vec::with_capacity(cases.len());
    let mut parked = Vec::new();
    for history in inner.log.read_streams(build.tenant, cases, upto).await? {
        let case = history.stream.id;
        let mut events = Vec::with_capacity(history.events.len());
        let unreadable = history.events.iter().find_map(|event| match event.to_case_event() {
            Ok(decoded) => {
                events.push(decoded);
                None
            }
            Err(error) => {
                let error_class = unreadable_class(&error);
                Some(Parked { case, position: event.position, error_class })
            }
        });
        if let Some(unreadable) = unreadable {
            parked.push(unreadable);
            continue;
        }
        match build.projection.rows(CaseId(case), &events) {
            Ok(tables) => {
                rows.push(CaseRows { case_id: CaseId(case), tables, extent: Extent::Whole });
            }
            Err(_) => {
                parked.push(Parked { case, position: upto, error_class: "unfoldable" });
            }
        }
    }
    build.projection.write(transaction, build.place(), &rows).await?;
    unpark(transaction.client(), build, rows.iter().map(|row| row.case_id.0).collect()).await?;
    for parked in &parked {
        park(transaction.client(), build, parked).await?;
    }
    Ok(())
}

async fn unpark(client: &Client, build: BuildKey, cases: Vec<Uuid>) -> Result<(), LogError> {
    let sql = "DELETE FROM projection_parked WHERE tenant_no = $1 AND projection = $2 \
               AND version = $3 AND build = $4 AND stream_id = ANY($5)";
    client
        .execute_typed(
            sql,
            &[
                (&build.tenant.0, Type::INT4),
                (&build.projection.name(), Type::TEXT),
                (&build.version, Type::INT4),
                (&build.build, Type::INT4),
                (&cases, Type::UUID_ARRAY),
            ],
        )
        .await?;
    Ok(())
}

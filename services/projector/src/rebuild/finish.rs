//! The last steps: indexes, the comparison, and how a rebuild ends.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use deadpool_postgres::Transaction;
use tokio_postgres::types::Type;

use super::halt::{Halt, Signals};
use super::lease::{self, Lease};
use super::pace::Pace;
use super::phase::Phase;
use super::rebuilder::Inner;
use super::{sessions, switch};
use crate::compare::{self, Comparison, Sample};

/// Makes the indexes, then has the build followed from the pin on.
pub(crate) async fn index(inner: &Inner, lease: &Lease) -> Result<(), Halt> {
    const FOLLOW: &str = "INSERT INTO projection_checkpoint \
            (tenant_no, projection, version, build, position) \
        SELECT tenant_no, projection, version, build, pinned_position FROM projection_rebuild \
        WHERE tenant_no = $1 AND projection = $2 AND version = $3 AND build = $4 \
        ON CONFLICT DO NOTHING";
    let mut client = inner.pool.get().await?;
    // A former owner that came back since this one began may have the tables locked.
    lease.check(&client).await?;
    sessions::end_others(&mut client, lease).await?;
    let transaction = lease::begin(&mut client, inner.settings.statement_max).await?;
    let build = lease.build_of();
    count_rows(lease, &transaction).await?;
    build.call(transaction.client(), "projection_index_tables").await?;
    build.query(transaction.client(), FOLLOW).await?;
    lease.note(inner, &transaction, Phase::Indexing, "phase = 'catching_up'", &[]).await?;
    transaction.commit().await?;
    Ok(())
}

/// The tables have as many rows as the fold gave, no matter which cases a comparison draws.
async fn count_rows(lease: &Lease, transaction: &Transaction<'_>) -> Result<(), Halt> {
    let build = lease.build_of();
    let tables = lease.projection.tables().iter().map(|table| {
        format!("(SELECT count(*) FROM {} WHERE tenant_no = $1)", build.place().table(table.name))
    });
    let sql = format!(
        "SELECT rows_written = {} FROM projection_rebuild \
         WHERE tenant_no = $1 AND projection = $2 AND version = $3 AND build = $4",
        tables.collect::<Vec<_>>().join(" + ")
    );
    let rows = build.query(transaction.client(), &sql).await?;
    let is_whole: bool = rows.first().ok_or(Halt::Lost)?.try_get(0)?;
    if is_whole { Ok(()) } else { Err(Halt::failed("incomplete")) }
}

/// Holds the new build and the live one against the log; then switches, if that was asked for.
pub(crate) async fn compare(
    inner: &Inner,
    lease: &Lease,
    is_dry_run: bool,
    pace: &Pace,
    signals: &Signals,
) -> Result<(), Halt> {
    let sample = Sample::Of(inner.settings.compared_cases);
    let checked = Arc::new(AtomicU64::new(0));
    let comparing = compare::new_and_live(inner, lease.build_of(), sample, pace, checked);
    let comparison = tokio::select! {
        compared = comparing => compared?,
        halt = signals.halted() => return Err(halt),
    };
    if comparison.taken_away > 0 {
        return Err(Halt::Failed { class: "parked", comparison: Some(Box::new(comparison)) });
    }
    if !comparison.is_equal() {
        return Err(Halt::Failed { class: "differs", comparison: Some(Box::new(comparison)) });
    }
    if is_dry_run {
        return end(inner, lease, Phase::Comparing, Phase::Compared, Some(&comparison), None).await;
    }
    switch::to_new(inner, lease, &comparison).await
}

/// Ends a rebuild without a switch. What was found is written down first, whoever still reads the
/// tables: they go afterwards, with the builds that nobody needs.
pub(crate) async fn end(
    inner: &Inner,
    lease: &Lease,
    during: Phase,
    to: Phase,
    comparison: Option<&Comparison>,
    error_class: Option<&str>,
) -> Result<(), Halt> {
    let comparison = comparison.map(compare::stored::write).transpose();
    let comparison = comparison.map_err(|_| Halt::failed("unwritable"))?;
    let mut client = inner.pool.get().await?;
    let transaction = lease::begin(&mut client, inner.settings.statement_max).await?;
    // Whoever has lost the lease touches nothing, not even for a moment.
    lease.is_cancelled(&transaction).await?;
    lease.forget_slices(&transaction).await?;
    let assignments = "phase = $5, comparison = $6, error_class = $7, \
        finished_at = clock_timestamp(), leased_until = NULL";
    let values = [
        (&to.as_str() as _, Type::TEXT),
        (&comparison as _, Type::TEXT),
        (&error_class as _, Type::TEXT),
    ];
    lease.note(inner, &transaction, during, assignments, &values).await?;
    transaction.commit().await?;
    Ok(())
}

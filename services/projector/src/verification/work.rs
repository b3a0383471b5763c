//! Working on a verification: takes its lease, compares, gives signs of life on the way, and writes
//! down what was found.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use deadpool_postgres::Object;
use throughline_log::LogError;
use throughline_projections::Projection;
use tokio::time::sleep;
use tokio_postgres::Client;
use tokio_postgres::types::{ToSql, Type};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::record::{COLUMNS, UNDER_WAY, Verification, VerificationPhase};
use crate::compare::{self, Comparison, VerifyError, stored};
use crate::operator::{self, Act, Action, Operator, Origin};
use crate::rebuild::{Inner, Pace, REBUILD_UNDER_WAY, class, lease, took_too_long};

/// What is held while working on a verification.
struct Held {
    asked: Verification,
    epoch: i64,
}

/// How work on one ends.
enum End {
    Found(Box<Comparison>),
    Failed(&'static str),
    Cancelled,
    /// It is another's, or over.
    Lost,
    /// This process ends: another may begin anew.
    Stopped,
}

/// Works on the oldest verification that nobody works on, unless a rebuild is worked on; `false`
/// when there is nothing to take.
pub(crate) async fn take_and_work(
    inner: &Inner,
    stop: &CancellationToken,
) -> Result<bool, LogError> {
    let mut client = inner.pool.get().await?;
    let Some(held) = take(inner, &mut client).await? else {
        return Ok(false);
    };
    drop(client);
    held.log("a verification is worked on");
    let checked = Arc::new(AtomicU64::new(0));
    let end = tokio::select! {
        () = stop.cancelled() => End::Stopped,
        end = held.stay_alive(inner, &checked) => end,
        found = held.compare(inner, Arc::clone(&checked)) => match found {
            Ok(comparison) => End::Found(Box::new(comparison)),
            Err(VerifyError::NoSuchBuild { .. }) => End::Failed("no_such_build"),
            // Anew it would take as long again.
            Err(VerifyError::Log(error)) if took_too_long(&error) => End::Failed("timed_out"),
            // Whoever takes it up next begins anew.
            Err(VerifyError::Log(LogError::Unavailable(error))) => {
                return Err(LogError::Unavailable(error));
            }
            Err(VerifyError::Log(error)) => End::Failed(class(&error)),
        },
    };
    held.end(inner, end, checked.load(Ordering::Relaxed)).await?;
    Ok(true)
}

/// Takes one, under the lock under which rebuilds are taken.
async fn take(inner: &Inner, client: &mut Object) -> Result<Option<Held>, LogError> {
    let lease = inner.settings.lease;
    let transaction = lease::begin(client, lease).await?;
    lease::limit_idle(&transaction, lease).await?;
    if !lease::lock_leases(&transaction).await? {
        return Ok(None);
    }
    // Called off while whoever had it was gone.
    let sql = format!(
        "UPDATE projection_verification SET phase = 'cancelled', epoch = epoch + 1, \
             finished_at = clock_timestamp() \
         WHERE {UNDER_WAY} AND cancel_requested AND coalesce(leased_until <= clock_timestamp(), true)"
    );
    transaction.execute_typed(&sql, &[]).await?;
    let (names, versions): (Vec<&str>, Vec<i32>) =
        Projection::ALL.iter().map(|p| (p.name(), p.version())).unzip();
    let sql = format!(
        "UPDATE projection_verification SET epoch = epoch + 1, holder = $1, phase = 'verifying', \
             leased_until = clock_timestamp() + $2 * interval '1 ms', cases_done = 0, \
             started_at = clock_timestamp(), \
             cases_total = least(sample, (SELECT count(*) FROM stream s \
                 WHERE s.tenant_no = projection_verification.tenant_no AND s.kind = 'case')) \
         WHERE (tenant_no, operation_id) = ( \
             SELECT tenant_no, operation_id FROM projection_verification v \
             WHERE {UNDER_WAY} AND coalesce(v.leased_until <= clock_timestamp(), true) \
                 AND (projection, version) IN (SELECT * FROM unnest($3::text[], $4::int[])) \
                 AND NOT EXISTS (SELECT FROM projection_verification \
                                 WHERE {UNDER_WAY} AND leased_until > clock_timestamp()) \
                 AND NOT EXISTS (SELECT FROM projection_rebuild \
                                 WHERE leased_until > clock_timestamp() AND {REBUILD_UNDER_WAY}) \
             ORDER BY requested_at, operation_id LIMIT 1 FOR UPDATE SKIP LOCKED) \
         RETURNING {COLUMNS}, epoch"
    );
    let params: [(&(dyn ToSql + Sync), Type); 4] = [
        (&Uuid::new_v4(), Type::UUID),
        (&lease::millis(lease), Type::FLOAT8),
        (&names, Type::TEXT_ARRAY),
        (&versions, Type::INT4_ARRAY),
    ];
    let row = transaction.query_typed_opt(&sql, &params).await?;
    transaction.commit().await?;
    let Some(row) = row else {
        return Ok(None);
    };
    let epoch = row.try_get("epoch")?;
    Ok(Verification::read(&row)?.map(|asked| Held { asked, epoch }))
}

impl Held {
    async fn compare(
        &self,
        inner: &Inner,
        checked: Arc<AtomicU64>,
    ) -> Result<Comparison, VerifyError> {
        let Verification { tenant_no, projection, build, sample, .. } = self.asked;
        let pace = Pace::new(inner.log.clone(), &inner.settings);
        let build = compare::BuildAsked { tenant: tenant_no, projection, build };
        compare::verify_paced(&inner.log, &inner.pool, build, sample, &pace, checked).await
    }

    /// Keeps the lease and tells how far it is; returns when there is reason to stop.
    async fn stay_alive(&self, inner: &Inner, checked: &AtomicU64) -> End {
        let lease = inner.settings.lease;
        let sql = format!(
            "UPDATE projection_verification SET cases_done = $4, \
                 leased_until = clock_timestamp() + $5 * interval '1 ms' \
             WHERE tenant_no = $1 AND operation_id = $2 AND epoch = $3 AND {UNDER_WAY} \
             RETURNING cancel_requested"
        );
        loop {
            sleep(lease / 8).await;
            let done = i64::try_from(checked.load(Ordering::Relaxed)).unwrap_or(i64::MAX);
            let renewed = async {
                let client = inner.pool.get().await?;
                let millis = lease::millis(lease);
                let [tenant, operation, epoch] = self.key();
                let more = [(&done as _, Type::INT8), (&millis as _, Type::FLOAT8)];
                let [done, millis] = more;
                let params = [tenant, operation, epoch, done, millis];
                let row = client.query_typed_opt(&sql, &params).await?;
                row.map(|row| row.try_get::<_, bool>(0)).transpose().map_err(LogError::from)
            };
            match renewed.await {
                Ok(Some(true)) => return End::Cancelled,
                Ok(None) => return End::Lost,
                // An outage. Whether the lease is still ours, what is written last will tell.
                Ok(Some(false)) | Err(_) => {}
            }
        }
    }

    async fn end(&self, inner: &Inner, end: End, done: u64) -> Result<(), LogError> {
        let (phase, comparison, error_class) = match end {
            End::Lost => {
                self.log("a verification was taken over by another process, or is over");
                return Ok(());
            }
            End::Stopped => return self.release(inner).await,
            End::Found(comparison) => (VerificationPhase::Verified, Some(comparison), None),
            End::Failed(class) => (VerificationPhase::Failed, None, Some(class)),
            End::Cancelled => (VerificationPhase::Cancelled, None, None),
        };
        let found = comparison.as_ref().map(|found| (found.build, found.differing_cases));
        let comparison = comparison.map(|comparison| stored::write(&comparison)).transpose();
        let unreadable = |_| LogError::Unreadable { column: "comparison" };
        let comparison: Option<String> = comparison.map_err(unreadable)?;
        // Whoever called it off was told so: that stands, even where all was compared since.
        let sql = "UPDATE projection_verification SET comparison = $5, error_class = $6, \
                       phase = CASE WHEN cancel_requested THEN 'cancelled' ELSE $4 END, \
                       cases_done = $7, finished_at = clock_timestamp(), \
                       leased_until = NULL, holder = NULL \
                   WHERE tenant_no = $1 AND operation_id = $2 AND epoch = $3 \
                   RETURNING requested_by, phase = 'verified'";
        let done = i64::try_from(done).unwrap_or(i64::MAX);
        let phase = phase.as_str();
        let [tenant, operation, epoch] = self.key();
        let params = [
            tenant,
            operation,
            epoch,
            (&phase as _, Type::TEXT),
            (&comparison as _, Type::TEXT),
            (&error_class as _, Type::TEXT),
            (&done as _, Type::INT8),
        ];
        let mut client = inner.pool.get().await?;
        let transaction = lease::begin(&mut client, inner.settings.lease).await?;
        let Some(row) = transaction.query_typed_opt(sql, &params).await? else {
            return Ok(());
        };
        if let (Some((build, differing)), true) = (found, row.try_get(1)?) {
            self.write_evidence(transaction.client(), row.try_get(0)?, build, differing).await?;
        }
        transaction.commit().await?;
        self.log("a verification is over");
        Ok(())
    }

    /// What was found is evidence: it is a line of the audit, in the name of whoever asked.
    async fn write_evidence(
        &self,
        client: &Client,
        requested_by: String,
        build: i32,
        differing_cases: u64,
    ) -> Result<(), LogError> {
        let by = Operator {
            tenant: self.asked.tenant_no,
            actor: requested_by,
            actor_role: "operator".to_owned(),
            origin: Origin::Rest,
        };
        let act = Act {
            build: Some(build),
            count: Some(differing_cases),
            operation_id: Some(self.asked.operation_id),
            ..Act::on(Action::Verify, Some(self.asked.projection))
        };
        operator::write_line(client, &by, &act).await?;
        by.tell(&act, "done");
        Ok(())
    }

    /// Lets another begin it anew at once.
    async fn release(&self, inner: &Inner) -> Result<(), LogError> {
        let sql = "UPDATE projection_verification SET leased_until = NULL, holder = NULL \
                   WHERE tenant_no = $1 AND operation_id = $2 AND epoch = $3";
        inner.pool.get().await?.execute_typed(sql, &self.key()).await?;
        Ok(())
    }

    fn key(&self) -> [(&(dyn ToSql + Sync), Type); 3] {
        [
            (&self.asked.tenant_no.0, Type::INT4),
            (&self.asked.operation_id, Type::UUID),
            (&self.epoch, Type::INT8),
        ]
    }

    fn log(&self, what: &'static str) {
        tracing::info!(
            throughline.tenant_no = self.asked.tenant_no.0,
            throughline.projection = self.asked.projection.name(),
            throughline.operation_id = %self.asked.operation_id,
            "{what}"
        );
    }
}

//! Replacing the tenant's and the master key. Only wrapped keys are written anew, never an event:
//! a stream's own key stays, and so does everything that was sealed under it.
//!
//! The service's role may not update a key, so these are for whoever owns the tables.

use postgres_types::ToSql;
use uuid::Uuid;

use crate::append::stream_reads::Wanted;
use crate::append::transaction::Opened;
use crate::database::begin;
use crate::error::LogError;
use crate::event_log::EventLog;
use crate::seal::{MasterKey, TenantKey};
use crate::stream::{StreamId, StreamKind};
use crate::tenant::TenantNo;

/// How many keys are wrapped anew at a time.
const PART_KEYS: i64 = 2000;

/// As the one who connected, whatever role the connection was given.
const AS_OWNER: &str = "SET LOCAL ROLE NONE";

const READ_KEYS: &str = "\
    SELECT k.stream_no, s.kind, s.id, k.wrapped \
    FROM (SELECT k.* FROM stream_key k WHERE k.tenant_no = $1 AND k.stream_no > $2 \
        ORDER BY k.stream_no LIMIT $3) k \
    CROSS JOIN LATERAL (SELECT s.* FROM stream s \
        WHERE s.tenant_no = $1 AND s.stream_no >= k.stream_no \
        ORDER BY s.stream_no LIMIT 1) s \
    WHERE s.stream_no = k.stream_no ORDER BY k.stream_no";

const UPDATE_KEYS: &str = "\
    UPDATE stream_key k SET wrapped = new.wrapped \
    FROM unnest($2::bigint[], $3::bytea[]) AS new (stream_no, wrapped) \
    WHERE k.tenant_no = $1 AND k.stream_no = new.stream_no";

const UPDATE_TENANT_KEY: &str = "UPDATE tenant_key SET wrapped = $2 WHERE tenant_no = $1";

impl EventLog {
    /// Gives a tenant a new key and wraps the keys of all its streams with it, in one transaction
    /// under the tenant's lock; returns how many those were. The old key opens none of them.
    ///
    /// Appends wait for it. Whoever reads sees the old keys or the new ones, whole.
    ///
    /// # Errors
    /// [`LogError::NoSuchTenant`]; [`LogError::Seal`] for a key that does not open;
    /// [`LogError::Refused`] for whoever does not own the tables. Nothing was changed then.
    pub async fn rotate_tenant_key(&self, tenant: TenantNo) -> Result<u64, LogError> {
        let opened = Opened::open(self.backend(), tenant, &Wanted::default()).await?;
        let master = &self.backend().master_key;
        let old = TenantKey::unwrap(master, tenant, &opened.wrapped_tenant_key)?;
        let wrapped = TenantKey::create(master, tenant)?;
        let new = TenantKey::unwrap(master, tenant, &wrapped)?;
        let client = opened.client();
        client.batch_execute(AS_OWNER).await?;
        let (mut after, mut rotated) = (0, 0);
        loop {
            let rows = client.query(READ_KEYS, &[&tenant.0, &after, &PART_KEYS]).await?;
            let mut numbers: Vec<i64> = Vec::with_capacity(rows.len());
            let mut keys = Vec::with_capacity(rows.len());
            for row in &rows {
                let kind = StreamKind::from_stored(row.try_get(1)?);
                let kind = kind.ok_or(LogError::Unreadable { column: "kind" })?;
                let stream = StreamId { kind, id: row.try_get::<_, Uuid>(2)? };
                keys.push(old.rewrap_stream_key(&new, stream, row.try_get(3)?)?);
                numbers.push(row.try_get(0)?);
            }
            let Some(last) = numbers.last() else {
                break;
            };
            after = *last;
            let updated = client.execute(UPDATE_KEYS, &[&tenant.0, &numbers, &keys]).await?;
            rotated += all(updated, numbers.len())?;
        }
        let updated = client.execute(UPDATE_TENANT_KEY, &[&tenant.0, &wrapped]).await?;
        all(updated, 1)?;
        opened.commit().await?;
        Ok(rotated)
    }

    /// Wraps every tenant's key with `new`, in one transaction; returns how many those were.
    ///
    /// This log's own key opens them, with the keys it carries; one that `new` wrapped already
    /// opens too, so that an interrupted rotation is done again. Tenants that are being created
    /// wait for it.
    ///
    /// # Errors
    /// [`LogError::Seal`] for a key that none of them opens; [`LogError::Refused`] for whoever does
    /// not own the tables. Nothing was changed then.
    pub async fn rotate_master_key(&self, new: &MasterKey) -> Result<u64, LogError> {
        let opening = new.clone().after(&self.backend().master_key);
        let database = self.database();
        let connection = database.connection().await?;
        let client = connection.client();
        let begin = begin("", database.statement_max);
        let lock = "LOCK TABLE tenant_key IN SHARE ROW EXCLUSIVE MODE";
        client.batch_execute(&format!("{begin}; {AS_OWNER}; {lock}")).await?;
        let (mut after, mut rotated) = (0, 0);
        loop {
            let sql = "SELECT tenant_no, wrapped FROM tenant_key WHERE tenant_no > $1 \
                       ORDER BY tenant_no LIMIT $2";
            let params: [&(dyn ToSql + Sync); 2] = [&after, &PART_KEYS];
            let rows = client.query(sql, &params).await?;
            for row in &rows {
                let tenant = TenantNo(row.try_get(0)?);
                let wrapped = TenantKey::rewrap(&opening, new, tenant, row.try_get(1)?)?;
                let updated = client.execute(UPDATE_TENANT_KEY, &[&tenant.0, &wrapped]).await?;
                rotated += all(updated, 1)?;
                after = tenant.0;
            }
            if rows.is_empty() {
                break;
            }
        }
        client.batch_execute("COMMIT").await?;
        connection.release();
        Ok(rotated)
    }
}

/// Every row that was read is still there, under the lock.
fn all(updated: u64, read: usize) -> Result<u64, LogError> {
    let is_all = usize::try_from(updated) == Ok(read);
    is_all.then_some(updated).ok_or(LogError::Unreadable { column: "wrapped" })
}

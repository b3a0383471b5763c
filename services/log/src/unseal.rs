//! Opening what is sealed. The key is read each time, so nothing erased is opened from memory.

use std::collections::HashMap;

use postgres_types::ToSql;
use uuid::Uuid;

use crate::database::stream_by_id;
use crate::error::LogError;
use crate::event_log::EventLog;
use crate::seal::{SealError, StreamKey, Unsealed};
use crate::stored::StoredEvent;
use crate::tenant::TenantNo;

const READ_KEYS: &str = concat!(
    "SELECT s.id, k.wrapped, t.wrapped FROM unnest($2::uuid[]) AS wanted (id) ",
    stream_by_id!("wanted.id"),
    "JOIN tenant_key t ON t.tenant_no = $1 \
     LEFT JOIN LATERAL (SELECT k.wrapped FROM stream_key k \
         WHERE k.tenant_no = $1 AND k.stream_no = s.stream_no LIMIT 1) k ON true \
     WHERE s.id = wanted.id",
);

impl EventLog {
    /// Opens the sealed part of an event that was read with it.
    ///
    /// # Errors
    /// [`LogError::Seal`] when the seal does not hold; [`LogError::Unavailable`].
    pub async fn unseal(
        &self,
        tenant: TenantNo,
        event: &StoredEvent,
    ) -> Result<Unsealed, LogError> {
        let mut opened = self.unseal_all(tenant, std::slice::from_ref(event)).await?;
        Ok(opened.pop().unwrap_or(Unsealed::Nothing))
    }

    /// Opens the sealed parts of many events in one read of the keys; the answers are in the order
    /// of the events.
    ///
    /// # Errors
    /// [`LogError::Seal`] when one seal does not hold; [`LogError::Unavailable`].
    pub async fn unseal_all(
        &self,
        tenant: TenantNo,
        events: &[StoredEvent],
    ) -> Result<Vec<Unsealed>, LogError> {
        let keys = self.stream_keys(tenant, events).await?;
        let open = |event: &StoredEvent| {
            let Some(sealed) = &event.sealed else {
                return Ok(Unsealed::Nothing);
            };
            match keys.get(&event.stream.id) {
                Some(Some(key)) => Ok(Unsealed::Text(key.open(event.event_id, sealed)?)),
                Some(None) => Ok(Unsealed::Erased),
                // No such stream in this tenant: the event is from elsewhere.
                None => Err(SealError::Broken.into()),
            }
        };
        events.iter().map(open).collect()
    }

    /// The keys of the streams of all events that have something sealed; `None`: destroyed.
    async fn stream_keys(
        &self,
        tenant: TenantNo,
        events: &[StoredEvent],
    ) -> Result<HashMap<Uuid, Option<StreamKey>>, LogError> {
        let sealed = events.iter().filter(|event| event.sealed.is_some());
        let streams: HashMap<Uuid, _> =
            sealed.map(|event| (event.stream.id, event.stream)).collect();
        if streams.is_empty() {
            return Ok(HashMap::new());
        }
        let ids: Vec<Uuid> = streams.keys().copied().collect();
        let params: [&(dyn ToSql + Sync); 2] = [&tenant.0, &ids];
        let rows = self.database().read(READ_KEYS, &params).await?;
        let mut keys = HashMap::with_capacity(rows.len());
        for row in &rows {
            let id: Uuid = row.try_get(0)?;
            let wrapped: Option<&[u8]> = row.try_get(1)?;
            let key = match wrapped {
                Some(wrapped) => {
                    let tenant_key = self.backend().tenant_key(tenant, row.try_get(2)?)?;
                    Some(tenant_key.unwrap_stream_key(streams[&id], wrapped)?)
                }
                None => None,
            };
            keys.insert(id, key);
        }
        Ok(keys)
    }
}

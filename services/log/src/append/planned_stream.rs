//! A stream as the batch has left it so far, with its key.

use std::sync::Arc;

use super::NewEvent;
use crate::error::LogError;
use crate::seal::{StreamKey, TenantKey};
use crate::stream::{StreamId, StreamKind};

#[derive(Debug, Clone)]
pub(crate) struct PlannedStream {
    pub(crate) stream_no: i64,
    pub(crate) kind: StreamKind,
    pub(crate) version: i32,
    pub(crate) is_new: bool,
    /// The wrapped key, if it was asked for; `None` for a stream that has none, or none any more.
    pub(crate) wrapped: Option<Arc<[u8]>>,
    /// The key itself, once something was sealed or the stream is new.
    key: Option<Arc<StreamKey>>,
}

impl PlannedStream {
    /// A stream as the database has it.
    pub(super) fn stored(stream_no: i64, kind: StreamKind, version: i32) -> Self {
        Self { stream_no, kind, version, is_new: false, wrapped: None, key: None }
    }

    /// A stream that is not in the database yet, with a key of its own.
    pub(super) fn new(
        tenant_key: &TenantKey,
        stream: StreamId,
        stream_no: i64,
    ) -> Result<Self, LogError> {
        let key =
            if stream.kind.has_key() { Some(tenant_key.create_stream_key(stream)?) } else { None };
        let (key, wrapped) = key.unzip();
        Ok(Self {
            stream_no,
            kind: stream.kind,
            version: 0,
            is_new: true,
            wrapped: wrapped.map(Into::into),
            key: key.map(Arc::new),
        })
    }

    /// Counts one more event, and seals what it has to be sealed.
    pub(super) fn add(
        &mut self,
        tenant_key: &TenantKey,
        id: StreamId,
        event: &NewEvent,
    ) -> Result<Option<Vec<u8>>, LogError> {
        let sealed = match &event.plaintext {
            Some(text) => Some(self.key(tenant_key, id)?.seal(event.event_id, text)?),
            None => None,
        };
        self.version += 1;
        Ok(sealed)
    }

    /// Whether something was sealed under a key that was read.
    pub(super) fn is_sealed_in(&self) -> bool {
        !self.is_new && self.key.is_some()
    }

    fn key(&mut self, tenant_key: &TenantKey, id: StreamId) -> Result<Arc<StreamKey>, LogError> {
        let key = match (&self.key, &self.wrapped) {
            (Some(key), _) => Arc::clone(key),
            (None, Some(wrapped)) => Arc::new(tenant_key.unwrap_stream_key(id, wrapped)?),
            (None, None) => return Err(LogError::NoKey { stream: id }),
        };
        self.key = Some(Arc::clone(&key));
        Ok(key)
    }
}

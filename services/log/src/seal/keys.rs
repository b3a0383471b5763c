//! The two inner rings of keys, and the place each seal is bound to.

use std::fmt;

use throughline_domain::ids::EventId;
use zeroize::Zeroizing;

use super::cipher::{Cipher, KeyBytes, random_key};
use super::{MasterKey, Plaintext, SealError};
use crate::stream::StreamId;
use crate::tenant::TenantNo;

const EVENT: &[u8] = b"throughline/seal/event/1";
const STREAM_KEY: &[u8] = b"throughline/seal/stream-key/1";
const TENANT_KEY: &[u8] = b"throughline/seal/tenant-key/1";

/// A tenant's key: it wraps the keys of the tenant's streams, and nothing else.
pub(crate) struct TenantKey {
    tenant: TenantNo,
    cipher: Cipher,
}

/// The key of one case or person.
pub(crate) struct StreamKey {
    tenant: TenantNo,
    stream: StreamId,
    cipher: Cipher,
}

impl TenantKey {
    /// Makes a key and wraps it.
    pub(crate) fn create(master: &MasterKey, tenant: TenantNo) -> Result<Vec<u8>, SealError> {
        let key = random_key()?;
        master.wrap(&place(TENANT_KEY, tenant, &[]), &key)
    }

    /// The same key, wrapped by another master key.
    pub(crate) fn rewrap(
        from: &MasterKey,
        to: &MasterKey,
        tenant: TenantNo,
        wrapped: &[u8],
    ) -> Result<Vec<u8>, SealError> {
        let place = place(TENANT_KEY, tenant, &[]);
        to.wrap(&place, &key_bytes(&from.unwrap(&place, wrapped)?)?)
    }

    pub(crate) fn unwrap(
        master: &MasterKey,
        tenant: TenantNo,
        wrapped: &[u8],
    ) -> Result<Self, SealError> {
        let key = master.unwrap(&place(TENANT_KEY, tenant, &[]), wrapped)?;
        let cipher = Cipher::new(&key_bytes(&key)?)?;
        Ok(Self { tenant, cipher })
    }

    /// Makes a key for a stream; with it comes its wrapped form.
    pub(crate) fn create_stream_key(
        &self,
        stream: StreamId,
    ) -> Result<(StreamKey, Vec<u8>), SealError> {
        let key = random_key()?;
        let wrapped = self.cipher.seal(&self.stream_place(stream), key.as_slice())?;
        Ok((self.stream_key(stream, &key)?, wrapped))
    }

    pub(crate) fn unwrap_stream_key(
        &self,
        stream: StreamId,
        wrapped: &[u8],
    ) -> Result<StreamKey, SealError> {
        let key = self.cipher.open(&self.stream_place(stream), wrapped)?;
        self.stream_key(stream, &key_bytes(&key)?)
    }

    /// The same stream's key, wrapped by another key of the tenant.
    pub(crate) fn rewrap_stream_key(
        &self,
        to: &Self,
        stream: StreamId,
        wrapped: &[u8],
    ) -> Result<Vec<u8>, SealError> {
        let place = self.stream_place(stream);
        to.cipher.seal(&place, &self.cipher.open(&place, wrapped)?)
    }

    fn stream_key(&self, stream: StreamId, key: &KeyBytes) -> Result<StreamKey, SealError> {
        Ok(StreamKey { tenant: self.tenant, stream, cipher: Cipher::new(key)? })
    }

    fn stream_place(&self, stream: StreamId) -> Vec<u8> {
        place(STREAM_KEY, self.tenant, &[&stream_bytes(stream)])
    }
}

impl StreamKey {
    pub(crate) fn seal(&self, event: EventId, text: &Plaintext) -> Result<Vec<u8>, SealError> {
        self.cipher.seal(&self.place(event), text.expose().as_bytes())
    }

    pub(crate) fn open(&self, event: EventId, sealed: &[u8]) -> Result<Plaintext, SealError> {
        let mut text = self.cipher.open(&self.place(event), sealed)?;
        // Only texts are ever sealed. The buffer moves on without a copy.
        match String::from_utf8(std::mem::take(&mut *text)) {
            Ok(text) => Ok(Plaintext::new(text)),
            Err(error) => {
                drop(Zeroizing::new(error.into_bytes()));
                Err(SealError::UnknownFormat)
            }
        }
    }

    fn place(&self, event: EventId) -> Vec<u8> {
        place(EVENT, self.tenant, &[&stream_bytes(self.stream), event.0.as_bytes()])
    }
}

impl fmt::Debug for TenantKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TenantKey(..)")
    }
}

impl fmt::Debug for StreamKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StreamKey(..)")
    }
}

/// What a seal is bound to. All parts but the first have a fixed length and no purpose begins
/// another, so no two places share their bytes.
fn place(purpose: &[u8], tenant: TenantNo, parts: &[&[u8]]) -> Vec<u8> {
    let mut place = purpose.to_vec();
    place.extend_from_slice(&tenant.0.to_be_bytes());
    for part in parts {
        place.extend_from_slice(part);
    }
    place
}

/// The stream's id, after a byte for its kind.
fn stream_bytes(stream: StreamId) -> [u8; 17] {
    let mut bytes = [0; 17];
    bytes[0] = stream.kind.as_str().as_bytes()[0];
    bytes[1..].copy_from_slice(stream.id.as_bytes());
    bytes
}

fn key_bytes(bytes: &[u8]) -> Result<KeyBytes, SealError> {
    let bytes: [u8; 32] = bytes.try_into().map_err(|_| SealError::UnknownFormat)?;
    Ok(Zeroizing::new(bytes))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::stream::StreamKind;

    const TENANT: TenantNo = TenantNo(7);

    fn stream(kind: StreamKind, id: u128) -> StreamId {
        let id = Uuid::from_u128(id);
        StreamId { kind, id }
    }

    fn tenant_key(master: &MasterKey) -> TenantKey {
        let wrapped = TenantKey::create(master, TENANT).unwrap();
        TenantKey::unwrap(master, TENANT, &wrapped).unwrap()
    }

    fn event(id: u128) -> EventId {
        EventId(Uuid::from_u128(id))
    }

    #[test]
    fn what_is_sealed_opens_and_does_not_show() {
        let key = tenant_key(&MasterKey::random().unwrap());
        let (stream_key, wrapped) = key.create_stream_key(stream(StreamKind::Case, 1)).unwrap();
        let text = Plaintext::new("moved to a refuge".to_owned());
        let sealed = stream_key.seal(event(1), &text).unwrap();
        let again = key.unwrap_stream_key(stream(StreamKind::Case, 1), &wrapped).unwrap();
        assert_eq!(again.open(event(1), &sealed), Ok(text.clone()));
        assert!(!sealed.windows(6).any(|window| window == b"refuge"));
        assert_ne!(stream_key.seal(event(1), &text).unwrap(), sealed, "nonces differ");
        assert_eq!(
            format!("{text:?} {stream_key:?} {key:?}"),
            "Plaintext(..) StreamKey(..) TenantKey(..)"
        );
    }

    #[test]
    fn a_seal_moved_to_another_event_stream_or_tenant_does_not_open() {
        let master = MasterKey::random().unwrap();
        let wrapped_tenant = TenantKey::create(&master, TENANT).unwrap();
        let key = TenantKey::unwrap(&master, TENANT, &wrapped_tenant).unwrap();
        let (stream_key, wrapped) = key.create_stream_key(stream(StreamKind::Case, 1)).unwrap();
        let sealed = stream_key.seal(event(1), &Plaintext::new("text".to_owned())).unwrap();

        let broken = Some(SealError::Broken);
        assert_eq!(stream_key.open(event(2), &sealed).err(), broken);
        for other in [stream(StreamKind::Case, 2), stream(StreamKind::Person, 1)] {
            assert_eq!(key.unwrap_stream_key(other, &wrapped).err(), broken);
        }
        let elsewhere = TenantKey::unwrap(&master, TenantNo(8), &wrapped_tenant);
        assert_eq!(elsewhere.err(), broken);
        let other_master = MasterKey::random().unwrap();
        assert_eq!(TenantKey::unwrap(&other_master, TENANT, &wrapped_tenant).err(), broken);
    }

    #[test]
    fn an_altered_cut_or_unknown_seal_does_not_open() {
        let key = tenant_key(&MasterKey::random().unwrap());
        let (stream_key, _) = key.create_stream_key(stream(StreamKind::Case, 1)).unwrap();
        let sealed = stream_key.seal(event(1), &Plaintext::new("text".to_owned())).unwrap();
        for at in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[at] ^= 1;
            assert!(stream_key.open(event(1), &altered).is_err(), "byte {at}");
            assert!(stream_key.open(event(1), &sealed[..at]).is_err(), "cut at {at}");
        }
    }
}

//! Checkpoints: where a log ended at some time, signed, to be kept where the log is not.
//!
//! A chain shows that nothing before its last hash was altered. Whoever can alter the database can
//! cut off its end, or replace a part and compute all later hashes anew. A checkpoint shows both:
//! its signature cannot be made anew without the key, which the database does not have.
//!
//! The signature is Ed25519 (RFC 8032) over these fields, each encoded as in [`crate::hash`]:
//!
//! | field | encoding |
//! | --- | --- |
//! | `throughline/checkpoint/1` | text |
//! | `tenant_no` | i32 |
//! | `tenant` | text |
//! | `position` | i64 |
//! | `hash` | 32 bytes |
//! | `recorded_at` | time |
//! | `signed_at` | time |

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use throughline_domain::ids::Position;
use throughline_domain::time::to_microseconds;

use crate::hash::Hash;
use crate::hex;
use crate::read::Head;
use crate::signing_key::{PublicKey, SigningKey};
use crate::tenant::TenantNo;

/// The name of the line's form, with its version.
const FORMAT: &str = "throughline-checkpoint/1";
const SIGNED: &str = "throughline/checkpoint/1";

/// The end of a log as it was when it was signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The tenant's number.
    pub tenant_no: TenantNo,
    /// The tenant's name.
    pub tenant: String,
    /// The last position, at least 1.
    pub position: Position,
    /// The link of the chain there.
    pub hash: [u8; 32],
    /// When that event was recorded.
    pub recorded_at: Timestamp,
    /// When this was signed.
    pub signed_at: Timestamp,
    /// The key that is said to have signed it.
    pub public_key: PublicKey,
    signature: [u8; 64],
}

/// Why a checkpoint is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// The text is not a checkpoint, to the byte as this program writes it.
    #[error("it is not a checkpoint")]
    Malformed,
    /// Another key is said to have signed it.
    #[error("it is signed with another key")]
    OtherKey,
    /// The key has not signed this.
    #[error("its signature does not hold")]
    Signature,
}

impl Checkpoint {
    /// Signs where a tenant's log ends; `None` while it has no event.
    #[must_use]
    pub fn sign(
        key: &SigningKey,
        tenant_no: TenantNo,
        tenant: &str,
        head: &Head,
        now: Timestamp,
    ) -> Option<Self> {
        let mut checkpoint = Self {
            tenant_no,
            tenant: tenant.to_owned(),
            position: head.position,
            hash: head.hash,
            recorded_at: head.recorded_at?,
            signed_at: to_microseconds(now),
            public_key: key.public_key(),
            signature: [0; 64],
        };
        checkpoint.signature = key.sign(&checkpoint.message());
        Some(checkpoint)
    }

    /// Whether the key has signed this.
    ///
    /// # Errors
    /// [`CheckpointError::OtherKey`], [`CheckpointError::Signature`].
    pub fn verify(&self, key: &PublicKey) -> Result<(), CheckpointError> {
        if self.public_key != *key {
            return Err(CheckpointError::OtherKey);
        }
        if !key.has_signed(&self.message(), &self.signature) {
            return Err(CheckpointError::Signature);
        }
        Ok(())
    }

    /// One line of JSON, without its end.
    ///
    /// # Panics
    /// Never: every member has a form in JSON.
    #[must_use]
    pub fn to_line(&self) -> String {
        let line = Line {
            format: FORMAT.to_owned(),
            tenant_no: self.tenant_no.0,
            tenant: self.tenant.clone(),
            position: self.position.0,
            hash: hex::encode(&self.hash),
            recorded_at: self.recorded_at,
            signed_at: self.signed_at,
            public_key: self.public_key.to_string(),
            signature: STANDARD.encode(self.signature),
        };
        serde_json::to_string(&line).expect("a checkpoint has a form in JSON")
    }

    /// Reads a line. Its signature is not looked at: see [`Checkpoint::verify`].
    ///
    /// # Errors
    /// [`CheckpointError::Malformed`] when it is not, to the byte, what [`Checkpoint::to_line`]
    /// gives.
    pub fn from_line(text: &str) -> Result<Self, CheckpointError> {
        let checkpoint = Self::read(text).ok_or(CheckpointError::Malformed)?;
        // What says the same in other letters was written by somebody else.
        if checkpoint.position.0 < 1 || checkpoint.to_line() != text {
            return Err(CheckpointError::Malformed);
        }
        Ok(checkpoint)
    }

    fn read(text: &str) -> Option<Self> {
        let line: Line = serde_json::from_str(text).ok()?;
        let signature = STANDARD.decode(line.signature).ok()?;
        Some(Self {
            tenant_no: TenantNo(line.tenant_no),
            tenant: line.tenant,
            position: Position(line.position),
            hash: hex::decode(&line.hash)?,
            recorded_at: to_microseconds(line.recorded_at),
            signed_at: to_microseconds(line.signed_at),
            public_key: line.public_key.parse().ok()?,
            signature: signature.try_into().ok()?,
        })
    }

    /// What is signed.
    fn message(&self) -> Vec<u8> {
        let mut message = Vec::with_capacity(256);
        let mut put = |field: &[u8]| {
            // A tenant's name has 64 bytes at most; one that was altered may be longer.
            let length = u32::try_from(field.len()).unwrap_or(u32::MAX);
            message.extend_from_slice(&length.to_be_bytes());
            message.extend_from_slice(field);
        };
        put(SIGNED.as_bytes());
        put(&self.tenant_no.0.to_be_bytes());
        put(self.tenant.as_bytes());
        put(&self.position.0.to_be_bytes());
        put(&self.hash as &Hash);
        put(&self.recorded_at.as_microsecond().to_be_bytes());
        put(&self.signed_at.as_microsecond().to_be_bytes());
        message
    }
}

/// The members of a line, in their order.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    format: String,
    tenant_no: i32,
    tenant: String,
    position: i64,
    hash: String,
    recorded_at: Timestamp,
    signed_at: Timestamp,
    public_key: String,
    signature: String,
}

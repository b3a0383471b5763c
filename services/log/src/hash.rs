//! The hash chain: what exactly is hashed, so that anyone can recompute it.
//!
//! Every hash is SHA-256 over a sequence of fields. A field is encoded as its length in bytes, as
//! four bytes, most significant first, followed by the bytes themselves. An absent optional field
//! is the length `ff ff ff ff` and nothing after it. Integers are two's complement, most
//! significant byte first: `i16` 2 bytes, `i32` 4, `i64` 8. Texts are UTF-8 as stored. UUIDs are
//! their 16 bytes. Times are `i64` microseconds since 1970-01-01T00:00:00Z.
//!
//! The hash before the first event, kept in `log_head` until there is one:
//!
//! | field | encoding |
//! | --- | --- |
//! | `throughline/genesis/1` | text |
//! | `tenant.tenant_no` | i32 |
//! | `tenant.name` | text |
//!
//! The hash of each event:
//!
//! | field | encoding |
//! | --- | --- |
//! | `throughline/event/1` | text |
//! | the hash of the event at the position before, or the genesis hash | 32 bytes |
//! | `position` | i64 |
//! | `stream_no` | i64 |
//! | `stream.kind` | text |
//! | `stream.id` | UUID |
//! | `event_id` | UUID |
//! | `version` | i32 |
//! | `type` | text |
//! | `schema_version` | i16 |
//! | `occurred_at` | time |
//! | `occurred_precision` | text |
//! | `recorded_at` | time |
//! | `actor` | text |
//! | `actor_role` | text |
//! | `source_organisation` | text or absent |
//! | `command_id` | UUID |
//! | `correlation_id` | UUID |
//! | `causation_id` | UUID or absent |
//! | `traceparent` | text or absent |
//! | `data` | text |
//! | `sealed` | bytes as stored, or absent |
//!
//! The trailing `1` of the first field is the version of this encoding. A chain shows that nothing
//! before its last hash was altered; that nothing was cut off its end is shown only by a copy of a
//! later hash kept elsewhere.

use aws_lc_rs::digest::{Context, SHA256};

use crate::row::EventRow;
use crate::tenant::TenantNo;

const GENESIS: &str = "throughline/genesis/1";
const EVENT: &str = "throughline/event/1";
const ABSENT: u32 = u32::MAX;

/// A link of the chain.
pub(crate) type Hash = [u8; 32];

/// The hash before a tenant's first event.
pub(crate) fn genesis(tenant: TenantNo, name: &str) -> Hash {
    let mut fields = Fields::new(GENESIS);
    fields.put(&tenant.0.to_be_bytes());
    fields.put(name.as_bytes());
    fields.finish()
}

/// The hash of an event that follows the one with the hash `previous`.
pub(crate) fn event(previous: &Hash, row: &EventRow<'_>) -> Hash {
    let mut fields = Fields::new(EVENT);
    fields.put(previous);
    fields.put(&row.position.to_be_bytes());
    fields.put(&row.stream_no.to_be_bytes());
    fields.put(row.stream.kind.as_str().as_bytes());
    fields.put(row.stream.id.as_bytes());
    fields.put(row.event_id.as_bytes());
    fields.put(&row.version.to_be_bytes());
    fields.put(row.event_type.as_bytes());
    fields.put(&row.schema_version.to_be_bytes());
    fields.put(&row.occurred_at.0.to_be_bytes());
    fields.put(row.occurred_precision.as_str().as_bytes());
    fields.put(&row.recorded_at.0.to_be_bytes());
    fields.put(row.actor.as_bytes());
    fields.put(row.actor_role.as_bytes());
    fields.put_optional(row.source_organisation.map(str::as_bytes));
    fields.put(row.command_id.as_bytes());
    fields.put(row.correlation_id.as_bytes());
    fields.put_optional(row.causation_id.as_ref().map(|id| id.as_bytes().as_slice()));
    fields.put_optional(row.traceparent.map(str::as_bytes));
    fields.put(row.data.as_bytes());
    fields.put_optional(row.sealed.as_deref());
    fields.finish()
}

struct Fields(Context);

impl Fields {
    fn new(domain: &str) -> Self {
        let mut fields = Self(Context::new(&SHA256));
        fields.put(domain.as_bytes());
        fields
    }

    fn put(&mut self, field: &[u8]) {
        // A command is limited to far less than what the length can express.
        let length = u32::try_from(field.len()).unwrap_or(ABSENT - 1);
        self.0.update(&length.to_be_bytes());
        self.0.update(field);
    }

    fn put_optional(&mut self, field: Option<&[u8]>) {
        match field {
            Some(field) => self.put(field),
            None => self.0.update(&ABSENT.to_be_bytes()),
        }
    }

    fn finish(self) -> Hash {
        let mut hash = [0; 32];
        hash.copy_from_slice(self.0.finish().as_ref());
        hash
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::fmt::Write as _;

    use throughline_domain::time::Precision;
    use uuid::Uuid;

    use super::*;
    use crate::micros::Micros;
    use crate::stream::{StreamId, StreamKind};

    fn hex(hash: Hash) -> String {
        hash.iter().fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").unwrap();
            text
        })
    }

    fn row() -> EventRow<'static> {
        EventRow {
            position: 1,
            stream_no: 2,
            stream: StreamId { kind: StreamKind::Case, id: Uuid::from_u128(3) },
            event_id: Uuid::from_u128(4),
            version: 5,
            schema_version: 6,
            event_type: "ContactAttempted",
            occurred_at: Micros(-7),
            occurred_precision: Precision::Day,
            recorded_at: Micros(1_400_000_000_000_008),
            actor: "worker-9",
            actor_role: "caseworker",
            source_organisation: None,
            command_id: Uuid::from_u128(10),
            correlation_id: Uuid::from_u128(11),
            causation_id: None,
            traceparent: Some("00-12"),
            data: r#"{"channel": "téléphone"}"#,
            sealed: Some(Cow::Borrowed(&[1, 2, 3])),
        }
    }

    /// The vector was computed by another program, written from the text above.
    #[test]
    fn the_encoding_is_the_documented_one() {
        let genesis = genesis(TenantNo(1), "essex");
        assert_eq!(
            hex(genesis),
            "36762d12c2ae3cc37d16d6e67208ed1793468800394fe25537ee17b94bc2cfdc"
        );
        assert_eq!(
            hex(event(&genesis, &row())),
            "84a3b78a4743dd6671a65ce34910a4a5005e47b4ad7674b91f0610ee9e8ca461"
        );
    }

    #[test]
    fn an_absent_field_is_not_an_empty_one() {
        let absent = row();
        let mut empty = row();
        empty.source_organisation = Some("");
        assert_ne!(event(&[0; 32], &absent), event(&[0; 32], &empty));
    }

    #[test]
    fn what_moves_from_one_field_to_the_next_changes_the_hash() {
        let mut moved = row();
        moved.actor = "worker-9c";
        moved.actor_role = "aseworker";
        assert_ne!(event(&[0; 32], &row()), event(&[0; 32], &moved));
    }
}

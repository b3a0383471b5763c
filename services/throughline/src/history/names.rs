//! Ids in a history: UUIDs, or names of the writer's own such as `c-17`.
//!
//! A name stands for the same id in every file loaded into a tenant, so that a later file can go on
//! with a case of an earlier one. The id is derived under the master key: who knows the name, say a
//! case number of the old system, cannot work out the id without it.

use aws_lc_rs::hmac;
use jiff::Timestamp;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use throughline_domain::code::Code;
use throughline_domain::ids::{CaseId, EventId, PersonId};
use throughline_log::MasterKey;
use uuid::{Builder, Uuid};

/// An id as a history gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reference {
    /// The id itself.
    Id(Uuid),
    /// A name for it.
    Name(Code),
}

impl<'de> Deserialize<'de> for Reference {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if let Ok(id) = text.parse() {
            return Ok(Self::Id(id));
        }
        text.parse().map(Self::Name).map_err(D::Error::custom)
    }
}

/// The ids that names stand for in one tenant.
pub(crate) struct Names(hmac::Key);

impl Names {
    /// The names of a tenant.
    pub(crate) fn new(master_key: &MasterKey, tenant: &str) -> Self {
        let key = master_key.derive(&format!("history-names/{tenant}"));
        Self(hmac::Key::new(hmac::HMAC_SHA256, &key))
    }

    /// The case of a reference.
    pub(crate) fn case(&self, reference: &Reference) -> CaseId {
        CaseId(self.id("case", "", reference))
    }

    /// The person of a reference.
    pub(crate) fn person(&self, reference: &Reference) -> PersonId {
        PersonId(self.id("person", "", reference))
    }

    /// The event of a reference. Names of events are a case's own: each may have its `e1`.
    pub(crate) fn event(&self, CaseId(case): CaseId, reference: &Reference) -> EventId {
        EventId(self.id("event", &case.to_string(), reference))
    }

    /// The id of an event that the history gives none: the same each time it is loaded. No two
    /// lines of a tenant have one recording time.
    pub(crate) fn unnamed_event(&self, recorded_at: Timestamp) -> EventId {
        let digest = self.digest("unnamed event", &recorded_at.to_string(), "");
        let mut random = [0; 10];
        random.copy_from_slice(&digest[..10]);
        let millis = u64::try_from(recorded_at.as_millisecond()).unwrap_or(0);
        EventId(Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
    }

    /// The id of the event that registers a person.
    pub(crate) fn registration(&self, PersonId(person): PersonId) -> EventId {
        EventId(self.derive("registration", &person.to_string(), ""))
    }

    fn id(&self, kind: &str, scope: &str, reference: &Reference) -> Uuid {
        match reference {
            Reference::Id(id) => *id,
            Reference::Name(name) => self.derive(kind, scope, name.as_str()),
        }
    }

    fn derive(&self, kind: &str, scope: &str, name: &str) -> Uuid {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&self.digest(kind, scope, name)[..16]);
        Builder::from_custom_bytes(bytes).into_uuid()
    }

    /// None of the parts holds a line end, so no two lists of parts run together.
    fn digest(&self, kind: &str, scope: &str, name: &str) -> [u8; 32] {
        let tag = hmac::sign(&self.0, format!("{kind}\n{scope}\n{name}").as_bytes());
        let mut digest = [0; 32];
        digest.copy_from_slice(tag.as_ref());
        digest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Reference {
        Reference::Name(text.parse().unwrap())
    }

    #[test]
    fn a_name_stands_for_one_id_per_kind_tenant_and_key() {
        let key = MasterKey::random().unwrap();
        let here = Names::new(&key, "notts");
        let elsewhere = Names::new(&key, "essex");
        let other_key = Names::new(&MasterKey::random().unwrap(), "notts");
        let c1 = name("c1");
        assert_eq!(here.case(&c1), Names::new(&key, "notts").case(&c1));
        assert_ne!(here.case(&c1), here.case(&name("c2")));
        assert_ne!(here.case(&c1).0, here.person(&c1).0);
        assert_ne!(here.case(&c1), elsewhere.case(&c1));
        assert_ne!(here.case(&c1), other_key.case(&c1));
    }

    #[test]
    fn events_are_named_within_their_case() {
        let names = Names::new(&MasterKey::random().unwrap(), "notts");
        let (one, two) = (names.case(&name("c1")), names.case(&name("c2")));
        assert_ne!(names.event(one, &name("e1")), names.event(two, &name("e1")));
    }

    #[test]
    fn an_id_stands_for_itself() {
        let names = Names::new(&MasterKey::random().unwrap(), "notts");
        let id = Uuid::new_v4();
        let reference = serde_json::from_str(&format!("\"{id}\"")).unwrap();
        assert_eq!(names.case(&reference), CaseId(id));
    }

    #[test]
    fn the_id_of_an_unnamed_event_begins_with_its_time() {
        let names = Names::new(&MasterKey::random().unwrap(), "notts");
        let id = names.unnamed_event("2014-03-04T09:00:00Z".parse().unwrap()).0;
        assert_eq!(id.get_version_num(), 7);
        assert_eq!(id.get_timestamp().unwrap().to_unix().0, 1_393_923_600);
    }
}

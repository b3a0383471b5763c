//! One line of a history, read but not yet decided.

use std::fmt;

use jiff::Timestamp;
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use throughline_api::cases::person::Identity;
use throughline_api::cases::sealed_words::Words;
use throughline_domain::code::Code;
use throughline_domain::time::Precision;

use crate::history::error::LineError;
use crate::history::misfit;
use crate::history::names::Reference;

/// One event of a history. Members it has no place for are refused by [`misfit::read`].
#[derive(Deserialize)]
pub(crate) struct Line {
    /// When the event was recorded.
    pub(crate) recorded_at: Timestamp,
    /// The case.
    pub(crate) case: Reference,
    /// The stored name of the event's type.
    #[serde(rename = "type")]
    pub(crate) event_type: String,
    /// When it happened.
    pub(crate) occurred_at: Option<Timestamp>,
    /// How exactly that is known.
    #[serde(default)]
    pub(crate) precision: Precision,
    /// How later lines name the event.
    pub(crate) event_id: Option<Reference>,
    /// Who recorded it.
    pub(crate) actor: Option<Code>,
    /// In which role.
    pub(crate) actor_role: Option<Code>,
    /// The organisation that the fact comes from, when it is not the recorder's own.
    pub(crate) source_organisation: Option<Code>,
    /// The coded facts, in their stored form.
    #[serde(default)]
    pub(crate) data: Members,
    /// What happened, in words.
    pub(crate) narrative: Option<Words>,
    /// Why a fact was corrected or taken back, in words.
    pub(crate) reason: Option<Words>,
    /// Who the person is, where a referral makes them known.
    pub(crate) identity: Option<Identity>,
}

impl Line {
    /// Reads a line.
    ///
    /// # Errors
    /// [`LineError::NotJson`]; [`LineError::Misfit`].
    pub(crate) fn read(text: &[u8]) -> Result<Self, LineError> {
        if serde_json::from_slice::<&RawValue>(text).is_err() {
            return Err(LineError::NotJson);
        }
        Ok(misfit::read(text, "")?)
    }
}

/// The members of an object in the order given, each still as its text.
#[derive(Default)]
pub(crate) struct Members(Vec<(String, Box<RawValue>)>);

impl Members {
    /// The text of a member.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(member, _)| member == name);
        found.map(|(_, value)| value.get())
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Puts a member in, or in place of the one there is.
    pub(crate) fn set(&mut self, name: &str, value: Box<RawValue>) {
        match self.0.iter_mut().find(|(member, _)| member == name) {
            Some((_, present)) => *present = value,
            None => self.0.push((name.to_owned(), value)),
        }
    }

    /// The object as JSON text.
    pub(crate) fn to_text(&self) -> Result<String, serde_json::Error> {
        let mut text = String::from("{");
        for (place, (name, value)) in self.0.iter().enumerate() {
            if place > 0 {
                text.push(',');
            }
            text.push_str(&serde_json::to_string(name)?);
            text.push(':');
            text.push_str(value.get());
        }
        text.push('}');
        Ok(text)
    }
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MembersVisitor;

        impl<'de> Visitor<'de> for MembersVisitor {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Members::default();
                while let Some((name, value)) = map.next_entry::<String, Box<RawValue>>()? {
                    if members.get(&name).is_some() {
                        return Err(A::Error::custom("given twice"));
                    }
                    members.0.push((name, value));
                }
                Ok(members)
            }
        }

        deserializer.deserialize_map(MembersVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = r#"{"recorded_at":"2014-03-04T09:00:00Z","case":"c1","type":"ReferralAccepted","data":{"reason":"criteria_met","n":1.50}}"#;

    #[track_caller]
    fn refused(text: &str) -> String {
        match Line::read(text.as_bytes()) {
            Ok(_) => panic!("read without an error"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_line_keeps_its_facts_as_they_were_written() {
        let line = Line::read(LINE.as_bytes()).ok().unwrap();
        assert_eq!(line.data.get("n"), Some("1.50"));
        assert_eq!(line.data.to_text().unwrap(), r#"{"reason":"criteria_met","n":1.50}"#);
        assert_eq!(line.precision, Precision::Instant);
    }

    #[test]
    fn what_is_not_json_is_refused() {
        for text in ["", "{", "null x", "{\"canary\": \u{1}}"] {
            assert_eq!(refused(text), "the line is not JSON");
        }
        assert_eq!(refused("[]"), "the line is not of the right type or form");
    }

    #[test]
    fn an_unknown_member_is_refused_without_its_name() {
        let text = LINE.replacen('{', r#"{"canary":1,"#, 1);
        assert_eq!(refused(&text), "the line has a member that is not known here");
    }

    #[test]
    fn a_member_given_twice_is_refused() {
        let text = LINE.replace(r#""n""#, r#""reason""#);
        assert_eq!(refused(&text), "/data has a member twice");
        let text = LINE.replacen('{', r#"{"case":"c1","#, 1);
        assert_eq!(refused(&text), "the line has a member twice");
    }

    #[test]
    fn a_name_is_a_code() {
        let text = LINE.replace("\"c1\"", "\"Jane Canary\"");
        assert!(refused(&text).starts_with("/case is not a code"));
    }
}

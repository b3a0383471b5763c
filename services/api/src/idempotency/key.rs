//! Reading `Idempotency-Key`, and what a command is known by when it comes again.
//!
//! The database gets neither the key nor the body but HMACs of them, under a key that it does not
//! have: nobody can guess there whose key it was, or which name stood in a body.

use std::fmt;

use actix_web::http::header::{HeaderMap, IF_MATCH};
use actix_web::web::Data;
use actix_web::{HttpMessage as _, HttpRequest};
use aws_lc_rs::hmac::{self, HMAC_SHA256};
use serde::Serialize;
use serde_json::Value;
use throughline_log::Idempotency;

use crate::app::App;
use crate::caller::Caller;
use crate::problem::{self, Problem};
use crate::refusal;

/// The header's name.
pub const HEADER: &str = "Idempotency-Key";

/// The longest key taken, in characters.
pub const KEY_CHARACTERS_MAX: usize = 255;

/// What keys and bodies are hashed under.
#[derive(Clone)]
pub struct IdempotencyHasher(hmac::Key);

impl IdempotencyHasher {
    /// A hasher from 32 bytes that the database does not know.
    #[must_use]
    pub fn new(key: &[u8; 32]) -> Self {
        Self(hmac::Key::new(HMAC_SHA256, key))
    }

    /// Starts a hash; what it is for sets it apart from all others.
    fn begin(&self, purpose: &str) -> Hash {
        let mut hash = Hash(hmac::Context::with_key(&self.0));
        hash.text(purpose);
        hash
    }
}

impl fmt::Debug for IdempotencyHasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdempotencyHasher(..)")
    }
}

/// What a command with an `Idempotency-Key` is known by.
#[derive(Clone, PartialEq, Eq)]
pub struct CommandKey {
    /// Whose key, for which operation.
    pub(super) scope: [u8; 32],
    /// What was asked of it.
    pub(super) fingerprint: [u8; 32],
}

impl CommandKey {
    /// Whose key it is, for which operation.
    #[must_use]
    pub fn scope(&self) -> [u8; 32] {
        self.scope
    }

    /// Whether what was asked with this key before is what is asked now.
    #[must_use]
    pub fn asks_the_same(&self, fingerprint: &[u8]) -> bool {
        self.fingerprint == fingerprint
    }

    /// What is to be stored with the command's events. `ids` are those that the service drew.
    ///
    /// # Errors
    /// [`problem::INTERNAL`] when they have no JSON form; all have.
    pub fn remembering<T: Serialize>(&self, ids: &T) -> Result<Idempotency, Problem> {
        let answer = serde_json::to_string(ids).map_err(|error| refusal::internal(&error))?;
        Ok(Idempotency { scope: self.scope, fingerprint: self.fingerprint, answer })
    }
}

impl fmt::Debug for CommandKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CommandKey(..)")
    }
}

/// A request with a key, of which the body has not been read yet.
pub(crate) struct Keyed {
    scope: [u8; 32],
    fingerprint: Hash,
}

impl Keyed {
    /// The request's key, if it sends one.
    ///
    /// # Errors
    /// [`problem::INVALID_IDEMPOTENCY_KEY`] for a header that holds none.
    pub(crate) fn read(request: &HttpRequest) -> Result<Option<Self>, Problem> {
        let Some(key) = sent_key(request.headers())? else {
            return Ok(None);
        };
        // All three are there behind the guard of a route, and no other route reads a body.
        let absent = || Problem::new(problem::INTERNAL);
        let hasher = &request.app_data::<Data<App>>().ok_or_else(absent)?.idempotency;
        let caller = request.extensions().get::<Caller>().cloned().ok_or_else(absent)?;
        let route = request.match_pattern().ok_or_else(absent)?;

        let mut scope = hasher.begin("scope");
        scope.text(caller.subject.as_str());
        scope.text(request.method().as_str());
        scope.text(&route);
        scope.text(&key);
        let mut fingerprint = hasher.begin("fingerprint");
        fingerprint.text(request.path());
        let versions = request.headers().get_all(IF_MATCH);
        fingerprint.list(versions, |hash, version| hash.part(version.as_bytes()));
        Ok(Some(Self { scope: scope.end(), fingerprint }))
    }

    /// The command's key, now that its body is there.
    pub(crate) fn with_body(mut self, body: &Value) -> CommandKey {
        self.fingerprint.value(body);
        CommandKey { scope: self.scope, fingerprint: self.fingerprint.end() }
    }
}

/// The key that the headers hold: a string of RFC 8941, or the same without its quotes.
fn sent_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut sent = headers.get_all(HEADER);
    let Some(value) = sent.next() else {
        return Ok(None);
    };
    let key = match sent.next() {
        None => value.to_str().ok().map(str::trim).and_then(unquoted),
        Some(_) => None,
    };
    let characters = 1..=KEY_CHARACTERS_MAX;
    let fits = |key: &String| {
        characters.contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic())
    };
    let key = key.filter(fits);
    key.map(Some).ok_or_else(|| Problem::new(problem::INVALID_IDEMPOTENCY_KEY))
}

/// A text without its quotes, if it has any; none where they are not those of one string.
fn unquoted(text: &str) -> Option<String> {
    let Some(rest) = text.strip_prefix('"') else {
        return Some(text.to_owned());
    };
    let mut key = String::with_capacity(rest.len());
    let mut rest = rest.chars();
    loop {
        match rest.next()? {
            '"' => break,
            '\\' => key.push(rest.next().filter(|escaped| ['"', '\\'].contains(escaped))?),
            other => key.push(other),
        }
    }
    rest.next().is_none().then_some(key)
}

/// A hash in the making. Every part goes in with its length, so that no two lists of parts are
/// hashed alike.
struct Hash(hmac::Context);

impl Hash {
    fn part(&mut self, bytes: &[u8]) {
        self.length(bytes.len());
        self.0.update(bytes);
    }

    fn text(&mut self, text: &str) {
        self.part(text.as_bytes());
    }

    fn list<T>(&mut self, items: impl Iterator<Item = T>, mut of: impl FnMut(&mut Self, T)) {
        let items: Vec<T> = items.collect();
        self.length(items.len());
        for item in items {
            of(self, item);
        }
    }

    fn length(&mut self, length: usize) {
        self.0.update(&(length as u64).to_be_bytes());
    }

    /// A document, however it was spaced and in whatever order its members came: that is all that
    /// a command is read from.
    fn value(&mut self, value: &Value) {
        match value {
            Value::Null => self.text("null"),
            Value::Bool(truth) => self.text(if *truth { "true" } else { "false" }),
            Value::Number(number) => {
                self.text("number");
                self.text(&number.to_string());
            }
            Value::String(text) => {
                self.text("string");
                self.text(text);
            }
            Value::Array(items) => {
                self.text("array");
                self.list(items.iter(), Self::value);
            }
            Value::Object(members) => {
                let mut members: Vec<_> = members.iter().collect();
                members.sort_unstable_by_key(|(name, _)| *name);
                self.text("object");
                self.list(members.into_iter(), |hash, (name, value)| {
                    hash.text(name);
                    hash.value(value);
                });
            }
        }
    }

    fn end(self) -> [u8; 32] {
        let mut end = [0; 32];
        end.copy_from_slice(self.0.sign().as_ref());
        end
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};
    use serde_json::json;

    use super::*;

    fn read(values: &[&str]) -> Result<Option<String>, Problem> {
        let mut headers = HeaderMap::new();
        for value in values {
            let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
            headers.append(HeaderName::from_static("idempotency-key"), value);
        }
        sent_key(&headers)
    }

    #[test]
    fn a_key_is_the_same_with_quotes_and_without() {
        assert_eq!(read(&[]), Ok(None));
        for (bare, quoted) in [("k-1", r#""k-1""#), (r#"a"b\c"#, r#""a\"b\\c""#)] {
            assert_eq!(read(&[bare]), Ok(Some(bare.to_owned())));
            assert_eq!(read(&[quoted]), Ok(Some(bare.to_owned())));
        }
        let longest = "k".repeat(255);
        assert_eq!(read(&[&longest]), Ok(Some(longest.clone())));
        assert_eq!(read(&[&format!("\"{longest}\"")]), Ok(Some(longest)));
    }

    #[test]
    fn what_is_not_one_key_is_refused() {
        let too_long = "k".repeat(256);
        let unreadable: [&[&str]; 13] = [
            &[""],
            &[r#""""#],
            &[&too_long],
            &["a b"],
            &[r#""a b""#],
            &["caf\u{e9}"],
            &[r#""open"#],
            &[r#"""#],
            &[r#""a"b""#],
            &[r#""a\x""#],
            &[r#""a", "b""#],
            &[r#""a";p=1"#],
            &["a", "a"],
        ];
        for values in unreadable {
            let refused = read(values).unwrap_err();
            assert_eq!(refused.kind(), problem::INVALID_IDEMPOTENCY_KEY, "{values:?}");
        }
    }

    fn hash(value: &Value) -> [u8; 32] {
        let mut hash = IdempotencyHasher::new(&[7; 32]).begin("fingerprint");
        hash.value(value);
        hash.end()
    }

    #[test]
    fn a_body_is_the_same_however_it_is_written() {
        let one: Value = serde_json::from_str(r#"{"a":1,"b":{"c":[true,null],"d":"x"}}"#).unwrap();
        let other = r#" { "b" : {"d":"\u0078", "c":[ true, null ]}, "a":1 }"#;
        assert_eq!(hash(&one), hash(&serde_json::from_str(other).unwrap()));
    }

    #[test]
    fn bodies_that_differ_anywhere_are_told_apart() {
        let bodies = [
            json!(null),
            json!("null"),
            json!(true),
            json!(1),
            json!(1.0),
            json!("1"),
            json!([]),
            json!({}),
            json!([[]]),
            json!([[], []]),
            json!(["a", "b"]),
            json!(["b", "a"]),
            json!(["ab"]),
            json!(["a", ["b"]]),
            json!([["a"], "b"]),
            json!({"a": "b"}),
            json!({"b": "a"}),
            json!({"ab": ""}),
            json!({"a": null}),
            json!({"a": {"b": 1}, "c": 2}),
            json!({"a": {"b": 1, "c": 2}}),
        ];
        let hashes: std::collections::HashSet<_> = bodies.iter().map(hash).collect();
        assert_eq!(hashes.len(), bodies.len());
        let elsewhere = IdempotencyHasher::new(&[8; 32]).begin("fingerprint").end();
        assert_ne!(elsewhere, IdempotencyHasher::new(&[7; 32]).begin("fingerprint").end());
        let scope = IdempotencyHasher::new(&[8; 32]).begin("scope").end();
        assert_ne!(elsewhere, scope);
    }
}

//! Reading a JSON body: the declared type, the limit, and a pointer to whatever cannot be right.

use std::collections::HashSet;
use std::sync::LazyLock;

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest, web};
use futures_util::future::LocalBoxFuture;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::Segment;
use throughline_domain::code_lists::{CodeList as _, ContactChannel};
use throughline_domain::instrument;

use crate::exact::Exact;
use crate::idempotency::{CommandKey, Keyed};
use crate::openapi;
use crate::problem::{self, FieldError, Problem};

/// A JSON body, read and checked against its type.
#[derive(Debug)]
pub struct JsonBody<T> {
    /// The body.
    pub value: T,
    /// What the request is known by when it comes again, if it sends an `Idempotency-Key`.
    pub key: Option<CommandKey>,
}

impl<T: DeserializeOwned + 'static> FromRequest for JsonBody<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let declared = request.mime_type().ok().flatten();
        let is_json = declared.is_some_and(|mime| mime.essence_str() == "application/json");
        let keyed = Keyed::read(request);
        let bytes = web::Bytes::from_request(request, payload);
        Box::pin(async move {
            let keyed = keyed?;
            if !is_json {
                return Err(Problem::new(problem::UNSUPPORTED_MEDIA_TYPE));
            }
            let bytes = bytes.await.map_err(|error| match error.as_error::<PayloadError>() {
                Some(PayloadError::Overflow) => Problem::new(problem::TOO_LARGE),
                _ if error.as_response_error().status_code() == 413 => {
                    Problem::new(problem::TOO_LARGE)
                }
                _ => Problem::new(problem::UNREADABLE),
            })?;
            let value: Value =
                serde_json::from_slice(&bytes).map_err(|_| Problem::new(problem::UNREADABLE))?;
            let key = keyed.map(|keyed| keyed.with_body(&value));
            Ok(Self { value: from_value(value)?, key })
        })
    }
}

/// Reads a value as a type, naming the member that does not fit.
///
/// # Errors
/// [`problem::INVALID`] with the pointer to the first member that cannot be right.
pub fn from_value<T: DeserializeOwned>(value: Value) -> Result<T, Problem> {
    serde_path_to_error::deserialize(Exact(value)).map_err(|error| {
        let message = error.inner().to_string();
        let (member, detail) = explain(&message);
        // The name of an unknown member is the caller's own text, whatever its shape.
        let told =
            error.path().iter().len().saturating_sub(usize::from(is_unknown_member(&message)));
        let mut pointer = pointer(error.path().iter().take(told));
        if let Some(member) = member {
            pointer.push('/');
            pointer.push_str(&member);
        }
        Problem::new(problem::INVALID).with(FieldError::at(pointer, detail))
    })
}

/// The JSON Pointer of a path. A name that is neither a body's member, nor a question, nor a channel
/// of contact is the caller's own text: the pointer stops before it.
fn pointer<'a>(path: impl Iterator<Item = &'a Segment>) -> String {
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => {
                pointer.push('/');
                pointer.push_str(&index.to_string());
            }
            Segment::Map { key } if is_known(key) => {
                pointer.push('/');
                pointer.push_str(key);
            }
            Segment::Enum { .. } => {}
            Segment::Map { .. } | Segment::Unknown => break,
        }
    }
    pointer
}

/// Whether a name is one of ours: no `~` or `/` is in any.
fn is_known(name: &str) -> bool {
    static MEMBERS: LazyLock<HashSet<String>> = LazyLock::new(openapi::member_names);
    let is_channel = || ContactChannel::ALL.iter().any(|channel| channel.as_str() == name);
    MEMBERS.contains(name) || instrument::is_question(name) || is_channel()
}

/// What would be right, in words that hold nothing of what was sent; and the member that is missing,
/// when one is. The decoder's own message quotes the value, so only its known-safe end is used.
fn explain(message: &str) -> (Option<String>, String) {
    if let Some(rest) = message.strip_prefix("missing field `") {
        let member = rest.split('`').next().unwrap_or_default().to_owned();
        return (Some(member), "is required".to_owned());
    }
    let kind = if is_unknown_member(message) {
        "has a member that is not known here"
    } else if message.starts_with("unknown variant") {
        "is not a known code"
    } else if message.starts_with("a code is ") {
        "is not a code: 1 to 64 lower-case letters, digits and _ - . / :"
    } else {
        "is not of the right type or form"
    };
    match message.rsplit_once(", expected ") {
        Some((_, expected)) if !kind.starts_with("is not of") => {
            (None, format!("{kind}; expected {}", expected.replace('`', "")))
        }
        _ => (None, kind.to_owned()),
    }
}

fn is_unknown_member(message: &str) -> bool {
    message.starts_with("unknown field")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cases::record_contact_attempt::ContactAttemptBody;
    use crate::cases::record_measure::MeasureBody;
    use crate::cases::record_risk_assessment::RiskAssessmentBody;

    fn errors_of<T: DeserializeOwned>(value: Value) -> Vec<FieldError> {
        let Err(problem) = from_value::<T>(value) else { panic!("read without a problem") };
        problem.errors().to_vec()
    }

    #[test]
    fn an_unknown_code_is_pointed_to_and_not_repeated() {
        let body = json!({"channel": "canary-pigeon", "outcome": "reached"});
        let errors = errors_of::<ContactAttemptBody>(body);
        assert_eq!(errors[0].pointer.as_deref(), Some("/channel"));
        assert!(errors[0].detail.contains("face_to_face"));
        assert!(!errors[0].detail.contains("canary"));
    }

    #[test]
    fn a_missing_member_is_named() {
        let errors = errors_of::<ContactAttemptBody>(json!({"channel": "phone"}));
        assert_eq!(errors, [FieldError::at("/outcome", "is required")]);
    }

    #[test]
    fn an_unknown_member_is_refused_without_its_name() {
        for name in ["Canary", "canary", "canary/phone"] {
            let body = json!({"channel": "phone", "outcome": "reached", name: 1});
            let errors = errors_of::<ContactAttemptBody>(body);
            assert_eq!(errors[0].pointer.as_deref(), Some(""), "{name}");
            assert!(!errors[0].detail.contains(name));
        }
    }

    #[test]
    fn a_value_inside_a_map_is_pointed_to_if_its_name_is_ours() {
        let body = json!({
            "instrument": "a/1", "stage": "intake", "values": {"canary": {"missing": "canary"}}
        });
        let errors = errors_of::<MeasureBody>(body);
        assert_eq!(errors[0].pointer.as_deref(), Some("/values"));
        assert!(!errors[0].detail.contains("canary"));

        let body = json!({
            "instrument": "dash-safelives/2009", "assessor_role": "idva", "answers": {"q3": "canary"}
        });
        let errors = errors_of::<RiskAssessmentBody>(body);
        assert_eq!(errors[0].pointer.as_deref(), Some("/answers/q3"));
        assert!(!errors[0].detail.contains("canary"));
    }
}

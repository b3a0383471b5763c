//! The `AsyncAPI` 3.0 description of the feed, built from the feed's own table of kinds and the body
//! types of the interface: what is not told is not described, and what is told is.

mod facts;

use serde_json::{Map, Value, json};
use utoipa::PartialSchema as _;

use crate::access::Operation;
use crate::feed::envelope::Envelope;
use crate::feed::kind::Kind;

/// The version of the specification that the description follows.
pub const ASYNCAPI: &str = "3.0.0";

const INTRODUCTION: &str = "\
What happens in a tenant's cases, in the order of recording: each event as a CloudEvents 1.0 envelope \
(JSON) around coded facts, and never what was written in words or who anybody is. It comes as \
server-sent events. The `id` of each is its position in the tenant's log; a client that comes back \
with it in `Last-Event-ID` gets each event once, in order. Members and types may be added: ignore \
those that are not known.";

/// The description of the feed.
#[must_use]
pub fn describe() -> Value {
    let kinds = || Kind::ALL.iter().copied();
    let by_name = |of: &dyn Fn(Kind) -> Value| -> Map<String, Value> {
        kinds().map(|kind| (kind.name().to_owned(), of(kind))).collect()
    };
    let in_channel =
        by_name(&|kind| json!({"$ref": format!("#/components/messages/{}", kind.name())}));
    let of_operation: Vec<Value> = kinds()
        .map(|kind| json!({"$ref": format!("#/channels/events/messages/{}", kind.name())}))
        .collect();
    let mut schemas = by_name(&facts::schema);
    schemas.insert("Envelope".to_owned(), envelope());
    json!({
        "asyncapi": ASYNCAPI,
        "info": {
            "title": "Throughline",
            "version": env!("CARGO_PKG_VERSION"),
            "description": INTRODUCTION,
            "license": {"name": "MIT OR Apache-2.0"},
        },
        "defaultContentType": "application/cloudevents+json",
        "channels": {
            "events": {
                "address": Operation::StreamEvents.path(),
                "title": "What happens in the tenant's cases",
                "messages": in_channel,
            },
        },
        "operations": {
            "streamEvents": {
                "action": "send",
                "channel": {"$ref": "#/channels/events"},
                "summary": Operation::StreamEvents.summary(),
                "security": [{"$ref": "#/components/securitySchemes/bearer"}],
                "bindings": {"http": {
                    "method": Operation::StreamEvents.method().as_str(),
                    "query": query(),
                    "bindingVersion": "0.3.0",
                }},
                "messages": of_operation,
            },
        },
        "components": {
            "messages": by_name(&message),
            "schemas": schemas,
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    })
}

fn message(kind: Kind) -> Value {
    let summary = kind.summary();
    json!({
        "name": kind.event_type(),
        "title": kind.name(),
        "summary": summary,
        "contentType": "application/cloudevents+json",
        "payload": {
            "allOf": [
                {"$ref": "#/components/schemas/Envelope"},
                {
                    "type": "object",
                    "properties": {
                        "type": {"const": kind.event_type()},
                        "subject": {"pattern": format!("^{}/", kind.subject())},
                        "dataschema": {"const": kind.schema()},
                        "data": {"$ref": format!("#/components/schemas/{}", kind.name())},
                    },
                },
            ],
        },
    })
}

fn query() -> Value {
    let types: Vec<&str> = Kind::ALL.iter().map(|kind| kind.event_type()).collect();
    json!({
        "type": "object",
        "properties": {
            "after": {"type": "integer", "minimum": 0},
            "type": {"type": "string", "description": format!("Of: {}.", types.join(", "))},
        },
    })
}

fn envelope() -> Value {
    serde_json::to_value(Envelope::schema()).unwrap_or_default()
}

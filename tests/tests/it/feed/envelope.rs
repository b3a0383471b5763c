//! Each event in its envelope, and what describes it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use reqwest::Method;
use serde_json::{Value, json};

use super::reader::{every_event, follow};
use crate::cases::{a_loaded_arm, an_open_case, text};
use crate::service::{Service, read};
use crate::telemetry::commands::{Description, give};

/// What `CloudEvents` 1.0 requires, and what may be there besides.
const REQUIRED: [&str; 4] = ["specversion", "id", "source", "type"];

async fn described(service: &Service) -> Value {
    read(service.request(Method::GET, "/asyncapi.json")).await.expect(200)
}

/// What is not as a schema has it: as much of JSON Schema as the description uses.
fn faults(document: &Value, schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    if let Some(reference) = schema["$ref"].as_str() {
        let schema = document.pointer(reference.strip_prefix('#').unwrap()).unwrap();
        return faults(document, schema, value, at, found);
    }
    for part in schema["allOf"].as_array().into_iter().flatten() {
        faults(document, part, value, at, found);
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        let fits = |choice: &&Value| {
            let mut found = Vec::new();
            faults(document, choice, value, at, &mut found);
            found.is_empty()
        };
        if choices.iter().filter(fits).count() != 1 {
            found.push(format!("{at} is not one of the choices: {value}"));
        }
    }
    let one = schema["type"].as_str().map(str::to_owned);
    let several = schema["type"].as_array().into_iter().flatten().map(text);
    let types: Vec<String> = one.into_iter().chain(several).collect();
    let is = |one: &String| match one.as_str() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("no type {other}"),
    };
    if !types.is_empty() && !types.iter().any(is) {
        found.push(format!("{at} is not {types:?}: {value}"));
    }
    if schema["enum"].as_array().is_some_and(|codes| !codes.contains(value)) {
        found.push(format!("{at} is none of the codes: {value}"));
    }
    if schema.get("const").is_some_and(|only| only != value) {
        found.push(format!("{at} is not {}: {value}", schema["const"]));
    }
    for name in schema["required"].as_array().into_iter().flatten() {
        if value.get(text(name)).is_none() {
            found.push(format!("{at} has no {name}"));
        }
    }
    if let (Some(properties), Some(members)) = (schema["properties"].as_object(), value.as_object())
    {
        for (name, member) in members {
            match properties.get(name) {
                Some(schema) => faults(document, schema, member, &format!("{at}/{name}"), found),
                // Part of a whole need not name all of it.
                None if at == "event" => {}
                None => found.push(format!("{at} has {name}, which is not described")),
            }
        }
    }
    for (n, item) in value.as_array().into_iter().flatten().enumerate() {
        if schema["items"].is_object() {
            faults(document, &schema["items"], item, &format!("{at}/{n}"), found);
        }
    }
}

#[track_caller]
fn assert_fits(document: &Value, schema: &Value, value: &Value, at: &str) {
    let mut found = Vec::new();
    faults(document, schema, value, at, &mut found);
    assert_eq!(found, [""; 0]);
}

/// Records every kind of event there is.
async fn record_everything(service: &Service) {
    a_loaded_arm(service, "city").await;
    let client = service.worker();
    let description = Description::read(client).await;
    let mut recorded = 0;
    for operation in description.operations() {
        if operation.is_casework() {
            give(service, &description, &operation).await.expect(201);
            recorded += 1;
        }
    }
    assert_eq!(recorded, 34);
    let case = an_open_case(client).await;
    let case = client.get(&format!("/v1/cases/{case}")).await.expect(200);
    let path = format!("/v1/persons/{}/erasure", text(&case["person_id"]));
    let officer = service.as_role("city", "data_protection_officer");
    officer.post(&path, json!({"basis": "request"})).await.expect(201);
}

#[tokio::test]
async fn every_event_is_a_cloud_event_as_described() {
    let service = Service::start().await;
    record_everything(&service).await;
    let document = described(&service).await;
    let events = every_event(service.worker()).await;
    let mut told = BTreeSet::new();
    for event in &events {
        for name in REQUIRED {
            assert!(event[name].as_str().is_some_and(|value| !value.is_empty()), "{event}");
        }
        let members = event.as_object().unwrap();
        assert!(members.keys().all(|name| {
            name.len() <= 20 && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        }));
        assert_eq!(event["specversion"], "1.0");
        assert!(event["data"].is_object());
        let name = text(&event["type"]).rsplit('.').next().unwrap().to_owned();
        let message = &document["components"]["messages"][&name];
        assert_eq!(message["name"], event["type"]);
        assert_fits(&document, &message["payload"], event, "event");
        told.insert(name);
    }
    // Each that is described was told.
    let described = document["components"]["messages"].as_object().unwrap();
    assert_eq!(told, described.keys().cloned().collect());
    let ids: BTreeSet<String> = events.iter().map(|event| text(&event["id"])).collect();
    assert_eq!(ids.len(), events.len());

    // The stream tells the same.
    let mut stream = follow(&service, "/v1/events/stream?after=0", None).await;
    for (streamed, event) in stream.events(events.len()).await.iter().zip(&events) {
        assert_eq!(&streamed.data, event);
        assert_eq!(json!(streamed.kind), event["type"]);
        assert_eq!(format!("{:019}", streamed.position), text(&event["sequence"]));
    }
}

/// The stored forms that are frozen, by type: each file's newest version.
fn golden() -> BTreeMap<String, Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../domain/tests/golden");
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let mut files: Vec<PathBuf> = files.collect();
    files.sort();
    let read = |path: PathBuf| -> Value {
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    };
    files.into_iter().map(read).map(|golden| (text(&golden["type"]), golden)).collect()
}

#[tokio::test]
async fn the_description_lists_every_type_but_those_withheld_and_fits_what_is_stored() {
    let service = Service::start().await;
    let document = described(&service).await;
    let golden = golden();
    let withheld = [
        "AllocationScheduleClosed",
        "AllocationScheduleOpened",
        "ArmDrawn",
        "CapacitySet",
        "CohortDefined",
        "CohortReleased",
        "CaseLinkEnded",
        "CasesLinked",
        "ContactHeld",
        "ContactHoldLifted",
        "EditionPublished",
        "LegalHoldPlaced",
        "LegalHoldReleased",
        "LinkedInformationReceived",
        "PersonRegistered",
        "ProgrammeDefined",
        "SafeContactPlanSet",
        "TeamDissolved",
        "TeamFormed",
        "WorkerJoined",
        "WorkerLeft",
        "WorkerMoved",
    ];
    let messages = document["components"]["messages"].as_object().unwrap();
    let described: BTreeSet<&str> = messages.keys().map(String::as_str).collect();
    let stored: BTreeSet<&str> = golden.keys().map(String::as_str).collect();
    assert_eq!(described, stored.into_iter().filter(|name| !withheld.contains(name)).collect());
    for name in described {
        for case in golden[name]["cases"].as_array().unwrap() {
            let mut facts = case.clone();
            if name == "SubjectErased" {
                // On what grounds is not told.
                facts.as_object_mut().unwrap().remove("basis");
            }
            if name == "FactCorrected" {
                let replacement = &facts["replacement"];
                let of = &document["components"]["schemas"][text(&replacement["type"])];
                assert_fits(&document, of, &replacement["data"], "replacement");
            }
            assert_fits(&document, &document["components"]["schemas"][name], &facts, name);
        }
    }
}

#[tokio::test]
async fn the_description_is_asyncapi_three() {
    let service = Service::start().await;
    let document = described(&service).await;
    assert_eq!(document["asyncapi"], "3.0.0");
    let top: BTreeSet<&str> = document.as_object().unwrap().keys().map(String::as_str).collect();
    let known = ["asyncapi", "channels", "components", "defaultContentType", "info", "operations"];
    assert_eq!(top, known.into());
    assert!(document["info"]["title"].is_string() && document["info"]["version"].is_string());
    let channel = &document["channels"]["events"];
    assert_eq!(channel["address"], "/v1/events/stream");
    let messages = document["components"]["messages"].as_object().unwrap();
    let names: BTreeSet<&String> = messages.keys().collect();
    assert_eq!(channel["messages"].as_object().unwrap().keys().collect::<BTreeSet<_>>(), names);
    for (name, message) in channel["messages"].as_object().unwrap() {
        assert_eq!(message, &json!({"$ref": format!("#/components/messages/{name}")}));
    }
    let operation = &document["operations"]["streamEvents"];
    assert_eq!(operation["action"], "send");
    assert_eq!(operation["channel"], json!({"$ref": "#/channels/events"}));
    // An operation's messages are those of its channel, by reference to the channel.
    let of_operation: BTreeSet<String> = operation["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| text(&message["$ref"]))
        .collect();
    let of_channel = names.iter().map(|name| format!("#/channels/events/messages/{name}"));
    assert_eq!(of_operation, of_channel.collect());
    for (pointer, reference) in references(&document) {
        let target = reference.strip_prefix('#').expect("nothing of another document");
        assert!(document.pointer(target).is_some(), "{pointer} leads nowhere: {reference}");
    }
    for name in names {
        assert!(document["components"]["schemas"][name].is_object(), "{name}");
    }
}

/// Every `$ref` of a document, with where it stands.
fn references(document: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut waiting = vec![(String::new(), document)];
    while let Some((at, value)) = waiting.pop() {
        for (name, member) in value.as_object().into_iter().flatten() {
            match member.as_str().filter(|_| name == "$ref") {
                Some(reference) => found.push((at.clone(), reference.to_owned())),
                None => waiting.push((format!("{at}/{name}"), member)),
            }
        }
        for (n, item) in value.as_array().into_iter().flatten().enumerate() {
            waiting.push((format!("{at}/{n}"), item));
        }
    }
    found
}

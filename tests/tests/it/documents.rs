//! The description of the interface, its page, and what is served without a token.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::Value;

use crate::service::{Answer, Service, read};

async fn get(service: &Service, path: &str) -> Answer {
    read(service.request(Method::GET, path)).await
}

/// Every `$ref` of a document.
fn references<'a>(value: &'a Value, found: &mut BTreeSet<&'a str>) {
    if let Some(members) = value.as_object() {
        found.extend(members.get("$ref").and_then(Value::as_str));
    }
    let members = value.as_object().into_iter().flat_map(|members| members.values());
    let items = value.as_array().into_iter().flatten();
    members.chain(items).for_each(|value| references(value, found));
}

#[tokio::test]
async fn the_description_is_openapi_three_one_and_whole() {
    let service = Service::start().await;
    let answer = get(&service, "/openapi.json").await;
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let document = answer.expect(200);
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1."), "{}", document["openapi"]);
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    assert!(found.len() > 20, "{found:?}");
    for reference in found {
        let pointer = reference.strip_prefix('#').expect("nothing of another document");
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
    let operations = document["paths"].as_object().unwrap().values();
    let operations = operations.flat_map(|item| item.as_object().unwrap().values());
    let ids: Vec<&Value> = operations.map(|operation| &operation["operationId"]).collect();
    let distinct: BTreeSet<String> = ids.iter().map(ToString::to_string).collect();
    assert_eq!(distinct.len(), ids.len(), "operation ids are distinct");
    insta::assert_json_snapshot!("openapi", document);
}

/// Each problem that an operation lists has an example, which is right by the schema of problems and
/// stands under the last part of its type; and every problem that there is has one.
#[tokio::test]
async fn every_problem_has_an_example_that_is_one() {
    let service = Service::start().await;
    let document = get(&service, "/openapi.json").await.expect(200);
    let problem = &document["components"]["schemas"]["Problem"];
    let examples = document["components"]["examples"].as_object().unwrap();
    for (name, example) in examples {
        let value = &example["value"];
        assert_eq!(value["type"], format!("urn:throughline:problem:{name}"));
        assert!(!value["title"].as_str().unwrap().is_empty(), "{name}");
        assert_is_of_schema(value, problem, name);
    }
    let mut listed = BTreeSet::new();
    for operations in document["paths"].as_object().unwrap().values() {
        for operation in operations.as_object().unwrap().values() {
            for (status, response) in operation["responses"].as_object().unwrap() {
                let content = &response["content"]["application/problem+json"];
                if status.starts_with('2') {
                    assert!(content.is_null());
                    continue;
                }
                let of_status = content["examples"].as_object().unwrap();
                assert!(!of_status.is_empty(), "{} {status}", operation["operationId"]);
                for (name, reference) in of_status {
                    assert_eq!(reference["$ref"], format!("#/components/examples/{name}"));
                    assert_eq!(examples[name]["value"]["status"].to_string(), *status, "{name}");
                    listed.insert(name.as_str());
                }
            }
        }
    }
    let nobodys = examples.keys().filter(|name| !listed.contains(name.as_str()));
    assert_eq!(nobodys.collect::<Vec<_>>(), ["already-referred", "method-not-allowed"]);
}

/// Whether a value has the members that a schema asks for, of the types that it says, and no other.
fn assert_is_of_schema(value: &Value, schema: &Value, name: &str) {
    let properties = schema["properties"].as_object().unwrap();
    for required in schema["required"].as_array().unwrap() {
        assert!(value.get(required.as_str().unwrap()).is_some(), "{name} lacks {required}");
    }
    for (member, value) in value.as_object().unwrap() {
        let is_right = match properties[member]["type"].as_str().unwrap() {
            "string" => value.is_string(),
            "integer" => value.is_u64(),
            "array" => value.is_array(),
            other => panic!("{other} of {member}"),
        };
        assert!(is_right, "{name} {member}");
    }
}

/// What a page or a style sheet loads: the texts after `src=`, `href=`, `url(` and `@import`.
fn loaded(text: &str) -> Vec<String> {
    let mut loaded = Vec::new();
    for start in ["src=", "href=", "url(", "@import "] {
        for (place, _) in text.match_indices(start) {
            let rest = text[place + start.len()..].trim_start_matches(['"', '\'', '\\']);
            let end = rest.find(['"', '\'', ')', ' ', '>', ';', '\\']).unwrap_or(rest.len());
            loaded.push(rest[..end].to_owned());
        }
    }
    loaded
}

fn is_outside(target: &str) -> bool {
    ["http:", "https:", "//", "ws:", "wss:", "ftp:"].iter().any(|start| target.starts_with(start))
}

fn is_of_kind(file: &str, extension: &str) -> bool {
    std::path::Path::new(file).extension().is_some_and(|found| found == extension)
}

#[tokio::test]
async fn the_page_and_all_that_it_loads_come_from_here() {
    let service = Service::start().await;
    let page = get(&service, "/docs/").await;
    assert_eq!(page.status, 200);
    assert!(page.header("content-type").unwrap().starts_with("text/html"), "{page:?}");
    let mut waiting: Vec<String> = loaded(&page.text);
    waiting.push("index.html".to_owned());
    let mut seen = BTreeSet::new();
    while let Some(target) = waiting.pop() {
        assert!(!is_outside(&target), "{target} is loaded from outside");
        let file = target.trim_start_matches("./").to_owned();
        if target.starts_with("data:") || !seen.insert(file.clone()) {
            continue;
        }
        let answer = get(&service, &format!("/docs/{file}")).await;
        assert_eq!(answer.status, 200, "{file}");
        if is_of_kind(&file, "js") {
            // A script speaks of addresses; none of its own is one that it loads from.
            let outside = loaded(&answer.text).into_iter().filter(|target| is_outside(target));
            assert_eq!(outside.collect::<Vec<_>>(), [""; 0], "{file}");
        } else {
            waiting.extend(loaded(&answer.text));
        }
    }
    let scripts = seen.iter().filter(|file| is_of_kind(file, "js")).count();
    let styles = seen.iter().filter(|file| is_of_kind(file, "css")).count();
    assert!(scripts >= 2 && styles >= 1, "{seen:?}");
    let initializer = get(&service, "/docs/swagger-initializer.js").await;
    assert!(initializer.text.contains("/openapi.json"), "the page shows this description");
    assert!(!initializer.text.contains("https://validator"), "and has nobody check it");
}

#[tokio::test]
async fn every_answer_forbids_keeping_it_framing_it_and_loading_from_outside() {
    let service = Service::start().await;
    let client = service.worker();
    let answers = [
        get(&service, "/docs/").await,
        get(&service, "/openapi.json").await,
        get(&service, "/livez").await,
        get(&service, "/v1/caseloads").await,
        get(&service, "/nowhere").await,
        client.get("/v1/caseloads").await,
        client.get("/v1/referrals").await,
        service.as_role("city", "partner").get("/v1/caseloads").await,
    ];
    let statuses = answers.each_ref().map(|answer| answer.status);
    assert_eq!(statuses, [200, 200, 200, 401, 404, 200, 405, 403]);
    for answer in answers {
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.contains("default-src 'self'"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(!policy.contains("http") && !policy.contains('*'), "{policy}");
        assert_eq!(answer.header("server"), None);
    }
}

#[tokio::test]
async fn health_and_metrics_need_no_token_and_tell_of_nobody() {
    let service = Service::start().await;
    let client = service.as_role("canary-tenant", "caseworker");
    client.get("/v1/caseloads/canary-worker?limit=7").await.expect(200);
    client.get("/v1/canary-path").await.expect(404);
    assert_eq!(get(&service, "/livez").await.status, 200);
    let ready = get(&service, "/readyz").await.expect(200);
    assert_eq!((&ready["ready"], &ready["database"]), (&true.into(), &"reachable".into()));
    let metrics = get(&service, "/metrics").await;
    assert_eq!(metrics.status, 200);
    let counted = "throughline_http_requests_total{method=\"GET\",\
                   route=\"/v1/caseloads/{worker_id}\",status=\"200\"} 1";
    assert!(metrics.text.contains(counted), "{}", metrics.text);
    assert!(!metrics.text.contains("canary"), "{}", metrics.text);
    assert!(metrics.text.ends_with("# EOF\n"), "OpenMetrics ends so");
}

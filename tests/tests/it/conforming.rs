//! Answers are what the description says: read by it, member by member, as a client would that was
//! made from it.

use serde_json::{Value, json};

use crate::cases::{Facts, an_open_case};
use crate::service::Service;

/// Reads values by the schemas of one document.
struct Description(Value);

impl Description {
    async fn of(service: &Service) -> Self {
        Self(service.worker().get("/openapi.json").await.expect(200))
    }

    /// What of a value is not as its schema says, by place.
    fn faults(&self, value: &Value, schema: &Value, place: &str, found: &mut Vec<String>) {
        if let Some(reference) = schema["$ref"].as_str() {
            let schema = self.0.pointer(reference.strip_prefix('#').unwrap());
            return self.faults(value, schema.unwrap(), place, found);
        }
        if let Some(choices) = schema["oneOf"].as_array() {
            let is_one = |choice: &&Value| {
                let mut faults = Vec::new();
                self.faults(value, choice, place, &mut faults);
                faults.is_empty()
            };
            if choices.iter().filter(is_one).count() != 1 {
                found.push(format!("{place}: not one of the choices"));
            }
        }
        for part in schema["allOf"].as_array().into_iter().flatten() {
            self.faults(value, part, place, found);
        }
        if !is_of_type(value, &schema["type"]) {
            found.push(format!("{place}: not of type {}", schema["type"]));
        }
        if schema["enum"].as_array().is_some_and(|codes| !codes.contains(value)) {
            found.push(format!("{place}: not in the list"));
        }
        self.faults_inside(value, schema, place, found);
    }

    fn faults_inside(&self, value: &Value, schema: &Value, place: &str, found: &mut Vec<String>) {
        for name in schema["required"].as_array().into_iter().flatten() {
            if value.is_object() && value.get(name.as_str().unwrap()).is_none() {
                found.push(format!("{place}: lacks {name}"));
            }
        }
        for (name, inner) in value.as_object().into_iter().flatten() {
            let schema = schema["properties"].get(name).or(schema.get("additionalProperties"));
            if let Some(schema) = schema.filter(|schema| schema.is_object()) {
                self.faults(inner, schema, &format!("{place}/{name}"), found);
            }
        }
        for inner in value.as_array().into_iter().flatten() {
            self.faults(inner, &schema["items"], &format!("{place}/*"), found);
        }
    }
}

fn is_of_type(value: &Value, types: &Value) -> bool {
    let is = |name: &Value| match name.as_str().unwrap() {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("{other} is no type"),
    };
    match types.as_array() {
        Some(types) => types.iter().any(is),
        None => types.is_null() || is(types),
    }
}

/// Everything that can be read about cases, and who may.
fn queries(description: &Value, case: &str, event: &str) -> Vec<(String, String, Value)> {
    let mut queries = Vec::new();
    for (path, item) in description["paths"].as_object().unwrap() {
        let operation = &item["get"];
        let answer = &operation["responses"]["200"]["content"]["application/json"]["schema"];
        let filled = path
            .replace("{case_id}", case)
            .replace("{event_id}", event)
            .replace("{worker_id}", "caseworker")
            .replace("{programme}", "mrp")
            .replace("{instrument}/{version}", "dash-safelives/2009")
            .replace("{version}", "1");
        if operation.is_null() || answer.is_null() || filled.contains('{') {
            continue;
        }
        let required = operation["parameters"].as_array().into_iter().flatten();
        let required = required.filter(|known| known["in"] == "query" && known["required"] == true);
        let question: Vec<&str> = required
            .map(|known| match known["name"].as_str().unwrap() {
                "programme" => "programme=mrp",
                "measure" => "measure=risk_level",
                other => panic!("what is asked of {other}?"),
            })
            .collect();
        let roles = operation["description"].as_str().unwrap().strip_prefix("Roles: ").unwrap();
        let role = roles.split([',', '.']).next().unwrap().to_owned();
        queries.push((role, format!("{filled}?{}", question.join("&")), answer.clone()));
    }
    queries
}

async fn all_as_described(service: &Service, case: &str, event: &str) {
    let description = Description::of(service).await;
    let queries = queries(&description.0, case, event);
    assert!(queries.len() > 25, "{}", queries.len());
    let mut faults = Vec::new();
    for (role, path, schema) in queries {
        let answer = service.as_role("city", &role).get(&path).await.expect(200);
        description.faults(&answer, &schema, &path, &mut faults);
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

/// The caseload of a case that nobody had assessed was answered with a null, and the periods of
/// its timeline with numbers, that the description did not have.
#[tokio::test]
async fn what_is_read_of_a_case_with_nothing_recorded_is_as_described() {
    let service = Service::start().await;
    let case = an_open_case(service.worker()).await;
    let timeline = service.worker().get(&format!("/v1/cases/{case}/timeline")).await.expect(200);
    let event = timeline["entries"][0]["event_id"].as_str().unwrap().to_owned();
    all_as_described(&service, &case, &event).await;
}

#[tokio::test]
async fn what_is_read_of_a_case_with_much_recorded_is_as_described() {
    let service = Service::start().await;
    let case = an_open_case(service.worker()).await;
    let facts = Facts::of(service.worker(), &case).await;
    let assessment = json!({
        "instrument": "dash-safelives/2009", "assessor_role": "idva", "level": "high",
    });
    let path = format!("/v1/cases/{case}/risk-assessments");
    service.worker().post(&path, assessment).await.expect(201);
    all_as_described(&service, &case, &facts.event).await;
}

/// The header was named nowhere: a client that left out the quotes was told nothing but that its
/// request could not be read.
#[tokio::test]
async fn a_header_that_cannot_be_read_is_named() {
    let service = Service::start().await;
    let case = an_open_case(service.worker()).await;
    let path = format!("/v1/cases/{case}");
    let put = format!("{path}/closure");
    let body = json!({"reason": "goals_met"});
    let answer = service.worker().post_with(&put, &[("If-Match", "3")], body).await;
    assert_eq!(answer.expect(400)["errors"][0]["parameter"], "If-Match");
    let answer = service.worker().get_with(&path, &[("Throughline-After", "x")]).await;
    assert_eq!(answer.expect(400)["errors"][0]["parameter"], "Throughline-After");
}

//! Every command of the description, with a body made from its schema.

use serde_json::{Map, Value, json};

use crate::cases::{
    Facts, REFERRED_AT, a_closed_case, a_closure_proposal, a_contact_hold, a_full_checklist,
    a_need, a_referred_case, an_attempt, an_information_request, an_open_case,
};
use crate::service::{Answer, Client, Service};

/// What stands in a body for what is sent about a person. Each holds what no other text has.
pub(super) const CODE: &str = "canary9f3a";
pub(super) const WORDS: &str = "Canary9F3A said: \"she moved\"\n\u{1f426}";
pub(super) const NUMBER: u32 = 918_273_645;
pub(super) const DATE: &str = "1931-07-19";
/// The time of day that every time in a body has.
const TIME: &str = "T03:14:15.926535";

/// What must be found nowhere, in lower case.
pub(super) const TRACES_OF_IT: [&str; 4] = [CODE, "918273645", DATE, "03:14:15.926535"];

/// One operation of the description.
#[derive(Debug, Clone)]
pub(crate) struct Operation {
    pub(crate) id: String,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: Vec<String>,
    /// The name of the body's schema.
    body: Option<String>,
}

/// The description of the interface, as the service gives it.
pub(crate) struct Description(Value);

impl Description {
    pub(crate) async fn read(client: Client<'_>) -> Self {
        Self(client.get("/openapi.json").await.expect(200))
    }

    pub(crate) fn operations(&self) -> Vec<Operation> {
        let mut operations = Vec::new();
        for (path, methods) in self.0["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
                let query = parameters.iter().filter(|parameter| parameter["in"] == "query");
                let body = &operation["requestBody"]["content"]["application/json"]["schema"];
                operations.push(Operation {
                    id: operation["operationId"].as_str().unwrap().to_owned(),
                    method: method.to_uppercase(),
                    path: path.clone(),
                    query: query.map(|p| p["name"].as_str().unwrap().to_owned()).collect(),
                    body: body["$ref"].as_str().map(schema_name),
                });
            }
        }
        operations
    }

    /// A body in which every member that can hold a canary holds one, and which is accepted.
    pub(crate) fn body(&self, operation: &Operation) -> Value {
        let schema = operation.body.as_ref().expect("a command has a body");
        let mut body = self.fill(&self.0["components"]["schemas"][schema]);
        for (member, value) in exceptions(schema) {
            match value {
                Some(value) => body[member] = value,
                None => drop(body.as_object_mut().unwrap().remove(member)),
            }
        }
        body
    }

    fn fill(&self, schema: &Value) -> Value {
        if let Some(name) = schema["$ref"].as_str().map(schema_name) {
            let mut value = self.fill(&self.0["components"]["schemas"][&name]);
            for (member, of_member) in exceptions(&name) {
                assert_eq!(of_member, None, "{name}");
                value.as_object_mut().unwrap().remove(member);
            }
            return value;
        }
        if let Some(choice) = schema["oneOf"].get(0) {
            return self.fill(choice);
        }
        if let Some(code) = schema["enum"].get(0) {
            return code.clone();
        }
        // A member that may be left out is of its type or null.
        let types = schema["type"].as_str().or(schema["type"][0].as_str());
        match (types.expect("a type"), schema["format"].as_str()) {
            ("string", Some("date-time")) => format!("2024-03-01{TIME}Z").into(),
            ("string", Some("date")) => DATE.into(),
            ("string", Some("uuid")) => uuid::Uuid::new_v4().to_string().into(),
            ("string", _) if schema.get("pattern").is_some() => CODE.into(),
            ("string", _) => WORDS.into(),
            ("integer" | "number", _) => {
                let most = schema["maximum"].as_u64().unwrap_or(u64::MAX);
                most.min(NUMBER.into()).into()
            }
            ("boolean", _) => true.into(),
            ("array", _) => vec![self.fill(&schema["items"])].into(),
            ("object", _) => {
                let mut members = Map::new();
                if let Some(properties) = schema["properties"].as_object() {
                    for (name, property) in properties {
                        members.insert(name.clone(), self.fill(property));
                    }
                }
                if let Some(values) = schema.get("additionalProperties").filter(|of| of.is_object())
                {
                    members.insert(CODE.to_owned(), self.fill(values));
                }
                members.into()
            }
            (other, _) => panic!("no value for the type {other}"),
        }
    }
}

impl Operation {
    /// Whether it records something in a case, or begins one.
    pub(crate) fn is_casework(&self) -> bool {
        let records = ["POST", "PUT"].contains(&self.method.as_str());
        let is_of_a_case = self.path == "/v1/referrals" || self.path.starts_with("/v1/cases/");
        records && is_of_a_case && !self.is_about_arms()
    }

    /// Who may give a command of casework, or ask a question about cases.
    pub(crate) fn role(&self) -> &'static str {
        let of_managers = ["RefuseClosure", "ReadContactOverrides", "DefineProgramme"];
        let of_managers = of_managers.contains(&self.id.as_str());
        let is_managers = of_managers || self.is_about_staff() || self.is_about_links();
        if is_managers { "team_manager" } else { "caseworker" }
    }

    pub(crate) fn is_about_staff(&self) -> bool {
        ["/v1/workers", "/v1/teams"].iter().any(|place| self.path.starts_with(place))
    }

    fn is_about_links(&self) -> bool {
        self.path.starts_with("/v1/case-links")
    }

    pub(crate) fn is_about_a_person(&self) -> bool {
        self.path.starts_with("/v1/persons/")
    }

    /// Whether it draws arms, or is about the schedule that they are drawn from: what each of those
    /// needs first, and that it is done once, is in `allocation.rs`.
    pub(crate) fn is_about_arms(&self) -> bool {
        self.path.starts_with("/v1/allocation-schedules") || self.id == "DrawArm"
    }

    pub(crate) fn is_operators(&self) -> bool {
        let places = ["/v1/projections", "/v1/operations", "/v1/parked"];
        places.iter().any(|place| self.path.starts_with(place))
    }
}

/// The members that a schema alone does not give a value that is accepted: another value, or none.
fn exceptions(schema: &str) -> Vec<(&'static str, Option<Value>)> {
    match schema {
        "ReferralBody" => {
            // What the programme's definition has.
            let criteria = json!(["repeat_victimisation"]);
            vec![
                ("programme", Some("mrp".into())),
                ("area", Some("city".into())),
                ("role", Some("victim_survivor".into())),
                ("criteria", Some(criteria)),
                // Nobody new comes back.
                ("returns_from", None),
                // All is given.
                ("missing_reasons", None),
            ]
        }
        // Identity is given for a person who is not known yet.
        "PersonBody" => vec![("person_id", None)],
        // What the instrument has: of this one only the result is recorded.
        "RiskAssessmentBody" => vec![
            ("instrument", Some("dara/1".into())),
            ("answers", None),
            ("judgement_level", None),
        ],
        "MeasureBody" => {
            let values = json!({"self_care": "yes", "confidence": {"missing": "declined"}});
            vec![("instrument", Some("soft-outcomes/1".into())), ("values", Some(values))]
        }
        // There is no build of that number, and no projection of that name.
        "VerificationBody" => vec![("build", None)],
        "RetryBody" => vec![("projection", None)],
        "ClosureBody" => vec![("evidence", Some(json!([]))), ("proposal", None)],
        "ClosureProposalBody" => vec![("evidence", Some(json!([])))],
        "HandoverBody" => vec![("checklist", Some(a_full_checklist()))],
        // Where the programme works.
        "TransferBody" => vec![("area", Some("south".into()))],
        // There is no programme of that name.
        "TeamBody" => vec![("programme", None)],
        // Nothing speaks against it.
        "ContactAttemptBody" => vec![("override_reason", None)],
        "PlacementBody" => vec![("from", Some("canary9f3a-2".into()))],
        "ReviewBody" => vec![("next_due", Some(format!("2024-06-01{TIME}Z").into()))],
        "SafeContactPlanBody" => {
            let hours = json!({"days": ["monday"], "from": "09:00", "until": "15:00"});
            let phone = json!({"safety": "conditions", "hours": [hours], "third_party": CODE});
            vec![("channels", Some(json!({"phone": phone})))]
        }
        "CorrectionBody" => {
            let replacement = json!({
                "purpose": CODE, "narrative": WORDS, "duration_min": NUMBER,
                "occurred_at": format!("2024-02-02{TIME}Z"),
            });
            vec![("replacement", Some(replacement))]
        }
        _ => Vec::new(),
    }
}

/// The path of a command on a case that can take it, made for this once.
pub(crate) async fn path_for(client: Client<'_>, operation: &Operation) -> String {
    let case = match operation.id.as_str() {
        "ReceiveReferral" => return operation.path.clone(),
        "AcceptReferral" | "DeclineReferral" | "WaitlistReferral" => {
            assert!(REFERRED_AT < "2024-03");
            a_referred_case(client).await
        }
        "ReopenCase" => {
            let case = an_open_case(client).await;
            let closed = json!({"occurred_at": "2024-02-20T09:00:00Z", "reason": "goals_met"});
            client.step(&case, "closure", closed).await.expect(201);
            case
        }
        _ => an_open_case(client).await,
    };
    let mut path = operation.path.replace("{case_id}", &case);
    if path.contains("{request_id}") {
        path = path.replace("{request_id}", &an_information_request(client, &case).await);
    }
    if path.contains("{event_id}") {
        path = path.replace("{event_id}", &an_attempt(client, &case).await);
    }
    if path.contains("{need_id}") {
        path = path.replace("{need_id}", &a_need(client, &case).await);
    }
    if path.contains("{hold_id}") {
        path = path.replace("{hold_id}", &a_contact_hold(client, &case).await);
    }
    if path.contains("{proposal_id}") {
        path = path.replace("{proposal_id}", &a_closure_proposal(client, &case).await);
    }
    assert!(!path.contains('{'), "{path}");
    path
}

/// Gives a command of casework as it should be, as who may, on a case made for it.
pub(crate) async fn give(
    service: &Service,
    description: &Description,
    operation: &Operation,
) -> Answer {
    let path = path_for(service.worker(), operation).await;
    let client = service.as_role("city", operation.role());
    let method = operation.method.parse().unwrap();
    let body = description.body(operation);
    client.send(method, &path, &[("If-Match", "*")], Some(body)).await
}

/// A closed case, for commands that come too late.
pub(super) async fn path_on_a_closed_case(client: Client<'_>, operation: &Operation) -> String {
    let case = a_closed_case(client).await;
    let absent = uuid::Uuid::new_v4().to_string();
    let path = Facts::all(&absent).fill(&operation.path);
    path.replace("{case_id}", &case).replace("{person_id}", &absent)
}

/// Bodies that are like this one and wrong in one place: every member, at any depth, replaced by
/// each thing it cannot be, and left out; and every object with one member too many.
pub(super) fn wrong_bodies(body: &Value) -> Vec<Value> {
    let wrongs = [
        json!(WORDS),
        json!(CODE),
        json!(NUMBER),
        json!([WORDS, CODE]),
        json!({CODE: WORDS}),
        json!({"Canary9F3A": CODE}),
        json!(format!("2999-01-01{TIME}Z")),
        json!(format!("2024-03-01{TIME}")),
        json!(format!("2024-13-41{TIME}Z")),
    ];
    let mut bodies = Vec::new();
    for pointer in pointers(body) {
        for wrong in &wrongs {
            let mut other = body.clone();
            *other.pointer_mut(&pointer).unwrap() = wrong.clone();
            bodies.push(other);
        }
        for name in [CODE, WORDS] {
            let mut other = body.clone();
            if let Some(members) = other.pointer_mut(&pointer).unwrap().as_object_mut() {
                members.insert(name.to_owned(), CODE.into());
                bodies.push(other);
            }
        }
    }
    for member in body.as_object().unwrap().keys() {
        let mut other = body.clone();
        other.as_object_mut().unwrap().remove(member);
        bodies.push(other);
    }
    bodies
}

/// Where every value of a document is.
fn pointers(value: &Value) -> Vec<String> {
    let mut found = vec![String::new()];
    let inner: Vec<(String, &Value)> = match value {
        Value::Object(members) => members.iter().map(|(name, v)| (name.clone(), v)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(n, v)| (n.to_string(), v)).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    };
    for (name, value) in inner {
        let name = name.replace('~', "~0").replace('/', "~1");
        found.extend(pointers(value).iter().map(|rest| format!("/{name}{rest}")));
    }
    found
}

fn schema_name(reference: &str) -> String {
    reference.rsplit('/').next().unwrap().to_owned()
}

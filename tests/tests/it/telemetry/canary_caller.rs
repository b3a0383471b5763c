//! A caller who puts a canary wherever one goes: in headers, paths, queries, bodies and tokens.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::commands::{
    CODE, Description, NUMBER, Operation, TRACES_OF_IT, WORDS, path_for, path_on_a_closed_case,
    wrong_bodies,
};
use crate::cases::an_open_case;
use crate::service::{Answer, Client, Service, read};

pub(super) const TENANT: &str = "canary9f3a-tenant";
pub(super) const SUBJECT: &str = "canary9f3a-worker";

/// What no caller should send, and any may.
const HEADERS: &[(&str, &str)] = &[
    ("user-agent", "canary9f3a/1.0"),
    ("referer", "http://localhost/canary9f3a"),
    ("cookie", "session=canary9f3a"),
    ("accept-language", "canary9f3a"),
    ("forwarded", "for=canary9f3a"),
    ("x-forwarded-for", "canary9f3a"),
    ("x-request-id", "canary9f3a"),
    ("x-anything", "canary9f3a"),
    ("baggage", "name=canary9f3a"),
    ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
    ("tracestate", "canary9f3a=canary9f3a"),
];

#[track_caller]
pub(super) fn assert_clean(what: &str, text: &str) {
    let text = text.to_lowercase();
    for canary in TRACES_OF_IT {
        if let Some(at) = text.find(canary) {
            let from = text[..at].char_indices().rev().nth(300).map_or(0, |(index, _)| index);
            let to = text[at..].char_indices().nth(300).map_or(text.len(), |(index, _)| at + index);
            panic!("{canary} in {what}: ...{}...", &text[from..to]);
        }
    }
}

/// A problem repeats nothing; any other answer may tell its caller what is stored.
#[track_caller]
pub(super) fn assert_clean_answer(operation: &str, answer: &Answer) {
    if answer.status >= 400 {
        assert_clean(&format!("a problem of {operation}"), &answer.text);
        assert_clean(
            &format!("the head of a problem of {operation}"),
            &format!("{:?}", answer.headers),
        );
    }
}

/// Who sends, and where to.
pub(super) struct Canary<'a> {
    service: &'a Service,
    pub(super) token: String,
}

impl<'a> Canary<'a> {
    pub(super) async fn of(service: &'a Service) -> Self {
        let arguments = ["--tenant", TENANT, "--role", "caseworker", "--subject", SUBJECT];
        Self { service, token: service.issue(&arguments).await }
    }

    /// The same, who answers for the data.
    pub(super) async fn officer(&self) -> Self {
        self.playing("data_protection_officer").await
    }

    /// The same, who leads the team.
    pub(super) async fn manager(&self) -> Self {
        self.playing("team_manager").await
    }

    /// The same, who runs the service.
    pub(super) async fn operator(&self) -> Self {
        self.playing("operator").await
    }

    async fn playing(&self, role: &str) -> Self {
        let arguments = ["--tenant", TENANT, "--role", role, "--subject", SUBJECT];
        Self { service: self.service, token: self.service.issue(&arguments).await }
    }

    pub(super) fn client(&self) -> Client<'a> {
        self.service.as_role(TENANT, "caseworker")
    }

    pub(super) fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let mut request = self.service.request(method.parse().unwrap(), path);
        for (name, value) in HEADERS {
            request = request.header(*name, *value);
        }
        request
    }

    /// With a key of its own, or what is wrong would be refused for the key alone.
    pub(super) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, body).await
    }

    async fn send(&self, method: &str, path: &str, body: &Value) -> Answer {
        self.send_with_key(method, path, &format!("{CODE}-{}", uuid::Uuid::new_v4()), body).await
    }

    async fn send_with_key(&self, method: &str, path: &str, key: &str, body: &Value) -> Answer {
        let request = self.request(method, path).header("idempotency-key", key);
        read(request.bearer_auth(&self.token).header("if-match", "*").json(body)).await
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        read(self.request("GET", path).bearer_auth(&self.token)).await
    }

    /// A command as it should be; as it should not be, in every way; and too late.
    pub(super) async fn command(&self, description: &Description, operation: &Operation) {
        let id = &operation.id;
        let method = operation.method.as_str();
        let body = description.body(operation);
        let path = if operation.is_about_a_person() {
            self.path_of_a_person(operation).await
        } else if operation.is_about_staff() {
            self.path_of_staff(operation).await
        } else {
            path_for(self.client(), operation).await
        };
        let answer = self.send_with_key(method, &path, &format!("{CODE}-{id}"), &body).await;
        assert_eq!(answer.status, 201, "{id} takes {body}: {}", answer.text);

        self.assert_kept(id, &answer).await;

        for wrong in wrong_bodies(&body) {
            assert_clean_answer(id, &self.send(method, &path, &wrong).await);
        }
        if !operation.is_about_staff() {
            let late = path_on_a_closed_case(self.client(), operation).await;
            assert_clean_answer(id, &self.send(method, &late, &body).await);
        }
        for path in strange_paths(operation) {
            assert_clean_answer(id, &self.send(method, &path, &body).await);
        }
        for request in [
            self.request(method, &path).bearer_auth(&self.token).body(WORDS),
            self.request(method, &path).bearer_auth(&self.token).header("content-type", CODE),
            self.request(method, &path).bearer_auth(&self.token).json(&CODE),
            self.request(method, &path).bearer_auth(&self.token).json(&CODE.repeat(40_000)),
            self.request(method, &path).bearer_auth(&self.token).json(&body),
            self.request(method, &path)
                .bearer_auth(&self.token)
                .header("if-match", "\"canary9f3a\"")
                .json(&body),
            self.request(method, &path)
                .bearer_auth(&self.token)
                .header("if-match", CODE)
                .json(&body),
            self.request(method, &path)
                .bearer_auth(&self.token)
                .header("content-type", "application/json")
                .body(format!("{{\"{CODE}\": {CODE}}}")),
            self.request(method, &path)
                .bearer_auth(&self.token)
                .header("content-type", "application/json")
                .body(b"\"canary9f3a\xff\"".to_vec()),
        ] {
            assert_clean_answer(id, &read(request).await);
        }
        self.without_being_let_in(operation, &path).await;
        self.keys(operation, &path, &body).await;
    }

    /// What operators look at and ask for, as it should be and as it should not be.
    pub(super) async fn operators(&self, description: &Description, operation: &Operation) {
        let id = &operation.id;
        let path = operation
            .path
            .replace("{name}", "caseload")
            .replace("{build}", &NUMBER.to_string())
            .replace("{operation_id}", &uuid::Uuid::new_v4().to_string());
        if operation.method == "POST" {
            let body = description.body(operation);
            let answer = self.post(&path, &body).await;
            assert!([200, 202, 404, 409].contains(&answer.status), "{id} {body}: {answer:?}");
            assert_clean_answer(id, &answer);
            for wrong in wrong_bodies(&body).into_iter().chain([json!({CODE: WORDS}), json!(CODE)])
            {
                assert_clean_answer(id, &self.post(&path, &wrong).await);
            }
            for path in strange_paths(operation) {
                assert_clean_answer(id, &self.post(&path, &body).await);
            }
        }
        for path in strange_paths(operation).into_iter().chain([path.clone()]) {
            for value in ["", "?limit=918273645", "?limit=canary9f3a", "?canary9f3a=1"] {
                let request = self.request(&operation.method, &format!("{path}{value}"));
                assert_clean_answer(id, &read(request.bearer_auth(&self.token)).await);
            }
        }
        self.without_being_let_in(operation, &path).await;
    }

    /// A definition that is refused, whatever of it is wrong.
    pub(super) async fn definition(&self, description: &Description, operation: &Operation) {
        let id = &operation.id;
        let body = description.body(operation);
        let whole = [body.clone(), json!({CODE: WORDS}), json!(CODE)];
        for body in wrong_bodies(&body).into_iter().chain(whole) {
            assert_clean_answer(id, &self.post(&operation.path, &body).await);
        }
        self.without_being_let_in(operation, &operation.path).await;
    }

    /// Schedules of arms and draws, as they should not be.
    pub(super) async fn arms(&self, description: &Description, operation: &Operation) {
        let id = &operation.id;
        let absent = uuid::Uuid::new_v4().to_string();
        let path = operation.path.replace("{schedule_id}", &absent).replace("{case_id}", &absent);
        if operation.method == "GET" {
            return self.query(operation, &absent, &absent).await;
        }
        let body = description.body(operation);
        for body in [body.clone()].iter().chain(&wrong_bodies(&body)) {
            for path in strange_paths(operation).into_iter().chain([path.clone()]) {
                let answer = self.post(&path, body).await;
                assert!(answer.status >= 400, "{id} takes {body}");
                assert_clean_answer(id, &answer);
            }
        }
        self.without_being_let_in(operation, &path).await;
    }

    /// Two keys, what is none, and one that came with something else before.
    async fn keys(&self, operation: &Operation, path: &str, body: &Value) {
        let Operation { id, method, .. } = operation;
        for keys in [&[CODE, CODE][..], &["\"canary9f3a"], &["canary9f3a sings"], &[""]] {
            let mut request = self.request(method, path).bearer_auth(&self.token);
            for key in keys {
                request = request.header("idempotency-key", *key);
            }
            let answer = read(request.json(body)).await;
            assert_eq!(answer.status, 400, "{id} with {keys:?}");
            assert_clean_answer(id, &answer);
        }
        let mut other = body.clone();
        other["precision"] = "month".into();
        for (body, status) in [(body, 201), (&other, 422)] {
            let answer = self.send_with_key(method, path, &format!("{CODE}-{id}"), body).await;
            assert_eq!(answer.status, status, "{id}: {}", answer.text);
            assert_clean_answer(id, &answer);
        }
    }

    /// The path of a command on a person, made for this once.
    async fn path_of_a_person(&self, operation: &Operation) -> String {
        let case = an_open_case(self.client()).await;
        let case = self.client().get(&format!("/v1/cases/{case}")).await.expect(200);
        let path = operation.path.replace("{person_id}", case["person_id"].as_str().unwrap());
        let Some((holds, _)) = path.split_once("/{hold_id}") else {
            return path;
        };
        let hold = self.post(holds, &json!({"reason": "inquest"})).await.expect(201);
        path.replace("{hold_id}", hold["event_id"].as_str().unwrap())
    }

    /// The path of a command on a worker or a team, made for this once. The body's own team is there.
    async fn path_of_staff(&self, operation: &Operation) -> String {
        let one = format!("one-{}", uuid::Uuid::new_v4());
        let at = "2024-01-01T09:00:00Z";
        if operation.id != "FormTeam" {
            self.post("/v1/teams", &json!({"team": one, "occurred_at": at})).await.expect(201);
            // What is sent to strange paths may have dissolved it.
            let formed = self.post("/v1/teams", &json!({"team": CODE})).await;
            assert!([201, 409].contains(&formed.status), "{formed:?}");
        }
        if operation.path.contains("{worker_id}") {
            let worker = json!({
                "worker": one, "role": CODE, "team": one, "capacity": {"cases": NUMBER},
                "occurred_at": at,
            });
            self.post("/v1/workers", &worker).await.expect(201);
        }
        operation.path.replace("{worker_id}", &one).replace("{team_id}", &one)
    }

    /// What was sent did arrive: whoever may read the case finds it there.
    async fn assert_kept(&self, id: &str, recorded: &Answer) {
        if recorded.header("location").is_none() {
            // Nobody reads persons, or the record of a worker, over HTTP.
            let sql = "SELECT occurred_at::text FROM event WHERE event_id = $1";
            let event: uuid::Uuid = recorded.json()["event_id"].as_str().unwrap().parse().unwrap();
            let client = self.service.database.connect().await;
            let kept: String = client.query_one(sql, &[&event]).await.unwrap().get(0);
            assert!(kept.contains("03:14:15.926535"), "{id} keeps {kept}");
            return;
        }
        let place = recorded.header("location").unwrap();
        let case = place.split('/').nth(3).unwrap();
        let timeline = format!("/v1/cases/{case}/timeline?reading=recorded");
        let kept = self.get(&timeline).await.text.to_lowercase();
        for canary in [CODE, "03:14:15.926535"] {
            assert!(kept.contains(canary), "{id} keeps {canary}");
        }
    }

    async fn without_being_let_in(&self, operation: &Operation, path: &str) {
        for authorization in [
            CODE.to_owned(),
            format!("Bearer {CODE}"),
            format!("Basic {}", URL_SAFE_NO_PAD.encode(CODE)),
            format!("Bearer {}", forged()),
            format!("Bearer {}{CODE}", self.token),
        ] {
            let request = self.request(&operation.method, path);
            let request = request.header("authorization", authorization);
            let answer = read(request.json(&json!({CODE: WORDS}))).await;
            assert_eq!(answer.status, 401, "{}", operation.id);
            assert_clean_answer(&operation.id, &answer);
        }
        let odd = self.request("CANARY9F3A", path).bearer_auth(&self.token);
        assert_clean_answer(&operation.id, &read(odd).await);
    }

    /// A question with canaries in its path, its query and its headers.
    pub(super) async fn query(&self, operation: &Operation, case: &str, event: &str) {
        let id = &operation.id;
        let path = operation
            .path
            .replace("{case_id}", case)
            .replace("{event_id}", event)
            .replace("{worker_id}", SUBJECT);
        let values =
            [CODE, "Canary9F3A%20%F0%9F%90%A6", "2024-03-01T03:14:15.926535Z", "918273645"];
        for name in &operation.query {
            for value in values {
                assert_clean_answer(id, &self.get(&format!("{path}?{name}={value}")).await);
            }
        }
        for query in ["canary9f3a", "canary9f3a=1", "limit=1&canary9f3a", "as_of=%ffcanary9f3a"] {
            assert_clean_answer(id, &self.get(&format!("{path}?{query}")).await);
        }
        // All of them at once, as codes: a question that is answered.
        let required =
            ["programme=canary9f3a", "measure=canary9f3a", "from=canary9f3a", "to=canary9f3a"];
        let asked = required.join("&");
        assert_clean_answer(id, &self.get(&format!("{path}?{asked}")).await);
        for path in strange_paths(operation) {
            assert_clean_answer(id, &self.get(&path).await);
        }
        let request = self.request("GET", &path).bearer_auth(&self.token);
        let answer = read(request.header("throughline-after", CODE)).await;
        assert_clean_answer(id, &answer);
        self.without_being_let_in(operation, &path).await;
    }
}

/// The operation's path with a canary for each of its ids, and with more than it has.
fn strange_paths(operation: &Operation) -> Vec<String> {
    let with = |id: &str| {
        let parts = operation.path.split('/');
        let parts: Vec<&str> =
            parts.map(|part| if part.starts_with('{') { id } else { part }).collect();
        parts.join("/")
    };
    vec![
        with(CODE),
        with("Canary9F3A%20%22%0A"),
        with("%ffcanary9f3a"),
        format!("{}?canary9f3a=canary9f3a", with(CODE)),
        format!("{}/canary9f3a", with(CODE)),
        "/canary9f3a".to_owned(),
    ]
}

/// A token that nobody signed, with canaries for claims.
fn forged() -> String {
    let header = json!({"alg": "RS256", "kid": CODE, "typ": CODE});
    let claims = json!({
        "iss": CODE, "aud": CODE, "sub": CODE, "tenant": CODE, "role": CODE, "exp": NUMBER,
    });
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.{}", part(header), part(claims), URL_SAFE_NO_PAD.encode(CODE))
}

//! What every refusal has in common: its status and type, where the fault is, nothing of what was
//! sent, and nothing recorded.

use reqwest::{Method, RequestBuilder};
use serde_json::Value;

use crate::cases::{Facts, Recorded, an_open_case};
use crate::commands::Command;
use crate::service::{Answer, Service, read};

/// What the tests send where it does not belong. It has the shape of a code, to get far.
pub(crate) const CANARY: &str = "canary-7f3a";
/// The same, not in the shape of a code.
pub(crate) const CANARY_WORDS: &str = "Canary 7F3A sang";

/// A service with an open case, and one fact of it for each kind that a command can be about.
pub(crate) struct Bench {
    pub(crate) service: Service,
    database: tokio_postgres::Client,
    pub(crate) case: String,
    pub(crate) facts: Facts,
}

impl Bench {
    pub(crate) async fn new() -> Self {
        let service = Service::start().await;
        let case = an_open_case(service.worker()).await;
        let facts = Facts::of(service.worker(), &case).await;
        let database = service.database.connect().await;
        Self { service, database, case, facts }
    }

    /// A request of a caseworker.
    pub(crate) async fn asking(&self, method: Method, path: &str) -> RequestBuilder {
        self.asking_as("caseworker", method, path).await
    }

    pub(crate) async fn asking_as(&self, role: &str, method: Method, path: &str) -> RequestBuilder {
        let token = self.service.token("city", role).await;
        self.service.request(method, path).bearer_auth(token)
    }

    pub(crate) async fn posting(&self, path: &str, body: &Value) -> RequestBuilder {
        self.asking(Method::POST, path).await.json(body)
    }

    /// A command on the case, without a version.
    pub(crate) async fn sending(&self, command: &Command, body: &Value) -> RequestBuilder {
        let path = command.url(&self.case, &self.facts);
        self.asking_as(command.role(), command.method.clone(), &path).await.json(body)
    }

    /// A command on the case, with the version that is there.
    pub(crate) async fn commanding(&self, command: &Command, body: &Value) -> RequestBuilder {
        let request = self.sending(command, body).await;
        if command.is_step { request.header("If-Match", "*") } else { request }
    }

    /// Sends what cannot be right. `places` are the JSON Pointers of the errors, `?name` for a query
    /// parameter, `?` for one whose name is not known.
    pub(crate) async fn assert_refused(
        &self,
        what: &str,
        request: RequestBuilder,
        (status, kind): (u16, &str),
        places: &[&str],
    ) -> Answer {
        let before = Recorded::read(&self.database).await;
        let answer = read(request).await;
        assert_eq!(answer.status, status, "{what} {answer:?}");
        assert_eq!(answer.problem(), kind, "{what} {answer:?}");
        let problem = answer.json();
        let errors = problem.get("errors").and_then(Value::as_array);
        let found: Vec<String> = errors.into_iter().flatten().map(place).collect();
        assert_eq!(found, places, "{what} {answer:?}");
        let members = ["type", "title", "status", "errors", "trace_id"];
        let all_known = problem.as_object().unwrap().keys().all(|m| members.contains(&m.as_str()));
        assert!(all_known, "{what} {answer:?}");
        assert_eq!(problem["status"], status, "{what}");
        assert_ne!(problem["trace_id"], "0".repeat(32), "{what}: a trace that can be found");
        assert_echoes_nothing(what, &answer);
        assert_eq!(Recorded::read(&self.database).await, before, "{what}");
        answer
    }
}

fn place(error: &Value) -> String {
    assert!(!error["detail"].as_str().unwrap().is_empty());
    match (error.get("pointer"), error.get("parameter")) {
        (Some(pointer), None) => pointer.as_str().unwrap().to_owned(),
        (None, Some(parameter)) => format!("?{}", parameter.as_str().unwrap()),
        (None, None) => "?".to_owned(),
        (Some(_), Some(_)) => panic!("two places: {error}"),
    }
}

fn assert_echoes_nothing(what: &str, answer: &Answer) {
    let said = format!("{:?} {}", answer.headers, answer.text).to_lowercase();
    assert!(!said.contains("canary"), "{what} is echoed: {answer:?}");
}

//! How a client reaches the service, whichever process of it serves, and what an answer means.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use uuid::Uuid;

use crate::commands::Command;
use crate::ledger::{Acknowledged, Ledger, Outcome, occurred_at};
use crate::random::Random;
use crate::service::Services;
use crate::violation::Violation;

/// How long a client waits for a process that serves, and goes on sending what had no answer.
const PATIENCE: Duration = Duration::from_mins(2);

/// One client's way to the service.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) client: usize,
    pub(crate) token: String,
    pub(crate) http: reqwest::Client,
    pub(crate) services: Arc<Services>,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) retry: bool,
}

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// The log's position that it reflects.
    pub(crate) position: Option<i64>,
    pub(crate) body: Value,
}

impl Line {
    /// Sends a command, and says what became of it.
    pub(crate) async fn command(
        &self,
        number: usize,
        command: &Command,
        random: &mut Random,
    ) -> (Outcome, Value) {
        let mut body = command.body.clone();
        body[command.time] = json!(occurred_at(number).to_string());
        let key = Uuid::new_v4().to_string();
        let started = Instant::now();
        loop {
            let Some(base) = self.base(random).await else {
                return (Outcome::Unknown, Value::Null);
            };
            let mut request = self.http.post(format!("{base}{}", command.path)).json(&body);
            request = request.header("Idempotency-Key", &key);
            if let Some(version) = command.if_match {
                request = request.header("If-Match", format!("\"{version}\""));
            }
            let reply = self.send(request).await;
            let outcome = self.meaning(&command.path, reply.as_ref());
            if outcome == Outcome::Unknown {
                tokio::time::sleep(random.millis(50..=400)).await;
            }
            if outcome != Outcome::Unknown || !self.retry || started.elapsed() > PATIENCE {
                return (outcome, reply.map_or(Value::Null, |reply| reply.body));
            }
        }
    }

    /// Asks, once; `None` when there is no answer.
    pub(crate) async fn read(
        &self,
        path: &str,
        after: Option<i64>,
        random: &mut Random,
    ) -> Option<Reply> {
        let base = self.base(random).await?;
        let mut request = self.http.get(format!("{base}{path}"));
        if let Some(after) = after {
            request = request.header("Throughline-After", after.to_string());
        }
        let reply = self.send(request).await?;
        self.notice_a_fault(path, &reply);
        Some(reply)
    }

    /// Any process that serves; it is waited for.
    async fn base(&self, random: &mut Random) -> Option<String> {
        let started = Instant::now();
        while started.elapsed() < PATIENCE {
            if let Some(base) = self.services.address(random.index(self.services.count())) {
                return Some(base);
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        None
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Option<Reply> {
        let reply = receive(request.bearer_auth(&self.token)).await;
        match &reply {
            Some(reply) if reply.status < 400 => self.ledger.answered(&reply.status.to_string()),
            Some(reply) => {
                self.ledger.answered(&format!("{} {}", reply.status, problem(&reply.body)));
            }
            None => self.ledger.answered("none"),
        }
        reply
    }

    fn meaning(&self, path: &str, reply: Option<&Reply>) -> Outcome {
        let Some(reply) = reply else { return Outcome::Unknown };
        self.notice_a_fault(path, reply);
        match (reply.status, problem(&reply.body)) {
            (201, _) => acknowledged(&reply.body).map_or_else(
                || {
                    self.ledger.report(Violation::UnreadableAnswer { client: self.client });
                    Outcome::Unknown
                },
                Outcome::Acknowledged,
            ),
            (503, "overloaded" | "contended") if !self.retry => Outcome::Refused { status: 503 },
            (400..500, _) => Outcome::Refused { status: reply.status },
            _ => Outcome::Unknown,
        }
    }

    /// However the database fails, it is never the caller who is told of a bug, or of an absent
    /// token or case: clients only use what they were acknowledged.
    fn notice_a_fault(&self, path: &str, reply: &Reply) {
        let Reply { status, .. } = *reply;
        if [400, 401, 403, 404, 422, 500].contains(&status) {
            let path = path.to_owned();
            self.ledger.report(Violation::Fault { client: self.client, status, path });
        }
    }
}

async fn receive(request: reqwest::RequestBuilder) -> Option<Reply> {
    let response = request.send().await.ok()?;
    let status = response.status().as_u16();
    let position = response.headers().get("Throughline-Position");
    let position = position.and_then(|value| value.to_str().ok()?.parse().ok());
    let text = response.text().await.ok()?;
    Some(Reply { status, position, body: serde_json::from_str(&text).ok()? })
}

/// The last part of a problem's type.
fn problem(body: &Value) -> &str {
    let kind = body["type"].as_str().unwrap_or_default();
    kind.strip_prefix("urn:throughline:problem:").unwrap_or_default()
}

fn acknowledged(body: &Value) -> Option<Acknowledged> {
    Some(Acknowledged {
        event_id: body["event_id"].as_str()?.parse().ok()?,
        position: body["position"].as_i64()?,
        version: body["version"].as_i64()?.try_into().ok()?,
    })
}

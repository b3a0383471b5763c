//! Cases at each stage of their life, recorded over HTTP.

use serde_json::{Value, json};

use crate::service::{Client, Service};

/// When the cases here were referred.
pub(crate) const REFERRED_AT: &str = "2024-01-10T09:00:00Z";
/// When they were accepted and given to `w-ann`.
pub(crate) const OPENED_AT: &str = "2024-01-12T09:00:00Z";
/// When the closed ones were closed.
pub(crate) const CLOSED_AT: &str = "2024-06-01T09:00:00Z";

/// An id that is nobody's.
pub(crate) fn absent_id() -> String {
    uuid::Uuid::new_v4().to_string()
}

pub(crate) fn a_referral() -> Value {
    json!({
        "programme": "mrp", "role": "victim_survivor", "area": "city", "source": "police",
        "received_at": REFERRED_AT, "person": {"given_name": "Ada"},
    })
}

pub(crate) async fn a_referred_case(client: Client<'_>) -> String {
    let referred = client.post("/v1/referrals", a_referral()).await.expect(201);
    text(&referred["case_id"])
}

/// An accepted case in the hands of a worker.
pub(crate) async fn an_open_case_of(client: Client<'_>, worker: &str) -> String {
    let case = a_referred_case(client).await;
    let accepted = json!({"occurred_at": OPENED_AT});
    client.step(&case, "acceptance", accepted).await.expect(201);
    let allocated = json!({"occurred_at": OPENED_AT, "worker": worker});
    client.step(&case, "allocations", allocated).await.expect(201);
    case
}

pub(crate) async fn an_open_case(client: Client<'_>) -> String {
    an_open_case_of(client, "w-ann").await
}

pub(crate) async fn a_closed_case(client: Client<'_>) -> String {
    let case = an_open_case(client).await;
    let closed = json!({"occurred_at": CLOSED_AT, "reason": "goals_met"});
    client.step(&case, "closure", closed).await.expect(201);
    case
}

/// Records an attempt that reached the person, and returns its event.
pub(crate) async fn an_attempt(client: Client<'_>, case: &str) -> String {
    let body = json!({
        "occurred_at": "2024-02-01T10:00:00Z", "channel": "phone", "outcome": "reached",
    });
    let path = format!("/v1/cases/{case}/contact-attempts");
    text(&client.post(&path, body).await.expect(201)["event_id"])
}

/// Records a request for information, and returns its event.
pub(crate) async fn an_information_request(client: Client<'_>, case: &str) -> String {
    let body = json!({"occurred_at": "2024-02-02T10:00:00Z", "agency": "police"});
    let path = format!("/v1/cases/{case}/information-requests");
    text(&client.post(&path, body).await.expect(201)["event_id"])
}

/// Records that the person needs help, and returns the event.
pub(crate) async fn a_need(client: Client<'_>, case: &str) -> String {
    let body = json!({"occurred_at": "2024-02-03T10:00:00Z", "need": "housing"});
    let path = format!("/v1/cases/{case}/needs");
    text(&client.post(&path, body).await.expect(201)["event_id"])
}

/// Records a hold that keeps nobody from turning to the person, and returns its event.
pub(crate) async fn a_contact_hold(client: Client<'_>, case: &str) -> String {
    let body = json!({"occurred_at": "2024-02-04T10:00:00Z", "reason": "planned_or_pending"});
    let path = format!("/v1/cases/{case}/contact-holds");
    text(&client.post(&path, body).await.expect(201)["event_id"])
}

/// Records a proposal to close the case, and returns its event.
pub(crate) async fn a_closure_proposal(client: Client<'_>, case: &str) -> String {
    let body = json!({"occurred_at": "2024-02-05T10:00:00Z", "reason": "goals_met"});
    let path = format!("/v1/cases/{case}/closure-proposals");
    text(&client.post(&path, body).await.expect(201)["event_id"])
}

/// A handover's checklist on which everything that the programmes want settled is done.
pub(crate) fn a_full_checklist() -> Value {
    json!({
        "agency_contacts_passed_on": "done", "introduction_made": "done",
        "open_information_requests_passed_on": "done", "person_told": "done",
        "risk_assessment_read": "done", "safe_contact_plan_read": "done",
    })
}

/// One fact of a case for each kind that a command can be about, by the event that recorded it.
#[derive(Debug)]
pub(crate) struct Facts {
    pub(crate) event: String,
    pub(crate) request: String,
    pub(crate) need: String,
    pub(crate) hold: String,
    pub(crate) proposal: String,
}

impl Facts {
    /// Records one of each.
    pub(crate) async fn of(client: Client<'_>, case: &str) -> Self {
        Self {
            event: an_attempt(client, case).await,
            request: an_information_request(client, case).await,
            need: a_need(client, case).await,
            hold: a_contact_hold(client, case).await,
            proposal: a_closure_proposal(client, case).await,
        }
    }

    /// The same id for each.
    pub(crate) fn all(id: &str) -> Self {
        let id = || id.to_owned();
        Self { event: id(), request: id(), need: id(), hold: id(), proposal: id() }
    }

    /// Puts the ids into a path.
    pub(crate) fn fill(&self, path: &str) -> String {
        path.replace("{event_id}", &self.event)
            .replace("{request_id}", &self.request)
            .replace("{need_id}", &self.need)
            .replace("{hold_id}", &self.hold)
            .replace("{proposal_id}", &self.proposal)
    }
}

/// Records a request for information whose answer is long overdue, and returns its event.
pub(crate) async fn an_overdue_request(client: Client<'_>, case: &str) -> String {
    let body = json!({
        "occurred_at": "2024-02-02T10:00:00Z", "agency": "police", "due_at": "2024-02-09T10:00:00Z",
    });
    let path = format!("/v1/cases/{case}/information-requests");
    text(&client.post(&path, body).await.expect(201)["event_id"])
}

/// Loads a tenant's history of a case that was given an arm, for which there is no command, and
/// returns the case.
pub(crate) async fn a_loaded_arm(service: &Service, tenant: &str) -> String {
    let case = absent_id();
    let line = |at: &str, kind: &str, data: Value| json!({"recorded_at": at, "occurred_at": at, "case": case, "type": kind, "data": data});
    let referral = json!({
        "person_id": "p", "programme": "mrp", "role": "victim_survivor", "area": "city",
        "source": "police",
    });
    let arm = json!({"arm": "control", "method": "permuted-block/1", "sequence": 3});
    let lines = [
        line("2014-03-01T09:00:00Z", "ReferralReceived", referral),
        line("2014-03-02T09:00:00Z", "ReferralAccepted", json!({})),
        line("2014-03-03T09:00:00Z", "ArmAllocated", arm),
    ];
    let file = service.data_dir.join("history.jsonl");
    std::fs::write(&file, lines.map(|line| format!("{line}\n")).concat()).unwrap();
    let file = file.to_str().unwrap();
    for command in [&["load", file][..], &["live"]] {
        let done = service.run(&[&["log"], command, &["--tenant", tenant]].concat(), &[]).await;
        assert!(done.status.success(), "{done:?}");
    }
    case
}

#[track_caller]
pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

/// How much is recorded, of every tenant: what a refusal leaves as it was.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Recorded {
    events: i64,
    streams: i64,
    tenants: i64,
    heads: Vec<i64>,
}

impl Recorded {
    pub(crate) async fn in_database_of(service: &Service) -> Self {
        Self::read(&service.database.connect().await).await
    }

    pub(crate) async fn read(database: &tokio_postgres::Client) -> Self {
        let recorded = "SELECT (SELECT count(*) FROM event), (SELECT count(*) FROM stream), \
                        (SELECT count(*) FROM tenant), \
                        ARRAY (SELECT position FROM log_head ORDER BY tenant_no)";
        let recorded = database.query_one(recorded, &[]).await.unwrap();
        Self {
            events: recorded.get(0),
            streams: recorded.get(1),
            tenants: recorded.get(2),
            heads: recorded.get(3),
        }
    }
}

//! A client that posts step by step and keeps its own book of what it posted and when.

use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Map, Value, json};

use crate::cases::text;
use crate::reference::{self, Amends, Posted};
use crate::service::{Client, Service};

/// Where each kind of fact is posted, below the case.
const PATHS: &[(&str, &str)] = &[
    ("ReferralWaitlisted", "waitlisting"),
    ("ReferralAccepted", "acceptance"),
    ("CaseAllocated", "allocations"),
    ("CaseClosed", "closure"),
    ("CaseReopened", "reopening"),
    ("ContactAttempted", "contact-attempts"),
    ("RiskAssessed", "risk-assessments"),
    ("MeasureRecorded", "measures"),
    ("InformationRequested", "information-requests"),
    ("CaseHandedOver", "handovers"),
    ("CaseTransferred", "transfers"),
    ("NeedIdentified", "needs"),
    ("PlacementChanged", "placements"),
    ("ReviewCompleted", "reviews"),
    ("ClosureProposed", "closure-proposals"),
    ("ContactHeld", "contact-holds"),
    ("SafeContactPlanSet", "safe-contact-plan"),
    ("IncidentReported", "incidents"),
];

/// The book.
pub(crate) struct Journal<'a> {
    client: Client<'a>,
    /// Refuses what caseworkers propose.
    manager: Client<'a>,
    pub(crate) log: Vec<Posted>,
}

/// The present, as exactly as times are exchanged.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_microsecond(Timestamp::now().as_microsecond()).unwrap()
}

impl<'a> Journal<'a> {
    pub(crate) fn new(service: &'a Service) -> Self {
        let manager = service.as_role("city", "team_manager");
        Self { client: service.worker(), manager, log: Vec::new() }
    }

    /// The moments between the steps, in their order.
    pub(crate) fn noted(&self) -> Vec<Timestamp> {
        self.log.iter().map(|posted| posted.noted).collect()
    }

    /// The tenant's own definitions, which the cases will be referred under.
    pub(crate) async fn define(&mut self) {
        let shipped = self.client.get("/v1/programmes/mrp/versions/1").await.expect(200);
        for definition in reference::own_definitions(&shipped) {
            self.manager.post("/v1/programmes", definition).await.expect(201);
        }
    }

    pub(crate) async fn refer(&mut self, body: Value) -> String {
        let answer = self.client.post("/v1/referrals", body.clone()).await.expect(201);
        let case = text(&answer["case_id"]);
        let mut body = body.as_object().unwrap().clone();
        body.remove("person");
        let received_at = body.remove("received_at").unwrap();
        body.insert("occurred_at".to_owned(), received_at);
        body.insert("person_id".to_owned(), answer["person_id"].clone());
        let received: Timestamp = text(&body["occurred_at"]).parse().unwrap();
        let (definition, criteria) = reference::versions_at(received);
        body.insert("programme_version".to_owned(), json!(definition));
        body.insert("criteria_version".to_owned(), json!(criteria));
        self.note(&case, "ReferralReceived", body, &answer);
        case
    }

    pub(crate) async fn fact(&mut self, case: &str, kind: &'static str, body: Value) -> String {
        let (_, path) = PATHS.iter().find(|(known, _)| *known == kind).unwrap();
        self.post(case, kind, path, body, Map::new()).await
    }

    /// What follows an earlier fact, which its path names: the outcome of a need, the end of a hold,
    /// the refusal of a proposal.
    pub(crate) async fn follow_up(
        &mut self,
        case: &str,
        kind: &'static str,
        about: &str,
        body: Value,
    ) -> String {
        let (path, member) = match kind {
            "NeedResolved" => (format!("needs/{about}/resolution"), "need"),
            "ContactHoldLifted" => (format!("contact-holds/{about}/lifting"), "hold"),
            "ClosureRefused" => (format!("closure-proposals/{about}/refusal"), "proposal"),
            other => panic!("{other} follows nothing"),
        };
        let of = Map::from_iter([(member.to_owned(), json!(about))]);
        self.post(case, kind, &path, body, of).await
    }

    /// The answer to an information request.
    pub(crate) async fn answer(&mut self, case: &str, request: &str, body: Value) -> String {
        let path = format!("information-requests/{request}/response");
        let of = Map::from_iter([("request".to_owned(), json!(request))]);
        self.post(case, "InformationReceived", &path, body, of).await
    }

    /// The agency is asked again.
    pub(crate) async fn chase(&mut self, case: &str, request: &str, body: Value) {
        let path = format!("information-requests/{request}/chases");
        let of = Map::from_iter([("request".to_owned(), json!(request))]);
        self.post(case, "InformationChased", &path, body, of).await;
    }

    async fn post(
        &mut self,
        case: &str,
        kind: &'static str,
        path: &str,
        body: Value,
        more: Map<String, Value>,
    ) -> String {
        let path = format!("/v1/cases/{case}/{path}");
        let if_match = [("If-Match", "*")];
        let client = if kind == "ClosureRefused" { self.manager } else { self.client };
        let method = if kind == "SafeContactPlanSet" { Method::PUT } else { Method::POST };
        let answer = client.send(method, &path, &if_match, Some(body.clone())).await.expect(201);
        let mut body = body.as_object().unwrap().clone();
        body.extend(more);
        self.note(case, kind, body, &answer);
        text(&answer["event_id"])
    }

    /// Corrects a fact with the members that were wrong; `null` removes one.
    pub(crate) async fn correct(&mut self, case: &str, event_id: &str, changes: Value) {
        let (mut at, mut precision, data, kind) = self.standing(event_id);
        let path = format!("/v1/cases/{case}/events/{event_id}/correction");
        let body = json!({"reason": "a slip of the pen", "replacement": changes.clone()});
        let answer = self.client.post(&path, body).await.expect(201);

        // A merge patch: a member given replaces, `null` removes, a member left out stays.
        let mut changes = changes.as_object().unwrap().clone();
        if let Some(time) = changes.remove("occurred_at") {
            at = text(&time).parse().unwrap();
        }
        if let Some(given) = changes.remove("precision") {
            precision = text(&given);
        }
        let narrative = match changes.remove("narrative") {
            None => self.standing_narrative(event_id),
            Some(words) => Some(words).filter(|words| !words.is_null()),
        };
        let mut data = data.as_object().unwrap().clone();
        for (name, value) in changes {
            if value.is_null() {
                data.remove(&name)
            } else {
                data.insert(name, value)
            };
        }
        self.note(case, "FactCorrected", data, &answer);
        let posted = self.log.last_mut().unwrap();
        posted.narrative = narrative;
        let corrected = Some((at, precision));
        posted.amends = Some(Amends { event_id: event_id.to_owned(), kind, corrected });
    }

    pub(crate) async fn retract(&mut self, case: &str, event_id: &str) {
        let (.., kind) = self.standing(event_id);
        let path = format!("/v1/cases/{case}/events/{event_id}/retraction");
        let body = json!({"reason": "somebody else"});
        let answer = self.client.post(&path, body).await.expect(201);
        self.note(case, "FactRetracted", Map::new(), &answer);
        let amends = Amends { event_id: event_id.to_owned(), kind, corrected: None };
        self.log.last_mut().unwrap().amends = Some(amends);
    }

    /// What the service recorded by itself, as the case's timeline shows it.
    pub(crate) fn told(&mut self, case: &str, entry: &Value) {
        let mut body = entry["data"].as_object().unwrap().clone();
        body.insert("occurred_at".to_owned(), entry["occurred_at"].clone());
        let version = self.log.iter().filter(|posted| posted.case == case).count() + 1;
        let answer = json!({
            "event_id": entry["event_id"], "position": entry["position"], "version": version,
        });
        self.note(case, "LinkedInformationReceived", body, &answer);
    }

    /// The words of a fact as they now stand.
    fn standing_narrative(&self, event_id: &str) -> Option<Value> {
        let speaks = |posted: &&Posted| {
            let amends = posted.amends.as_ref();
            amends.is_some_and(|a| a.event_id == event_id && a.corrected.is_some())
        };
        let is_it = |posted: &&Posted| posted.event_id == event_id;
        let latest = self.log.iter().rev().find(speaks).or(self.log.iter().find(is_it));
        latest.and_then(|posted| posted.narrative.clone())
    }

    /// A fact as it now stands: when, how exactly, what, and of which kind.
    fn standing(&self, event_id: &str) -> (Timestamp, String, Value, &'static str) {
        let fact = self.log.iter().find(|posted| posted.event_id == event_id).unwrap();
        let of = |posted: &&Posted| posted.amends.as_ref().is_some_and(|a| a.event_id == event_id);
        let latest = self.log.iter().rev().find(of);
        let corrected = latest.and_then(|e| Some((e, e.amends.as_ref()?.corrected.clone()?)));
        match corrected {
            Some((posted, (at, precision))) => (at, precision, posted.data.clone(), fact.kind),
            None => (fact.at, fact.precision.clone(), fact.data.clone(), fact.kind),
        }
    }

    /// Writes an event into the book, with the moment at which its answer was there.
    fn note(&mut self, case: &str, kind: &'static str, body: Map<String, Value>, answer: &Value) {
        let noted = now();
        let mut data = body;
        let at = data.remove("occurred_at").map(|at| text(&at).parse().unwrap());
        let precision = data.remove("precision");
        let narrative = data.remove("narrative");
        self.log.push(Posted {
            case: case.to_owned(),
            event_id: text(&answer["event_id"]),
            version: answer["version"].as_i64().unwrap(),
            position: answer["position"].as_i64().unwrap(),
            kind,
            // An amendment is made when it is sent; its moment lies in the past of its answer.
            at: at.unwrap_or(noted),
            precision: precision.map_or("instant".to_owned(), |p| text(&p)),
            data: Value::Object(data),
            narrative,
            amends: None,
            noted,
        });
    }
}

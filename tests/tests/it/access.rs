//! Every cell of role and operation, over HTTP. The table is written here by hand, from what each
//! role is for; a change of who may do what has to be made in both places.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use crate::cases::{Facts, Recorded, an_open_case, text};
use crate::service::{Answer, Service};

const ROLES: [&str; 6] =
    ["caseworker", "team_manager", "evaluator", "operator", "partner", "data_protection_officer"];

const CASEWORK: &[&str] = &["caseworker", "team_manager"];
const REFERRERS: &[&str] = &["caseworker", "team_manager", "partner"];
const READERS: &[&str] = &["caseworker", "team_manager", "data_protection_officer"];
const COUNTERS: &[&str] = &["caseworker", "team_manager", "evaluator"];
const MANAGERS: &[&str] = &["team_manager", "evaluator"];
const EVALUATORS: &[&str] = &["team_manager", "evaluator", "data_protection_officer"];
const LEADERS: &[&str] = &["team_manager"];
const OF_BOTH_SIDES: &[&str] = &["team_manager", "data_protection_officer"];
const OFFICERS: &[&str] = &["data_protection_officer"];
const OPERATORS: &[&str] = &["operator"];

/// Method, path, and who may.
const TABLE: &[(&str, &str, &[&str])] = &[
    ("POST", "/v1/referrals", REFERRERS),
    ("POST", "/v1/cases/{case_id}/acceptance", CASEWORK),
    ("POST", "/v1/cases/{case_id}/decline", CASEWORK),
    ("POST", "/v1/cases/{case_id}/waitlisting", CASEWORK),
    ("POST", "/v1/cases/{case_id}/allocations", CASEWORK),
    ("POST", "/v1/cases/{case_id}/arm", LEADERS),
    ("POST", "/v1/cases/{case_id}/handovers", CASEWORK),
    ("POST", "/v1/cases/{case_id}/transfers", CASEWORK),
    ("POST", "/v1/cases/{case_id}/closure-proposals", CASEWORK),
    ("POST", "/v1/cases/{case_id}/closure-proposals/{proposal_id}/refusal", LEADERS),
    ("POST", "/v1/cases/{case_id}/closure", CASEWORK),
    ("POST", "/v1/cases/{case_id}/reopening", CASEWORK),
    ("POST", "/v1/cases/{case_id}/contact-attempts", CASEWORK),
    ("POST", "/v1/cases/{case_id}/risk-assessments", CASEWORK),
    ("POST", "/v1/cases/{case_id}/agency-actions", CASEWORK),
    ("POST", "/v1/cases/{case_id}/measures", CASEWORK),
    ("POST", "/v1/cases/{case_id}/needs", CASEWORK),
    ("POST", "/v1/cases/{case_id}/needs/{need_id}/resolution", CASEWORK),
    ("POST", "/v1/cases/{case_id}/support", CASEWORK),
    ("POST", "/v1/cases/{case_id}/incidents", CASEWORK),
    ("POST", "/v1/cases/{case_id}/multi-agency-referrals", CASEWORK),
    ("POST", "/v1/cases/{case_id}/orders", CASEWORK),
    ("POST", "/v1/cases/{case_id}/child-protection-statuses", CASEWORK),
    ("POST", "/v1/cases/{case_id}/placements", CASEWORK),
    ("POST", "/v1/cases/{case_id}/reviews", CASEWORK),
    ("PUT", "/v1/cases/{case_id}/safe-contact-plan", CASEWORK),
    ("POST", "/v1/cases/{case_id}/contact-holds", CASEWORK),
    ("POST", "/v1/cases/{case_id}/contact-holds/{hold_id}/lifting", CASEWORK),
    ("POST", "/v1/cases/{case_id}/information-requests", CASEWORK),
    ("POST", "/v1/cases/{case_id}/information-requests/{request_id}/chases", CASEWORK),
    ("POST", "/v1/cases/{case_id}/information-requests/{request_id}/escalations", CASEWORK),
    ("POST", "/v1/cases/{case_id}/information-requests/{request_id}/response", CASEWORK),
    ("POST", "/v1/cases/{case_id}/information-requests/{request_id}/refusal", CASEWORK),
    ("POST", "/v1/cases/{case_id}/events/{event_id}/correction", CASEWORK),
    ("POST", "/v1/cases/{case_id}/events/{event_id}/retraction", CASEWORK),
    ("POST", "/v1/persons/{person_id}/legal-holds", OFFICERS),
    ("POST", "/v1/persons/{person_id}/legal-holds/{hold_id}/release", OFFICERS),
    ("POST", "/v1/persons/{person_id}/erasure", OFFICERS),
    ("POST", "/v1/teams", LEADERS),
    ("POST", "/v1/teams/{team_id}/dissolution", LEADERS),
    ("POST", "/v1/workers", LEADERS),
    ("POST", "/v1/workers/{worker_id}/capacity", LEADERS),
    ("POST", "/v1/workers/{worker_id}/team", LEADERS),
    ("POST", "/v1/workers/{worker_id}/departure", LEADERS),
    ("POST", "/v1/case-links", LEADERS),
    ("POST", "/v1/case-links/{link_id}/ending", LEADERS),
    ("GET", "/v1/case-links", OF_BOTH_SIDES),
    ("GET", "/v1/case-links/{link_id}", OF_BOTH_SIDES),
    ("GET", "/v1/teams", CASEWORK),
    ("GET", "/v1/workers", CASEWORK),
    ("POST", "/v1/allocation-schedules", LEADERS),
    ("POST", "/v1/allocation-schedules/{schedule_id}/closure", LEADERS),
    ("GET", "/v1/allocation-schedules", MANAGERS),
    ("GET", "/v1/allocation-schedules/{schedule_id}", MANAGERS),
    ("GET", "/v1/cases/{case_id}", READERS),
    ("GET", "/v1/cases/{case_id}/timeline", READERS),
    ("GET", "/v1/cases/{case_id}/risk-trajectory", READERS),
    ("GET", "/v1/cases/{case_id}/rules", READERS),
    ("GET", "/v1/cases/{case_id}/safe-contact-plan", READERS),
    ("GET", "/v1/cases/{case_id}/risk-assessments", READERS),
    ("GET", "/v1/cases/{case_id}/events/{event_id}", READERS),
    ("GET", "/v1/caseloads", CASEWORK),
    ("GET", "/v1/caseloads/{worker_id}", CASEWORK),
    ("GET", "/v1/outcomes", COUNTERS),
    ("GET", "/v1/events", CASEWORK),
    ("GET", "/v1/events/stream", CASEWORK),
    ("GET", "/v1/referral-pipeline", COUNTERS),
    ("GET", "/v1/agency-response", COUNTERS),
    ("GET", "/v1/agency-response/overdue", CASEWORK),
    ("GET", "/v1/contact-overrides", LEADERS),
    ("GET", "/v1/workload", MANAGERS),
    ("GET", "/v1/risk-trajectory", COUNTERS),
    ("GET", "/v1/risk-disagreement", COUNTERS),
    ("GET", "/v1/instruments", &ROLES),
    ("GET", "/v1/instruments/{instrument}/{version}", &ROLES),
    ("GET", "/v1/rules", &ROLES),
    ("GET", "/v1/programmes", &ROLES),
    ("POST", "/v1/programmes", &["team_manager", "operator"]),
    ("GET", "/v1/programmes/{programme}/versions/{version}", &ROLES),
    ("GET", "/v1/cohorts", EVALUATORS),
    ("POST", "/v1/cohorts", &["evaluator"]),
    ("GET", "/v1/cohorts/{cohort}/versions/{version}", EVALUATORS),
    ("GET", "/v1/cohorts/{cohort}/membership", EVALUATORS),
    ("POST", "/v1/cohorts/{cohort}/tables", EVALUATORS),
    ("GET", "/v1/editions", EVALUATORS),
    ("POST", "/v1/editions", &["evaluator"]),
    ("GET", "/v1/editions/{edition}", EVALUATORS),
    ("POST", "/v1/editions/{edition}/rerun", EVALUATORS),
    ("POST", "/v1/editions/{edition}/comparison", EVALUATORS),
    ("GET", "/v1/releases", EVALUATORS),
    ("GET", "/v1/projections", OPERATORS),
    ("GET", "/v1/projections/audit", OPERATORS),
    ("POST", "/v1/projections/{name}/verifications", OPERATORS),
    ("POST", "/v1/projections/{name}/rollback", OPERATORS),
    ("DELETE", "/v1/projections/{name}/builds/{build}", OPERATORS),
    ("POST", "/v1/projections/{name}/rebuilds", OPERATORS),
    ("GET", "/v1/operations", OPERATORS),
    ("GET", "/v1/operations/{operation_id}", OPERATORS),
    ("POST", "/v1/operations/{operation_id}/cancellation", OPERATORS),
    ("GET", "/v1/parked", OPERATORS),
    ("POST", "/v1/parked/retries", OPERATORS),
];

/// A service with a case, facts of it, a legal hold, a worker and a rebuild, so that nothing is ever not found.
struct Place {
    service: Service,
    case: String,
    facts: Facts,
    person: String,
    hold: String,
    rebuild: String,
    link: String,
    schedule: String,
}

impl Place {
    async fn new() -> Self {
        let service = Service::start().await;
        let case = an_open_case(service.worker()).await;
        let facts = Facts::of(service.worker(), &case).await;
        let read = service.worker().get(&format!("/v1/cases/{case}")).await.expect(200);
        let person = text(&read["person_id"]);
        let holds = format!("/v1/persons/{person}/legal-holds");
        let officer = service.as_role("city", "data_protection_officer");
        let hold = officer.post(&holds, json!({"reason": "inquest"})).await.expect(201);
        let hold = text(&hold["event_id"]);
        let operator = service.as_role("city", "operator");
        let rebuilds = "/v1/projections/outcome_snapshot/rebuilds";
        let rebuild = operator.post(rebuilds, json!({"dry_run": true})).await.expect(202);
        let rebuild = text(&rebuild["operation_id"]);
        let manager = service.as_role("city", "team_manager");
        manager.post("/v1/teams", json!({"team": "city-team"})).await.expect(201);
        let capacity = json!({"cases": 20});
        let worker =
            json!({"worker": "w-ann", "role": "idva", "team": "city-team", "capacity": capacity});
        manager.post("/v1/workers", worker).await.expect(201);
        let evaluator = service.as_role("city", "evaluator");
        let cohort = json!({"id": "all", "version": 1, "title": "All", "programme": "mrp"});
        evaluator.post("/v1/cohorts", cohort).await.expect(201);
        let questions = json!([{"table": "attrition"}]);
        let edition =
            json!({"edition": "first", "title": "First", "cohort": "all", "questions": questions});
        evaluator.post("/v1/editions", edition).await.expect(201);
        let other = an_open_case(service.worker()).await;
        let linked = json!({"cases": [case, other], "reason": "family"});
        let linked = manager.post("/v1/case-links", linked).await.expect(201);
        let link = text(&linked["link_id"]);
        let schedules = "/v1/allocation-schedules";
        let schedule = manager.post(schedules, json!({"programme": "drive"})).await.expect(201);
        let schedule = text(&schedule["schedule_id"]);
        Self { service, case, facts, person, hold, rebuild, link, schedule }
    }

    async fn ask(&self, role: &str, method: &str, path: &str) -> Answer {
        // Of a person, a hold is a legal one; of a case, one on contact.
        let path = match path.strip_prefix("/v1/persons/") {
            Some(_) => path.replace("{hold_id}", &self.hold),
            None => self.facts.fill(path),
        };
        let path = path
            .replace("{case_id}", &self.case)
            .replace("{person_id}", &self.person)
            .replace("{operation_id}", &self.rebuild)
            .replace("{link_id}", &self.link)
            .replace("{schedule_id}", &self.schedule)
            .replace("{name}", "caseload")
            .replace("{instrument}", "dara")
            .replace("{programme}", "mrp")
            .replace("{cohort}", "all")
            .replace("{edition}", "first")
            .replace("{version}", "1")
            .replace("{build}", "0")
            .replace("{worker_id}", "w-ann")
            .replace("{team_id}", "city-team");
        let client = self.service.as_role("city", role);
        match method {
            "GET" => client.get(&path).await,
            "PUT" => client.send(Method::PUT, &path, &[], Some(json!({}))).await,
            "DELETE" => client.send(Method::DELETE, &path, &[], None).await,
            // Too little for most commands: here it matters only who asks.
            _ => client.post(&path, json!({})).await,
        }
    }
}

#[tokio::test]
async fn whoever_may_not_is_refused_and_nothing_is_recorded() {
    let place = Place::new().await;
    let before = Recorded::in_database_of(&place.service).await;
    let mut refused = 0;
    for (method, path, permitted) in TABLE {
        for role in ROLES.iter().filter(|role| !permitted.contains(role)) {
            let answer = place.ask(role, method, path).await;
            let kind = (answer.status, answer.problem());
            assert_eq!(kind, (403, "forbidden".to_owned()), "{role} {method} {path}");
            refused += 1;
        }
    }
    assert_eq!(refused, 391);
    assert_eq!(Recorded::in_database_of(&place.service).await, before);
}

#[tokio::test]
async fn whoever_may_is_let_through() {
    let place = Place::new().await;
    let mut let_through = 0;
    for (method, path, permitted) in TABLE {
        for role in *permitted {
            let answer = place.ask(role, method, path).await;
            let cell = format!("{role} {method} {path}: {answer:?}");
            // Done, or refused for what was asked and not for who asks.
            assert!([200, 201, 202, 409, 422, 428].contains(&answer.status), "{cell}");
            assert!(method != &"GET" || [200, 422].contains(&answer.status), "{cell}");
            let_through += 1;
        }
    }
    assert_eq!(let_through, ROLES.len() * TABLE.len() - 391);
}

#[tokio::test]
async fn every_operation_described_has_its_row_and_every_row_its_operation() {
    let service = Service::start().await;
    let described = service.request(Method::GET, "/openapi.json");
    let described: Value = crate::service::read(described).await.expect(200);
    let operations = |(path, item): (&String, &Value)| {
        let methods: Vec<String> = item.as_object().unwrap().keys().cloned().collect();
        methods.into_iter().map(|method| (method.to_uppercase(), path.clone())).collect::<Vec<_>>()
    };
    let paths = described["paths"].as_object().unwrap();
    let described: BTreeSet<(String, String)> = paths.iter().flat_map(operations).collect();
    let rows: BTreeSet<(String, String)> =
        TABLE.iter().map(|(method, path, _)| ((*method).to_owned(), (*path).to_owned())).collect();
    assert_eq!(rows.len(), TABLE.len(), "a row twice");
    assert_eq!(described, rows);
}

#[tokio::test]
async fn only_those_who_work_with_people_read_what_was_written_about_them() {
    let place = Place::new().await;
    let path = format!("/v1/cases/{}/needs", place.case);
    let body = json!({"need": "housing", "narrative": "the lock is broken"});
    place.service.worker().post(&path, body).await.expect(201);
    let words = |role: &'static str| {
        let path = format!("/v1/cases/{}/timeline", place.case);
        let client = place.service.as_role("city", role);
        async move { client.get(&path).await }
    };
    for role in READERS {
        let answer = words(role).await;
        assert_eq!((answer.status, answer.text.contains("lock")), (200, true), "{role}");
    }
    for role in ROLES.iter().filter(|role| !READERS.contains(role)) {
        let answer = words(role).await;
        assert_eq!((answer.status, answer.text.contains("lock")), (403, false), "{role}");
    }
}

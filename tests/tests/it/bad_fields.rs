//! Bodies of which one member cannot be right: 422, with the member's JSON Pointer.
//!
//! The description says which members there are, so that a new one is tried too.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Method;
use serde_json::{Value, json};

use crate::cases::a_referral;
use crate::commands::{self, Command};
use crate::refused::{Bench, CANARY, CANARY_WORDS};
use crate::service::{Service, read};

const INVALID: (u16, &str) = (422, "invalid");

/// Members that hold a code of a closed list, by path, apart from `precision`, which all have.
const CODE_LISTS: &[(&str, &[&str])] = &[
    ("/v1/referrals", &["role", "source"]),
    ("/v1/cases/{case_id}/decline", &["reason"]),
    ("/v1/cases/{case_id}/closure", &["reason"]),
    ("/v1/cases/{case_id}/closure-proposals", &["reason"]),
    (
        "/v1/cases/{case_id}/contact-attempts",
        &["channel", "outcome", "direction", "joint_with", "override_reason"],
    ),
    ("/v1/cases/{case_id}/contact-holds", &["reason"]),
    ("/v1/cases/{case_id}/risk-assessments", &["judgement_level", "level", "own_view"]),
    ("/v1/cases/{case_id}/agency-actions", &["agency", "action", "work", "purpose"]),
    ("/v1/cases/{case_id}/needs", &["need", "severity"]),
    ("/v1/cases/{case_id}/needs/{need_id}/resolution", &["outcome"]),
    ("/v1/cases/{case_id}/safe-contact-plan", &["otherwise"]),
    ("/v1/cases/{case_id}/support", &["kind", "need", "programme_status"]),
    ("/v1/cases/{case_id}/incidents", &["kind", "police_outcome"]),
    ("/v1/cases/{case_id}/multi-agency-referrals", &["forum", "criterion"]),
    ("/v1/cases/{case_id}/information-requests", &["agency"]),
];

/// The members of the body of each command on a case, by the command's path.
async fn described(service: &Service) -> BTreeMap<String, Value> {
    let document = read(service.request(Method::GET, "/openapi.json")).await.expect(200);
    let properties = |item: &Value| {
        let command = item.get("post").or(item.get("put"))?;
        let schema = &command["requestBody"]["content"]["application/json"]["schema"];
        let name = schema["$ref"].as_str()?.strip_prefix("#/components/schemas/")?;
        Some(document["components"]["schemas"][name]["properties"].clone())
    };
    let paths = document["paths"].as_object().unwrap();
    let elsewhere = [
        "/v1/persons/",
        "/v1/projections/",
        "/v1/operations/",
        "/v1/parked/",
        "/v1/programmes",
        "/v1/cohorts",
        "/v1/editions",
        "/v1/workers",
        "/v1/teams",
        "/v1/allocation-schedules",
        "/v1/cases/{case_id}/arm",
        "/v1/case-links",
    ];
    let is_elsewhere = |path: &str| elsewhere.iter().any(|place| path.starts_with(place));
    let of_cases = paths.iter().filter(|(path, _)| !is_elsewhere(path));
    of_cases.filter_map(|(path, item)| Some((path.clone(), properties(item)?))).collect()
}

/// The members that a description marks with a keyword.
fn marked<'a>(properties: &'a Value, keyword: &str) -> BTreeSet<&'a str> {
    let members = properties.as_object().unwrap().iter();
    members.filter(|(_, s)| s.get(keyword).is_some()).map(|(name, _)| name.as_str()).collect()
}

/// Every command with a body that is right, by path, and the referral too.
fn bodies() -> Vec<(String, Option<Command>, Value)> {
    let referral = ("/v1/referrals".to_owned(), None, a_referral());
    let commands = commands::all().into_iter();
    let commands = commands.map(|c| (c.described(), Some(c.clone()), c.body));
    std::iter::once(referral).chain(commands).collect()
}

/// Posts every body with one member changed, and expects to be pointed to it.
async fn assert_each_is_pointed_to(bench: &Bench, member: &str, value: &Value, place: &str) {
    for (path, command, mut body) in bodies() {
        body[member] = value.clone();
        let request = match &command {
            Some(command) => bench.commanding(command, &body).await,
            None => bench.posting(&path, &body).await,
        };
        let what = format!("{path} {member}");
        bench.assert_refused(&what, request, INVALID, &[place]).await;
    }
}

#[tokio::test]
async fn an_unknown_code_is_refused_in_every_member_that_holds_one() {
    let bench = Bench::new().await;
    let described = described(&bench.service).await;
    assert_eq!(described.len(), bodies().len(), "a body right for each command");
    let listed: BTreeMap<&str, &[&str]> = CODE_LISTS.iter().copied().collect();
    for (path, command, body) in bodies() {
        let mut members = marked(&described[&path], "enum");
        assert!(members.remove("precision"), "{path}");
        let expected: BTreeSet<&str> =
            listed.get(path.as_str()).into_iter().flat_map(|m| m.iter().copied()).collect();
        assert_eq!(members, expected, "{path}");
        for member in members {
            let mut body = body.clone();
            body[member] = json!(CANARY);
            let request = match &command {
                Some(command) => bench.commanding(command, &body).await,
                None => bench.posting(&path, &body).await,
            };
            let place = format!("/{member}");
            bench.assert_refused(&format!("{path} {member}"), request, INVALID, &[&place]).await;
        }
    }
}

#[tokio::test]
async fn words_are_refused_where_a_code_belongs() {
    let bench = Bench::new().await;
    let described = described(&bench.service).await;
    let mut tried = 0;
    for (path, command, body) in bodies() {
        for member in marked(&described[&path], "pattern") {
            let mut body = body.clone();
            body[member] = json!(CANARY_WORDS);
            let request = match &command {
                Some(command) => bench.commanding(command, &body).await,
                None => bench.posting(&path, &body).await,
            };
            let place = format!("/{member}");
            bench.assert_refused(&format!("{path} {member}"), request, INVALID, &[&place]).await;
            tried += 1;
        }
    }
    assert!(tried >= 30, "only {tried} members are described with a pattern");
}

#[tokio::test]
async fn codes_inside_a_member_are_pointed_to() {
    let bench = Bench::new().await;
    let phone = |plan: Value| json!({"phone": plan});
    let hours = |wrong: Value| {
        let mut hours = json!({"from": "09:00", "until": "15:00"});
        hours.as_object_mut().unwrap().extend(wrong.as_object().unwrap().clone());
        phone(json!({"safety": "conditions", "hours": [hours]}))
    };
    let faults = [
        ("risk-assessments", "answers", json!({"q1": CANARY}), "/answers/q1"),
        ("risk-assessments", "answers", json!({CANARY_WORDS: "yes"}), "/answers"),
        ("measures", "values", json!({"physical": CANARY_WORDS}), "/values"),
        ("measures", "values", json!({"physical": {"missing": CANARY}}), "/values"),
        ("measures", "values", json!({CANARY_WORDS: "high"}), "/values"),
        (
            "closure",
            "evidence",
            json!(["01960000-0000-7000-8000-000000000000", CANARY]),
            "/evidence/1",
        ),
        ("closure-proposals", "evidence", json!([CANARY]), "/evidence/0"),
        ("handovers", "checklist", json!({"introduced": CANARY}), "/checklist"),
        ("handovers", "checklist", json!({CANARY_WORDS: "done"}), "/checklist"),
        ("handovers", "contacts", json!([{"agency": CANARY}]), "/contacts/0/agency"),
        (
            "handovers",
            "contacts",
            json!([{"agency": "school", "role": CANARY_WORDS}]),
            "/contacts/0/role",
        ),
        ("handovers", "contacts", json!([{"role": "head"}]), "/contacts/0/agency"),
        ("safe-contact-plan", "may_be_told", json!(["gp", CANARY_WORDS]), "/may_be_told/1"),
        ("safe-contact-plan", "channels", json!({CANARY: {"safety": "safe"}}), "/channels"),
        (
            "safe-contact-plan",
            "channels",
            phone(json!({"safety": CANARY})),
            "/channels/phone/safety",
        ),
        ("safe-contact-plan", "channels", phone(json!({})), "/channels/phone/safety"),
        ("safe-contact-plan", "channels", phone(json!({CANARY: 1})), "/channels/phone"),
        (
            "safe-contact-plan",
            "channels",
            hours(json!({"days": [CANARY]})),
            "/channels/phone/hours/0/days/0",
        ),
        (
            "safe-contact-plan",
            "channels",
            hours(json!({"from": CANARY})),
            "/channels/phone/hours/0/from",
        ),
        (
            "safe-contact-plan",
            "channels",
            hours(json!({"from": "24:01"})),
            "/channels/phone/hours/0/from",
        ),
        (
            "safe-contact-plan",
            "channels",
            hours(json!({"until": null})),
            "/channels/phone/hours/0/until",
        ),
    ];
    for (path, member, value, place) in faults {
        let command = commands::at(path);
        let mut body = command.body.clone();
        body[member] = value;
        let request = bench.commanding(&command, &body).await;
        bench.assert_refused(&format!("{path} {member}"), request, INVALID, &[place]).await;
    }
    let mut referral = a_referral();
    referral["criteria"] = json!(["repeat_victimisation", CANARY_WORDS]);
    let request = bench.posting("/v1/referrals", &referral).await;
    bench.assert_refused("criteria", request, INVALID, &["/criteria/1"]).await;
}

#[tokio::test]
async fn an_unknown_member_is_refused_and_not_named() {
    let bench = Bench::new().await;
    assert_each_is_pointed_to(&bench, CANARY, &json!(1), "").await;
    let mut referral = a_referral();
    referral["person"][CANARY] = json!(1);
    let request = bench.posting("/v1/referrals", &referral).await;
    bench.assert_refused("person", request, INVALID, &["/person"]).await;
}

#[tokio::test]
async fn an_array_in_an_objects_place_is_refused() {
    let bench = Bench::new().await;
    let forming = json!(["north-team", "mrp", ["north"], null, null]);
    let request = bench.asking_as("team_manager", Method::POST, "/v1/teams").await;
    bench.assert_refused("teams", request.json(&forming), INVALID, &[""]).await;
    let handing_over = json!({"worker": "w-ben", "contacts": [["police", "sergeant", null]]});
    let path = format!("/v1/cases/{}/handovers", bench.case);
    let request = bench.posting(&path, &handing_over).await.header("If-Match", "*");
    bench.assert_refused("handovers", request, INVALID, &["/contacts/0"]).await;
}

#[tokio::test]
async fn an_unknown_precision_or_a_time_in_words_is_pointed_to() {
    let bench = Bench::new().await;
    assert_each_is_pointed_to(&bench, "precision", &json!(CANARY), "/precision").await;
    for value in [json!(CANARY), json!("2024-02-01"), json!("2024-02-30T00:00:00Z"), json!(7)] {
        assert_each_is_pointed_to(&bench, "occurred_at", &value, "/occurred_at").await;
    }
}

#[tokio::test]
async fn a_time_in_the_future_is_refused_by_every_command() {
    let bench = Bench::new().await;
    let ahead = (jiff::Timestamp::now() + jiff::SignedDuration::from_secs(120)).to_string();
    for (path, command, mut body) in bodies() {
        let (request, place) = if let Some(command) = &command {
            body["occurred_at"] = json!(ahead);
            (bench.commanding(command, &body).await, "/occurred_at")
        } else {
            body["received_at"] = json!(ahead);
            (bench.posting(&path, &body).await, "/received_at")
        };
        bench.assert_refused(&path, request, (422, "in-future"), &[place]).await;
    }
}

#[tokio::test]
async fn a_member_that_is_needed_is_named_when_it_is_missing() {
    let bench = Bench::new().await;
    let needed = [
        ("decline", "reason"),
        ("allocations", "worker"),
        ("closure", "reason"),
        ("contact-attempts", "channel"),
        ("contact-attempts", "outcome"),
        ("risk-assessments", "instrument"),
        ("risk-assessments", "assessor_role"),
        ("agency-actions", "agency"),
        ("measures", "values"),
        ("needs", "need"),
        ("needs/{need_id}/resolution", "outcome"),
        ("handovers", "worker"),
        ("transfers", "area"),
        ("placements", "kind"),
        ("closure-proposals", "reason"),
        ("contact-holds", "reason"),
        ("support", "kind"),
        ("incidents", "kind"),
        ("orders", "kind"),
        ("child-protection-statuses", "to"),
        ("information-requests", "agency"),
        ("events/{event_id}/correction", "replacement"),
        ("events/{event_id}/retraction", "reason"),
    ];
    for (path, member) in needed {
        let command = commands::at(path);
        let mut body = command.body.clone();
        body.as_object_mut().unwrap().remove(member).unwrap();
        let request = bench.commanding(&command, &body).await;
        bench.assert_refused(path, request, INVALID, &[&format!("/{member}")]).await;
        body[member] = Value::Null;
        let request = bench.commanding(&command, &body).await;
        bench.assert_refused(path, request, INVALID, &[&format!("/{member}")]).await;
    }
    for member in ["programme", "role", "area", "source", "person"] {
        let mut body = a_referral();
        body.as_object_mut().unwrap().remove(member).unwrap();
        let request = bench.posting("/v1/referrals", &body).await;
        bench.assert_refused(member, request, INVALID, &[&format!("/{member}")]).await;
    }
}

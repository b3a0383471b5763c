//! Another tenant's case is like an absent one, to the byte.

use reqwest::Method;
use serde_json::{Value, json};

use crate::cases::{
    Facts, Recorded, a_closed_case, a_referral, absent_id, an_attempt, an_open_case,
    an_overdue_request, text,
};
use crate::commands;
use crate::service::{Answer, Client, Service};

/// An answer as far as a caller could learn from it: all but its own trace and the time of day.
fn seen(answer: &Answer) -> (u16, Vec<(String, String)>, String) {
    let mut headers: Vec<(String, String)> = answer
        .headers
        .iter()
        .filter(|(name, _)| !["date", "traceparent"].contains(&name.as_str()))
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    headers.sort();
    let trace_id = text(&answer.json()["trace_id"]);
    assert_eq!(trace_id.len(), 32);
    (answer.status, headers, answer.text.replace(&trace_id, "<trace>"))
}

/// Sends the same to a path with a hidden id and with an absent one, and compares.
async fn assert_like_absent(
    client: Client<'_>,
    method: &Method,
    path: impl Fn(&str) -> String,
    hidden: &str,
    headers: &[(&str, &str)],
    body: Option<&Value>,
) {
    let mut answers = Vec::new();
    for id in [hidden.to_owned(), absent_id(), "no-id-at-all".to_owned()] {
        answers.push(client.send(method.clone(), &path(&id), headers, body.cloned()).await);
    }
    let asked = format!("{method} {} {headers:?}", path("ID"));
    assert_eq!(answers[0].problem(), "not-found", "{asked}");
    assert_eq!(seen(&answers[0]), seen(&answers[1]), "{asked}");
    assert_eq!(seen(&answers[0]), seen(&answers[2]), "{asked}");
}

#[tokio::test]
async fn every_query_about_another_tenants_case_is_like_one_about_none() {
    let service = Service::start().await;
    let case = an_open_case(service.worker()).await;
    let event = an_attempt(service.worker(), &case).await;
    let other = service.as_role("county", "caseworker");
    let own = an_open_case(other).await;

    let below = [
        "",
        "/timeline",
        "/risk-trajectory",
        "/safe-contact-plan",
        "/safe-contact-plan?as_of=2024-05-01T00:00:00Z",
        "/risk-assessments",
        "?as_of=2024-05-01T00:00:00Z",
        "/timeline?reading=recorded",
    ];
    let mut paths: Vec<String> = below.iter().map(|b| format!("/v1/cases/ID{b}")).collect();
    paths.push(format!("/v1/cases/ID/events/{event}"));
    for path in paths {
        let path = |id: &str| path.replace("ID", id);
        assert_like_absent(other, &Method::GET, path, &case, &[], None).await;
    }
    // Nor does an event of another tenant show through a case of one's own.
    let path = |id: &str| format!("/v1/cases/{own}/events/{id}");
    assert_like_absent(other, &Method::GET, path, &event, &[], None).await;
}

#[tokio::test]
async fn every_command_on_another_tenants_case_is_like_one_on_none() {
    let service = Service::start().await;
    let open = an_open_case(service.worker()).await;
    let closed = a_closed_case(service.worker()).await;
    let facts = Facts::of(service.worker(), &open).await;
    let own = an_open_case(service.as_role("county", "caseworker")).await;
    let before = Recorded::in_database_of(&service).await;

    for command in commands::all() {
        let other = service.as_role("county", command.role());
        let method = &command.method;
        let path = |id: &str| command.url(id, &facts);
        let case = if command.path == "reopening" { &closed } else { &open };
        let current = service.worker().get(&format!("/v1/cases/{case}")).await;
        let current = current.header("etag").unwrap();
        let body = Some(&command.body);
        for if_match in [current, "\"99\"", "*"] {
            let headers = [("If-Match", if_match)];
            assert_like_absent(other, method, path, case, &headers, body).await;
        }
        if !command.is_step {
            assert_like_absent(other, method, path, case, &[], body).await;
        }
    }
    // What is of another tenant, through a case of one's own.
    let mut followed = 0;
    for command in commands::all().iter().filter(|command| command.path.contains('{')) {
        let other = service.as_role("county", command.role());
        let name = command.path.split(['{', '}']).nth(1).unwrap();
        let hidden = facts.fill(&format!("{{{name}}}"));
        let path = |id: &str| command.url(&own, &Facts::all(id));
        let body = Some(&command.body);
        assert_like_absent(other, &command.method, path, &hidden, &[], body).await;
        followed += 1;
    }
    assert!(followed >= 9, "{followed}");
    assert_eq!(Recorded::in_database_of(&service).await, before);
}

#[tokio::test]
async fn lists_and_counts_hold_one_tenants_cases_alone() {
    let service = Service::start().await;
    let case = an_open_case(service.worker()).await;
    an_overdue_request(service.worker(), &case).await;
    let assessed = json!({"instrument": "dara/1", "level": "medium", "assessor_role": "idva"});
    let assessments = format!("/v1/cases/{case}/risk-assessments");
    service.worker().post(&assessments, assessed).await.expect(201);
    let other = service.as_role("county", "caseworker");
    let now = jiff::Timestamp::now();
    let outcomes = "/v1/outcomes?programme=mrp&measure=risk_level";
    let empty = json!({"open": 0, "dormant": 0, "high_risk": 0, "reviews_overdue": 0});
    for dates in ["", &format!("as_of={now}&known_at={now}")] {
        for list in ["/v1/caseloads", "/v1/caseloads/w-ann"] {
            let theirs = other.get(&format!("{list}?{dates}")).await.expect(200);
            assert_eq!((&theirs["cases"], &theirs["totals"]), (&json!([]), &empty), "{list}");
            let ours = service.worker().get(&format!("{list}?{dates}")).await.expect(200);
            assert_eq!(ours["cases"][0]["case_id"], json!(case), "{list}");
        }
        for (path, of) in [
            ("/v1/referral-pipeline?programme=mrp", "/referrals"),
            ("/v1/agency-response?programme=mrp", "/totals/requests"),
        ] {
            let theirs = other.get(&format!("{path}&{dates}")).await.expect(200);
            let ours = service.worker().get(&format!("{path}&{dates}")).await.expect(200);
            let counts = (theirs.pointer(of), ours.pointer(of));
            assert_eq!(counts, (Some(&json!(0)), Some(&json!(1))), "{path}");
        }
        for (path, of) in [
            ("/v1/risk-trajectory?programme=mrp", "/cases"),
            ("/v1/risk-disagreement?programme=mrp", "/totals/cases"),
            ("/v1/workload?programme=mrp", "/totals/11/cases"),
        ] {
            let of_tenant = async |tenant| {
                let manager = service.as_role(tenant, "team_manager");
                let answer = manager.get(&format!("{path}&{dates}")).await.expect(200);
                answer.pointer(of).unwrap().clone()
            };
            let counts = (of_tenant("county").await, of_tenant("city").await);
            assert_eq!(counts, (json!(0), json!(1)), "{path}");
        }
        let overdue = format!("/v1/agency-response/overdue?{dates}");
        let theirs = other.get(&overdue).await.expect(200);
        let ours = service.worker().get(&overdue).await.expect(200);
        assert_eq!(theirs["requests"], json!([]));
        assert_eq!(ours["requests"][0]["case_id"], json!(case));
        let theirs = other.get(&format!("{outcomes}&{dates}")).await.expect(200);
        let ours = service.worker().get(&format!("{outcomes}&{dates}")).await.expect(200);
        assert_eq!((&theirs["cases"], &ours["cases"]), (&json!(0), &json!(1)));
    }
}

#[tokio::test]
async fn another_tenants_person_is_not_known() {
    let service = Service::start().await;
    let referred = service.worker().post("/v1/referrals", a_referral()).await.expect(201);
    let other = service.as_role("county", "caseworker");
    other.post("/v1/referrals", a_referral()).await.expect(201);
    let before = Recorded::in_database_of(&service).await;

    let referral_of = |person: &Value| {
        let mut referral = a_referral();
        referral["person"] = json!({"person_id": person});
        referral
    };
    let hidden = other.post("/v1/referrals", referral_of(&referred["person_id"])).await;
    let absent = other.post("/v1/referrals", referral_of(&json!(absent_id()))).await;
    // A case is no person, whoever's it is.
    let case = service.worker().post("/v1/referrals", referral_of(&referred["case_id"])).await;
    assert_eq!((hidden.status, hidden.problem().as_str()), (422, "unknown-person"));
    assert_eq!(hidden.json()["errors"][0]["pointer"], "/person/person_id");
    assert_eq!(seen(&hidden), seen(&absent));
    assert_eq!(seen(&case), seen(&absent));
    assert_eq!(Recorded::in_database_of(&service).await, before);

    let known = referral_of(&referred["person_id"]);
    let second = service.worker().post("/v1/referrals", known).await.expect(201);
    assert_eq!(second["person_id"], referred["person_id"]);
}

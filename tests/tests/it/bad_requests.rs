//! Requests that cannot be read or routed, and queries that cannot be right.

use reqwest::Method;
use serde_json::json;

use crate::cases::{absent_id, an_open_case};
use crate::commands;
use crate::refused::{Bench, CANARY, CANARY_WORDS};

const UNREADABLE: (u16, &str) = (400, "unreadable");
const INVALID: (u16, &str) = (422, "invalid");
const NOT_FOUND: (u16, &str) = (404, "not-found");

#[tokio::test]
async fn a_body_that_is_not_json_is_unreadable() {
    let bench = Bench::new().await;
    let path = format!("/v1/cases/{}/needs", bench.case);
    let deep = "[".repeat(5000);
    let texts: [&[u8]; 7] = [
        b"",
        b"canary-7f3a",
        br#"{"need": "housing""#,
        br#"{"need": "housing"} canary-7f3a"#,
        b"{\"need\": \"hous\xffing\"}",
        br#"{"need": NaN}"#,
        deep.as_bytes(),
    ];
    for path in ["/v1/referrals", &path] {
        for text in texts {
            let request = bench.asking(Method::POST, path).await;
            let request = request.header("Content-Type", "application/json").body(text.to_vec());
            bench.assert_refused(path, request, UNREADABLE, &[]).await;
        }
    }
    for body in [json!([]), json!(CANARY), json!(null), json!(3)] {
        let request = bench.posting(&path, &body).await;
        bench.assert_refused("not an object", request, INVALID, &[""]).await;
    }
}

#[tokio::test]
async fn a_body_that_is_not_declared_as_json_is_not_taken() {
    let bench = Bench::new().await;
    let need = json!({"need": "housing", "narrative": CANARY}).to_string();
    let path = format!("/v1/cases/{}/needs", bench.case);
    let wrong =
        ["text/plain", "application/x-www-form-urlencoded", "application/xml", CANARY_WORDS];
    for kind in wrong.into_iter().map(Some).chain([None]) {
        let mut request = bench.asking(Method::POST, &path).await.body(need.clone());
        if let Some(kind) = kind {
            request = request.header("Content-Type", kind);
        }
        bench.assert_refused(&path, request, (415, "unsupported-media-type"), &[]).await;
    }
}

#[tokio::test]
async fn a_body_over_the_limit_is_not_taken() {
    let bench = Bench::new().await;
    let path = format!("/v1/cases/{}/needs", bench.case);
    let long = json!({"need": "housing", "narrative": CANARY.repeat(100_000)}).to_string();
    for path in ["/v1/referrals", &path] {
        let request = bench.asking(Method::POST, path).await;
        let request = request.header("Content-Type", "application/json").body(long.clone());
        bench.assert_refused(path, request, (413, "too-large"), &[]).await;
    }
    // A narrative has a limit of its own, below the body's.
    let body = json!({"need": "housing", "narrative": CANARY.repeat(6_000)});
    let request = bench.posting(&path, &body).await;
    bench.assert_refused("narrative", request, INVALID, &["/narrative"]).await;
}

#[tokio::test]
async fn a_query_that_cannot_be_right_is_refused() {
    let bench = Bench::new().await;
    let case = format!("/v1/cases/{}", bench.case);
    let timeline = format!("{case}/timeline");
    let outcomes = "/v1/outcomes?programme=mrp&measure=risk_level";
    let mut ahead = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(120);
    ahead = ahead.round(jiff::Unit::Second).unwrap();
    let ahead = format!("known_at={ahead}");
    let dated = [
        ("as_of=canary-7f3a", "?as_of"),
        ("as_of=2024-05-01", "?as_of"),
        ("as_of=2024-13-01T00:00:00Z", "?as_of"),
        ("as_of=", "?as_of"),
        ("known_at=canary-7f3a", "?known_at"),
        (&ahead, "?known_at"),
        ("reading=canary-7f3a", "?reading"),
        ("reading=recorded&reading=recorded", "?reading"),
        ("as_of=2024-05-01T00:00:00Z&as_of=2024-05-01T00:00:00Z", "?as_of"),
        ("canary-7f3a=1", "?"),
        ("as_off=2024-05-01T00:00:00Z", "?"),
        ("AS_OF=2024-05-01T00:00:00Z", "?"),
    ];
    let pipeline = "/v1/referral-pipeline?programme=mrp";
    let agencies = "/v1/agency-response";
    let overdue = "/v1/agency-response/overdue";
    let paths = [
        case.as_str(),
        &timeline,
        "/v1/caseloads",
        "/v1/caseloads/w-ann",
        outcomes,
        pipeline,
        agencies,
        overdue,
    ];
    for path in paths {
        for (query, place) in dated {
            let separator = if path.contains('?') { '&' } else { '?' };
            let path = format!("{path}{separator}{query}");
            let request = bench.asking(Method::GET, &path).await;
            bench.assert_refused(&path, request, INVALID, &[place]).await;
        }
    }
    for path in [timeline.as_str(), "/v1/caseloads", "/v1/caseloads/w-ann"] {
        for limit in ["0", "-1", "1001", "canary-7f3a", "", "1.5"] {
            let path = format!("{path}?limit={limit}");
            let request = bench.asking(Method::GET, &path).await;
            bench.assert_refused(&path, request, INVALID, &["?limit"]).await;
        }
    }
}

#[tokio::test]
async fn outcomes_of_what_cannot_be_are_refused() {
    let bench = Bench::new().await;
    let faults = [
        ("measure=risk_level", "?programme"),
        ("programme=mrp", "?measure"),
        ("programme=canary-7f3a&measure=risk_level", "?programme"),
        ("programme=mrp&measure=Canary%207F3A", "?measure"),
        ("programme=mrp&measure=risk_level&role=canary-7f3a", "?role"),
        ("programme=mrp&measure=risk_level&area=Canary%207F3A", "?area"),
        ("programme=mrp&measure=risk_level&from=Canary%207F3A", "?from"),
        ("programme=mrp&measure=risk_level&to=Canary%207F3A", "?to"),
        ("programme=mrp&measure=risk_level&instrument=Canary%207F3A", "?instrument"),
    ];
    for (query, place) in faults {
        let request = bench.asking(Method::GET, &format!("/v1/outcomes?{query}")).await;
        bench.assert_refused(query, request, INVALID, &[place]).await;
    }
}

#[tokio::test]
async fn figures_of_what_cannot_be_are_refused() {
    let bench = Bench::new().await;
    let mrp = "referral-pipeline?programme=mrp";
    let faults = [
        ("referral-pipeline".to_owned(), "?programme"),
        ("referral-pipeline?programme=canary-7f3a".to_owned(), "?programme"),
        (format!("{mrp}&role=canary-7f3a"), "?role"),
        (format!("{mrp}&source=canary-7f3a"), "?source"),
        (format!("{mrp}&area=Canary%207F3A"), "?area"),
        (format!("{mrp}&from=canary-7f3a"), "?from"),
        (format!("{mrp}&from=2024-01-02T00:00:00Z&to=2024-01-01T00:00:00Z"), "?to"),
        (format!("{mrp}&agency=police"), "?"),
        ("agency-response?programme=canary-7f3a".to_owned(), "?programme"),
        ("agency-response?agency=canary-7f3a".to_owned(), "?agency"),
        ("agency-response?to=2024-01-01".to_owned(), "?to"),
        ("agency-response?worker=w-ann".to_owned(), "?"),
        ("agency-response/overdue?programme=canary-7f3a".to_owned(), "?programme"),
        ("agency-response/overdue?agency=canary-7f3a".to_owned(), "?agency"),
        ("agency-response/overdue?worker=Canary%207F3A".to_owned(), "?worker"),
        ("agency-response/overdue?limit=0".to_owned(), "?limit"),
        ("agency-response/overdue?cursor=canary-7f3a".to_owned(), "?cursor"),
        ("agency-response/overdue?from=2024-01-01T00:00:00Z".to_owned(), "?"),
        ("risk-trajectory?programme=canary-7f3a".to_owned(), "?programme"),
        ("risk-trajectory?role=canary-7f3a".to_owned(), "?role"),
        ("risk-trajectory?area=Canary%207F3A".to_owned(), "?area"),
        ("risk-trajectory?worker=w-ann".to_owned(), "?"),
        ("risk-trajectory?as_of=canary-7f3a".to_owned(), "?as_of"),
        ("risk-disagreement?programme=canary-7f3a".to_owned(), "?programme"),
        ("risk-disagreement?role=canary-7f3a".to_owned(), "?role"),
        ("risk-disagreement?area=Canary%207F3A".to_owned(), "?area"),
        ("risk-disagreement?status=canary-7f3a".to_owned(), "?status"),
        ("risk-disagreement?worker=w-ann".to_owned(), "?"),
        ("risk-disagreement?limit=0".to_owned(), "?limit"),
        ("risk-disagreement?cursor=canary-7f3a".to_owned(), "?cursor"),
        ("risk-disagreement?known_at=canary-7f3a".to_owned(), "?known_at"),
        ("instruments?canary=7f3a".to_owned(), "?"),
    ];
    for (query, place) in &faults {
        let request = bench.asking(Method::GET, &format!("/v1/{query}")).await;
        bench.assert_refused(query, request, INVALID, &[*place]).await;
    }
}

#[tokio::test]
async fn steps_need_the_version_they_were_decided_on() {
    let bench = Bench::new().await;
    let steps: Vec<_> = commands::all().into_iter().filter(|command| command.is_step).collect();
    assert_eq!(steps.len(), 7);
    for step in &steps {
        let without = bench.sending(step, &step.body).await;
        bench.assert_refused(step.path, without, (428, "precondition-required"), &[]).await;
    }
    let stale = ["\"1\"", "\"99\"", "W/\"8\"", "\"canary-7f3a\"", "\"1\", \"2\""];
    let malformed = ["5", "canary-7f3a", "", "\"5", "\"5\" \"6", "*, \"5\""];
    for command in commands::all() {
        let path = command.path;
        for if_match in stale {
            let request = bench.sending(&command, &command.body).await;
            let request = request.header("If-Match", if_match);
            bench.assert_refused(path, request, (412, "stale-version"), &[]).await;
        }
        for if_match in malformed {
            let request = bench.sending(&command, &command.body).await;
            let request = request.header("If-Match", if_match);
            bench.assert_refused(path, request, UNREADABLE, &["?If-Match"]).await;
        }
    }
}

#[tokio::test]
async fn a_position_that_is_none_is_unreadable() {
    let bench = Bench::new().await;
    let case = format!("/v1/cases/{}", bench.case);
    for position in [CANARY, "-1", "1.5", "", "99999999999999999999"] {
        for path in [case.as_str(), "/v1/caseloads"] {
            let request = bench.asking(Method::GET, path).await;
            let request = request.header("Throughline-After", position);
            bench.assert_refused(path, request, UNREADABLE, &["?Throughline-After"]).await;
        }
    }
}

#[tokio::test]
async fn an_id_that_is_none_names_nothing() {
    let bench = Bench::new().await;
    let other_case = an_open_case(bench.service.worker()).await;
    let (case, event) = (&bench.case, &bench.facts.event);
    let paths = [
        format!("/v1/cases/{CANARY}"),
        format!("/v1/cases/{CANARY}/timeline"),
        format!("/v1/cases/{}", absent_id()),
        format!("/v1/cases/{case}/events/{CANARY}"),
        format!("/v1/cases/{case}/events/{}", absent_id()),
        format!("/v1/cases/{other_case}/events/{event}"),
        format!("/v1/cases/{case}/events/{case}"),
        "/v1/caseloads/Canary%207F3A".to_owned(),
        "/v1/canary-7f3a".to_owned(),
        "/canary-7f3a?canary-7f3a=1".to_owned(),
        "/v1/cases".to_owned(),
        format!("/v1/cases/{case}/"),
    ];
    for path in paths {
        let request = bench.asking(Method::GET, &path).await;
        bench.assert_refused(&path, request, NOT_FOUND, &[]).await;
    }
}

#[tokio::test]
async fn a_method_that_a_path_does_not_have_is_told_which_it_has() {
    let bench = Bench::new().await;
    let case = format!("/v1/cases/{}", bench.case);
    let attempts = format!("{case}/contact-attempts");
    let methods = [
        (Method::GET, "/v1/referrals", "POST"),
        (Method::PUT, "/v1/referrals", "POST"),
        (Method::GET, attempts.as_str(), "POST"),
        (Method::DELETE, case.as_str(), "GET"),
        (Method::PATCH, case.as_str(), "GET"),
        (Method::POST, "/v1/caseloads", "GET"),
        (Method::POST, "/v1/outcomes", "GET"),
        (Method::from_bytes(b"CANARY-7F3A").unwrap(), case.as_str(), "GET"),
    ];
    for (method, path, allowed) in methods {
        let request = bench.asking(method.clone(), path).await.body(CANARY);
        let what = format!("{method} {path}");
        let refused = (405, "method-not-allowed");
        let answer = bench.assert_refused(&what, request, refused, &[]).await;
        assert_eq!(answer.header("allow"), Some(allowed), "{what}");
    }
}

#[tokio::test]
async fn workloads_of_what_cannot_be_are_refused() {
    let bench = Bench::new().await;
    let faults = [
        ("programme=canary-7f3a", "?programme"),
        ("team=Canary%207F3A", "?team"),
        ("worker=Canary%207F3A", "?worker"),
        ("step=canary-7f3a", "?step"),
        ("from=canary-7f3a", "?from"),
        ("to=2024-01-01", "?to"),
        ("from=2024-02-01T00:00:00Z&to=2024-01-31T00:00:00Z", "?to"),
        ("from=2018-01-01T00:00:00Z&to=2024-01-01T00:00:00Z", "?from"),
        ("from=-009999-01-03T00:00:00Z", "?from"),
        ("limit=101", "?limit"),
        ("cursor=canary-7f3a", "?cursor"),
        ("as_of=canary-7f3a", "?as_of"),
        ("reading=canary-7f3a", "?reading"),
        ("area=city", "?"),
    ];
    for (query, place) in faults {
        for dates in ["", "&as_of=2024-06-01T00:00:00Z"] {
            if query.starts_with("as_of") && !dates.is_empty() {
                continue;
            }
            let path = format!("/v1/workload?{query}{dates}");
            let request = bench.asking_as("team_manager", Method::GET, &path).await;
            bench.assert_refused(&path, request, INVALID, &[place]).await;
        }
    }
}

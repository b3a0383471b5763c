//! How agencies respond to requests that were posted over HTTP, now and at two dates.

use serde_json::{Value, json};

use crate::cases::{an_open_case, text};
use crate::service::{Client, Service};

async fn request(client: Client<'_>, case: &str, agency: &str, due: Option<&str>) -> String {
    let mut body = json!({"occurred_at": "2024-02-01T00:00:00Z", "agency": agency});
    if let Some(due) = due {
        body["due_at"] = json!(due);
    }
    let path = format!("/v1/cases/{case}/information-requests");
    text(&client.post(&path, body).await.expect(201)["event_id"])
}

async fn follow(client: Client<'_>, case: &str, request: &str, step: &str, at: &str) -> String {
    let path = format!("/v1/cases/{case}/information-requests/{request}/{step}");
    text(&client.post(&path, json!({"occurred_at": at})).await.expect(201)["event_id"])
}

/// The answer now, out of the table; and the very same out of the log at the dates it names.
async fn ask(client: Client<'_>, path: &str) -> Value {
    let now = client.get(path).await.expect(200);
    let separator = if path.contains('?') { '&' } else { '?' };
    let dates = format!("as_of={}&known_at={}", text(&now["as_of"]), text(&now["known_at"]));
    let then = client.get(&format!("{path}{separator}{dates}")).await.expect(200);
    assert_eq!(now, then, "the table and the log give one answer");
    now
}

#[tokio::test]
async fn agencies_are_counted_and_measured() {
    let service = Service::start().await;
    let client = service.worker();
    let case = an_open_case(client).await;
    let slow = request(client, &case, "police", Some("2024-02-05T00:00:00Z")).await;
    let quick = request(client, &case, "police", Some("2024-02-20T00:00:00Z")).await;
    let none = request(client, &case, "housing", Some("2024-02-03T00:00:00Z")).await;
    let refused = request(client, &case, "housing", None).await;
    follow(client, &case, &slow, "chases", "2024-02-06T00:00:00Z").await;
    follow(client, &case, &slow, "chases", "2024-02-08T00:00:00Z").await;
    follow(client, &case, &slow, "escalations", "2024-02-09T00:00:00Z").await;
    follow(client, &case, &slow, "response", "2024-02-11T00:00:00Z").await;
    let answer = follow(client, &case, &quick, "response", "2024-02-03T12:00:00Z").await;
    follow(client, &case, &refused, "refusal", "2024-02-04T00:00:00Z").await;

    let evaluator = service.as_role("city", "evaluator");
    let now = ask(evaluator, "/v1/agency-response").await;
    // After ten days and after two and a half.
    let days = json!({
        "mean": 6.25, "min": 2.5, "p25": 4.38, "median": 6.25, "p75": 8.13, "p90": 9.25,
        "max": 10.0,
    });
    let police = json!({
        "agency": "police", "requests": 2, "chases": 2, "requests_chased": 1, "escalations": 1,
        "answered": 2, "answered_late": 1, "refused": 0, "open": 0, "overdue": 0,
        "days_to_answer": days,
    });
    let housing = json!({
        "agency": "housing", "requests": 2, "chases": 0, "requests_chased": 0, "escalations": 0,
        "answered": 0, "answered_late": 0, "refused": 1, "open": 1, "overdue": 1,
        "days_to_answer": null,
    });
    assert_eq!(now["agencies"], json!([police, housing]), "in the order of the code list");
    let totals = &now["totals"];
    assert_eq!((&totals["requests"], &totals["days_to_answer"]), (&json!(4), &days));
    let of_housing = ask(evaluator, "/v1/agency-response?agency=housing").await;
    assert_eq!(of_housing["agencies"], json!([housing]));
    let count = async |query: &str| {
        let path = format!("/v1/agency-response?{query}");
        ask(evaluator, &path).await["totals"]["requests"].clone()
    };
    assert_eq!(count("programme=mrp").await, 4);
    assert_eq!(count("programme=drive").await, 0);
    assert_eq!(count("from=2024-02-01T00:00:00Z").await, 4);
    assert_eq!(count("to=2024-02-01T00:00:00Z").await, 0);

    let overdue = ask(client, "/v1/agency-response/overdue").await;
    assert_eq!(overdue["requests"].as_array().unwrap().len(), 1);
    assert_eq!(overdue["requests"][0]["request_id"], none.as_str());

    // On the eighth of February: the slow one was overdue too, and had been chased twice.
    let as_of = "as_of=2024-02-08T00:00:00Z";
    let then = client.get(&format!("/v1/agency-response/overdue?{as_of}")).await.expect(200);
    let rows = then["requests"].as_array().unwrap();
    assert_eq!(rows.len(), 2);
    let expected = json!({
        "case_id": case, "request_id": slow, "programme": "mrp", "worker": "w-ann",
        "agency": "police", "requested_at": "2024-02-01T00:00:00Z",
        "due_at": "2024-02-05T00:00:00Z", "days_overdue": 3.0, "chases": 2,
        "last_chased_at": "2024-02-08T00:00:00Z", "escalations": 0,
    });
    assert_eq!(rows[1], expected);
    let then = client.get(&format!("/v1/agency-response?{as_of}")).await.expect(200);
    assert_eq!((&then["totals"]["open"], &then["totals"]["overdue"]), (&json!(2), &json!(2)));

    // The quick answer turns out to have been about somebody else.
    let path = format!("/v1/cases/{case}/events/{answer}/retraction");
    client.post(&path, json!({"reason": "somebody else"})).await.expect(201);
    let later = ask(evaluator, "/v1/agency-response?agency=police").await;
    assert_eq!((&later["totals"]["answered"], &later["totals"]["overdue"]), (&json!(1), &json!(1)));
    let known = format!("as_of={}&known_at={}", text(&now["as_of"]), text(&now["known_at"]));
    let as_known = evaluator.get(&format!("/v1/agency-response?{known}")).await.expect(200);
    assert_eq!(as_known, now, "what was known then stays as it was");
    let recorded = evaluator.get("/v1/agency-response?reading=recorded").await.expect(200);
    assert_eq!(recorded["totals"]["answered"], 2, "not looked through");
}

#[tokio::test]
async fn whoever_chases_sees_their_own_overdue_requests() {
    let service = Service::start().await;
    let client = service.worker();
    let case = an_open_case(client).await;
    let mine = request(client, &case, "police", Some("2024-02-05T00:00:00Z")).await;
    let of = async |query: &str| {
        let path = format!("/v1/agency-response/overdue?{query}");
        let requests = ask(client, &path).await["requests"].clone();
        requests.as_array().unwrap().iter().map(|r| text(&r["request_id"])).collect::<Vec<_>>()
    };
    assert_eq!(of("worker=w-ann").await, [mine.as_str()]);
    assert_eq!(of("worker=w-bea").await, Vec::<String>::new());
    assert_eq!(of("agency=housing").await, Vec::<String>::new());
    // A case that is handed on takes its requests along.
    let handed = json!({"occurred_at": "2024-03-01T00:00:00Z", "worker": "w-bea"});
    client.step(&case, "allocations", handed).await.expect(201);
    assert_eq!(of("worker=w-bea&agency=police&programme=mrp").await, [mine.as_str()]);
    follow(client, &case, &mine, "response", "2024-03-02T00:00:00Z").await;
    assert_eq!(of("worker=w-bea").await, Vec::<String>::new());
}

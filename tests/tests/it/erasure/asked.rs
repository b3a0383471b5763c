//! What is asked about persons and cannot be done as it is asked.

use reqwest::Method;
use serde_json::{Value, json};

use crate::cases::{Recorded, an_open_case, text};
use crate::service::{Service, read};

const OFFICER: &str = "data_protection_officer";

async fn person_of(service: &Service, case: &str) -> String {
    text(&service.worker().get(&format!("/v1/cases/{case}")).await.expect(200)["person_id"])
}

#[tokio::test]
async fn what_cannot_be_right_is_pointed_to_and_records_nothing() {
    let service = Service::start().await;
    let case = an_open_case(service.worker()).await;
    let person = format!("/v1/persons/{}", person_of(&service, &case).await);
    let officer = service.as_role("city", OFFICER);
    let holds = format!("{person}/legal-holds");
    let hold = officer.post(&holds, json!({"reason": "inquest"})).await.expect(201);
    let release = format!("{holds}/{}/release", text(&hold["event_id"]));
    let before = Recorded::in_database_of(&service).await;

    let erasure = format!("{person}/erasure");
    let wrong: [(&str, Value, &str); 9] = [
        (&erasure, json!({}), "/basis"),
        (&erasure, json!({"basis": "canary"}), "/basis"),
        (&erasure, json!({"basis": "request", "canary": 1}), ""),
        (&erasure, json!({"basis": "request", "precision": "canary"}), "/precision"),
        (&holds, json!({}), "/reason"),
        (&holds, json!({"reason": "canary"}), "/reason"),
        (&holds, json!({"reason": "inquest", "reference": "Canary Coroner"}), "/reference"),
        (&holds, json!({"reason": "inquest", "occurred_at": "canary"}), "/occurred_at"),
        (&release, json!({"canary": 1}), ""),
    ];
    for (path, body, pointer) in wrong {
        let answer = officer.post(path, body.clone()).await;
        let problem = answer.expect(422);
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{body}");
        assert!(!answer.text.contains("anary"), "{answer:?}");
    }
    let later = "2999-01-01T00:00:00Z";
    for (path, body) in [
        (&erasure, json!({"basis": "request", "occurred_at": later})),
        (&holds, json!({"reason": "inquest", "occurred_at": later})),
        (&release, json!({"occurred_at": later})),
    ] {
        let answer = officer.post(path, body).await;
        assert_eq!((answer.status, answer.problem()), (422, "in-future".to_owned()));
        assert_eq!(answer.json()["errors"][0]["pointer"], "/occurred_at");
    }
    for absent in ["canary", &uuid::Uuid::new_v4().to_string(), &case] {
        for (path, body) in [
            (format!("/v1/persons/{absent}/erasure"), json!({"basis": "request"})),
            (format!("/v1/persons/{absent}/legal-holds"), json!({"reason": "inquest"})),
            (format!("{holds}/{absent}/release"), json!({})),
        ] {
            let answer = officer.post(&path, body).await;
            assert_eq!((answer.status, answer.problem()), (404, "not-found".to_owned()), "{path}");
        }
    }
    assert_eq!(Recorded::in_database_of(&service).await, before);

    // A person of another tenant is as absent as nobody.
    let elsewhere = service.as_role("kent", OFFICER);
    let theirs = elsewhere.post(&erasure, json!({"basis": "request"})).await;
    assert_eq!((theirs.status, theirs.problem()), (404, "not-found".to_owned()));
}

/// An erasure, a hold and a release that are sent again with their key.
#[tokio::test]
async fn a_key_makes_each_of_them_once() {
    let service = Service::start().await;
    let case = an_open_case(service.worker()).await;
    let person = format!("/v1/persons/{}", person_of(&service, &case).await);
    let token = service.token("city", OFFICER).await;
    let send = async |path: &str, key: &str, body: &Value| {
        let request = service.request(Method::POST, path).bearer_auth(&token);
        read(request.header("idempotency-key", key).json(body)).await
    };
    let twice = async |path: String, key: &str, body: Value| {
        let first = send(&path, key, &body).await;
        let answer = first.expect(201);
        assert_eq!(send(&path, key, &body).await.text, first.text);
        let mut other = body;
        other["precision"] = "month".into();
        let reused = send(&path, key, &other).await;
        assert_eq!((reused.status, reused.problem()), (422, "idempotency-key-reused".to_owned()));
        text(&answer["event_id"])
    };
    let hold = twice(format!("{person}/legal-holds"), "k1", json!({"reason": "inquest"})).await;
    // A refusal is not remembered.
    let erasure = format!("{person}/erasure");
    let refused = send(&erasure, "k3", &json!({"basis": "request"})).await;
    assert_eq!((refused.status, refused.problem()), (409, "legal-hold".to_owned()));
    twice(format!("{person}/legal-holds/{hold}/release"), "k2", json!({})).await;
    twice(erasure, "k3", json!({"basis": "request"})).await;
    let client = service.database.connect().await;
    let sql = "SELECT count(*) FROM event JOIN stream USING (tenant_no, stream_no) \
               WHERE kind = 'person'";
    let events: i64 = client.query_one(sql, &[]).await.unwrap().get(0);
    assert_eq!(events, 4, "registered, held, released, erased");
}

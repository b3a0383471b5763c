//! How risk went, over HTTP: one case and many, now and at two dates.

use serde_json::{Value, json};

use crate::cases::{an_open_case, text};
use crate::service::{Client, Service};

/// The answer now, out of the table; and the very same out of the log at the dates it names.
async fn ask(client: Client<'_>, path: &str) -> Value {
    let now = client.get(path).await.expect(200);
    let separator = if path.contains('?') { '&' } else { '?' };
    let dates = format!("as_of={}&known_at={}", text(&now["as_of"]), text(&now["known_at"]));
    let then = client.get(&format!("{path}{separator}{dates}")).await.expect(200);
    assert_eq!(now, then, "the table and the log give one answer");
    now
}

async fn assess(client: Client<'_>, case: &str, level: &str, at: &str) -> String {
    let body = json!({
        "occurred_at": at, "instrument": "dash-safelives/2009", "level": level,
        "assessor_role": "idva",
    });
    let path = format!("/v1/cases/{case}/risk-assessments");
    text(&client.post(&path, body).await.expect(201)["event_id"])
}

fn levels(trajectory: &Value) -> Vec<&str> {
    let spells = trajectory["spells"].as_array().unwrap();
    spells.iter().map(|spell| spell["level"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_case_has_its_spells() {
    let service = Service::start().await;
    let client = service.worker();
    // Referred at nine on the 10th of January.
    let case = an_open_case(client).await;
    let path = format!("/v1/cases/{case}/risk-trajectory");
    assert_eq!(ask(client, &path).await["current"], Value::Null);
    let medium = assess(client, &case, "medium", "2024-01-20T09:00:00Z").await;
    let high = assess(client, &case, "high", "2024-02-01T21:00:00Z").await;
    assess(client, &case, "high", "2024-02-10T09:00:00Z").await;
    let closed = json!({"occurred_at": "2024-03-01T09:00:00Z", "reason": "goals_met"});
    client.step(&case, "closure", closed).await.expect(201);

    let trajectory = ask(client, &path).await;
    let spells = json!([
        {
            "level": "medium", "from": "2024-01-20T09:00:00Z", "until": "2024-02-01T21:00:00Z",
            "event_id": medium, "days": 12.5,
        },
        {
            "level": "high", "from": "2024-02-01T21:00:00Z", "until": "2024-03-01T09:00:00Z",
            "event_id": high, "days": 28.5,
        },
    ]);
    assert_eq!(trajectory["spells"], spells);
    assert_eq!(trajectory["not_assessed_days"], 10.0);
    let moves = ["rises", "falls", "unchanged"].map(|of| trajectory[of].as_u64().unwrap());
    assert_eq!((moves, &trajectory["current"]), ([1, 0, 1], &Value::Null));

    // In February it was at high risk, for eight days and a half.
    let then = client.get(&format!("{path}?as_of=2024-02-10T09:00:00Z")).await.expect(200);
    assert_eq!(then["current"]["days"], 8.5);
    // Told late: the level was low in between.
    assess(client, &case, "standard", "2024-01-25T09:00:00Z").await;
    let late = ask(client, &path).await;
    assert_eq!(levels(&late), ["medium", "standard", "high"]);
    assert_eq!((&late["rises"], &late["falls"]), (&json!(1), &json!(1)));
    let correction = json!({"reason": "misread"});
    let retraction = format!("/v1/cases/{case}/events/{medium}/retraction");
    client.post(&retraction, correction).await.expect(201);
    let corrected = ask(client, &path).await;
    assert_eq!(levels(&corrected), ["standard", "high"]);
    let recorded = client.get(&format!("{path}?reading=recorded")).await.expect(200);
    assert_eq!(levels(&recorded), ["medium", "standard", "high"]);
    let dates =
        format!("as_of={}&known_at={}", text(&trajectory["as_of"]), text(&trajectory["known_at"]));
    let as_known = client.get(&format!("{path}?{dates}")).await.expect(200);
    assert_eq!(as_known, trajectory, "what was known then stays as it was");
    let unreferred = client.get(&format!("{path}?as_of=2024-01-10T08:59:59Z")).await;
    assert_eq!((unreferred.status, unreferred.problem().as_str()), (404, "not-found"));
}

#[tokio::test]
async fn many_cases_add_up_and_take_amendments() {
    let service = Service::start().await;
    let client = service.worker();
    let falling = an_open_case(client).await;
    let level = assess(client, &falling, "high", "2024-01-20T09:00:00Z").await;
    assess(client, &falling, "standard", "2024-01-30T09:00:00Z").await;
    let closed = json!({"occurred_at": "2024-02-09T21:00:00Z", "reason": "goals_met"});
    client.step(&falling, "closure", closed).await.expect(201);
    let rising = an_open_case(client).await;
    assess(client, &rising, "medium", "2024-01-20T09:00:00Z").await;

    let evaluator = service.as_role("city", "evaluator");
    let now = ask(evaluator, "/v1/risk-trajectory?programme=mrp").await;
    assert_eq!(
        (&now["cases"], &now["matrix"]),
        (&json!(2), &json!([[0, 0, 0], [0, 0, 0], [1, 0, 0]]))
    );
    let closed = json!({"cases": 0, "days": null});
    assert_eq!(
        now["levels"][0],
        json!({
            "level": "standard", "cases": 1, "spells": 1, "person_days": 10.5, "current": closed,
        })
    );
    assert_eq!(now["levels"][2]["person_days"], 10.0);
    assert_eq!(now["levels"][1]["current"]["cases"], 1);
    assert_eq!(now["not_assessed"], json!({"cases": 2, "person_days": 20.0, "current": 0}));
    let then = evaluator
        .get("/v1/risk-trajectory?programme=mrp&as_of=2024-02-01T09:00:00Z")
        .await
        .expect(200);
    let days = json!({
        "mean": 2.0, "min": 2.0, "p25": 2.0, "median": 2.0, "p75": 2.0, "p90": 2.0, "max": 2.0,
    });
    assert_eq!(then["levels"][0]["current"], json!({"cases": 1, "days": days}));
    assert_eq!(then["levels"][1]["person_days"], 12.0);
    let before =
        evaluator.get("/v1/risk-trajectory?known_at=2024-02-01T09:00:00Z").await.expect(200);
    assert_eq!(before["cases"], 0, "nobody here knew");
    for (query, cases) in [
        ("", 2),
        ("?area=city&role=victim_survivor", 2),
        ("?programme=drive", 0),
        ("?area=north", 0),
    ] {
        let answer = ask(evaluator, &format!("/v1/risk-trajectory{query}")).await;
        assert_eq!(answer["cases"], cases, "{query}");
    }

    let retraction = format!("/v1/cases/{falling}/events/{level}/retraction");
    client.post(&retraction, json!({"reason": "misread"})).await.expect(201);
    let later = ask(evaluator, "/v1/risk-trajectory?programme=mrp").await;
    assert_eq!((&later["falls"], &later["not_assessed"]["person_days"]), (&json!(0), &json!(30.0)));
    let dates = format!("as_of={}&known_at={}", text(&now["as_of"]), text(&now["known_at"]));
    let as_known =
        evaluator.get(&format!("/v1/risk-trajectory?programme=mrp&{dates}")).await.expect(200);
    assert_eq!(as_known, now, "what was known then stays as it was");
}

/// An independent fold found that the answer at a date that lies ahead went with the clock: time was
/// counted up to the present, and the same question had another answer a moment later.
#[tokio::test]
async fn a_date_that_lies_ahead_is_counted_up_to() {
    let service = Service::start().await;
    let client = service.worker();
    let case = an_open_case(client).await;
    assess(client, &case, "high", "2024-01-20T09:00:00Z").await;
    let dates = "as_of=2124-01-20T09:00:00Z&known_at=2124-01-01T00:00:00Z";
    let refused = client.get(&format!("/v1/risk-trajectory?{dates}")).await;
    assert_eq!(refused.status, 422, "what will be known is not known");

    let dates = "as_of=2124-01-20T09:00:00Z";
    let one = client.get(&format!("/v1/cases/{case}/risk-trajectory?{dates}")).await.expect(200);
    // A hundred years with 24 leap days: 2100 has none.
    assert_eq!(one["current"]["days"], 36_524.0);
    let many = client.get(&format!("/v1/risk-trajectory?{dates}")).await.expect(200);
    let high = many["levels"].as_array().unwrap().iter().find(|level| level["level"] == "high");
    assert_eq!(high.unwrap()["person_days"], 36_524.0);
    let timeline = client.get(&format!("/v1/cases/{case}/timeline?{dates}")).await.expect(200);
    assert_eq!(timeline["as_of"], "2124-01-20T09:00:00Z");
}

//! How a person can be contacted safely: what the worker about to call is told, what the manager is
//! told of contacts made all the same, and that nobody else is told anything.

use reqwest::Method;
use serde_json::{Value, json};

use crate::cases::{a_full_checklist, absent_id, an_open_case, text};
use crate::feed::reader::every_event;
use crate::service::{Client, Service, log_text, read};
use crate::telemetry::commands::Description;

/// Sets a plan, and returns its event.
async fn a_plan(client: Client<'_>, case: &str, plan: Value) -> String {
    let path = format!("/v1/cases/{case}/safe-contact-plan");
    text(&client.send(Method::PUT, &path, &[], Some(plan)).await.expect(201)["event_id"])
}

async fn a_hold(client: Client<'_>, case: &str, at: &str, reason: &str) -> String {
    let body = json!({"occurred_at": at, "reason": reason});
    let path = format!("/v1/cases/{case}/contact-holds");
    text(&client.post(&path, body).await.expect(201)["event_id"])
}

/// From 1 February to 1 May 2024: the telephone on Tuesdays from nine to three on a British clock,
/// texts through her sister, no letters; then anything by email alone.
async fn two_plans(client: Client<'_>, case: &str) -> [String; 2] {
    let hours = json!({"days": ["tuesday"], "from": "09:00", "until": "15:00"});
    let first = json!({
        "occurred_at": "2024-02-01T09:00:00Z", "may_be_told": ["gp"],
        "channels": {
            "phone": {"safety": "conditions", "hours": [hours]},
            "text": {"safety": "conditions", "third_party": "sister"},
            "letter": {"safety": "unsafe"}, "email": {"safety": "safe"},
        },
        "narrative": "he reads the post",
    });
    let second = json!({
        "occurred_at": "2024-03-01T09:00:00Z", "in_force_from": "2024-05-01T00:00:00Z",
        "channels": {"email": {"safety": "safe"}}, "otherwise": "unsafe",
    });
    [a_plan(client, case, first).await, a_plan(client, case, second).await]
}

async fn asked(client: Client<'_>, case: &str, as_of: &str) -> Value {
    client.get(&format!("/v1/cases/{case}/safe-contact-plan?as_of={as_of}")).await.expect(200)
}

/// How a channel stands, and why.
fn standing(answer: &Value, channel: &str) -> (String, String) {
    let channels = answer["channels"].as_array().unwrap();
    let found = channels.iter().find(|told| told["channel"] == channel).unwrap();
    (text(&found["standing"]), text(&found["reason"]))
}

#[tokio::test]
async fn the_worker_about_to_call_is_told_what_is_safe_now_and_why() {
    let service = Service::start().await;
    let client = service.worker();
    let case = an_open_case(client).await;
    let [first, second] = two_plans(client, &case).await;
    let hold = a_hold(client, &case, "2024-04-10T00:00:00Z", "not_safe").await;
    let lifting = format!("/v1/cases/{case}/contact-holds/{hold}/lifting");
    client.post(&lifting, json!({"occurred_at": "2024-04-12T00:00:00Z"})).await.expect(201);
    let pause = a_hold(client, &case, "2024-04-20T00:00:00Z", "planned_or_pending").await;

    for (as_of, channel, expected) in [
        ("2024-01-31T10:00:00Z", "phone", ("not_said", "no_plan")),
        // The second of April was a Tuesday, and summer time.
        ("2024-04-02T08:00:00Z", "phone", ("safe", "within_hours")),
        ("2024-04-02T14:00:00Z", "phone", ("unsafe", "outside_hours")),
        ("2024-04-03T10:00:00Z", "phone", ("unsafe", "outside_hours")),
        ("2024-04-02T08:00:00Z", "text", ("conditional", "third_party")),
        ("2024-04-02T08:00:00Z", "letter", ("unsafe", "plan")),
        ("2024-04-02T08:00:00Z", "email", ("safe", "plan")),
        ("2024-04-02T08:00:00Z", "home_visit", ("not_said", "no_plan")),
        ("2024-04-11T10:00:00Z", "email", ("unsafe", "on_hold")),
        ("2024-04-12T10:00:00Z", "email", ("safe", "plan")),
        ("2024-04-21T10:00:00Z", "email", ("safe", "plan")),
        ("2024-05-01T00:00:00Z", "email", ("safe", "plan")),
        ("2024-05-01T00:00:00Z", "home_visit", ("unsafe", "plan")),
    ] {
        let answer = asked(client, &case, as_of).await;
        let expected = (expected.0.to_owned(), expected.1.to_owned());
        assert_eq!(standing(&answer, channel), expected, "{channel} {as_of}");
        // What is told is what recording the contact would say.
        let attempt = json!({"occurred_at": as_of, "channel": channel, "outcome": "no_answer"});
        let path = format!("/v1/cases/{case}/contact-attempts");
        let recorded = client.post(&path, attempt).await.status;
        assert_eq!(recorded, if expected.0 == "unsafe" { 409 } else { 201 }, "{channel} {as_of}");
    }

    let april = asked(client, &case, "2024-04-21T10:00:00Z").await;
    assert_eq!(april["plan"]["event_id"], json!(first));
    assert_eq!(april["plan"]["in_force_from"], "2024-02-01T09:00:00Z");
    assert_eq!(april["plan"]["narrative"], "he reads the post");
    assert_eq!(april["plan"]["may_be_told"], json!(["gp"]));
    let phone = json!({
        "safety": "conditions",
        "hours": [{"days": ["tuesday"], "from": "09:00:00", "until": "15:00:00"}],
    });
    assert_eq!(april["plan"]["channels"]["phone"], phone);
    assert_eq!(
        (&april["next"]["event_id"], &april["next"]["in_force_from"]),
        (&json!(second), &json!("2024-05-01T00:00:00Z"))
    );
    let holds = json!([{
        "hold_id": pause, "reason": "planned_or_pending", "since": "2024-04-20T00:00:00Z",
        "forbids": false,
    }]);
    assert_eq!(april["holds"], holds);
    // Without a plan there is an answer, and it says so.
    let other = an_open_case(client).await;
    let nothing = client.get(&format!("/v1/cases/{other}/safe-contact-plan")).await;
    assert_eq!(nothing.header("cache-control"), Some("no-store"));
    assert_eq!(nothing.expect(200)["plan"], Value::Null);
    // Nor was a case referred before it was.
    client
        .get(&format!("/v1/cases/{case}/safe-contact-plan?as_of=2023-01-01T00:00:00Z"))
        .await
        .expect(404);
    client.get(&format!("/v1/cases/{}/safe-contact-plan", absent_id())).await.expect(404);
    client.get(&format!("/v1/cases/{case}/safe-contact-plan?reading=recorded")).await.expect(422);
}

#[tokio::test]
async fn a_plan_is_told_as_it_was_known_and_corrected_and_ahead_of_time() {
    let service = Service::start().await;
    let client = service.worker();
    let case = an_open_case(client).await;
    let [first, _] = two_plans(client, &case).await;
    let before = jiff::Timestamp::now();
    let path = format!("/v1/cases/{case}/events/{first}/correction");
    let changes = json!({"channels": {"letter": {"safety": "safe"}}, "narrative": "her own box"});
    let body = json!({"reason": "a slip of the pen", "replacement": changes});
    client.post(&path, body).await.expect(201);
    let april = "2024-04-02T08:00:00Z";
    let answer = asked(client, &case, april).await;
    assert_eq!(standing(&answer, "letter").0, "safe");
    assert_eq!(answer["plan"]["narrative"], "her own box");
    let then = asked(client, &case, &format!("{april}&known_at={before}")).await;
    assert_eq!(standing(&then, "letter").0, "unsafe");
    assert_eq!(then["plan"]["narrative"], "he reads the post");
    // A plan for a day that is still to come.
    let ahead = json!({"in_force_from": "2099-01-01T00:00:00Z", "otherwise": "safe"});
    let ahead = a_plan(client, &case, ahead).await;
    let now = client.get(&format!("/v1/cases/{case}/safe-contact-plan")).await.expect(200);
    assert_eq!(now["next"]["event_id"], json!(ahead));
    assert_eq!(standing(&now, "letter").0, "unsafe");
    let then = asked(client, &case, "2099-01-01T00:00:00Z").await;
    assert_eq!(then["plan"]["event_id"], json!(ahead));
    assert_eq!((standing(&then, "letter").0, then.get("next")), ("safe".to_owned(), None));
}

#[tokio::test]
async fn a_contact_made_all_the_same_shows_on_the_timeline_and_to_the_manager() {
    let service = Service::start().await;
    let client = service.worker();
    let case = an_open_case(client).await;
    let [first, _] = two_plans(client, &case).await;
    let attempts = format!("/v1/cases/{case}/contact-attempts");
    let attempt = async |at: &str, channel: &str, reason: &str| {
        let body = json!({
            "occurred_at": at, "channel": channel, "outcome": "reached", "override_reason": reason,
        });
        text(&client.post(&attempts, body).await.expect(201)["event_id"])
    };
    let letter = attempt("2024-04-02T08:00:00Z", "letter", "person_asked").await;
    let hold = a_hold(client, &case, "2024-04-10T00:00:00Z", "not_safe").await;
    let body = json!({
        "occurred_at": "2024-04-11T00:00:00Z", "worker": "w-ben", "checklist": a_full_checklist(),
    });
    client.step(&case, "handovers", body).await.expect(201);
    let email = attempt("2024-04-12T08:00:00Z", "email", "immediate_danger").await;

    let timeline = client.get(&format!("/v1/cases/{case}/timeline")).await.expect(200);
    let entries = timeline["entries"].as_array().unwrap();
    let entry = entries.iter().find(|entry| entry["event_id"] == json!(letter)).unwrap();
    assert_eq!(entry["data"]["override_reason"], "person_asked");

    let manager = service.as_role("city", "team_manager");
    let by_plan = json!({
        "case_id": case, "event_id": letter, "programme": "mrp", "worker": "w-ann",
        "occurred_at": "2024-04-02T08:00:00Z", "precision": "instant", "channel": "letter",
        "override_reason": "person_asked", "objection": "plan", "objection_id": first,
    });
    let by_hold = json!({
        "case_id": case, "event_id": email, "programme": "mrp", "worker": "w-ben",
        "occurred_at": "2024-04-12T08:00:00Z", "precision": "instant", "channel": "email",
        "override_reason": "immediate_danger", "objection": "hold", "objection_id": hold,
    });
    let list = "/v1/contact-overrides";
    let present = manager.get(list).await.expect(200);
    assert_eq!(present["overrides"], json!([by_hold, by_plan]));
    let (as_of, known_at) = (text(&present["as_of"]), text(&present["known_at"]));
    let dates = format!("as_of={as_of}&known_at={known_at}");
    for (query, expected) in [
        (dates.clone(), json!([by_hold, by_plan])),
        ("from=2024-04-03T00:00:00Z".to_owned(), json!([by_hold])),
        (format!("to=2024-04-12T08:00:00Z&{dates}"), json!([by_plan])),
        ("as_of=2024-04-05T00:00:00Z".to_owned(), json!([by_plan])),
    ] {
        let answer = manager.get(&format!("{list}?{query}")).await.expect(200);
        assert_eq!(answer["overrides"], expected, "{query}");
    }
    // Page by page, of the present and of the past.
    for dates in [String::new(), format!("&{dates}")] {
        let page = manager.get(&format!("{list}?limit=1{dates}")).await.expect(200);
        assert_eq!(page["overrides"], json!([by_hold]));
        let next = format!("{list}?limit=1{dates}&cursor={}", text(&page["next"]));
        let page = manager.get(&next).await.expect(200);
        assert_eq!((&page["overrides"], page.get("next")), (&json!([by_plan]), None));
    }
    for query in ["from=2024-04-03T00:00:00Z&to=2024-04-02T00:00:00Z", "limit=0", "worker=w-ann"] {
        manager.get(&format!("{list}?{query}")).await.expect(422);
    }

    // The plan was wrong: the contact was made all the same, and nothing spoke against it.
    let path = format!("/v1/cases/{case}/events/{first}/retraction");
    client.post(&path, json!({"reason": "another person"})).await.expect(201);
    let now = manager.get(list).await.expect(200);
    assert_eq!(now["overrides"][1].get("objection"), None, "{now}");
    let then = manager.get(&format!("{list}?{dates}")).await.expect(200);
    assert_eq!(then["overrides"], json!([by_hold, by_plan]));
    // Another tenant's manager has none of them.
    let county = service.as_role("county", "team_manager");
    an_open_case(service.as_role("county", "caseworker")).await;
    assert_eq!(county.get(list).await.expect(200)["overrides"], json!([]));
}

#[tokio::test]
async fn a_plan_is_found_in_no_feed_no_evaluators_answer_no_log_line_and_no_metric() {
    let service = Service::start_with(&[("RUST_LOG", "trace")]).await;
    let client = service.worker();
    let case = an_open_case(client).await;
    let hours = json!({"days": ["saturday"], "from": "18:13:07", "until": "19:47:53"});
    let plan = json!({
        "occurred_at": "2024-02-01T09:00:00Z", "in_force_from": "2024-02-03T04:05:06.789123Z",
        "channels": {"online": {
            "safety": "conditions", "hours": [hours], "third_party": "canary9f3a_sister",
        }},
        "otherwise": "unsafe", "may_be_told": ["canary9f3a_gp"],
        "narrative": "canary9f3a: he reads the post",
    });
    let plan = a_plan(client, &case, plan).await;
    let secrets =
        ["canary9f3a", "18:13:07", "19:47:53", "saturday", "04:05:06.789123", plan.as_str()];
    // Whoever may know is told.
    let told = asked(client, &case, "2024-03-01T00:00:00Z").await.to_string();
    assert!(secrets.iter().all(|secret| told.contains(secret)), "{told}");

    let mut seen: Vec<(String, String)> = Vec::new();
    let events = every_event(client).await;
    seen.push(("the feed".to_owned(), json!(events).to_string()));
    let evaluator = service.as_role("city", "evaluator");
    let mut answered = 0;
    for operation in Description::read(client).await.operations() {
        if operation.method != "GET" || operation.path.contains("stream") {
            continue;
        }
        let path = operation.path.replace("{case_id}", &case).replace("{event_id}", &plan);
        let path = path.replace("{worker_id}", "w-ann");
        for query in ["", "?programme=mrp", "?programme=mrp&measure=risk_level"] {
            let answer = evaluator.get(&format!("{path}{query}")).await;
            answered += u32::from(answer.status == 200);
            seen.push((format!("{path}{query}"), answer.text));
        }
    }
    assert!(answered >= 5, "{answered}");
    seen.push(("metrics".to_owned(), read(service.request(Method::GET, "/metrics")).await.text));
    seen.push(("the log".to_owned(), log_text(&service.data_dir)));
    for (place, text) in seen {
        for secret in secrets {
            // An id that was asked for may stand in a path.
            let is_asked = secret == plan && place == "the log";
            assert!(is_asked || !text.contains(secret), "{secret} in {place}");
        }
    }
}

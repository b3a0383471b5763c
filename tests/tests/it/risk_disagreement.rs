//! Who sees risk differently, over HTTP: one case and many, now and at two dates.

use serde_json::{Value, json};

use crate::cases::{an_open_case, text};
use crate::service::{Client, Service};

/// The answer now, out of the tables or the log; and the very same at the dates it names.
async fn ask(client: Client<'_>, path: &str) -> Value {
    let mut now = client.get(path).await.expect(200);
    let separator = if path.contains('?') { '&' } else { '?' };
    let dates = format!("as_of={}&known_at={}", text(&now["as_of"]), text(&now["known_at"]));
    let mut then = client.get(&format!("{path}{separator}{dates}")).await.expect(200);
    // A cursor belongs to its question, and the dates are part of that.
    let next = now.as_object_mut().unwrap().remove("next");
    assert_eq!(next.is_some(), then.as_object_mut().unwrap().remove("next").is_some());
    assert_eq!(now, then, "the tables and the log give one answer");
    now.as_object_mut().unwrap().extend(next.map(|next| ("next".to_owned(), next)));
    now
}

/// Records an assessment by a role of an organisation, and returns its event.
async fn assess(client: Client<'_>, case: &str, who: &str, level: &str, day: u32) -> String {
    view(client, case, who, level, day, Value::Null).await
}

async fn view(
    client: Client<'_>,
    case: &str,
    who: &str,
    level: &str,
    day: u32,
    own_view: Value,
) -> String {
    let (role, organisation) = who.split_once('@').unwrap();
    let body = json!({
        "occurred_at": format!("2024-02-{day:02}T09:00:00Z"), "instrument": "dash-safelives/2009",
        "level": level, "assessor_role": role, "source_organisation": organisation,
        "own_view": own_view,
    });
    let path = format!("/v1/cases/{case}/risk-assessments");
    text(&client.post(&path, body).await.expect(201)["event_id"])
}

fn cases(answer: &Value) -> Vec<String> {
    answer["cases"].as_array().unwrap().iter().map(|case| text(&case["case_id"])).collect()
}

#[tokio::test]
async fn parallel_assessments_stand_side_by_side() {
    let service = Service::start().await;
    let client = service.worker();
    let case = an_open_case(client).await;
    let path = format!("/v1/cases/{case}/risk-assessments");
    let none = ask(client, &path).await;
    assert_eq!((&none["assessors"], &none["risk"]), (&json!([]), &Value::Null));

    let police = assess(client, &case, "officer@police", "high", 1).await;
    view(client, &case, "dva_worker@womens_aid", "high", 3, json!("disagrees")).await;
    let medium =
        view(client, &case, "dva_worker@womens_aid", "medium", 5, json!("disagrees")).await;
    let answer = ask(client, &path).await;
    let assessor = |role: &str, organisation: &str, level: &str, event: &str| {
        json!({
            "assessor_role": role, "source_organisation": organisation, "level": level,
            "instrument": "dash-safelives/2009", "precision": "instant", "event_id": event,
            "compared": true,
        })
    };
    let mut worker = assessor("dva_worker", "womens_aid", "medium", &medium);
    worker["assessed_at"] = json!("2024-02-05T09:00:00Z");
    worker["own_view"] = json!("disagrees");
    worker["assessments"] = json!(2);
    worker["disagreed"] = json!(2);
    let mut officer = assessor("officer", "police", "high", &police);
    officer["assessed_at"] = json!("2024-02-01T09:00:00Z");
    officer["own_view"] = Value::Null;
    officer["assessments"] = json!(1);
    officer["disagreed"] = json!(0);
    assert_eq!(answer["assessors"], json!([worker, officer]));
    let flags = ["levels_differ", "person_disagrees", "assessments"].map(|of| answer[of].clone());
    assert_eq!(flags, [json!(true), json!(true), json!(3)]);

    // The case's level names its rule and what it rests on.
    let read = client.get(&format!("/v1/cases/{case}")).await.expect(200);
    assert_eq!(read["risk"], answer["risk"]);
    assert_eq!(read["risk"]["rule"], "latest-assessment/1");
    assert_eq!(read["risk"]["rests_on"], json!([medium]));
    assert_eq!(
        (&read["risk"]["level"], &read["risk"]["event_id"]),
        (&json!("medium"), &json!(medium))
    );

    // On the 4th both said high, and she disagreed once.
    let then = client.get(&format!("{path}?as_of=2024-02-04T00:00:00Z")).await.expect(200);
    assert_eq!((&then["levels_differ"], &then["assessments"]), (&json!(false), &json!(2)));
    let unreferred = client.get(&format!("{path}?as_of=2024-01-01T00:00:00Z")).await;
    assert_eq!((unreferred.status, unreferred.problem().as_str()), (404, "not-found"));
}

#[tokio::test]
async fn disagreements_are_listed_page_by_page_with_their_totals() {
    let service = Service::start().await;
    let client = service.worker();
    let mut opened = Vec::new();
    for _ in 0..5 {
        opened.push(an_open_case(client).await);
    }
    let [differ, agree, disagrees, late, _] = opened.as_slice() else { panic!("five cases") };
    assess(client, differ, "officer@police", "high", 1).await;
    let medium = assess(client, differ, "idva@idvas", "medium", 9).await;
    assess(client, agree, "officer@police", "medium", 1).await;
    assess(client, agree, "idva@idvas", "medium", 2).await;
    view(client, disagrees, "idva@idvas", "high", 3, json!("disagrees")).await;
    assess(client, late, "officer@police", "standard", 1).await;
    assess(client, late, "idva@idvas", "high", 4).await;

    let path = "/v1/risk-disagreement?programme=mrp";
    let answer = ask(client, path).await;
    assert_eq!(cases(&answer), [disagrees, late, differ].map(String::clone));
    assert_eq!(answer["rule"], "risk-disagreement/1");
    let case = &answer["cases"][2];
    assert_eq!((&case["since"], &case["status"]), (&json!("2024-02-09T09:00:00Z"), &json!("open")));
    assert_eq!((&case["levels_differ"], &case["person_disagrees"]), (&json!(true), &json!(false)));
    assert_eq!(case["views"][0]["event_id"], *medium);
    let totals = json!({
        "cases": 4, "compared": 3, "agree": 1, "differ": 2, "percent_agree": 33.3,
        "person": {"disagrees": 1, "agrees": 0, "not_asked": 0, "not_recorded": 3},
        "disagreements": 3,
        "pairs": [{
            "first": {"assessor_role": "idva", "source_organisation": "idvas"},
            "second": {"assessor_role": "officer", "source_organisation": "police"},
            "cases": 3, "agree": 1, "percent_agree": 33.3,
            "matrix": [[0, 0, 0], [0, 1, 1], [1, 0, 0]],
        }],
    });
    assert_eq!(answer["totals"], totals);

    // Page by page the same, each with the totals of the whole.
    let (mut listed, mut next) = (Vec::new(), format!("{path}&limit=2"));
    for _ in 0..2 {
        let page = client.get(&next).await.expect(200);
        assert_eq!(page["totals"], totals);
        listed.extend(cases(&page));
        next = format!("{path}&limit=2&cursor={}", page["next"].as_str().unwrap_or_default());
    }
    assert_eq!(listed, cases(&answer));
    assert!(next.ends_with("cursor="), "no page follows the last");

    // An evaluator has the totals and sees no case.
    let evaluator = service.as_role("city", "evaluator");
    let counted = ask(evaluator, &format!("{path}&limit=1")).await;
    assert_eq!(counted["totals"], totals);
    assert_eq!((counted.get("cases"), counted.get("next")), (None, None));
    for case in &opened {
        assert!(!counted.to_string().contains(case.as_str()));
    }

    for (question, count) in
        [("drive", 0), ("mrp&area=north", 0), ("mrp&status=open", 3), ("mrp&status=closed", 0)]
    {
        let answer = ask(client, &format!("/v1/risk-disagreement?programme={question}")).await;
        assert_eq!(answer["totals"]["disagreements"], count, "{question}");
        assert_eq!(cases(&answer).len(), count, "{question}");
    }

    // On the 5th two of them agreed or were not assessed by two; a retraction ends a disagreement.
    let then = client.get(&format!("{path}&as_of=2024-02-05T00:00:00Z")).await.expect(200);
    assert_eq!(cases(&then), [disagrees, late].map(String::clone));
    let retraction = format!("/v1/cases/{differ}/events/{medium}/retraction");
    client.post(&retraction, json!({"reason": "of another person"})).await.expect(201);
    assert_eq!(cases(&ask(client, path).await), [disagrees, late].map(String::clone));
    let closed = json!({"occurred_at": "2024-03-01T09:00:00Z", "reason": "goals_met"});
    client.step(late, "closure", closed).await.expect(201);
    let closed = ask(client, &format!("{path}&status=closed")).await;
    assert_eq!(cases(&closed), std::slice::from_ref(late));
}

//! What passes, and when it does not.

use reqwest::Method;
use serde_json::{Value, json};

use super::{
    a_case, a_pair, a_referral, assess, assess_at, change, end, everything_is_looked_at, link,
    the_drive_pair, told, told_of,
};
use crate::cases::text;
use crate::service::{Client, Service};

/// The Drive report: the case manager knows how she can be contacted, and the Idva that his risk rose.
#[tokio::test]
async fn the_drive_pair_is_told_what_the_programme_lets_through() {
    let service = Service::start().await;
    let client = service.worker();
    let (his, hers) = the_drive_pair(&service).await;
    let level = |case: String| async move {
        client.get(&format!("/v1/cases/{case}")).await.expect(200)["risk"]["level"].clone()
    };
    let (his_level, her_level) = (level(his.clone()).await, level(hers.clone()).await);
    link(&service, &hers, &his).await;

    // The present state, since nobody told them before.
    let to_her_worker = told_of(client, &hers, 1).await;
    assert_eq!(change(&to_her_worker[0]), (his_level.clone(), Value::Null));
    let to_his_worker = told_of(client, &his, 2).await;
    assert_eq!(change(&to_his_worker[0]), (her_level.clone(), Value::Null));
    let strategy = &to_his_worker[1];
    assert_eq!(strategy["kind"], "safe_to_contact_strategy");
    assert_eq!(strategy["present"]["channels"]["text"], json!({"safety": "unsafe"}));
    for secret in ["mother", "gp", "messages"] {
        assert!(!strategy.to_string().contains(secret), "{strategy}");
    }

    let risen = if his_level == "high" { "standard" } else { "high" };
    assess(client, &his, risen).await;
    let to_her_worker = told_of(client, &hers, 2).await;
    assert_eq!(change(&to_her_worker[1]), (json!(risen), his_level));
    // Her own level is her own.
    assert_eq!(level(hers).await, her_level);
}

#[tokio::test]
async fn a_strategy_passes_from_her_to_him_and_not_the_other_way() {
    let service = Service::start().await;
    let client = service.worker();
    let (his, hers) = a_pair(client).await;
    link(&service, &his, &hers).await;
    let plan = json!({
        "channels": {"phone": {
            "safety": "conditions", "third_party": "sister",
            "hours": [{"days": ["monday"], "from": "09:00", "until": "12:00"}],
        }},
        "otherwise": "unsafe", "may_be_told": ["gp"], "narrative": "he reads her letters",
    });
    for case in [&his, &hers] {
        let path = format!("/v1/cases/{case}/safe-contact-plan");
        client.send(Method::PUT, &path, &[], Some(plan.clone())).await.expect(201);
    }
    let expected = json!({
        "kind": "safe_to_contact_strategy",
        "present": {
            "channels": {"phone": {
                "safety": "conditions", "more_conditions": true,
                "hours": [{"days": ["monday"], "from": "09:00:00", "until": "12:00:00"}],
            }},
            "otherwise": "unsafe",
        },
    });
    assert_eq!(told_of(client, &his, 1).await[0], expected);
    let holds = format!("/v1/cases/{hers}/contact-holds");
    client.post(&holds, json!({"reason": "not_safe"})).await.expect(201);
    let mut on_hold = expected;
    on_hold["on_hold"] = json!(true);
    assert_eq!(told_of(client, &his, 2).await[1], on_hold);
    everything_is_looked_at(&service).await;
    assert_eq!(told(client, &hers).await, [] as [Value; 0]);
    // What he is told of her binds nobody who turns to him.
    let plan = client.get(&format!("/v1/cases/{his}/safe-contact-plan")).await.expect(200);
    assert!(plan.to_string().contains("unsafe"), "his own: {plan}");
}

#[tokio::test]
async fn what_passes_is_the_difference_that_a_fact_makes() {
    let service = Service::start().await;
    let client = service.worker();
    let (his, hers) = a_pair(client).await;
    // Before the link: only what holds when it begins.
    assess_at(client, &his, "standard", Some("2026-01-10T09:00:00Z")).await;
    let medium = assess_at(client, &his, "medium", Some("2026-02-10T23:30:00Z")).await;
    link(&service, &his, &hers).await;
    let told = told_of(client, &hers, 1).await;
    assert_eq!(change(&told[0]), (json!("medium"), Value::Null));
    assert_eq!(told[0]["assessed"], json!({"at": "2026-02-10T00:00:00Z", "precision": "day"}));

    // Of the past, and of the same level: nothing.
    assess_at(client, &his, "high", Some("2026-01-20T09:00:00Z")).await;
    let same = assess_at(client, &his, "medium", Some("2026-03-01T09:00:00Z")).await;
    // A correction, and a retraction, as the change that they make.
    let event = |event: &str, what: &str| format!("/v1/cases/{his}/events/{event}/{what}");
    let corrected = json!({"reason": "misread", "replacement": {"level": "high"}});
    client.post(&event(&same, "correction"), corrected).await.expect(201);
    let reason = json!({"reason": "another person's"});
    client.post(&event(&same, "retraction"), reason.clone()).await.expect(201);
    client.post(&event(&medium, "retraction"), reason).await.expect(201);
    let told = told_of(client, &hers, 4).await;
    let changes: Vec<_> = told[1..].iter().map(change).collect();
    let [standard_to, medium_to, high_to] = ["standard", "medium", "high"].map(|of| json!(of));
    assert_eq!(
        changes,
        [
            (high_to.clone(), medium_to.clone()),
            (medium_to.clone(), high_to.clone()),
            (high_to, medium_to)
        ]
    );
    assert_ne!(told[3]["level"], standard_to);
}

#[tokio::test]
async fn after_the_link_has_ended_nothing_passes_until_it_begins_again() {
    let service = Service::start().await;
    let client = service.worker();
    let (his, hers) = a_pair(client).await;
    let first = link(&service, &his, &hers).await;
    assess(client, &his, "medium").await;
    told_of(client, &hers, 1).await;
    end(&service, &first).await;
    assess(client, &his, "high").await;
    everything_is_looked_at(&service).await;
    assert_eq!(told(client, &hers).await.len(), 1);

    let again = link(&service, &hers, &his).await;
    assert_eq!(again, first, "a pair of cases has one link");
    let told = told_of(client, &hers, 2).await;
    assert_eq!(change(&told[1]), (json!("high"), Value::Null));
}

#[tokio::test]
async fn nobody_is_told_where_nobody_works_and_whoever_begins_is() {
    let service = Service::start().await;
    let client = service.worker();
    let his = a_case(client, "perpetrator").await;
    let hers = a_referral(client, "victim_survivor").await;
    link(&service, &his, &hers).await;
    assess(client, &his, "medium").await;
    everything_is_looked_at(&service).await;
    assert_eq!(told(client, &hers).await, [] as [Value; 0]);
    client.step(&hers, "acceptance", json!({})).await.expect(201);
    assert_eq!(change(&told_of(client, &hers, 1).await[0]), (json!("medium"), Value::Null));

    client.step(&hers, "allocations", json!({"worker": "w-ann"})).await.expect(201);
    client.step(&hers, "closure", json!({"reason": "time_limit"})).await.expect(201);
    assess(client, &his, "high").await;
    everything_is_looked_at(&service).await;
    assert_eq!(told(client, &hers).await.len(), 1);
    client.step(&hers, "reopening", json!({})).await.expect(201);
    assert_eq!(change(&told_of(client, &hers, 2).await[1]), (json!("high"), Value::Null));
}

async fn erase(service: &Service, case: &str) {
    let read = service.worker().get(&format!("/v1/cases/{case}")).await.expect(200);
    let path = format!("/v1/persons/{}/erasure", text(&read["person_id"]));
    let officer = service.as_role("city", "data_protection_officer");
    officer.post(&path, json!({"basis": "request"})).await.expect(201);
}

#[tokio::test]
async fn nothing_passes_from_or_to_who_is_erased_and_the_others_go_on() {
    let service = Service::start().await;
    let client: Client<'_> = service.worker();
    for erased_is_sender in [true, false] {
        let (his, hers) = a_pair(client).await;
        link(&service, &his, &hers).await;
        assess(client, &his, "medium").await;
        told_of(client, &hers, 1).await;
        erase(&service, if erased_is_sender { &his } else { &hers }).await;
        assess(client, &his, "high").await;
        everything_is_looked_at(&service).await;
        // What was told before is codes, and stays as every code does.
        let told = told(client, &hers).await;
        assert_eq!(told.len(), 1, "{told:?}");
    }
}

#[tokio::test]
async fn what_was_told_is_neither_corrected_nor_retracted() {
    let service = Service::start().await;
    let client = service.worker();
    let (his, hers) = a_pair(client).await;
    link(&service, &his, &hers).await;
    assess(client, &his, "high").await;
    told_of(client, &hers, 1).await;
    let event = text(&told(client, &hers).await[0]["event_id"]);
    let path = |what: &str| format!("/v1/cases/{hers}/events/{event}/{what}");
    let correction = json!({"reason": "no", "replacement": {"level": "medium"}});
    for answer in [
        client.post(&path("correction"), correction).await,
        client.post(&path("retraction"), json!({"reason": "no"})).await,
    ] {
        assert_eq!(
            (answer.status, answer.problem().as_str()),
            (409, "linked-information-is-final")
        );
    }
}

#[tokio::test]
async fn a_service_that_is_killed_tells_everything_once() {
    let mut service = Service::start().await;
    let (his, hers) = a_pair(service.worker()).await;
    link(&service, &his, &hers).await;
    let levels = ["medium", "high", "standard"];
    for round in 0..6 {
        let client = service.worker();
        for n in 0..3 {
            assess(client, &his, levels[(round * 3 + n) % 3]).await;
        }
        service.kill_and_restart().await;
    }
    let client = service.worker();
    let told = told_of(client, &hers, 18).await;
    let expected: Vec<Value> = (0..18).map(|n| json!(levels[n % 3])).collect();
    let levels: Vec<Value> = told.iter().map(|told| told["level"].clone()).collect();
    assert_eq!(levels, expected);
}

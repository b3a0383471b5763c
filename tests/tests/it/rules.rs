//! The computed rules: over REST of one case, on the command line of every case.

use serde_json::{Value, json};

use crate::cases::{an_attempt, an_open_case, text};
use crate::service::Service;

fn rule<'a>(answer: &'a Value, id: &str) -> &'a Value {
    let rules = answer["rules"].as_array().unwrap();
    rules.iter().find(|rule| rule["rule"] == id).unwrap_or_else(|| panic!("no rule {id}"))
}

#[tokio::test]
async fn every_rule_is_listed_and_answers_of_a_case() {
    let service = Service::start().await;
    let listed = service.as_role("city", "evaluator").get("/v1/rules").await.expect(200);
    let ids: Vec<String> =
        listed["rules"].as_array().unwrap().iter().map(|rule| text(&rule["rule"])).collect();
    for id in ["mrp-engagement/1", "police-engagement/1", "marac-repeat/old", "closure-due/1"] {
        assert!(ids.contains(&id.to_owned()), "{ids:?}");
    }
    let case = an_open_case(service.worker()).await;
    let answer = service.worker().get(&format!("/v1/cases/{case}/rules")).await.expect(200);
    let answered: Vec<String> =
        answer["rules"].as_array().unwrap().iter().map(|rule| text(&rule["rule"])).collect();
    assert_eq!(answered, ids);
}

#[tokio::test]
async fn an_answer_names_its_rule_and_the_events_it_rests_on_at_any_date() {
    let service = Service::start().await;
    let case = an_open_case(service.worker()).await;
    let path = format!("/v1/cases/{case}/rules");
    let before = service.worker().get(&path).await.expect(200);
    let attempt = an_attempt(service.worker(), &case).await;
    let after = service.worker().get(&path).await.expect(200);
    let engagement = rule(&after, "mrp-engagement/1");
    assert_eq!(engagement["answer"], "sporadic");
    assert_eq!(engagement["event_ids"], json!([attempt]));
    // As it was known before, to the byte.
    let known_at = text(&before["known_at"]);
    let as_of = text(&before["as_of"]);
    let again = service.worker().get(&format!("{path}?as_of={as_of}&known_at={known_at}")).await;
    assert_eq!(again.expect(200)["rules"], before["rules"]);
    assert_eq!(rule(&before, "mrp-engagement/1")["answer"], "none");
    service.worker().get(&format!("{path}?as_of=2000-01-01T00:00:00Z")).await.expect(404);
}

#[tokio::test]
async fn two_rules_are_held_against_one_another_case_by_case() {
    let service = Service::start().await;
    // The police count a start date, the worker a contact.
    let unreached = an_open_case(service.worker()).await;
    let reached = an_open_case(service.worker()).await;
    for _ in 0..3 {
        an_attempt(service.worker(), &reached).await;
    }
    let rules = ["rules", "replay", "mrp-engagement@1", "--against", "police-engagement@1"];
    let arguments = [&rules[..], &["--tenant", "city", "--format", "jsonl"]].concat();
    let output = service.run(&arguments, &[]).await;
    assert!(output.status.success(), "{output:?}");
    let lines = String::from_utf8(output.stdout).unwrap();
    let cases: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(cases.len(), 1, "{cases:?}");
    assert_eq!(cases[0]["case_id"], json!(unreached));
    assert_eq!((&cases[0]["answer"], &cases[0]["against"]), (&json!("none"), &json!("engaged")));
    assert_eq!(cases[0]["basis"], "");
    assert!(!text(&cases[0]["against_basis"]).is_empty());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("1 of 2 cases differ"), "{said}");
    let all = service.run(&[&arguments[..], &["--all"]].concat(), &[]).await;
    assert_eq!(String::from_utf8(all.stdout).unwrap().lines().count(), 2);
    let none = service.run(&["rules", "replay", "no-rule@1", "--against", "dormant@1"], &[]).await;
    assert!(!none.status.success());
}

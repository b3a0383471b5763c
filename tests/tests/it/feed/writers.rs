//! Those who record while others follow.

use reqwest::Method;
use serde_json::json;

use crate::cases::{a_referral, an_open_case};
use crate::service::{Service, read};

/// Records contact attempts in a case of its own, one after another, and returns how many.
pub(crate) async fn record_attempts(service: &Service, count: usize) -> usize {
    let case = an_open_case(service.worker()).await;
    let token = service.token("city", "caseworker").await;
    for _ in 0..count {
        let path = format!("/v1/cases/{case}/contact-attempts");
        let body = json!({
            "occurred_at": "2024-02-01T10:00:00Z", "channel": "phone", "outcome": "no_answer",
        });
        let request = service.request(Method::POST, &path).bearer_auth(&token).json(&body);
        read(request).await.expect(201);
    }
    count
}

/// Records referrals to a programme with as many long criteria as there can be, all of them met:
/// each has facts of about 13,000 bytes.
pub(crate) async fn record_large_referrals(service: &Service, count: usize) {
    let shipped = "/v1/programmes/mrp/versions/1";
    let mut definition = service.worker().get(shipped).await.expect(200);
    let criteria: Vec<String> =
        (0..200).map(|n| format!("a_criterion_of_quite_some_length_{n:031}")).collect();
    let codes = criteria.iter().map(|code| json!({"code": code, "description": "long"}));
    let criteria_in_force = json!({
        "version": 1, "in_force_from": "2020-01-01", "codes": codes.collect::<Vec<_>>(),
        "all_of": [criteria[0]],
    });
    definition["version"] = json!(2);
    definition["in_force_from"] = criteria_in_force["in_force_from"].clone();
    definition["criteria"] = json!([criteria_in_force]);
    let manager = service.as_role("city", "team_manager");
    manager.post("/v1/programmes", definition).await.expect(201);

    let mut referral = a_referral();
    referral["criteria"] = json!(criteria);
    for _ in 0..count {
        service.worker().post("/v1/referrals", referral.clone()).await.expect(201);
    }
}

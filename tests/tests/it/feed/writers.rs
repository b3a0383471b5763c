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

/// Records referrals, each with facts of about so many bytes.
pub(crate) async fn record_large_referrals(service: &Service, count: usize, bytes: usize) {
    let mut referral = a_referral();
    referral["criteria"] =
        (0..bytes / 40).map(|n| format!("a_criterion_of_quite_some_length_{n:04}")).collect();
    for _ in 0..count {
        service.worker().post("/v1/referrals", referral.clone()).await.expect(201);
    }
}

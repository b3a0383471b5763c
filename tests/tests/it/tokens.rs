//! Tokens that do not hold: 401, without saying why, and nothing recorded.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use reqwest::Method;
use serde_json::{Value, json};

use crate::cases::{Recorded, a_referral, a_referred_case};
use crate::service::{Service, read};

/// What a token of the development issuer claims.
fn claims() -> Value {
    let now = jiff::Timestamp::now().as_second();
    json!({
        "iss": "throughline-development", "aud": "throughline", "sub": "w-ann",
        "tenant": "city", "role": "caseworker", "iat": now, "exp": now + 600,
    })
}

fn claims_but(member: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[member] = value;
    claims
}

fn claims_without(member: &str) -> Value {
    let mut claims = claims();
    claims.as_object_mut().unwrap().remove(member);
    claims
}

/// The service's own key, so that a token can be wrong in one thing alone.
fn issuers_key(service: &Service) -> Vec<u8> {
    let file = service.data_dir.join("development-issuer.key");
    STANDARD.decode(std::fs::read_to_string(file).unwrap().trim()).unwrap()
}

fn signed(service: &Service, claims: &Value) -> String {
    let key = EncodingKey::from_ed_der(&issuers_key(service));
    encode(&Header::new(Algorithm::EdDSA), claims, &key).unwrap()
}

/// A token put together by hand.
fn by_hand(header: &Value, claims: &Value, signature: &str) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.{signature}", part(header), part(claims))
}

/// Every `Authorization` that does not hold, with what is wrong with it.
async fn that_do_not_hold(service: &Service) -> Vec<(&'static str, Option<String>)> {
    let good = signed(service, &claims());
    let now = jiff::Timestamp::now().as_second();
    let bearer = |token: &str| Some(format!("Bearer {token}"));
    let with = |member: &str, value: Value| bearer(&signed(service, &claims_but(member, value)));
    let without = |member: &str| bearer(&signed(service, &claims_without(member)));
    let none = json!({"alg": "none", "typ": "JWT"});
    let signature = good.rsplit('.').next().unwrap();
    let hs256 = EncodingKey::from_secret(&issuers_key(service));
    let hs256 = encode(&Header::new(Algorithm::HS256), &claims(), &hs256).unwrap();
    let eddsa = json!({"alg": "EdDSA", "typ": "JWT"});
    let raised = by_hand(&eddsa, &claims_but("role", json!("team_manager")), signature);
    let elsewhere = std::env::temp_dir().join(format!("throughline-{}", uuid::Uuid::new_v4()));
    let arguments = ["--tenant", "city", "--role", "caseworker"];
    let other_issuer = service.issue_in(&elsewhere, &arguments).await;
    std::fs::remove_dir_all(&elsewhere).unwrap();
    vec![
        ("absent", None),
        ("empty", Some(String::new())),
        ("of another scheme", Some(format!("Basic {good}"))),
        ("without a scheme", Some(good.clone())),
        ("without a token", Some("Bearer ".to_owned())),
        ("garbage", bearer("garbage")),
        ("garbage in three parts", bearer("a.b.c")),
        ("cut short", bearer(&good[..good.len() - 4])),
        ("too long", bearer(&"a".repeat(9000))),
        ("of another issuer's key", bearer(&other_issuer)),
        ("of alg none, unsigned", bearer(&by_hand(&none, &claims(), ""))),
        ("of alg none, with a signature", bearer(&by_hand(&none, &claims(), signature))),
        ("signed with the key as a secret", bearer(&hs256)),
        ("altered", bearer(&raised)),
        ("expired", with("exp", json!(now - 60))),
        ("without an end", without("exp")),
        ("not yet good", with("nbf", json!(now + 600))),
        ("naming another issuer", with("iss", json!("https://id.example"))),
        ("naming no issuer", without("iss")),
        ("for another audience", with("aud", json!("another-service"))),
        ("for no audience", without("aud")),
        ("without a subject", without("sub")),
        ("with words for a subject", with("sub", json!("Ann Other"))),
        ("without a tenant", without("tenant")),
        ("with words for a tenant", with("tenant", json!("The City"))),
        ("without a role", without("role")),
        ("of an unknown role", with("role", json!("administrator"))),
    ]
}

#[tokio::test]
async fn a_token_that_does_not_hold_opens_nothing() {
    let service = Service::start().await;
    let case = a_referred_case(service.worker()).await;
    let before = Recorded::in_database_of(&service).await;
    let case = format!("/v1/cases/{case}");
    for (wrong, authorization) in that_do_not_hold(&service).await {
        for (method, path) in [(Method::POST, "/v1/referrals"), (Method::GET, case.as_str())] {
            let mut request = service.request(method.clone(), path);
            if let Some(authorization) = &authorization {
                request = request.header("Authorization", authorization);
            }
            if method == Method::POST {
                request = request.json(&a_referral());
            }
            let answer = read(request).await;
            let kind = (answer.status, answer.problem());
            assert_eq!(kind, (401, "unauthenticated".to_owned()), "{wrong}");
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"), "{wrong}");
            assert_eq!(answer.json().get("errors"), None, "{wrong}: the reason is not told");
        }
    }
    assert_eq!(Recorded::in_database_of(&service).await, before);
}

/// Beside the test above: tokens made the same way open the service when nothing is wrong.
#[tokio::test]
async fn a_token_that_holds_opens_what_its_role_may() {
    let service = Service::start().await;
    service.token("city", "caseworker").await; // The key is there now.
    for scheme in ["Bearer", "bearer"] {
        let token = format!("{scheme} {}", signed(&service, &claims()));
        let request = service.request(Method::POST, "/v1/referrals").json(&a_referral());
        read(request.header("Authorization", token)).await.expect(201);
    }
}

#[tokio::test]
async fn a_request_without_a_token_learns_nothing_of_paths_and_bodies() {
    let service = Service::start().await;
    let garbage = service.request(Method::POST, "/v1/referrals").body("no JSON");
    assert_eq!(read(garbage).await.problem(), "unauthenticated");
    let malformed = service.request(Method::GET, "/v1/cases/no-id?nonsense=1");
    assert_eq!(read(malformed).await.problem(), "unauthenticated");
}

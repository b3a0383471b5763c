//! Tokens of an OpenID Connect issuer, against a real one on a port of its own.

#![cfg(test)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use actix_web::{App, HttpResponse, HttpServer, web};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use throughline_api::authentication::{OidcIssuer, TokenError};

struct Issuer {
    url: String,
    pkcs8: Vec<u8>,
    fetches: Arc<AtomicUsize>,
}

impl Issuer {
    /// Serves discovery and one key, on loopback.
    fn start() -> Self {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        let pair = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).unwrap();
        let key = BASE64.encode(pair.public_key().as_ref());
        let keys = json!({"keys": [{
            "kty": "OKP", "crv": "Ed25519", "x": key, "kid": "k1", "use": "sig"
        }]});
        let fetches = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&fetches);
        let server = HttpServer::new(move || {
            let (keys, counted) = (keys.clone(), Arc::clone(&counted));
            App::new()
                .route(
                    "/.well-known/openid-configuration",
                    web::get().to(|request: actix_web::HttpRequest| async move {
                        let host = request.connection_info().host().to_owned();
                        HttpResponse::Ok().json(json!({"jwks_uri": format!("http://{host}/keys")}))
                    }),
                )
                .route(
                    "/keys",
                    web::get().to(move || {
                        counted.fetch_add(1, Ordering::Relaxed);
                        let keys = keys.clone();
                        async move { HttpResponse::Ok().json(keys) }
                    }),
                )
        })
        .workers(1)
        .disable_signals()
        .bind("127.0.0.1:0")
        .unwrap();
        let url = format!("http://{}", server.addrs()[0]);
        tokio::spawn(server.run());
        Self { url, pkcs8: pkcs8.as_ref().to_vec(), fetches }
    }

    fn claims(&self) -> Value {
        json!({
            "iss": self.url, "aud": "throughline", "sub": "worker-1", "tenant": "city",
            "role": "caseworker", "iat": 0, "exp": 4_000_000_000_i64,
        })
    }

    fn sign(&self, key_id: &str, claims: &Value) -> String {
        let header = Header { kid: Some(key_id.to_owned()), ..Header::new(Algorithm::EdDSA) };
        encode(&header, claims, &EncodingKey::from_ed_der(&self.pkcs8)).unwrap()
    }

    fn verifier(&self) -> OidcIssuer {
        OidcIssuer::new(self.url.clone(), "throughline".to_owned()).unwrap()
    }
}

#[actix_web::test]
async fn a_token_of_the_issuer_holds_and_its_keys_are_fetched_once() {
    let issuer = Issuer::start();
    let verifier = issuer.verifier();
    for _ in 0..3 {
        let claims = verifier.verify(&issuer.sign("k1", &issuer.claims())).await.unwrap();
        assert_eq!((claims.tenant.as_str(), claims.sub.as_str()), ("city", "worker-1"));
    }
    assert_eq!(issuer.fetches.load(Ordering::Relaxed), 1);
}

#[actix_web::test]
async fn a_token_for_somebody_else_or_of_another_time_does_not_hold() {
    let issuer = Issuer::start();
    let verifier = issuer.verifier();
    for (claim, value) in [
        ("aud", json!("another")),
        ("iss", json!("https://elsewhere.example")),
        ("exp", json!(1)),
        ("nbf", json!(4_000_000_000_i64)),
        ("role", json!("root")),
    ] {
        let mut claims = issuer.claims();
        claims[claim] = value;
        let outcome = verifier.verify(&issuer.sign("k1", &claims)).await;
        assert!(matches!(outcome, Err(TokenError::Invalid(_))), "{claim}");
    }
}

#[actix_web::test]
async fn a_token_of_another_key_does_not_hold() {
    let (issuer, other) = (Issuer::start(), Issuer::start());
    let verifier = issuer.verifier();
    let forged = other.sign("k1", &issuer.claims());
    assert!(matches!(verifier.verify(&forged).await, Err(TokenError::Invalid(_))));
    let unknown = issuer.sign("k2", &issuer.claims());
    assert!(matches!(verifier.verify(&unknown).await, Err(TokenError::UnknownKey)));
}

#[actix_web::test]
async fn unknown_keys_do_not_make_the_service_hammer_the_issuer() {
    let issuer = Issuer::start();
    let verifier = issuer.verifier();
    for n in 0..20 {
        let unknown = issuer.sign(&format!("unknown-{n}"), &issuer.claims());
        assert!(verifier.verify(&unknown).await.is_err());
    }
    assert_eq!(issuer.fetches.load(Ordering::Relaxed), 1);
}

#[actix_web::test]
async fn an_issuer_out_of_reach_is_told_apart_from_a_bad_token() {
    let issuer = Issuer::start();
    let gone = OidcIssuer::new("http://127.0.0.1:9".to_owned(), "throughline".to_owned()).unwrap();
    let outcome = gone.verify(&issuer.sign("k1", &issuer.claims())).await;
    assert!(matches!(outcome, Err(TokenError::IssuerUnreachable(_))));
}

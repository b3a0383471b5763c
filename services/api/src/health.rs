//! Is it alive, is it ready: for whoever starts, routes to, and watches the service.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::Serialize;

use crate::app::App;

/// Whether the service can do its work, and by what that was measured: the read models that readers
/// are answered from. Builds that are being made count for nothing.
#[derive(Debug, Serialize)]
struct Readiness {
    ready: bool,
    database: &'static str,
    #[serde(flatten)]
    projections: Option<Measured>,
    limits: ReadyLimits,
}

/// How the projections are, each figure of the one that is worst.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
struct Measured {
    /// How far it is behind, in events.
    lag_events: i64,
    /// For how long the oldest of them has been waiting.
    lag_seconds: f64,
    /// Cases that it could not follow.
    parked_cases: u64,
}

/// From when on the service says that it is not ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ReadyLimits {
    /// The most events that a projection may trail by.
    pub lag_events_max: i64,
    /// The longest that an event may wait for a projection, in seconds.
    pub lag_seconds_max: u32,
    /// The most cases of a tenant that a projection may have set aside. One that cannot be read is a
    /// matter for somebody, but no reason to answer nobody; many are of a program that is too old.
    pub parked_cases_max: u64,
}

impl Default for ReadyLimits {
    fn default() -> Self {
        Self { lag_events_max: 100_000, lag_seconds_max: 300, parked_cases_max: 1_000 }
    }
}

impl ReadyLimits {
    fn hold(&self, measured: &Measured) -> bool {
        measured.lag_events <= self.lag_events_max
            && measured.lag_seconds <= f64::from(self.lag_seconds_max)
            && measured.parked_cases <= self.parked_cases_max
    }
}

/// The process answers.
pub async fn livez() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain").body("alive\n")
}

/// The database answers, the projections are not far behind, and not many cases are set aside.
pub async fn readyz(app: Data<App>) -> HttpResponse {
    let limits = app.settings.ready_limits;
    let projections = measure(&app).await;
    let ready = projections.is_some_and(|measured| limits.hold(&measured));
    let database = if projections.is_some() { "reachable" } else { "out of reach" };
    let readiness = Readiness { ready, database, projections, limits };
    let mut response = if ready { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
    response.json(readiness)
}

async fn measure(app: &App) -> Option<Measured> {
    let client = app.log.pool().get().await.ok()?;
    let status = throughline_projector::status(&client, None).await.ok()?;
    let none = Measured { lag_events: 0, lag_seconds: 0.0, parked_cases: 0 };
    Some(status.iter().fold(none, |worst, status| Measured {
        lag_events: worst.lag_events.max(status.lag_events),
        lag_seconds: worst.lag_seconds.max(status.lag_seconds),
        parked_cases: worst.parked_cases.max(status.parked),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_limit_alone_makes_the_service_unready() {
        let limits = ReadyLimits { lag_events_max: 10, lag_seconds_max: 20, parked_cases_max: 30 };
        let within = Measured { lag_events: 10, lag_seconds: 20.0, parked_cases: 30 };
        assert!(limits.hold(&within));
        assert!(!limits.hold(&Measured { lag_events: 11, ..within }));
        assert!(!limits.hold(&Measured { lag_seconds: 20.1, ..within }));
        assert!(!limits.hold(&Measured { parked_cases: 31, ..within }));
    }
}

//! Is it alive, is it ready: for whoever starts, routes to, and watches the service.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::Serialize;

use crate::app::App;

/// Whether the service can do its work.
#[derive(Serialize)]
struct Readiness {
    ready: bool,
    database: &'static str,
    /// How far the projection that trails most is behind, in events.
    #[serde(skip_serializing_if = "Option::is_none")]
    lag_events: Option<i64>,
}

/// The process answers.
pub async fn livez() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain").body("alive\n")
}

/// The database answers, and the projections are not far behind.
pub async fn readyz(app: Data<App>) -> HttpResponse {
    let lag = lag_events(&app).await;
    let limit = app.settings.ready_lag_events_max;
    let ready = lag.is_some_and(|lag| lag <= limit);
    let database = if lag.is_some() { "reachable" } else { "out of reach" };
    let readiness = Readiness { ready, database, lag_events: lag };
    let mut response = if ready { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
    response.json(readiness)
}

async fn lag_events(app: &App) -> Option<i64> {
    let client = app.log.pool().get().await.ok()?;
    let status = throughline_projector::status(&client, None).await.ok()?;
    Some(status.iter().map(|status| status.lag_events).max().unwrap_or(0))
}

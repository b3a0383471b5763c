//! Counts and times of requests, and the page on which every metric of the process is read.

use std::sync::Arc;
use std::time::Instant;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpResponse};
use jiff::Timestamp;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use crate::app::App;

/// The labels of a request: nothing that a caller chose.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: &'static str,
    route: String,
    status: u16,
}

/// Metrics of the interface.
#[derive(Debug, Clone)]
pub struct HttpMetrics {
    requests: Family<RequestLabels, Counter>,
    seconds: Histogram,
    registry: Arc<Registry>,
}

impl HttpMetrics {
    /// Adds the interface's metrics to a registry that holds everybody else's.
    #[must_use]
    pub fn new(mut registry: Registry) -> Self {
        let requests = Family::<RequestLabels, Counter>::default();
        let seconds = Histogram::new(exponential_buckets(0.000_5, 2.0, 15));
        registry.register(
            "throughline_http_requests",
            "Requests answered, by method, route and status",
            requests.clone(),
        );
        registry.register_with_unit(
            "throughline_http_request",
            "Time from request to answer",
            Unit::Seconds,
            seconds.clone(),
        );
        register_process(&mut registry);
        Self { requests, seconds, registry: Arc::new(registry) }
    }
}

/// Which program this is, and since when it runs.
fn register_process(registry: &mut Registry) {
    registry.register(
        "throughline_build",
        "The program",
        Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]),
    );
    registry.register_with_unit(
        "process_start_time",
        "When the process started, since 1970",
        Unit::Seconds,
        ConstGauge::new(Timestamp::now().as_second()),
    );
}

/// Counts a request.
///
/// # Errors
/// Those of the service behind it.
pub async fn count<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let metrics = request.app_data::<Data<App>>().map(|app| app.metrics.clone());
    let route = request.match_pattern().unwrap_or_else(|| "unmatched".to_owned());
    let method = crate::trace::known_method(request.method().as_str());
    let started = Instant::now();
    let outcome = next.call(request).await;
    if let Some(metrics) = metrics {
        let status = match &outcome {
            Ok(response) => response.status().as_u16(),
            Err(error) => error.as_response_error().status_code().as_u16(),
        };
        metrics.requests.get_or_create(&RequestLabels { method, route, status }).inc();
        metrics.seconds.observe(started.elapsed().as_secs_f64());
    }
    outcome
}

/// Every metric, in the text format that Prometheus reads.
pub async fn metrics(app: Data<App>) -> HttpResponse {
    let mut text = String::new();
    match encode(&mut text, &app.metrics.registry) {
        Ok(()) => HttpResponse::Ok()
            .content_type("application/openmetrics-text; version=1.0.0; charset=utf-8")
            .body(text),
        Err(_) => HttpResponse::InternalServerError().finish(),
    }
}

//! Spans are sent over OTLP when the standard variables say so, and not otherwise.

use std::net::TcpListener;

use super::otlp_receiver::OtlpReceiver;
use crate::cases::an_open_case;
use crate::service::Service;

#[tokio::test]
async fn what_was_not_sent_yet_is_sent_when_the_service_stops() {
    let receiver = OtlpReceiver::start();
    let [endpoint, _] = receiver.variables();
    let variables = [
        endpoint,
        ("OTEL_BSP_SCHEDULE_DELAY", "600000"),
        ("OTEL_SERVICE_NAME", "throughline-north"),
        ("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=trial"),
    ];
    let mut service = Service::start_with(&variables).await;
    an_open_case(service.worker()).await;
    assert_eq!(receiver.spans().len(), 0);
    assert!(service.terminate().await.success());
    let spans = receiver.spans();
    let told = spans.iter().find(|told| told.span.name == "POST /v1/referrals").unwrap();
    assert_eq!(told.resource_attribute("service.name").unwrap(), "throughline-north");
    let place = told.resource_attribute("deployment.environment.name");
    assert_eq!(place.unwrap(), "trial");
}

#[tokio::test]
async fn a_receiver_that_is_away_costs_nobody_an_answer() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let endpoint = format!("http://{port}");
    let variables =
        [("OTEL_EXPORTER_OTLP_ENDPOINT", &*endpoint), ("OTEL_BSP_SCHEDULE_DELAY", "10")];
    let mut service = Service::start_with(&variables).await;
    an_open_case(service.worker()).await;
    assert!(service.terminate().await.success());
}

#[tokio::test]
async fn nothing_is_sent_unless_the_variables_ask_for_it() {
    let receiver = OtlpReceiver::start();
    let [endpoint, delay] = receiver.variables();
    for variables in [
        &[endpoint, delay, ("OTEL_SDK_DISABLED", "true")][..],
        &[endpoint, delay, ("OTEL_TRACES_EXPORTER", "none")],
    ] {
        let mut service = Service::start_with(variables).await;
        an_open_case(service.worker()).await;
        assert!(service.terminate().await.success());
        assert_eq!(receiver.connections(), 0, "{variables:?}");
    }
}

#[tokio::test]
async fn nothing_is_sent_to_the_usual_place_by_itself() {
    // Where OTLP over HTTP goes by default. A machine that runs a collector there cannot tell.
    let Ok(listener) = TcpListener::bind("127.0.0.1:4318") else {
        return;
    };
    let receiver = OtlpReceiver::listen(listener);
    let mut service = Service::start_with(&[("OTEL_BSP_SCHEDULE_DELAY", "10")]).await;
    an_open_case(service.worker()).await;
    assert!(service.terminate().await.success());
    assert_eq!(receiver.connections(), 0);
}

#[tokio::test]
async fn a_way_of_sending_that_is_not_there_stops_the_start() {
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4317"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
    ];
    let output = tokio::process::Command::new(crate::service::program())
        .args(["serve", "--listen", "127.0.0.1:0", "--database-url", "postgres://nobody@nowhere/"])
        .envs(variables)
        .output()
        .await
        .unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("OTEL_EXPORTER_OTLP_PROTOCOL"), "{said}");
}

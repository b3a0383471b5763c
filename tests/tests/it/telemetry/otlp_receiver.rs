//! A real OTLP receiver: HTTP, protobuf, on a port of its own.

use std::fmt::Write as _;
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use actix_web::dev::ServerHandle;
use actix_web::web::{Bytes, Data, PayloadConfig};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use tokio::sync::watch;

use super::WAIT_MAX;

/// Takes spans in until it goes out of scope.
pub(crate) struct OtlpReceiver {
    inbox: Arc<Inbox>,
    endpoint: String,
    server: ServerHandle,
    running: Option<JoinHandle<()>>,
}

struct Inbox {
    connections: AtomicUsize,
    requests: Mutex<Vec<ExportTraceServiceRequest>>,
    changed: watch::Sender<()>,
}

impl OtlpReceiver {
    pub(crate) fn start() -> Self {
        Self::listen(TcpListener::bind("127.0.0.1:0").unwrap())
    }

    pub(super) fn listen(listener: TcpListener) -> Self {
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let inbox = Arc::new(Inbox {
            connections: AtomicUsize::new(0),
            requests: Mutex::default(),
            changed: watch::Sender::new(()),
        });
        let (ready, started) = std::sync::mpsc::channel();
        let running = std::thread::spawn({
            let inbox = Arc::clone(&inbox);
            move || serve(listener, inbox, &ready)
        });
        let server = started.recv().expect("the receiver starts");
        Self { inbox, endpoint, server, running: Some(running) }
    }

    /// The variables that point a service here, and have it send soon.
    pub(crate) fn variables(&self) -> [(&str, &str); 2] {
        [("OTEL_EXPORTER_OTLP_ENDPOINT", &self.endpoint), ("OTEL_BSP_SCHEDULE_DELAY", "50")]
    }

    /// How often anybody connected.
    pub(super) fn connections(&self) -> usize {
        self.inbox.connections.load(Ordering::SeqCst)
    }

    /// Everything that came, whole: names, attributes, events, links and resources.
    pub(crate) fn transcript(&self) -> String {
        let mut text = String::new();
        for request in self.inbox.lock().iter() {
            writeln!(text, "{request:?}").unwrap();
        }
        text
    }

    pub(super) fn spans(&self) -> Vec<Told> {
        let requests = self.inbox.lock();
        let mut told = Vec::new();
        for of_resource in requests.iter().flat_map(|request| &request.resource_spans) {
            let resource = of_resource.resource.clone().unwrap_or_default().attributes;
            for span in of_resource.scope_spans.iter().flat_map(|scope| &scope.spans) {
                told.push(Told { resource: resource.clone(), span: span.clone() });
            }
        }
        told
    }

    /// Waits until what came is enough.
    pub(super) async fn wait_for<T>(
        &self,
        what: &str,
        mut find: impl FnMut(&[Told]) -> Option<T>,
    ) -> T {
        let mut changes = self.inbox.changed.subscribe();
        let found = async {
            loop {
                changes.borrow_and_update();
                if let Some(found) = find(&self.spans()) {
                    return found;
                }
                changes.changed().await.unwrap();
            }
        };
        let found = tokio::time::timeout(WAIT_MAX, found).await;
        found.unwrap_or_else(|_| panic!("no {what} among {:#?}", self.names()))
    }

    fn names(&self) -> Vec<String> {
        self.spans().into_iter().map(|told| told.span.name).collect()
    }
}

impl Drop for OtlpReceiver {
    fn drop(&mut self) {
        // The command is sent at once; the future only waits for its end, as the join does.
        drop(self.server.stop(false));
        let stopped = self.running.take().map(JoinHandle::join);
        assert!(matches!(stopped, Some(Ok(()))) || std::thread::panicking(), "the receiver ends");
    }
}

impl Inbox {
    fn lock(&self) -> MutexGuard<'_, Vec<ExportTraceServiceRequest>> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn serve(listener: TcpListener, inbox: Arc<Inbox>, ready: &std::sync::mpsc::Sender<ServerHandle>) {
    let system = actix_web::rt::System::new();
    system.block_on(async {
        let inbox = Data::from(inbox);
        let connected = Data::clone(&inbox);
        let server = HttpServer::new(move || {
            App::new()
                .app_data(Data::clone(&inbox))
                .app_data(PayloadConfig::new(16 << 20))
                .route("/v1/traces", web::post().to(take_in))
        })
        .on_connect(move |_, _| {
            connected.connections.fetch_add(1, Ordering::SeqCst);
        })
        .workers(1)
        .listen(listener)
        .unwrap()
        .disable_signals()
        .run();
        ready.send(server.handle()).unwrap();
        server.await.unwrap();
    });
}

/// As the protocol has it: protobuf in, protobuf out.
async fn take_in(request: HttpRequest, body: Bytes, inbox: Data<Inbox>) -> HttpResponse {
    let declared = request.headers().get("content-type");
    assert_eq!(declared.unwrap(), "application/x-protobuf");
    let request = ExportTraceServiceRequest::decode(body).expect("protobuf");
    inbox.lock().push(request);
    inbox.changed.send_replace(());
    HttpResponse::Ok()
        .content_type("application/x-protobuf")
        .body(ExportTraceServiceResponse::default().encode_to_vec())
}

/// A span that came, with whom it came from.
#[derive(Debug, Clone)]
pub(super) struct Told {
    pub(super) resource: Vec<KeyValue>,
    pub(super) span: Span,
}

impl Told {
    pub(super) fn trace_id(&self) -> String {
        hex(&self.span.trace_id)
    }

    pub(super) fn span_id(&self) -> String {
        hex(&self.span.span_id)
    }

    pub(super) fn parent_id(&self) -> String {
        hex(&self.span.parent_span_id)
    }

    /// Whether the span is linked to that one.
    pub(super) fn follows(&self, other: &Self) -> bool {
        let mut links = self.span.links.iter();
        links.any(|link| link.trace_id == other.span.trace_id && link.span_id == other.span.span_id)
    }

    pub(super) fn attribute_names(&self) -> Vec<String> {
        let attributes = self.span.attributes.iter();
        attributes.map(|attribute| attribute.key.clone()).collect()
    }

    pub(super) fn attribute(&self, name: &str) -> Option<String> {
        value_of(&self.span.attributes, name)
    }

    pub(super) fn resource_attribute(&self, name: &str) -> Option<String> {
        value_of(&self.resource, name)
    }
}

fn value_of(attributes: &[KeyValue], name: &str) -> Option<String> {
    let attribute = attributes.iter().find(|attribute| attribute.key == name)?;
    match attribute.value.as_ref()? {
        AnyValue { value: Some(Any::StringValue(text)) } => Some(text.clone()),
        AnyValue { value: Some(Any::IntValue(number)) } => Some(number.to_string()),
        other => panic!("{name} is neither text nor a number: {other:?}"),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

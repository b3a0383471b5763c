//! The HTTP server: bound before anything is said, stopped so that what was accepted is finished.

use std::any::Any;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle};
use actix_web::middleware::{DefaultHeaders, from_fn};
use actix_web::rt::net::TcpStream;
use actix_web::web::{self, Data, PayloadConfig};
use actix_web::{App as Actix, HttpServer};
use rustix::net::sockopt::set_tcp_user_timeout;
use tracing_actix_web::TracingLogger;

use crate::app::App;
use crate::metrics;
use crate::routes;
use crate::trace::RequestSpan;

/// How long a stop waits for requests that are being served, in seconds.
pub const STOP_WAIT_S: u64 = 30;
/// How long a connection may stay silent.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// How much longer the system waits for a client that takes nothing than the feed does: so that it is
/// the feed that drops a slow reader, and counts it as one.
const DEAF_MARGIN: Duration = Duration::from_secs(10);
/// How long a client may take to send a request's head.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// Gives up connections of which the other side takes nothing for too long: without that, what is
/// written to them would keep a stop of the server waiting.
fn give_up_the_deaf(connection: &dyn Any, wait_max: Duration) {
    if let Some(stream) = connection.downcast_ref::<TcpStream>() {
        let wait_max_ms = u32::try_from(wait_max.as_millis()).unwrap_or(u32::MAX);
        if let Err(error) = set_tcp_user_timeout(stream, wait_max_ms) {
            tracing::debug!(%error, "a connection has no limit on how long it may take nothing");
        }
    }
}

/// Serves the interface on a listener until it is stopped through its handle.
///
/// # Errors
/// When the listener cannot be used.
pub fn serve(listener: TcpListener, app: App) -> std::io::Result<Server> {
    let deaf_max = app.feed.reader_wait_max() + DEAF_MARGIN;
    let data = Data::new(app);
    let server = HttpServer::new(move || {
        let app = Data::clone(&data);
        let body_bytes_max = app.settings.body_bytes_max;
        let admin_on_main = app.settings.admin_on_main;
        Actix::new()
            .app_data(app)
            .app_data(PayloadConfig::new(body_bytes_max))
            .wrap(headers())
            .wrap(from_fn(metrics::count))
            .wrap(TracingLogger::<RequestSpan>::new())
            .configure(move |config| {
                if admin_on_main {
                    routes::configure_admin(config);
                }
            })
            .configure(routes::configure)
    });
    Ok(server
        .on_connect(move |connection, _| give_up_the_deaf(connection, deaf_max))
        .listen(listener)?
        .keep_alive(KEEP_ALIVE)
        .client_request_timeout(HEAD_TIMEOUT)
        .shutdown_timeout(STOP_WAIT_S)
        .disable_signals()
        .run())
}

/// Serves health and metrics on an address of their own.
///
/// # Errors
/// When the listener cannot be used.
pub fn serve_admin(listener: TcpListener, app: App) -> std::io::Result<Server> {
    let data = Data::new(app);
    let server = HttpServer::new(move || {
        Actix::new()
            .app_data(Data::clone(&data))
            .configure(routes::configure_admin)
            .default_service(web::to(actix_web::HttpResponse::NotFound))
    });
    Ok(server.workers(1).listen(listener)?.disable_signals().run())
}

/// Stops a server gracefully.
pub async fn stop(handle: &ServerHandle) {
    handle.stop(true).await;
}

/// Binds an address; port 0 takes a free one.
///
/// # Errors
/// When the address is taken or not this machine's.
pub fn bind(address: SocketAddr) -> std::io::Result<TcpListener> {
    TcpListener::bind(address)
}

/// Answers are about people: nobody on the way keeps them, and a page loads nothing from outside.
fn headers() -> DefaultHeaders {
    DefaultHeaders::new()
        .add(("Cache-Control", "no-store"))
        .add(("X-Content-Type-Options", "nosniff"))
        .add(("Referrer-Policy", "no-referrer"))
        .add((
            "Content-Security-Policy",
            "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
             frame-ancestors 'none'",
        ))
}

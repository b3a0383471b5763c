//! `throughline serve`: the log, the projections and the REST interface in one process.

use std::io::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::process::ExitCode;
use std::sync::Arc;

use actix_web::dev::ServerHandle;
use anyhow::Context as _;
use prometheus_client::registry::Registry;
use throughline_api::authentication::{Authenticator, DevelopmentIssuer, Issuer, OidcIssuer};
use throughline_api::cursor::CursorKey;
use throughline_api::idempotency::IdempotencyHasher;
use throughline_api::metrics::HttpMetrics;
use throughline_api::replay::REPLAYS_AT_ONCE_MAX;
use throughline_api::{ApiSettings, App, Feed, server};
use throughline_log::{AppendSettings, EventLog};
use throughline_projector::{
    LinkFollower, LinkSettings, Projector, RebuildSettings, Rebuilder, Settings,
};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio_postgres::Config;
use tokio_util::sync::CancellationToken;

use super::checkpoint_schedule::{CheckpointMetrics, RunningSchedule, Schedule, ScheduleArguments};
use super::database::{Database, DatabaseArguments};
use super::feed_settings::FeedArguments;
use super::master_key::master_key;
use super::migrate::migrate;
use super::readiness::ReadinessArguments;
use super::safeguards::{SafeguardArguments, could_bypass};
use super::signing_key::signing_key;
use super::wakeups::Wakeups;
use crate::telemetry::Telemetry;

/// Connections for the log and the interface.
pub(crate) const CONNECTIONS_MAX: usize = 24;
/// Connections for the projector, and one for the follower of linked cases.
pub(crate) const PROJECTOR_CONNECTIONS_MAX: usize = 7;
/// Connections for rebuilds: two for each of two workers, and two beside them.
const REBUILDER_CONNECTIONS_MAX: usize = 6;
/// Where health and metrics are served when the main address is not a loopback address.
const ADMIN_ADDRESS: &str = "127.0.0.1:8081";

/// What `serve` is told.
#[derive(Debug, clap::Args)]
pub(crate) struct ServeArguments {
    /// Address to serve the REST interface on; port 0 takes a free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    pub(crate) listen: SocketAddr,

    /// Address to serve health and metrics on.
    ///
    /// Without it they are served on the main address when that is a loopback address, and on
    /// 127.0.0.1:8081 otherwise.
    #[arg(long, value_name = "ADDR")]
    pub(crate) admin_listen: Option<SocketAddr>,

    #[command(flatten)]
    pub(crate) database: DatabaseArguments,

    #[command(flatten)]
    pub(crate) safeguards: SafeguardArguments,

    /// Issuer whose tokens are accepted, by its OpenID Connect discovery document.
    ///
    /// Without it the program runs its own development issuer, which is for trials only.
    #[arg(long, value_name = "URL", env = "THROUGHLINE_OIDC_ISSUER", requires = "oidc_audience")]
    pub(crate) oidc_issuer: Option<String>,

    /// Audience that a token must be meant for.
    #[arg(long, value_name = "NAME", env = "THROUGHLINE_OIDC_AUDIENCE")]
    pub(crate) oidc_audience: Option<String>,

    #[command(flatten)]
    pub(crate) checkpoints: ScheduleArguments,

    #[command(flatten)]
    pub(crate) readiness: ReadinessArguments,

    #[command(flatten)]
    pub(crate) feed: FeedArguments,
}

/// Serves until it is told to stop by SIGTERM or SIGINT, then finishes what it accepted.
///
/// # Errors
/// Whatever keeps the service from starting.
pub(crate) async fn run(arguments: ServeArguments) -> anyhow::Result<ExitCode> {
    let mut stop = StopSignals::listen()?;
    let telemetry = Telemetry::init()?;
    let database = Database::open(&arguments.database).await?;
    let outcome = serve(&arguments, &database, &mut stop, |_| Ok(())).await;
    database.close().await?;
    telemetry.shutdown();
    outcome.map(|()| ExitCode::SUCCESS)
}

/// Serves on a database that is open. `announce` is called once requests are taken, with the
/// address.
///
/// # Errors
/// Whatever keeps the service from starting.
pub(crate) async fn serve(
    arguments: &ServeArguments,
    database: &Database,
    stop: &mut StopSignals,
    announce: impl FnOnce(SocketAddr) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    // The addresses first: a port that is taken is the commonest mistake.
    let listener = bind(arguments.listen)?;
    let admin_listener = admin_address(arguments)?.map(bind).transpose()?;
    let applied = migrate(database.owner_config()?).await?;
    tracing::info!(applied, "schema is up to date");
    check_server(arguments, database).await?;
    let service = Service::assemble(arguments, database, admin_listener.is_none())?;
    // Before anybody can read what a restored backup may have brought back.
    service.log.replay_erasures(&service.app.erasures).await?;

    let address = listener.local_addr()?;
    let mut running = Running::start(service, listener, admin_listener)?;
    say(&format!("listening on http://{address}"))?;
    if let Some(address) = running.admin_address {
        say(&format!("health and metrics on http://{address}"))?;
    }
    announce(address)?;

    let ended = tokio::select! {
        () = stop.next() => Ok(()),
        ended = &mut running.main => ended?.context("the server ended by itself"),
    };
    tracing::info!("stopping: finishing what was accepted");
    running.stop().await?;
    ended
}

/// Refuses a server that may lose what it acknowledged, and warns of privileges nobody needs.
async fn check_server(arguments: &ServeArguments, database: &Database) -> anyhow::Result<()> {
    let pool = throughline_log::pool(database.service_config()?, 1)?;
    for warning in arguments.safeguards.require(&pool).await? {
        tracing::warn!("{warning}");
    }
    if could_bypass(&pool).await? {
        tracing::warn!(
            "the database's user owns the log or is a superuser: the service works as {role} all \
             the same, but whoever got hold of a connection could take those privileges back; \
             create a user by CREATE ROLE name LOGIN IN ROLE {role}, serve as that one, and run \
             `throughline migrate` as the owner",
            role = throughline_log::SERVICE_ROLE,
        );
    }
    pool.close();
    Ok(())
}

/// The service's parts, before anything runs.
struct Service {
    app: App,
    log: EventLog,
    projector: Projector,
    links: LinkFollower,
    rebuilder: Rebuilder,
    checkpoints: Option<Schedule>,
    /// How to connect, for what listens.
    listener_config: Box<Config>,
}

impl Service {
    fn assemble(
        arguments: &ServeArguments,
        database: &Database,
        admin_on_main: bool,
    ) -> anyhow::Result<Self> {
        let config = database.service_config()?;
        let mut registry = Registry::default();
        let master_key = master_key(&arguments.database.data_dir, database.is_private())?;
        let cursors = CursorKey::new(&master_key.derive("page cursors"));
        let idempotency = IdempotencyHasher::new(&master_key.derive("idempotency/1"));
        let pool = throughline_log::pool(config.clone(), CONNECTIONS_MAX)?;
        let log = EventLog::new(pool, master_key, AppendSettings::default());
        log.register_metrics(&mut registry);
        let projector_pool = throughline_log::pool(config.clone(), PROJECTOR_CONNECTIONS_MAX)?;
        let rebuilder_pool = throughline_log::pool(config.clone(), REBUILDER_CONNECTIONS_MAX)?;
        let rebuilder = Rebuilder::new(log.clone(), rebuilder_pool, RebuildSettings::default());
        let links = LinkFollower::new(log.clone(), projector_pool.clone(), LinkSettings::default());
        links.register_metrics(&mut registry);
        let projector = Projector::new(log.clone(), projector_pool, Settings::default());
        projector.register_metrics(&mut registry);
        let data_dir = &arguments.database.data_dir;
        let checkpoints = Schedule::open(
            &arguments.checkpoints,
            &log,
            || signing_key(data_dir, database.is_private()),
            CheckpointMetrics::register(&mut registry),
        )?;
        let feed = Feed::new(log.clone(), arguments.feed.settings(), &mut registry);
        let app = App {
            log: log.clone(),
            erasures: arguments.database.erasures(),
            authenticator: authenticator(arguments)?,
            cursors,
            idempotency,
            settings: ApiSettings {
                admin_on_main,
                ready_limits: arguments.readiness.limits(),
                ..ApiSettings::default()
            },
            metrics: HttpMetrics::new(registry),
            feed,
            replays: Arc::new(Semaphore::new(REPLAYS_AT_ONCE_MAX)),
        };
        let listener_config = Box::new(config);
        Ok(Self { app, log, projector, links, rebuilder, checkpoints, listener_config })
    }
}

type RunningServer = JoinHandle<std::io::Result<()>>;

/// The service at work.
struct Running {
    main: RunningServer,
    main_handle: ServerHandle,
    admin: Option<(RunningServer, ServerHandle)>,
    admin_address: Option<SocketAddr>,
    log: EventLog,
    feed: Feed,
    projector: JoinHandle<()>,
    links: JoinHandle<()>,
    linking: CancellationToken,
    rebuilder: JoinHandle<()>,
    projecting: CancellationToken,
    wakeups: Wakeups,
    checkpoints: Option<RunningSchedule>,
}

impl Running {
    fn start(
        Service { app, log, projector, links, rebuilder, checkpoints, listener_config }: Service,
        listener: TcpListener,
        admin_listener: Option<TcpListener>,
    ) -> anyhow::Result<Self> {
        let admin_address = admin_listener.as_ref().map(TcpListener::local_addr).transpose()?;
        let feed = app.feed.clone();
        let main = server::serve(listener, app.clone())?;
        let admin =
            admin_listener.map(|listener| server::serve_admin(listener, app)).transpose()?;
        let projecting = CancellationToken::new();
        let (woken, followed) = (projector.clone(), links.clone());
        let wakeups = Wakeups::start(log.tidings().clone(), listener_config, woken, followed);
        let (until, rebuild_until) = (projecting.clone(), projecting.clone());
        let linking = CancellationToken::new();
        let links_until = linking.clone();
        Ok(Self {
            main_handle: main.handle(),
            main: tokio::spawn(main),
            admin: admin.map(|admin| {
                let handle = admin.handle();
                (tokio::spawn(admin), handle)
            }),
            admin_address,
            log,
            feed,
            projector: tokio::spawn(async move { projector.run(until).await }),
            links: tokio::spawn(async move { links.run(links_until).await }),
            linking,
            rebuilder: tokio::spawn(async move { rebuilder.run(rebuild_until).await }),
            projecting,
            wakeups,
            checkpoints: checkpoints.map(Schedule::start),
        })
    }

    /// First the streams, which would never end, and the requests, then what passes between linked
    /// cases, then what they put into the log's queues, then the projections, then the last checkpoint; health is told to the last.
    async fn stop(self) -> anyhow::Result<()> {
        self.feed.stop();
        server::stop(&self.main_handle).await;
        self.linking.cancel();
        self.links.await?;
        self.log.drain().await;
        self.projecting.cancel();
        self.projector.await?;
        self.wakeups.stop().await?;
        self.rebuilder.await?;
        if let Some(checkpoints) = self.checkpoints {
            checkpoints.stop().await?;
        }
        if let Some((running, handle)) = self.admin {
            server::stop(&handle).await;
            running.await??;
        }
        Ok(())
    }
}

fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    server::bind(address).with_context(|| format!("cannot listen on {address}"))
}

/// Health and metrics go to the main address only when nobody else can reach it.
fn admin_address(arguments: &ServeArguments) -> anyhow::Result<Option<SocketAddr>> {
    match arguments.admin_listen {
        Some(address) => Ok(Some(address)),
        None if arguments.listen.ip().is_loopback() => Ok(None),
        None => Ok(Some(ADMIN_ADDRESS.parse()?)),
    }
}

fn authenticator(arguments: &ServeArguments) -> anyhow::Result<Authenticator> {
    if let (Some(issuer), Some(audience)) = (&arguments.oidc_issuer, &arguments.oidc_audience) {
        let issuer = OidcIssuer::new(issuer.clone(), audience.clone())?;
        return Ok(Authenticator::new(Issuer::Oidc(Arc::new(issuer))));
    }
    tracing::warn!(
        "NO IDENTITY PROVIDER: tokens of the development issuer are accepted, and a tenant is \
         created on first use; never serve real people's data like this"
    );
    let issuer = DevelopmentIssuer::open(&arguments.database.data_dir)?;
    Ok(Authenticator::new(Issuer::Development(Arc::new(issuer))))
}

/// Prints a line that a script may wait for.
fn say(line: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}

/// The signals that ask a service to stop.
pub(crate) struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    /// Listens from now on. To be called before anything is started that must be stopped.
    ///
    /// # Errors
    /// When signals cannot be listened to.
    pub(crate) fn listen() -> std::io::Result<Self> {
        let terminate = signal(SignalKind::terminate())?;
        Ok(Self { terminate, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Waits for the next of them.
    pub(crate) async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

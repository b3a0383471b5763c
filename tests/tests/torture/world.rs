//! Everything that runs: PostgreSQL, what lies before it, and the service, several times.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::ledger::Ledger;
use crate::postgres::Postgres;
use crate::proxy::Proxy;
use crate::random::Random;
use crate::service::{Place, Services};
use crate::settings::Settings;

/// Processes of the service that work at the same time, so that the appends of a tenant compete.
const SERVICES: usize = 2;
/// How long everything may take to be up when nothing is broken.
const UP_MAX: Duration = Duration::from_mins(2);
/// The longest silence between the service and PostgreSQL; in a long run it may be longer.
const SILENCE_MS: u64 = 1_500;
const LONG_SILENCE_MS: u64 = 5_000;

/// Everything, with what breaks it.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) postgres: Postgres,
    pub(crate) proxy: Proxy,
    pub(crate) services: Arc<Services>,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) silence_ms_max: u64,
    place: Place,
    /// Removed when all went well: otherwise somebody will want to look into it.
    directory: PathBuf,
}

impl World {
    /// Starts everything, in a directory of its own. `None` where no PostgreSQL can be started.
    pub(crate) async fn start(settings: &Settings, random: &mut Random) -> Option<Self> {
        let directory = tempfile::Builder::new()
            .prefix("throughline-torture-")
            // The server runs as another user when we are root.
            .permissions(Permissions::from_mode(0o711))
            .tempdir()
            .unwrap()
            .keep();
        println!("files are in {}", directory.display());
        let Some(postgres) = Postgres::create(&directory.join("server")).await else {
            std::fs::remove_dir_all(directory).unwrap();
            return None;
        };
        let (between, data_dir) = (directory.join("proxy"), directory.join("data"));
        std::fs::create_dir(&between).unwrap();
        std::fs::create_dir(&data_dir).unwrap();
        let proxy = Proxy::listen(&between, postgres.socket_dir());
        let place = Place { data_dir, database_url: postgres.url_through(&between) };
        // The first token makes the issuer's key, before two processes would.
        crate::service::token(&place.data_dir, "first", "first", "caseworker").await;
        let ledger = Arc::new(Ledger::new());
        let services = Arc::new(Services::start(SERVICES, &place, &ledger, random));
        let is_long = !settings.lasts_min.is_zero();
        let silence_ms_max = if is_long { LONG_SILENCE_MS } else { SILENCE_MS };
        let world = Self { postgres, proxy, services, ledger, silence_ms_max, place, directory };
        world.wait_until_up().await;
        Some(world)
    }

    pub(crate) fn data_dir(&self) -> &PathBuf {
        &self.place.data_dir
    }

    /// How to reach the database over what breaks.
    pub(crate) fn breakable(&self) -> tokio_postgres::Config {
        self.place.database_url.parse().unwrap()
    }

    pub(crate) async fn wait_until_up(&self) {
        let started = Instant::now();
        while !self.services.are_up() {
            assert!(started.elapsed() < UP_MAX, "the service does not start: see its logs");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub(crate) async fn restart_postgres(&mut self) {
        self.postgres.restart().await;
        self.proxy.lead_to(self.postgres.socket_dir());
    }

    /// Starts the service again, after it was stopped.
    pub(crate) async fn start_services(&mut self, random: &mut Random) {
        self.services = Arc::new(Services::start(SERVICES, &self.place, &self.ledger, random));
        self.wait_until_up().await;
    }

    /// Stops the service as an operator would.
    pub(crate) async fn stop_services(&self) {
        for ended in self.services.stop().await {
            let ended = ended.expect("a service was running");
            assert!(ended.success(), "a service that was told to stop ended by {ended}");
        }
    }

    /// Stops everything and removes it.
    pub(crate) async fn stop(self) {
        self.stop_services().await;
        drop(self.proxy);
        self.postgres.stop().await;
        std::fs::remove_dir_all(self.directory).unwrap();
    }

    /// Stops everything, and leaves the files for whoever looks into what went wrong.
    pub(crate) async fn leave(self) {
        self.services.stop().await;
        drop(self.proxy);
        self.postgres.stop().await;
    }
}

//! The databases that a run makes for itself on a server, and drops.

use std::sync::{Mutex, PoisonError};

use anyhow::Context as _;
use deadpool_postgres::Pool;
use throughline_log::{AppendSettings, DatabaseError, EventLog, MasterKey, pool};
use tokio_postgres::{Client, Config, NoTls};
use uuid::Uuid;

use crate::commands::database::DatabaseUrl;
use crate::commands::migrate::migrate;

/// What every database of this program's runs is called, to begin with.
const PREFIX: &str = "throughline_bench_";

/// A server, and what was made on it. Nothing else of it is touched.
pub(crate) struct Databases {
    url: DatabaseUrl,
    /// The one connection that creates and drops: what it is asked, it does in that order, so that
    /// nothing which an interrupted run was about to create is left over.
    admin: Client,
    run: String,
    created: Mutex<Vec<String>>,
}

/// A database of the run, with its schema.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) url: DatabaseUrl,
    config: Config,
}

impl Databases {
    /// Connects to the server, and names on standard error what earlier runs left there.
    ///
    /// # Errors
    /// When the server cannot be reached.
    pub(crate) async fn open(url: DatabaseUrl) -> anyhow::Result<Self> {
        let admin = connect(&url.config()?).await?;
        let run = Uuid::new_v4().simple().to_string();
        let databases = Self { url, admin, run: run[..12].to_owned(), created: Mutex::default() };
        for name in databases.leftovers().await? {
            eprintln!(
                "database {name} is there already: if no other bench is running, one that was \
                 killed left it, and it may be dropped"
            );
        }
        Ok(databases)
    }

    async fn leftovers(&self) -> anyhow::Result<Vec<String>> {
        let sql = "SELECT datname::text FROM pg_database WHERE starts_with(datname::text, $1) \
                   ORDER BY datname";
        let rows = self.admin.query(sql, &[&PREFIX]).await.map_err(DatabaseError::from)?;
        rows.iter().map(|row| Ok(row.try_get(0).map_err(DatabaseError::from)?)).collect()
    }

    /// A new database with the schema.
    ///
    /// # Errors
    /// When the server refuses, as it does to a role that may not create databases.
    pub(super) async fn create(&self, purpose: &str) -> anyhow::Result<Place> {
        let name = format!("{PREFIX}{}_{purpose}", self.run);
        self.created.lock().unwrap_or_else(PoisonError::into_inner).push(name.clone());
        // From `template0`, to which nobody connects.
        let create = format!("CREATE DATABASE {name} TEMPLATE template0");
        let created = self.admin.batch_execute(&create).await.map_err(DatabaseError::from);
        created.context("could not create a database for the measurements")?;
        let url = self.url.naming(&name);
        let config = url.config()?;
        migrate(config.clone()).await?;
        Ok(Place { url, config })
    }

    /// Drops what was created, whoever is still connected to it.
    ///
    /// # Errors
    /// When the server refuses one; the others are dropped.
    pub(crate) async fn drop_all(self) -> anyhow::Result<()> {
        let created = self.created.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut failed = None;
        let mut admin = self.admin;
        for name in created {
            if admin.is_closed() {
                admin = connect(&self.url.config()?).await?;
            }
            let drop = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
            if let Err(error) = admin.batch_execute(&drop).await {
                failed = Some(anyhow::Error::new(DatabaseError::from(error)).context(name));
            }
        }
        failed.map_or(Ok(()), |error| Err(error.context("a database could not be dropped")))
    }

    /// The connection to the server's own database, for questions about the server.
    pub(super) fn server(&self) -> &Client {
        &self.admin
    }

    /// Has the server write out what it holds in memory, so that one workload's writes are not paid
    /// for in the next. Only some roles may ask for that: for others, it is left out.
    pub(super) async fn settle(&self) {
        let _ = self.admin.batch_execute("CHECKPOINT").await;
    }
}

impl Place {
    /// A connection without a limit of its own.
    pub(super) async fn connect(&self) -> anyhow::Result<Client> {
        connect(&self.config).await
    }

    /// Connections in the role of the service.
    pub(super) fn pool(&self, connections_max: usize) -> anyhow::Result<Pool> {
        Ok(pool(self.config.clone(), connections_max)?)
    }

    /// A log on the database, with the settings of production.
    pub(super) fn log(&self, connections_max: usize) -> anyhow::Result<EventLog> {
        Ok(EventLog::new(
            self.pool(connections_max)?,
            MasterKey::random()?,
            AppendSettings::default(),
        ))
    }
}

async fn connect(config: &Config) -> anyhow::Result<Client> {
    let connected = config.connect(NoTls).await.map_err(DatabaseError::from);
    let (client, connection) = connected.context("the database cannot be reached")?;
    // It ends with the client. What breaks it fails the client's call too.
    tokio::spawn(connection);
    Ok(client)
}

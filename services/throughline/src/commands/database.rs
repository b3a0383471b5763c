//! The database that one run of the program talks to.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use anyhow::Context;
use throughline_log::ErasureLedger;
use tokio_postgres::Config;

use crate::private_postgres::PrivatePostgres;

/// Which database to use, and where to keep what is not in it.
#[derive(Debug, clap::Args)]
pub(crate) struct DatabaseArguments {
    /// Directory for the private PostgreSQL, used when no database URL is given, and for keys.
    #[arg(long, value_name = "DIR", default_value = ".data")]
    pub(crate) data_dir: PathBuf,

    /// PostgreSQL 15 or newer to use, as postgresql://... or `host=... user=... dbname=...`.
    ///
    /// Without it, a private server is started in the data directory.
    #[arg(long, value_name = "URL", env = "DATABASE_URL", hide_env_values = true)]
    pub(crate) database_url: Option<DatabaseUrl>,

    /// File that remembers who was erased, so that a restored backup brings nobody back. Keep it
    /// beside the database, and out of its backups.
    ///
    /// `erasures.jsonl` in the data directory when absent.
    #[arg(long, value_name = "FILE", env = "THROUGHLINE_ERASURE_LEDGER")]
    pub(crate) erasure_ledger: Option<PathBuf>,
}

impl DatabaseArguments {
    /// The erasure ledger that belongs to the database.
    pub(crate) fn erasures(&self) -> ErasureLedger {
        let own = || self.data_dir.join("erasures.jsonl");
        ErasureLedger::new(self.erasure_ledger.clone().unwrap_or_else(own))
    }
}

/// A connection string, which may hold a password and so cannot be printed.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct DatabaseUrl(String);

impl DatabaseUrl {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The string itself, for a child process.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    /// The same server and another of its databases.
    ///
    /// The name is appended, since the later of two settings wins and a URL's parameters come last.
    pub(crate) fn naming(&self, database: &str) -> Self {
        let is_url = ["postgres://", "postgresql://"].iter().any(|s| self.0.starts_with(s));
        let separator = match (is_url, self.0.contains('?')) {
            (true, false) => "?",
            (true, true) => "&",
            (false, _) => " ",
        };
        Self(format!("{}{separator}dbname={database}", self.0))
    }

    /// The string, read.
    ///
    /// # Errors
    /// One that names what cannot be read, and not the string.
    pub(crate) fn config(&self) -> anyhow::Result<Config> {
        self.0.parse().context("the database URL cannot be read")
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("DatabaseUrl(..)")
    }
}

impl FromStr for DatabaseUrl {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

/// An open choice of database. Close it when the work is done.
#[derive(Debug)]
pub(crate) enum Database {
    /// A server that someone else runs.
    Configured(DatabaseUrl),
    /// The private one of the data directory.
    Private(PrivatePostgres),
}

impl Database {
    /// Takes the configured database, or starts or joins the data directory's private server.
    ///
    /// An empty URL counts as none, as an empty variable in a unit file would give.
    ///
    /// # Errors
    /// Those of [`PrivatePostgres::start`].
    pub(crate) async fn open(arguments: &DatabaseArguments) -> anyhow::Result<Self> {
        match &arguments.database_url {
            Some(url) if !url.is_empty() => Ok(Self::Configured(url.clone())),
            _ => Ok(Self::Private(PrivatePostgres::start(&arguments.data_dir).await?)),
        }
    }

    /// The connection string of the owner of the tables: as whom the URL says.
    pub(crate) fn owner_url(&self) -> DatabaseUrl {
        match self {
            Self::Configured(url) => url.clone(),
            Self::Private(postgres) => DatabaseUrl(postgres.owner_url()),
        }
    }

    /// How to connect as the owner of the tables, to migrate.
    ///
    /// # Errors
    /// One that names what cannot be read, and not the string.
    pub(crate) fn owner_config(&self) -> anyhow::Result<Config> {
        self.owner_url().config()
    }

    /// How to connect for anything else. A configured database has one URL, and the connections of
    /// a [`throughline_log::pool`] give up what it may do beyond the service.
    ///
    /// # Errors
    /// One that names what cannot be read, and not the string.
    pub(crate) fn service_config(&self) -> anyhow::Result<Config> {
        match self {
            Self::Configured(url) => url.config(),
            Self::Private(postgres) => DatabaseUrl(postgres.service_url()).config(),
        }
    }

    /// Whether it is the private one, whose schema and keys are this program's to make.
    pub(crate) fn is_private(&self) -> bool {
        matches!(self, Self::Private(_))
    }

    /// Stops the private server, unless another process still uses it.
    ///
    /// # Errors
    /// Those of [`PrivatePostgres::stop`].
    pub(crate) async fn close(self) -> anyhow::Result<()> {
        match self {
            Self::Configured(_) => Ok(()),
            Self::Private(postgres) => Ok(postgres.stop().await?),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_url_is_not_printed() {
        let url: DatabaseUrl = "postgresql://u:secret@h/d".parse().unwrap();
        assert!(!format!("{:?}", Database::Configured(url)).contains("secret"));
    }

    #[test]
    fn every_form_of_url_is_pointed_at_another_database() {
        for form in [
            "postgresql://u:p@db.example:5433/main",
            "postgres://u@db.example/main?connect_timeout=3",
            "host='/var/run/pg' user=u dbname=main",
        ] {
            let url: DatabaseUrl = form.parse().unwrap();
            let other = url.naming("other").config().unwrap();
            assert_eq!(other.get_dbname(), Some("other"), "{form}");
            assert_eq!(other.get_hosts(), url.config().unwrap().get_hosts(), "{form}");
        }
    }

    #[test]
    fn an_unreadable_url_is_not_echoed() {
        let url: DatabaseUrl = "host=h password=secret colour=red".parse().unwrap();
        let error = Database::Configured(url).owner_config().unwrap_err();
        assert!(!format!("{error:#}").contains("secret"), "{error:#}");
    }
}

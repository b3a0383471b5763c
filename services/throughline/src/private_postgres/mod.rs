//! Launches a private PostgreSQL from the server programs that are installed.
//!
//! It lives in `<data-dir>/postgres`, listens on a Unix socket alone, and runs as an unprivileged
//! account when the program runs as root. It serves a machine without a database of its own:
//! demonstrations, tests, a small installation. There is no TCP, replication or backup here.
//!
//! Several processes may use one data directory at once (`serve`, and `replay` beside it): the
//! first starts the server, the last one out stops it. If the program is killed, the server runs
//! on, and the next process over that data directory adopts it and stops it in the end.

mod account;
mod binaries;
mod cluster;
mod connection;
mod error;
mod occupancy;
mod settings;
mod socket_dir;

use std::panic;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, Instant};

use tokio_postgres::Client;

use self::cluster::Cluster;
use self::connection::Answer;
pub(crate) use self::error::PrivatePostgresError;
use self::occupancy::Occupancy;

/// How long a server may take to answer. Recovery after a crash can take minutes.
const START_LIMIT: Duration = Duration::from_mins(5);

/// How long to wait for the sessions of a server that was killed.
const SESSIONS_LIMIT: Duration = Duration::from_secs(30);

const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// A running server that this process started or joined.
///
/// Dropping it without [`stop`](Self::stop) stops the server too, as well as that can be done:
/// the thread blocks until the server has ended, and a failure goes unreported.
#[derive(Debug)]
pub(crate) struct PrivatePostgres {
    cluster: Cluster,
    socket_dir: PathBuf,
    /// The server, if it is a child of this process.
    server: Option<Child>,
    /// `None` once the server has been stopped or left to others.
    occupancy: Option<Occupancy>,
}

impl PrivatePostgres {
    /// Starts the server of a data directory, or joins the one that runs there already, and
    /// creates the database `throughline` and the service's role if they are absent.
    ///
    /// Register signal handlers before: a process that a signal ends in here leaves its server to
    /// the next one.
    ///
    /// # Errors
    /// One line that says what to do: [`PrivatePostgresError::NotInstalled`] and its like when no
    /// suitable server is installed, [`PrivatePostgresError::NotEnterable`] when the account that
    /// root steps down to cannot reach the data directory, and others.
    pub(crate) async fn start(data_dir: &Path) -> Result<Self, PrivatePostgresError> {
        let cluster = Cluster::prepare(data_dir)?;
        let occupancy = Occupancy::enter(cluster.data_dir()).await?;
        cluster.initialise().await?;
        let (mut postgres, client) = match running(&cluster).await? {
            Some((socket_dir, client)) => {
                (Self { cluster, socket_dir, server: None, occupancy: Some(occupancy) }, client)
            }
            None => Self::launch(cluster, occupancy).await?,
        };
        connection::ensure_database(&client).await?;
        connection::ensure_service_login(&client).await?;
        if let Some(occupancy) = &mut postgres.occupancy {
            occupancy.end_turn();
        }
        Ok(postgres)
    }

    /// A connection string for the database `throughline`, in the form `host='...' user=...`: for
    /// the owner of everything in it.
    pub(crate) fn owner_url(&self) -> String {
        connection::owner_url(&self.socket_dir.to_string_lossy())
    }

    /// The same for the service, which may do no more than the log lets it.
    pub(crate) fn service_url(&self) -> String {
        connection::service_url(&self.socket_dir.to_string_lossy())
    }

    /// Stops the server, unless another process still uses it, and waits for its end.
    ///
    /// Sessions are disconnected and what they had not committed is rolled back.
    ///
    /// # Errors
    /// [`PrivatePostgresError::NotStopped`] when the server does not stop in time.
    pub(crate) async fn stop(mut self) -> Result<(), PrivatePostgresError> {
        let stopping = tokio::task::spawn_blocking(move || self.leave());
        stopping.await.unwrap_or_else(|error| panic::resume_unwind(error.into_panic()))
    }

    async fn launch(
        cluster: Cluster,
        occupancy: Occupancy,
    ) -> Result<(Self, Client), PrivatePostgresError> {
        let socket_dir = cluster.choose_socket_dir()?;
        let server = Some(cluster.spawn(&socket_dir)?);
        // From here on a drop stops the server, whatever fails.
        let mut postgres = Self { cluster, socket_dir, server, occupancy: Some(occupancy) };
        let started = Instant::now();
        loop {
            match postgres.answer().await {
                Ok(client) => return Ok((postgres, client)),
                Err(error) => {
                    if !error.is_for_remaining_sessions() || started.elapsed() > SESSIONS_LIMIT {
                        return Err(error);
                    }
                }
            }
            tokio::time::sleep(POLL_INTERVAL).await;
            postgres.server = Some(postgres.cluster.spawn(&postgres.socket_dir)?);
        }
    }

    /// Waits until the server that was just started answers.
    async fn answer(&mut self) -> Result<Client, PrivatePostgresError> {
        let started = Instant::now();
        while started.elapsed() < START_LIMIT {
            if self.has_ended() {
                return Err(self.cluster.exited());
            }
            if let Answer::Ready(client) = connection::knock(&self.socket_dir).await? {
                return Ok(client);
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
        Err(PrivatePostgresError::StartTimeout { limit_s: START_LIMIT.as_secs() })
    }

    fn has_ended(&mut self) -> bool {
        self.server.as_mut().is_some_and(|server| matches!(server.try_wait(), Ok(Some(_))))
    }

    /// Blocks. Does nothing the second time.
    fn leave(&mut self) -> Result<(), PrivatePostgresError> {
        let Some(occupancy) = self.occupancy.take() else {
            return Ok(());
        };
        // Held to the end, so that nobody joins or starts a server which is about to end.
        let Some(_last_out) = occupancy.leave()? else {
            return Ok(());
        };
        self.cluster.stop(self.server.as_mut())?;
        socket_dir::discard(&self.socket_dir);
        Ok(())
    }
}

impl Drop for PrivatePostgres {
    fn drop(&mut self) {
        let _ = self.leave();
    }
}

/// The server that runs over the cluster already, once it answers.
///
/// A connection decides, not the process id on record: after a crash or a restart of the machine
/// that number may belong to some other process.
async fn running(cluster: &Cluster) -> Result<Option<(PathBuf, Client)>, PrivatePostgresError> {
    let started = Instant::now();
    while started.elapsed() < START_LIMIT {
        let Some(socket_dir) = cluster.recorded_socket_dir() else {
            return Ok(None);
        };
        match connection::knock(&socket_dir).await? {
            Answer::Ready(client) => return Ok(Some((socket_dir, client))),
            Answer::Busy => tokio::time::sleep(POLL_INTERVAL).await,
            Answer::Nobody => return Ok(None),
        }
    }
    Err(PrivatePostgresError::StartTimeout { limit_s: START_LIMIT.as_secs() })
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[tokio::test]
    async fn dropping_it_stops_the_server_once_nobody_uses_it() {
        let parent =
            tempfile::Builder::new().permissions(Permissions::from_mode(0o711)).tempdir().unwrap();
        let data_dir = parent.path().join("data");
        let first = match PrivatePostgres::start(&data_dir).await {
            // The tests may use a database elsewhere, on a machine without server programs.
            Err(PrivatePostgresError::NotInstalled)
                if std::env::var_os("DATABASE_URL").is_some() =>
            {
                return;
            }
            started => started.unwrap(),
        };
        let second = PrivatePostgres::start(&data_dir).await.unwrap();
        let socket_dir = first.socket_dir.clone();
        drop(first);
        assert!(matches!(connection::knock(&socket_dir).await, Ok(Answer::Ready(_))));
        drop(second);
        assert!(matches!(connection::knock(&socket_dir).await, Ok(Answer::Nobody)));
    }
}

//! Connections to a private server: does it answer, and does it have the database.

use std::path::Path;
use std::time::Duration;

use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Config, NoTls};

use super::cluster::SUPERUSER;
use super::error::PrivatePostgresError;

/// The database that the service lives in.
const DATABASE: &str = "throughline";

const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// What came of an attempt to connect.
pub(super) enum Answer {
    /// The server is up.
    Ready(Client),
    /// It is there, and is starting, recovering or stopping.
    Busy,
    /// Nothing listens.
    Nobody,
}

/// Knocks at the socket, in the database which every cluster has.
///
/// # Errors
/// [`PrivatePostgresError::Connect`] when the server is up and refuses us.
pub(super) async fn knock(socket_dir: &Path) -> Result<Answer, PrivatePostgresError> {
    let mut config = Config::new();
    config.host_path(socket_dir).user(SUPERUSER).dbname("postgres");
    let connected = tokio::time::timeout(CONNECT_LIMIT, config.connect(NoTls));
    match connected.await {
        Ok(Ok((client, connection))) => {
            // It ends when the client is dropped. What breaks it fails the client's call too.
            tokio::spawn(connection);
            Ok(Answer::Ready(client))
        }
        Ok(Err(error)) => match error.code() {
            Some(code) if *code == SqlState::CANNOT_CONNECT_NOW => Ok(Answer::Busy),
            Some(_) => Err(PrivatePostgresError::Connect { source: error }),
            None => Ok(Answer::Nobody),
        },
        Err(_elapsed) => Ok(Answer::Busy),
    }
}

/// Creates the service's database if it is absent. The caller has the turn, so no one competes.
pub(super) async fn ensure_database(client: &Client) -> Result<(), PrivatePostgresError> {
    let created = async {
        let found =
            client.query_opt("SELECT 1 FROM pg_database WHERE datname = $1", &[&DATABASE]).await?;
        if found.is_none() {
            client.batch_execute(&format!("CREATE DATABASE {DATABASE}")).await?;
        }
        Ok(())
    };
    created.await.map_err(|source| PrivatePostgresError::CreateDatabase { source })
}

/// The connection string of the service's database.
pub(super) fn database_url(socket_dir: &str) -> String {
    let host = socket_dir.replace('\\', "\\\\").replace('\'', "\\'");
    format!("host='{host}' user={SUPERUSER} dbname={DATABASE}")
}

#[cfg(test)]
mod tests {
    use tokio_postgres::config::Host;

    use super::*;

    #[test]
    fn the_connection_string_names_the_socket_directory_exactly() {
        let awkward = r"/srv/her's \ own/postgres";
        let config: Config = database_url(awkward).parse().unwrap();
        assert_eq!(config.get_hosts(), [Host::Unix(awkward.into())]);
        assert_eq!(config.get_dbname(), Some("throughline"));
        assert_eq!(config.get_user(), Some("throughline"));
    }

    #[tokio::test]
    async fn nobody_answers_where_there_is_no_socket() {
        let empty = tempfile::tempdir().unwrap();
        assert!(matches!(knock(empty.path()).await, Ok(Answer::Nobody)));
    }
}

//! Connections to a private server: does it answer, and does it have the database.

use std::path::Path;
use std::time::Duration;

use throughline_log::SERVICE_ROLE;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Config, NoTls};

use super::cluster::SUPERUSER;
use super::error::PrivatePostgresError;

/// The database that the service lives in.
const DATABASE: &str = "throughline";

/// Whom the service connects as. It may work as the service and nothing else, so that a connection
/// which is led astray has no privileges to go back to.
const SERVICE_LOGIN: &str = "throughline_app";

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

/// Creates the roles of the service if they are absent. The caller has the turn, and migrations
/// look before they create.
pub(super) async fn ensure_service_login(client: &Client) -> Result<(), PrivatePostgresError> {
    let created = async {
        let found = client
            .query_opt("SELECT 1 FROM pg_roles WHERE rolname = $1", &[&SERVICE_LOGIN])
            .await?;
        if found.is_none() {
            let sql = format!(
                "DO $$ BEGIN CREATE ROLE {SERVICE_ROLE} NOLOGIN; \
                 EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$; \
                 CREATE ROLE {SERVICE_LOGIN} LOGIN IN ROLE {SERVICE_ROLE}"
            );
            client.batch_execute(&sql).await?;
        }
        Ok(())
    };
    created.await.map_err(|source| PrivatePostgresError::CreateRole { source })
}

/// The connection string of the service's database, for its owner.
pub(super) fn owner_url(socket_dir: &str) -> String {
    url(socket_dir, SUPERUSER)
}

/// The connection string of the service's database, for the service.
pub(super) fn service_url(socket_dir: &str) -> String {
    url(socket_dir, SERVICE_LOGIN)
}

fn url(socket_dir: &str, user: &str) -> String {
    let host = socket_dir.replace('\\', "\\\\").replace('\'', "\\'");
    format!("host='{host}' user={user} dbname={DATABASE}")
}

#[cfg(test)]
mod tests {
    use tokio_postgres::config::Host;

    use super::*;

    #[test]
    fn the_connection_string_names_the_socket_directory_exactly() {
        let awkward = r"/srv/her's \ own/postgres";
        for (url, user) in
            [(owner_url(awkward), "throughline"), (service_url(awkward), "throughline_app")]
        {
            let config: Config = url.parse().unwrap();
            assert_eq!(config.get_hosts(), [Host::Unix(awkward.into())]);
            assert_eq!(config.get_dbname(), Some("throughline"));
            assert_eq!(config.get_user(), Some(user));
        }
    }

    #[tokio::test]
    async fn nobody_answers_where_there_is_no_socket() {
        let empty = tempfile::tempdir().unwrap();
        assert!(matches!(knock(empty.path()).await, Ok(Answer::Nobody)));
    }
}

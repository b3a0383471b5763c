//! Users of the cluster for a test, in the service's role or in none.

use throughline_log::SERVICE_ROLE;
use tokio_postgres::{Client, Config, NoTls};
use uuid::Uuid;

use crate::support::Fixture;

/// A user of the cluster, in no role or in the service's. To be dropped in the end: a cluster
/// outlives a database.
pub(super) struct Login {
    pub(super) name: String,
    pub(super) config: Config,
}

impl Login {
    pub(super) async fn create(fixture: &Fixture, in_role: &str) -> Self {
        let name = format!("throughline_test_{}", Uuid::new_v4().simple());
        let password = Uuid::new_v4().to_string();
        let sql = format!("CREATE ROLE {name} LOGIN PASSWORD '{password}' {in_role}");
        fixture.client().await.batch_execute(&sql).await.unwrap();
        let mut config = fixture.database.config();
        config.user(&name).password(password);
        Self { name, config }
    }

    /// A session that works as the service, opened as the pool opens its own.
    pub(super) async fn service(fixture: &Fixture) -> (Self, Client) {
        let login = Self::create(fixture, &format!("IN ROLE {SERVICE_ROLE}")).await;
        let mut config = login.config.clone();
        config.options(format!("-c role={SERVICE_ROLE}"));
        let (client, connection) = config.connect(NoTls).await.unwrap();
        tokio::spawn(connection);
        (login, client)
    }

    pub(super) async fn drop(self, fixture: &Fixture) {
        fixture.client().await.batch_execute(&format!("DROP ROLE {}", self.name)).await.unwrap();
    }
}

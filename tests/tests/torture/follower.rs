//! Somebody who reads a tenant's log in the order of positions while it is written.

use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;
use tokio_postgres::{Config, NoTls};
use uuid::Uuid;

use crate::violation::Violation;

/// How often a follower who has read everything looks again.
const POLL: Duration = Duration::from_millis(20);
/// How long a statement may take, since the connection may be held back without an end.
const STATEMENT_MAX: Duration = Duration::from_secs(10);

/// What a follower was given.
#[derive(Debug, Clone)]
pub(crate) struct Followed {
    pub(crate) tenant: i32,
    /// The events, of which the first has position 1.
    pub(crate) events: Vec<Uuid>,
    recorded_at: Option<Timestamp>,
    pub(crate) violations: Vec<Violation>,
}

impl Followed {
    pub(crate) fn new(tenant: i32) -> Self {
        Self { tenant, events: Vec::new(), recorded_at: None, violations: Vec::new() }
    }

    pub(crate) fn position(&self) -> i64 {
        i64::try_from(self.events.len()).unwrap()
    }

    /// Takes the next event.
    pub(crate) fn take(&mut self, position: i64, event_id: Uuid, recorded_at: Timestamp) {
        let (tenant, after) = (self.tenant, self.position());
        if position != after + 1 {
            self.violations.push(Violation::FollowedWrongly { tenant, after, position });
        }
        if self.recorded_at >= Some(recorded_at) {
            self.violations.push(Violation::TimeStandsStill { tenant, position });
        }
        self.recorded_at = Some(recorded_at);
        self.events.push(event_id);
    }

    /// Follows the log, over one connection after another, until it is told to stop and has come to
    /// the end.
    pub(crate) async fn follow(mut self, config: Config, stop: watch::Receiver<bool>) -> Self {
        // Whatever breaks, the next connection goes on from the same place.
        while self.follow_on_one_connection(&config, &stop).await.is_err() {
            tokio::time::sleep(POLL).await;
        }
        self
    }

    async fn follow_on_one_connection(
        &mut self,
        config: &Config,
        stop: &watch::Receiver<bool>,
    ) -> Result<(), Broken> {
        let connecting = tokio::time::timeout(STATEMENT_MAX, config.connect(NoTls));
        let (client, connection) = connecting.await.map_err(|_| Broken)??;
        tokio::spawn(connection);
        let sql = "SELECT position, event_id, recorded_at FROM event \
                   WHERE tenant_no = $1 AND position > $2 ORDER BY position LIMIT 500";
        loop {
            let stops = *stop.borrow();
            let (tenant, after) = (self.tenant, self.position());
            let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 2] = [&tenant, &after];
            let reading = client.query(sql, &parameters);
            let rows = tokio::time::timeout(STATEMENT_MAX, reading).await.map_err(|_| Broken)??;
            for row in &rows {
                self.take(row.get(0), row.get(1), row.get(2));
            }
            if rows.is_empty() && stops {
                return Ok(());
            }
            if rows.is_empty() {
                tokio::time::sleep(POLL).await;
            }
        }
    }
}

/// The connection is of no more use.
struct Broken;

impl From<tokio_postgres::Error> for Broken {
    fn from(_: tokio_postgres::Error) -> Self {
        Self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(microsecond: i64) -> Timestamp {
        Timestamp::from_microsecond(microsecond).unwrap()
    }

    #[test]
    fn a_log_in_order_is_followed() {
        let mut followed = Followed::new(1);
        followed.take(1, Uuid::from_u128(1), at(10));
        followed.take(2, Uuid::from_u128(2), at(11));
        assert_eq!(followed.violations, []);
    }

    #[test]
    fn a_position_that_is_skipped_or_repeated_is_reported() {
        for position in [1, 3] {
            let mut followed = Followed::new(1);
            followed.take(1, Uuid::from_u128(1), at(10));
            followed.take(position, Uuid::from_u128(2), at(11));
            let expected = Violation::FollowedWrongly { tenant: 1, after: 1, position };
            assert_eq!(followed.violations, [expected]);
        }
    }

    #[test]
    fn a_time_that_does_not_rise_is_reported() {
        let mut followed = Followed::new(1);
        followed.take(1, Uuid::from_u128(1), at(10));
        followed.take(2, Uuid::from_u128(2), at(10));
        let expected = Violation::TimeStandsStill { tenant: 1, position: 2 };
        assert_eq!(followed.violations, [expected]);
    }
}

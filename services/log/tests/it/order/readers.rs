//! Readers that follow a tenant's log, each in its own way.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use jiff::Timestamp;
use throughline_domain::ids::Position;
use throughline_log::{StoredEvent, TenantNo};
use tokio_postgres::Client;
use uuid::Uuid;

use super::World;

/// How to read on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// As the projector does, in small steps.
    Follow,
    /// As the feed does.
    ReadAfter,
    /// Ask where the log ends, then read up to there: it must all be there.
    Head,
    /// Wait until no append is on its way, then read up to there.
    Settle,
    /// With nothing but SQL, as any program might.
    Sql,
}

impl Way {
    pub(super) const ALL: [Self; 5] =
        [Self::Follow, Self::ReadAfter, Self::Head, Self::Settle, Self::Sql];
}

const SQL: &str = "SELECT position, recorded_at, event_id FROM event \
                   WHERE tenant_no = $1 AND position > $2 ORDER BY position LIMIT 50";

/// What a reader has seen: event ids, the one at position 1 first.
struct Seen {
    ids: Vec<Uuid>,
    recorded_at: Option<Timestamp>,
}

impl Seen {
    fn last(&self) -> Position {
        Position(i64::try_from(self.ids.len()).unwrap())
    }

    /// Takes the next event, which must be just that.
    fn take(&mut self, way: Way, position: i64, recorded_at: Timestamp, id: Uuid) {
        assert_eq!(position, self.last().0 + 1, "{way:?} skipped, repeated or reordered");
        assert!(
            self.recorded_at.is_none_or(|before| before < recorded_at),
            "{way:?} at {position}"
        );
        self.recorded_at = Some(recorded_at);
        self.ids.push(id);
    }

    fn take_all(&mut self, way: Way, events: &[StoredEvent]) {
        for event in events {
            self.take(way, event.position.0, event.recorded_at, event.event_id.0);
        }
    }
}

/// Reads on until everything has been written and read; the event ids in the order they were read.
pub(super) async fn follow(world: Arc<World>, tenant: TenantNo, way: Way) -> Vec<Uuid> {
    let client = world.database.connect().await;
    let mut seen = Seen { ids: Vec::new(), recorded_at: None };
    loop {
        // Asked before reading: what is read after the end is all there is.
        let over = world.over.load(Ordering::Acquire);
        let before = seen.last();
        read_on(&world, &client, tenant, way, &mut seen).await;
        if seen.last() == before {
            if over {
                return seen.ids;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

async fn read_on(world: &World, client: &Client, tenant: TenantNo, way: Way, seen: &mut Seen) {
    let [one, other] = &world.logs;
    let after = seen.last();
    match way {
        Way::Follow => seen.take_all(way, &one.follow(tenant, after, 7).await.unwrap()),
        Way::ReadAfter => seen.take_all(way, &other.read_after(tenant, after, 100).await.unwrap()),
        Way::Head => {
            let head = one.head(tenant).await.unwrap().position;
            read_up_to(world, tenant, way, head, seen).await;
        }
        Way::Settle => {
            let settled = other.settle(tenant).await.unwrap();
            read_up_to(world, tenant, way, settled.position, seen).await;
            assert!(seen.recorded_at.is_none_or(|last| last <= settled.at));
        }
        Way::Sql => {
            for row in client.query(SQL, &[&tenant.0, &after.0]).await.unwrap() {
                seen.take(way, row.get(0), row.get(1), row.get(2));
            }
        }
    }
}

async fn read_up_to(world: &World, tenant: TenantNo, way: Way, upto: Position, seen: &mut Seen) {
    let missing = u32::try_from(upto.0 - seen.last().0).expect("the end of a log moves on");
    if missing > 0 {
        let events = world.logs[0].read_after(tenant, seen.last(), missing).await.unwrap();
        seen.take_all(way, &events);
        assert_eq!(seen.last(), upto, "{way:?}: what lies before the end can be read");
    }
}

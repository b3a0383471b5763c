//! Positions are an order that every reader can rely on, however many write, fail and give up, and
//! whatever else goes on in the cluster.

mod readers;
mod unrelated;
mod writers;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::join_all;
use throughline_domain::ids::Position;
use throughline_log::{
    AppendSettings, EventLog, MasterKey, TenantNo, TenantState, Verified, migrate, pool,
};
use throughline_test_database::TestDatabase;
use uuid::Uuid;

use self::readers::Way;
use self::unrelated::Unrelated;
use self::writers::Written;

const WRITERS: usize = 64;
const TENANTS: usize = 4;

/// Two logs with pools and appenders of their own on one database, as two processes have them.
struct World {
    logs: [EventLog; 2],
    tenants: Vec<TenantNo>,
    database: TestDatabase,
    /// Everything that will ever be written has been.
    over: AtomicBool,
}

impl World {
    async fn create(database: TestDatabase) -> Arc<Self> {
        let master_key = MasterKey::random().unwrap();
        let log = || {
            let pool = pool(database.config(), 16).unwrap();
            EventLog::new(pool, master_key.clone(), AppendSettings::default())
        };
        let logs = [log(), log()];
        let mut tenants = Vec::new();
        for n in 0..TENANTS {
            let name = format!("tenant-{n}");
            tenants.push(logs[0].create_tenant(&name, TenantState::Live).await.unwrap().tenant_no);
        }
        Arc::new(Self { logs, tenants, database, over: AtomicBool::new(false) })
    }

    /// The tenant's log by what the database holds: its length and its last position.
    async fn end(&self, tenant: TenantNo) -> (i64, i64) {
        let sql = "SELECT count(*), max(position) FROM event WHERE tenant_no = $1";
        let row = self.database.connect().await.query_one(sql, &[&tenant.0]).await.unwrap();
        (row.get(0), row.get(1))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_reader_skips_repeats_or_reorders_a_position() {
    let database = TestDatabase::create().await;
    migrate(&mut database.connect().await).await.unwrap();
    // From before the first event on.
    let unrelated = [
        Unrelated::begin(&database).await,
        Unrelated::begin_elsewhere(TestDatabase::create().await).await,
    ];
    let world = World::create(database).await;

    let following = world.tenants.iter().flat_map(|&tenant| {
        let world = &world;
        Way::ALL.map(|way| tokio::spawn(readers::follow(Arc::clone(world), tenant, way)))
    });
    let following: Vec<_> = following.collect();
    let writing = (0..WRITERS).map(|n| tokio::spawn(writers::write(Arc::clone(&world), n)));
    let written: Vec<Written> =
        join_all(writing.collect::<Vec<_>>()).await.into_iter().map(Result::unwrap).collect();
    // What was given up may still be on its way.
    join_all(world.logs.iter().map(EventLog::drain)).await;
    world.over.store(true, Ordering::Release);
    let read: Vec<_> = join_all(following).await.into_iter().map(Result::unwrap).collect();

    for held in unrelated {
        held.assert_open_and_commit().await;
    }
    assert_all_happened(&written);
    for (of_tenant, &tenant) in read.chunks(Way::ALL.len()).zip(&world.tenants) {
        let head = world.logs[0].head(tenant).await.unwrap();
        assert_eq!(world.end(tenant).await, (head.position.0, head.position.0));
        let ids = &of_tenant[0];
        assert_eq!(i64::try_from(ids.len()), Ok(head.position.0));
        for (other, way) in of_tenant.iter().zip(Way::ALL) {
            assert_eq!(other, ids, "{way:?} read something else");
        }
        assert_recorded_once(ids, written.iter().filter(|one| one.tenant == tenant));
        let verified = world.logs[1].verify(tenant).await.unwrap();
        assert!(matches!(verified, Verified::Holds { .. }), "{verified:?}");
    }
}

/// Each acknowledged event is there once, where the writer was told; and nothing is there that
/// nobody sent.
fn assert_recorded_once<'a>(ids: &[Uuid], written: impl Iterator<Item = &'a Written> + Clone) {
    let distinct: BTreeSet<_> = ids.iter().collect();
    assert_eq!(distinct.len(), ids.len(), "an event was recorded twice");
    let acknowledged: BTreeMap<Uuid, Position> =
        written.clone().flat_map(|one| one.acknowledged.iter().copied()).collect();
    for (id, Position(position)) in &acknowledged {
        let found = usize::try_from(position - 1).ok().and_then(|index| ids.get(index));
        assert_eq!(found, Some(id), "acknowledged at {position}");
    }
    let given_up: BTreeSet<Uuid> = written.flat_map(|one| one.given_up.iter().copied()).collect();
    // The first event says that the tenant went live.
    for id in &ids[1..] {
        assert!(acknowledged.contains_key(id) || given_up.contains(id), "{id} came from nowhere");
    }
}

/// The writers did meet what they were to meet.
fn assert_all_happened(written: &[Written]) {
    let sum = |of: fn(&Written) -> usize| written.iter().map(of).sum::<usize>();
    assert!(sum(|one| one.conflicts) > 0, "nobody was in another's way");
    assert!(sum(|one| one.refused) > 0, "no batch had to be taken back");
    assert!(sum(|one| one.given_up.len()) > 0, "nobody gave up");
    let least = WRITERS * writers::COMMANDS / 2;
    assert!(sum(|one| one.acknowledged.len()) > least, "little was written");
}

//! Which shards this process has: its leases, and its fair share of all of them.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;
use tokio_postgres::{Client, Error};
use uuid::Uuid;

use crate::lease::{self, Lease};
use crate::look::{self, Seen};
use crate::shard::Shard;

/// How many heartbeats a lease lasts.
const HEARTBEATS_A_LEASE: u32 = 3;

#[derive(Debug)]
pub(crate) struct Ownership {
    holder: Uuid,
    lease: Duration,
    held: HashMap<Shard, Lease>,
    /// How many shards there are, when they were last looked at.
    shards: usize,
    /// How many other processes share them, at the last heartbeat.
    others: usize,
    next_heartbeat: Instant,
}

impl Ownership {
    pub(crate) fn new(holder: Uuid, lease: Duration) -> Self {
        Self {
            holder,
            lease,
            held: HashMap::new(),
            shards: 0,
            others: 0,
            next_heartbeat: Instant::now(),
        }
    }

    pub(crate) fn next_heartbeat(&self) -> Instant {
        self.next_heartbeat
    }

    pub(crate) fn len(&self) -> usize {
        self.held.len()
    }

    pub(crate) fn get(&self, shard: Shard) -> Option<Lease> {
        self.held.get(&shard).copied()
    }

    /// Notes how a lease came back from a turn.
    pub(crate) fn put(&mut self, lease: Lease) {
        self.held.insert(lease.shard, lease);
    }

    /// Forgets a lease that has changed hands, or may have.
    pub(crate) fn forget(&mut self, shard: Shard) {
        self.held.remove(&shard);
    }

    /// Compares what is believed with what the database says, except of shards at work: those know
    /// better, and will find out by themselves.
    pub(crate) fn reconcile(&mut self, seen: &[Seen], is_running: impl Fn(Shard) -> bool) {
        self.shards = seen.len();
        let by_shard: HashMap<Shard, &Seen> = seen.iter().map(|seen| (seen.shard, seen)).collect();
        let holder = Some(self.holder);
        self.held.retain(|shard, lease| {
            if is_running(*shard) {
                return true;
            }
            let Some(seen) = by_shard.get(shard) else { return false };
            // After an error, nobody knows whether the last batch was committed but the database.
            lease.position = seen.position;
            seen.holder == holder && seen.epoch == lease.epoch
        });
    }

    /// Whether nobody else has a shard.
    pub(crate) fn is_free(&self, seen: &Seen) -> bool {
        !seen.is_leased || seen.holder == Some(self.holder)
    }

    /// Takes leases of shards that nobody has, those that matter most first, but no more than its
    /// share. Returns how many of them another process had let run out.
    pub(crate) async fn take(&mut self, client: &Client, wanted: &[Shard]) -> Result<u64, Error> {
        let room = self.share().saturating_sub(self.held.len());
        if wanted.is_empty() || room == 0 {
            return Ok(0);
        }
        let taken = lease::take(client, self.holder, self.lease, wanted, room).await?;
        for lease in taken.leases {
            self.put(lease);
        }
        Ok(taken.from_others)
    }

    /// Says that this process is alive, renews the leases of shards that are in use, and gives back
    /// what is more than its share. `idle` are shards that could be given back, those first that
    /// have been idle for longest.
    pub(crate) async fn heartbeat(
        &mut self,
        client: &Client,
        is_in_use: impl Fn(Shard) -> bool,
        idle: &[Shard],
    ) -> Result<(), Error> {
        self.next_heartbeat = Instant::now() + self.lease / HEARTBEATS_A_LEASE;
        self.others = look::say_alive(client, self.holder, self.lease).await?;
        let in_use = self.held.values().copied().filter(|lease| is_in_use(lease.shard));
        lease::renew(client, self.lease, in_use).await?;
        if self.shards == 0 {
            return Ok(());
        }
        let surplus = self.held.len().saturating_sub(self.share());
        let given: Vec<Lease> =
            idle.iter().filter_map(|shard| self.get(*shard)).take(surplus).collect();
        lease::give_back(client, given.iter().copied()).await?;
        for lease in given {
            self.forget(lease.shard);
        }
        Ok(())
    }

    /// Gives everything back, as this process ends.
    pub(crate) async fn end(&mut self, client: &Client) -> Result<(), Error> {
        lease::give_back(client, self.held.drain().map(|(_, lease)| lease)).await?;
        look::say_gone(client, self.holder).await
    }

    /// How many shards each process has at most, so that all of them are had.
    fn share(&self) -> usize {
        self.shards.div_ceil(self.others + 1)
    }
}

//! What breaks, in an order that the seed decides.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

use crate::proxy::Noticed;
use crate::random::Random;
use crate::settings::Settings;
use crate::violation::Violation;
use crate::world::World;

/// How long the service may take to acknowledge something again.
const RECOVERY_MAX: Duration = Duration::from_mins(1);
/// How long a commit is waited for, at which something is to break.
const COMMIT_MAX: Duration = Duration::from_secs(10);
/// How often progress is told.
const TELL_EVERY: Duration = Duration::from_secs(15);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fault {
    KillService,
    KillServiceAtCommit,
    KillServices,
    KillPostgres,
    KillPostgresAtCommit,
    KillPostmaster,
    KillBackend,
    KillEverything,
    CutOne,
    CutAll,
    CutWithinAMessage,
    CutAtCommit,
    HoldBack,
    TerminateBackends,
}

/// Every fault comes once before any comes again.
const DECK: [Fault; 14] = [
    Fault::KillService,
    Fault::KillServiceAtCommit,
    Fault::KillServices,
    Fault::KillPostgres,
    Fault::KillPostgresAtCommit,
    Fault::KillPostmaster,
    Fault::KillBackend,
    Fault::KillEverything,
    Fault::CutOne,
    Fault::CutAll,
    Fault::CutWithinAMessage,
    Fault::CutAtCommit,
    Fault::HoldBack,
    Fault::TerminateBackends,
];

/// What was broken, by kind.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    kills: u32,
    faults: BTreeMap<Fault, u32>,
    /// The longest time from the end of a fault until enough commands were acknowledged again.
    slowest: Option<(Duration, Fault)>,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} processes killed;", self.kills)?;
        self.faults.iter().try_for_each(|(fault, times)| write!(f, " {fault:?} {times}"))?;
        let Some((recovery, fault)) = self.slowest else { return Ok(()) };
        write!(f, "; slowest recovery {:.1} s after {}", recovery.as_secs_f32(), fault.name())
    }
}

impl Tally {
    /// Breaks one thing after another, until enough was killed and enough time has passed.
    ///
    /// The next fault waits until commands are acknowledged again.
    pub(crate) async fn inflict(
        world: &mut World,
        settings: &Settings,
        random: &mut Random,
    ) -> Self {
        let mut tally = Self::default();
        let mut deck = Vec::new();
        let started = Instant::now();
        let mut told = Instant::now();
        while tally.kills < settings.kills_min || started.elapsed() < settings.lasts_min {
            if deck.is_empty() {
                deck.extend(DECK);
                random.shuffle(&mut deck);
            }
            let fault = deck.pop().unwrap();
            tally.kills += fault.inflict(world, random).await;
            *tally.faults.entry(fault).or_default() += 1;
            let over = Instant::now();
            if !has_recovered(world, random).await {
                world.ledger.report(Violation::NotRecovered { after: fault.name() });
                return tally;
            }
            tally.slowest = tally.slowest.max(Some((over.elapsed(), fault)));
            if told.elapsed() > TELL_EVERY {
                told = Instant::now();
                let acknowledged = *world.ledger.acknowledged().borrow();
                let elapsed_s = started.elapsed().as_secs();
                println!("{elapsed_s} s: {acknowledged} commands acknowledged, {tally}");
            }
        }
        tally
    }
}

/// Waits until a few more commands are acknowledged.
async fn has_recovered(world: &World, random: &mut Random) -> bool {
    let mut acknowledged = world.ledger.acknowledged();
    let enough = *acknowledged.borrow() + random.between(1..=30);
    let working = acknowledged.wait_for(|acknowledged| *acknowledged >= enough);
    tokio::time::timeout(RECOVERY_MAX, working).await.is_ok()
}

impl Fault {
    fn name(self) -> &'static str {
        match self {
            Self::KillService => "the kill of a service",
            Self::KillServiceAtCommit => "the kill of a service at a commit",
            Self::KillServices => "the kill of all services",
            Self::KillPostgres => "the kill of PostgreSQL",
            Self::KillPostgresAtCommit => "the kill of PostgreSQL at a commit",
            Self::KillPostmaster => "the kill of PostgreSQL's first process",
            Self::KillBackend => "the kill of a backend",
            Self::KillEverything => "the kill of everything",
            Self::CutOne => "the cut of a connection",
            Self::CutAll => "the cut of all connections",
            Self::CutWithinAMessage => "a cut within a message",
            Self::CutAtCommit => "a cut at a commit",
            Self::HoldBack => "a silence",
            Self::TerminateBackends => "the termination of backends",
        }
    }

    /// Breaks something, and starts again what does not by itself. Says how many kills that was.
    async fn inflict(self, world: &mut World, random: &mut Random) -> u32 {
        match self {
            Self::KillService => {
                let number = random.index(world.services.count());
                u32::from(world.services.kill(number))
            }
            Self::KillServiceAtCommit => {
                let hold = random.millis(0..=500);
                let Some(noticed) = at_commit(world, hold).await else { return 0 };
                let client = noticed.client.and_then(|process| world.services.find(process));
                client.map_or(0, |number| u32::from(world.services.kill(number)))
            }
            Self::KillServices => kill_services(world),
            Self::KillPostgres => {
                world.postgres.kill();
                come_back(world, random, 0).await
            }
            Self::KillPostgresAtCommit => {
                let hold = random.millis(0..=500);
                if at_commit(world, hold).await.is_none() {
                    return 0;
                }
                tokio::time::sleep(random.millis(0..=3)).await;
                world.postgres.kill();
                come_back(world, random, 0).await
            }
            Self::KillPostmaster => {
                world.postgres.kill_postmaster();
                come_back(world, random, 0).await
            }
            Self::KillBackend => {
                u32::from(world.postgres.kill_backend(|backends| random.index(backends)))
            }
            Self::KillEverything => {
                world.postgres.kill();
                let services = kill_services(world);
                come_back(world, random, services).await
            }
            Self::CutOne => {
                let chosen = random.index(world.proxy.connections().max(1));
                world.proxy.cut(|place| place == chosen);
                0
            }
            Self::CutAll => {
                world.proxy.cut(|_| true);
                0
            }
            Self::CutWithinAMessage => {
                for _ in 0..random.between(1..=4) {
                    world.proxy.cut_within_a_message();
                    tokio::time::sleep(random.millis(1..=50)).await;
                }
                0
            }
            Self::CutAtCommit => {
                for _ in 0..random.between(1..=3) {
                    at_commit(world, random.millis(0..=1_000)).await;
                }
                0
            }
            Self::HoldBack => {
                world.proxy.hold_back(true);
                tokio::time::sleep(random.millis(500..=world.silence_ms_max)).await;
                if random.chance(50) {
                    world.proxy.cut(|_| true);
                }
                world.proxy.hold_back(false);
                0
            }
            Self::TerminateBackends => {
                terminate_backends(world, random).await;
                0
            }
        }
    }
}

/// Starts PostgreSQL again, after a while in which a service may be killed too.
async fn come_back(world: &mut World, random: &mut Random, services: u32) -> u32 {
    tokio::time::sleep(random.millis(0..=500)).await;
    let mut kills = 1 + services;
    if random.chance(30) {
        let number = random.index(world.services.count());
        kills += u32::from(world.services.kill(number));
    }
    world.restart_postgres().await;
    kills
}

fn kill_services(world: &World) -> u32 {
    (0..world.services.count()).map(|number| u32::from(world.services.kill(number))).sum()
}

/// Waits for the next commit of an append, whose answer nobody gets.
async fn at_commit(world: &World, hold: Duration) -> Option<Noticed> {
    let noticed = world.proxy.at_next_commit(hold);
    tokio::time::timeout(COMMIT_MAX, noticed).await.ok()?.ok()
}

async fn terminate_backends(world: &World, random: &mut Random) {
    // It may be recovering.
    let Ok(client) = world.postgres.connect().await else { return };
    let sql = "SELECT pg_terminate_backend(pid) FROM (\
                   SELECT pid FROM pg_stat_activity \
                   WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() \
                   ORDER BY pid LIMIT $1 OFFSET $2) chosen";
    let (limit, offset) = (random.between(1..=8), random.between(0..=8));
    let (limit, offset) = (i64::try_from(limit).unwrap(), i64::try_from(offset).unwrap());
    let _ = client.execute(sql, &[&limit, &offset]).await;
}

//! One run: clients and followers work while things break; then everything is held against what
//! they know.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::afterwards::{self, Asking};
use crate::checks::check;
use crate::client::{Client, Shared};
use crate::faults::Tally;
use crate::follower::Followed;
use crate::found::Found;
use crate::ledger::{Accounts, Outcome};
use crate::line::Line;
use crate::random::Random;
use crate::settings::Settings;
use crate::violation::Violation;
use crate::world::World;

const TENANTS: [&str; 3] = ["north", "south", "east"];
/// Cases of a tenant that everybody works on.
const SHARED_CASES: usize = 2;
/// How long a client waits for an answer.
const ANSWER_MAX: Duration = Duration::from_secs(20);
/// How long a follower may take to come to the end of a log that does not grow any more.
const FOLLOW_MAX: Duration = Duration::from_mins(1);

/// Runs it. `None` where no PostgreSQL can be started.
pub(crate) async fn run(settings: &Settings) -> Option<Vec<Violation>> {
    let mut random = Random::new(settings.seed);
    let mut world = World::start(settings, &mut random).await?;
    let staff = Staff::hire(&world, settings, &mut random).await;
    let followers = Followers::start(&world, &staff.tenants);
    let (stop, stopped) = watch::channel(false);
    let clients = staff.clients.into_iter();
    let clients: Vec<_> =
        clients.map(|client| tokio::spawn(client.work(stopped.clone()))).collect();

    let tally = Tally::inflict(&mut world, settings, &mut random).await;
    world.proxy.heal();
    stop.send_replace(true);
    for client in clients {
        client.await.unwrap();
    }
    let violations = hold_to_account(&mut world, settings, followers, &mut random).await;
    println!("{tally}");
    println!("{}", summary(&world.ledger.accounts()));
    if violations.is_empty() {
        world.stop().await;
    } else {
        world.leave().await;
    }
    Some(violations)
}

async fn hold_to_account(
    world: &mut World,
    settings: &Settings,
    followers: Followers,
    random: &mut Random,
) -> Vec<Violation> {
    world.wait_until_up().await;
    // Stopped first: a command whose caller has stopped waiting may still be on its way.
    world.stop_services().await;
    let before = Found::read(&world.postgres.connect().await.unwrap()).await;
    world.restart_postgres().await;
    world.start_services(random).await;
    let found = Found::read(&world.postgres.connect().await.unwrap()).await;
    // The processes, taking up their work, write nothing by themselves.
    let mut wrong: Vec<Violation> = found
        .tenants()
        .into_iter()
        .filter(|_| before != found)
        .map(|tenant| Violation::ChangedByRestart { tenant })
        .collect();
    wrong.extend(check(&world.ledger.accounts(), &followers.stop().await, &found));
    wrong.extend(afterwards::verify(&world.postgres, &found.tenants()).await);
    for (name, tenant) in TENANTS.iter().zip(tenant_numbers(world).await) {
        let worker = line(world, settings, usize::MAX, name, "caseworker").await;
        let operator = line(world, settings, usize::MAX, name, "operator").await;
        let ledger = Arc::clone(&world.ledger);
        let asking = Asking { tenant, worker, operator, ledger, random: random.fork() };
        asking.about_the_present(&found).await;
    }
    wrong.extend(world.ledger.accounts().violations);
    wrong
}

/// Somebody for each tenant who follows its log.
struct Followers {
    stop: watch::Sender<bool>,
    following: Vec<JoinHandle<Followed>>,
}

impl Followers {
    fn start(world: &World, tenants: &[i32]) -> Self {
        let stop = watch::Sender::new(false);
        let follow = |tenant: &i32| {
            let follower = Followed::new(*tenant);
            tokio::spawn(follower.follow(world.breakable(), stop.subscribe()))
        };
        let following = tenants.iter().map(follow).collect();
        Self { stop, following }
    }

    /// Lets them come to the end of the log, which does not grow any more.
    async fn stop(self) -> Vec<Followed> {
        self.stop.send_replace(true);
        let mut followed = Vec::new();
        for following in self.following {
            let ended = tokio::time::timeout(FOLLOW_MAX, following).await;
            followed.push(ended.expect("a follower comes to the end of the log").unwrap());
        }
        followed
    }
}

/// Who works, before anything breaks.
struct Staff {
    /// By number.
    tenants: Vec<i32>,
    clients: Vec<Client>,
}

impl Staff {
    async fn hire(world: &World, settings: &Settings, random: &mut Random) -> Self {
        for name in TENANTS {
            // A tenant is created on first use.
            let line = line(world, settings, usize::MAX, name, "caseworker").await;
            let reply = line.read("/v1/caseloads", None, random).await.expect("an answer");
            assert_eq!(reply.status, 200, "{reply:?}");
        }
        let tenants = tenant_numbers(world).await;
        let shared: Vec<Shared> = tenants.iter().map(|_| Shared::default()).collect();
        let mut clients = Vec::new();
        for number in 0..settings.clients {
            let place = number % TENANTS.len();
            let line = line(world, settings, number, TENANTS[place], "caseworker").await;
            let (ledger, shared) = (Arc::clone(&world.ledger), Arc::clone(&shared[place]));
            let tenant = tenants[place];
            let mut client = Client::new(number, tenant, line, ledger, random.fork(), shared);
            if number < TENANTS.len() * SHARED_CASES {
                client.open_a_shared_case().await;
            }
            clients.push(client);
        }
        Self { tenants, clients }
    }
}

/// The tenants' numbers, in the order of [`TENANTS`].
async fn tenant_numbers(world: &World) -> Vec<i32> {
    let client = world.postgres.connect().await.unwrap();
    let rows = client.query("SELECT name, tenant_no FROM tenant", &[]).await.unwrap();
    let numbers: BTreeMap<String, i32> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    TENANTS.iter().map(|name| numbers[*name]).collect()
}

async fn line(world: &World, settings: &Settings, client: usize, name: &str, role: &str) -> Line {
    let subject = format!("w-{client}");
    let token = crate::service::token(world.data_dir(), name, &subject, role).await;
    let http = reqwest::Client::builder().timeout(ANSWER_MAX).build().unwrap();
    let (services, ledger) = (Arc::clone(&world.services), Arc::clone(&world.ledger));
    Line { client, token, http, services, ledger, retry: settings.retry }
}

fn summary(accounts: &Accounts) -> String {
    let count =
        |is: fn(&Outcome) -> bool| accounts.sent.iter().filter(|sent| is(&sent.outcome)).count();
    let acknowledged = count(|outcome| matches!(outcome, Outcome::Acknowledged(_)));
    let unknown = count(|outcome| matches!(outcome, Outcome::Unknown));
    let refused = count(|outcome| matches!(outcome, Outcome::Refused { .. }));
    format!(
        "commands: {} sent, {acknowledged} acknowledged, {unknown} unknown, {refused} refused; \
         reads of a case: {}; answers: {:?}",
        accounts.sent.len(),
        accounts.seen.len(),
        accounts.answers,
    )
}

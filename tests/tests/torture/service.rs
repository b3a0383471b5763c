//! The real program, several times over one database: killed, and started again each time.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::ledger::Ledger;
use crate::random::Random;
use crate::violation::Violation;

/// A master key for tests; it opens nothing but what the tests seal.
const MASTER_KEY: &str = "dGhpcyBpcyBhIG1hc3RlciBrZXkgZm9yIHRlc3RzISE=";
/// How long a process may take to serve or to give up, while the database comes and goes.
const START_MAX: Duration = Duration::from_mins(1);
/// How long a process may take to finish what it accepted, once it is told to stop.
const STOP_MAX: Duration = Duration::from_mins(1);

/// Where the processes find what they share.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// For keys, and for logs beside them.
    pub(crate) data_dir: PathBuf,
    pub(crate) database_url: String,
}

/// The processes, each with somebody who starts it again.
#[derive(Debug)]
pub(crate) struct Services {
    slots: Vec<Arc<Slot>>,
    keepers: Mutex<Vec<JoinHandle<Option<ExitStatus>>>>,
}

/// One process after another.
#[derive(Debug, Default)]
struct Slot {
    /// The process and, once it serves, its address.
    running: Mutex<(Option<u32>, Option<String>)>,
    kill: Notify,
    stopping: AtomicBool,
}

impl Services {
    /// Starts this many processes, which then are kept running.
    pub(crate) fn start(
        count: usize,
        place: &Place,
        ledger: &Arc<Ledger>,
        random: &mut Random,
    ) -> Self {
        let slots: Vec<Arc<Slot>> = (0..count).map(|_| Arc::default()).collect();
        let keepers = slots.iter().enumerate().map(|(number, slot)| {
            let (slot, place, ledger) = (Arc::clone(slot), place.clone(), Arc::clone(ledger));
            let mut random = random.fork();
            tokio::spawn(async move { slot.keep(number, &place, &ledger, &mut random).await })
        });
        let keepers = Mutex::new(keepers.collect());
        Self { slots, keepers }
    }

    pub(crate) fn count(&self) -> usize {
        self.slots.len()
    }

    /// The address of a process, if it serves at this moment.
    pub(crate) fn address(&self, number: usize) -> Option<String> {
        self.slots[number].lock().1.clone()
    }

    /// Whether every process serves.
    pub(crate) fn are_up(&self) -> bool {
        (0..self.count()).all(|number| self.address(number).is_some())
    }

    /// Kills a process. Says whether there was one.
    pub(crate) fn kill(&self, number: usize) -> bool {
        let slot = &self.slots[number];
        let running = slot.lock().0.take().is_some();
        if running {
            slot.kill.notify_one();
        }
        running
    }

    /// The place of the process with this id.
    pub(crate) fn find(&self, process: i32) -> Option<usize> {
        let is =
            |slot: &Arc<Slot>| slot.lock().0.is_some_and(|id| i32::try_from(id) == Ok(process));
        self.slots.iter().position(is)
    }

    /// Tells every process to stop, and waits until it has.
    pub(crate) async fn stop(&self) -> Vec<Option<ExitStatus>> {
        for slot in &self.slots {
            slot.stopping.store(true, Ordering::SeqCst);
            if let Some(id) = slot.lock().0 {
                terminate(id);
            }
        }
        let keepers = std::mem::take(&mut *self.keepers.lock().unwrap());
        let mut ended = Vec::new();
        for keeper in keepers {
            let status = tokio::time::timeout(STOP_MAX, keeper).await;
            ended.push(status.expect("the service stops when it is told to").unwrap());
        }
        ended
    }
}

impl Slot {
    fn lock(&self) -> std::sync::MutexGuard<'_, (Option<u32>, Option<String>)> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts the process again and again, until it is told to stop.
    async fn keep(
        &self,
        number: usize,
        place: &Place,
        ledger: &Ledger,
        random: &mut Random,
    ) -> Option<ExitStatus> {
        while !self.stopping.load(Ordering::SeqCst) {
            let mut child = spawn(number, place);
            self.lock().0 = child.id();
            let served = self.announce(&mut child).await;
            let (status, killed) = tokio::select! {
                status = child.wait() => (status.unwrap(), false),
                () = self.kill.notified() => {
                    child.kill().await.unwrap();
                    (child.wait().await.unwrap(), true)
                }
            };
            *self.lock() = (None, None);
            if self.stopping.load(Ordering::SeqCst) {
                return Some(status);
            }
            // Without a database there is nothing to serve. Once it serves, it goes on.
            if served && !killed {
                ledger.report(Violation::ServiceEnded { number, status: status.to_string() });
            }
            tokio::time::sleep(random.millis(0..=300)).await;
        }
        None
    }

    /// Waits until the process serves. False when it was killed or ended before.
    async fn announce(&self, child: &mut Child) -> bool {
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = tokio::select! {
            line = tokio::time::timeout(START_MAX, lines.next_line()) => line,
            () = self.kill.notified() => {
                self.kill.notify_one();
                return false;
            }
        };
        let line = line.expect("the service serves or gives up in time");
        let Some(line) = line.unwrap() else { return false };
        let address = line.strip_prefix("listening on ").expect("the first line").to_owned();
        self.lock().1 = Some(address);
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        true
    }
}

fn spawn(number: usize, place: &Place) -> Child {
    let log = place.data_dir.join(format!("service-{number}.log"));
    let log = OpenOptions::new().create(true).append(true).open(log).unwrap();
    Command::new(program())
        .args(["serve", "--listen", "127.0.0.1:0", "--database-url", &place.database_url])
        .arg("--data-dir")
        .arg(&place.data_dir)
        .env("THROUGHLINE_MASTER_KEY", MASTER_KEY)
        .env_remove("THROUGHLINE_MASTER_KEY_FILE")
        .env("RUST_LOG", "info")
        .stdout(Stdio::piped())
        .stderr(log)
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

fn terminate(id: u32) {
    let id = Pid::from_raw(id.try_into().unwrap()).unwrap();
    let _ = kill_process(id, Signal::TERM);
}

/// A token of the development issuer, whose keys are in the directory.
pub(crate) async fn token(data_dir: &Path, tenant: &str, subject: &str, role: &str) -> String {
    let output = Command::new(program())
        .args(["token", "--tenant", tenant, "--subject", subject, "--role", role, "--data-dir"])
        .arg(data_dir)
        .output()
        .await
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// The program under test, which `cargo test --workspace` builds beside the tests.
pub(crate) fn program() -> PathBuf {
    let mut path = std::env::current_exe().unwrap();
    path.pop();
    if path.ends_with("deps") {
        path.pop();
    }
    path.push("throughline");
    assert!(path.exists(), "build the program first: cargo build -p throughline");
    path
}

//! A projector in a process of its own, which can be killed and stopped.

use std::env;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use throughline_log::{AppendSettings, EventLog, MasterKey};
use throughline_projector::Projector;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::world::{World, small_batches};

/// Tells the child which database to follow.
const DATABASE: &str = "THROUGHLINE_TEST_PROJECTOR_DATABASE";
/// By which the server knows its connections.
const NAME: &str = "THROUGHLINE_TEST_PROJECTOR_NAME";

/// Not a test: what the process does. Without the variable it does nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_process() {
    let Ok(url) = env::var(DATABASE) else { return };
    let mut config: tokio_postgres::Config = url.parse().unwrap();
    config.application_name(env::var(NAME).unwrap());
    let pool = throughline_log::pool(config, 8).unwrap();
    let log = EventLog::new(pool.clone(), MasterKey::random().unwrap(), AppendSettings::default());
    let projector = Projector::new(log, pool, small_batches());
    projector.run(CancellationToken::new()).await;
}

/// It is killed when it goes out of scope.
pub(crate) struct Process(Child);

impl Process {
    pub(crate) fn start(world: &World) -> Self {
        Self::named(world, &format!("projector {}", Uuid::new_v4()))
    }

    pub(crate) fn named(world: &World, name: &str) -> Self {
        let child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "process::the_process"])
            .env(DATABASE, world.database.url())
            .env(NAME, name)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self(child)
    }

    /// SIGKILL
    pub(crate) fn kill(self) {
        drop(self);
    }

    /// SIGSTOP: not an instruction more until it goes on.
    pub(crate) fn stop(&self) {
        self.signal(Signal::STOP);
    }

    /// SIGCONT
    pub(crate) fn go_on(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.0), signal).unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

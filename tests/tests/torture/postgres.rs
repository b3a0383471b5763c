//! A private PostgreSQL of the run's own, whose processes are killed and started again.
//!
//! `throughline with-postgres` keeps it. A SIGKILL takes the processes and what was in their
//! memory; it does not take what the kernel holds, so that a disk keeps what it was given is not
//! shown here.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio_postgres::config::Host;
use tokio_postgres::{Client, Config, NoTls};

use crate::service::program;

/// How long the server may take to answer again after its end, crash recovery included.
const RESTART_MAX: Duration = Duration::from_mins(2);

/// A server that is running, unless it was killed.
#[derive(Debug)]
pub(crate) struct Postgres {
    data_dir: PathBuf,
    holder: Child,
    config: Config,
}

/// Why there is no server.
enum Failure {
    NotInstalled,
    /// What the program said.
    Said(String),
}

impl Postgres {
    /// A new cluster in a directory; `None` where no server programs are installed and the tests
    /// use a database elsewhere.
    pub(crate) async fn create(data_dir: &Path) -> Option<Self> {
        match hold(data_dir).await {
            Ok((holder, config)) => Some(Self { data_dir: data_dir.to_owned(), holder, config }),
            Err(Failure::NotInstalled) if std::env::var_os("DATABASE_URL").is_some() => None,
            Err(Failure::NotInstalled) => panic!("no PostgreSQL server is installed"),
            Err(Failure::Said(said)) => panic!("no PostgreSQL: {said}"),
        }
    }

    /// Where its socket is.
    pub(crate) fn socket_dir(&self) -> &Path {
        match self.config.get_hosts() {
            [Host::Unix(directory)] => directory,
            other => panic!("not one socket: {other:?}"),
        }
    }

    /// How to reach it through a socket in another directory.
    pub(crate) fn url_through(&self, directory: &Path) -> String {
        let directory = directory.to_str().unwrap();
        let (user, database) = (self.config.get_user(), self.config.get_dbname());
        format!("host='{directory}' user={} dbname={}", user.unwrap(), database.unwrap())
    }

    /// How to reach it with nothing between.
    pub(crate) fn config(&self) -> Config {
        self.config.clone()
    }

    pub(crate) async fn connect(&self) -> Result<Client, tokio_postgres::Error> {
        let (client, connection) = self.config.connect(NoTls).await?;
        // It ends when the client is dropped. What breaks it fails the client's call too.
        tokio::spawn(connection);
        Ok(client)
    }

    /// Kills every process of the server at once.
    pub(crate) fn kill(&self) {
        let postmaster = self.postmaster();
        let children = children_of(postmaster);
        end(postmaster);
        children.into_iter().for_each(end);
    }

    /// Kills the first process alone; the others notice, each in its own time.
    pub(crate) fn kill_postmaster(&self) {
        end(self.postmaster());
    }

    /// Kills the process of one connection, for which the server ends all the others and recovers
    /// by itself. Says whether there was one.
    pub(crate) fn kill_backend(&self, choose: impl FnOnce(usize) -> usize) -> bool {
        let mut backends = children_of(self.postmaster());
        backends.retain(|child| is_backend(*child));
        if backends.is_empty() {
            return false;
        }
        end(backends[choose(backends.len())]);
        true
    }

    /// Ends whatever is left of the server and starts it again, over the same files.
    pub(crate) async fn restart(&mut self) {
        let started = Instant::now();
        loop {
            let ended = self.release().await;
            let failure = match hold(&self.data_dir).await {
                Ok((holder, config)) => {
                    (self.holder, self.config) = (holder, config);
                    return;
                }
                Err(Failure::NotInstalled) => "its programs are gone".to_owned(),
                Err(Failure::Said(said)) => said,
            };
            assert!(
                started.elapsed() < RESTART_MAX,
                "PostgreSQL does not start again after its end ({ended}): {failure}"
            );
            // Sessions of the killed server may still be there.
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Stops the server as an operator would.
    pub(crate) async fn stop(mut self) {
        let ended = self.release().await;
        assert!(ended.contains("exit status: 0"), "PostgreSQL did not stop: {ended}");
    }

    async fn release(&mut self) -> String {
        drop(self.holder.stdin.take());
        let ended = tokio::time::timeout(RESTART_MAX, self.holder.wait()).await;
        ended.expect("the server's keeper ends in time").unwrap().to_string()
    }

    /// The server's first process: the one on record, if it is the keeper's child. A number that was
    /// left behind may be anybody's by now.
    fn postmaster(&self) -> Pid {
        let recorded = self.data_dir.join("postgres/cluster/postmaster.pid");
        let recorded = fs::read_to_string(recorded).unwrap_or_default();
        let id = recorded.lines().next().and_then(|line| line.parse::<i32>().ok());
        let keeper = self.holder.id().and_then(|id| i32::try_from(id).ok());
        let ours = id.filter(|id| keeper.is_some() && parent_of(*id) == keeper);
        ours.and_then(Pid::from_raw).expect("PostgreSQL runs, since nobody has killed it")
    }
}

/// Runs the program that keeps a server for as long as its input is open.
async fn hold(data_dir: &Path) -> Result<(Child, Config), Failure> {
    let log = data_dir.with_extension("log");
    let log_file = fs::OpenOptions::new().create(true).append(true).open(&log).unwrap();
    let before = log_file.metadata().unwrap().len();
    let mut holder = Command::new(program())
        .arg("with-postgres")
        .arg("--data-dir")
        .arg(data_dir)
        .args(["--", "sh", "-c", "echo \"$DATABASE_URL\"; exec cat"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(log_file)
        .spawn()
        .unwrap();
    let mut url = String::new();
    let mut output = BufReader::new(holder.stdout.take().unwrap());
    let read = tokio::time::timeout(RESTART_MAX, output.read_line(&mut url)).await;
    read.expect("PostgreSQL answers in time").unwrap();
    if !url.is_empty() {
        return Ok((holder, url.trim_end().parse().unwrap()));
    }
    holder.wait().await.unwrap();
    let said = fs::read_to_string(&log).unwrap();
    let said = said[usize::try_from(before).unwrap()..].trim_end().to_owned();
    Err(if said.contains("is not installed") { Failure::NotInstalled } else { Failure::Said(said) })
}

fn end(process: Pid) {
    // It may have ended by itself.
    let _ = kill_process(process, Signal::KILL);
}

fn children_of(parent: Pid) -> Vec<Pid> {
    let processes = fs::read_dir("/proc").unwrap();
    let ids = processes.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok());
    ids.filter(|id| parent_of(*id) == Some(parent.as_raw_nonzero().get()))
        .filter_map(Pid::from_raw)
        .collect()
}

fn parent_of(process: i32) -> Option<i32> {
    let status = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // After the name, which is in parentheses and may hold anything: the state, then the parent.
    status.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

/// Whether a child of the server serves a connection, by the title that PostgreSQL gives it.
fn is_backend(process: Pid) -> bool {
    let title = format!("/proc/{}/cmdline", process.as_raw_nonzero());
    fs::read_to_string(title).is_ok_and(|title| title.contains("[local]"))
}

//! Who is using a data directory's server, so that the last one out stops it.
//!
//! Two lock files in the data directory, both released by the kernel when a process dies:
//!
//! - `postgres.turn` is held exclusively while one process starts or stops the server.
//! - `postgres.users` is held shared for as long as a process uses the server. Who can take it
//!   exclusively on leaving is the last.
//!
//! A process that adopted a server, whose first owner was killed or has left, is an owner like
//! any other. The files lie beside the server's directory and not in it, so that root need not
//! open files in a directory that another account may fill with links.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use super::error::PrivatePostgresError;

/// How long to wait for another process's turn. A start may have to recover from a crash first.
const TURN_LIMIT: Duration = Duration::from_mins(10);

const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// This process's claim on the server of a data directory.
#[derive(Debug)]
pub(super) struct Occupancy {
    data_dir: PathBuf,
    turn: Option<File>,
    users: File,
}

/// Proof that nobody else uses the server, nor can begin to while this is held.
#[derive(Debug)]
pub(super) struct LastOut {
    _turn: File,
    _users: File,
}

impl Occupancy {
    /// Waits for the turn, takes it, and is counted among the users from then on.
    ///
    /// # Errors
    /// [`PrivatePostgresError::TurnTimeout`] when another process keeps the turn.
    pub(super) async fn enter(data_dir: &Path) -> Result<Self, PrivatePostgresError> {
        let started = Instant::now();
        let turn = open(&data_dir.join("postgres.turn"))?;
        while !try_lock(data_dir, &turn)? {
            check_limit(data_dir, started)?;
            tokio::time::sleep(POLL_INTERVAL).await;
        }
        let users_path = data_dir.join("postgres.users");
        let users = open(&users_path)?;
        // It waits for nobody: the exclusive holder of this lock also has the turn.
        users.lock_shared().map_err(PrivatePostgresError::file(users_path))?;
        Ok(Self { data_dir: data_dir.to_owned(), turn: Some(turn), users })
    }

    /// Lets others start or stop the server: it runs, and this process is known to use it.
    pub(super) fn end_turn(&mut self) {
        self.turn = None;
    }

    /// Gives up the claim. `None` when others still use the server.
    ///
    /// Blocks while another process has the turn.
    pub(super) fn leave(self) -> Result<Option<LastOut>, PrivatePostgresError> {
        let Self { data_dir, turn, users } = self;
        let turn = match turn {
            Some(turn) => turn,
            None => wait_for_turn(&data_dir)?,
        };
        users.unlock().map_err(PrivatePostgresError::file(&data_dir))?;
        let alone = try_lock(&data_dir, &users)?;
        Ok(alone.then_some(LastOut { _turn: turn, _users: users }))
    }
}

fn wait_for_turn(data_dir: &Path) -> Result<File, PrivatePostgresError> {
    let started = Instant::now();
    let turn = open(&data_dir.join("postgres.turn"))?;
    while !try_lock(data_dir, &turn)? {
        check_limit(data_dir, started)?;
        thread::sleep(POLL_INTERVAL);
    }
    Ok(turn)
}

fn check_limit(data_dir: &Path, started: Instant) -> Result<(), PrivatePostgresError> {
    if started.elapsed() < TURN_LIMIT {
        return Ok(());
    }
    Err(PrivatePostgresError::TurnTimeout {
        data_dir: data_dir.to_owned(),
        limit_s: TURN_LIMIT.as_secs(),
    })
}

fn open(path: &Path) -> Result<File, PrivatePostgresError> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map_err(PrivatePostgresError::file(path))
}

fn try_lock(data_dir: &Path, file: &File) -> Result<bool, PrivatePostgresError> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(source)) => {
            Err(PrivatePostgresError::File { path: data_dir.to_owned(), source })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_last_one_out_is_told_so() {
        let data_dir = tempfile::tempdir().unwrap();
        let mut first = Occupancy::enter(data_dir.path()).await.unwrap();
        first.end_turn();
        let mut second = Occupancy::enter(data_dir.path()).await.unwrap();
        second.end_turn();
        assert!(first.leave().unwrap().is_none());
        assert!(second.leave().unwrap().is_some());
    }

    #[tokio::test]
    async fn a_start_that_fails_leaves_within_its_own_turn() {
        let data_dir = tempfile::tempdir().unwrap();
        let starting = Occupancy::enter(data_dir.path()).await.unwrap();
        assert!(starting.leave().unwrap().is_some());
    }
}

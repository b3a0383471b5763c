//! Why a private PostgreSQL could not be started, used or stopped.

use std::io;
use std::path::PathBuf;

/// Why a private PostgreSQL could not be started, used or stopped.
///
/// Each variant reads as one line which says what to do, where there is something to do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PrivatePostgresError {
    #[error(
        "PostgreSQL 15 or newer is not installed: install it with \
         `apt-get install postgresql` or set DATABASE_URL"
    )]
    NotInstalled,
    #[error(
        "PostgreSQL 15 or newer is not in {}, the directory that THROUGHLINE_PG_BINDIR names: \
         install it there, unset THROUGHLINE_PG_BINDIR, or set DATABASE_URL",
        directory.display()
    )]
    NotInNamedDirectory { directory: PathBuf },
    #[error(
        "PostgreSQL {major} in {} is too old: install PostgreSQL 15 or newer, or set DATABASE_URL",
        directory.display()
    )]
    TooOld { major: u32, directory: PathBuf },
    #[error(
        "the data in {} belong to PostgreSQL {cluster_major}, and PostgreSQL {installed_major} is \
         installed: install PostgreSQL {cluster_major}, or name another --data-dir",
        cluster_dir.display()
    )]
    OtherVersion { cluster_major: u32, installed_major: u32, cluster_dir: PathBuf },
    #[error("{} does not hold the number of a PostgreSQL version", file.display())]
    UnreadableVersion { file: PathBuf },
    #[error(
        "there is no user to run PostgreSQL as: neither `postgres` nor `nobody` is in /etc/passwd"
    )]
    NoAccount,
    #[error(
        "user {account} cannot enter {}: name another directory by --data-dir, such as \
         /var/lib/throughline",
        directory.display()
    )]
    NotEnterable { account: String, directory: PathBuf },
    #[error(
        "{} belongs to another user: run as that user, or name another --data-dir",
        directory.display()
    )]
    ForeignDirectory { directory: PathBuf },
    #[error(
        "another throughline has been starting or stopping the PostgreSQL in {} for {limit_s} \
         seconds",
        data_dir.display()
    )]
    TurnTimeout { data_dir: PathBuf, limit_s: u64 },
    #[error("could not use {}", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("could not run {}", program.display())]
    Run { program: PathBuf, source: io::Error },
    #[error("{} failed: {last_line}", program.display())]
    Failed { program: PathBuf, last_line: String },
    #[error(
        "PostgreSQL stopped while it was starting: {last_line} (its log is in {})",
        log_dir.display()
    )]
    Exited { last_line: String, log_dir: PathBuf },
    #[error("PostgreSQL did not accept connections within {limit_s} seconds")]
    StartTimeout { limit_s: u64 },
    #[error("PostgreSQL did not stop within {limit_s} seconds: {last_line}")]
    NotStopped { last_line: String, limit_s: u64 },
    #[error("the private PostgreSQL refused a connection")]
    Connect { source: tokio_postgres::Error },
    #[error("could not create the database")]
    CreateDatabase { source: tokio_postgres::Error },
    #[error("could not create the service's role")]
    CreateRole { source: tokio_postgres::Error },
}

impl PrivatePostgresError {
    /// Whether sessions of a server that was killed keep the next one from starting. They notice
    /// and end, the busy ones late.
    pub(super) fn is_for_remaining_sessions(&self) -> bool {
        matches!(self, Self::Exited { last_line, .. } if last_line.contains("shared memory block"))
    }

    /// For `map_err`: a failed use of the file or directory at `path`.
    pub(super) fn file(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { path, source }
    }

    /// For `map_err`: a program that could not be run at all.
    pub(super) fn run(program: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let program = program.into();
        move |source| Self::Run { program, source }
    }
}

/// The line of a program's complaints that tells most: the first fatal one, else the last.
pub(super) fn telling_line(said: &str) -> String {
    let fatal = said
        .lines()
        .find(|line| ["FATAL:", "PANIC:", "error:"].iter().any(|marker| line.contains(marker)));
    let last = said.lines().rfind(|line| !line.trim().is_empty());
    fatal.or(last).unwrap_or("it said nothing").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fatal_line_is_the_telling_one() {
        let said = "LOG:  starting\nFATAL:  no room\nLOG:  database system is shut down\n\n";
        assert_eq!(telling_line(said), "FATAL:  no room");
        assert_eq!(telling_line("one\ntwo\n"), "two");
        assert_eq!(telling_line(""), "it said nothing");
    }
}

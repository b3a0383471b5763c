//! Finds the programs of an installed PostgreSQL server.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::error::PrivatePostgresError;

/// The oldest major version whose behaviour the service relies on.
const MAJOR_MIN: u32 = 15;

/// The programs without which a directory is not taken for a server's.
const PROGRAMS: [&str; 3] = ["postgres", "initdb", "pg_ctl"];

/// Where packages put server programs, as `(parent, prefix, suffix)` of `parent/prefixN/suffix`.
const PACKAGE_LAYOUTS: [(&str, &str, &str); 4] = [
    ("/usr/lib/postgresql", "", "bin"),
    ("/usr", "pgsql-", "bin"),
    ("/opt/homebrew/opt", "postgresql@", "bin"),
    ("/usr/local/opt", "postgresql@", "bin"),
];

/// A directory of server programs, and their version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ServerBinaries {
    directory: PathBuf,
    major: u32,
}

impl ServerBinaries {
    /// Finds the server programs to use.
    ///
    /// `THROUGHLINE_PG_BINDIR` decides when it is set. Otherwise the first of these will do:
    /// `pg_config --bindir`, the newest version in the places where packages install, `PATH`.
    ///
    /// With `existing`, the version and place of a cluster that is already there, only the same
    /// major version will do: another one cannot read its files.
    ///
    /// # Errors
    /// One that says what to install, when nothing suitable is found.
    pub(super) fn find(existing: Option<(u32, &Path)>) -> Result<Self, PrivatePostgresError> {
        if let Some(directory) = env::var_os("THROUGHLINE_PG_BINDIR").filter(|d| !d.is_empty()) {
            let directory = PathBuf::from(directory);
            let Some(found) = Self::inspect(&directory) else {
                return Err(PrivatePostgresError::NotInNamedDirectory { directory });
            };
            return choose([found], existing);
        }
        let path = env::var_os("PATH").unwrap_or_default();
        let places = pg_config_directory()
            .into_iter()
            .chain(package_directories())
            .chain(env::split_paths(&path).collect::<Vec<_>>());
        choose(places.filter_map(|directory| Self::inspect(&directory)), existing)
    }

    /// The path of one of the server's programs.
    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// `None` when the directory lacks one of the programs, or they do not run.
    fn inspect(directory: &Path) -> Option<Self> {
        if !PROGRAMS.iter().all(|name| directory.join(name).is_file()) {
            return None;
        }
        let answer = Command::new(directory.join("postgres")).arg("--version").output().ok()?;
        let major = major_in(&String::from_utf8_lossy(&answer.stdout))?;
        Some(Self { directory: directory.to_owned(), major })
    }
}

/// Takes the first that is new enough and can read the existing cluster, and looks no further.
fn choose(
    found: impl IntoIterator<Item = ServerBinaries>,
    existing: Option<(u32, &Path)>,
) -> Result<ServerBinaries, PrivatePostgresError> {
    let mut refusal = PrivatePostgresError::NotInstalled;
    for ServerBinaries { directory, major } in found {
        if major < MAJOR_MIN {
            if matches!(refusal, PrivatePostgresError::NotInstalled) {
                refusal = PrivatePostgresError::TooOld { major, directory };
            }
            continue;
        }
        match existing {
            Some((cluster_major, cluster_dir)) if cluster_major != major => {
                refusal = PrivatePostgresError::OtherVersion {
                    cluster_major,
                    installed_major: major,
                    cluster_dir: cluster_dir.to_owned(),
                };
            }
            _ => return Ok(ServerBinaries { directory, major }),
        }
    }
    Err(refusal)
}

fn pg_config_directory() -> Option<PathBuf> {
    let answer = Command::new("pg_config").arg("--bindir").output().ok()?;
    let directory = String::from_utf8(answer.stdout).ok()?;
    let directory = directory.trim();
    (!directory.is_empty()).then(|| PathBuf::from(directory))
}

/// The directories of packaged servers that exist, the newest version of each layout first.
fn package_directories() -> Vec<PathBuf> {
    let mut directories = Vec::new();
    for (parent, prefix, suffix) in PACKAGE_LAYOUTS {
        let mut versions: Vec<(u32, PathBuf)> = fs::read_dir(parent)
            .into_iter()
            .flatten()
            .filter_map(Result::ok)
            .filter_map(|entry| {
                let major = version_after(prefix, &entry.file_name())?;
                Some((major, entry.path().join(suffix)))
            })
            .collect();
        versions.sort_unstable_by(|a, b| b.cmp(a));
        directories.extend(versions.into_iter().map(|(_, directory)| directory));
    }
    directories.push(PathBuf::from("/usr/local/pgsql/bin"));
    directories
}

fn version_after(prefix: &str, name: &OsStr) -> Option<u32> {
    name.to_str()?.strip_prefix(prefix)?.parse().ok()
}

/// The major version in `postgres (PostgreSQL) 15.3 (Debian 15.3-0)`, and in `18beta1` likewise.
fn major_in(answer: &str) -> Option<u32> {
    let (_, version) = answer.split_once("(PostgreSQL) ")?;
    let digits = version.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn installed(major: u32) -> ServerBinaries {
        ServerBinaries { directory: PathBuf::from(format!("/lib/{major}")), major }
    }

    #[test]
    fn the_major_version_is_read_from_releases_and_betas() {
        assert_eq!(major_in("postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)\n"), Some(15));
        assert_eq!(major_in("postgres (PostgreSQL) 18beta1\n"), Some(18));
        assert_eq!(major_in("postgres: command not found"), None);
    }

    #[test]
    fn the_first_that_is_new_enough_is_taken() {
        let chosen = choose([installed(13), installed(16), installed(17)], None);
        assert_eq!(chosen.unwrap(), installed(16));
    }

    #[test]
    fn an_old_server_alone_is_refused_by_its_version() {
        let refusal = choose([installed(14)], None).unwrap_err();
        assert!(matches!(refusal, PrivatePostgresError::TooOld { major: 14, .. }));
    }

    #[test]
    fn an_existing_cluster_takes_its_own_version_only() {
        let existing = Some((15, Path::new("/data")));
        assert_eq!(choose([installed(17), installed(15)], existing).unwrap(), installed(15));
        let refusal = choose([installed(17)], existing).unwrap_err();
        assert!(matches!(refusal, PrivatePostgresError::OtherVersion { installed_major: 17, .. }));
    }

    #[test]
    fn only_numbered_package_directories_count() {
        assert_eq!(version_after("pgsql-", OsStr::new("pgsql-16")), Some(16));
        assert_eq!(version_after("", OsStr::new("share")), None);
    }
}

//! The operating-system account that the server runs as.
//!
//! PostgreSQL refuses to run as root, so a program that runs as root gives its server, and every
//! tool that touches the server's files, another account. The change happens between fork and
//! exec through the standard library's `uid` and `gid`, which also clear the supplementary groups
//! (`setgroups(0, NULL)`); leaving uid 0 clears the capabilities. So no outside program such as
//! `setpriv` is needed, and no unsafe code.

use std::env;
use std::fs;
use std::os::unix::fs::{MetadataExt, lchown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::error::PrivatePostgresError;

/// The variables that a server or tool is given. The rest of the environment is withheld: it may
/// hold the service's secrets, and `PG*` variables that would redirect the tools.
const PASSED_VARIABLES: [&str; 3] = ["PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"];

/// The accounts to use in place of root, in order of preference.
const UNPRIVILEGED: [&str; 2] = ["postgres", "nobody"];

/// The account that owns the cluster's files and runs the server.
#[derive(Clone, Debug)]
pub(super) enum ServerAccount {
    /// The account of this program.
    Own,
    /// Another one, since this program runs as root.
    Unprivileged(Identity),
}

/// A user other than root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    name: String,
    uid: u32,
    gid: u32,
}

impl ServerAccount {
    /// Chooses the account for a cluster in `directory`, which need not exist yet.
    ///
    /// As root, a directory that already has another owner keeps it.
    ///
    /// # Errors
    /// [`PrivatePostgresError::ForeignDirectory`] when the directory belongs to someone else and
    /// we are not root; [`PrivatePostgresError::NoAccount`] when root has no account to step down
    /// to.
    pub(super) fn choose(directory: &Path) -> Result<Self, PrivatePostgresError> {
        let own_uid = rustix::process::geteuid().as_raw();
        let owner = fs::symlink_metadata(directory).ok().map(|found| (found.uid(), found.gid()));
        match owner {
            Some((uid, _)) if own_uid != 0 && uid != own_uid => {
                Err(PrivatePostgresError::ForeignDirectory { directory: directory.to_owned() })
            }
            _ if own_uid != 0 => Ok(Self::Own),
            Some((uid, gid)) if uid != 0 => {
                Ok(Self::Unprivileged(Identity { name: format!("number {uid}"), uid, gid }))
            }
            _ => {
                // Accounts of a network directory are not looked for: packages and base systems
                // put both names into the file.
                let passwd = fs::read_to_string("/etc/passwd")
                    .map_err(PrivatePostgresError::file("/etc/passwd"))?;
                let found = UNPRIVILEGED.iter().find_map(|name| identity_in(&passwd, name));
                found.map(Self::Unprivileged).ok_or(PrivatePostgresError::NoAccount)
            }
        }
    }

    /// A command that runs `program` as this account, with no input and a bare environment.
    pub(super) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).env_clear();
        // Ours may be a directory that the account cannot enter.
        command.current_dir("/");
        for name in PASSED_VARIABLES {
            if let Some(value) = env::var_os(name) {
                command.env(name, value);
            }
        }
        if let Self::Unprivileged(identity) = self {
            command.uid(identity.uid).gid(identity.gid);
        }
        command
    }

    /// Gives a directory that this program has just made, in a place of its own, to the account.
    pub(super) fn take_over(&self, directory: &Path) -> Result<(), PrivatePostgresError> {
        match self {
            Self::Own => Ok(()),
            Self::Unprivileged(identity) => {
                lchown(directory, Some(identity.uid), Some(identity.gid))
                    .map_err(PrivatePostgresError::file(directory))
            }
        }
    }

    /// Checks that the account can reach what lies in `directory`, an absolute path.
    ///
    /// The account itself tries: the kernel's answer covers access lists and security modules,
    /// which a look at the mode bits would miss.
    ///
    /// # Errors
    /// [`PrivatePostgresError::NotEnterable`] with the outermost directory that shuts it out.
    pub(super) fn require_entry(&self, directory: &Path) -> Result<(), PrivatePostgresError> {
        let Self::Unprivileged(identity) = self else {
            return Ok(());
        };
        if self.can_enter(directory)? {
            return Ok(());
        }
        let ancestors: Vec<&Path> = directory.ancestors().collect();
        let mut shut = directory;
        for ancestor in ancestors.into_iter().rev() {
            if !self.can_enter(ancestor)? {
                shut = ancestor;
                break;
            }
        }
        Err(PrivatePostgresError::NotEnterable {
            account: identity.name.clone(),
            directory: shut.to_owned(),
        })
    }

    fn can_enter(&self, directory: &Path) -> Result<bool, PrivatePostgresError> {
        let program = PathBuf::from("test");
        let status = self.command(&program).arg("-x").arg(directory).status();
        status.map(|status| status.success()).map_err(PrivatePostgresError::run(program))
    }
}

/// Finds a user's line in the text of a password file. Root under another name does not count.
fn identity_in(passwd: &str, name: &str) -> Option<Identity> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let found = fields.next()? == name;
        let uid: u32 = fields.nth(1)?.parse().ok()?;
        let gid: u32 = fields.next()?.parse().ok()?;
        (found && uid != 0).then(|| Identity { name: name.to_owned(), uid, gid })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &str = "root:x:0:0:root:/root:/bin/bash\n\
                          broken\n\
                          postgresql:x:7:8::/:/bin/false\n\
                          postgres:x:101:104:PostgreSQL administrator,,,:/var/lib:/bin/bash\n";

    #[test]
    fn a_user_is_found_by_the_whole_name() {
        let expected = Identity { name: "postgres".to_owned(), uid: 101, gid: 104 };
        assert_eq!(identity_in(PASSWD, "postgres"), Some(expected));
        assert_eq!(identity_in(PASSWD, "nobody"), None);
    }

    #[test]
    fn root_is_never_an_unprivileged_user() {
        assert_eq!(identity_in(PASSWD, "root"), None);
    }
}

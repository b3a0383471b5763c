//! Where the server's socket lies. Its path must be short, and fit a connection string.

use std::fs::{self, Permissions};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::account::ServerAccount;
use super::error::PrivatePostgresError;
use super::settings::PORT;

/// Marks the directories that this program made for a socket alone.
const PREFIX: &str = "throughline-socket-";

/// Bytes of a socket's path. Linux takes 107, macOS 103.
const SOCKET_PATH_BYTES_MAX: usize = 103;

/// The cluster's `own` directory where that makes a usable path, else a fresh one of mode 0700.
pub(super) fn choose(own: &Path, account: &ServerAccount) -> Result<PathBuf, PrivatePostgresError> {
    if is_suitable(own) {
        return Ok(own.to_owned());
    }
    // Not in `TMPDIR`, which may be long itself.
    let fresh = tempfile::Builder::new()
        .prefix(PREFIX)
        .permissions(Permissions::from_mode(0o700))
        .tempdir_in("/tmp")
        .map_err(PrivatePostgresError::file("/tmp"))?
        .keep();
    account.take_over(&fresh)?;
    Ok(fresh)
}

/// Removes a directory that [`choose`] made afresh, after its server has ended.
pub(super) fn discard(socket_dir: &Path) {
    let name = socket_dir.file_name().unwrap_or_default().as_bytes();
    if name.starts_with(PREFIX.as_bytes()) {
        // Only ever an empty directory. One that is left is small and harms nobody.
        let _ = fs::remove_dir(socket_dir);
    }
}

/// Whether a directory can hold a socket and be named in a connection string, where a comma
/// begins another host.
fn is_suitable(directory: &Path) -> bool {
    let socket = directory.join(format!(".s.PGSQL.{PORT}"));
    socket.as_os_str().len() <= SOCKET_PATH_BYTES_MAX
        && socket.to_str().is_some_and(|path| !path.contains([',', '"', '\n']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_path_or_one_with_a_comma_holds_no_socket() {
        assert!(is_suitable(Path::new("/var/lib/my service/.data/postgres")));
        assert!(!is_suitable(Path::new("/data,old/postgres")));
        assert!(!is_suitable(&Path::new("/").join("d".repeat(100))));
    }

    #[test]
    fn only_a_directory_made_for_a_socket_is_discarded() {
        let parent = tempfile::tempdir().unwrap();
        let made = parent.path().join("throughline-socket-x");
        let other = parent.path().join("postgres");
        fs::create_dir(&made).unwrap();
        fs::create_dir(&other).unwrap();
        discard(&made);
        discard(&other);
        assert!(!made.exists());
        assert!(other.exists());
    }
}

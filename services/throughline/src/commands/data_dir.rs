//! The data directory, for commands that may be the first to need it.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::Context;

/// Makes the data directory if it is absent. Made by root it can be passed through, since the
/// private PostgreSQL in it belongs to another account; the files of root in it are closed.
///
/// # Errors
/// When it cannot be made.
pub(crate) fn create(data_dir: &Path) -> anyhow::Result<()> {
    if data_dir.exists() {
        return Ok(());
    }
    let mode = if rustix::process::geteuid().is_root() { 0o711 } else { 0o700 };
    let context = || format!("could not make the directory {}", data_dir.display());
    fs::create_dir_all(data_dir).with_context(context)?;
    fs::set_permissions(data_dir, Permissions::from_mode(mode)).with_context(context)
}

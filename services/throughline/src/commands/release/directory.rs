//! The directory of a release: written beside its place, and there whole or not at all.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{BufWriter, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use anyhow::Context as _;
use rustix::fs::{CWD, RenameFlags, renameat_with};
use serde_json::Value;
use throughline_evaluation::release::Resource;

/// Writes the files and their description.
///
/// # Errors
/// When the directory is there already or something cannot be written; nothing is left then.
pub(super) fn write(out: &Path, resources: &[Resource], description: &Value) -> anyhow::Result<()> {
    let parent = out.parent().filter(|parent| !parent.as_os_str().is_empty());
    let parent = parent.unwrap_or_else(|| Path::new("."));
    // Removed when it is dropped, unless it was renamed.
    let unfinished = tempfile::Builder::new()
        .prefix(".throughline-release-")
        .permissions(Permissions::from_mode(0o700))
        .tempdir_in(parent)
        .context("could not make a directory beside the one to write")?;
    for resource in resources {
        let path = unfinished.path().join(format!("{}.csv", resource.name));
        csv_file(&path, resource).context("could not write a file of the release")?;
    }
    let mut file = for_its_owner(&unfinished.path().join("datapackage.json"))?;
    writeln!(file, "{description:#}")?;
    file.sync_all()?;
    File::open(unfinished.path())?.sync_all()?;
    // An empty directory that came meanwhile would be replaced by a plain renaming.
    renameat_with(CWD, unfinished.path(), CWD, out, RenameFlags::NOREPLACE)
        .context("could not put the release in its place")?;
    let _ = unfinished.keep();
    File::open(parent)?.sync_all()?;
    Ok(())
}

fn csv_file(path: &Path, resource: &Resource) -> anyhow::Result<()> {
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(BufWriter::new(for_its_owner(path)?));
    writer.write_record(resource.columns.iter().map(|column| column.name))?;
    for row in &resource.rows {
        writer.write_record(row)?;
    }
    let file = writer.into_inner().map_err(csv::IntoInnerError::into_error)?;
    file.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all()?;
    Ok(())
}

fn for_its_owner(path: &Path) -> anyhow::Result<File> {
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.set_permissions(fs::Permissions::from_mode(0o600))?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_directory_is_never_replaced_and_nothing_is_left_beside_it() {
        let place = tempfile::tempdir().unwrap();
        let out = place.path().join("release");
        write(&out, &[], &json!({"name": "one"})).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&out), mode(&out.join("datapackage.json"))), (0o700, 0o600));
        let before = fs::read(out.join("datapackage.json")).unwrap();
        assert!(write(&out, &[], &json!({"name": "two"})).is_err());
        assert_eq!(fs::read(out.join("datapackage.json")).unwrap(), before);
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
    }
}

//! The directory of a release: written beside its place, and there whole or not at all.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{BufWriter, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use aws_lc_rs::digest::{SHA256, digest};
use rustix::fs::{CWD, RenameFlags, renameat_with};
use serde_json::Value;
use tempfile::TempDir;
use throughline_evaluation::release::Resource;
use throughline_evaluation::release::package::{Files, Written};
use throughline_log::hash_text;

use super::parquet;

/// A directory that is not in its place yet; removed when it is dropped.
pub(super) struct Unfinished {
    directory: TempDir,
    parent: PathBuf,
    out: PathBuf,
}

impl Unfinished {
    /// Begins beside the place.
    ///
    /// # Errors
    /// When nothing can be made there.
    pub(super) fn begin(out: &Path) -> anyhow::Result<Self> {
        let parent = out.parent().filter(|parent| !parent.as_os_str().is_empty());
        let parent = parent.unwrap_or_else(|| Path::new(".")).to_owned();
        let directory = tempfile::Builder::new()
            .prefix(".throughline-release-")
            .permissions(Permissions::from_mode(0o700))
            .tempdir_in(&parent)
            .context("could not make a directory beside the one to write")?;
        Ok(Self { directory, parent, out: out.to_owned() })
    }

    /// Writes a table, as CSV and as Parquet.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub(super) fn write(&self, resource: &Resource) -> anyhow::Result<Files> {
        let name = resource.name;
        let csv = self.file(format!("{name}.csv"), |out| csv_file(resource, out))?;
        let parquet = self.file(format!("{name}.parquet"), |out| parquet::write(resource, out))?;
        Ok(Files { csv, parquet })
    }

    /// Writes the description, and gives its hash.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn describe(&self, description: &Value) -> anyhow::Result<String> {
        let written = self.file("datapackage.json".to_owned(), |mut out| {
            writeln!(out, "{description:#}")?;
            Ok(out)
        })?;
        Ok(written.hash)
    }

    /// Puts the directory in its place.
    ///
    /// # Errors
    /// When something is there.
    pub(super) fn put(self) -> anyhow::Result<()> {
        let Self { directory, parent, out } = self;
        File::open(directory.path())?.sync_all()?;
        // An empty directory that came meanwhile would be replaced by a plain renaming.
        renameat_with(CWD, directory.path(), CWD, &out, RenameFlags::NOREPLACE)
            .context("could not put the release in its place")?;
        let _ = directory.keep();
        File::open(parent)?.sync_all()?;
        Ok(())
    }

    fn file(
        &self,
        path: String,
        write: impl FnOnce(BufWriter<File>) -> anyhow::Result<BufWriter<File>>,
    ) -> anyhow::Result<Written> {
        let place = self.directory.path().join(&path);
        let written = for_its_owner(&place).map_err(anyhow::Error::from).and_then(|file| {
            let buffered = write(BufWriter::new(file))?;
            buffered.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all()?;
            Ok(())
        });
        written.with_context(|| format!("could not write {path}"))?;
        let content = fs::read(&place)?;
        let hash = digest(&SHA256, &content).as_ref().try_into()?;
        Ok(Written { path, bytes: content.len() as u64, hash: hash_text(&hash) })
    }
}

fn csv_file(resource: &Resource, out: BufWriter<File>) -> anyhow::Result<BufWriter<File>> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
    writer.write_record(resource.columns.iter().map(|column| column.name))?;
    for row in &resource.rows {
        writer.write_record(row)?;
    }
    Ok(writer.into_inner().map_err(csv::IntoInnerError::into_error)?)
}

fn for_its_owner(path: &Path) -> std::io::Result<File> {
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.set_permissions(Permissions::from_mode(0o600))?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn put(out: &Path, name: &str) -> anyhow::Result<()> {
        let unfinished = Unfinished::begin(out)?;
        unfinished.describe(&json!({"name": name}))?;
        unfinished.put()
    }

    #[test]
    fn a_directory_is_never_replaced_and_nothing_is_left_beside_it() {
        let place = tempfile::tempdir().unwrap();
        let out = place.path().join("release");
        put(&out, "one").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&out), mode(&out.join("datapackage.json"))), (0o700, 0o600));
        let before = fs::read(out.join("datapackage.json")).unwrap();
        assert!(put(&out, "two").is_err());
        assert_eq!(fs::read(out.join("datapackage.json")).unwrap(), before);
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
    }
}

//! The file that checkpoints are appended to: whole lines, on disk before anybody is told.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use throughline_log::{Checkpoint, CheckpointLine, TenantNo, read_checkpoints};

/// A file of checkpoints that several processes may append to.
#[derive(Clone, Debug)]
pub(crate) struct CheckpointLog(PathBuf);

impl CheckpointLog {
    pub(crate) fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// The latest checkpoint of each tenant.
    ///
    /// # Errors
    /// When the file cannot be read, or a line is not a checkpoint.
    pub(crate) fn latest(&self) -> anyhow::Result<HashMap<TenantNo, CheckpointLine>> {
        // Opened as for appending: what cannot be written later is better known now.
        let file = self.open()?;
        let lines = read_checkpoints(BufReader::new(file), None);
        let lines = lines.with_context(|| format!("the file {}", self.0.display()))?;
        let mut latest: HashMap<TenantNo, CheckpointLine> = HashMap::new();
        for line in lines {
            let tenant_no = line.checkpoint.tenant_no;
            let is_earlier =
                |known: &CheckpointLine| known.checkpoint.position < line.checkpoint.position;
            if latest.get(&tenant_no).is_none_or(is_earlier) {
                latest.insert(tenant_no, line);
            }
        }
        Ok(latest)
    }

    /// Appends a line for each checkpoint, all of them or none.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(crate) fn append(&self, checkpoints: &[Checkpoint]) -> anyhow::Result<()> {
        if checkpoints.is_empty() {
            return Ok(());
        }
        let lines: String =
            checkpoints.iter().flat_map(|one| [one.to_line(), "\n".to_owned()]).collect();
        self.append_text(lines).with_context(|| format!("could not write {}", self.0.display()))
    }

    fn append_text(&self, mut lines: String) -> anyhow::Result<()> {
        let mut file = self.open()?;
        // Released with the file. Whoever appends otherwise still finds whole lines, since these
        // are one write to the end.
        file.lock()?;
        let length = file.metadata()?.len();
        if length > 0 && !ends_with_a_line(&mut file)? {
            // A line that somebody cut short spoils none after it.
            lines.insert(0, '\n');
        }
        let written = file.write_all(lines.as_bytes()).and_then(|()| file.sync_all());
        if let Err(error) = written {
            // Half a line is not left behind by a disk that is full.
            file.set_len(length)?;
            return Err(error.into());
        }
        if length == 0 {
            sync_directory(&self.0)?;
        }
        Ok(())
    }

    fn open(&self) -> anyhow::Result<File> {
        let opened = OpenOptions::new().read(true).append(true).create(true).open(&self.0);
        opened.with_context(|| format!("could not open {}", self.0.display()))
    }
}

fn ends_with_a_line(file: &mut File) -> std::io::Result<bool> {
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

/// Makes the name of a new file last.
pub(crate) fn sync_directory(file: &Path) -> std::io::Result<()> {
    let directory = match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    File::open(directory)?.sync_all()
}

//! The file that checkpoints are appended to: whole lines, on disk before anybody is told.

use std::collections::HashMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use throughline_log::{Checkpoint, CheckpointLine, TenantNo, read_checkpoints};

/// How long another process may take to append its lines.
const LOCK_WAIT_MAX: Duration = Duration::from_secs(10);
const LOCK_WAIT_STEP: Duration = Duration::from_millis(20);

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
        lock(&file)?;
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

/// Until the file is closed. Whoever appends without it still finds whole lines, since they are one
/// write to the end.
fn lock(file: &File) -> anyhow::Result<()> {
    let until = Instant::now() + LOCK_WAIT_MAX;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) if Instant::now() < until => {
                std::thread::sleep(LOCK_WAIT_STEP);
            }
            Err(TryLockError::WouldBlock) => bail!("another process keeps it locked"),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
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

#[cfg(test)]
mod tests {
    use throughline_domain::ids::Position;
    use throughline_log::{Head, SigningKey};

    use super::*;

    fn checkpoint(tenant: i32, position: i64) -> Checkpoint {
        let recorded_at = Some("2026-01-05T09:00:00Z".parse().unwrap());
        let head = Head { position: Position(position), recorded_at, hash: [7; 32], streams: 1 };
        let key = SigningKey::from_seed(&[1; 32]).unwrap();
        let now = "2026-01-05T10:00:00Z".parse().unwrap();
        Checkpoint::sign(&key, TenantNo(tenant), "city", &head, now).unwrap()
    }

    #[test]
    fn many_writers_leave_whole_lines() {
        let directory = tempfile::tempdir().unwrap();
        let log = CheckpointLog::new(&directory.path().join("signed.jsonl"));
        std::thread::scope(|scope| {
            for tenant in 1..=8 {
                let log = &log;
                scope.spawn(move || {
                    for position in 1..=20 {
                        log.append(&[checkpoint(tenant, position), checkpoint(tenant, position)])
                            .unwrap();
                    }
                });
            }
        });
        let file = BufReader::new(File::open(&log.0).unwrap());
        assert_eq!(read_checkpoints(file, None).unwrap().len(), 320);
        let latest = log.latest().unwrap();
        assert_eq!(latest.len(), 8);
        assert!(latest.values().all(|line| line.checkpoint.position == Position(20)));
    }

    #[test]
    fn a_line_that_was_cut_short_spoils_none_after_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("signed.jsonl");
        std::fs::write(&path, r#"{"format":"#).unwrap();
        CheckpointLog::new(&path).append(&[checkpoint(1, 1)]).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text, format!("{{\"format\":\n{}\n", checkpoint(1, 1).to_line()));
    }
}

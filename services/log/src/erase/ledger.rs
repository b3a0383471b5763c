//! The erasure ledger: a file beside the database that remembers who was erased.
//!
//! A backup still has the keys of everybody who was erased after it was taken. So each erasure is
//! written down here before it is committed, and what is written here is done again whenever a
//! database is opened ([`super::replay`]). The file holds ids and codes, and nothing about anybody.
//!
//! One JSON object a line. A line reaches the disk before the erasure it speaks of is committed: so
//! a last line that is torn belongs to an erasure that was not made, and only that is passed over.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use throughline_domain::code_lists::ErasureBasis;
use throughline_domain::ids::{CaseId, EventId, PersonId, Position};
use throughline_domain::time::{Occurred, Precision};

/// More than a million erasures. A larger file is no ledger.
const BYTES_MAX: u64 = 1 << 30;

/// One erasure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LedgerLine {
    pub(super) format: Format,
    /// The tenant's name: after a restore its number may be another.
    pub tenant: String,
    /// The tenant's number when the person was erased.
    pub tenant_no: i32,
    /// Who was erased.
    pub person_id: PersonId,
    /// The person's cases at that time.
    pub cases: Vec<CaseId>,
    /// The event that records it.
    pub event_id: EventId,
    /// Why.
    pub basis: ErasureBasis,
    /// When it happened, as the caller said.
    pub occurred_at: Timestamp,
    /// How exactly that is known.
    pub precision: Precision,
    /// When it was recorded.
    pub erased_at: Timestamp,
    /// The place it was to have in the tenant's log.
    pub position: Position,
    /// Who erased.
    pub actor: String,
    /// In which role.
    pub actor_role: String,
}

/// What every line says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Format {
    #[serde(rename = "throughline-erasure/1")]
    One,
}

impl LedgerLine {
    pub(super) fn occurred(&self) -> Occurred {
        Occurred { at: self.occurred_at, precision: self.precision }
    }
}

/// Why the ledger cannot be used. Nothing is erased without it.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The file cannot be read or written.
    #[error("the erasure ledger {path} cannot be read or written", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A line is not of the known form.
    #[error("line {line} of the erasure ledger {path} is damaged", path = path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Which line, from 1.
        line: usize,
    },
    /// The file is too large to be a ledger.
    #[error("the erasure ledger {path} is larger than {bytes_max} bytes", path = path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// How large it may be.
        bytes_max: u64,
    },
}

/// The file. It need not exist: then nobody was erased yet.
#[derive(Debug, Clone)]
pub struct ErasureLedger(Arc<Path>);

impl ErasureLedger {
    /// The ledger at `path`. Its directory is made when the first person is erased.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into().into())
    }

    /// Every erasure that was written down, the oldest first.
    ///
    /// # Errors
    /// [`LedgerError`]; a file that is not there is no error.
    pub async fn lines(&self) -> Result<Vec<LedgerLine>, LedgerError> {
        self.run(|path| match File::open(path) {
            Ok(mut file) => {
                file.lock_shared().map_err(failed(path))?;
                Ok(Content::read(path, &mut file)?.lines)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(failed(path)(error)),
        })
        .await
    }

    /// What was written down about a person.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub(super) async fn find(
        &self,
        tenant: &str,
        person: PersonId,
    ) -> Result<Option<LedgerLine>, LedgerError> {
        let lines = self.lines().await?;
        Ok(lines.into_iter().find(|line| line.tenant == tenant && line.person_id == person))
    }

    /// Writes an erasure down. It is on the disk when this returns, and another process can
    /// neither write nor read in between.
    ///
    /// # Errors
    /// [`LedgerError`]; then the line is not there, or is torn.
    pub(super) async fn append(&self, line: &LedgerLine) -> Result<(), LedgerError> {
        let line = serde_json::to_string(line);
        self.run(move |path| {
            let line = line.map_err(|error| failed(path)(error.into()))?;
            append(path, &line)
        })
        .await
    }

    /// Files block, so they are not for the threads of the runtime.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Path) -> Result<T, LedgerError> + Send + 'static,
    ) -> Result<T, LedgerError> {
        let path = Arc::clone(&self.0);
        let working = tokio::task::spawn_blocking(move || work(&path));
        working.await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
    }
}

/// A ledger that was read.
struct Content {
    lines: Vec<LedgerLine>,
    /// How far the file is whole: what follows is torn.
    whole_bytes: u64,
    /// Whether the last whole line has its end. An editor may have taken it away.
    is_ended: bool,
}

impl Content {
    fn read(path: &Path, file: &mut File) -> Result<Self, LedgerError> {
        if file.metadata().map_err(failed(path))?.len() > BYTES_MAX {
            return Err(LedgerError::TooLarge { path: path.to_owned(), bytes_max: BYTES_MAX });
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(failed(path))?;
        let mut content = Self { lines: Vec::new(), whole_bytes: 0, is_ended: true };
        for (piece, number) in bytes.split_inclusive(|byte| *byte == b'\n').zip(1..) {
            let ended = piece.strip_suffix(b"\n");
            match serde_json::from_slice(ended.unwrap_or(piece)) {
                Ok(line) => {
                    content.lines.push(line);
                    content.whole_bytes += piece.len() as u64;
                    content.is_ended = ended.is_some();
                }
                Err(_) if ended.is_some() => {
                    return Err(LedgerError::Damaged { path: path.to_owned(), line: number });
                }
                Err(_) => tracing::warn!(
                    throughline.line = number,
                    "the last line of the erasure ledger is torn: that erasure was not made"
                ),
            }
        }
        Ok(content)
    }
}

fn append(path: &Path, line: &str) -> Result<(), LedgerError> {
    let failed = failed(path);
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(failed)?;
    let mut file = OpenOptions::new()
        .read(true)
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)
        .map_err(failed)?;
    file.lock().map_err(failed)?;
    let Content { whole_bytes, is_ended, .. } = Content::read(path, &mut file)?;
    // What is torn would otherwise run into the new line and damage it.
    file.set_len(whole_bytes).map_err(failed)?;
    file.seek(SeekFrom::End(0)).map_err(failed)?;
    let end = if is_ended { "" } else { "\n" };
    let written = file.write_all(format!("{end}{line}\n").as_bytes());
    let synced = written.and_then(|()| file.sync_all());
    if let Err(error) = synced {
        // As far as that is possible now: a line that stays is an erasure that will be made.
        let _ = file.set_len(whole_bytes).and_then(|()| file.sync_all());
        return Err(failed(error));
    }
    // The file may be new, or left by a process that ended before it came this far.
    fs::File::open(directory).and_then(|directory| directory.sync_all()).map_err(failed)
}

fn failed(path: &Path) -> impl Fn(io::Error) -> LedgerError + Copy + '_ {
    move |source| LedgerError::File { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use uuid::Uuid;

    use super::*;

    fn line(person: u128) -> LedgerLine {
        LedgerLine {
            format: Format::One,
            tenant: "essex".to_owned(),
            tenant_no: 1,
            person_id: PersonId(Uuid::from_u128(person)),
            cases: vec![CaseId(Uuid::from_u128(9))],
            event_id: EventId(Uuid::from_u128(3)),
            basis: ErasureBasis::Request,
            occurred_at: "2026-01-01T00:00:00Z".parse().unwrap(),
            precision: Precision::Instant,
            erased_at: "2026-01-02T00:00:00.000001Z".parse().unwrap(),
            position: Position(7),
            actor: "officer".to_owned(),
            actor_role: "data_protection_officer".to_owned(),
        }
    }

    struct Place(PathBuf);

    impl Place {
        fn new() -> Self {
            Self(std::env::temp_dir().join(format!("throughline-ledger-{}", Uuid::new_v4())))
        }

        fn ledger(&self) -> ErasureLedger {
            ErasureLedger::new(self.file())
        }

        fn file(&self) -> PathBuf {
            self.0.join("made/erasures.jsonl")
        }

        fn text(&self) -> String {
            fs::read_to_string(self.file()).unwrap()
        }

        fn write(&self, text: &str) {
            fs::write(self.file(), text).unwrap();
        }
    }

    impl Drop for Place {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[tokio::test]
    async fn what_is_written_down_is_read_again_and_is_nobody_elses_to_read() {
        let place = Place::new();
        assert_eq!(place.ledger().lines().await.unwrap(), []);
        for person in [1, 2] {
            place.ledger().append(&line(person)).await.unwrap();
        }
        assert_eq!(place.ledger().lines().await.unwrap(), [line(1), line(2)]);
        let found = place.ledger().find("essex", PersonId(Uuid::from_u128(2))).await.unwrap();
        assert_eq!(found, Some(line(2)));
        let elsewhere = place.ledger().find("kent", PersonId(Uuid::from_u128(2))).await.unwrap();
        assert_eq!(elsewhere, None);
        let mode = place.file().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(place.text().starts_with("{\"format\":\"throughline-erasure/1\",\"tenant\":"));
    }

    #[tokio::test]
    async fn a_torn_last_line_is_passed_over_wherever_it_is_torn_and_the_next_takes_its_place() {
        let place = Place::new();
        place.ledger().append(&line(1)).await.unwrap();
        let whole = place.text();
        // All but the last byte is a whole line that has lost its end.
        for torn in 0..whole.len() - 1 {
            place.write(&format!("{whole}{}", &whole[..torn]));
            assert_eq!(place.ledger().lines().await.unwrap(), [line(1)], "{torn}");
        }
        place.ledger().append(&line(2)).await.unwrap();
        assert_eq!(place.ledger().lines().await.unwrap(), [line(1), line(2)]);
        assert_eq!(place.text().lines().count(), 2);
    }

    #[tokio::test]
    async fn a_line_that_an_editor_took_the_end_of_still_counts() {
        let place = Place::new();
        place.ledger().append(&line(1)).await.unwrap();
        place.write(place.text().trim_end());
        assert_eq!(place.ledger().lines().await.unwrap(), [line(1)]);
        place.ledger().append(&line(2)).await.unwrap();
        assert_eq!(place.ledger().lines().await.unwrap(), [line(1), line(2)]);
    }

    #[tokio::test]
    async fn a_damaged_line_is_named_and_nothing_is_written_after_it() {
        let place = Place::new();
        place.ledger().append(&line(1)).await.unwrap();
        let whole = place.text();
        let unknown = whole.replace("erasure/1", "erasure/2");
        for damaged in ["", "{}", "canary", unknown.trim_end()] {
            let text = format!("{whole}{damaged}\n{whole}");
            place.write(&text);
            for error in [
                place.ledger().lines().await.unwrap_err(),
                place.ledger().append(&line(2)).await.unwrap_err(),
            ] {
                assert!(matches!(&error, LedgerError::Damaged { line: 2, .. }), "{error:?}");
                assert!(!error.to_string().contains("canary"));
            }
            assert_eq!(place.text(), text);
        }
    }
}

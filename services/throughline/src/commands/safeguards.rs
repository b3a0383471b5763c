//! What a server must keep to, or nothing is recorded on it.
//!
//! It is asked once, when the work begins. A setting that someone turns off later is not noticed:
//! whoever may do that may do worse.

use anyhow::bail;
use clap::ValueEnum;
use deadpool_postgres::Pool;
use throughline_log::DatabaseError;

/// Which settings of the session are off, in the order of [`Safeguard::ALL`].
const OFF: &str = "SELECT current_setting('fsync') = 'off', \
                   current_setting('full_page_writes') = 'off', \
                   current_setting('synchronous_commit') = 'off'";

/// Without which of them to work all the same.
#[derive(Debug, clap::Args)]
pub(crate) struct SafeguardArguments {
    /// Work although the server has SETTING off. What was acknowledged may then be lost.
    #[arg(long = "accept-unsafe", value_name = "SETTING", value_delimiter = ',')]
    accepted: Vec<Safeguard>,
}

/// A setting of the server that keeps what it acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
enum Safeguard {
    /// Writes reach the disk.
    Fsync,
    /// A page that was half written can be mended.
    FullPageWrites,
    /// A commit is answered once it is on the disk.
    SynchronousCommit,
}

impl Safeguard {
    const ALL: [Self; 3] = [Self::Fsync, Self::FullPageWrites, Self::SynchronousCommit];

    fn name(self) -> &'static str {
        match self {
            Self::Fsync => "fsync",
            Self::FullPageWrites => "full_page_writes",
            Self::SynchronousCommit => "synchronous_commit",
        }
    }

    fn risk(self) -> &'static str {
        match self {
            Self::Fsync => {
                "when the machine stops, acknowledged work is lost or the database broken"
            }
            Self::FullPageWrites => "when the machine stops, half-written pages stay broken",
            Self::SynchronousCommit => "when the server stops, the last acknowledged work is lost",
        }
    }
}

impl SafeguardArguments {
    /// Requires of the sessions of a pool every safeguard that was not waived by name, and returns
    /// a warning for each that is off and was.
    ///
    /// # Errors
    /// One line that names what is off, what that means and how to accept it; or when the server
    /// cannot be asked.
    pub(crate) async fn require(&self, pool: &Pool) -> anyhow::Result<Vec<String>> {
        let answers = Safeguard::ALL.into_iter().zip(off(pool).await?);
        let off = answers.filter_map(|(one, off)| off.then_some(one));
        let (waived, missing): (Vec<_>, Vec<_>) = off.partition(|one| self.accepted.contains(one));
        if !missing.is_empty() {
            let said: Vec<_> =
                missing.iter().map(|one| format!("{} off: {}", one.name(), one.risk())).collect();
            let names: Vec<_> = missing.iter().map(|one| one.name()).collect();
            bail!(
                "the server has {}; turn it on, or accept that by --accept-unsafe {}",
                said.join(", and "),
                names.join(",")
            );
        }
        let warning = |one: Safeguard| format!("UNSAFE: {} IS OFF: {}", one.name(), one.risk());
        Ok(waived.into_iter().map(warning).collect())
    }
}

/// Which of [`Safeguard::ALL`] are off.
async fn off(pool: &Pool) -> Result<[bool; 3], DatabaseError> {
    let row = pool.get().await?.query_one(OFF, &[]).await?;
    Ok([row.try_get(0)?, row.try_get(1)?, row.try_get(2)?])
}

/// Whether the sessions of a pool were opened as someone who could alter what is recorded, and who
/// only works as the service: a superuser, the tables' owner or a member of theirs.
///
/// # Errors
/// When the server cannot be asked.
pub(crate) async fn could_bypass(pool: &Pool) -> Result<bool, DatabaseError> {
    const MEMBER_OF_OWNER: &str = "SELECT pg_has_role(session_user, relowner, 'MEMBER') \
                                   FROM pg_class WHERE oid = 'event'::regclass";
    Ok(pool.get().await?.query_one(MEMBER_OF_OWNER, &[]).await?.try_get(0)?)
}

//! Asking before what cannot be taken back.

use std::io::{self, IsTerminal as _, Write as _};

use anyhow::{Context as _, ensure};

/// Asks whoever sits at the terminal; where nobody does, `--yes` must have been given.
///
/// # Errors
/// When nobody can be asked; `declined`, when the answer is no.
pub(crate) fn confirm(question: &str, declined: &'static str, yes: bool) -> anyhow::Result<()> {
    if yes {
        return Ok(());
    }
    ensure!(io::stdin().is_terminal(), "nobody can be asked here: confirm with --yes");
    print!("{question} Type yes: ");
    io::stdout().flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer).context("could not read the answer")?;
    ensure!(answer.trim() == "yes", declined);
    Ok(())
}

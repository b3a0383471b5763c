//! A rebuild's progress on a terminal; nothing where there is none.

use std::io::{self, IsTerminal as _};
use std::time::Duration;

use deadpool_postgres::Pool;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use throughline_log::TenantNo;
use throughline_projector::find_rebuild;
use tokio::task::JoinHandle;
use uuid::Uuid;

const LOOK_INTERVAL: Duration = Duration::from_millis(250);
const TEMPLATE: &str =
    "{prefix} {msg:11} {bar:30} {human_pos}/{human_len} events ({per_sec}), {eta} remaining";

/// A bar on standard error that follows a rebuild, whoever works on it, until it is dropped.
#[derive(Debug)]
pub(super) struct Watch {
    bar: ProgressBar,
    follower: Option<JoinHandle<()>>,
}

impl Watch {
    /// Follows a rebuild, which goes by `name` on the terminal.
    pub(super) fn follow(pool: &Pool, tenant: TenantNo, operation_id: Uuid, name: String) -> Self {
        if !io::stderr().is_terminal() {
            return Self { bar: ProgressBar::hidden(), follower: None };
        }
        let style = ProgressStyle::with_template(TEMPLATE);
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr())
            .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
            .with_prefix(name);
        let follower = tokio::spawn(look(bar.clone(), pool.clone(), tenant, operation_id));
        Self { bar, follower: Some(follower) }
    }

    /// Says something beside the bar.
    pub(super) fn say(&self, line: &str) {
        self.bar.suspend(|| eprintln!("{line}"));
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some(follower) = &self.follower {
            follower.abort();
        }
        self.bar.finish_and_clear();
    }
}

/// Looks and draws, for ever. When the database does not answer, the bar stays where it is: whoever
/// works on the rebuild has more to say about that.
async fn look(bar: ProgressBar, pool: Pool, tenant: TenantNo, operation_id: Uuid) {
    loop {
        if let Ok(client) = pool.get().await
            && let Ok(Some(rebuild)) = find_rebuild(&client, tenant, operation_id).await
        {
            if let Some(total) = rebuild.events_total {
                bar.set_length(total.unsigned_abs());
            }
            bar.set_position(rebuild.events_done.unsigned_abs());
            bar.set_message(rebuild.phase.as_str());
        }
        tokio::time::sleep(LOOK_INTERVAL).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_style_is_well_formed() {
        assert!(ProgressStyle::with_template(TEMPLATE).is_ok());
    }
}

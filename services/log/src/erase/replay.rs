//! Doing again what the ledger says was done: a restored backup brings nobody back.

use throughline_domain::case::Moment;
use throughline_domain::person::{PersonEvent, SubjectErased};
use uuid::Uuid;

use super::EraseError;
use super::ledger::{ErasureLedger, LedgerLine};
use super::subject::Subject;
use crate::append::CommandMeta;
use crate::append::stream_reads::Wanted;
use crate::append::transaction::Opened;
use crate::database::stream_by_id;
use crate::error::LogError;
use crate::event_log::EventLog;
use crate::tenant::{Tenant, TenantState};

/// No row: nobody of this id. Else whether the person was erased, and whether any key is left.
///
/// Of cases too: a history that is loaded further can bring one after the person's key was gone.
const STANDING: &str = concat!(
    "SELECT 'SubjectErased' = ANY (ARRAY(SELECT e.type FROM event e \
         WHERE e.tenant_no = $1 AND e.stream_no = s.stream_no ORDER BY e.version)), \
     EXISTS (SELECT FROM stream_key k WHERE k.tenant_no = $1 AND k.stream_no = ANY (s.stream_no || \
         ARRAY(SELECT e.stream_no FROM event e \
             WHERE e.tenant_no = $1 AND e.type = 'ReferralReceived' \
             AND e.data::jsonb ->> 'person_id' >= $3 AND e.data::jsonb ->> 'person_id' <= $3 \
             ORDER BY e.data::jsonb ->> 'person_id', e.position))) \
     FROM (SELECT $2::uuid) AS wanted (id) ",
    stream_by_id!("wanted.id"),
    "WHERE s.id = wanted.id AND s.kind = 'person'",
);

/// What came of replaying the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReplayedErasures {
    /// Erasures that the ledger holds.
    pub lines: usize,
    /// Of persons whom the database does not know: they were recorded after the backup.
    pub absent: usize,
    /// That had to be made again.
    pub repeated: usize,
    /// That were never made, and that a hold placed since refuses.
    pub held: usize,
    /// Keys that were destroyed.
    pub keys_destroyed: i64,
}

impl EventLog {
    /// Makes every erasure of the ledger that the database does not have. To be called before
    /// anybody can read: safe to repeat, and for two processes at once.
    ///
    /// A legal hold that the backup brings back does not stop it: the person was erased once that
    /// was lawful. A hold placed after the line was written does, since then the erasure was only
    /// attempted. In a tenant that is still loading the keys are destroyed, and the event follows
    /// with the first replay after it went live: until then its history may have to be continued
    /// at times that an event of now would shut out.
    ///
    /// # Errors
    /// [`EraseError::Ledger`] for a ledger that cannot be read; [`EraseError::Log`].
    pub async fn replay_erasures(
        &self,
        ledger: &ErasureLedger,
    ) -> Result<ReplayedErasures, EraseError> {
        let lines = ledger.lines().await?;
        let mut replayed = ReplayedErasures { lines: lines.len(), ..ReplayedErasures::default() };
        for line in &lines {
            match self.find_tenant(&line.tenant).await? {
                Some(tenant) => self.replay_line(&tenant, line, &mut replayed).await?,
                None => replayed.absent += 1,
            }
        }
        if !lines.is_empty() {
            tracing::info!(
                throughline.erasures = replayed.lines,
                throughline.absent = replayed.absent,
                throughline.repeated = replayed.repeated,
                throughline.held = replayed.held,
                throughline.keys_destroyed = replayed.keys_destroyed,
                "the erasure ledger was replayed"
            );
        }
        Ok(replayed)
    }

    async fn replay_line(
        &self,
        tenant: &Tenant,
        line: &LedgerLine,
        replayed: &mut ReplayedErasures,
    ) -> Result<(), EraseError> {
        let params: [&(dyn postgres_types::ToSql + Sync); 3] =
            [&tenant.tenant_no.0, &line.person_id.0, &line.person_id.to_string()];
        let rows = self.database().read(STANDING, &params).await?;
        let Some(row) = rows.first() else {
            replayed.absent += 1;
            return Ok(());
        };
        let is_erased: bool = row.try_get(0).map_err(LogError::from)?;
        let has_key: bool = row.try_get(1).map_err(LogError::from)?;
        let event_is_due = !is_erased && tenant.state == TenantState::Live;
        if !has_key && !event_is_due {
            return Ok(());
        }
        self.make_again(tenant, line, replayed).await
    }

    async fn make_again(
        &self,
        tenant: &Tenant,
        line: &LedgerLine,
        replayed: &mut ReplayedErasures,
    ) -> Result<(), EraseError> {
        let wanted = Wanted::of([(line.person_id.into(), [].as_slice())]);
        let opened = Opened::open(self.backend(), tenant.tenant_no, &wanted).await?;
        let subject = Subject::read(&opened, tenant.tenant_no, line.person_id).await?;
        let is_loading = opened.state == TenantState::Loading;
        if !is_loading && subject.erased.is_none() {
            // Behind the erasure in time, or in its place: an append that waited for the lock has
            // its time from a little before.
            let is_later = |(at, position)| at > line.erased_at || position >= line.position;
            if subject.held.iter().copied().any(is_later) {
                tracing::warn!(
                    throughline.event_id = %line.event_id,
                    "an erasure of the ledger was never made, and a legal hold now refuses it"
                );
                replayed.held += 1;
                return Ok(opened.abandon().await?);
            }
            let moment = Moment {
                event_id: line.event_id,
                occurred: line.occurred(),
                now: opened.now.timestamp().unwrap_or_default(),
            };
            let facts = SubjectErased { cases: subject.cases.clone(), basis: line.basis };
            let event = PersonEvent::SubjectErased(facts);
            let recorded =
                self.record(tenant, opened, &subject, moment, event, meta(line), None).await?;
            replayed.keys_destroyed += recorded.keys_destroyed;
        } else {
            replayed.keys_destroyed += subject.destroy_keys(&opened, tenant.tenant_no).await?;
            opened.commit().await?;
        }
        replayed.repeated += 1;
        Ok(())
    }
}

fn meta(line: &LedgerLine) -> CommandMeta {
    let command_id = Uuid::now_v7();
    CommandMeta {
        actor: line.actor.clone(),
        actor_role: line.actor_role.clone(),
        source_organisation: None,
        command_id,
        correlation_id: command_id,
        causation_id: None,
        traceparent: None,
        idempotency: None,
    }
}

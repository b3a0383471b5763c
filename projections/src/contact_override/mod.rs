//! Contacts with a person that were made although something spoke against them, for the manager who
//! looks at each: who had the case, when, on which channel, why, and what spoke against it.
//!
//! **An override** is one `ContactAttempted` with a reason for it. It counts whatever became of the
//! plan since: where nothing in view speaks against it any more, after a correction, that is said.
//!
//! **What spoke against it** is decided as when it was recorded, by the plans and holds in view.

mod answer;
mod read;
#[cfg(test)]
mod tests;

use throughline_domain::case::CaseEvent;
use throughline_domain::case::contact_safety::{ContactSafety, Unsafe};
use throughline_domain::code::Code;
use throughline_domain::code_lists::{CodeList as _, ContactChannel, ContactOverrideReason};
use throughline_domain::ids::{CaseId, EventId};
use throughline_domain::recorded::Recorded;
use throughline_domain::time::Occurred;
use throughline_domain::two_clocks::{self, Asked};

use crate::TouchedCase;
use crate::cell::{Cell, Kind, Row};
use crate::table::{Column, Table};

pub use answer::{Answer, OverrideKey, Page, Question};
pub use read::read;

/// The version of the fold and its table.
pub const VERSION: i32 = 1;
/// The table: one row an override.
pub(crate) const TABLES: &[Table] = &[Table {
    name: "contact_override",
    columns: &[
        Column::new("case_id", Kind::Uuid),
        Column::new("event_id", Kind::Uuid),
        Column::new("programme", Kind::Text),
        Column::new("worker", Kind::Text),
        Column::new("occurred_at", Kind::Time),
        Column::new("precision", Kind::Text),
        Column::new("channel", Kind::Text),
        Column::new("reason", Kind::Text),
        Column::new("objection", Kind::Text),
        Column::new("objection_id", Kind::Uuid),
    ],
    key: 2,
}];

/// One contact that was made although something spoke against it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OverrideRow {
    /// The case.
    pub case_id: CaseId,
    /// The attempt: the event that recorded it.
    pub event_id: EventId,
    /// The case's programme.
    pub programme: Code,
    /// The worker who had the case then.
    pub worker: Option<Code>,
    /// When it was made, and how exactly that is known.
    pub occurred: Occurred,
    /// On which channel.
    pub channel: ContactChannel,
    /// Why.
    pub reason: ContactOverrideReason,
    /// What spoke against it; `None` where nothing in view does any more.
    pub objection: Option<Unsafe>,
}

impl OverrideRow {
    fn cells(&self) -> Row {
        let objection = self.objection.map(parts);
        vec![
            self.case_id.0.into(),
            self.event_id.0.into(),
            (&self.programme).into(),
            Cell::opt(self.worker.as_ref()),
            self.occurred.at.into(),
            self.occurred.precision.as_str().into(),
            self.channel.as_str().into(),
            self.reason.as_str().into(),
            Cell::opt(objection.map(|(kind, _)| kind)),
            Cell::opt(objection.map(|(_, event_id)| event_id.0)),
        ]
    }
}

/// What spoke against a contact, as `plan` or `hold`, and the event that set that.
#[must_use]
pub fn parts(objection: Unsafe) -> (&'static str, EventId) {
    match objection {
        Unsafe::ByPlan { plan } => ("plan", plan),
        Unsafe::OnHold { hold } => ("hold", hold),
    }
}

fn whole(kind: &str, event_id: EventId) -> Option<Unsafe> {
    match kind {
        "plan" => Some(Unsafe::ByPlan { plan: event_id }),
        "hold" => Some(Unsafe::OnHold { hold: event_id }),
        _ => None,
    }
}

/// The overrides of a case at the dates asked about, in the order of the reading; none when no
/// referral was in view then.
///
/// `history` is in the order of recording.
#[must_use]
pub fn overrides(
    case_id: CaseId,
    history: &[Recorded<CaseEvent>],
    asked: &Asked,
) -> Vec<OverrideRow> {
    let (mut programme, mut worker) = (None, None);
    let mut safety = ContactSafety::default();
    let mut made = Vec::new();
    for fact in two_clocks::facts(history, asked) {
        let (event_id, occurred) = (fact.recorded.event_id, fact.occurred);
        safety.apply(event_id, occurred, fact.event);
        if let CaseEvent::ReferralReceived(facts) = fact.event {
            programme = Some(&facts.programme);
        } else if let CaseEvent::CaseAllocated(facts) = fact.event {
            worker = Some(&facts.worker);
        } else if let CaseEvent::CaseHandedOver(facts) = fact.event {
            worker = Some(&facts.worker);
        } else if let CaseEvent::ContactAttempted(facts) = fact.event
            && let Some(reason) = facts.override_reason
        {
            made.push((event_id, occurred, facts, reason, worker));
        }
    }
    let Some(programme) = programme else {
        return Vec::new();
    };
    let rows = made.into_iter().map(|(event_id, occurred, facts, reason, worker)| OverrideRow {
        case_id,
        event_id,
        programme: programme.clone(),
        worker: worker.cloned(),
        occurred,
        channel: facts.channel,
        reason,
        // By all that is in view: a plan may hold from before it was set.
        objection: facts.objection(&safety, occurred),
    });
    rows.collect()
}

/// The case's rows of the present; none when no referral is in view.
pub(crate) fn rows(case_id: CaseId, history: &[Recorded<CaseEvent>]) -> Vec<Vec<Row>> {
    vec![overrides(case_id, history, &Asked::LATEST).iter().map(OverrideRow::cells).collect()]
}

/// Whether new events can change the case's rows. An amendment may be of any fact; a worker, a plan
/// or a hold may be dated before an override that is there.
pub(crate) fn is_touched(case: &TouchedCase<'_>) -> bool {
    case.new_events().iter().any(|e| {
        e.event.amends().is_some()
            || matches!(
                e.event,
                CaseEvent::ReferralReceived(_)
                    | CaseEvent::CaseAllocated(_)
                    | CaseEvent::CaseHandedOver(_)
                    | CaseEvent::ContactAttempted(_)
                    | CaseEvent::SafeContactPlanSet(_)
                    | CaseEvent::ContactHeld(_)
                    | CaseEvent::ContactHoldLifted(_)
            )
    })
}

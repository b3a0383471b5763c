//! How agencies respond to requests for information: what was asked of each, how often it had to be
//! chased or taken further, what came back, how long that took, and what is overdue.
//!
//! **A request** is one `InformationRequested`, known by its event. It counts where and when it was
//! made, whatever becomes of the case afterwards: a request of a case that has closed is still open
//! until the agency answers or refuses.
//!
//! **What came of it** is the first answer or refusal in view, in the order of the reading; until
//! there is one the request is open. Chases and escalations count for the request they name.
//!
//! **Overdue** is an open request whose due date lies before the date asked about. A request without
//! a due date is never overdue.
//!
//! **Days to answer** are those from the request to the answer, of requests answered; a refusal is
//! no answer. Where dates are known to the day or the month alone an answer can stand before its
//! request: it took no time.

mod answer;
mod overdue;
mod read;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use jiff::Timestamp;
use throughline_domain::case::CaseEvent;
use throughline_domain::case::request_information::InformationRequested;
use throughline_domain::code::Code;
use throughline_domain::code_lists::{Agency, CodeList as _};
use throughline_domain::ids::{CaseId, EventId};
use throughline_domain::recorded::Recorded;
use throughline_domain::two_clocks::{self, Asked};

use crate::TouchedCase;
use crate::cell::{Cell, Kind, Row};
use crate::table::{Column, Table};

pub use answer::{AgencyFigures, Answer, Figures, Question, REQUESTS_MAX, Responses};
pub use overdue::{OverdueAnswer, OverdueKey, OverduePage, OverdueQuestion};
pub use read::{read, read_overdue};

/// The version of the fold and its table.
pub const VERSION: i32 = 1;
/// The table: one row a request.
pub(crate) const TABLES: &[Table] = &[Table {
    name: "agency_request",
    columns: &[
        Column::new("case_id", Kind::Uuid),
        Column::new("request_id", Kind::Uuid),
        Column::new("programme", Kind::Text),
        Column::new("worker", Kind::Text),
        Column::new("agency", Kind::Text),
        Column::new("what", Kind::Text),
        Column::new("requested_at", Kind::Time),
        Column::new("due_at", Kind::Time),
        Column::new("chases", Kind::Int),
        Column::new("last_chased_at", Kind::Time),
        Column::new("escalations", Kind::Int),
        Column::new("outcome", Kind::Text),
        Column::new("ended_at", Kind::Time),
    ],
    key: 2,
}];
/// The rule of what counts and how answers are measured.
pub const RULE: &str = "agency-response/1";

/// One request for information, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestRow {
    /// The case that the request is about.
    pub case_id: CaseId,
    /// The request: the event that made it.
    pub request: EventId,
    /// The case's programme.
    pub programme: Code,
    /// The worker who has, or last had, the case.
    pub worker: Option<Code>,
    /// Whom it was made to.
    pub agency: Agency,
    /// What was asked for.
    pub what: Option<Code>,
    /// When it was made.
    pub requested_at: Timestamp,
    /// When the answer is due.
    pub due_at: Option<Timestamp>,
    /// How often the agency was asked again.
    pub chases: u32,
    /// When it was last asked again.
    pub last_chased_at: Option<Timestamp>,
    /// How often the request was taken to somebody senior.
    pub escalations: u32,
    /// What came of it.
    pub outcome: Outcome,
    /// When that came; `None` while the request is open.
    pub ended_at: Option<Timestamp>,
}

/// What came of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// Nothing yet.
    Open,
    /// The answer.
    Answered,
    /// A refusal.
    Refused,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 3] = [Self::Open, Self::Answered, Self::Refused];

    /// The text stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Answered => "answered",
            Self::Refused => "refused",
        }
    }
}

impl RequestRow {
    fn cells(&self) -> Row {
        vec![
            self.case_id.0.into(),
            self.request.0.into(),
            (&self.programme).into(),
            Cell::opt(self.worker.as_ref()),
            self.agency.as_str().into(),
            Cell::opt(self.what.as_ref()),
            self.requested_at.into(),
            Cell::opt(self.due_at),
            Cell::count(self.chases),
            Cell::opt(self.last_chased_at),
            Cell::count(self.escalations),
            self.outcome.as_str().into(),
            Cell::opt(self.ended_at),
        ]
    }

    /// Whether the answer was due, and had not come, by `as_of`.
    #[must_use]
    pub fn is_overdue_at(&self, as_of: Timestamp) -> bool {
        self.outcome == Outcome::Open && self.due_at.is_some_and(|due| as_of > due)
    }
}

/// The requests of a case at the dates asked about, in the order in which the requests were made; none
/// when no referral was in view then.
///
/// `history` is in the order of recording.
#[must_use]
pub fn requests(
    case_id: CaseId,
    history: &[Recorded<CaseEvent>],
    asked: &Asked,
) -> Vec<RequestRow> {
    let (mut programme, mut worker) = (None, None);
    let mut made = Vec::new();
    let mut followed: HashMap<EventId, Followed> = HashMap::new();
    for fact in two_clocks::facts(history, asked) {
        let (event_id, at) = (fact.recorded.event_id, fact.occurred.at);
        if let CaseEvent::ReferralReceived(facts) = fact.event {
            programme = Some(&facts.programme);
        } else if let CaseEvent::CaseAllocated(facts) = fact.event {
            worker = Some(&facts.worker);
        } else if let CaseEvent::CaseHandedOver(facts) = fact.event {
            worker = Some(&facts.worker);
        } else if let CaseEvent::InformationRequested(facts) = fact.event {
            made.push((event_id, at, facts));
        } else {
            // An answer may stand before its request, where a date is known to the day alone.
            follow(&mut followed, fact.event, at);
        }
    }
    let Some(programme) = programme else {
        return Vec::new();
    };
    let row = |(request, requested_at, facts): (EventId, Timestamp, &InformationRequested)| {
        let followed = followed.get(&request).copied().unwrap_or_default();
        RequestRow {
            case_id,
            request,
            programme: programme.clone(),
            worker: worker.cloned(),
            agency: facts.agency,
            what: facts.what.clone(),
            requested_at,
            due_at: facts.due_at,
            chases: followed.chases,
            last_chased_at: followed.last_chased_at,
            escalations: followed.escalations,
            outcome: followed.end.map_or(Outcome::Open, |(outcome, _)| outcome),
            ended_at: followed.end.map(|(_, at)| at),
        }
    };
    made.into_iter().map(row).collect()
}

/// The case's rows of the present; none when no referral is in view.
pub(crate) fn rows(case_id: CaseId, history: &[Recorded<CaseEvent>]) -> Vec<Vec<Row>> {
    vec![requests(case_id, history, &Asked::LATEST).iter().map(RequestRow::cells).collect()]
}

/// Whether new events can change the case's rows. An amendment may be of any fact.
pub(crate) fn is_touched(case: &TouchedCase<'_>) -> bool {
    case.new_events().iter().any(|e| {
        e.event.amends().is_some()
            || matches!(
                e.event,
                CaseEvent::ReferralReceived(_)
                    | CaseEvent::CaseAllocated(_)
                    | CaseEvent::CaseHandedOver(_)
                    | CaseEvent::InformationRequested(_)
                    | CaseEvent::InformationChased(_)
                    | CaseEvent::InformationEscalated(_)
                    | CaseEvent::InformationReceived(_)
                    | CaseEvent::InformationRefused(_)
            )
    })
}

/// What followed a request.
#[derive(Debug, Clone, Copy, Default)]
struct Followed {
    chases: u32,
    last_chased_at: Option<Timestamp>,
    escalations: u32,
    end: Option<(Outcome, Timestamp)>,
}

fn follow(followed: &mut HashMap<EventId, Followed>, event: &CaseEvent, at: Timestamp) {
    if let CaseEvent::InformationChased(facts) = event {
        let followed = followed.entry(facts.request).or_default();
        followed.chases += 1;
        // In the order of recording a late fact comes after what happened later.
        followed.last_chased_at = followed.last_chased_at.max(Some(at));
    } else if let CaseEvent::InformationEscalated(facts) = event {
        followed.entry(facts.request).or_default().escalations += 1;
    } else if let CaseEvent::InformationReceived(facts) = event {
        followed.entry(facts.request).or_default().end.get_or_insert((Outcome::Answered, at));
    } else if let CaseEvent::InformationRefused(facts) = event {
        followed.entry(facts.request).or_default().end.get_or_insert((Outcome::Refused, at));
    }
}

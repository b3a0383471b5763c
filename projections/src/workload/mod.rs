//! How many cases has each worker, week by week or month by month, and how often do they try to
//! reach people.
//!
//! **On a caseload at D** is what `caseload` shows when it is asked as of D: an open case, with the
//! worker of its latest allocation at or before D, so start <= D < end. Dormant is `dormant/1` as of
//! each D, and high risk the level in force at D.
//!
//! **A contact** counts in the step in which it was made, for whoever had the case at that moment,
//! or had had it last when it was closed by then: many dates are known to the day alone, and the last
//! contact is often made on the day of the closure. What was made before anybody had the case counts
//! for nobody, and is told apart.
//!
//! What is kept is the least from which any D can be answered: the stretches of time in which a case
//! was open and nothing that is counted changed, and the contacts.
//!
//! Read as recorded, a case at D is the case in the order of recording, as everywhere.

mod answer;
mod read;
mod steps;
mod stretches;

use jiff::Timestamp;
use throughline_domain::case::CaseEvent;
use throughline_domain::case::lifecycle::Transition;
use throughline_domain::code::Code;
use throughline_domain::ids::{CaseId, Position};
use throughline_domain::programme::Programmes;
use throughline_domain::recorded::Recorded;
use throughline_domain::two_clocks::Asked;

use crate::cell::{Cell, Kind, Row};
use crate::table::{Column, Table};
use crate::{Extent, TableRows, TouchedCase};

pub use answer::{Answer, Load, Question, Total, WORKERS_MAX, WorkerLoad, Workload};
pub use read::read;
pub use steps::{STEPS_DEFAULT, STEPS_MAX, Span, SpanError, Step, Steps};

/// The version of the fold and its tables.
pub const VERSION: i32 = 1;
/// The rule of what is on a caseload, and whose a contact is.
pub const RULE: &str = "workload/1";
/// The tables: one row a stretch, one row a contact.
pub(crate) const TABLES: &[Table] = &[
    Table {
        name: "workload_stretch",
        columns: &[
            Column::new("case_id", Kind::Uuid),
            Column::new("from_at", Kind::Time),
            Column::new("until_at", Kind::Time),
            Column::new("programme", Kind::Text),
            Column::new("worker", Kind::Text),
            Column::new("team", Kind::Text),
            Column::new("is_high_risk", Kind::Bool),
            Column::new("dormant_from", Kind::Time),
        ],
        key: 2,
    },
    Table {
        name: "workload_contact",
        columns: &[
            Column::new("case_id", Kind::Uuid),
            Column::new("position", Kind::BigInt),
            Column::new("occurred_at", Kind::Time),
            Column::new("programme", Kind::Text),
            Column::new("worker", Kind::Text),
            Column::new("team", Kind::Text),
            Column::new("is_reached", Kind::Bool),
        ],
        key: 2,
    },
];

/// A stretch of time in which a case was on one worker's caseload and nothing that is counted
/// changed: no more than one turn, into dormancy, lies in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch {
    /// The case.
    pub case_id: CaseId,
    /// When it began.
    pub from: Timestamp,
    /// When it ended; that moment is not in it. `None` while it goes on.
    pub until: Option<Timestamp>,
    /// The programme.
    pub programme: Code,
    /// Who had the case.
    pub worker: Code,
    /// Their team.
    pub team: Option<Code>,
    /// Whether the level of risk in force was high.
    pub is_high_risk: bool,
    /// From when the case was dormant, if that was before the stretch ended.
    pub dormant_from: Option<Timestamp>,
}

/// An attempt to reach a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// The case.
    pub case_id: CaseId,
    /// The fact's place in the log.
    pub position: Position,
    /// When it was made.
    pub occurred_at: Timestamp,
    /// The programme.
    pub programme: Code,
    /// Who had the case then, or had had it last; `None` when nobody had had it yet.
    pub worker: Option<Code>,
    /// Their team.
    pub team: Option<Code>,
    /// Whether the person was reached.
    pub is_reached: bool,
}

/// All that one case adds to workloads.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CaseWorkload {
    /// When it was on whose caseload, in the order of time.
    pub stretches: Vec<Stretch>,
    /// The attempts to reach the person, in the order of time.
    pub contacts: Vec<Contact>,
}

/// Folds one case at the dates asked about; nothing when no referral was in view then.
#[must_use]
pub fn fold(
    case_id: CaseId,
    history: &[Recorded<CaseEvent>],
    asked: &Asked,
    programmes: &Programmes,
) -> CaseWorkload {
    stretches::lay_out(case_id, history, asked, programmes)
}

/// The case's rows of the present; none when no referral is in view.
pub(crate) fn rows(
    case_id: CaseId,
    history: &[Recorded<CaseEvent>],
    programmes: &Programmes,
) -> Vec<Vec<Row>> {
    let CaseWorkload { stretches, contacts } = fold(case_id, history, &Asked::LATEST, programmes);
    vec![
        stretches.iter().map(Stretch::cells).collect(),
        contacts.iter().map(Contact::cells).collect(),
    ]
}

/// What new events change: the stretches are few and written whole; of the contacts, which may be
/// hundreds, only the new ones are, unless something new may tell of the others as well. That is an
/// amendment, or a step of the case: they say whose a contact is, in which programme, and whether it
/// was one.
pub(crate) fn changed_rows(case: &TouchedCase<'_>) -> Vec<TableRows> {
    let CaseWorkload { stretches, contacts } =
        fold(case.case_id, case.history, &Asked::LATEST, case.programmes);
    let tells_of_others =
        |event: &CaseEvent| event.amends().is_some() || Transition::of(event).is_some();
    let is_whole = case.new_events().iter().any(|new| tells_of_others(&new.event));
    let is_new = |contact: &&Contact| is_whole || contact.position > case.after;
    vec![
        TableRows { rows: stretches.iter().map(Stretch::cells).collect(), extent: Extent::Whole },
        TableRows {
            rows: contacts.iter().filter(is_new).map(Contact::cells).collect(),
            extent: if is_whole { Extent::Whole } else { Extent::Changed },
        },
    ]
}

/// Whether new events can change the case's rows. An amendment may be of any fact.
pub(crate) fn is_touched(case: &TouchedCase<'_>) -> bool {
    case.new_events()
        .iter()
        .any(|e| e.event.amends().is_some() || stretches::bears_on_workload(&e.event))
}

impl Stretch {
    fn cells(&self) -> Row {
        vec![
            self.case_id.0.into(),
            self.from.into(),
            Cell::opt(self.until),
            (&self.programme).into(),
            (&self.worker).into(),
            Cell::opt(self.team.as_ref()),
            Cell::Bool(self.is_high_risk),
            Cell::opt(self.dormant_from),
        ]
    }
}

impl Contact {
    fn cells(&self) -> Row {
        vec![
            self.case_id.0.into(),
            Cell::BigInt(self.position.0),
            self.occurred_at.into(),
            (&self.programme).into(),
            Cell::opt(self.worker.as_ref()),
            Cell::opt(self.team.as_ref()),
            Cell::Bool(self.is_reached),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{
        Fact, allocated, assessed, attempted, case, corrected, history, opened, retracted,
    };

    /// How many stretches and contacts are written when the last of some facts is new, and whether
    /// the other contacts stay.
    fn written(last: Fact) -> (usize, usize, bool) {
        let mut facts = opened("mrp", "2014-03-01");
        facts.extend((0..300).map(|_| attempted("no_answer", "2014-03-05")));
        facts.push(last);
        let history = history(facts);
        let after = history[history.len() - 2].position;
        let programmes = &Programmes::shipped();
        let case = TouchedCase { case_id: case(1), history: &history, after, programmes };
        let [stretches, contacts] = changed_rows(&case).try_into().unwrap();
        assert_eq!(stretches.extent, Extent::Whole);
        (stretches.rows.len(), contacts.rows.len(), contacts.extent == Extent::Changed)
    }

    #[test]
    fn of_many_contacts_only_a_new_one_is_written() {
        assert_eq!(written(attempted("reached", "2014-04-01")), (1, 1, true));
        assert_eq!(written(attempted("reached", "2014-03-02")), (1, 1, true), "a late one");
        assert_eq!(written(assessed("high", None, "2014-03-10")), (2, 0, true));
    }

    #[test]
    fn what_tells_of_other_contacts_has_all_of_them_written() {
        assert_eq!(written(allocated("w2", "2014-03-04")), (2, 300, false), "a late handover");
        assert_eq!(written(retracted(5, "2014-04-01")), (1, 299, false));
        let corrected = corrected(5, attempted("reached", "2014-03-06"), "2014-04-01");
        assert_eq!(written(corrected), (1, 300, false));
    }
}

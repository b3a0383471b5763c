//! A comparison as it is told: over HTTP and on the command line alike.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use throughline_domain::code::Code;
use throughline_domain::edition::EditionPublished;
use throughline_domain::ids::{CaseId, EventId, Position};
use throughline_domain::two_clocks::Reading;

use super::{Cause, Comparison, Contrast, Side};
use crate::edition::{differences, side};
use crate::figures::Figures;
use crate::tables::Question;

/// Figures told at most: how many there are is told by their number.
pub const FIGURES_MAX: usize = 1_000;
/// Cases told at most, and cases named with one figure.
pub const CASES_MAX: usize = 1_000;
/// Events told of one case at most.
pub const EVENTS_MAX: usize = 100;

/// Which figures of an edition moved, and why.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The edition.
    pub edition: Code,
    /// Its own side.
    pub then: SideTold,
    /// What it was compared with.
    pub now: SideTold,
    /// What computes otherwise than it did when the edition was published: `program`, `rules`,
    /// `instruments`, `programme` or `code_lists`.
    pub changed_versions: Vec<&'static str>,
    /// Figures that this program computes otherwise from the same events than they were published:
    /// no event is behind those.
    pub not_as_published: usize,
    /// Questions of one edition that the other did not ask.
    pub not_compared: Vec<Value>,
    /// How many figures moved.
    pub moved: usize,
    /// Those figures, [`FIGURES_MAX`] at most.
    pub figures: Vec<FigureTold>,
    /// How many cases differ.
    pub differing_cases: usize,
    /// The first of them, [`CASES_MAX`] at most.
    pub cases: Vec<CaseTold>,
    /// Cases that could not be read to the end.
    #[serde(skip_serializing_if = "is_none")]
    pub stale_cases: u64,
}

/// One side of a comparison.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SideTold {
    /// The edition, where it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edition: Option<Code>,
    /// The cohort, as `id@version`.
    pub cohort: String,
    /// What had happened by then.
    pub as_of: Timestamp,
    /// What had been recorded by then.
    pub known_at: Timestamp,
    /// How corrections are read.
    pub reading: Reading,
    /// The place in the tenant's log up to which it was read.
    pub read_to: Position,
}

/// A figure that moved.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FigureTold {
    /// Where: a JSON Pointer into the results of the edition.
    pub pointer: String,
    /// What it was; absent where there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub then: Option<Value>,
    /// What it is; absent where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub now: Option<Value>,
    /// The numbers of the cases that it is laid to, as far as they are told.
    pub cases: Vec<usize>,
    /// Whether those cases move it together: none of them is known to move it alone.
    pub together: bool,
}

/// A case that differs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CaseTold {
    /// Its number in this comparison, from 0.
    pub case: usize,
    /// The case; absent for whoever is shown totals alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub case_id: Option<CaseId>,
    /// The events behind it, in the order of recording, [`EVENTS_MAX`] at most; none where it
    /// differs by a definition or by the program.
    pub events: Vec<EventTold>,
}

/// An event behind a difference.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EventTold {
    /// The event.
    pub event_id: EventId,
    /// Its type.
    #[serde(rename = "type")]
    pub event_type: &'static str,
    /// Why it is not the same to both sides.
    pub cause: Cause,
    /// The fact that it corrects or takes back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amends: Option<EventId>,
    /// When it happened, as it was recorded.
    pub occurred_at: Timestamp,
    /// When it was recorded.
    pub recorded_at: Timestamp,
}

/// What two editions, or an edition and now, both ask.
#[derive(Debug, Clone, PartialEq)]
pub struct Shared {
    /// The questions.
    pub questions: Vec<Question>,
    /// The place of each in the edition.
    places: Vec<usize>,
    not_compared: Vec<Value>,
}

impl Shared {
    /// The questions of an edition that are also among those of another; all of them where there is
    /// no other. `None` where this program does not know one of them.
    #[must_use]
    pub fn of(edition: &[Value], other: Option<&[Value]>) -> Option<Self> {
        let is_shared = |question: &Value| other.is_none_or(|other| other.contains(question));
        let (mut questions, mut places) = (Vec::new(), Vec::new());
        for (place, question) in edition.iter().enumerate().filter(|(_, one)| is_shared(one)) {
            questions.push(serde_json::from_value(question.clone()).ok()?);
            places.push(place);
        }
        let left = edition.iter().filter(|one| !is_shared(one));
        let more = other.unwrap_or_default().iter().filter(|one| !edition.contains(one));
        let not_compared = left.chain(more).cloned().collect();
        Some(Self { questions, places, not_compared })
    }
}

/// Beside the comparison itself, what is told of it.
#[derive(Debug)]
pub struct Telling<'a> {
    /// The edition.
    pub published: &'a EditionPublished,
    /// The other edition, where there is one.
    pub other: Option<Code>,
    /// What it is compared with.
    pub now: &'a Side,
    /// What was asked.
    pub shared: Shared,
    /// What computes otherwise than it did.
    pub changed_versions: Vec<&'static str>,
    /// Whether cases are named.
    pub names_cases: bool,
    /// Cases that could not be read to the end.
    pub stale_cases: u64,
}

/// Tells a comparison.
#[must_use]
pub fn report(comparison: Comparison, telling: Telling<'_>) -> Report {
    let Telling { published, other, now, shared, changed_versions, names_cases, stale_cases } =
        telling;
    let edition = &published.edition;
    let Comparison { counts, tables, cases } = comparison;
    let heads = shared.places.iter().map(|place| format!("/tables/{place}/answer"));
    let contrasts: Vec<(String, Contrast)> =
        std::iter::once(("/counts".to_owned(), counts)).chain(heads.zip(tables)).collect();
    let not_as_published = contrasts.iter().map(|(head, contrast)| {
        let published = published.results.pointer(head).unwrap_or(&Value::Null);
        Figures::of(published).map_or(0, |then| differences(&then, &contrast.then).len())
    });
    let not_as_published = not_as_published.sum();
    let moved = contrasts.iter().map(|(_, contrast)| contrast.moved.len()).sum();
    let figures = contrasts.into_iter().flat_map(|(head, contrast)| {
        contrast.moved.into_iter().map(move |figure| FigureTold {
            pointer: format!("{head}{}", figure.pointer),
            then: figure.then,
            now: figure.now,
            cases: figure.cases,
            together: figure.together,
        })
    });
    let then = side(edition);
    let differing_cases = cases.len();
    let cases = cases.into_iter().take(CASES_MAX).enumerate().map(|(case, differing)| CaseTold {
        case,
        case_id: names_cases.then_some(differing.case_id),
        events: differing.events.into_iter().take(EVENTS_MAX).map(Into::into).collect(),
    });
    Report {
        edition: edition.id.clone(),
        then: side_told(&then, Some(edition.id.clone())),
        now: side_told(now, other),
        changed_versions,
        not_as_published,
        not_compared: shared.not_compared,
        moved,
        figures: figures.take(FIGURES_MAX).collect(),
        differing_cases,
        cases: cases.collect(),
        stale_cases,
    }
}

fn side_told(side: &Side, edition: Option<Code>) -> SideTold {
    let Side { cohort, asked, position } = side;
    SideTold {
        edition,
        cohort: format!("{}@{}", cohort.id, cohort.version),
        as_of: asked.as_of,
        known_at: asked.known_at,
        reading: asked.reading,
        read_to: *position,
    }
}

impl From<super::Behind> for EventTold {
    fn from(behind: super::Behind) -> Self {
        let super::Behind { event_id, event_type, amends, occurred_at, recorded_at, cause } =
            behind;
        Self { event_id, event_type, cause, amends, occurred_at, recorded_at }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde asks")]
fn is_none(count: &u64) -> bool {
    *count == 0
}

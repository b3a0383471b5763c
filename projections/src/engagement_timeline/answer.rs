//! A timeline out of a history: the answer for any dates and either reading.

use jiff::Timestamp;
use throughline_domain::case::CaseEvent;
use throughline_domain::ids::CaseId;
use throughline_domain::recorded::Recorded;
use throughline_domain::two_clocks::{self, Asked, Reading};

use super::{Period, Periods, TimelineEntry, TimelineKey};

/// Whose timeline is asked for, and which page of it.
#[derive(Debug, Clone, Copy)]
pub struct Question {
    /// The case.
    pub case_id: CaseId,
    /// Up to when a break in contact that goes on is measured: the date asked about, or the
    /// present when that is earlier.
    pub as_of: Timestamp,
    /// The last entry of the page before.
    pub after: Option<TimelineKey>,
    /// The most entries of a page.
    pub limit: usize,
}

/// One page of a timeline, with the periods of the whole.
#[derive(Debug, Clone, PartialEq)]
pub struct Timeline {
    /// By `(occurred_at, position)`; by position when read as recorded.
    pub entries: Vec<TimelineEntry>,
    /// Of the whole case, not the page.
    pub periods: Vec<Period>,
    /// Whether another page follows.
    pub more: bool,
}

/// The timeline of a case at any dates.
///
/// Read as recorded, corrections and retractions are entries of their own, and periods are laid
/// out as if there were none.
///
/// # Errors
/// When facts have no JSON form; none of the domain's is so.
pub fn answer(
    history: &[Recorded<CaseEvent>],
    asked: &Asked,
    question: Question,
) -> Result<Timeline, serde_json::Error> {
    let in_view = two_clocks::entries(history, asked);
    let is_later = |entry: &two_clocks::Entry<'_>| {
        question.after.is_none_or(|after| match asked.reading {
            Reading::Effective => {
                (entry.occurred.at, entry.recorded.position) > (after.occurred_at, after.position)
            }
            Reading::Recorded => entry.recorded.position > after.position,
        })
    };
    let mut page = in_view.iter().filter(|entry| is_later(entry));
    let entries =
        page.by_ref().take(question.limit).map(TimelineEntry::of).collect::<Result<_, _>>()?;
    Ok(Timeline {
        entries,
        more: page.next().is_some(),
        periods: periods(history, asked, question.as_of),
    })
}

fn periods(history: &[Recorded<CaseEvent>], asked: &Asked, as_of: Timestamp) -> Vec<Period> {
    let mut facts: Vec<_> = two_clocks::facts(history, asked).collect();
    // Whatever the reading, a span runs from what happened earlier to what happened later.
    facts.sort_by_key(|fact| (fact.occurred.at, fact.recorded.position));
    let mut periods = Periods::default();
    for fact in facts {
        periods.take(fact.occurred.at, fact.event);
    }
    periods.finish(as_of)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engagement_timeline::PeriodValue;
    use crate::testing::{
        assessed, attempted, case, corrected, day, event_id, history, opened, retracted,
    };

    /// A case whose fourth event, an assessment, was corrected, and whose fifth was retracted.
    fn an_amended_history() -> Vec<Recorded<CaseEvent>> {
        let mut facts = opened("mrp", "2014-03-01");
        facts.push(assessed("medium", None, "2014-03-10"));
        facts.push(attempted("reached", "2014-03-11"));
        facts.push(corrected(4, assessed("high", None, "2014-03-12"), "2014-04-01"));
        facts.push(retracted(5, "2014-04-02"));
        history(facts)
    }

    fn ask(reading: Reading, known_at: &str, after: Option<TimelineKey>, limit: usize) -> Timeline {
        let asked = Asked { as_of: Timestamp::MAX, known_at: day(known_at), reading };
        let question = Question { case_id: case(1), as_of: day("2014-05-01"), after, limit };
        answer(&an_amended_history(), &asked, question).unwrap()
    }

    fn positions(timeline: &Timeline) -> Vec<i64> {
        timeline.entries.iter().map(|e| e.position.0).collect()
    }

    fn levels(timeline: &Timeline) -> Vec<String> {
        let level = |period: &Period| match &period.value {
            PeriodValue::RiskLevel(level) => Some(level.to_string()),
            PeriodValue::Episode(_) | PeriodValue::Worker(_) | PeriodValue::ContactBreak { .. } => {
                None
            }
        };
        timeline.periods.iter().filter_map(level).collect()
    }

    #[test]
    fn amendments_are_looked_through() {
        let timeline = ask(Reading::Effective, "2014-05-01", None, 10);
        assert_eq!(positions(&timeline), [1, 2, 3, 5, 4]);
        let (retracted, corrected) = (&timeline.entries[3], &timeline.entries[4]);
        assert_eq!(retracted.retracted_by, Some(event_id(7)));
        assert_eq!(corrected.corrected_by, Some(event_id(6)));
        assert!(corrected.data.contains("\"high\""));
        assert_eq!(corrected.occurred.at, day("2014-03-12"));
        assert_eq!(levels(&timeline), ["high"]);
    }

    #[test]
    fn before_the_amendments_were_known_the_facts_were_as_given() {
        let timeline = ask(Reading::Effective, "2014-03-31", None, 10);
        assert_eq!(positions(&timeline), [1, 2, 3, 4, 5]);
        assert!(
            timeline.entries.iter().all(|e| e.corrected_by.is_none() && e.retracted_by.is_none())
        );
        assert_eq!(levels(&timeline), ["medium"]);
    }

    #[test]
    fn read_as_recorded_amendments_are_entries() {
        let timeline = ask(Reading::Recorded, "2014-05-01", None, 10);
        assert_eq!(positions(&timeline), [1, 2, 3, 4, 5, 6, 7]);
        assert!(timeline.entries[3].data.contains("\"medium\""));
        assert_eq!(levels(&timeline), ["medium"]);
    }

    #[test]
    fn pages_follow_one_another_without_gap_or_overlap() {
        for reading in [Reading::Effective, Reading::Recorded] {
            let whole = ask(reading, "2014-05-01", None, 10);
            let mut paged = Vec::new();
            let mut after = None;
            loop {
                let page = ask(reading, "2014-05-01", after, 2);
                assert_eq!(page.periods, whole.periods);
                after = page.entries.last().map(TimelineEntry::key);
                paged.extend(page.entries);
                if !page.more {
                    break;
                }
            }
            assert_eq!(paged, whole.entries);
        }
    }
}

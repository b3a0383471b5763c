//! One case's trajectory: its spells, one after another.

use jiff::Timestamp;
use throughline_domain::code_lists::RiskLevel;
use throughline_domain::ids::EventId;

use super::Stretch;
use crate::durations::{Days, microseconds_between};

/// How one case's risk went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseTrajectory {
    /// Time at one level without a break, in the order of time.
    pub spells: Vec<Spell>,
    /// Time within episodes before anybody assessed the person.
    pub not_assessed: Days,
    /// Assessments with a higher level than the one before.
    pub rises: u64,
    /// Assessments with a lower level than the one before.
    pub falls: u64,
    /// Assessments with the same level as the one before.
    pub unchanged: u64,
}

/// Time at one level without a break.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spell {
    /// The level.
    pub level: RiskLevel,
    /// When it began: the assessment, or the beginning of an episode that took the level over.
    pub from: Timestamp,
    /// When it ended: the next level, or the end of the episode. `None` while it goes on.
    pub until: Option<Timestamp>,
    /// The assessment that gave the level.
    pub event_id: EventId,
    /// Its length up to the date asked about.
    pub length: Days,
}

/// The trajectory of one case out of its stretches, in the order of time.
#[must_use]
pub fn trajectory(stretches: &[Stretch], as_of: Timestamp) -> CaseTrajectory {
    let moved = |is: fn(&RiskLevel, &RiskLevel) -> bool| {
        let moves = stretches.iter().filter_map(Stretch::reassessment);
        moves.filter(|(before, level)| is(level, before)).count() as u64
    };
    let not_assessed = stretches.iter().filter(|s| s.since.is_some() && s.level.is_none());
    CaseTrajectory {
        not_assessed: Days::sum(
            not_assessed.map(|s| i128::from(microseconds_between(s.from, s.end_at(as_of)))).sum(),
        ),
        rises: moved(|level, before| level > before),
        falls: moved(|level, before| level < before),
        unchanged: moved(|level, before| level == before),
        spells: spells(stretches, as_of),
    }
}

fn spells(stretches: &[Stretch], as_of: Timestamp) -> Vec<Spell> {
    let in_episodes: Vec<&Stretch> = stretches.iter().filter(|s| s.since.is_some()).collect();
    let of_one_spell = in_episodes.chunk_by(|_, next| !next.begins_spell());
    of_one_spell
        .filter_map(|parts| {
            let (first, last) = (parts.first()?, parts.last()?);
            Some(Spell {
                level: first.level?,
                from: first.from,
                until: last.until,
                event_id: first.event_id?,
                length: Days::between(first.from, last.end_at(as_of)),
            })
        })
        .collect()
}

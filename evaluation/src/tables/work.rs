//! What was done: work with agencies, direct and indirect, by purpose; and support, by need.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use throughline_domain::case::CaseEvent;
use throughline_domain::code_lists::CodeList as _;

use super::{Table, TableError};
use crate::evaluated_case::EvaluatedCase;

/// Work with agencies.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgencyWork {}

/// Support given to the person.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Support {}

/// What the person learnt from support.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Skills {}

/// Skills, over all cases.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SkillsTable {
    /// The cases.
    pub cases: u64,
    /// By skill.
    pub skills: BTreeMap<String, Work>,
}

/// One piece of work, as three codes.
type Piece = [&'static str; 3];

/// What a fact does not say.
const NOT_SAID: &str = "not_said";

/// The table: all work, and the work by each of its three codes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WorkTable {
    /// The cases.
    pub cases: u64,
    /// All of the work.
    pub total: Work,
    /// By the first code: the agency, or the need.
    pub first: BTreeMap<String, Work>,
    /// By the first code, then by the second: direct or indirect, or the kind of support.
    pub second: BTreeMap<String, BTreeMap<String, Work>>,
    /// By the second code, then by the third: the purpose, or how far a programme went.
    pub third: BTreeMap<String, BTreeMap<String, Work>>,
}

/// Some of the work.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Work {
    /// How often it was recorded.
    pub recorded: u64,
    /// In how many cases.
    pub cases: u64,
}

impl Table for AgencyWork {
    type Observation = Vec<Piece>;
    type Answer = WorkTable;

    fn observe(&self, case: &EvaluatedCase<'_>) -> Option<Vec<Piece>> {
        let pieces = case.each(|event| {
            let CaseEvent::AgencyActionRecorded(facts) = event else { return None };
            let work = facts.work.map_or(NOT_SAID, |work| work.as_str());
            let purpose = facts.purpose.map_or(NOT_SAID, |purpose| purpose.as_str());
            Some([facts.agency.as_str(), work, purpose])
        });
        Some(pieces.map(|(_, piece)| piece).collect())
    }

    fn conclude(&self, observations: &[&Vec<Piece>]) -> Result<WorkTable, TableError> {
        Ok(counted(observations))
    }
}

impl Table for Support {
    type Observation = Vec<Piece>;
    type Answer = WorkTable;

    fn observe(&self, case: &EvaluatedCase<'_>) -> Option<Vec<Piece>> {
        let pieces = case.each(|event| {
            let CaseEvent::SupportProvided(facts) = event else { return None };
            let need = facts.need.map_or(NOT_SAID, |need| need.as_str());
            let status = facts.programme_status.map_or(NOT_SAID, |status| status.as_str());
            Some([need, facts.kind.as_str(), status])
        });
        Some(pieces.map(|(_, piece)| piece).collect())
    }

    fn conclude(&self, observations: &[&Vec<Piece>]) -> Result<WorkTable, TableError> {
        Ok(counted(observations))
    }
}

impl Table for Skills {
    type Observation = Vec<String>;
    type Answer = SkillsTable;

    fn observe(&self, case: &EvaluatedCase<'_>) -> Option<Vec<String>> {
        let skills = case.each(|event| {
            let CaseEvent::SupportProvided(facts) = event else { return None };
            facts.skill.as_ref().map(ToString::to_string)
        });
        Some(skills.map(|(_, skill)| skill).collect())
    }

    fn conclude(&self, observations: &[&Vec<String>]) -> Result<SkillsTable, TableError> {
        let mut skills: BTreeMap<String, Work> = BTreeMap::new();
        for learnt in observations.iter().copied() {
            let mut seen = BTreeSet::new();
            for skill in learnt {
                let work = skills.entry(skill.clone()).or_default();
                work.recorded += 1;
                work.cases += u64::from(seen.insert(skill));
            }
        }
        Ok(SkillsTable { cases: observations.len() as u64, skills })
    }
}

fn counted(observations: &[&Vec<Piece>]) -> WorkTable {
    let mut table = WorkTable {
        cases: observations.len() as u64,
        total: Work::default(),
        first: BTreeMap::new(),
        second: BTreeMap::new(),
        third: BTreeMap::new(),
    };
    for pieces in observations.iter().copied() {
        // A case counts once wherever it counts at all.
        let mut seen: BTreeSet<(u8, &str, &str)> = BTreeSet::new();
        for [first, second, third] in pieces {
            let of_second = table.second.entry((*first).to_owned()).or_default();
            let of_third = table.third.entry((*second).to_owned()).or_default();
            for (place, work) in [
                ((0, "", ""), &mut table.total),
                ((1, *first, ""), table.first.entry((*first).to_owned()).or_default()),
                ((2, *first, *second), of_second.entry((*second).to_owned()).or_default()),
                ((3, *second, *third), of_third.entry((*third).to_owned()).or_default()),
            ] {
                work.recorded += 1;
                work.cases += u64::from(seen.insert(place));
            }
        }
    }
    table
}

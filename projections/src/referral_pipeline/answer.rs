//! What became of the referrals, out of rows in any order: the one counting, for the present and
//! for any other dates.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use throughline_domain::code::Code;
use throughline_domain::code_lists::{CaseRole, DeclineReason, ReferralSource};

use super::waits::{Gathered, Times};
use super::{Criteria, Decision, ReferralRow, Waits};
use crate::ReadError;

/// The most referrals that are counted at once: quantiles need every wait in memory.
pub const REFERRALS_MAX: usize = 500_000;

/// Which referrals are asked about.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The programme.
    pub programme: &'a str,
    /// Cases about one role only.
    pub role: Option<CaseRole>,
    /// Cases of one area only.
    pub area: Option<&'a str>,
    /// Referrals of one source only.
    pub source: Option<ReferralSource>,
    /// Received at this moment or later.
    pub from: Option<Timestamp>,
    /// Received before this moment.
    pub to: Option<Timestamp>,
}

/// What became of the referrals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pipeline {
    /// Of all of them.
    pub all: Figures,
    /// By who referred, in the order of the code list; those who referred nobody are left out.
    pub by_source: Vec<Group<ReferralSource>>,
    /// By area, in the order of the alphabet.
    pub by_area: Vec<Group<Code>>,
    /// By decision, each reason to decline apart.
    pub by_decision: Vec<Group<Decision>>,
    /// By the criteria that they were made under, in the order of their versions; those of which
    /// nobody said so come first.
    pub by_criteria: Vec<CriteriaGroup>,
}

/// Referrals that were made under the same criteria.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CriteriaGroup {
    /// Which, and what became of them.
    pub group: Group<Criteria>,
    /// How many of them were declined for each reason, in the order of the code list; reasons that
    /// were never given are left out.
    pub declined_for: Vec<(DeclineReason, u64)>,
}

/// Referrals that have something in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group<K> {
    /// What they have in common.
    pub key: K,
    /// Their share of all referrals asked about, in tenths of a percent, halves up.
    pub permille: u64,
    /// What became of them.
    pub figures: Figures,
}

impl<K> Group<K> {
    /// Their share of all referrals asked about, to a tenth.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "at most a thousand")]
    pub fn percent(&self) -> f64 {
        self.permille as f64 / 10.0
    }
}

/// What became of some referrals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Figures {
    /// How many there are.
    pub referrals: u64,
    /// How they were decided.
    pub decisions: Decisions,
    /// How long they waited.
    pub waits: Waits,
}

/// How referrals were decided: every referral is in one of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Decisions {
    /// Not decided on.
    pub pending: u64,
    /// On the waiting list.
    pub waiting: u64,
    /// Taken on.
    pub accepted: u64,
    /// Not taken on.
    pub declined: u64,
}

/// Gathers the referrals asked about, row by row.
#[derive(Debug)]
pub struct Answer<'a> {
    question: Question<'a>,
    referrals: Vec<Taken>,
    /// Areas are kept once, since there are few and referrals are many.
    areas: HashMap<Code, u32>,
    is_over_limit: bool,
}

/// One referral, as small as the counting allows.
#[derive(Debug, Clone, Copy)]
struct Taken {
    criteria: Criteria,
    source: ReferralSource,
    area: u32,
    decision: Decision,
    times: Times,
}

impl<'a> Answer<'a> {
    /// Begins with no referrals.
    #[must_use]
    pub fn new(question: Question<'a>) -> Self {
        Self { question, referrals: Vec::new(), areas: HashMap::new(), is_over_limit: false }
    }

    /// Takes one case of the tenant, asked about or not.
    pub fn take(&mut self, row: &ReferralRow) {
        if !self.question.is_about(row) {
            return;
        }
        if self.referrals.len() == REFERRALS_MAX {
            self.is_over_limit = true;
            return;
        }
        let area = self.area(&row.area);
        self.referrals.push(Taken {
            criteria: row.criteria,
            source: row.source,
            area,
            decision: row.decision,
            times: Times {
                incident: row.latest_incident_at,
                received: row.received_at,
                decided: row.decided_at,
                first_attempt: row.first_attempt_at,
                first_reach: row.first_reached_at,
            },
        });
    }

    /// What became of them.
    ///
    /// # Errors
    /// [`ReadError::TooMany`] when there are more than [`REFERRALS_MAX`].
    pub fn finish(self) -> Result<Pipeline, ReadError> {
        if self.is_over_limit {
            return Err(ReadError::TooMany { counted_max: REFERRALS_MAX });
        }
        let names: HashMap<u32, &Code> = self.areas.iter().map(|(name, no)| (*no, name)).collect();
        let mut by_area: Vec<Group<Code>> = groups(&self.referrals, |taken| taken.area)
            .into_iter()
            .filter_map(|group| {
                let key = Code::clone(names.get(&group.key)?);
                Some(Group { key, permille: group.permille, figures: group.figures })
            })
            .collect();
        by_area.sort_by(|a, b| a.key.cmp(&b.key));
        let mut all = Gathering::default();
        self.referrals.iter().for_each(|taken| all.take(taken));
        Ok(Pipeline {
            all: all.finish(),
            by_source: groups(&self.referrals, |taken| taken.source),
            by_area,
            by_decision: groups(&self.referrals, |taken| taken.decision),
            by_criteria: by_criteria(&self.referrals),
        })
    }

    fn area(&mut self, area: &Code) -> u32 {
        if let Some(known) = self.areas.get(area) {
            return *known;
        }
        // Never more of them than referrals.
        let next = u32::try_from(self.areas.len()).unwrap_or(u32::MAX);
        self.areas.insert(area.clone(), next);
        next
    }
}

impl Question<'_> {
    fn is_about(&self, row: &ReferralRow) -> bool {
        row.programme.as_str() == self.programme
            && self.role.is_none_or(|role| row.role == role)
            && self.area.is_none_or(|area| row.area.as_str() == area)
            && self.source.is_none_or(|source| row.source == source)
            && self.from.is_none_or(|from| row.received_at >= from)
            && self.to.is_none_or(|to| row.received_at < to)
    }
}

/// The referrals by their criteria, each with why its own were declined.
fn by_criteria(referrals: &[Taken]) -> Vec<CriteriaGroup> {
    let mut reasons: BTreeMap<(Criteria, DeclineReason), u64> = BTreeMap::new();
    for taken in referrals {
        if let Decision::Declined(reason) = taken.decision {
            *reasons.entry((taken.criteria, reason)).or_default() += 1;
        }
    }
    let groups = groups(referrals, |taken| taken.criteria).into_iter();
    groups
        .map(|group| {
            let own = reasons.iter().filter(|((criteria, _), _)| *criteria == group.key);
            CriteriaGroup {
                declined_for: own.map(|((_, reason), count)| (*reason, *count)).collect(),
                group,
            }
        })
        .collect()
}

/// The referrals by what they have in common, in its order.
fn groups<K: Ord>(referrals: &[Taken], key: impl Fn(&Taken) -> K) -> Vec<Group<K>> {
    let mut groups: BTreeMap<K, Gathering> = BTreeMap::new();
    for taken in referrals {
        groups.entry(key(taken)).or_default().take(taken);
    }
    let all = referrals.len() as u64;
    groups
        .into_iter()
        .map(|(key, gathering)| {
            let figures = gathering.finish();
            Group { key, permille: (2000 * figures.referrals + all) / (2 * all), figures }
        })
        .collect()
}

#[derive(Debug, Default)]
struct Gathering {
    decisions: Decisions,
    waits: Gathered,
}

impl Gathering {
    fn take(&mut self, taken: &Taken) {
        let Decisions { pending, waiting, accepted, declined } = &mut self.decisions;
        *match taken.decision {
            Decision::Pending => pending,
            Decision::Waiting => waiting,
            Decision::Accepted => accepted,
            Decision::Declined(_) => declined,
        } += 1;
        self.waits.take(&taken.times, taken.decision);
    }

    fn finish(self) -> Figures {
        let Decisions { pending, waiting, accepted, declined } = self.decisions;
        Figures {
            referrals: pending + waiting + accepted + declined,
            decisions: self.decisions,
            waits: self.waits.finish(),
        }
    }
}

//! The programmes: data, not code. Each definition is a versioned document shipped with the
//! project; a case keeps the version it was referred under.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::code::Code;

/// What a programme fixes for its cases.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Programme {
    /// The name used in referrals and questions.
    pub id: Code,
    /// The definition's version, from 1.
    pub version: u16,
    /// The name in words.
    pub name: String,
    /// The report that the definition follows.
    pub source: String,
    /// The areas it works in.
    pub areas: Vec<Code>,
    /// The stages at which outcomes are measured, first to last.
    pub stages: Vec<Code>,
    /// Days without reaching the person after which an open case is dormant.
    pub dormant_after_days: u32,
    /// Days after a risk assessment at which the next is due; none where there is no schedule.
    pub review_every_days: Option<u32>,
    /// Months after which an episode has lasted as long as the programme gives.
    pub maximum_months: Option<u32>,
    /// Months of unanswered attempts after which closing is proposed.
    pub disengaged_after_months: Option<u32>,
    /// Months of reduced risk after which closing is proposed.
    pub sustained_reduction_months: Option<u32>,
}

static PROGRAMMES: LazyLock<Vec<Programme>> = LazyLock::new(|| {
    [
        include_str!("../programmes/mrp.1.json"),
        include_str!("../programmes/drive.1.json"),
        include_str!("../programmes/safe-steps.1.json"),
        include_str!("../programmes/stepping-out.1.json"),
    ]
    .into_iter()
    .map(|text| serde_json::from_str(text).expect("a shipped definition is well-formed (tested)"))
    .collect()
});

/// Every programme that can be run.
#[must_use]
pub fn all() -> &'static [Programme] {
    &PROGRAMMES
}

/// The newest definition of a programme, by its name.
#[must_use]
pub fn find(id: &str) -> Option<&'static Programme> {
    all().iter().find(|programme| programme.id.as_str() == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_four_programmes_are_defined() {
        let ids: Vec<&str> = all().iter().map(|programme| programme.id.as_str()).collect();
        assert_eq!(ids, ["mrp", "drive", "safe-steps", "stepping-out"]);
        assert!(
            all().iter().all(|p| p.version == 1 && !p.areas.is_empty() && !p.stages.is_empty())
        );
    }
}

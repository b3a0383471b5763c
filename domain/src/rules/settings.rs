//! What a programme sets for the rules: its numbers, apart from how they are written down.

use crate::programme::Programme;

/// A programme's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Days without reaching the person after which an open case is dormant.
    pub dormant_after_days: u32,
    /// Days after an assessment or review at which the next is due.
    pub review_every_days: Option<u32>,
    /// Months after which an episode has lasted as long as the programme gives.
    pub maximum_months: Option<u32>,
    /// Months of unanswered attempts after which closing is proposed.
    pub disengaged_after_months: Option<u32>,
    /// Months of reduced risk after which closing is proposed.
    pub sustained_reduction_months: Option<u32>,
}

impl Settings {
    /// The numbers of a programme's definition.
    #[must_use]
    pub fn of(programme: &Programme) -> Self {
        Self {
            dormant_after_days: programme.dormant_after_days,
            review_every_days: programme.reviews.every_days,
            maximum_months: programme.maximum_months,
            disengaged_after_months: programme.disengaged_after_months,
            sustained_reduction_months: programme.sustained_reduction_months,
        }
    }
}

//! Lengths of time as they are answered: in days, and what several of them come to.

use serde::Serialize;
use throughline_projections::durations::{Days, Spread};
use utoipa::ToSchema;

/// What several lengths of time come to, in days of 24 hours, each figure rounded to a hundredth,
/// halves up. Quantiles are linear interpolations between the two nearest lengths (type 7).
#[derive(Serialize, ToSchema)]
pub struct DaysAnswer {
    /// The sum over the number.
    mean: f64,
    /// The shortest.
    min: f64,
    /// The lower quartile.
    p25: f64,
    /// The median.
    median: f64,
    /// The upper quartile.
    p75: f64,
    /// The ninetieth percentile.
    p90: f64,
    /// The longest.
    max: f64,
}

impl From<Spread> for DaysAnswer {
    fn from(spread: Spread) -> Self {
        let Spread { mean, min, p25, median, p75, p90, max } = spread;
        let [mean, min, p25, median, p75, p90, max] =
            [mean, min, p25, median, p75, p90, max].map(Days::as_f64);
        Self { mean, min, p25, median, p75, p90, max }
    }
}

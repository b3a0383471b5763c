//! Cohorts: which cases an evaluation is about. Data, as programmes are: a document with a version,
//! never changed once it is there, so that a figure can name what it was counted over. How it was
//! decided: ADR 0034.

pub mod aggregate;
pub mod check;
pub mod define_cohort;
pub mod definition;
pub mod error;
pub mod event;
pub mod release_cohort;

pub use aggregate::{CohortCommand, CohortHistory, CohortIntent};
pub use check::{Contradiction, ContradictionKind, contradictions};
pub use define_cohort::{CohortDefined, DefineCohort};
pub use definition::{Cohort, MeasuredAt, Window};
pub use error::CohortError;
pub use event::CohortEvent;
pub use release_cohort::{CohortReleased, Contents, ReleaseCohort, ReleasedDates};

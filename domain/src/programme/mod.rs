//! The programmes: data, not code. A definition is a document with a version, never changed once
//! it is there; a case keeps the version it was referred under.
//!
//! The definitions shipped with the project are in `domain/programmes/`; a tenant may load further
//! versions of them, or programmes of its own, as events of the programme's own stream
//! ([`aggregate`]). [`Programmes`] holds both. How it was decided: ADR 0024.

pub mod aggregate;
pub mod catalogue;
pub mod check;
pub mod closing;
pub mod criteria;
pub mod define_programme;
pub mod definition;
pub mod error;
pub mod event;
pub mod referral;

pub use aggregate::{ProgrammeCommand, ProgrammeHistory};
pub use catalogue::Programmes;
pub use check::{Contradiction, ContradictionKind, contradictions};
pub use closing::{ClosureMisfit, Followed};
pub use criteria::{CriteriaVersion, Eligibility};
pub use define_programme::{DefineProgramme, ProgrammeDefined};
pub use definition::Programme;
pub use error::ProgrammeError;
pub use event::ProgrammeEvent;
pub use referral::{ReferralMisfit, check_referral};

//! A link between two cases: of a perpetrator and of a victim-survivor, or of a family.
//!
//! Each pair of cases has a stream of its own, and nothing of the link is written in either case. What
//! passes over it, and to whom, is for [`passing`] to say, by the programme's sharing rules; it
//! becomes an event of the case that is told. How it was decided: ADR 0031.
//!
//! Deliberately absent: corrections. Whoever linked two cases in error ends the link.

pub mod aggregate;
pub mod error;
pub mod event;
pub mod passing;

pub use aggregate::{
    CaseLink, CaseLinkCommand, CaseLinkEnded, CaseLinkIntent, CasesLinked, EndCaseLink, LinkCases,
    Linking, Pair,
};
pub use error::CaseLinkError;
pub use event::CaseLinkEvent;

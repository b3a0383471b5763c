//! Making a projection's rows again while readers are answered from those there are.
//!
//! A rebuild is asked for ([`request_rebuild`]), taken up by some process's [`Rebuilder`], walked
//! from phase to phase, and taken up again by another when that process dies. Its steps, and what a
//! kill at each of them leaves, are in `ops/adr/0020-rebuild-while-live.md`.

mod build_key;
mod builds;
mod catch_up;
mod drops;
mod error;
mod finish;
mod fold;
mod halt;
pub(crate) mod lease;
mod leftovers;
mod pace;
mod parking;
mod phase;
mod plan;
mod rebuilder;
mod record;
mod request;
mod sessions;
mod settings;
mod slices;
mod switch;

pub use builds::{BuildStatus, builds};
pub use drops::{delete_dropped, drop_build};
pub use error::{RebuildError, SwitchError};
pub use phase::Phase;
pub use rebuilder::Rebuilder;
pub use record::{REBUILDS_MAX, Rebuild, find_rebuild, rebuilds};
pub use request::{cancel_rebuild, request_rebuild};
pub use settings::RebuildSettings;
pub use switch::{Switched, rollback};

pub(crate) use build_key::BuildKey;
pub(crate) use halt::Halt;
pub(crate) use pace::Pace;
pub(crate) use phase::UNDER_WAY as REBUILD_UNDER_WAY;
pub(crate) use rebuilder::{Inner, class, took_too_long};

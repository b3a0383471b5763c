//! The unit of work: one projection of one tenant.

use throughline_log::TenantNo;
use throughline_projections::Projection;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Shard {
    pub(crate) tenant: TenantNo,
    pub(crate) projection: Projection,
}

//! The unit of work: one build of one projection of one tenant.
//!
//! A projection that looks across cases finds all of a tenant's in one shard.

use throughline_log::TenantNo;
use throughline_projections::{Place, Projection};
use tokio_postgres::types::{ToSql, Type};

/// A build that is followed: of the version that this program runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Shard {
    pub(crate) tenant: TenantNo,
    pub(crate) projection: Projection,
    pub(crate) build: i32,
}

impl Shard {
    /// Where its rows are.
    pub(crate) fn place(self) -> Place {
        Place { tenant_no: self.tenant.0, build: self.build }
    }

    pub(crate) fn key(self) -> Key {
        let (projection, version) = (self.projection.name(), self.projection.version());
        Key { tenant_no: self.tenant.0, projection, version, build: self.build }
    }
}

/// A value of a statement, with its type.
pub(crate) type Parameter<'a> = (&'a (dyn ToSql + Sync), Type);

/// A shard's columns, as statements take them: `$1` to `$4`.
#[derive(Debug)]
pub(crate) struct Key {
    tenant_no: i32,
    projection: &'static str,
    version: i32,
    build: i32,
}

impl Key {
    /// The shard's columns, and more behind them.
    pub(crate) fn with<'a>(&'a self, more: &[Parameter<'a>]) -> Vec<Parameter<'a>> {
        let mut parameters: Vec<Parameter<'a>> = vec![
            (&self.tenant_no, Type::INT4),
            (&self.projection, Type::TEXT),
            (&self.version, Type::INT4),
            (&self.build, Type::INT4),
        ];
        parameters.extend_from_slice(more);
        parameters
    }
}

/// The columns of some shards, as statements take them: one array each.
#[derive(Debug, Default)]
pub(crate) struct ShardColumns {
    pub(crate) tenants: Vec<i32>,
    pub(crate) projections: Vec<&'static str>,
    pub(crate) versions: Vec<i32>,
    pub(crate) builds: Vec<i32>,
}

impl Extend<Shard> for ShardColumns {
    fn extend<T: IntoIterator<Item = Shard>>(&mut self, shards: T) {
        for shard in shards {
            self.tenants.push(shard.tenant.0);
            self.projections.push(shard.projection.name());
            self.versions.push(shard.projection.version());
            self.builds.push(shard.build);
        }
    }
}

/// Every projection that this program runs: names, and their versions.
pub(crate) fn runs() -> (Vec<&'static str>, Vec<i32>) {
    Projection::ALL.into_iter().map(|p| (p.name(), p.version())).unzip()
}

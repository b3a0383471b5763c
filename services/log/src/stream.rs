//! What a stream is about, and its public id.

use std::fmt;

use throughline_domain::ids::{CaseId, PersonId};
use uuid::Uuid;

/// What a stream is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StreamKind {
    /// One case.
    Case,
    /// One person.
    Person,
    /// The tenant itself.
    Tenant,
    /// One programme: the definitions that the tenant loaded.
    Programme,
    /// One worker.
    Worker,
    /// One team.
    Team,
    /// One schedule by which cases are allocated to the arms of a trial.
    AllocationSchedule,
    /// One link between cases.
    CaseLink,
    /// One cohort: its definitions.
    Cohort,
    /// One edition of an evaluation.
    Edition,
}

impl StreamKind {
    /// Every kind.
    pub const ALL: &'static [Self] = &[
        Self::Case,
        Self::Person,
        Self::Tenant,
        Self::Programme,
        Self::Worker,
        Self::Team,
        Self::AllocationSchedule,
        Self::CaseLink,
        Self::Cohort,
        Self::Edition,
    ];

    /// The text stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Case => "case",
            Self::Person => "person",
            Self::Tenant => "tenant",
            Self::Programme => "programme",
            Self::Worker => "worker",
            Self::Team => "team",
            Self::AllocationSchedule => "allocation_schedule",
            Self::CaseLink => "case_link",
            Self::Cohort => "cohort",
            Self::Edition => "edition",
        }
    }

    /// The kind whose stored text this is.
    #[must_use]
    pub fn from_stored(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == text)
    }

    /// Whether the stream has a key of its own for what is sealed in it. That of a case or person
    /// is what erasure destroys; that of a schedule keeps its seed, and stays.
    pub(crate) fn has_key(self) -> bool {
        match self {
            Self::Case | Self::Person | Self::AllocationSchedule => true,
            Self::Tenant
            | Self::Programme
            | Self::Worker
            | Self::Team
            | Self::CaseLink
            | Self::Cohort
            | Self::Edition => false,
        }
    }
}

/// One stream of a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId {
    /// What it is about.
    pub kind: StreamKind,
    /// The random id that callers know.
    pub id: Uuid,
}

impl StreamId {
    /// The tenant's own stream: there is one in each log, so its id need not be random.
    pub const TENANT: Self = Self { kind: StreamKind::Tenant, id: Uuid::nil() };
}

impl StreamId {
    /// The id as telemetry tells it. The id of a link follows from the two cases: whoever knows of
    /// cases could tell by it which are linked.
    pub(crate) fn told(self) -> Option<tracing::field::DisplayValue<Uuid>> {
        (self.kind != StreamKind::CaseLink).then(|| tracing::field::display(self.id))
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind.as_str(), self.id)
    }
}

impl From<CaseId> for StreamId {
    fn from(CaseId(id): CaseId) -> Self {
        let kind = StreamKind::Case;
        Self { kind, id }
    }
}

impl From<PersonId> for StreamId {
    fn from(PersonId(id): PersonId) -> Self {
        let kind = StreamKind::Person;
        Self { kind, id }
    }
}

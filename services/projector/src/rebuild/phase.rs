//! Where a rebuild is.

/// A step of a rebuild. Each is written down before it begins, and can be repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Asked for.
    Queued,
    /// Slices of the log are folded and written.
    Folding,
    /// The tables get their indexes.
    Indexing,
    /// What was recorded since the pin is followed.
    CatchingUp,
    /// The new rows and the live ones are held against the log.
    Comparing,
    /// Readers are answered from the new build.
    Switched,
    /// A dry run is over.
    Compared,
    /// Somebody called it off.
    Cancelled,
    /// It cannot be done; the live build is as it was.
    Failed,
}

impl Phase {
    const ALL: [Self; 9] = [
        Self::Queued,
        Self::Folding,
        Self::Indexing,
        Self::CatchingUp,
        Self::Comparing,
        Self::Switched,
        Self::Compared,
        Self::Cancelled,
        Self::Failed,
    ];

    /// The name by which it is known in the database and outside.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Folding => "folding",
            Self::Indexing => "indexing",
            Self::CatchingUp => "catching_up",
            Self::Comparing => "comparing",
            Self::Switched => "switched",
            Self::Compared => "compared",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
        }
    }

    /// The phase with this name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|phase| phase.as_str() == name)
    }

    /// Whether nothing more will happen.
    #[must_use]
    pub fn is_over(self) -> bool {
        matches!(self, Self::Switched | Self::Compared | Self::Cancelled | Self::Failed)
    }
}

/// The phases that are not over, for SQL. The index that allows one at a time has the same.
pub(crate) const UNDER_WAY: &str =
    "phase IN ('queued', 'folding', 'indexing', 'catching_up', 'comparing')";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_under_way_is_what_is_not_over() {
        for phase in Phase::ALL {
            assert_eq!(Phase::find(phase.as_str()), Some(phase));
            let quoted = format!("'{}'", phase.as_str());
            assert_eq!(UNDER_WAY.contains(&quoted), !phase.is_over(), "{quoted}");
        }
    }
}

//! Pages of a list.

/// One page of a list, and whether there is another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows, in the order of the list.
    pub rows: Vec<T>,
    /// Whether more follow the last of them.
    pub more: bool,
}

impl<T> Page<T> {
    /// A page of at most `limit` rows, of a query that asked for one more.
    pub(crate) fn of(mut rows: Vec<T>, limit: u32) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        Self { rows, more }
    }
}

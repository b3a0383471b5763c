//! Why a read model cannot be read.

use throughline_evaluation::TableError;

/// Why a read model gives no answer.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The database does not answer, or refuses.
    #[error("the read model cannot be queried")]
    Database(#[from] tokio_postgres::Error),
    /// A stored row does not have the form that this program writes.
    #[error("{table}.{column} holds a value that cannot be read")]
    Unreadable {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
    },
    /// The measure has more distinct values than a matrix can show.
    #[error("the measure has more than {levels_max} levels")]
    TooManyLevels {
        /// The most that are shown.
        levels_max: usize,
    },
    /// The question is about more cases or requests than are counted at once.
    #[error("the question is about more than {counted_max} at once")]
    TooMany {
        /// The most that are counted.
        counted_max: usize,
    },
    /// The question is about more workers or cases than are counted at once.
    #[error("the question is about more than {counted_max} at once")]
    TooWide {
        /// The parameter that would make it narrower.
        parameter: &'static str,
        /// The most that are counted.
        counted_max: usize,
    },
    /// The case has more facts than its periods can be laid out from.
    #[error("the case has more than {facts_max} facts")]
    TooManyFacts {
        /// The most that are read.
        facts_max: usize,
    },
}

impl From<TableError> for ReadError {
    fn from(error: TableError) -> Self {
        match error {
            TableError::TooManyLevels { levels_max } => Self::TooManyLevels { levels_max },
        }
    }
}

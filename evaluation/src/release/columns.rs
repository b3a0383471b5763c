//! The codebook: what a column holds, in words.

use throughline_domain::code_lists::CodeList;

/// The type of a column's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text, or a code.
    Text,
    /// A whole number.
    Whole,
    /// `true` or `false`.
    Boolean,
    /// A day.
    Date,
    /// A month.
    Month,
}

impl Kind {
    /// Its name in a Table Schema.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "string",
            Self::Whole => "integer",
            Self::Boolean => "boolean",
            Self::Date => "date",
            Self::Month => "yearmonth",
        }
    }
}

/// A column.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// What it means, in which unit, and what an empty cell means.
    pub meaning: String,
    /// The type of its values.
    pub kind: Kind,
    /// Every code that it can have; none where the list is a programme's own.
    pub codes: Vec<&'static str>,
    /// Whether no cell is empty.
    pub required: bool,
}

impl Column {
    /// A column that may be empty.
    #[must_use]
    pub fn new(name: &'static str, kind: Kind, meaning: impl Into<String>) -> Self {
        Self { name, meaning: meaning.into(), kind, codes: Vec::new(), required: false }
    }

    /// The same, never empty.
    #[must_use]
    pub fn required(self) -> Self {
        Self { required: true, ..self }
    }

    /// The same, with the codes of a list.
    #[must_use]
    pub fn of<T: CodeList>(self) -> Self {
        self.with(T::ALL.iter().map(|code| code.as_str()))
    }

    /// The same, with these codes.
    #[must_use]
    pub fn with(self, codes: impl IntoIterator<Item = &'static str>) -> Self {
        Self { codes: codes.into_iter().collect(), ..self }
    }

    /// The codes with their words, in one sentence; `None` where there are none.
    #[must_use]
    pub fn codes_in_words(&self) -> Option<String> {
        let told = self.codes.iter().map(|code| format!("{code} ({})", code.replace('_', " ")));
        (!self.codes.is_empty()).then(|| told.collect::<Vec<_>>().join(", "))
    }
}

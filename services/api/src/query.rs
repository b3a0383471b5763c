//! Query parameters: known names only, each once. A misspelt date must not turn a question about
//! the past into one about the present.

use actix_web::HttpRequest;
use actix_web::web;
use jiff::Timestamp;
use throughline_domain::case::CaseStatus;
use throughline_domain::code::Code;
use throughline_domain::code_lists::CodeList;
use throughline_domain::programme::Programmes;
use throughline_domain::time::to_microseconds;
use throughline_domain::two_clocks::Reading;

use crate::problem::{self, FieldError, Problem};

/// The parameters of one request.
#[derive(Debug)]
pub struct Query {
    pairs: Vec<(&'static str, String)>,
}

impl Query {
    /// Reads the query of a request that knows the parameters `known`.
    ///
    /// # Errors
    /// [`problem::UNREADABLE`] or [`problem::INVALID`], for a name that is unknown or comes twice.
    pub fn read(request: &HttpRequest, known: &[&'static str]) -> Result<Self, Problem> {
        // A `+` of a time zone that was not escaped reads as a space; no value here has spaces.
        let sent = web::Query::<Vec<(String, String)>>::from_query(request.query_string())
            .map_err(|_| Problem::new(problem::UNREADABLE))?
            .into_inner();
        let mut pairs: Vec<(&'static str, String)> = Vec::with_capacity(sent.len());
        for (name, value) in sent {
            let Some(name) = known.iter().find(|known| **known == name) else {
                let detail = format!("a parameter is not known here; known: {}", known.join(", "));
                let error = FieldError { pointer: None, parameter: None, detail };
                return Err(Problem::new(problem::INVALID).with(error));
            };
            if pairs.iter().any(|(taken, _)| taken == name) {
                return Err(invalid(name, "is given twice"));
            }
            pairs.push((name, value.replace(' ', "+")));
        }
        Ok(Self { pairs })
    }

    /// A parameter's text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }

    /// A parameter that must be given.
    ///
    /// # Errors
    /// [`problem::INVALID`] when it is not.
    pub fn required(&self, name: &'static str) -> Result<&str, Problem> {
        self.text(name).ok_or_else(|| invalid(name, "is required"))
    }

    /// A code.
    ///
    /// # Errors
    /// [`problem::INVALID`] when the text is none.
    pub fn code(&self, name: &'static str) -> Result<Option<Code>, Problem> {
        let parse = |text: &str| text.parse().map_err(|_| invalid(name, "is not a code"));
        self.text(name).map(parse).transpose()
    }

    /// A code of a closed list.
    ///
    /// # Errors
    /// [`problem::INVALID`] when the list has no such code.
    pub fn listed<L: CodeList>(&self, name: &'static str) -> Result<Option<L>, Problem> {
        let find = |text| {
            L::from_code(text).ok_or_else(|| invalid(name, format!("is not in {}", L::LIST)))
        };
        self.text(name).map(find).transpose()
    }

    /// Where a case stands.
    ///
    /// # Errors
    /// [`problem::INVALID`] when there is no such status.
    pub fn status(&self) -> Result<Option<CaseStatus>, Problem> {
        let find = |text| CaseStatus::find(text).ok_or_else(|| invalid("status", "is no status"));
        self.text("status").map(find).transpose()
    }

    /// The programme asked about.
    ///
    /// # Errors
    /// [`problem::INVALID`] when nobody runs it.
    pub fn programme(&self, known: &Programmes) -> Result<Option<&str>, Problem> {
        match self.text("programme") {
            Some(name) if known.newest(name).is_none() => {
                Err(invalid("programme", "is not a programme"))
            }
            name => Ok(name),
        }
    }

    /// The time asked about: from `from` on, and before `to`.
    ///
    /// # Errors
    /// [`problem::INVALID`] when it ends before it begins.
    pub fn window(&self) -> Result<(Option<Timestamp>, Option<Timestamp>), Problem> {
        let (from, to) = (self.timestamp("from")?, self.timestamp("to")?);
        if from.zip(to).is_some_and(|(from, to)| to < from) {
            return Err(invalid("to", "lies before from"));
        }
        Ok((from, to))
    }

    /// A time, in whole microseconds.
    ///
    /// # Errors
    /// [`problem::INVALID`] when the text is no RFC 3339 time.
    pub fn timestamp(&self, name: &'static str) -> Result<Option<Timestamp>, Problem> {
        let parse = |text: &str| {
            text.parse::<Timestamp>()
                .map(to_microseconds)
                .map_err(|_| invalid(name, "is not an RFC 3339 time such as 2014-05-31T00:00:00Z"))
        };
        self.text(name).map(parse).transpose()
    }

    /// How corrections are read.
    ///
    /// # Errors
    /// [`problem::INVALID`] for another reading than `effective` and `recorded`.
    pub fn reading(&self) -> Result<Reading, Problem> {
        match self.text("reading") {
            None => Ok(Reading::default()),
            Some(text) => [Reading::Effective, Reading::Recorded]
                .into_iter()
                .find(|reading| reading.as_str() == text)
                .ok_or_else(|| invalid("reading", "is effective or recorded")),
        }
    }

    /// Rows in a page.
    ///
    /// # Errors
    /// [`problem::INVALID`] for anything but 1 to `most`.
    pub fn limit(&self, default: usize, most: usize) -> Result<usize, Problem> {
        match self.text("limit").map(str::parse::<usize>) {
            None => Ok(default),
            Some(Ok(limit)) if (1..=most).contains(&limit) => Ok(limit),
            Some(_) => Err(invalid("limit", format!("is a number from 1 to {most}"))),
        }
    }
}

/// A parameter that cannot be right.
#[must_use]
pub fn invalid(name: &'static str, detail: impl Into<String>) -> Problem {
    Problem::new(problem::INVALID).with(FieldError::parameter(name, detail))
}

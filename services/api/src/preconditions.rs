//! `If-Match`: the version of the case that a step was decided on.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::{ETAG, HeaderName, HeaderValue, IF_MATCH};
use actix_web::{FromRequest, HttpRequest};
use throughline_domain::ids::Version;

use crate::problem::{self, FieldError, Problem};

/// What `If-Match` asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IfMatch {
    /// There is no such header.
    Absent,
    /// `*`: any version, as long as the case exists.
    Any,
    /// One of these versions.
    Versions(Vec<Version>),
}

impl IfMatch {
    /// The version to insist on, for a step that must name one.
    ///
    /// # Errors
    /// [`problem::PRECONDITION_REQUIRED`] when the header is absent.
    pub fn required(&self, current: Version) -> Result<Option<Version>, Problem> {
        match self {
            Self::Absent => Err(Problem::new(problem::PRECONDITION_REQUIRED)),
            Self::Any | Self::Versions(_) => self.optional(current),
        }
    }

    /// The version to insist on, if the caller named one.
    ///
    /// # Errors
    /// [`problem::STALE_VERSION`] when none of the versions is the present one.
    pub fn optional(&self, current: Version) -> Result<Option<Version>, Problem> {
        match self {
            Self::Absent | Self::Any => Ok(None),
            Self::Versions(versions) if versions.contains(&current) => Ok(Some(current)),
            Self::Versions(_) => Err(Problem::new(problem::STALE_VERSION)),
        }
    }
}

impl FromRequest for IfMatch {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let text: Result<Vec<&str>, _> =
            request.headers().get_all(IF_MATCH).map(HeaderValue::to_str).collect();
        ready(match text {
            Ok(values) if values.is_empty() => Ok(Self::Absent),
            Ok(values) => parse(&values.join(",")).ok_or_else(unreadable),
            Err(_) => Err(unreadable()),
        })
    }
}

fn unreadable() -> Problem {
    let form = "is `*`, or versions in double quotes with commas between them, such as \"3\"";
    Problem::new(problem::UNREADABLE).with(FieldError::parameter("If-Match", form))
}

/// Reads a list of entity tags. A tag that is not one of ours is kept as a version that no case
/// has: it cannot match, which is the truth.
fn parse(text: &str) -> Option<IfMatch> {
    if text.trim() == "*" {
        return Some(IfMatch::Any);
    }
    let tags = text.split(',').map(str::trim).filter(|tag| !tag.is_empty());
    let versions = tags
        .map(|tag| {
            let strong = tag.strip_prefix("W/").is_none();
            let opaque = tag.trim_start_matches("W/").strip_prefix('"')?.strip_suffix('"')?;
            let version = opaque.parse().ok().filter(|version| strong && *version > 0);
            Some(Version(version.unwrap_or(-1)))
        })
        .collect::<Option<Vec<_>>>()?;
    (!versions.is_empty()).then_some(IfMatch::Versions(versions))
}

/// The `ETag` of a version.
#[must_use]
pub fn etag(version: Version) -> (HeaderName, String) {
    (ETAG, format!("\"{version}\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_tags_is_read() {
        assert_eq!(parse("\"3\""), Some(IfMatch::Versions(vec![Version(3)])));
        assert_eq!(parse("\"3\", \"4\""), Some(IfMatch::Versions(vec![Version(3), Version(4)])));
        assert_eq!(parse("*"), Some(IfMatch::Any));
        assert_eq!(parse("3"), None);
        assert_eq!(parse(""), None);
    }

    #[test]
    fn a_weak_or_foreign_tag_matches_nothing() {
        for tag in ["W/\"3\"", "\"abc\""] {
            let stale = parse(tag).unwrap().optional(Version(3)).unwrap_err();
            assert_eq!(stale.kind(), problem::STALE_VERSION, "{tag}");
        }
    }

    #[test]
    fn a_step_without_the_header_is_refused() {
        let missing = IfMatch::Absent.required(Version(3)).unwrap_err();
        assert_eq!(missing.kind(), problem::PRECONDITION_REQUIRED);
        assert_eq!(IfMatch::Absent.optional(Version(3)), Ok(None));
    }
}

//! Keyset pages: where the next one is.

use actix_web::HttpRequest;
use actix_web::http::header::{HeaderName, LINK};

/// The `Link` header of the next page: the same question with its cursor. Parameters are repeated
/// only as far as the service knows them, so nothing else that was sent comes back.
#[must_use]
pub fn next_link(request: &HttpRequest, cursor: &str) -> (HeaderName, String) {
    let kept: Vec<&str> = request
        .query_string()
        .split('&')
        .filter(|pair| !pair.is_empty() && !pair.starts_with("cursor="))
        .collect();
    let separator = if kept.is_empty() { "" } else { "&" };
    let target = format!("{}?{}{separator}cursor={cursor}", request.path(), kept.join("&"));
    (LINK, format!("<{target}>; rel=\"next\""))
}

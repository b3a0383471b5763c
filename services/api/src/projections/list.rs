//! Lists for operators, page by page.

use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use serde::Serialize;
use serde::de::DeserializeOwned;
use throughline_projector::Page;

use crate::app::App;
use crate::caller::Caller;
use crate::page;
use crate::problem::Problem;
use crate::query::Query;

/// What is asked of a list. `K` is the place of a row in it.
pub(super) struct List<'a, K> {
    request: &'a HttpRequest,
    app: &'a App,
    topic: String,
    /// The row that the page before ended with.
    pub(super) after: Option<K>,
    /// How many rows are asked for.
    pub(super) limit: u32,
}

impl<'a, K: Serialize + DeserializeOwned> List<'a, K> {
    /// Reads the question; `name` tells the list from others of the tenant.
    pub(super) fn asked(
        request: &'a HttpRequest,
        app: &'a App,
        caller: &Caller,
        name: &str,
    ) -> Result<Self, Problem> {
        let settings = &app.settings;
        let query = Query::read(request, &["limit", "cursor"])?;
        let topic = format!("{name} {}", caller.tenant.tenant_no.0);
        let after = query.text("cursor").map(|cursor| app.cursors.open(&topic, cursor));
        let after = after.transpose()?;
        let limit = query.limit(settings.page_rows_default, settings.page_rows_max)?;
        Ok(Self { request, app, topic, after, limit: u32::try_from(limit).unwrap_or(u32::MAX) })
    }

    /// The answer of a page, which begins with where the next one is, and that cursor.
    pub(super) fn answer<T>(
        &self,
        page: &Page<T>,
        place: impl FnOnce(&T) -> K,
    ) -> Result<(HttpResponseBuilder, Option<String>), Problem> {
        let last = page.rows.last().filter(|_| page.more).map(place);
        let next = last.map(|place| self.app.cursors.seal(&self.topic, &place)).transpose()?;
        let mut response = HttpResponse::Ok();
        if let Some(cursor) = &next {
            response.insert_header(page::next_link(self.request, cursor));
        }
        Ok((response, next))
    }
}

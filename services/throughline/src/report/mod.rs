//! An edition as one page to read and to print: its tables and pictures, with nothing fetched from
//! anywhere.
//!
//! Every number on it is a figure of the edition. The pictures show what the tables beside them say,
//! and are left out where a table has nothing to show.

mod bars;
mod funnel;
mod rates;
mod risk_levels;
mod tables;
#[cfg(test)]
mod tests;
mod transitions;
mod waiting;

use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde_json::Value;
use throughline_domain::edition::{Edition, EditionPublished};

/// What the page looks like, on a screen and on paper.
const STYLE: &str = include_str!("style.css");

/// The page.
pub(crate) fn page(published: &EditionPublished) -> String {
    let EditionPublished { edition, results } = published;
    let none = Vec::new();
    let sections = results["tables"].as_array().unwrap_or(&none);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                // Nothing is fetched or run, even if a text should say so.
                meta http-equiv="Content-Security-Policy"
                    content="default-src 'none'; style-src 'unsafe-inline'";
                title { (edition.title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                h1 { (edition.title) }
                (stands_on(edition))
                section {
                    h2 { "Who is counted" }
                    (tables::answer("", &results["counts"]))
                }
                @for section in sections {
                    (one(&section["question"], &section["answer"]))
                }
            }
        }
    };
    page.into_string()
}

/// What the figures rest on: enough to compute them again.
fn stands_on(edition: &Edition) -> Markup {
    let Edition { id, cohort, as_of, known_at, reading, position, log_hash, .. } = edition;
    html! {
        dl class="stands-on" {
            dt { "Edition" } dd { code { (id) } }
            dt { "Cohort" } dd { (cohort.title) " (" code { (cohort.id) "@" (cohort.version) } ")" }
            dt { "What had happened by" } dd { (as_of) }
            dt { "As it was known at" } dd { (known_at) }
            dt { "Corrections" } dd { (reading.as_str()) }
            dt { "Read up to position" } dd { (position) }
            dt { "Hash of the log there" } dd { code { (log_hash) } }
            dt { "Hash of the results" } dd { code { (edition.result_hash) } }
            dt { "Program" } dd { (edition.versions.program) }
            @if edition.stale_cases > 0 {
                dt { "Cases that could not be read to the end" } dd { (edition.stale_cases) }
            }
        }
    }
}

/// One question with its picture, if it has one, and its table.
fn one(question: &Value, answer: &Value) -> Markup {
    let table = question["table"].as_str().unwrap_or_default();
    let picture = match table {
        "attrition" => funnel::funnel(answer),
        "outcome" => transitions::transitions(answer),
        "risk_over_time" => risk_levels::risk_levels(answer),
        "incidents" => rates::rates(question, answer),
        "waiting" => waiting::waiting(answer),
        _ => None,
    };
    html! {
        section {
            h2 { (tables::heading(table)) }
            (asked(question))
            @if let Some(picture) = picture { (picture) }
            (tables::answer(table, answer))
        }
    }
}

/// What was asked beside the name of the table.
fn asked(question: &Value) -> Markup {
    let members = question.as_object().into_iter().flatten().filter(|(name, _)| *name != "table");
    html! {
        p class="asked" {
            @for (name, value) in members {
                span { (tables::words(name)) ": " b { (tables::scalar(value)) } } " "
            }
        }
    }
}

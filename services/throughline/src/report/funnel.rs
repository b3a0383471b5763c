//! How far the cases came, step by step: a bar for each step.

use maud::{Markup, html};
use serde_json::Value;

use super::bars::{WIDTH, at, number, part};

/// The steps in the order of the work, which an answer does not keep.
const STEPS: [&str; 6] = ["referred", "accepted", "allocated", "attempted", "reached", "closed"];
const ROW: f64 = 28.0;
const LABEL: f64 = 110.0;
const COUNT: f64 = 120.0;

/// The picture; `None` where nobody was referred.
pub(super) fn funnel(answer: &Value) -> Option<Markup> {
    let steps = &answer["steps"];
    let all = number(&steps["referred"]["cases"]);
    if all == 0.0 {
        return None;
    }
    let height = ROW * 6.0;
    let rows = (0_u8..).zip(STEPS).map(|(row, step)| {
        let (cases, top) = (number(&steps[step]["cases"]), f64::from(row) * ROW);
        let percent = number(&steps[step]["percent"]);
        let long = part(cases, all, WIDTH - LABEL - COUNT);
        html! {
            text x="0" y=(at(top + 18.0)) { (step) }
            rect class="bar" x=(at(LABEL)) y=(at(top + 4.0)) width=(at(long)) height="20" {}
            text x=(at(LABEL + long + 6.0)) y=(at(top + 18.0)) {
                (cases) " (" (format!("{percent:.0}")) "%)"
            }
        }
    });
    Some(html! {
        figure {
            svg viewBox=(format!("0 0 {WIDTH} {height}")) role="img"
                aria-label="Cases by the step that they came to" { @for row in rows { (row) } }
            figcaption { "Cases by the step that they came to, and their share of those referred." }
        }
    })
}

//! How a measure went between two stages: the levels at either side, and a band for each move.

use maud::{Markup, html};
use serde_json::Value;

use super::bars::{WIDTH, at, number, part};

const HEIGHT: f64 = 300.0;
const GAP: f64 = 14.0;
const NODE: f64 = 16.0;
const LABEL: f64 = 130.0;

/// The picture; `None` where there are no pairs.
pub(super) fn transitions(answer: &Value) -> Option<Markup> {
    let levels: Vec<&str> = answer["levels"].as_array()?.iter().filter_map(Value::as_str).collect();
    let matrix: Vec<Vec<f64>> = answer["matrix"]
        .as_array()?
        .iter()
        .map(|row| row.as_array().into_iter().flatten().map(number).collect())
        .collect();
    let pairs: f64 = matrix.iter().flatten().sum();
    if pairs == 0.0 || matrix.iter().any(|row| row.len() != levels.len()) {
        return None;
    }
    let from: Vec<f64> = matrix.iter().map(|row| row.iter().sum()).collect();
    let to: Vec<f64> =
        (0..levels.len()).map(|level| matrix.iter().map(|row| row[level]).sum()).collect();
    let gaps = GAP * f64::from(u32::try_from(levels.len()).unwrap_or(u32::MAX) - 1);
    let scale = |count: f64| part(count, pairs, HEIGHT - gaps);
    let (left, right) = (LABEL, WIDTH - LABEL - NODE);
    let (tops_from, tops_to) = (tops(&from, scale), tops(&to, scale));
    Some(html! {
        figure {
            svg viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img"
                aria-label="Moves between the levels of two stages" {
                (bands(&matrix, scale, &tops_from, &tops_to))
                (side(&levels, &from, &tops_from, scale, left, 0.0))
                (side(&levels, &to, &tops_to, scale, right, right + NODE + 6.0))
            }
            figcaption {
                "From the level at the first stage, left, to that at the second, right. "
                "Levels are in their order; a band upwards and a band downwards differ in colour."
            }
        }
    })
}

/// Where each level begins, from the top.
fn tops(counts: &[f64], scale: impl Fn(f64) -> f64) -> Vec<f64> {
    let mut top = 0.0;
    counts
        .iter()
        .map(|count| {
            let at = top;
            top += scale(*count) + GAP;
            at
        })
        .collect()
}

fn side(
    levels: &[&str],
    counts: &[f64],
    tops: &[f64],
    scale: impl Fn(f64) -> f64,
    left: f64,
    label: f64,
) -> Markup {
    html! {
        @for ((level, count), top) in levels.iter().zip(counts).zip(tops) {
            rect class="bar" x=(at(left)) y=(at(*top)) width=(at(NODE))
                height=(at(scale(*count).max(0.5))) {}
            text x=(at(label)) y=(at(top + scale(*count) / 2.0 + 4.0)) { (level) " " (count) }
        }
    }
}

fn bands(
    matrix: &[Vec<f64>],
    scale: impl Fn(f64) -> f64,
    tops_from: &[f64],
    tops_to: &[f64],
) -> Markup {
    let (begin, end) = (LABEL + NODE, WIDTH - LABEL - NODE);
    let middle = f64::midpoint(begin, end);
    let mut arrived = tops_to.to_vec();
    let mut drawn = Vec::new();
    for (from, row) in matrix.iter().enumerate() {
        let mut top = tops_from[from];
        for (to, count) in row.iter().enumerate().filter(|(_, count)| **count > 0.0) {
            let (thick, low) = (scale(*count), arrived[to]);
            let path = format!(
                "M{begin:.1} {top:.1}C{middle:.1} {top:.1} {middle:.1} {low:.1} {end:.1} {low:.1}\
                 V{:.1}C{middle:.1} {:.1} {middle:.1} {:.1} {begin:.1} {:.1}Z",
                low + thick,
                low + thick,
                top + thick,
                top + thick,
            );
            let class = match to.cmp(&from) {
                std::cmp::Ordering::Less => "better",
                std::cmp::Ordering::Equal => "band",
                std::cmp::Ordering::Greater => "worse",
            };
            drawn.push((class, path));
            top += thick;
            arrived[to] += thick;
        }
    }
    html! { @for (class, path) in drawn { path class=(class) d=(path) {} } }
}

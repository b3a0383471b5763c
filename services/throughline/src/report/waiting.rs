//! How long people waited: for each wait, the share of cases that still wait as the days go by
//! (Kaplan-Meier), a line for each group.

use maud::{Markup, html};
use serde_json::Value;

use super::bars::{WIDTH, at, number, part};
use super::tables::words;

const WAITS: [(&str, &str); 3] = [
    ("referral_to_decision", "From referral to the decision"),
    ("referral_to_attempt", "From referral to the first attempt"),
    ("referral_to_reach", "From referral to the first reach"),
];
const HEIGHT: f64 = 160.0;
const FOOT: f64 = 44.0;
/// Lines that can be told apart.
const LINES_MAX: usize = 4;

/// The pictures; `None` where nobody waited.
pub(super) fn waiting(answer: &Value) -> Option<Markup> {
    let groups = answer["groups"].as_object();
    let groups: Vec<(String, &Value)> =
        match groups.filter(|groups| (2..=LINES_MAX).contains(&groups.len())) {
            Some(groups) => groups.iter().map(|(name, one)| (words(name), one)).collect(),
            None => vec![("all".to_owned(), &answer["total"])],
        };
    let pictures: Vec<Markup> =
        WAITS.iter().filter_map(|(name, caption)| curves(&groups, name, caption)).collect();
    (!pictures.is_empty()).then(|| html! { @for picture in pictures { (picture) } })
}

fn curves(groups: &[(String, &Value)], wait: &str, caption: &str) -> Option<Markup> {
    let steps = |group: &Value| -> Vec<(f64, f64)> {
        let steps = group[wait]["curve"]["steps"].as_array().into_iter().flatten();
        steps.map(|step| (number(&step["time"]), number(&step["survival"]))).collect()
    };
    let lines: Vec<(&str, Vec<(f64, f64)>)> =
        groups.iter().map(|(name, group)| (name.as_str(), steps(group))).collect();
    let days = lines.iter().flat_map(|(_, steps)| steps).map(|(day, _)| *day).fold(0.0, f64::max);
    if days == 0.0 {
        return None;
    }
    let y = |share: f64| at(HEIGHT * (1.0 - share));
    let x = |day: f64| at(part(day, days, WIDTH));
    let drawn = (0_u8..).zip(&lines).map(|(n, (name, steps))| {
        let mut points = vec![format!("0,{}", y(1.0))];
        let mut share = 1.0;
        for (day, after) in steps {
            points.push(format!("{},{} {},{}", x(*day), y(share), x(*day), y(*after)));
            share = *after;
        }
        let points = points.join(" ");
        let left = f64::from(n) * 170.0;
        html! {
            polyline class=(format!("curve curve-{n}")) points=(points) {}
            line class=(format!("curve curve-{n}")) x1=(at(left)) x2=(at(left + 24.0))
                y1=(at(HEIGHT + 34.0)) y2=(at(HEIGHT + 34.0)) {}
            text x=(at(left + 30.0)) y=(at(HEIGHT + 38.0)) { (name) }
        }
    });
    Some(html! {
        figure {
            svg viewBox=(format!("0 0 {WIDTH} {}", HEIGHT + FOOT)) role="img" aria-label=(caption) {
                @for share in [0.0, 0.5, 1.0] {
                    line class="axis" x1="0" x2=(at(WIDTH)) y1=(y(share)) y2=(y(share)) {}
                    text x="2" y=(at((HEIGHT * (1.0 - share) - 4.0).max(12.0))) {
                        (format!("{:.0}%", share * 100.0))
                    }
                }
                @for line in drawn { (line) }
                text x="0" y=(at(HEIGHT + 16.0)) { "0" }
                text x=(at(WIDTH)) y=(at(HEIGHT + 16.0)) text-anchor="end" { (format!("{days} days")) }
            }
            figcaption { (caption) ": the share of cases that still wait, by days (Kaplan-Meier)." }
        }
    })
}

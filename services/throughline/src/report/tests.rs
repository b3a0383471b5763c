//! A page of every picture, and of what is hostile.

use serde_json::json;
use throughline_domain::edition::EditionPublished;

use super::page;

fn published(title: &str, tables: &serde_json::Value) -> EditionPublished {
    let cohort = json!({"id": "all", "version": 1, "title": "All", "programme": "drive"});
    let edition = json!({
        "id": "year-1", "title": title, "cohort": cohort, "questions": [],
        "as_of": "2018-01-01T00:00:00Z", "known_at": "2018-02-01T00:00:00Z",
        "reading": "effective", "position": 7, "log_hash": "aa", "result_hash": "bb",
        "versions": {
            "program": "0.1.0", "rules": [], "instruments": [], "programme": [1], "code_lists": "",
        },
    });
    let results = json!({"counts": {"cases": 34, "left_out": {"status": 3}}, "tables": tables});
    serde_json::from_value(json!({"edition": edition, "results": results})).unwrap()
}

fn every_picture() -> serde_json::Value {
    let share = |cases: u64| json!({"cases": cases, "percent": 50.0});
    let rate = |rate: f64| json!({"incidents": 3, "person_years": 1.5, "rate": rate});
    json!([
        {"question": {"table": "attrition"}, "answer": {"steps": {
            "referred": share(34), "accepted": share(17), "allocated": share(17),
            "attempted": share(16), "reached": share(9), "closed": share(0),
        }, "closure_reasons": {"goals_met": 2}}},
        {"question": {"table": "outcome", "measure": "physical", "from": "intake", "to": "exit"},
         "answer": {"levels": ["none", "high"], "matrix": [[6, 1], [6, 16]], "pairs": 29,
            "mcnemar_exact_p": 0.125, "changes": [{"level": "none", "from": 7, "to": 12}]}},
        {"question": {"table": "risk_over_time", "months": 1}, "answer": {"cases": 2, "months": [
            {"observed": 2, "not_assessed": 1, "levels": {"standard": 0, "medium": 0, "high": 1}},
            {"observed": 1, "not_assessed": 0, "levels": {"standard": 0, "medium": 1, "high": 0}},
        ]}},
        {"question": {"table": "incidents", "months_before": 12, "step_months": 6}, "answer": {
            "total": {"before": rate(2.0), "after": rate(1.0)},
            "series": {"-6": rate(2.5), "0": rate(4.0), "6": rate(0.5)},
        }},
        {"question": {"table": "waiting"}, "answer": {"groups": {}, "total": {"referral_to_reach": {
            "waiting": 1, "curve": {"cases": 2, "median_between": {"lower": 3.0, "upper": null},
            "steps": [{"time": 3.0, "survival": 0.5}]},
        }}}},
    ])
}

#[test]
fn every_figure_is_on_the_page_and_every_picture_that_has_something_to_show() {
    let page = page(&published("Drive, year 1", &every_picture()));
    assert_eq!(page.matches("<svg").count(), 5);
    for said in ["from intake", "goals met", "0.125", ">34 (50%)<", "2018-02-01T00:00:00Z"] {
        let said = said.replace("from intake", "from: <b>intake</b>");
        assert!(page.contains(&said), "{said} is not in {page}");
    }
    // Months from the referral come in their order, not in that of their names.
    let places = [">-6<", ">0<", ">6<"].map(|month| page.rfind(&format!("\"216.0\"{month}")));
    assert!(places.is_sorted() && places[0].is_some(), "{places:?}");
}

#[test]
fn nothing_is_fetched_and_nothing_that_was_entered_is_markup() {
    let page = page(&published("<script>alert(1)</script>", &every_picture()));
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    assert!(!page.contains("<script"));
    for outside in ["http://", "https://", "url(", "@import", "src=", "href="] {
        assert!(!page.contains(outside), "{outside}");
    }
    assert!(page.contains("default-src 'none'"));
}

#[test]
fn a_picture_of_nothing_is_left_out() {
    let tables = json!([
        {"question": {"table": "attrition"}, "answer": {"steps": {}, "closure_reasons": {}}},
        {"question": {"table": "outcome"}, "answer": {"levels": [], "matrix": []}},
        {"question": {"table": "risk_over_time"}, "answer": {"months": []}},
        {"question": {"table": "incidents"}, "answer": {"series": {}, "total": {}}},
        {"question": {"table": "waiting"}, "answer": {"groups": {}, "total": {"cases": 0}}},
        {"question": {"table": "of_a_later_program"}, "answer": {"new": [1, 2]}},
    ]);
    let page = page(&published("Empty", &tables));
    assert_eq!(page.matches("<svg").count(), 0);
    assert!(page.contains("Of a later program") && page.contains("1, 2"));
}

#[test]
fn what_is_too_wide_for_a_page_comes_one_after_the_other_and_an_interval_is_one_cell() {
    let side =
        json!({"between": {"lower": 0.5, "upper": 2.0}, "incidents": 3, "rate": 1.5, "x": 0});
    let kinds =
        json!({"crime": {"before": side, "after": side, "ratio": {"p": 0.25, "estimate": null}}});
    let curve = json!({"steps": (0..25).map(|day| json!({"time": day})).collect::<Vec<_>>()});
    let tables = json!([
        {"question": {"table": "incidents"}, "answer": {"kinds": kinds}},
        {"question": {"table": "agreement"}, "answer": {
            "categories": ["engaged", "none"], "counts": [[7, 1], [2, 9]],
            "matrix": {"engaged": {"engaged": 7}}, "closure_reasons": {},
        }},
        {"question": {"table": "of_a_later_program"}, "answer": {"curve": curve}},
    ]);
    let page = page(&published("Wide", &tables));
    assert!(page.contains("<h4>Crime</h4>") && page.contains("<td>0.5 to 2</td>"), "{page}");
    assert!(page.contains("<th scope=\"row\">none</th><td>2</td><td>9</td>"), "{page}");
    assert!(!page.contains("<h3>Matrix</h3>"));
    assert!(page.contains("closure reasons</th><td>none</td>"));
    assert!(page.contains("<summary>25 rows</summary>") && !page.contains("&quot;"), "{page}");
}

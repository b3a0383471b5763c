//! Who sees risk differently at two dates: what each assessor of a case said last.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::days::bounds;
use super::{Asked, Entry, Posted, cases, facts, known};

const LEVELS: [&str; 3] = ["standard", "medium", "high"];

type Assessor = (String, Option<String>);

/// What one assessor said last, and how often they assessed and were disagreed with.
struct Said {
    row: Value,
    at: Timestamp,
    assessments: usize,
    disagreed: usize,
    compared: bool,
}

/// One case, with its assessors by role and organisation.
struct Seen {
    area: Value,
    status: &'static str,
    said: BTreeMap<Assessor, Said>,
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn seen(log: &[Posted], case: &str, asked: &Asked) -> Option<Seen> {
    let facts = facts(log, case, asked);
    let (mut area, mut status) = (None, "referred");
    let mut episode = None;
    for fact in &facts {
        let spans = || bounds(fact.at, fact.precision);
        match fact.posted.kind {
            "ReferralReceived" => {
                area = Some(fact.data["area"].clone());
                episode = Some((spans().0, Timestamp::MAX, false));
            }
            "CaseReopened" => episode = Some((spans().0, Timestamp::MAX, false)),
            "ReferralDeclined" | "CaseClosed" => {
                if let Some((from, _, false)) = episode {
                    episode = Some((from, spans().1, true));
                }
            }
            _ => {}
        }
        status = match fact.posted.kind {
            "ReferralWaitlisted" => "waiting",
            "ReferralDeclined" => "declined",
            "ReferralAccepted" => "accepted",
            "CaseAllocated" | "CaseReopened" => "open",
            "CaseClosed" => "closed",
            _ => status,
        };
    }
    let (area, (from, until, _)) = (area?, episode?);
    let mut said: BTreeMap<Assessor, Said> = BTreeMap::new();
    for fact in facts.iter().filter(|fact| fact.posted.kind == "RiskAssessed") {
        let (earliest, latest) = bounds(fact.at, fact.precision);
        let role = text(&fact.data["assessor_role"]).unwrap();
        let assessor = (role, text(&fact.data["source_organisation"]));
        let before = said.remove(&assessor);
        let [assessments, disagreed] = before.map_or([0, 0], |b| [b.assessments, b.disagreed]);
        let said_now = Said {
            row: row(fact),
            at: fact.at,
            assessments: assessments + 1,
            disagreed: disagreed + usize::from(fact.data["own_view"] == "disagrees"),
            compared: from <= latest && earliest <= until,
        };
        said.insert(assessor, said_now);
    }
    Some(Seen { area, status, said })
}

fn row(fact: &Entry<'_>) -> Value {
    json!({
        "assessor_role": fact.data["assessor_role"],
        "source_organisation": fact.data.get("source_organisation"),
        "level": fact.data["level"], "assessed_at": fact.at.to_string(),
        "instrument": fact.data["instrument"], "event_id": fact.posted.event_id,
        "own_view": fact.data.get("own_view"), "precision": fact.precision,
    })
}

impl Seen {
    fn compared(&self) -> Vec<&Said> {
        self.said.values().filter(|said| said.compared).collect()
    }

    fn differ(&self) -> bool {
        self.compared().windows(2).any(|two| two[0].row["level"] != two[1].row["level"])
    }

    fn person(&self) -> &'static str {
        let says = |view: &str| self.compared().iter().any(|said| said.row["own_view"] == view);
        let found = ["disagrees", "agrees", "not_asked"].into_iter().find(|view| says(view));
        found.unwrap_or("not_recorded")
    }
}

/// What `GET /v1/cases/{id}/risk-assessments` answers; none for 404.
pub(crate) fn case_assessments(log: &[Posted], case: &str, asked: &Asked) -> Option<Value> {
    let last = *known(log, case, asked).last()?;
    let seen = seen(log, case, asked)?;
    let assessor = |said: &Said| {
        let mut row = said.row.clone();
        row["assessments"] = json!(said.assessments);
        row["disagreed"] = json!(said.disagreed);
        row["compared"] = json!(said.compared);
        row
    };
    let mut answer = json!({
        "case_id": case,
        "assessors": seen.said.values().map(assessor).collect::<Vec<_>>(),
        "assessments": seen.said.values().map(|said| said.assessments).sum::<usize>(),
        "levels_differ": seen.differ(), "person_disagrees": seen.person() == "disagrees",
        "risk": super::case(log, case, asked)?["risk"], "rule": "risk-disagreement/1",
        "version": last.version, "position": last.position,
    });
    answer.as_object_mut().unwrap().extend(asked.echo());
    Some(answer)
}

/// What `GET /v1/risk-disagreement` answers a caseworker about one page.
pub(crate) fn disagreements(log: &[Posted], asked: &Asked) -> Value {
    let cases = cases(log).into_iter();
    let all: Vec<(&str, Seen)> = cases
        .filter_map(|case| Some((case, seen(log, case, asked)?)))
        .filter(|(_, seen)| !seen.compared().is_empty())
        .collect();
    let count = |is: &dyn Fn(&Seen) -> bool| all.iter().filter(|(_, seen)| is(seen)).count();
    let compared = count(&|seen| seen.compared().len() > 1);
    let differ = count(&Seen::differ);
    let is_listed = |seen: &Seen| seen.differ() || seen.person() == "disagrees";
    let mut listed: Vec<(Timestamp, Value)> = all
        .iter()
        .filter(|(_, seen)| is_listed(seen))
        .map(|(case, seen)| {
            let since = seen.compared().iter().map(|said| said.at).max().unwrap();
            (since, listed_case(case, seen, since))
        })
        .collect();
    listed.sort_by_key(|(since, row)| (*since, row["case_id"].to_string()));
    let mut answer = json!({
        "totals": {
            "cases": all.len(), "compared": compared, "agree": compared - differ, "differ": differ,
            "percent_agree": percent(compared - differ, compared),
            "person": {
                "disagrees": count(&|seen| seen.person() == "disagrees"),
                "agrees": count(&|seen| seen.person() == "agrees"),
                "not_asked": count(&|seen| seen.person() == "not_asked"),
                "not_recorded": count(&|seen| seen.person() == "not_recorded"),
            },
            "disagreements": count(&is_listed),
            "pairs": pairs(&all),
        },
        "cases": listed.into_iter().map(|(_, row)| row).collect::<Vec<_>>(),
        "rule": "risk-disagreement/1",
    });
    answer.as_object_mut().unwrap().extend(asked.echo());
    answer
}

fn listed_case(case: &str, seen: &Seen, since: Timestamp) -> Value {
    let view = |said: &&Said| {
        let mut row = said.row.clone();
        row.as_object_mut().unwrap().remove("precision");
        row["assessments"] = json!(said.assessments);
        row
    };
    json!({
        "case_id": case, "programme": "mrp", "role": "victim_survivor", "area": seen.area,
        "status": seen.status, "since": since.to_string(), "levels_differ": seen.differ(),
        "person_disagrees": seen.person() == "disagrees",
        "views": seen.compared().iter().map(view).collect::<Vec<_>>(),
    })
}

fn pairs(all: &[(&str, Seen)]) -> Vec<Value> {
    let mut pairs: BTreeMap<(&Assessor, &Assessor), [[usize; 3]; 3]> = BTreeMap::new();
    for (_, seen) in all {
        let compared = || seen.said.iter().filter(|(_, said)| said.compared);
        for (first, one) in compared() {
            for (second, other) in compared().filter(|(second, _)| *second > first) {
                let place = |said: &Said| {
                    LEVELS.iter().position(|level| said.row["level"] == *level).unwrap()
                };
                pairs.entry((first, second)).or_default()[place(one)][place(other)] += 1;
            }
        }
    }
    let name = |(role, organisation): &Assessor| json!({"assessor_role": role, "source_organisation": organisation});
    let pair = |((first, second), matrix): (&(&Assessor, &Assessor), &[[usize; 3]; 3])| {
        let cases: usize = matrix.iter().flatten().sum();
        let agree: usize = (0..3).map(|level| matrix[level][level]).sum();
        json!({
            "first": name(first), "second": name(second), "cases": cases, "agree": agree,
            "percent_agree": percent(agree, cases), "matrix": matrix,
        })
    };
    pairs.iter().map(pair).collect()
}

#[expect(clippy::cast_precision_loss, reason = "a handful of cases")]
fn percent(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| (part as f64 * 1000.0 / whole as f64).round() / 10.0)
}

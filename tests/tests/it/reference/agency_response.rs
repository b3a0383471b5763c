//! How agencies respond, and what is overdue, at two dates.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::days::{days_between, rounded, spread};
use super::state::State;
use super::{Asked, Posted, cases, facts};

/// One request in view.
struct Request {
    case: String,
    id: String,
    worker: Option<Value>,
    facts: Value,
    at: Timestamp,
    chases: Vec<Timestamp>,
    answered_at: Option<Timestamp>,
}

impl Request {
    fn due_at(&self) -> Option<Timestamp> {
        self.facts.get("due_at")?.as_str()?.parse().ok()
    }

    fn is_overdue(&self, asked: &Asked) -> bool {
        self.answered_at.is_none() && self.due_at().is_some_and(|due| due < asked.as_of)
    }
}

/// What `GET /v1/agency-response` answers, where nobody refuses and nothing is escalated.
pub(crate) fn agency_response(log: &[Posted], asked: &Asked) -> Value {
    let requests = requests(log, asked);
    // In the order of the code list.
    let agencies = ["police", "housing"]
        .into_iter()
        .filter(|agency| requests.iter().any(|request| request.facts["agency"] == *agency));
    let of_agency = |agency: &str| {
        let theirs: Vec<&Request> =
            requests.iter().filter(|request| request.facts["agency"] == agency).collect();
        let mut figures = figures(&theirs, asked);
        figures.insert("agency".to_owned(), json!(agency));
        figures
    };
    let mut answer = json!({
        "programme": null, "from": null, "to": null, "rule": "agency-response/1",
        "agencies": agencies.map(of_agency).collect::<Vec<_>>(),
        "totals": figures(&requests.iter().collect::<Vec<_>>(), asked),
    });
    answer.as_object_mut().unwrap().extend(asked.echo());
    answer
}

/// What `GET /v1/agency-response/overdue` answers, of the programme `mrp` alone.
pub(crate) fn overdue_requests(log: &[Posted], asked: &Asked) -> Value {
    let mut requests = requests(log, asked);
    requests.retain(|request| request.is_overdue(asked));
    requests.sort_by_key(|r| (r.due_at(), r.case.clone(), r.id.clone()));
    let row = |request: &Request| {
        let due_at = request.due_at().unwrap();
        let last_chased_at = request.chases.iter().max().map(Timestamp::to_string);
        let mut row = json!({
            "case_id": request.case, "request_id": request.id, "programme": "mrp",
            "agency": request.facts["agency"], "requested_at": request.at.to_string(),
            "due_at": due_at.to_string(), "days_overdue": rounded(days_between(due_at, asked.as_of)),
            "chases": request.chases.len(), "last_chased_at": last_chased_at, "escalations": 0,
        });
        let row_members = row.as_object_mut().unwrap();
        row_members.extend(request.worker.clone().map(|worker| ("worker".to_owned(), worker)));
        row
    };
    let mut answer = json!({ "requests": requests.iter().map(row).collect::<Vec<_>>() });
    answer.as_object_mut().unwrap().extend(asked.echo());
    answer
}

fn requests(log: &[Posted], asked: &Asked) -> Vec<Request> {
    let mut requests = Vec::new();
    for case in cases(log) {
        let state = State::at(log, case, asked);
        if state.referral.is_none() {
            continue;
        }
        let facts = facts(log, case, asked);
        for made in facts.iter().filter(|fact| fact.posted.kind == "InformationRequested") {
            let id = &made.posted.event_id;
            let steps = |kind: &'static str| {
                let is_of_it = move |fact: &&super::Entry<'_>| {
                    fact.posted.kind == kind && fact.data["request"] == *id
                };
                facts.iter().filter(is_of_it).map(|fact| fact.at)
            };
            requests.push(Request {
                case: case.to_owned(),
                id: id.clone(),
                worker: state.worker.clone(),
                facts: made.data.clone(),
                at: made.at,
                chases: steps("InformationChased").collect(),
                answered_at: steps("InformationReceived").next(),
            });
        }
    }
    requests
}

fn figures(requests: &[&Request], asked: &Asked) -> Map<String, Value> {
    let count = |is: &dyn Fn(&Request) -> bool| requests.iter().filter(|r| is(r)).count();
    let days = requests.iter().filter_map(|r| Some(days_between(r.at, r.answered_at?))).collect();
    let is_late = |r: &Request| r.answered_at.zip(r.due_at()).is_some_and(|(at, due)| at > due);
    let figures = json!({
        "requests": requests.len(),
        "chases": requests.iter().map(|r| r.chases.len()).sum::<usize>(),
        "requests_chased": count(&|r| !r.chases.is_empty()), "escalations": 0, "refused": 0,
        "answered": count(&|r| r.answered_at.is_some()), "answered_late": count(&is_late),
        "open": count(&|r| r.answered_at.is_none()), "overdue": count(&|r| r.is_overdue(asked)),
        "days_to_answer": spread(days),
    });
    figures.as_object().unwrap().clone()
}

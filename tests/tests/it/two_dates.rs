//! Any question at any two dates: every answer is compared with an independent fold over what the
//! client posted.

use std::collections::BTreeSet;

use futures_util::{StreamExt as _, stream};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::journal::{Journal, now};
use crate::linked_cases;
use crate::long_journey::live_through;
use crate::reference::{self, Asked, Posted};
use crate::service::{Answer, Client, Service};

/// Questions under way at once.
const AT_ONCE: usize = 8;

#[derive(Debug, Clone)]
enum Question {
    Case(String),
    Timeline(String),
    CaseTrajectory(String),
    CaseAssessments(String),
    Caseloads,
    Caseload(&'static str),
    Outcomes(&'static str),
    ReferralPipeline,
    AgencyResponse,
    OverdueRequests,
    Workload,
    Trajectories,
    SafeContact(String),
    Overrides,
    Disagreements,
}

impl Question {
    fn all(cases: &[String]) -> Vec<Self> {
        let mut all: Vec<Self> = cases.iter().flat_map(|case| Self::of(case)).collect();
        all.push(Self::Caseloads);
        all.push(Self::Caseload("w-ann"));
        all.extend(["risk_level", "physical"].map(Self::Outcomes));
        all.extend([Self::ReferralPipeline, Self::AgencyResponse, Self::OverdueRequests]);
        all.extend([Self::Workload, Self::Trajectories, Self::Overrides, Self::Disagreements]);
        all.extend(cases.iter().map(|case| Self::SafeContact(case.clone())));
        all
    }

    fn of(case: &str) -> [Self; 4] {
        let case = || case.to_owned();
        [
            Self::Case(case()),
            Self::Timeline(case()),
            Self::CaseTrajectory(case()),
            Self::CaseAssessments(case()),
        ]
    }

    fn path(&self) -> String {
        match self {
            Self::Case(case) => format!("/v1/cases/{case}?"),
            Self::Timeline(case) => format!("/v1/cases/{case}/timeline?"),
            Self::CaseTrajectory(case) => format!("/v1/cases/{case}/risk-trajectory?"),
            Self::CaseAssessments(case) => format!("/v1/cases/{case}/risk-assessments?"),
            Self::Disagreements => "/v1/risk-disagreement?".to_owned(),
            Self::Workload => "/v1/workload?step=month&from=2024-01-01T00:00:00Z\
                 &to=2024-12-31T00:00:00Z&"
                .to_owned(),
            Self::SafeContact(case) => format!("/v1/cases/{case}/safe-contact-plan?"),
            Self::Overrides => "/v1/contact-overrides?".to_owned(),
            Self::Trajectories => "/v1/risk-trajectory?".to_owned(),
            Self::Caseloads => "/v1/caseloads?".to_owned(),
            Self::Caseload(worker) => format!("/v1/caseloads/{worker}?"),
            Self::ReferralPipeline => "/v1/referral-pipeline?programme=mrp&".to_owned(),
            Self::AgencyResponse => "/v1/agency-response?".to_owned(),
            Self::OverdueRequests => "/v1/agency-response/overdue?".to_owned(),
            Self::Outcomes(measure) => format!("/v1/outcomes?programme=mrp&measure={measure}&"),
        }
    }

    /// The path at two dates.
    fn at(&self, asked: &Asked) -> String {
        let reading = if asked.effective { "effective" } else { "recorded" };
        let (as_of, known_at) = (asked.as_of, asked.known_at);
        if let Self::SafeContact(_) = self {
            // Whoever is about to call asks in one reading only.
            return format!("{}as_of={as_of}&known_at={known_at}", self.path());
        }
        format!("{}as_of={as_of}&known_at={known_at}&reading={reading}", self.path())
    }

    fn expected(&self, log: &[Posted], asked: &Asked) -> Option<Value> {
        match self {
            Self::Case(case) => reference::case(log, case, asked),
            Self::Timeline(case) => reference::timeline(log, case, asked),
            Self::CaseTrajectory(case) => reference::case_trajectory(log, case, asked),
            Self::CaseAssessments(case) => reference::case_assessments(log, case, asked),
            Self::Disagreements => Some(reference::disagreements(log, asked)),
            Self::Workload => Some(reference::workload(log, asked)),
            Self::SafeContact(case) => reference::safe_contact(log, case, asked),
            Self::Overrides => Some(reference::overrides(log, asked)),
            Self::Trajectories => Some(reference::trajectories(log, asked)),
            Self::Caseloads => Some(reference::caseload(log, None, asked)),
            Self::Caseload(worker) => Some(reference::caseload(log, Some(worker), asked)),
            Self::ReferralPipeline => Some(reference::referral_pipeline(log, asked)),
            Self::AgencyResponse => Some(reference::agency_response(log, asked)),
            Self::OverdueRequests => Some(reference::overdue_requests(log, asked)),
            Self::Outcomes(measure) => Some(reference::outcomes(log, measure, asked)),
        }
    }

    #[track_caller]
    fn assert_answered(&self, log: &[Posted], asked: &Asked, answer: &Answer) {
        let what = format!("{self:?} {asked:?}");
        let Some(expected) = self.expected(log, asked) else {
            assert_eq!(answer.status, 404, "{what}");
            assert_eq!(answer.problem(), "not-found", "{what}");
            return;
        };
        assert_eq!(answer.status, 200, "{what} {answer:?}");
        let mut given = answer.json();
        if let Self::Timeline(_) = self {
            take_recording_times(&mut given, log);
        }
        if let Some(difference) = difference("", &given, &expected) {
            panic!("{what}: {difference}");
        }
    }
}

/// The first place where an answer is not as expected.
fn difference(place: &str, given: &Value, expected: &Value) -> Option<String> {
    let differ = || Some(format!("{place} is {given}, not {expected}"));
    match (given, expected) {
        (Value::Object(a), Value::Object(b)) if a.keys().eq(b.keys()) => a
            .iter()
            .find_map(|(name, value)| difference(&format!("{place}/{name}"), value, &b[name])),
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            let mut pairs = a.iter().zip(b).enumerate();
            pairs.find_map(|(n, (a, b))| difference(&format!("{place}/{n}"), a, b))
        }
        _ if given == expected => None,
        _ => differ(),
    }
}

/// Recording times are the service's to say, and lie within the client's own notes.
fn take_recording_times(timeline: &mut Value, log: &[Posted]) {
    for entry in timeline["entries"].as_array_mut().unwrap() {
        let entry = entry.as_object_mut().unwrap();
        // A sentence says what `data` says; each is read in `domain/tests/it/summaries.rs`.
        assert!(entry.remove("summary").unwrap().as_str().unwrap().ends_with('.'));
        let recorded_at = entry.remove("recorded_at").unwrap();
        let recorded_at: Timestamp = recorded_at.as_str().unwrap().parse().unwrap();
        let place = log.iter().position(|posted| entry["event_id"] == posted.event_id).unwrap();
        assert!(recorded_at <= log[place].noted, "{entry:?}");
        let earlier = place.checked_sub(1).map(|before| log[before].noted);
        assert!(earlier.is_none_or(|earlier| recorded_at > earlier), "{entry:?}");
        entry.remove("reason");
        if log[place].amends.is_some() {
            // The service took the time of an amendment when it came; the client knows it no better.
            entry.insert("occurred_at".to_owned(), json!(log[place].at.to_string()));
        }
    }
}

/// Every moment that a date can be asked at: when facts happened, before, after, and between steps.
fn as_of_dates(log: &[Posted]) -> BTreeSet<Timestamp> {
    let facts = log.iter().filter(|posted| posted.amends.is_none()).map(|posted| posted.at);
    let corrected =
        log.iter().filter_map(|posted| Some(posted.amends.as_ref()?.corrected.as_ref()?.0));
    let mut dates: BTreeSet<Timestamp> = facts.chain(corrected).collect();
    let first = *dates.first().unwrap();
    dates.insert(first - jiff::SignedDuration::from_micros(1));
    dates.extend(log.iter().map(|posted| posted.noted).step_by(16));
    dates.insert(log.last().unwrap().noted);
    dates
}

async fn assert_all_answered(client: Client<'_>, log: &[Posted], asked: Vec<(Question, Asked)>) {
    let mut answers = stream::iter(asked)
        .map(async |(question, asked)| {
            let answer = client.get(&question.at(&asked)).await;
            (question, asked, answer)
        })
        .buffer_unordered(AT_ONCE);
    while let Some((question, asked, answer)) = answers.next().await {
        question.assert_answered(log, &asked, &answer);
    }
}

#[tokio::test]
async fn every_question_at_any_two_dates_is_answered_as_an_independent_fold_answers_it() {
    let service = Service::start().await;
    let mut journal = Journal::new(&service);
    let manager = service.as_role("city", "team_manager");
    let before = now();
    let cases = live_through(&mut journal, async |_| {}).await;

    let mut known_at = journal.noted();
    // Before the first step; and when its fact happened, when nobody here knew.
    known_at.extend([before, journal.log[0].at]);
    let mut asked = Vec::new();
    for (row, as_of) in as_of_dates(&journal.log).into_iter().enumerate() {
        for (column, known_at) in known_at.iter().enumerate() {
            let dates = |effective| Asked { as_of, known_at: *known_at, effective };
            let effective = Question::all(&cases).into_iter().map(|q| (q, dates(true)));
            // As recorded: the case that has everything in its way.
            let recorded = Question::of(&cases[0]).map(|q| (q, dates(false)));
            // Every question at every date of either kind, and at every fourth pair of dates: each
            // date is asked about with dates from before it and after it.
            let all = effective.chain(recorded).enumerate();
            let turn = all.filter(|(number, _)| (row + column + number) % 4 == 0);
            asked.extend(turn.map(|(_, asked)| asked));
        }
    }
    assert!(asked.len() > 20_000, "{}", asked.len());
    assert_all_answered(manager, &journal.log, asked).await;
}

/// What a case is told of a linked one is on its timeline, and changes no other answer.
#[tokio::test]
async fn what_a_case_is_told_of_another_is_answered_as_the_fold_answers_it() {
    let service = Service::start().await;
    let mut journal = Journal::new(&service);
    let manager = service.as_role("city", "team_manager");
    let cases = live_through(&mut journal, async |_| {}).await;
    let case = cases[1].clone();
    let his = linked_cases::a_case(service.worker(), "perpetrator").await;
    linked_cases::link(&service, &case, &his).await;
    for (n, level) in ["medium", "high", "standard"].into_iter().enumerate() {
        linked_cases::assess(service.worker(), &his, level).await;
        linked_cases::told_of(service.worker(), &case, n + 1).await;
        let told = linked_cases::told(service.worker(), &case).await;
        assert_eq!(told[n]["data"]["level"], level);
        journal.told(&case, &told[n]);
    }
    let known_at = journal.noted();
    let mut asked = Vec::new();
    for as_of in as_of_dates(&journal.log) {
        for known_at in known_at.iter().rev().take(5).copied() {
            let questions = Question::of(&case).into_iter();
            let questions = questions.chain([Question::SafeContact(case.clone())]);
            let dates = |effective| Asked { as_of, known_at, effective };
            asked.extend(questions.clone().map(|question| (question, dates(true))));
            asked.extend(Question::of(&case).map(|question| (question, dates(false))));
        }
    }
    assert!(asked.len() > 1_000, "{}", asked.len());
    assert_all_answered(manager, &journal.log, asked).await;
}

#[tokio::test]
async fn the_present_is_answered_at_every_step_as_the_fold_answers_it() {
    let service = Service::start().await;
    let mut journal = Journal::new(&service);
    let manager = service.as_role("city", "team_manager");
    let mut asked = 0;
    live_through(&mut journal, async |log| {
        let cases: BTreeSet<String> = log.iter().map(|posted| posted.case.clone()).collect();
        let cases: Vec<String> = cases.into_iter().collect();
        for question in Question::all(&cases) {
            let path = question.path();
            let answer = manager.get(path.trim_end_matches(['?', '&'])).await;
            let echoed = answer.json();
            let date = |name: &str| echoed[name].as_str().unwrap().parse().unwrap();
            let asked_at =
                Asked { as_of: date("as_of"), known_at: date("known_at"), effective: true };
            question.assert_answered(log, &asked_at, &answer);
            asked += 1;
        }
    })
    .await;
    assert!(asked > 250, "{asked}");
}

#[tokio::test]
async fn the_same_question_has_the_same_answer_whatever_is_recorded_later() {
    let service = Service::start().await;
    let mut journal = Journal::new(&service);
    let manager = service.as_role("city", "team_manager");
    let mut answers: Vec<(String, u16, String)> = Vec::new();
    live_through(&mut journal, async |log| {
        let known_at = log.last().unwrap().noted;
        let as_of = log.iter().map(|posted| posted.at).max().unwrap();
        let cases = [log[0].case.clone()];
        for effective in [true, false] {
            for question in Question::all(&cases) {
                let path = question.at(&Asked { as_of, known_at, effective });
                let answer = manager.get(&path).await;
                answers.push((path, answer.status, answer.text));
            }
        }
    })
    .await;
    for (path, status, text) in &answers {
        let again = manager.get(path).await;
        if *status == 200 {
            assert_eq!(&again.text, text, "{path}");
        }
        assert_eq!(again.status, *status, "{path}");
    }
    assert!(answers.iter().filter(|(_, status, _)| *status == 200).count() > 400);
}

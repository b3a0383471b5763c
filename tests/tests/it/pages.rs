//! Pages: following `next` visits each row exactly once, in order, with the totals of the whole.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use crate::cases::{an_attempt, an_open_case, an_open_case_of, an_overdue_request, text};
use crate::refused::Bench;
use crate::service::{Client, Service};

/// A list, page by page: each page's cursor is sent again with the question.
async fn by_cursor(client: Client<'_>, list: &str, limit: usize) -> Vec<Value> {
    let separator = if list.contains('?') { '&' } else { '?' };
    let question = format!("{list}{separator}limit={limit}");
    let mut pages = vec![client.get(&question).await.expect(200)];
    while let Some(cursor) = pages.last().unwrap().get("next") {
        assert!(pages.len() < 100, "{list} never ends");
        let next = format!("{question}&cursor={}", cursor.as_str().unwrap());
        pages.push(client.get(&next).await.expect(200));
    }
    pages
}

/// The same, following the `Link` header.
async fn by_link(client: Client<'_>, list: &str, limit: usize) -> Vec<Value> {
    let separator = if list.contains('?') { '&' } else { '?' };
    let mut next = Some(format!("{list}{separator}limit={limit}"));
    let mut pages = Vec::new();
    while let Some(path) = next {
        assert!(pages.len() < 100, "{list} never ends");
        let answer = client.get(&path).await;
        pages.push(answer.expect(200));
        next = answer.header("link").map(|link| {
            let target = link.strip_prefix('<').and_then(|l| l.strip_suffix(">; rel=\"next\""));
            target.unwrap_or_else(|| panic!("{link}")).to_owned()
        });
    }
    pages
}

fn rows(pages: &[Value], rows: &str, id: &str) -> Vec<String> {
    pages.iter().flat_map(|p| p[rows].as_array().unwrap()).map(|row| text(&row[id])).collect()
}

/// Reads a list whole and in pages of one, two and three, and returns its rows.
pub(crate) async fn assert_pages(
    client: Client<'_>,
    list: &str,
    of: &str,
    id: &str,
) -> Vec<String> {
    let whole = client.get(list).await.expect(200);
    assert_eq!(whole.get("next"), None, "{list} fits one page");
    let expected = rows(std::slice::from_ref(&whole), of, id);
    for limit in 1..=3 {
        let pages = by_cursor(client, list, limit).await;
        assert_eq!(rows(&pages, of, id), expected, "{list} by {limit}");
        assert_eq!(pages.len(), expected.len().div_ceil(limit), "{list} by {limit}");
        for page in &pages {
            assert_eq!(page.get("totals"), whole.get("totals"), "{list} by {limit}");
            assert_eq!(page.get("periods"), whole.get("periods"), "{list} by {limit}");
        }
        let linked = by_link(client, list, limit).await;
        assert_eq!(rows(&linked, of, id), expected, "{list} by links, {limit}");
    }
    expected
}

#[tokio::test]
async fn pages_of_a_caseload_visit_each_case_once() {
    let service = Service::start().await;
    let client = service.worker();
    let mut cases = BTreeSet::new();
    let mut anns = BTreeSet::new();
    for n in 0..7 {
        let worker = if n % 3 == 0 { "w-bea" } else { "w-ann" };
        let case = an_open_case_of(client, worker).await;
        if worker == "w-ann" {
            anns.insert(case.clone());
        }
        cases.insert(case);
    }
    let now = jiff::Timestamp::now();
    for dates in ["", &format!("?as_of={now}&known_at={now}")] {
        let all = assert_pages(client, &format!("/v1/caseloads{dates}"), "cases", "case_id").await;
        assert_eq!(all, cases.iter().cloned().collect::<Vec<_>>());
        let ann = format!("/v1/caseloads/w-ann{dates}");
        let ann = assert_pages(client, &ann, "cases", "case_id").await;
        assert_eq!(ann, anns.iter().cloned().collect::<Vec<_>>());
    }
    let totals = client.get("/v1/caseloads?limit=1").await.expect(200)["totals"].clone();
    assert_eq!(totals["open"], 7);
}

#[tokio::test]
async fn pages_of_overdue_requests_visit_each_once() {
    let service = Service::start().await;
    let client = service.worker();
    let mut requests = BTreeSet::new();
    // Two cases, and all due at one moment.
    for case in [an_open_case(client).await, an_open_case(client).await] {
        for _ in 0..3 {
            requests.insert((case.clone(), an_overdue_request(client, &case).await));
        }
    }
    let expected: Vec<String> = requests.into_iter().map(|(_, request)| request).collect();
    let now = jiff::Timestamp::now();
    for dates in ["", &format!("?as_of={now}&known_at={now}")] {
        let list = format!("/v1/agency-response/overdue{dates}");
        assert_eq!(assert_pages(client, &list, "requests", "request_id").await, expected);
    }
}

#[tokio::test]
async fn pages_of_a_workload_visit_each_worker_once() {
    let service = Service::start().await;
    let manager = service.as_role("city", "team_manager");
    let workers = ["w-ann", "w-bea", "w-cay", "w-dee", "w-eve"];
    for worker in workers.iter().rev() {
        an_open_case_of(service.worker(), worker).await;
    }
    let now = jiff::Timestamp::now();
    for dates in ["", &format!("&as_of={now}&known_at={now}")] {
        let list = format!("/v1/workload?step=month{dates}");
        assert_eq!(assert_pages(manager, &list, "workers", "worker").await, workers);
    }
    let first = cursor(manager, "/v1/workload?step=month").await;
    let other = manager.get(&format!("/v1/workload?step=week&cursor={first}")).await;
    assert_eq!((other.status, other.problem().as_str()), (422, "invalid"));
}

#[tokio::test]
async fn pages_of_a_timeline_visit_each_event_once() {
    let service = Service::start().await;
    let client = service.worker();
    let case = an_open_case(client).await;
    let mut recorded = Vec::new();
    // Some on one moment, and none in the order in which they happened.
    for at in ["2024-03-05", "2024-02-05", "2024-02-05", "2024-04-05", "2024-02-05"] {
        let body = json!({"occurred_at": format!("{at}T00:00:00Z"), "need": "housing"});
        let path = format!("/v1/cases/{case}/needs");
        recorded.push(text(&client.post(&path, body).await.expect(201)["event_id"]));
    }
    let amended = format!("/v1/cases/{case}/events/{}/retraction", recorded[3]);
    client.post(&amended, json!({"reason": "a slip"})).await.expect(201);

    let now = jiff::Timestamp::now();
    let timeline = format!("/v1/cases/{case}/timeline");
    for dates in [String::new(), format!("?as_of={now}&known_at={now}")] {
        let path = format!("{timeline}{dates}");
        let entries = assert_pages(client, &path, "entries", "event_id").await;
        let order = [1, 2, 4, 0, 3].map(|n: usize| recorded[n].clone());
        assert_eq!(entries[3..], order);
    }
    let path = format!("{timeline}?reading=recorded");
    let entries = assert_pages(client, &path, "entries", "event_id").await;
    assert_eq!(entries[3..8], recorded);
    assert_eq!(entries.len(), 9, "the retraction is an entry of its own");
}

/// The first page's cursor of a list.
pub(crate) async fn cursor(client: Client<'_>, list: &str) -> String {
    let separator = if list.contains('?') { '&' } else { '?' };
    text(&client.get(&format!("{list}{separator}limit=1")).await.expect(200)["next"])
}

#[tokio::test]
async fn a_cursor_continues_its_own_question_and_no_other() {
    let bench = Bench::new().await;
    let client = bench.service.worker();
    an_open_case(client).await;
    let second = an_open_case(client).await;
    an_attempt(client, &second).await;
    let other = bench.service.as_role("county", "caseworker");
    an_open_case(other).await;
    an_open_case(other).await;

    let timeline = format!("/v1/cases/{}/timeline", bench.case);
    let second = format!("/v1/cases/{second}/timeline");
    let recorded = format!("{timeline}?reading=recorded");
    let all = cursor(client, "/v1/caseloads").await;
    let ann = cursor(client, "/v1/caseloads/w-ann").await;
    let of_case = cursor(client, &timeline).await;
    for _ in 0..2 {
        an_overdue_request(client, &bench.case).await;
    }
    let overdue = cursor(client, "/v1/agency-response/overdue").await;
    let foreign = [
        ("/v1/agency-response/overdue?agency=police", overdue.clone()),
        ("/v1/agency-response/overdue?worker=w-ann", overdue.clone()),
        ("/v1/caseloads", overdue.clone()),
        ("/v1/agency-response/overdue", all.clone()),
        ("/v1/caseloads", cursor(other, "/v1/caseloads").await),
        ("/v1/caseloads", ann.clone()),
        ("/v1/caseloads/w-ann", all.clone()),
        ("/v1/caseloads/w-bea", ann.clone()),
        (timeline.as_str(), cursor(client, &second).await),
        (timeline.as_str(), cursor(client, &recorded).await),
        (recorded.as_str(), of_case.clone()),
        (timeline.as_str(), all.clone()),
        ("/v1/caseloads", tampered(&all)),
        ("/v1/caseloads", all[..all.len() - 2].to_owned()),
        ("/v1/caseloads", format!("{all}AA")),
        ("/v1/caseloads", String::new()),
        ("/v1/caseloads", "canary-7f3a".to_owned()),
        ("/v1/caseloads", "%FF".to_owned()),
    ];
    for (list, cursor) in foreign {
        let separator = if list.contains('?') { '&' } else { '?' };
        let path = format!("{list}{separator}cursor={cursor}");
        let request = bench.asking(Method::GET, &path).await;
        bench.assert_refused(&path, request, (422, "invalid"), &["?cursor"]).await;
    }
    for (list, cursor) in
        [("/v1/caseloads", all), ("/v1/caseloads/w-ann", ann), (&timeline, of_case)]
    {
        client.get(&format!("{list}?cursor={cursor}")).await.expect(200);
    }
}

/// The same cursor with one bit changed.
fn tampered(cursor: &str) -> String {
    let first = if cursor.starts_with('A') { 'B' } else { 'A' };
    format!("{first}{}", &cursor[1..])
}

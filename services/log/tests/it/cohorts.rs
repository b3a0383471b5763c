//! Cohorts and editions in a tenant's log: defined and published, found again, and each tenant's own.

use jiff::Timestamp;
use serde_json::{Value, json};
use throughline_domain::case::Moment;
use throughline_domain::cohort::{
    self, Cohort, CohortCommand, CohortHistory, CohortIntent, DefineCohort,
};
use throughline_domain::edition::{
    self, EditionCommand, EditionError, EditionHistory, EditionPublished, PublishEdition,
};
use throughline_domain::ids::{EventId, Position};
use throughline_domain::programme::Programmes;
use throughline_domain::time::{Occurred, to_microseconds};
use throughline_log::{EventLog, ExecuteError, Executed, TenantNo, TenantState, hash_text};
use uuid::Uuid;

use crate::support::{Fixture, meta};

fn moment() -> Moment {
    let now = to_microseconds(Timestamp::now());
    Moment { event_id: EventId(Uuid::now_v7()), occurred: Occurred::at(now), now }
}

fn cohort(id: &str, version: u16) -> Cohort {
    let cohort = json!({"id": id, "version": version, "title": "All", "programme": "mrp"});
    serde_json::from_value(cohort).unwrap()
}

async fn define(log: &EventLog, tenant: TenantNo, cohort: Cohort) -> Executed {
    let stream = cohort::aggregate::stream_id(&cohort.id);
    let intent = DefineCohort { cohort, programmes: Programmes::shipped() };
    let command = CohortCommand { moment: moment(), intent: CohortIntent::Define(intent) };
    log.execute::<CohortHistory>(tenant, stream, None, command, meta(), None).await.unwrap()
}

fn edition(id: &str, results: Value) -> EditionPublished {
    let hash = "0".repeat(64);
    let edition = json!({
        "id": id, "title": "An edition", "cohort": cohort("all", 1),
        "questions": [{"table": "attrition"}], "as_of": "2020-01-01T00:00:00Z",
        "known_at": "2020-01-01T00:00:00Z", "reading": "effective", "position": 1,
        "log_hash": hash, "result_hash": hash,
        "versions": {
            "program": "0.1.0", "rules": ["complex/1"], "instruments": [], "programme": [1],
            "code_lists": hash,
        },
    });
    EditionPublished { edition: serde_json::from_value(edition).unwrap(), results }
}

async fn publish(
    log: &EventLog,
    tenant: TenantNo,
    edition: EditionPublished,
) -> Result<Executed, ExecuteError<EditionError>> {
    let stream = edition::aggregate::stream_id(&edition.edition.id);
    let command = EditionCommand { moment: moment(), intent: PublishEdition(edition) };
    log.execute::<EditionHistory>(tenant, stream, None, command, meta(), None).await
}

#[tokio::test]
async fn cohorts_are_found_in_the_order_of_their_definition_and_each_tenants_alone() {
    let fixture = Fixture::live().await;
    let (log, tenant) = (&fixture.log, fixture.tenant);
    let neighbour = log.create_tenant("neighbour", TenantState::Live).await.unwrap().tenant_no;
    assert_eq!(log.cohorts(tenant).await.unwrap(), []);
    let defined = [cohort("late", 1), cohort("all", 1), cohort("late", 2)];
    for one in &defined {
        assert_eq!(define(log, tenant, one.clone()).await.events.len(), 1);
    }
    assert_eq!(define(log, tenant, cohort("all", 1)).await.events, []);
    assert_eq!(log.cohorts(tenant).await.unwrap(), defined);
    assert_eq!(log.cohorts(neighbour).await.unwrap(), []);
}

#[tokio::test]
async fn an_edition_comes_back_to_the_byte_and_its_name_is_taken_for_good() {
    let fixture = Fixture::live().await;
    let (log, tenant) = (&fixture.log, fixture.tenant);
    let other = fixture.elsewhere();
    let first = edition("first", json!({"p": 0.1 + 0.2, "a": [1, null]}));
    let second = edition("first", json!({"p": 1}));
    let (one, two) =
        tokio::join!(publish(log, tenant, first.clone()), publish(&other, tenant, second.clone()));
    assert_eq!(u8::from(one.is_ok()) + u8::from(two.is_ok()), 1, "{one:?} {two:?}");
    let won = if one.is_ok() { first } else { second };

    let stored = log.edition(tenant, &won.edition.id).await.unwrap().unwrap();
    assert_eq!(stored.data, serde_json::to_string(&won).unwrap());
    let hash = log.hash_at(tenant, stored.position).await.unwrap().unwrap();
    assert_eq!(hash_text(&hash), hash_text(&stored.hash));
    assert_eq!(log.hash_at(tenant, Position(stored.position.0 + 1)).await.unwrap(), None);

    let again = publish(log, tenant, won.clone()).await.unwrap_err();
    let ExecuteError::Refused(refused) = again else { panic!("{again:?}") };
    assert_eq!(refused, EditionError::AlreadyPublished);
    assert_eq!(log.edition(tenant, &"second".parse().unwrap()).await.unwrap(), None);
}

#[tokio::test]
async fn editions_are_listed_without_their_results_the_newest_first() {
    let fixture = Fixture::live().await;
    let (log, tenant) = (&fixture.log, fixture.tenant);
    for id in ["first", "second", "third"] {
        publish(log, tenant, edition(id, json!({"p": 1}))).await.unwrap();
    }
    let ids = async |before, limit| {
        let listed = log.editions(tenant, before, limit).await.unwrap();
        let ids = listed.iter().map(|one| (one.edition.id.to_string(), one.position));
        ids.collect::<Vec<_>>()
    };
    let all = ids(Position(i64::MAX), 10).await;
    assert_eq!(
        all.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>(),
        ["third", "second", "first"]
    );
    assert_eq!(ids(Position(i64::MAX), 1).await, all[..1]);
    assert_eq!(ids(all[0].1, 10).await, all[1..]);
}

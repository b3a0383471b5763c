//! The definitions of programmes in a tenant's log: loaded, found again, and each tenant's own.

use jiff::Timestamp;
use throughline_domain::case::Moment;
use throughline_domain::ids::EventId;
use throughline_domain::programme::{
    DefineProgramme, Programme, ProgrammeCommand, ProgrammeError, ProgrammeHistory, Programmes,
    aggregate,
};
use throughline_domain::time::{Occurred, to_microseconds};
use throughline_log::{EventLog, ExecuteError, Executed, TenantNo, TenantState};
use uuid::Uuid;

use crate::support::{Fixture, meta};

fn definition(id: &str, version: u16) -> Programme {
    Programme {
        id: id.parse().unwrap(),
        version,
        in_force_from: jiff::civil::date(2020 + i16::try_from(version).unwrap(), 1, 1),
        ..Programmes::shipped().find("mrp", 1).unwrap().as_ref().clone()
    }
}

async fn load(
    log: &EventLog,
    tenant: TenantNo,
    definition: Programme,
) -> Result<Executed, ExecuteError<ProgrammeError>> {
    let stream = aggregate::stream_id(&definition.id);
    let now = to_microseconds(Timestamp::now());
    let moment = Moment { event_id: EventId(Uuid::now_v7()), occurred: Occurred::at(now), now };
    let command = ProgrammeCommand { moment, intent: DefineProgramme(definition) };
    log.execute::<ProgrammeHistory>(tenant, stream, None, command, meta(), None).await
}

#[tokio::test]
async fn a_definition_is_known_as_soon_as_it_is_in_the_log() {
    let fixture = Fixture::live().await;
    let (log, tenant) = (&fixture.log, fixture.tenant);
    let other = fixture.elsewhere();
    assert_eq!(log.programmes(tenant).await.unwrap(), Programmes::shipped());
    load(log, tenant, definition("mrp", 2)).await.unwrap();
    load(log, tenant, definition("own", 1)).await.unwrap();
    for log in [log, &other] {
        let known = log.programmes(tenant).await.unwrap();
        assert_eq!(known.find("mrp", 2).unwrap().as_ref(), &definition("mrp", 2));
        assert_eq!(known.find("own", 1).unwrap().as_ref(), &definition("own", 1));
    }
    // What another process loads is not missed by one that remembers.
    load(&other, tenant, definition("own", 2)).await.unwrap();
    assert_eq!(log.programmes(tenant).await.unwrap().newest("own").unwrap().version, 2);
}

#[tokio::test]
async fn a_definition_is_recorded_once_and_the_next_version_alone_follows() {
    let fixture = Fixture::live().await;
    let (log, tenant) = (&fixture.log, fixture.tenant);
    let first = load(log, tenant, definition("own", 1)).await.unwrap();
    let again = load(log, tenant, definition("own", 1)).await.unwrap();
    assert_eq!((first.events.len(), again.events.len()), (1, 0));
    let refused = load(log, tenant, definition("own", 3)).await.unwrap_err();
    let ExecuteError::Refused(refused) = refused else { panic!("{refused:?}") };
    assert_eq!(refused, ProgrammeError::NotTheNextVersion { next: 2 });
}

#[tokio::test]
async fn two_processes_cannot_load_two_texts_as_one_version() {
    let fixture = Fixture::live().await;
    let (log, tenant, other) = (&fixture.log, fixture.tenant, fixture.elsewhere());
    let second = Programme { dormant_after_days: 7, ..definition("own", 1) };
    let (one, two) =
        tokio::join!(load(log, tenant, definition("own", 1)), load(&other, tenant, second));
    assert_eq!(u8::from(one.is_ok()) + u8::from(two.is_ok()), 1, "{one:?} {two:?}");
}

#[tokio::test]
async fn a_tenant_knows_its_own_definitions_alone() {
    let fixture = Fixture::live().await;
    let log = &fixture.log;
    let neighbour = log.create_tenant("neighbour", TenantState::Live).await.unwrap();
    load(log, fixture.tenant, definition("own", 1)).await.unwrap();
    assert_eq!(log.programmes(neighbour.tenant_no).await.unwrap(), Programmes::shipped());
}

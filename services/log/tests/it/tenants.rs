//! Tenants: found again, created once, live for good.

use futures_util::future::join_all;
use throughline_domain::ids::Position;
use throughline_log::{
    AppendError, AppendSettings, EventLog, LogError, MasterKey, SealError, StreamId, TenantNo,
    TenantState, pool,
};

use crate::support::{Fixture, a_case, one};

#[tokio::test]
async fn a_tenant_is_created_once_however_many_ask() {
    let fixture = Fixture::live().await;
    let asked = (0..8).map(|_| fixture.log.create_tenant("kent", TenantState::Live));
    let created: Vec<_> = join_all(asked).await.into_iter().map(Result::unwrap).collect();
    assert!(created.iter().all(|tenant| *tenant == created[0]));
    assert_eq!(created[0].state, TenantState::Live);
    let found = fixture.log.find_tenant("kent").await.unwrap();
    assert_eq!(found.as_ref(), Some(&created[0]));
    assert_eq!(fixture.log.find_tenant("surrey").await.unwrap(), None);
    let names: Vec<_> = fixture.log.tenants().await.unwrap().into_iter().map(|t| t.name).collect();
    assert_eq!(names, ["loading", "essex", "kent"]);
    for name in ["", "Kent", "two words"] {
        let refused = fixture.log.create_tenant(name, TenantState::Live).await;
        assert!(matches!(refused, Err(LogError::NotATenantName)), "{refused:?}");
    }
}

#[tokio::test]
async fn going_live_is_one_way_and_is_an_event() {
    let fixture = Fixture::loading(AppendSettings::default()).await;
    let refused = fixture.log.append(fixture.tenant, one(a_case(), 0)).await;
    assert!(matches!(refused, Err(AppendError::Loading)), "{refused:?}");

    assert_eq!(fixture.log.go_live(fixture.tenant).await.unwrap(), Position(1));
    fixture.append(one(a_case(), 0)).await;
    let again = fixture.log.go_live(fixture.tenant).await;
    assert!(matches!(again, Err(LogError::AlreadyLive { .. })), "{again:?}");
    let events = fixture.log.read_after(fixture.tenant, Position(0), 10).await.unwrap();
    assert_eq!(events.len(), 2);
    assert_eq!(
        (events[0].event_type.as_ref(), events[0].stream),
        ("TenantWentLive", StreamId::TENANT)
    );

    let back = "UPDATE tenant SET state = 'loading' WHERE tenant_no = $1";
    let refused = fixture.client().await.execute(back, &[&fixture.tenant.0]).await.unwrap_err();
    assert_eq!(refused.code().unwrap().code(), "TL001");
}

#[tokio::test]
async fn what_does_not_exist_is_said_so() {
    let fixture = Fixture::live().await;
    let nobody = TenantNo(999);
    let appended = fixture.log.append(nobody, one(a_case(), 0)).await;
    assert!(
        matches!(appended, Err(AppendError::Log(LogError::NoSuchTenant { tenant })) if tenant == nobody)
    );
    let head = fixture.log.head(nobody).await;
    assert!(matches!(head, Err(LogError::NoSuchTenant { .. })), "{head:?}");
    assert_eq!(fixture.log.read_stream(nobody, a_case()).await.unwrap(), []);
}

#[tokio::test]
async fn another_master_key_opens_nothing() {
    let fixture = Fixture::live().await;
    let pool = pool(fixture.database.config(), 2).unwrap();
    let other = EventLog::new(pool, MasterKey::random().unwrap(), AppendSettings::default());
    let answers = join_all((0..2).map(|_| other.append(fixture.tenant, one(a_case(), 0)))).await;
    for answer in answers {
        let broken = matches!(answer, Err(AppendError::Log(LogError::Seal(SealError::Broken))));
        assert!(broken, "{answer:?}");
    }
}

#[tokio::test]
async fn a_master_key_file_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;

    let path = std::env::temp_dir().join(format!("throughline-master-key-{}", std::process::id()));
    let created = MasterKey::create_file(&path).unwrap();
    assert!(MasterKey::create_file(&path).is_err(), "a key is never overwritten");
    let read = MasterKey::from_file(&path).unwrap();
    assert_eq!(read.derive("cursors"), created.derive("cursors"));
    assert_ne!(read.derive("cursors"), read.derive("tokens"));
    assert_eq!(format!("{read:?}"), "MasterKey(..)");

    let text = std::fs::read_to_string(&path).unwrap();
    let same = MasterKey::from_env_value(&text).unwrap();
    assert_eq!(same.derive("cursors"), created.derive("cursors"));
    assert!(MasterKey::from_env_value("c2hvcnQ=").is_err());

    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    let refused = MasterKey::from_file(&path).unwrap_err().to_string();
    assert!(refused.contains("640") && refused.contains("0600"), "{refused}");
    std::fs::remove_file(&path).unwrap();
}

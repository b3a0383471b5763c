//! What is sealed, and what happens when its key is destroyed.

use throughline_domain::ids::Position;
use throughline_log::{
    AppendError, LogError, Plaintext, SealError, StreamId, StreamKind, TenantState, Unsealed,
    Verified,
};

use crate::support::{Fixture, a_case, an_event, command, one, sealing, write};

const NARRATIVE: &str = "She has moved to her sister's, Flat 4, and told nobody.";

#[tokio::test]
async fn what_is_sealed_comes_back_and_lies_nowhere_in_the_clear() {
    let fixture = Fixture::live().await;
    let case = a_case();
    fixture.append(command([write(case, 0, vec![an_event(), sealing(NARRATIVE)])])).await;
    fixture.append(command([write(case, 2, vec![sealing("")])])).await;

    let events = fixture.log.read_stream(fixture.tenant, case).await.unwrap();
    let unsealed = fixture.log.unseal_all(fixture.tenant, &events).await.unwrap();
    let text = |text: &str| Unsealed::Text(Plaintext::new(text.to_owned()));
    assert_eq!(unsealed, [Unsealed::Nothing, text(NARRATIVE), text("")]);
    assert_eq!(fixture.log.unseal(fixture.tenant, &events[1]).await.unwrap(), text(NARRATIVE));

    let sealed = events[1].sealed.as_ref().unwrap();
    assert!(!sealed.windows(6).any(|window| NARRATIVE.as_bytes().windows(6).any(|w| w == window)));
    let client = fixture.client().await;
    let dump = "SELECT count(*) FROM event e WHERE e::text LIKE '%sister%' OR \
                position(convert_to('sister', 'UTF8') IN coalesce(sealed, '')) > 0";
    assert_eq!(client.query_one(dump, &[]).await.unwrap().get::<_, i64>(0), 0);
}

#[tokio::test]
async fn a_seal_moved_to_another_tenant_stream_or_event_does_not_open() {
    let fixture = Fixture::live().await;
    let (case, other) = (a_case(), a_case());
    fixture.append(command([write(case, 0, vec![sealing(NARRATIVE), an_event()])])).await;
    fixture.append(one(other, 0)).await;
    let kent = fixture.log.create_tenant("kent", TenantState::Live).await.unwrap().tenant_no;
    fixture.log.append(kent, command([write(case, 0, vec![sealing("another")])])).await.unwrap();

    let events = fixture.log.read_stream(fixture.tenant, case).await.unwrap();
    let mut moved_event = events[1].clone();
    moved_event.sealed = events[0].sealed.clone();
    let mut moved_stream = events[0].clone();
    moved_stream.stream = other;
    let attempts =
        [(fixture.tenant, moved_event), (fixture.tenant, moved_stream), (kent, events[0].clone())];
    for (tenant, event) in attempts {
        let opened = fixture.log.unseal(tenant, &event).await;
        assert!(matches!(opened, Err(LogError::Seal(SealError::Broken))), "{opened:?}");
    }
}

#[tokio::test]
async fn without_its_key_a_text_is_erased_and_the_chain_still_holds() {
    let fixture = Fixture::live().await;
    let case = a_case();
    fixture.append(command([write(case, 0, vec![sealing(NARRATIVE)])])).await;
    let before = fixture.log.verify(fixture.tenant).await.unwrap();

    let sql = "DELETE FROM stream_key k USING stream s WHERE s.stream_no = k.stream_no \
               AND s.tenant_no = k.tenant_no AND s.id = $1";
    assert_eq!(fixture.client().await.execute(sql, &[&case.id]).await.unwrap(), 1);

    let events = fixture.log.read_stream(fixture.tenant, case).await.unwrap();
    let opened = fixture.log.unseal(fixture.tenant, &events[0]).await.unwrap();
    assert_eq!(opened, Unsealed::Erased);
    assert_eq!(fixture.log.verify(fixture.tenant).await.unwrap(), before);

    // Coded facts are still recorded; nothing can be sealed any more.
    fixture.append(one(case, 1)).await;
    let again = command([write(case, 2, vec![sealing("more")])]);
    let refused = fixture.log.append(fixture.tenant, again).await;
    assert!(matches!(refused, Err(AppendError::Log(LogError::NoKey { stream })) if stream == case));
    let verified = fixture.log.verify(fixture.tenant).await.unwrap();
    assert!(matches!(verified, Verified::Holds { events: 3, .. }), "{verified:?}");
}

#[tokio::test]
async fn the_tenants_own_stream_seals_nothing_and_an_id_keeps_its_kind() {
    let fixture = Fixture::live().await;
    let own = command([write(StreamId::TENANT, 1, vec![sealing("text")])]);
    let refused = fixture.log.append(fixture.tenant, own).await;
    assert!(matches!(refused, Err(AppendError::Log(LogError::NoKey { .. }))), "{refused:?}");

    let case = a_case();
    fixture.append(one(case, 0)).await;
    let person = StreamId { kind: StreamKind::Person, ..case };
    let refused = fixture.log.append(fixture.tenant, one(person, 1)).await;
    assert!(matches!(refused, Err(AppendError::Log(LogError::OtherKind { .. }))), "{refused:?}");
    assert_eq!(fixture.log.read_stream(fixture.tenant, person).await.unwrap(), []);
    assert_eq!(fixture.log.head(fixture.tenant).await.unwrap().position, Position(2));
}

//! Which build readers are answered from, and which are kept.

use throughline_projections::Projection;
use throughline_projector::{Phase, SwitchError, builds, delete_dropped, drop_build, rollback};
use tokio_util::sync::CancellationToken;

use super::support::{build_tables, followed, live_build, rebuild, request, rows};
use crate::world::World;

const CASELOAD: Projection = Projection::Caseload;

async fn numbers(world: &World) -> Vec<(i32, bool, bool)> {
    let all = builds(&world.log, &world.client, Some(world.tenant)).await.unwrap();
    let of = all.iter().filter(|build| build.projection == CASELOAD);
    of.map(|build| (build.build, build.is_live, build.is_previous)).collect()
}

#[tokio::test]
async fn a_rollback_goes_back_and_another_forth() {
    let world = followed(70, 60).await;
    let nothing = rollback(&world.client, world.tenant, CASELOAD).await;
    assert!(matches!(nothing, Err(SwitchError::NothingBefore)));
    assert_eq!(numbers(&world).await, [(0, true, false)]);

    rebuild(&world, CASELOAD).await;
    assert_eq!(numbers(&world).await, [(0, false, true), (1, true, false)]);
    let back = rollback(&world.client, world.tenant, CASELOAD).await.unwrap();
    assert_eq!((back.from, back.to), (1, 0));
    assert_eq!(numbers(&world).await, [(0, true, false), (1, false, true)]);
    let forth = rollback(&world.client, world.tenant, CASELOAD).await.unwrap();
    assert_eq!((forth.from, forth.to), (0, 1));
    assert_eq!(live_build(&world, CASELOAD).await, 1);
}

#[tokio::test]
async fn a_switch_keeps_the_build_before_and_no_more() {
    let world = followed(71, 60).await;
    let other = world.log.create_tenant("t2", throughline_log::TenantState::Live).await.unwrap();
    world
        .execute(&format!(
            "INSERT INTO caseload_2 SELECT * FROM jsonb_populate_record(NULL::caseload_2, \
             (SELECT to_jsonb(c) || '{{\"tenant_no\": {}}}' FROM caseload_2 AS c LIMIT 1))",
            other.tenant_no
        ))
        .await;
    for build in 1..=3 {
        assert_eq!(rebuild(&world, CASELOAD).await.build, build);
        let before = (build - 1, false, true);
        assert_eq!(numbers(&world).await, [before, (build, true, false)]);
    }
    assert_eq!(build_tables(&world).await, ["caseload_2_t1_b2", "caseload_2_t1_b3"]);
    // Of the shared table, another tenant's rows stay.
    let shared = world.client.query("SELECT tenant_no FROM caseload_2", &[]).await.unwrap();
    let tenants: Vec<i32> = shared.iter().map(|row| row.get(0)).collect();
    assert_eq!(tenants, [other.tenant_no.0]);
}

#[tokio::test]
async fn a_build_is_dropped_unless_it_is_live_or_being_made() {
    let world = followed(72, 60).await;
    let (client, tenant) = (&world.client, world.tenant);
    let refused = drop_build(client, tenant, CASELOAD, 0).await;
    assert!(matches!(refused, Err(SwitchError::IsLive { build: 0 })));
    let refused = drop_build(client, tenant, CASELOAD, 9).await;
    assert!(matches!(refused, Err(SwitchError::NoSuchBuild { build: 9 })));

    let done = rebuild(&world, CASELOAD).await;
    let refused = drop_build(client, tenant, CASELOAD, done.build).await;
    assert!(matches!(refused, Err(SwitchError::IsLive { build: 1 })));
    let before = rows(&world, CASELOAD, 1).await;
    drop_build(client, tenant, CASELOAD, 0).await.unwrap();
    let go_on = CancellationToken::new();
    assert!(delete_dropped(&world.pool, tenant, CASELOAD, 0, &go_on).await.unwrap());
    assert_eq!(numbers(&world).await, [(1, true, false)]);
    assert!(rows(&world, CASELOAD, 0).await.is_empty());
    assert_eq!(rows(&world, CASELOAD, 1).await, before);
    let nothing = rollback(client, tenant, CASELOAD).await;
    assert!(matches!(nothing, Err(SwitchError::NothingBefore)));

    let asked = request(&world, CASELOAD, false).await;
    let refused = drop_build(client, tenant, CASELOAD, asked.build).await;
    assert!(matches!(refused, Err(SwitchError::UnderWay { operation_id })
            if operation_id == asked.operation_id));
}

/// The pointer is what a killed clean-up leaves right; the next rebuild drops the rest.
#[tokio::test]
async fn what_a_killed_clean_up_left_goes_with_the_next() {
    let world = followed(73, 60).await;
    for _ in 0..2 {
        rebuild(&world, CASELOAD).await;
    }
    world
        .execute(
            "SELECT projection_make_tables('caseload', 2, 1, 4);
             INSERT INTO projection_checkpoint (tenant_no, projection, version, build)
             VALUES (1, 'caseload', 2, 4)",
        )
        .await;
    let done = rebuild(&world, CASELOAD).await;
    assert_eq!((done.phase, done.build), (Phase::Switched, 5));
    assert_eq!(build_tables(&world).await, ["caseload_2_t1_b2", "caseload_2_t1_b5"]);
}

//! What is not as the log says is found, by case, table and column.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use throughline_projections::Projection;
use throughline_projector::{DifferenceKind, Phase, Sample, VerifyError, verify};
use uuid::Uuid;

use super::support::{
    a_case_of, brake, braked, build_tables, finish, followed, live_build, rebuild, release,
    request, verified,
};

#[tokio::test]
async fn a_corrupted_row_is_found_and_a_rebuild_repairs_it() {
    let world = followed(80, 120).await;
    let case = a_case_of(&world, "caseload_2").await;
    assert!(verified(&world, Projection::Caseload, None).await.is_equal());
    world
        .execute(&format!(
            "UPDATE caseload_2 SET attempts = attempts + 1, worker = 'nobody' \
             WHERE case_id = '{case}'"
        ))
        .await;
    let found = verified(&world, Projection::Caseload, None).await;
    assert_eq!((found.differing_cases, found.differences_found), (1, 1));
    let difference = &found.differences[0];
    assert_eq!((difference.case_id, difference.table), (case, "caseload_2"));
    assert_eq!(difference.kind, DifferenceKind::Differs);
    assert_eq!(difference.columns, ["worker", "attempts"]);

    let done = rebuild(&world, Projection::Caseload).await;
    assert_eq!(done.phase, Phase::Switched);
    let comparison = done.comparison.unwrap();
    assert!(comparison.is_equal());
    assert_eq!(comparison.live.unwrap().differences, found.differences);
    assert!(verified(&world, Projection::Caseload, None).await.is_equal());
}

#[tokio::test]
async fn rows_that_are_missing_or_too_many_are_found() {
    let world = followed(81, 200).await;
    let (gone, moved) = (world.case(1), world.case(4));
    let stranger = Uuid::new_v4();
    let of = Projection::EngagementTimeline;
    world
        .execute(&format!(
            "DELETE FROM engagement_timeline WHERE case_id = '{gone}' AND position = \
                 (SELECT max(position) FROM engagement_timeline WHERE case_id = '{gone}');
             INSERT INTO engagement_timeline SELECT tenant_no, case_id, position + 1000000, \
                 event_id, type, schema_version, occurred_at, precision, recorded_at, data \
                 FROM engagement_timeline WHERE case_id = '{moved}' LIMIT 1;
             INSERT INTO engagement_timeline SELECT tenant_no, '{stranger}', position, \
                 event_id, type, schema_version, occurred_at, precision, recorded_at, data \
                 FROM engagement_timeline LIMIT 2"
        ))
        .await;
    let found = verified(&world, of, None).await;
    assert_eq!((found.differing_cases, found.differences_found), (3, 4));
    let of_case = |id| found.differences.iter().filter(move |d| d.case_id.0 == id);
    let kinds = |id| of_case(id).map(|d| d.kind).collect::<Vec<_>>();
    assert_eq!(kinds(gone.0), [DifferenceKind::Missing]);
    assert_eq!(kinds(moved.0), [DifferenceKind::Extra]);
    assert_eq!(kinds(stranger), [DifferenceKind::Extra; 2]);
}

#[tokio::test]
async fn a_sample_is_as_large_as_asked_and_all_are_counted() {
    let world = followed(82, 200).await;
    let checked = Arc::new(AtomicU64::new(0));
    let of = async |sample, build| {
        let (log, pool) = (&world.log, &world.pool);
        let checked = Arc::clone(&checked);
        verify(log, pool, world.tenant, Projection::Caseload, build, sample, checked).await
    };
    let some = of(Sample::Of(5), None).await.unwrap();
    assert_eq!((some.cases, some.is_of_all), (5, false));
    assert_eq!(checked.swap(0, Ordering::Relaxed), 5);
    let all = of(Sample::All, Some(0)).await.unwrap();
    assert_eq!((all.cases, all.is_of_all), (12, true));
    assert_eq!(checked.load(Ordering::Relaxed), 12);
    assert_eq!(all.rows, all.tables[0].rows);
    let none = of(Sample::All, Some(3)).await;
    assert!(matches!(none, Err(VerifyError::NoSuchBuild { build: 3 })));
}

/// A new build that is not as the log says is never switched to.
#[tokio::test]
async fn a_build_that_differs_is_not_switched_to() {
    let world = followed(83, 100).await;
    let asked = request(&world, Projection::Caseload, false).await;
    brake(&world, "projection_rebuild", "NEW.phase = 'comparing' AND OLD.phase <> 'comparing'")
        .await;
    let case = a_case_of(&world, "caseload_2").await;
    let spoil = async {
        braked(&world).await;
        world
            .execute(&format!("UPDATE caseload_2_t1_b1 SET area = 'x' WHERE case_id = '{case}'"))
            .await;
        release(&world, "projection_rebuild").await;
    };
    let (done, ()) = tokio::join!(finish(&world, asked.operation_id), spoil);
    assert_eq!((done.phase, done.error_class.as_deref()), (Phase::Failed, Some("differs")));
    let comparison = done.comparison.unwrap();
    assert_eq!(comparison.differences[0].case_id, case);
    assert_eq!(comparison.differences[0].columns, ["area"]);
    assert!(comparison.live.unwrap().is_equal());
    assert_eq!(live_build(&world, Projection::Caseload).await, 0);
    assert!(build_tables(&world).await.is_empty());
}

/// A slice that is marked and was not written, or not whole, does not go unnoticed.
#[tokio::test]
async fn a_rebuild_that_lost_events_fails() {
    let world = followed(84, 100).await;
    let asked = request(&world, Projection::Caseload, false).await;
    brake(&world, "projection_rebuild_slice", "NEW.slice = 5").await;
    let lose = async {
        braked(&world).await;
        // The last slice is not among those that were taken: it counts as written.
        world.execute("UPDATE projection_rebuild_slice SET events = 0 WHERE slice = 13").await;
        release(&world, "projection_rebuild_slice").await;
    };
    let (done, ()) = tokio::join!(finish(&world, asked.operation_id), lose);
    assert_eq!(done.phase, Phase::Failed, "{done:?}");
    assert_eq!(live_build(&world, Projection::Caseload).await, 0);
}

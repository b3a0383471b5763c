//! Whoever comes back with the last position they have gets each event once, in order.

use super::reader::{Event, Frame, every_event, follow, position};
use super::writers::record_attempts;
use crate::cases::an_open_case;
use crate::service::Service;

const DISCONNECTIONS: usize = 100;
const WRITERS: usize = 4;
const ATTEMPTS: usize = 120;

/// A number that looks drawn, the same in every run.
fn drawn(state: &mut u64) -> usize {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    usize::try_from(*state >> 40).unwrap()
}

#[tokio::test]
async fn a_client_cut_off_a_hundred_times_while_others_write_gets_each_event_once_in_order() {
    let service = Service::start_with(&[("THROUGHLINE_FEED_HEARTBEAT_S", "1")]).await;
    an_open_case(service.worker()).await;
    let writing =
        futures_util::future::join_all((0..WRITERS).map(|_| record_attempts(&service, ATTEMPTS)));
    let following = async {
        let (mut had, mut last, mut state) = (Vec::new(), Some("0".to_owned()), 7);
        for _ in 0..DISCONNECTIONS {
            let mut stream = follow(&service, "/v1/events/stream", last.as_deref()).await;
            // Cut anywhere: in the middle of an event as well as between two.
            let mut left = 1 + drawn(&mut state) % 2_000;
            while left > 0 {
                let bytes = stream.bytes().await.expect("the stream goes on");
                let taken = &bytes[..bytes.len().min(left)];
                left -= taken.len();
                stream.parser.push(taken);
                take(&mut stream.parser, &mut had);
            }
            last = stream.parser.last_event_id.take().or(last);
        }
        (had, last)
    };
    let (_, (mut had, last)) = tokio::join!(writing, following);

    let all = every_event(service.worker()).await;
    assert_eq!(all.len(), 3 * (WRITERS + 1) + WRITERS * ATTEMPTS);
    let rest = all.len() - had.len();
    let mut stream = follow(&service, "/v1/events/stream", last.as_deref()).await;
    had.extend(stream.events(rest).await);
    let positions: Vec<i64> = had.iter().map(|event| event.position).collect();
    assert_eq!(positions, all.iter().map(position).collect::<Vec<_>>());
    assert!(had.iter().zip(&all).all(|(had, all)| had.data == *all));
}

fn take(parser: &mut super::reader::Parser, had: &mut Vec<Event>) {
    while let Some(frame) = parser.next() {
        if let Frame::Event(event) = frame {
            had.push(event);
        }
    }
}

#[tokio::test]
async fn a_stream_goes_on_after_the_service_was_killed() {
    let mut service = Service::start().await;
    record_attempts(&service, 3).await;
    let mut stream = follow(&service, "/v1/events/stream?after=0", None).await;
    let before = stream.events(4).await;
    let last = stream.parser.last_event_id.clone();
    service.kill_and_restart().await;
    record_attempts(&service, 2).await;

    // With the address it first asked, as a browser would.
    let mut stream = follow(&service, "/v1/events/stream?after=0", last.as_deref()).await;
    let all = every_event(service.worker()).await;
    let after = stream.events(all.len() - before.len()).await;
    let had: Vec<i64> = before.iter().chain(&after).map(|event| event.position).collect();
    assert_eq!(had, all.iter().map(position).collect::<Vec<_>>());
}

#[tokio::test]
async fn many_who_follow_one_tenant_each_get_everything() {
    let service = Service::start().await;
    record_attempts(&service, 10).await;
    let mut streams = Vec::new();
    for after in (0..15).cycle().take(30) {
        let path = format!("/v1/events/stream?after={after}");
        streams.push((after, follow(&service, &path, None).await));
    }
    let writing = futures_util::future::join_all((0..2).map(|_| record_attempts(&service, 20)));
    let reading =
        futures_util::future::join_all(streams.into_iter().map(|(after, mut stream)| async move {
            let last = 15 + 2 * (4 + 20);
            let mut had = Vec::new();
            while had.last().is_none_or(|event: &Event| event.position < last) {
                had.push(stream.event().await.unwrap());
            }
            (after, had.into_iter().map(|event| event.position).collect::<Vec<_>>())
        }));
    let (_, all) = tokio::join!(writing, reading);
    let told = every_event(service.worker()).await;
    for (after, had) in all {
        let expected: Vec<i64> = told.iter().map(position).filter(|at| *at > after).collect();
        assert_eq!(had, expected, "after {after}");
    }
}

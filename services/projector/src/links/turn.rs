//! One turn of a tenant: a stretch of its log, and whatever passes because of an event of it.

use std::collections::HashMap;

use throughline_domain::case_link::passing::Cause;
use throughline_domain::case_link::{CaseLinkEvent, Pair, passing};
use throughline_domain::ids::{CaseId, EventId, Position};
use throughline_log::{LinkSource, StreamHistory, StreamId, StreamKind};
use tokio_util::sync::CancellationToken;

use super::error::LinkError;
use super::follower::Inner;
use super::lease::{Lease, Leases};
use super::pass::{self, Pass};

/// A link whose linking goes on, as far as was known when the turn began.
#[derive(Debug, Clone, Copy)]
struct Active {
    stream: StreamId,
    pair: Pair,
    linking: EventId,
    began: Position,
}

/// How a turn ended: how far it came, and why it went no further.
pub(super) struct Ended {
    pub(super) upto: Position,
    pub(super) failure: Option<LinkError>,
}

/// Follows a tenant's log for a stretch.
pub(super) async fn turn(
    inner: &Inner,
    leases: &Leases,
    lease: &Lease,
    stop: &CancellationToken,
) -> Ended {
    let mut upto = lease.position;
    let failure = stretch(inner, leases, lease, &mut upto, stop).await.err();
    Ended { upto, failure }
}

/// `upto` is moved on with every event that is done with.
async fn stretch(
    inner: &Inner,
    leases: &Leases,
    lease: &Lease,
    upto: &mut Position,
    stop: &CancellationToken,
) -> Result<(), LinkError> {
    let settings = &inner.settings;
    let Lease { tenant, position, head, .. } = *lease;
    let end = Position(head.0.min(position.0.saturating_add(settings.turn_positions_max)));
    let most = settings.turn_sources_max;
    let sources = inner.log.link_sources(tenant, position, end, passing::SOURCES, most).await?;
    let is_whole = sources.len() < most;
    let links = active_links(inner, lease, &sources).await?;
    for source in &sources {
        if stop.is_cancelled() {
            return Ok(());
        }
        for pass in passes(source, &links) {
            if !pass::pass(inner, leases, lease, source, &pass).await? {
                // Another has the tenant, and goes on from where this one began.
                return Ok(());
            }
        }
        *upto = source.position;
    }
    if is_whole {
        *upto = end;
    }
    Ok(())
}

/// The links that go on, by the cases that the sources are about.
async fn active_links(
    inner: &Inner,
    lease: &Lease,
    sources: &[LinkSource],
) -> Result<HashMap<CaseId, Vec<Active>>, LinkError> {
    let of_kind = |kind| {
        let mut streams: Vec<StreamId> =
            sources.iter().map(|source| source.stream).filter(|s| s.kind == kind).collect();
        streams.sort_unstable();
        streams.dedup();
        streams
    };
    let cases: Vec<CaseId> = of_kind(StreamKind::Case).iter().map(|s| CaseId(s.id)).collect();
    let mut wanted = of_kind(StreamKind::CaseLink);
    if !cases.is_empty() {
        wanted.extend(inner.log.links_of(lease.tenant, &cases).await?);
    }
    wanted.sort_unstable();
    wanted.dedup();
    let mut links: HashMap<CaseId, Vec<Active>> = HashMap::new();
    let bytes_max = inner.settings.histories_bytes_max;
    while !wanted.is_empty() {
        let now = Position(i64::MAX);
        let part = inner.log.read_streams(lease.tenant, &wanted, now, bytes_max).await?;
        for history in &part.histories {
            let Some(active) = active(history)? else { continue };
            for case in active.pair.both() {
                links.entry(case).or_default().push(active);
            }
        }
        // Each part has one stream at least, or leaves none.
        wanted = part.left;
    }
    Ok(links)
}

fn active(history: &StreamHistory) -> Result<Option<Active>, LinkError> {
    let mut active = None;
    for event in &history.events {
        let recorded = event.to_case_link_event()?;
        active = match recorded.event {
            CaseLinkEvent::CasesLinked(facts) => Some(Active {
                stream: history.stream,
                pair: facts.cases,
                linking: recorded.event_id,
                began: recorded.position,
            }),
            CaseLinkEvent::CaseLinkEnded(_) => None,
        };
    }
    Ok(active)
}

/// What may pass because of an event. What happened before a link began passes in no other way than
/// by its beginning.
fn passes(source: &LinkSource, links: &HashMap<CaseId, Vec<Active>>) -> Vec<Pass> {
    let between = |active: &Active, sender, receiver, cause| Pass {
        link: active.stream,
        linking: active.linking,
        sender,
        receiver,
        cause,
    };
    let mut passes = Vec::new();
    if source.stream.kind == StreamKind::CaseLink {
        let begun = links.values().flatten().find(|active| active.linking == source.event_id);
        if let Some(active) = begun {
            let [lower, higher] = active.pair.both();
            passes.push(between(active, lower, higher, Cause::Began));
            passes.push(between(active, higher, lower, Cause::Began));
        }
        return passes;
    }
    let case = CaseId(source.stream.id);
    for active in links.get(&case).into_iter().flatten() {
        let Some(other) = active.pair.other(case) else { continue };
        if active.began < source.position {
            passes.push(between(active, case, other, Cause::Changed));
            passes.push(between(active, other, case, Cause::Began));
        }
    }
    passes
}

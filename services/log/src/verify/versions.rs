//! Versions are dense in each stream: within a segment of the log, and from one to the next.

use std::collections::HashMap;

use crate::stream_table::StreamTable;
use crate::verify::Flaw;

/// The versions of each stream that occurs in a segment, by the stream's number.
#[derive(Debug, Default)]
pub(crate) struct Spans(HashMap<i64, Span>);

#[derive(Debug, Clone, Copy)]
struct Span {
    first_position: i64,
    first: i32,
    last: i32,
}

impl Spans {
    /// Takes the next event of a stream.
    pub(crate) fn take(&mut self, stream_no: i64, position: i64, version: i32) -> Result<(), Flaw> {
        let fresh = Span { first_position: position, first: version, last: version };
        let span = self.0.entry(stream_no).or_insert(fresh);
        if span.first_position != position {
            if span.last.checked_add(1) != Some(version) {
                return Err(Flaw::VersionGap);
            }
            span.last = version;
        }
        Ok(())
    }
}

/// The last version of each stream so far, by its place in the table: 4 bytes each.
#[derive(Debug)]
pub(crate) struct Versions {
    last: Vec<i32>,
    /// Whether everything from position 1 on was taken, so that a stream begins with version 1.
    from_first: bool,
}

impl Versions {
    pub(crate) fn new(streams: usize, from_first: bool) -> Self {
        Self { last: vec![0; streams], from_first }
    }

    /// Takes the next segment. Gives the first position at which a stream does not go on.
    pub(crate) fn join(&mut self, streams: &StreamTable, spans: &Spans) -> Option<i64> {
        let mut gap: Option<i64> = None;
        for (stream_no, span) in &spans.0 {
            // Its events were found to have a stream.
            let Some(last) = streams.place(*stream_no).and_then(|place| self.last.get_mut(place))
            else {
                continue;
            };
            let is_first_seen = *last == 0 && !self.from_first;
            if !is_first_seen && last.checked_add(1) != Some(span.first) {
                gap = Some(gap.map_or(span.first_position, |gap| gap.min(span.first_position)));
            }
            *last = span.last;
        }
        gap
    }

    /// The number of a stream without an event, among those up to `last_no`.
    pub(crate) fn empty_stream(&self, streams: &StreamTable, last_no: i64) -> Option<i64> {
        let empty = self.last.iter().zip(0..).filter(|(last, _)| **last == 0);
        empty.filter_map(|(_, place)| streams.number(place)).find(|number| *number <= last_no)
    }
}

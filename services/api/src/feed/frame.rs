//! How a stream looks on the wire: server-sent events, as the HTML standard has them.
//!
//! `id` comes last in a frame, so that a client that reads line by line does not count an event as
//! had before it has it. A frame with an `id` and without `data` is no event, but moves the position
//! from which the client goes on: so it does not read again what it did not ask for.

use std::fmt::Write as _;
use std::time::Duration;

use throughline_domain::ids::Position;

use super::read::Told;

/// What a stream begins with: how long to wait before coming back, and from where to go on.
pub(super) fn beginning(retry: Duration, position: Position) -> Vec<u8> {
    format!("retry: {}\nid: {position}\n\n", retry.as_millis()).into_bytes()
}

/// A sign of life, and how far the stream has come.
pub(super) fn heartbeat(position: Position) -> Vec<u8> {
    format!(": heartbeat\nid: {position}\n\n").into_bytes()
}

/// Adds an event.
pub(super) fn add_event(out: &mut Vec<u8>, told: &Told, position: Position) {
    let mut line = String::new();
    let _ = write!(line, "event: {}\ndata: ", told.kind.event_type());
    out.extend_from_slice(line.as_bytes());
    out.extend_from_slice(&told.json);
    line.clear();
    let _ = write!(line, "\nid: {position}\n\n");
    out.extend_from_slice(line.as_bytes());
}

#[cfg(test)]
mod tests {
    use actix_web::web::Bytes;

    use super::*;
    use crate::feed::kind::Kind;

    #[test]
    fn frames_are_as_the_standard_has_them() {
        let mut out = beginning(Duration::from_secs(2), Position(7));
        out.extend(heartbeat(Position(8)));
        let told = Told { kind: Kind::CaseClosed, json: Bytes::from_static(b"{\"a\":1}") };
        add_event(&mut out, &told, Position(9));
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "retry: 2000\nid: 7\n\n: heartbeat\nid: 8\n\n\
             event: org.throughline.case.CaseClosed\ndata: {\"a\":1}\nid: 9\n\n"
        );
    }
}

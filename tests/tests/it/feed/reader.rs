//! A client of the stream, written from the HTML standard's words on server-sent events.

use std::time::Duration;

use reqwest::{Method, Response};
use serde_json::Value;

use crate::service::{Answer, Client, Service};

/// Nothing is waited for longer: a stream that hangs fails the test.
const WAIT_MAX: Duration = Duration::from_mins(1);

/// One event of a stream.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Event {
    pub(crate) position: i64,
    pub(crate) kind: String,
    pub(crate) data: Value,
}

/// What a blank line ends.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Frame {
    Event(Event),
    /// An id without data, and the comments before it.
    Position(i64, Vec<String>),
}

/// Takes bytes as they come and gives frames as they are whole.
#[derive(Debug, Default)]
pub(crate) struct Parser {
    waiting: Vec<u8>,
    /// What a client sends when it comes back.
    pub(crate) last_event_id: Option<String>,
    pub(crate) retry_ms: Option<u64>,
}

impl Parser {
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.waiting.extend_from_slice(bytes);
    }

    pub(crate) fn next(&mut self) -> Option<Frame> {
        let end = self.waiting.windows(2).position(|two| two == b"\n\n")?;
        let frame: Vec<u8> = self.waiting.drain(..end + 2).collect();
        let (mut id, mut kind, mut data, mut comments) = (None, None, Vec::new(), Vec::new());
        for line in std::str::from_utf8(&frame).unwrap().lines().filter(|line| !line.is_empty()) {
            let (field, value) = line.split_once(':').unwrap();
            let value = value.strip_prefix(' ').unwrap_or(value).to_owned();
            match field {
                "" => comments.push(value),
                "id" => id = Some(value),
                "event" => kind = Some(value),
                "data" => data.push(value),
                "retry" => self.retry_ms = Some(value.parse().unwrap()),
                _ => panic!("no such field: {line}"),
            }
        }
        let id = id.expect("every frame moves the position");
        let position = id.parse().unwrap();
        self.last_event_id = Some(id);
        if data.is_empty() {
            return Some(Frame::Position(position, comments));
        }
        let data = serde_json::from_str(&data.join("\n")).unwrap();
        Some(Frame::Event(Event { position, kind: kind.unwrap(), data }))
    }
}

/// An open stream.
pub(crate) struct Stream {
    response: Response,
    pub(crate) parser: Parser,
}

impl Stream {
    /// Opens a stream with a token.
    pub(crate) async fn open(
        service: &Service,
        token: &str,
        path: &str,
        last_event_id: Option<&str>,
    ) -> Result<Self, Answer> {
        let mut request = service.request(Method::GET, path).bearer_auth(token);
        if let Some(id) = last_event_id {
            request = request.header("Last-Event-ID", id);
        }
        let response = request.timeout(WAIT_MAX).send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        if status != 200 {
            return Err(Answer { status, headers, text: response.text().await.unwrap() });
        }
        assert_eq!(headers["content-type"], "text/event-stream");
        Ok(Self { response, parser: Parser::default() })
    }

    /// The next bytes, as they come; none at the stream's proper end.
    pub(crate) async fn bytes(&mut self) -> Option<Vec<u8>> {
        self.response.chunk().await.unwrap().map(Into::into)
    }

    /// The next frame; none at the stream's proper end.
    pub(crate) async fn frame(&mut self) -> Option<Frame> {
        loop {
            if let Some(frame) = self.parser.next() {
                return Some(frame);
            }
            let bytes = self.bytes().await?;
            self.parser.push(&bytes);
        }
    }

    /// The next event, whatever signs of life come before it.
    pub(crate) async fn event(&mut self) -> Option<Event> {
        loop {
            match self.frame().await? {
                Frame::Event(event) => return Some(event),
                Frame::Position(..) => {}
            }
        }
    }

    /// So many events.
    pub(crate) async fn events(&mut self, count: usize) -> Vec<Event> {
        let mut events = Vec::with_capacity(count);
        while events.len() < count {
            events.push(self.event().await.expect("the stream goes on"));
        }
        events
    }
}

/// Opens a caseworker's stream of the tenant `city`.
pub(crate) async fn follow(service: &Service, path: &str, last_event_id: Option<&str>) -> Stream {
    let token = service.token("city", "caseworker").await;
    Stream::open(service, &token, path, last_event_id).await.unwrap()
}

/// Every event of the feed, by pages.
pub(crate) async fn every_event(client: Client<'_>) -> Vec<Value> {
    let (mut after, mut events) = (0, Vec::new());
    loop {
        let page = client.get(&format!("/v1/events?after={after}&limit=1000")).await.expect(200);
        events.extend(page["events"].as_array().unwrap().iter().cloned());
        after = page["next_after"].as_i64().unwrap();
        if page["next_after"] == page["head"] {
            return events;
        }
    }
}

/// The position in an envelope.
pub(crate) fn position(envelope: &Value) -> i64 {
    envelope["sequence"].as_str().unwrap().parse().unwrap()
}

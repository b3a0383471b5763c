//! A client that takes nothing is dropped, and comes back to where it was.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use super::ends::{ended, metric};
use super::reader::{Event, Frame, Parser, every_event, follow, position};
use super::writers::record_large_referrals;
use crate::service::Service;

/// More than the sockets between the two hold.
const REFERRALS: usize = 700;

/// Asks for the stream on a connection of which the test alone decides when it is read.
async fn ask(service: &Service) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(16 * 1024).unwrap();
    let address = service.base.strip_prefix("http://").unwrap();
    let mut connection = socket.connect(address.parse().unwrap()).await.unwrap();
    let token = service.token("city", "caseworker").await;
    let request = format!(
        "GET /v1/events/stream?after=0 HTTP/1.1\r\nHost: here\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\r\n"
    );
    connection.write_all(request.as_bytes()).await.unwrap();
    connection
}

/// Whatever still comes, and whether the connection was cut off.
async fn rest(mut connection: TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    // A connection that was given up ends with an error, after what had arrived.
    let _ = connection.read_to_end(&mut bytes).await;
    bytes
}

/// The bytes of a chunked body, as far as they came.
fn unchunked(answer: &[u8]) -> Vec<u8> {
    let head = answer.windows(4).position(|four| four == b"\r\n\r\n");
    let (mut rest, mut body) = (head.map_or(&[][..], |head| &answer[head + 4..]), Vec::new());
    while let Some(end) = rest.windows(2).position(|two| two == b"\r\n") {
        let size = std::str::from_utf8(&rest[..end]).unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        let from = end + 2;
        body.extend_from_slice(&rest[from.min(rest.len())..rest.len().min(from + size)]);
        rest = rest.get(from + size + 2..).unwrap_or_default();
    }
    body
}

#[tokio::test]
async fn a_client_that_takes_nothing_is_dropped_and_resumes_where_it_was() {
    let settings = [("THROUGHLINE_FEED_READER_WAIT_S", "2"), ("THROUGHLINE_FEED_HEARTBEAT_S", "1")];
    let mut service = Service::start_with(&settings).await;
    record_large_referrals(&service, REFERRALS).await;
    let all = every_event(service.worker()).await;
    let connection = ask(&service).await;
    ended(&service, "slow", 1).await;
    assert_eq!(metric(&service, "throughline_feed_streams").await, 0);

    let mut parser = Parser::default();
    parser.push(&unchunked(&rest(connection).await));
    let mut had: Vec<Event> = Vec::new();
    while let Some(frame) = parser.next() {
        if let Frame::Event(event) = frame {
            had.push(event);
        }
    }
    assert!(had.len() < all.len(), "the sockets held everything");
    let last = parser.last_event_id.take();
    let mut stream = follow(&service, "/v1/events/stream?after=0", last.as_deref()).await;
    had.extend(stream.events(all.len() - had.len()).await);
    let positions: Vec<i64> = had.iter().map(|event| event.position).collect();
    assert_eq!(positions, all.iter().map(position).collect::<Vec<_>>());

    // Nor does one that is deaf now keep a stop waiting.
    let _deaf = ask(&service).await;
    ended(&service, "slow", 2).await;
    assert!(service.terminate().await.success());
}

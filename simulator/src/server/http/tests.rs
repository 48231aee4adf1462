//! Conversations on a pipe, with a clock that stands still unless nothing else can happen.

use tokio::io::{DuplexStream, duplex};
use tokio::task::JoinHandle;

use super::*;

const PATIENCE: Patience = Patience { idle: Duration::from_secs(30), exchange: Duration::from_secs(120) };

/// The client's end of a connection that answers with method, target and body of what it was asked.
fn connection() -> (DuplexStream, JoinHandle<()>) {
    let (client, server) = duplex(64 * 1024);
    let echo = |message: Message| async move {
        let text = format!(
            "{} {} {}",
            message.head.method(),
            message.head.target(),
            String::from_utf8_lossy(&message.body)
        );
        Response { body: text.into_bytes(), ..Response::empty(200) }
    };
    (client, tokio::spawn(converse(server, PATIENCE, 100, echo)))
}

/// Everything that comes back until the connection ends.
async fn everything(mut client: DuplexStream) -> String {
    let mut text = String::new();
    client.read_to_string(&mut text).await.expect("an answer in UTF-8");
    text
}

async fn exchange(sent: &[u8]) -> String {
    let (mut client, _) = connection();
    client.write_all(sent).await.expect("a request can be sent");
    everything(client).await
}

/// The next bytes, which are an answer if it is short.
async fn next(client: &mut DuplexStream) -> String {
    let mut bytes = Vec::new();
    client.read_buf(&mut bytes).await.expect("an answer");
    String::from_utf8(bytes).expect("an answer in UTF-8")
}

#[tokio::test(start_paused = true)]
async fn requests_in_a_row_are_answered_in_order() {
    let text = exchange(
        b"GET /1 HTTP/1.1\r\n\r\nPOST /2 HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcGET /3 HTTP/1.1\r\nConnection: close\r\n\r\n",
    )
    .await;
    let bodies: Vec<&str> = text.split("\r\n\r\n").skip(1).collect();
    assert!(bodies[0].starts_with("GET /1 ") && bodies[1].starts_with("POST /2 abc"), "{text}");
    assert_eq!(bodies[2], "GET /3 ");
    assert_eq!(text.matches("Connection: close").count(), 1);
}

#[tokio::test(start_paused = true)]
async fn chunks_are_put_together() {
    let text = exchange(
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nTrailer: z\r\n\r\n",
    )
    .await;
    assert!(text.ends_with("\r\n\r\nPOST / abcde"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_bad_chunk_is_refused() {
    for chunk in ["x\r\n", "1\r\nabc\r\n", "-3\r\nabc\r\n"] {
        let text =
            exchange(format!("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n{chunk}").as_bytes())
                .await;
        assert!(text.starts_with("HTTP/1.1 400 Bad chunk\r\n"), "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_no_request_is_told_so_in_the_words_of_the_container() {
    assert_eq!(
        exchange(b"GET / HTTP/3.7\r\nHost: a\r\n\r\n").await,
        "HTTP/1.1 505 Unknown Version\r\nContent-Type: text/html;charset=iso-8859-1\r\nContent-Length: 58\r\n\
         Connection: close\r\n\r\n<h1>Bad Message 505</h1><pre>reason: Unknown Version</pre>"
    );
    let line = exchange(format!("GET /{}", "x".repeat(HEAD_BYTES)).as_bytes()).await;
    assert!(line.starts_with("HTTP/1.1 414 "), "{line}");
    let header = exchange(format!("GET / HTTP/1.1\r\nX: {}", "x".repeat(HEAD_BYTES)).as_bytes()).await;
    assert!(header.starts_with("HTTP/1.1 431 "), "{header}");
}

#[tokio::test(start_paused = true)]
async fn the_oldest_clients_get_one_answer_unless_they_ask_for_more() {
    let text = exchange(b"GET /1 HTTP/1.0\r\n\r\nGET /2 HTTP/1.0\r\n\r\n").await;
    assert!(text.ends_with("GET /1 ") && !text.contains("Connection"), "{text}");
    let text = exchange(b"GET /1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /2 HTTP/1.0\r\n\r\n").await;
    assert!(text.contains("Connection: keep-alive") && text.ends_with("GET /2 "), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_waits_for_leave_gets_it() {
    let (mut client, _) = connection();
    let head = b"POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\n";
    client.write_all(head).await.expect("a head can be sent");
    assert_eq!(next(&mut client).await, "HTTP/1.1 100 Continue\r\n\r\n");
    client.write_all(b"ok").await.expect("a body can be sent");
    assert!(everything(client).await.ends_with("POST / ok"));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_nobody_wants_whole_is_cut_off_and_the_connection_ends() {
    let body = "x".repeat(5000);
    let text = exchange(format!("POST / HTTP/1.1\r\nContent-Length: 5000\r\n\r\n{body}").as_bytes()).await;
    assert!(text.contains("Connection: close") && text.ends_with(&"x".repeat(100)), "{text}");
    let chunked = format!("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1388\r\n{body}");
    assert!(exchange(chunked.as_bytes()).await.ends_with(&"x".repeat(100)));
}

#[tokio::test(start_paused = true)]
async fn silence_ends_a_connection_after_half_a_minute() {
    for sent in ["", "GET / HT", "POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n"] {
        let start = Instant::now();
        assert_eq!(exchange(sent.as_bytes()).await, "", "{sent}");
        assert_eq!(start.elapsed(), PATIENCE.idle, "{sent}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_is_kept_for_half_a_minute_after_each_answer() {
    let (mut client, server) = connection();
    for _ in 0..3 {
        tokio::time::advance(Duration::from_secs(29)).await;
        client.write_all(b"GET / HTTP/1.1\r\n\r\n").await.expect("the connection is open");
        assert!(next(&mut client).await.ends_with("GET / "));
    }
    let start = Instant::now();
    server.await.expect("a conversation does not panic");
    assert_eq!(start.elapsed(), PATIENCE.idle);
}

/// A byte every ten seconds is never silence, and still no reason to wait for ever.
async fn drips(head: &[u8], drop: &[u8]) -> Duration {
    let (mut client, server) = connection();
    client.write_all(head).await.expect("a head can be sent");
    let start = Instant::now();
    while client.write_all(drop).await.is_ok() && start.elapsed() < Duration::from_secs(3600) {
        tokio::time::sleep(Duration::from_secs(10)).await;
    }
    assert!(server.is_finished());
    start.elapsed()
}

#[tokio::test(start_paused = true)]
async fn slow_headers_and_bodies_that_never_end_are_not_waited_for() {
    let limit = PATIENCE.exchange + Duration::from_secs(20);
    assert!(drips(b"GET / HTTP/1.1\r\nX: ", b"y").await < limit);
    assert!(drips(b"GET / HTTP/1.1\r\n", b"X: y\r\n").await < limit);
    let body = b"POST / HTTP/1.1\r\nContent-Length: 90\r\n\r\n";
    assert!(drips(body, b"z").await < limit);
    let chunks = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
    assert!(drips(chunks, b"1\r\nz\r\n").await < limit);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_takes_no_answers_is_not_waited_for() {
    let (client, server) = duplex(16);
    let answer = |_| async { Response { body: vec![b'x'; 1000], ..Response::empty(200) } };
    let task = tokio::spawn(converse(server, PATIENCE, 100, answer));
    let (mut client_in, mut client_out) = tokio::io::split(client);
    client_out.write_all(b"GET / HTTP/1.1\r\n\r\n").await.expect("a request can be sent");
    let start = Instant::now();
    task.await.expect("a conversation does not panic");
    assert_eq!(start.elapsed(), PATIENCE.exchange);
    let mut rest = Vec::new();
    client_in.read_to_end(&mut rest).await.expect("what was written");
    assert_eq!(rest.len(), 16);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_says_nothing_more_is_still_answered() {
    let (mut client, _) = connection();
    client.write_all(b"GET / HTTP/1.1\r\n\r\n").await.expect("a request can be sent");
    client.shutdown().await.expect("half of a pipe can be closed");
    assert!(everything(client).await.ends_with("GET / "));
}

#[tokio::test(start_paused = true)]
async fn a_body_ends_with_the_connection_where_the_port_has_it_so() {
    let (mut client, server) = duplex(1024);
    let answer = |_| async {
        Response { body: b"x".to_vec(), closes: true, ends_with_connection: true, ..Response::empty(432) }
    };
    tokio::spawn(converse(server, PATIENCE, 100, answer));
    client.write_all(b"GET / HTTP/1.1\r\n\r\n").await.expect("a request can be sent");
    assert_eq!(everything(client).await, "HTTP/1.1 432 432\r\nConnection: Close\r\n\r\nx");
}

#[tokio::test(start_paused = true)]
async fn the_connection_is_told_behind_the_length_where_apache_does() {
    let (mut client, server) = duplex(1024);
    let answer = |_| async {
        Response {
            headers: vec![
                ("Server", "Apache".into()),
                ("Content-Length", "1".into()),
                ("Content-Type", "a".into()),
            ],
            body: b"x".to_vec(),
            connection_behind_length: true,
            ..Response::empty(200)
        }
    };
    tokio::spawn(converse(server, PATIENCE, 100, answer));
    client.write_all(b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n").await.expect("a request can be sent");
    let expected = "HTTP/1.1 200 OK\r\nServer: Apache\r\nContent-Length: 1\r\nConnection: close\r\nContent-Type: a\r\n\r\nx";
    assert_eq!(everything(client).await, expected);
}

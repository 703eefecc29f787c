//! Servers that answer too much, too slowly, wrongly or not to the end.

use std::io::Write;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use outbound::{Limits, Outbound, Phase, Policy, Refused, Response, StatusCode};

use crate::server::{PUBLIC, Server, Step, answer, client, policy, raw};

const LIMIT: usize = 100_000;

/// A client of `server` with little patience.
fn impatient(server: &Server, idle_ms: u64, total_ms: u64) -> Outbound {
    let plain = policy(&[server], None);
    let limits =
        Limits { idle: Duration::from_millis(idle_ms), total: Duration::from_millis(total_ms), ..plain.limits };
    client(Policy { limits, ..plain })
}

async fn get(script: impl Fn() -> Vec<Step> + Send + Sync + 'static) -> Result<Response, Refused> {
    let server = Server::start(PUBLIC, move |_| script()).await;
    client(policy(&[&server], None)).get(&server.url("/")).send().await
}

fn gzip(bytes: impl Iterator<Item = Vec<u8>>) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    for piece in bytes {
        packed.write_all(&piece).unwrap();
    }
    packed.finish().unwrap()
}

#[tokio::test]
async fn a_body_is_taken_up_to_its_limit_and_not_a_byte_more() {
    for (length, taken) in [(0, true), (1, true), (LIMIT, true), (LIMIT + 1, false)] {
        let body = vec![b'x'; length];
        let chunked = [b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec()]
            .into_iter()
            .chain(body.chunks(777).map(|piece| [format!("{:x}\r\n", piece.len()).as_bytes(), piece, b"\r\n"].concat()))
            .chain([b"0\r\n\r\n".to_vec()])
            .collect::<Vec<_>>()
            .concat();
        let until_close = [b"HTTP/1.1 200 OK\r\n\r\n", body.as_slice()].concat();
        let plain = body.clone();
        let mut results = vec![get(move || answer("200 OK", "", &plain)).await];
        results.push(get(move || vec![Step::Send(chunked.clone())]).await);
        results.push(get(move || raw(until_close.clone())).await);
        for result in results {
            match result {
                Ok(response) if taken => assert_eq!(response.body, body),
                Err(Refused::BodyTooLarge) if !taken => {}
                other => panic!("{length}: {other:?}"),
            }
        }
    }
}

#[tokio::test]
async fn an_announced_giant_is_refused_before_it_comes() {
    let refused = get(|| {
        vec![Step::Send(format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", u64::MAX / 2).into()), Step::Hang]
    });
    assert_eq!(refused.await.unwrap_err(), Refused::BodyTooLarge);
}

#[tokio::test]
async fn an_endless_body_ends_at_the_limit() {
    let chunk = [b"8000\r\n".to_vec(), vec![b'x'; 0x8000], b"\r\n".to_vec()].concat();
    let refused = get(move || {
        let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
        vec![Step::Send(head), Step::Endless(chunk.clone())]
    });
    assert_eq!(refused.await.unwrap_err(), Refused::BodyTooLarge);
}

#[tokio::test]
async fn a_small_answer_that_unpacks_to_a_large_one_ends_at_the_limit() {
    let bomb = gzip((0..64).map(|_| vec![0; 1 << 20]));
    assert!(bomb.len() < LIMIT, "{} bytes for 64 MiB", bomb.len());
    let server = Server::start(PUBLIC, move |request| {
        assert_eq!(request.header("accept-encoding"), Some("gzip"));
        answer("200 OK", "content-encoding: gzip\r\n", &bomb)
    })
    .await;
    let client = client(policy(&[&server], None));
    let mut streamed = client.get(&server.url("/")).stream().await.unwrap();
    let (mut taken, mut largest) = (0, 0);
    let refused = loop {
        match streamed.chunk().await {
            Ok(piece) => {
                let length = piece.expect("it does not end well").len();
                taken += length;
                largest = largest.max(length);
            }
            Err(refused) => break refused,
        }
    };
    assert_eq!(refused, Refused::BodyTooLarge);
    assert!(taken <= LIMIT && largest <= 1 << 16, "{taken} bytes taken, {largest} at once");
    assert_eq!(streamed.chunk().await.unwrap(), None, "it is over");
}

#[tokio::test]
async fn a_packed_answer_is_unpacked() {
    let packed = gzip([b"BEGIN:VCALENDAR".to_vec()].into_iter());
    let response = get(move || answer("200 OK", "content-encoding: gzip\r\n", &packed)).await.unwrap();
    assert_eq!(response.body, "BEGIN:VCALENDAR");
}

#[tokio::test]
async fn an_answer_packed_wrongly_or_unasked_is_refused() {
    let packed = gzip([vec![b'x'; 1000]].into_iter());
    let cut = packed[..packed.len() / 2].to_vec();
    let mut broken = packed.clone();
    broken[0] ^= 0xff;
    for body in [cut, broken, b"not packed at all".to_vec()] {
        let result = get(move || answer("200 OK", "content-encoding: gzip\r\n", &body)).await;
        assert_eq!(result.unwrap_err(), Refused::Encoding);
    }
    for encoding in ["br", "zstd", "deflate", "gzip, gzip", "compress", "gzip, br"] {
        let packed = packed.clone();
        let result = get(move || answer("200 OK", &format!("content-encoding: {encoding}\r\n"), &packed)).await;
        assert_eq!(result.unwrap_err(), Refused::Encoding, "{encoding}");
    }
}

#[tokio::test]
async fn silence_ends_after_the_idle_time() {
    for before in [
        "",
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf",
    ] {
        let server = Server::start(PUBLIC, move |_| vec![Step::Send(before.into()), Step::Hang]).await;
        let result = impatient(&server, 100, 60_000).get(&server.url("/")).send().await;
        assert_eq!(result.unwrap_err(), Refused::Timeout(Phase::Idle), "{before:?}");
    }
}

#[tokio::test]
async fn drops_ever_so_often_do_not_outlast_the_total_time() {
    let sent = |text: &str| Step::Send(text.into());
    let drops = |text: String| Step::Drip(text.into(), Duration::from_millis(20));
    for script in [
        vec![sent("HTTP/1.1 200 OK\r\ncontent-length: 200\r\n\r\n"), drops("x".repeat(200))],
        vec![sent("HTTP/1.1 200 OK\r\n"), drops("x-a: b\r\n".repeat(25)), sent("content-length: 0\r\n\r\n")],
    ] {
        let script = std::sync::Mutex::new(Some(script));
        let server = Server::start(PUBLIC, move |_| script.lock().unwrap().take().expect("one call")).await;
        let result = impatient(&server, 30_000, 500).get(&server.url("/")).send().await;
        assert_eq!(result.unwrap_err(), Refused::Timeout(Phase::Total));
    }
}

#[tokio::test]
async fn interim_answers_without_end_do_not_outlast_the_total_time() {
    let server =
        Server::start(PUBLIC, |_| vec![Step::Endless(b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n".into())]).await;
    let result = impatient(&server, 30_000, 300).get(&server.url("/")).send().await;
    assert_eq!(result.unwrap_err(), Refused::Timeout(Phase::Total));
}

#[tokio::test]
async fn the_time_covers_all_redirects_together() {
    // One hop takes 0.7 s at least, all that may be followed take longer than a call may.
    let server = Server::start(PUBLIC, |_| {
        let slow = vec![Step::Drip(b"HTTP/1.1 302 Found\r\n".to_vec(), Duration::from_millis(35))];
        slow.into_iter().chain([Step::Send(b"location: /\r\ncontent-length: 0\r\n\r\n".to_vec())]).collect()
    })
    .await;
    let result = impatient(&server, 30_000, 2_000).get(&server.url("/")).send().await;
    assert_eq!(result.unwrap_err(), Refused::Timeout(Phase::Total));
}

#[tokio::test]
async fn too_many_or_too_large_headers_are_refused() {
    let many = format!("HTTP/1.1 200 OK\r\n{}content-length: 0\r\n\r\n", "x-a: b\r\n".repeat(5_000));
    let large = format!("HTTP/1.1 200 OK\r\nx-a: {}\r\ncontent-length: 0\r\n\r\n", "b".repeat(40_000));
    let huge = format!("HTTP/1.1 200 OK\r\nx-a: {}\r\ncontent-length: 0\r\n\r\n", "b".repeat(1 << 20));
    for text in [many, large, huge] {
        let result = get(move || raw(text.clone())).await;
        assert_eq!(result.unwrap_err(), Refused::HeadersTooLarge);
    }
    let endless = get(|| vec![Step::Send(b"HTTP/1.1 200 OK\r\nx-a: ".to_vec()), Step::Endless(vec![b'b'; 4096])]);
    assert_eq!(endless.await.unwrap_err(), Refused::HeadersTooLarge);
}

#[tokio::test]
async fn what_two_readers_could_read_differently_is_refused() {
    for text in [
        "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello!",
        "HTTP/1.1 200 OK\r\ncontent-length: 5, 6\r\n\r\nhello!",
        "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: +5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\ncontent-length: 5x\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\ncontent-length: 0x5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length : 5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nx-a: b\r\n folded: c\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nx-a: b\0c\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nx-a\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 20 OK\r\n\r\n",
        "HTTP/1.1 2000 OK\r\n\r\n",
        "HTTP/2.0 200 OK\r\n\r\n",
        "HTTP/0.9 200 OK\r\n\r\n",
        "ICY 200 OK\r\n\r\n",
        "220 mail.example ESMTP\r\n",
        "SSH-2.0-OpenSSH_9.6\r\n",
        "-ERR unknown command 'GET'\r\n",
        "<html>hello</html>",
        "\0\0\0\0",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n-5\r\nhello\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n10000000000000005\r\nhello\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhelloX\r\n0\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n",
    ] {
        let result = get(move || raw(text)).await;
        assert!(matches!(result, Err(Refused::BadResponse | Refused::Cut)), "{text:?}: {result:?}");
    }
}

#[tokio::test]
async fn what_comes_after_an_answer_is_nobodys_answer() {
    let server = Server::start(PUBLIC, |request| match request.path() {
        "/first" => vec![Step::Send(
            b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\noneHTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nforged"
                .to_vec(),
        )],
        _ => answer("200 OK", "", "two"),
    })
    .await;
    let client = client(policy(&[&server], None));
    for _ in 0..20 {
        assert_eq!(client.get(&server.url("/first")).send().await.unwrap().body, "one");
        assert_eq!(client.get(&server.url("/second")).send().await.unwrap().body, "two");
    }
}

#[tokio::test]
async fn an_answer_that_stops_short_is_no_answer() {
    for text in [
        "",
        "HTTP/1.1",
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf of it",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n64\r\nhalf of it",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n",
        "HTTP/1.1 100 Continue\r\n\r\n",
    ] {
        let result = get(move || raw(text)).await;
        assert_eq!(result.unwrap_err(), Refused::Cut, "{text:?}");
    }
}

#[tokio::test]
async fn no_failure_repeats_what_the_other_side_said() {
    let said = "s3cret-of-the-internal-host";
    for text in [
        said.to_owned(),
        format!("HTTP/1.1 200 {said}\r\ncontent-length: x{said}\r\n\r\n{said}"),
        format!("HTTP/1.1 200 OK\r\n{said}\r\n\r\n"),
        format!("HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n{said}"),
        format!("HTTP/1.1 302 {said}\r\nlocation: http://{said}.internal/\r\ncontent-length: 0\r\n\r\n"),
        format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{said}\r\n"),
        format!("HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{said}"),
    ] {
        let refused = get(move || raw(text.clone())).await.unwrap_err();
        let chain = format!("{refused} {refused:?} {:?}", std::error::Error::source(&refused).map(ToString::to_string));
        assert!(!chain.contains("s3cret"), "{chain}");
    }
    let response = get(move || answer("200 OK", "", said)).await.unwrap();
    assert!(!format!("{response:?}").contains("s3cret"));
}

#[tokio::test]
async fn an_error_of_the_server_is_an_answer() {
    for (status, code) in [("404 Not Found", 404), ("500 Oops", 500), ("429 Slow", 429), ("204 Nothing", 204)] {
        let result = get(move || {
            vec![Step::Send(
                format!(
                    "HTTP/1.1 {status}\r\nretry-after: 7\r\n{}\r\n",
                    if code == 204 { "" } else { "content-length: 0\r\n" }
                )
                .into(),
            )]
        })
        .await
        .unwrap();
        assert_eq!(result.status, StatusCode::from_u16(code).unwrap());
        assert_eq!(result.headers["retry-after"], "7");
    }
}

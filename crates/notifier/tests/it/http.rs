use std::time::{Duration, Instant};

use tidegate_notifier::{Notifier, PATIENCE};
use tidegate_notify::{HttpLetter, Letter, Success};
use tidegate_ports::{Again, Courier as _, Undelivered};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    task::JoinHandle,
};

/// A server that answers one request so, and says what it was asked.
async fn server(answer: &'static str) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let asked = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut asked = Vec::new();
        while !is_whole(&asked) {
            let mut piece = [0; 1024];
            let length = stream.read(&mut piece).await.unwrap();
            assert_ne!(length, 0, "the request has no end");
            asked.extend_from_slice(&piece[..length]);
        }
        stream.write_all(answer.as_bytes()).await.unwrap();
        String::from_utf8(asked).unwrap()
    });
    (format!("http://{address}"), asked)
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head
        .lines()
        .find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
    body.len() >= length.unwrap_or(0)
}

fn letter(url: String, success: Success) -> Letter {
    let headers = [
        ("Tidegate-Delivery", "id-1"),
        ("content-type", "text/plain"),
        ("Content-Type", "application/json"),
    ];
    Letter::Http(HttpLetter {
        method: "POST".to_owned(),
        url,
        headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        body: "{\"a\": \"é\"}".to_owned(),
        any_certificate: false,
        success,
    })
}

async fn brought(answer: &'static str, success: Success) -> (Result<(), Undelivered>, String) {
    let (url, asked) = server(answer).await;
    let result =
        Notifier::default().bring(&letter(format!("{url}/hook/secret-path?q=1"), success)).await;
    (result, asked.await.unwrap())
}

#[tokio::test]
async fn a_letter_is_sent_as_it_is_written() {
    let (result, asked) = brought("HTTP/1.1 204 No Content\r\n\r\n", Success::Status).await;
    assert_eq!(result, Ok(()));
    let (head, body) = asked.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST /hook/secret-path?q=1 HTTP/1.1\r\n"), "{head}");
    let head = head.to_lowercase();
    assert!(head.contains("tidegate-delivery: id-1"), "{head}");
    // The last of a name counts.
    assert_eq!(head.matches("content-type: ").count(), 1);
    assert!(head.contains("content-type: application/json"));
    assert_eq!(body, "{\"a\": \"é\"}");
}

#[tokio::test]
async fn what_a_server_asks_for_is_told() {
    let answer =
        "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 7\r\nContent-Length: 4\r\n\r\nslow";
    let undelivered = brought(answer, Success::Status).await.0.unwrap_err();
    assert_eq!(undelivered.again, Again::Later(Some(Duration::from_secs(7))));
    assert_eq!(undelivered.answer.as_deref(), Some("slow"));
    assert!(undelivered.problem.ends_with("answered 429 Too Many Requests"), "{undelivered:?}");
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 41\r\n\r\n{\"ok\": false, \"error\": \"not_in_channel\"}  ";
    let undelivered = brought(answer, Success::Slack).await.0.unwrap_err();
    assert_eq!(undelivered.again, Again::Never);
    assert!(undelivered.problem.ends_with("not_in_channel"), "{undelivered:?}");
}

/// Whoever receives a letter must not choose where else this machine goes.
#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (elsewhere, mut asked) = server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
    let answer = format!(
        "HTTP/1.1 307 Temporary Redirect\r\nLocation: {elsewhere}/\r\nContent-Length: 0\r\n\r\n"
    );
    let undelivered =
        brought(Box::leak(answer.into_boxed_str()), Success::Status).await.0.unwrap_err();
    assert_eq!(undelivered.again, Again::Never);
    assert!(undelivered.problem.contains("which is not followed"), "{undelivered:?}");
    let followed = tokio::time::timeout(Duration::from_millis(300), &mut asked).await;
    assert!(followed.is_err(), "it was followed");
    asked.abort();
}

#[tokio::test]
async fn a_server_that_is_not_there_or_hangs_up_may_be_there_later_and_its_path_is_not_told() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let hangs_up = tokio::spawn(async move { drop(listener.accept().await.unwrap()) });
    for _ in 0..2 {
        let letter = letter(format!("http://{address}/secret-path?q=hidden"), Success::Status);
        let undelivered = Notifier::default().bring(&letter).await.unwrap_err();
        assert_eq!(undelivered.again, Again::Later(None), "{undelivered:?}");
        assert!(undelivered.problem.starts_with(&address.to_string()), "{undelivered:?}");
        for secret in ["secret-path", "hidden"] {
            assert!(!undelivered.problem.contains(secret), "{undelivered:?}");
        }
    }
    hangs_up.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_answers_is_left() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let silent = tokio::spawn(async move {
        let taken = listener.accept().await.unwrap();
        std::future::pending::<()>().await;
        drop(taken);
    });
    let began = Instant::now();
    let undelivered =
        Notifier::default().bring(&letter(format!("http://{address}/"), Success::Status)).await;
    let undelivered = undelivered.unwrap_err();
    assert_eq!(undelivered.again, Again::Later(None));
    assert!(undelivered.problem.contains("no answer within 15 s"), "{undelivered:?}");
    assert!(began.elapsed() < PATIENCE, "the clock was not the test's");
    silent.abort();
}

#[tokio::test]
async fn what_is_no_request_is_never_sent() {
    let broken = |change: fn(&mut HttpLetter)| {
        let Letter::Http(mut letter) = letter("http://127.0.0.1:1/".to_owned(), Success::Status)
        else {
            unreachable!()
        };
        change(&mut letter);
        Letter::Http(letter)
    };
    for letter in [
        broken(|letter| letter.url = "ftp://h".to_owned()),
        broken(|letter| letter.url = "nowhere".to_owned()),
        broken(|letter| letter.method = "P OST".to_owned()),
        broken(|letter| letter.headers.push(("A b".to_owned(), String::new()))),
        broken(|letter| letter.headers.push(("A".to_owned(), "x\r\nB: y".to_owned()))),
    ] {
        let undelivered = Notifier::default().bring(&letter).await.unwrap_err();
        assert_eq!(undelivered.again, Again::Never, "{undelivered:?}");
    }
}

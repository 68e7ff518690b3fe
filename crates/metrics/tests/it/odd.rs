//! Odd servers.

use tidegate_analysis::{Query, WebBody, WebMethod, WebQuery};
use tidegate_metrics::{Environment, MetricClients};
use tidegate_ports::MetricSource as _;
use tokio::net::TcpListener;

use crate::{
    ask, header,
    server::{Server, answer, ok, read},
    web,
};

/// What a web metric makes of an answer; in a problem `HERE` stands for the server.
async fn check(said: &str, expect: Result<&str, &str>) {
    let server = Server::start(&[said]).await;
    let shown = ask(Query::Web(web(&server.url("/m")))).await;
    let here = server.address.to_string();
    let shown = shown.map_err(|problem| problem.replace(&here, "HERE"));
    let head: String = said.chars().take(80).collect();
    assert!(shown == expect.map(str::to_owned).map_err(str::to_owned), "{head:?}: {shown:.200?}");
}

#[tokio::test]
async fn what_servers_say_is_a_value_or_a_sentence() {
    check(&ok("{\"a\":1}"), Ok("{\"a\":1}")).await;
    check(&ok("no json"), Ok("no json")).await;
    check(&answer("204 No Content", "", ""), Ok("")).await;
    check("HTTP/1.1 200 OK\r\n\r\n0.5", Ok("0.5")).await;
    let chunks = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\n0.5\r\n0\r\n\r\n";
    check(chunks, Ok("0.5")).await;
    let status = |status: &str| answer(status, "", "0.5");
    let error = "http://HERE/m: it answered with status 500 Internal Server Error";
    check(&status("500 Internal Server Error"), Err(error)).await;
    let no_location = "http://HERE/m: it answered with status 302 Found";
    check(&status("302 Found"), Err(no_location)).await;
    check("SSH-2.0-OpenSSH_9.2\r\n", Err("http://HERE/m: invalid HTTP version parsed")).await;
    check("", Err("http://HERE/m: connection closed before message completed")).await;
    let short = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n0.5";
    let ended = "http://HERE/m: error reading a body from connection: end of file before message length reached";
    check(short, Err(ended)).await;
}

#[tokio::test]
async fn an_answer_is_read_up_to_four_mebibytes() {
    let fits = "a".repeat(4 << 20);
    check(&ok(&fits), Ok(&fits)).await;
    let long = "a".repeat((4 << 20) + 1);
    check(&ok(&long), Err("http://HERE/m: its answer is longer than 4 MiB")).await;
    let endless = format!("HTTP/1.1 200 OK\r\n\r\n{long}");
    check(&endless, Err("http://HERE/m: its answer is longer than 4 MiB")).await;
}

#[tokio::test]
async fn who_is_not_there_is_told_without_secrets() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let url = format!("http://user:secret@{address}/m?token=secret");
    let problem = ask(Query::Web(web(&url))).await;
    assert_eq!(problem, Err(format!("http://{address}/m: Connection refused (os error 111)")));
    let problem = ask(Query::Web(web("http://nowhere.invalid/"))).await.unwrap_err();
    assert!(problem.starts_with("http://nowhere.invalid/: failed to lookup"), "{problem}");
    let problem = ask(Query::Web(web("nowhere"))).await.unwrap_err();
    assert_eq!(problem, "\"nowhere\" is no URL: write one such as http://host:port/path");
}

#[tokio::test]
async fn who_does_not_answer_is_left() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let query = Query::Web(web(&format!("http://{}/", listener.local_addr().unwrap())));
    let clients = MetricClients::new(Environment::default());
    let asked = tokio::spawn(async move { clients.measure(&query, None).await });
    let (mut stream, _) = listener.accept().await.unwrap();
    let request = read(&mut stream).await;
    assert!(request.starts_with("GET / HTTP/1.1\r\n"), "{request}");
    // The connection ends with the question.
    assert!(!asked.is_finished());
    asked.abort();
    assert_eq!(read(&mut stream).await, "");
}

#[tokio::test]
async fn a_request_is_what_the_metric_says() {
    let server = Server::start(&[&ok("1")]).await;
    let posted = WebQuery {
        method: WebMethod::Post,
        headers: vec![header("X-A", "1"), header("Content-Type", "text/plain"), header("x-a", "2")],
        body: WebBody::Json(serde_json::json!({"a": [1, null]})),
        ..web(&server.url("/a b?c=d"))
    };
    assert_eq!(ask(Query::Web(posted)).await, Ok("1".to_owned()));
    let put = WebQuery {
        method: WebMethod::Put,
        headers: vec![header("Host", "example.com")],
        body: WebBody::Text("a=b".to_owned()),
        ..web(&server.url("").replace("http://", "http://ada:secret@"))
    };
    assert_eq!(ask(Query::Web(put)).await, Ok("1".to_owned()));
    let asked = server.asked();
    let has = |request: &str, line: &str| {
        let found = asked.iter().any(|one| one.starts_with(request) && one.contains(line));
        assert!(found, "{line:?} in {asked:?}");
    };
    has("POST /a%20b?c=d HTTP/1.1\r\n", "\r\n\r\n{\"a\":[1,null]}");
    has("POST", "\r\nx-a: 2\r\n");
    has("POST", "\r\ncontent-type: application/json\r\n");
    has("POST", &format!("\r\nhost: {}\r\n", server.address));
    has("POST", "\r\nuser-agent: tidegate/");
    has("PUT / HTTP/1.1\r\n", "\r\n\r\na=b");
    has("PUT", "\r\nhost: example.com\r\n");
    has("PUT", "\r\nauthorization: Basic YWRhOnNlY3JldA==\r\n");
}

#[tokio::test]
async fn a_header_that_cannot_be_sent_is_told_without_its_value() {
    let with = |one| WebQuery { headers: vec![one], ..web("http://127.0.0.1:1/") };
    let bad = ask(Query::Web(with(header("a b", "c")))).await;
    assert_eq!(bad, Err("\"a b\" is no name of a header".to_owned()));
    let bad = ask(Query::Web(with(header("a", "secret\n")))).await;
    assert_eq!(bad, Err("the value of the header a has signs that none may have".to_owned()));
}

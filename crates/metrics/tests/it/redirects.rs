//! Servers that send their clients elsewhere.

use tidegate_analysis::{Query, WebBody, WebMethod, WebQuery};

use crate::{
    ask, header,
    server::{Server, answer, ok},
    web,
};

fn to(status: &str, location: &str) -> String {
    answer(status, &format!("location: {location}\r\n"), "")
}

fn posted(url: &str) -> Query {
    Query::Web(WebQuery {
        method: WebMethod::Post,
        headers: vec![header("Authorization", "Bearer secret"), header("X-A", "1")],
        body: WebBody::Text("body".to_owned()),
        ..web(url)
    })
}

#[tokio::test]
async fn after_most_redirects_a_post_is_a_get() {
    for status in ["301 Moved", "302 Found", "303 See Other"] {
        let server = Server::start(&[&to(status, "/there?a=b"), &ok("1")]).await;
        assert_eq!(ask(posted(&server.url("/x/y"))).await, Ok("1".to_owned()));
        let asked = server.asked();
        assert!(asked[0].starts_with("POST /x/y") && asked[0].ends_with("\r\n\r\nbody"));
        assert!(asked[1].starts_with("GET /there?a=b") && asked[1].ends_with("\r\n\r\n"));
        assert!(asked[1].contains("authorization: Bearer secret"), "{asked:?}");
    }
}

#[tokio::test]
async fn after_307_and_308_it_is_the_same() {
    for status in ["307 Temporary Redirect", "308 Permanent Redirect"] {
        let server = Server::start(&[&to(status, "z"), &ok("1")]).await;
        assert_eq!(ask(posted(&server.url("/x/y"))).await, Ok("1".to_owned()));
        let asked = &server.asked()[1];
        assert!(asked.starts_with("POST /x/z") && asked.ends_with("\r\n\r\nbody"), "{asked}");
    }
}

#[tokio::test]
async fn another_host_gets_no_secrets() {
    let other = Server::start(&[&ok("1")]).await;
    let elsewhere = format!("http://localhost:{}/", other.address.port());
    let server = Server::start(&[&to("307 Temporary Redirect", &elsewhere)]).await;
    assert_eq!(ask(posted(&server.url("/"))).await, Ok("1".to_owned()));
    let asked = &other.asked()[0];
    assert!(asked.contains("x-a: 1") && !asked.contains("secret"), "{asked}");
}

#[tokio::test]
async fn a_loop_ends() {
    let server = Server::start(&[&to("302 Found", "/")]).await;
    let here = server.url("/");
    let problem = ask(Query::Web(web(&here))).await;
    assert_eq!(problem, Err(format!("{here}: it was redirected more than 10 times")));
    assert_eq!(server.asked().len(), 11);
    let server = Server::start(&[&to("302 Found", "ftp://elsewhere/")]).await;
    let problem = ask(Query::Web(web(&server.url("/")))).await.unwrap_err();
    assert!(problem.contains("\"ftp://elsewhere/\" is no URL"), "{problem}");
}

//! Clients that ask for a token first, and names and passwords.

use tidegate_analysis::{BasicAuth, OAuth2, PrometheusQuery, Query, SigV4, WebQuery};

use crate::{
    ask, prometheus,
    server::{Server, answer, ok},
    web,
};

fn client(url: &str) -> OAuth2 {
    OAuth2 {
        token_url: url.to_owned(),
        client_id: "my id".to_owned(),
        client_secret: "p:w".to_owned(),
        scopes: vec!["a".to_owned(), "b".to_owned()],
    }
}

const TOKEN: &str = r#"{"access_token":"t0k","token_type":"bearer","expires_in":60}"#;

#[tokio::test]
async fn a_question_is_asked_with_a_token() {
    let tokens = Server::start(&[&ok(TOKEN)]).await;
    let server = Server::start(&[&ok("1")]).await;
    let query = WebQuery { oauth2: Some(client(&tokens.url("/token"))), ..web(&server.url("/")) };
    assert_eq!(ask(Query::Web(query)).await, Ok("1".to_owned()));
    let asked = &tokens.asked()[0];
    assert!(asked.starts_with("POST /token HTTP/1.1\r\n"), "{asked}");
    // my+id:p%3Aw
    assert!(asked.contains("authorization: Basic bXkraWQ6cCUzQXc=\r\n"), "{asked}");
    assert!(asked.ends_with("\r\n\r\ngrant_type=client_credentials&scope=a+b"), "{asked}");
    assert!(server.asked()[0].contains("authorization: Bearer t0k\r\n"));
}

#[tokio::test]
async fn a_server_that_takes_no_header_gets_the_password_in_the_body() {
    let tokens = Server::start(&[&answer("401 Unauthorized", "", ""), &ok(TOKEN)]).await;
    let one = r#"{"status":"success","data":{"resultType":"scalar","result":[1,"1"]}}"#;
    let server = Server::start(&[&ok(one)]).await;
    let query = PrometheusQuery {
        oauth2: Some(client(&tokens.url("/token"))),
        ..prometheus(&server.url(""))
    };
    assert_eq!(ask(Query::Prometheus(query)).await, Ok("1".to_owned()));
    let asked = &tokens.asked()[1];
    assert!(!asked.contains("authorization"), "{asked}");
    assert!(asked.ends_with("&client_id=my+id&client_secret=p%3Aw"), "{asked}");
    assert!(server.asked()[0].contains("authorization: Bearer t0k\r\n"));
}

#[tokio::test]
async fn without_a_token_nothing_is_asked() {
    let refused = answer("400 Bad Request", "", r#"{"error":"invalid_scope"}"#);
    let tokens = Server::start(&[&refused]).await;
    let server = Server::start(&[&ok("1")]).await;
    let url = tokens.url("/token");
    let query = WebQuery { oauth2: Some(client(&url)), ..web(&server.url("/")) };
    let problem = ask(Query::Web(query)).await.unwrap_err();
    assert_eq!(problem, format!("{url}: it gives no token: invalid_scope"));
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn a_web_server_is_asked_with_a_name_and_password() {
    let server = Server::start(&[&ok("1")]).await;
    let auth = BasicAuth { username: "ada".into(), password: "secret".into() };
    let query = WebQuery { basic_auth: Some(auth), ..web(&server.url("/")) };
    assert_eq!(ask(Query::Web(query)).await, Ok("1".to_owned()));
    assert!(server.asked()[0].contains("authorization: Basic YWRhOnNlY3JldA==\r\n"));
}

#[tokio::test]
async fn a_prometheus_that_is_not_amazons_is_sent_no_signature() {
    let one = r#"{"status":"success","data":{"resultType":"scalar","result":[1,"1"]}}"#;
    let server = Server::start(&[&ok(one)]).await;
    let sigv4 = Some(SigV4 { region: "us-east-1".to_owned() });
    let query = PrometheusQuery { sigv4, ..prometheus(&server.url("")) };
    assert_eq!(ask(Query::Prometheus(query)).await, Ok("1".to_owned()));
    assert!(!server.asked()[0].contains("authorization"));
}

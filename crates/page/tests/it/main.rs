//! What a browser gets of the page, whether it was built or is the plain one.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use axum::{
    body::Body,
    http::{Request, Response, StatusCode},
};
use http_body_util::BodyExt as _;
use tidegate_page::{EMBEDDED, VIEWS, routes};
use tower::ServiceExt as _;

async fn get(path: &str, headers: &[(&str, &str)]) -> Response<Body> {
    let asked =
        headers.iter().fold(Request::get(path), |asked, (name, value)| asked.header(*name, *value));
    routes().oneshot(asked.body(Body::empty()).unwrap()).await.unwrap()
}

fn header<'a>(answer: &'a Response<Body>, name: &str) -> &'a str {
    answer.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

async fn body(answer: Response<Body>) -> Vec<u8> {
    answer.into_body().collect().await.unwrap().to_bytes().to_vec()
}

#[tokio::test]
async fn every_view_answers_with_the_page() {
    let index = EMBEDDED.iter().find(|asset| asset.path == "index.html").unwrap();
    for view in VIEWS {
        let path = view.replace("{*rest}", "shop/web");
        let answer = get(&path, &[]).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        assert_eq!(header(&answer, "content-type"), "text/html; charset=utf-8");
        assert_eq!(header(&answer, "cache-control"), "no-cache");
        assert_eq!(body(answer).await, index.plain, "{path}");
    }
}

#[tokio::test]
async fn no_script_or_style_may_stand_in_the_document() {
    let answer = get("/", &[]).await;
    let policy = header(&answer, "content-security-policy").to_owned();
    assert!(
        policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"),
        "{policy}"
    );
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(header(&answer, "x-content-type-options"), "nosniff");
    let document = String::from_utf8(body(answer).await).unwrap();
    assert!(!document.contains("<style"), "{document}");
    assert!(!document.contains(" style="), "{document}");
    let scripts = document.matches("<script").count();
    assert_eq!(scripts, document.matches("src=\"/assets/").count(), "{document}");
}

#[tokio::test]
async fn who_has_the_page_is_not_sent_it_again() {
    let first = get("/", &[("accept-encoding", "br")]).await;
    let tag = header(&first, "etag").to_owned();
    assert!(tag.starts_with('"') && tag.ends_with('"'), "{tag}");
    for known in [tag.clone(), format!("\"other\", W/{tag}"), "*".to_owned()] {
        let again = get("/", &[("accept-encoding", "br"), ("if-none-match", &known)]).await;
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED, "{known}");
        assert_eq!(header(&again, "etag"), tag);
        assert!(body(again).await.is_empty());
    }
    let other = get("/", &[("accept-encoding", "br"), ("if-none-match", "\"other\"")]).await;
    assert_eq!(other.status(), StatusCode::OK);
}

#[tokio::test]
async fn what_is_named_by_its_content_is_kept_for_ever() {
    for asset in EMBEDDED.iter().filter(|asset| asset.path.starts_with("assets/")) {
        let path = format!("/{}", asset.path);
        let answer = get(&path, &[("accept-encoding", "gzip, br")]).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        assert_eq!(header(&answer, "cache-control"), "public, max-age=31536000, immutable");
        let coding = header(&answer, "content-encoding").to_owned();
        assert_eq!(coding == "br", asset.brotli.is_some(), "{path}: {coding}");
        let plain = get(&path, &[]).await;
        assert_eq!(header(&plain, "content-encoding"), "");
        assert_eq!(body(plain).await, asset.plain);
    }
}

#[tokio::test]
async fn there_is_nothing_beside_the_page() {
    for path in
        ["/assets/none.js", "/assets/../index.html", "/assets/%2e%2e/Cargo.toml", "/nowhere"]
    {
        let answer = get(path, &[]).await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
    }
}

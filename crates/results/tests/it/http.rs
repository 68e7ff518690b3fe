//! Requests as they go over the wire: those that no official client sends are refused.

use std::{
    fmt::Write as _,
    net::{Ipv4Addr, SocketAddr},
};

use serde_json::{Value, json};
use tidegate_results::{Digest, Error, Grant, Limits, Server};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::bed::{Bed, DAY, HOUR, files, grant, noise};

const ARTIFACTS: &str = "/twirp/github.actions.results.api.v1.ArtifactService";
const CACHES: &str = "/twirp/github.actions.results.api.v1.CacheService";

struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The value of a header, in lower case.
    fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

/// One request on a connection of its own.
async fn ask(
    server: &Server,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Answer {
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    let length = body.len();
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n");
    for (name, value) in headers {
        write!(head, "{name}: {value}\r\n").unwrap();
    }
    head.push_str("Connection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    // The server may answer before it has all of it, and close.
    drop(stream.write_all(body).await);
    let mut answer = Vec::new();
    drop(stream.read_to_end(&mut answer).await);
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let head = String::from_utf8(answer[..end].to_vec()).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, head, body: answer[end + 4..].to_vec() }
}

async fn call(server: &Server, token: &str, path: &str, message: &Value) -> Answer {
    let bearer = format!("Bearer {token}");
    let headers = [("Authorization", &*bearer), ("Content-Type", "application/json")];
    ask(server, "POST", path, &headers, message.to_string().as_bytes()).await
}

/// The path of an address that the server signed.
fn path_of(address: &Value) -> String {
    let address = address.as_str().unwrap();
    let (_, path) = address.strip_prefix("http://").unwrap().split_once('/').unwrap();
    format!("/{path}")
}

fn ids(run: &str, job: &str, name: &str) -> Value {
    json!({ "workflow_run_backend_id": run, "workflow_job_run_backend_id": job, "name": name })
}

/// Begins an artifact `x` and returns where its bytes go.
async fn begin(server: &Server, token: &str) -> String {
    let path = format!("{ARTIFACTS}/CreateArtifact");
    let made = call(server, token, &path, &ids("run", "job", "x")).await;
    assert_eq!(made.status, 200, "{}", String::from_utf8_lossy(&made.body));
    path_of(&made.json()["signed_upload_url"])
}

async fn finalize(server: &Server, token: &str, size: usize, hash: Option<Digest>) -> Answer {
    let mut message = ids("run", "job", "x");
    message["size"] = json!(size.to_string());
    message["hash"] = json!(hash.map(|hash| format!("sha256:{hash}")));
    call(server, token, &format!("{ARTIFACTS}/FinalizeArtifact"), &message).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_of_its_own_run_and_job_alone() {
    let bed = Bed::new();
    let server = bed.serve().await;
    let token = server.token(&grant("run", "job"), HOUR).unwrap();
    let check = async |token: &str, method: &str, message: Value, status: u16, code: &str| {
        let answer = call(&server, token, &format!("{ARTIFACTS}/{method}"), &message).await;
        assert_eq!(
            (answer.status, answer.json()["code"].as_str().unwrap()),
            (status, code),
            "{method}"
        );
    };
    for method in ["CreateArtifact", "FinalizeArtifact"] {
        check(&token, method, ids("run", "other", "x"), 403, "permission_denied").await;
    }
    for method in ["CreateArtifact", "ListArtifacts", "GetSignedArtifactURL", "DeleteArtifact"] {
        check(&token, method, ids("other", "job", "x"), 403, "permission_denied").await;
        check("none", method, ids("run", "job", "x"), 401, "unauthenticated").await;
    }
    check(&token, "GetSignedArtifactURL", ids("run", "job", "x"), 404, "not_found").await;
    check(&token, "FinalizeArtifact", ids("run", "job", "x"), 404, "not_found").await;
    check(&token, "CreateArtifact", ids("run", "job", "a/b"), 400, "invalid_argument").await;
    check(&token, "CreateArtifact", json!([]), 403, "permission_denied").await;
    check(&token, "Nothing", ids("run", "job", "x"), 404, "bad_route").await;
    let large = ids("run", "job", &"x".repeat(200_000));
    let answer = call(&server, &token, &format!("{ARTIFACTS}/CreateArtifact"), &large).await;
    assert_eq!(answer.status, 413);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_of_what_it_was_signed_for_and_expires() {
    let bed = Bed::new();
    let server = bed.serve().await;
    let token = server.token(&grant("run", "job"), DAY).unwrap();
    let path = begin(&server, &token).await;
    let other = path.replace("/uploads/1", "/uploads/2");
    let later = path.replace("?se=1", "?se=2");
    let unsigned = path.split('?').next().unwrap();
    for path in [&*other, &*later, unsigned, &*path.replace("/uploads/", "/artifacts/")] {
        let method = if path.contains("artifacts") { "GET" } else { "PUT" };
        let answer = ask(&server, method, path, &[], b"x").await;
        assert_eq!(answer.status, 403, "{path}");
        assert_eq!(answer.header("x-ms-error-code"), Some("AuthenticationFailed"));
    }
    assert_eq!(ask(&server, "PUT", &path, &[], b"x").await.status, 201);
    bed.time.pass(Limits::default().upload);
    assert_eq!(ask(&server, "PUT", &path, &[], b"x").await.status, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_what_was_announced_is_no_artifact() {
    let bed = Bed::new();
    let server = bed.serve().await;
    let token = server.token(&grant("run", "job"), HOUR).unwrap();
    let path = begin(&server, &token).await;
    assert_eq!(finalize(&server, &token, 0, None).await.status, 412, "nothing was sent");
    ask(&server, "PUT", &path, &[], b"abc").await;
    assert_eq!(finalize(&server, &token, 3, Some(Digest::of(b"abd"))).await.status, 412);
    assert_eq!(finalize(&server, &token, 4, None).await.status, 412);
    assert!(bed.store.artifacts("run").unwrap().is_empty());
    // What is sent again takes the place of what was.
    ask(&server, "PUT", &path, &[], b"abd").await;
    assert_eq!(bed.blobs(), 1);
    assert_eq!(finalize(&server, &token, 3, Some(Digest::of(b"abd"))).await.status, 200);
    assert_eq!(ask(&server, "PUT", &path, &[], b"xyz").await.status, 404, "it does not change");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_breaks_leaves_nothing_and_is_not_in_the_way() {
    let bed = Bed::new();
    let server = bed.serve().await;
    let token = server.token(&grant("run", "job"), HOUR).unwrap();
    let path = begin(&server, &token).await;
    for comp in ["", "&comp=block&blockid=YQ=="] {
        let mut stream = TcpStream::connect(server.address()).await.unwrap();
        let head =
            format!("PUT {path}{comp} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&noise(1, 500_000)).await.unwrap();
        stream.shutdown().await.unwrap();
        // It is over when the server has closed the connection too.
        let mut rest = Vec::new();
        drop(stream.read_to_end(&mut rest).await);
    }
    let list = b"<BlockList><Latest>YQ==</Latest></BlockList>";
    let list = ask(&server, "PUT", &format!("{path}&comp=blocklist"), &[], list).await;
    assert_eq!(list.status, 400, "a block that broke off was never sent");
    assert_eq!(bed.blobs(), 0);
    ask(&server, "PUT", &path, &[], b"abc").await;
    assert_eq!(finalize(&server, &token, 3, None).await.status, 200);
    assert_eq!(files(&bed.folder.path().join("store/incoming")).len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_are_put_together_in_the_order_of_their_list() {
    let bed =
        Bed::with(Limits { block_bytes: 10, blocks: 3, artifact_bytes: 25, ..Limits::default() });
    let server = bed.serve().await;
    let token = server.token(&grant("run", "job"), HOUR).unwrap();
    let path = begin(&server, &token).await;
    let put = async |comp: &str, body: &[u8]| {
        ask(&server, "PUT", &format!("{path}&comp={comp}"), &[], body).await.status
    };
    assert_eq!(put("block&blockid=YQ==", b"first").await, 201);
    assert_eq!(put("block&blockid=Yg==", b"second").await, 201);
    assert_eq!(put("block&blockid=Yg==", b"again").await, 201);
    assert_eq!(put("block&blockid=Yw==", b"eleven byte").await, 413);
    assert_eq!(put("block", b"x").await, 400);
    assert_eq!(put(&format!("block&blockid={}", "a".repeat(89)), b"x").await, 400);
    assert_eq!(put("block&blockid=..%2F..%2Fx", b"0123456789").await, 201);
    assert_eq!(put("block&blockid=ZA==", b"x").await, 413, "a fourth block");
    assert_eq!(put("block&blockid=YQ==", b"0123456789").await, 201);
    assert_eq!(put("block&blockid=Yg==", b"123456").await, 413, "a byte too many in all");
    assert_eq!(put("page", b"x").await, 400);
    let list =
        b"<BlockList><Latest>Yg==</Latest><Latest>YQ==</Latest><Latest>Yg==</Latest></BlockList>";
    // The same list again changes nothing: the client asks again where an answer was lost.
    for _ in 0..2 {
        assert_eq!(put("blocklist", list).await, 201);
    }
    let hash = Digest::of(b"again0123456789again");
    assert_eq!(finalize(&server, &token, 20, Some(hash)).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn blobs_go_out_as_azure_sends_them() {
    let bed = Bed::new();
    let server = bed.serve().await;
    let token = server.token(&grant("run", "job"), HOUR).unwrap();
    let path = begin(&server, &token).await;
    let put = ask(&server, "PUT", &path, &[("x-ms-blob-type", "BlockBlob")], b"0123456789").await;
    let etag = put.header("etag").unwrap().to_owned();
    let again = ask(&server, "PUT", &path, &[("If-None-Match", "*")], b"x").await;
    assert_eq!((again.status, again.header("x-ms-error-code")), (409, Some("BlobAlreadyExists")));
    assert_eq!(
        ask(&server, "PUT", &path, &[("x-ms-blob-type", "PageBlob")], b"x").await.status,
        400
    );
    finalize(&server, &token, 10, None).await;
    let method = format!("{ARTIFACTS}/GetSignedArtifactURL");
    let signed = call(&server, &token, &method, &ids("run", "job", "x")).await;
    let path = path_of(&signed.json()["signed_url"]);
    let get = async |headers: &[(&str, &str)]| ask(&server, "GET", &path, headers, b"").await;

    let whole = get(&[("x-ms-version", "2025-01-05")]).await;
    assert_eq!((whole.status, &*whole.body), (200, &b"0123456789"[..]));
    for (name, value) in [
        ("content-type", "application/zip"),
        ("content-length", "10"),
        ("etag", &*etag),
        ("last-modified", "Thu, 01 Jan 2026 00:00:00 GMT"),
        ("accept-ranges", "bytes"),
        ("content-disposition", "attachment; filename=\"x.zip\"; filename*=UTF-8''x.zip"),
        ("x-ms-blob-type", "BlockBlob"),
        ("x-ms-version", "2025-01-05"),
    ] {
        assert_eq!(whole.header(name), Some(value));
    }
    let head = ask(&server, "HEAD", &path, &[], b"").await;
    assert_eq!((head.status, head.header("content-length"), head.body.len()), (200, Some("10"), 0));
    // Azure's own header goes before HTTP's.
    let part =
        get(&[("x-ms-range", "bytes=2-4"), ("Range", "bytes=0-0"), ("If-Match", &etag)]).await;
    assert_eq!((part.status, &*part.body), (206, &b"234"[..]));
    assert_eq!(part.header("content-range"), Some("bytes 2-4/10"));
    assert_eq!(get(&[("Range", "bytes=10-")]).await.status, 416);
    assert_eq!(get(&[("If-Match", "\"0x0\"")]).await.status, 412);
    assert_eq!(get(&[("If-None-Match", &etag)]).await.status, 304);
    bed.time.pass(Limits::default().download);
    assert_eq!(get(&[]).await.status, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn caches_are_also_asked_for_in_protobuf() {
    let bed = Bed::new();
    let server = bed.serve().await;
    let token = server.token(&grant("run", "job"), HOUR).unwrap();
    let bearer = format!("Bearer {token}");
    let headers = [("Authorization", &*bearer), ("Content-Type", "application/protobuf")];
    let call = async |method: &str, body: &[u8]| {
        let answer = ask(&server, "POST", &format!("{CACHES}/{method}"), &headers, body).await;
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (200, Some("application/protobuf"))
        );
        answer.body
    };
    // key = 2, version = 3; ok = 1, signed_upload_url = 2
    let made = call("CreateCacheEntry", b"\x12\x01k\x1a\x01v").await;
    assert_eq!(&made[..3], b"\x08\x01\x12");
    let path = path_of(&json!(std::str::from_utf8(&made[4..]).unwrap()));
    assert_eq!(ask(&server, "PUT", &path, &[], b"abc").await.status, 201);
    // key = 2, size_bytes = 3, version = 4; ok = 1, entry_id = 2
    let done = call("FinalizeCacheEntryUpload", b"\x12\x01k\x18\x03\x22\x01v").await;
    assert_eq!(done, b"\x08\x01\x10\x01");
    // key = 2, restore_keys = 3, version = 4; ok = 1, signed_download_url = 2, matched_key = 3
    let found = call("GetCacheEntryDownloadURL", b"\x12\x02kk\x1a\x01k\x22\x01v").await;
    assert!(found.starts_with(b"\x08\x01\x12") && found.ends_with(b"\x1a\x01k"));
    assert_eq!(call("GetCacheEntryDownloadURL", b"\x12\x01x\x22\x01v").await, b"");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_saves_so_many_caches_at_once() {
    let bed = Bed::with(Limits { cache_uploads_of_job: 2, ..Limits::default() });
    let server = bed.serve().await;
    let token = server.token(&grant("run", "job"), HOUR).unwrap();
    let path = format!("{CACHES}/CreateCacheEntry");
    for (key, status) in [("a", 200), ("b", 200), ("c", 400), ("a", 200)] {
        let message = json!({ "key": key, "version": "v" });
        assert_eq!(call(&server, &token, &path, &message).await.status, status, "{key}");
    }
    // What never ended is given up.
    bed.time.pass(Limits::default().upload + HOUR);
    assert_eq!(bed.store.sweep().unwrap().uploads, 2);
    let token = server.token(&grant("run", "job"), HOUR).unwrap();
    let message = json!({ "key": "c", "version": "v" });
    assert_eq!(call(&server, &token, &path, &message).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn ranges_of_a_cache_leave_no_gap_and_are_of_its_own_job() {
    let bed = Bed::new();
    let server = bed.serve().await;
    let token = |job| server.token(&grant("run", job), HOUR).unwrap();
    let (own, other) = (format!("Bearer {}", token("job")), format!("Bearer {}", token("other")));
    let json = ("Content-Type", "application/json");
    let post = async |path: &str, bearer: &str, body: Value| {
        let headers = [("Authorization", bearer), json];
        let path = format!("/_apis/artifactcache/{path}");
        ask(&server, "POST", &path, &headers, body.to_string().as_bytes()).await
    };
    let patch = async |bearer: &str, range: &str, body: &[u8]| {
        let headers = [("Authorization", bearer), ("Content-Range", range)];
        ask(&server, "PATCH", "/_apis/artifactcache/caches/1", &headers, body).await.status
    };
    let key = json!({ "key": "k", "version": "v", "cacheSize": 6 });
    let reserved = post("caches", &own, key.clone()).await;
    assert_eq!((reserved.status, reserved.json()), (201, json!({ "cacheId": 1 })));
    assert_eq!(post("caches", &other, key).await.status, 409);
    assert_eq!(patch(&other, "bytes 0-2/*", b"abc").await, 403);
    assert_eq!(patch("Bearer x", "bytes 0-2/*", b"abc").await, 403);
    assert_eq!(patch(&own, "bytes 0-9/*", b"abc").await, 400);
    assert_eq!(patch(&own, "0-2", b"abc").await, 400);
    assert_eq!(patch(&own, "bytes 3-5/*", b"def").await, 204);
    let gap = post("caches/1", &own, json!({ "size": 6 })).await;
    assert_eq!(gap.status, 400, "a gap");
    assert!(gap.json()["message"].as_str().unwrap().contains("after byte 0 comes byte 3"));
    assert_eq!(patch(&own, "bytes 0-2/*", b"abc").await, 204);
    assert_eq!(post("caches/1", &other, json!({ "size": 6 })).await.status, 403);
    assert_eq!(post("caches/1", &own, json!({ "size": 5 })).await.status, 400);
    assert_eq!(post("caches/1", &own, json!({ "size": 6 })).await.status, 204);
    let headers = [("Authorization", &*other)];
    let query = "/_apis/artifactcache/cache?keys=x,k&version=v";
    let found = ask(&server, "GET", query, &headers, b"").await.json();
    assert_eq!((&found["cacheKey"], &found["scope"]), (&json!("k"), &json!("refs/heads/main")));
    let fetched = ask(&server, "GET", &path_of(&found["archiveLocation"]), &[], b"").await;
    assert_eq!(fetched.body, b"abcdef");
    let listed = ask(&server, "GET", "/_apis/artifactcache/caches?key=", &headers, b"").await;
    assert_eq!(listed.json()["totalCount"], 1);
    let large = json!({ "key": "l", "version": "v", "cacheSize": 11_u64 << 30 });
    assert_eq!(post("caches", &own, large).await.status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_goes_on_after_a_restart() {
    let bed = Bed::new();
    let server = bed.serve().await;
    let token = server.token(&grant("run", "job"), HOUR).unwrap();
    let path = begin(&server, &token).await;
    assert_eq!(ask(&server, "PUT", &path, &[], b"abc").await.status, 201);
    server.stop().await;
    let bed = bed.reopen();
    let server = bed.serve().await;
    assert_eq!(finalize(&server, &token, 3, Some(Digest::of(b"abc"))).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_listens_on_loopback_alone() {
    let bed = Bed::new();
    let everywhere = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
    let refused = Server::start(bed.store.clone(), everywhere).await.err().unwrap();
    assert!(matches!(refused, Error::Invalid(_)));
    let server = bed.serve().await;
    let wrong = Grant { run: "a:b".to_owned(), ..grant("run", "job") };
    assert!(matches!(server.token(&wrong, HOUR), Err(Error::Invalid(_))));
}

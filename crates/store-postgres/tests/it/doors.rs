//! How a store signs in: TLS and passwords.

use std::{fs, path::Path, sync::OnceLock, time::Duration};

use base64::{Engine as _, prelude::BASE64_STANDARD as STANDARD};
use tempfile::TempDir;
use tidegate_ports::StoreError;
use tidegate_store_postgres::{Address, PostgresStore, Settings};
use tidegate_testkit::postgres::{Postgres, own};

/// A server that speaks TLS and asks for a password, with the certificate of its authority.
struct House {
    server: Postgres,
    folder: TempDir,
}

fn house() -> &'static House {
    static HOUSE: OnceLock<House> = OnceLock::new();
    HOUSE.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let (key, certificate) = (folder.path().join("key"), folder.path().join("certificate"));
        certify(&key, &certificate);
        // What the server reads is its own.
        own(folder.path());
        let file = |name: &str, path: &Path| format!("{name}={}", path.display());
        let server = Postgres::start(&[
            "ssl=on",
            &file("ssl_key_file", &key),
            &file("ssl_cert_file", &certificate),
        ]);
        server.sql("postgres", "CREATE ROLE ada SUPERUSER LOGIN PASSWORD 's3cret'");
        let rules =
            "hostssl all ada 127.0.0.1/32 scram-sha-256\nhost all tidegate 127.0.0.1/32 trust\n";
        fs::write(server.data().join("pg_hba.conf"), rules).unwrap();
        server.sql("postgres", "SELECT pg_reload_conf()");
        House { server, folder }
    })
}

/// A certificate for `localhost`, and its key.
fn certify(key: &Path, certificate: &Path) {
    let issued = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    fs::write(key, pem("PRIVATE KEY", &issued.signing_key.serialize_der())).unwrap();
    fs::write(certificate, pem("CERTIFICATE", issued.cert.der())).unwrap();
    own(key);
    let rights = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    fs::set_permissions(key, rights).unwrap();
}

fn pem(what: &str, bytes: &[u8]) -> String {
    let text = STANDARD.encode(bytes);
    let lines: Vec<_> = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
    format!("-----BEGIN {what}-----\n{}\n-----END {what}-----\n", lines.join("\n"))
}

async fn enter(host: &str, query: &str, password: &str) -> Result<PostgresStore, StoreError> {
    let port = house().server.port();
    let url = format!("postgres://ada@{host}:{port}/postgres?{query}");
    let variable = |name: &str| (name == "PGPASSWORD").then(|| password.to_owned());
    let mut settings = Settings::default();
    settings.times.patience = Duration::from_millis(300);
    PostgresStore::open(Address::parse(&url, variable).unwrap(), settings).await
}

#[track_caller]
fn check_refused(outcome: Result<PostgresStore, StoreError>, why: &str) {
    let error = outcome.unwrap_err().to_string();
    assert!(error.contains(why), "{error}");
    assert!(!error.contains("s3cret"), "{error}");
}

#[tokio::test]
async fn a_server_proves_who_it_is_where_that_is_asked() {
    let authority = format!("sslrootcert={}", house().folder.path().join("certificate").display());
    let full = format!("sslmode=verify-full&{authority}");
    enter("localhost", &full, "s3cret").await.unwrap();
    enter("127.0.0.1", "sslmode=require", "s3cret").await.unwrap();
    check_refused(enter("127.0.0.1", &full, "s3cret").await, "not valid for name");
    check_refused(enter("localhost", "sslmode=verify-full", "s3cret").await, "certificate");
    let other = tempfile::tempdir().unwrap();
    let path = other.path().join("certificate");
    certify(&other.path().join("key"), &path);
    let wrong = format!("sslmode=verify-full&sslrootcert={}", path.display());
    check_refused(enter("localhost", &wrong, "s3cret").await, "certificate");
    check_refused(
        enter("localhost", "sslmode=verify-full&sslrootcert=/nowhere", "s3cret").await,
        "sslrootcert cannot be used: /nowhere",
    );
    check_refused(enter("localhost", "sslmode=disable", "s3cret").await, "no encryption");
}

#[tokio::test]
async fn a_wrong_password_is_told_and_not_shown() {
    let refused = enter("localhost", "sslmode=require", "wrong-s3cret").await;
    check_refused(refused, "password authentication failed");
    let file = house().folder.path().join("passwords");
    fs::write(&file, "localhost:*:postgres:ada:s3cret").unwrap();
    let rights = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    fs::set_permissions(&file, rights).unwrap();
    let url = format!(
        "postgres://ada@localhost:{}/postgres?sslmode=require&passfile={}",
        house().server.port(),
        file.display()
    );
    let address = Address::parse(&url, |_| None).unwrap();
    PostgresStore::open(address, Settings::default()).await.unwrap();
}

//! Databases that are reached by more than a name: under TLS, by a socket, and as a standby.

use std::{
    fs, os::unix::fs::PermissionsExt as _, path::Path, process::Command, thread::sleep,
    time::Duration,
};

use base64::{Engine as _, prelude::BASE64_STANDARD as STANDARD};
use tidegate_e2e::House;
use tidegate_testkit::postgres::{Postgres, own};

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn pem(what: &str, bytes: &[u8]) -> String {
    let text = STANDARD.encode(bytes);
    let lines: Vec<_> = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
    format!("-----BEGIN {what}-----\n{}\n-----END {what}-----\n", lines.join("\n"))
}

fn write(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

/// A server that lets `ada` in under TLS alone, with her password. What it needs is in `folder`.
fn encrypted(folder: &Path) -> Postgres {
    let (key, certificate) = (folder.join("key"), folder.join("certificate"));
    let issued = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    write(&key, &pem("PRIVATE KEY", &issued.signing_key.serialize_der()));
    fs::write(&certificate, pem("CERTIFICATE", issued.cert.der())).unwrap();
    own(folder);
    own(&key);
    let file = |name: &str, path: &Path| format!("{name}={}", path.display());
    let (key, certificate) = (file("ssl_key_file", &key), file("ssl_cert_file", &certificate));
    let server = Postgres::start(&["ssl=on", &key, &certificate]);
    server.sql("postgres", "CREATE ROLE ada SUPERUSER LOGIN PASSWORD 's3cret'");
    let rules =
        "hostssl all ada 127.0.0.1/32 scram-sha-256\nhost all tidegate 127.0.0.1/32 trust\n";
    fs::write(server.data().join("pg_hba.conf"), rules).unwrap();
    server.sql("postgres", "SELECT pg_reload_conf()");
    server
}

/// All that reads the state without a server, with nothing but the data folder named.
fn read_offline(house: &House, backup: &Path) {
    assert!(house.tidegate(&["verify"]).unwrap().contains(" holds: "));
    let said = house.tidegate(&["ledger", "verify", "--offline"]).unwrap();
    assert!(said.contains("the ledger holds"), "{said}");
    house.tidegate(&["backup", text(backup), "--unencrypted"]).unwrap();
    let manifest = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\ndata: {b: c}\n";
    house.apply_text(manifest).unwrap();
}

fn with_a_document(store: &str) -> House {
    let house = House::storing(store).unwrap();
    let manifest = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {b: c}\n";
    house.apply_text(manifest).unwrap();
    house
}

#[test]
fn what_a_folder_notes_of_its_database_is_enough_also_under_tls() {
    let folder = tempfile::tempdir().unwrap();
    let server = encrypted(folder.path());
    let passwords = folder.path().join("passwords");
    write(&passwords, "localhost:*:postgres:ada:s3cret\n");
    let store = format!(
        "postgres://ada@localhost:{}/postgres?sslmode=verify-full&sslrootcert={}&passfile={}",
        server.port(),
        folder.path().join("certificate").display(),
        passwords.display()
    );
    let house = with_a_document(&store);
    read_offline(&house, &folder.path().join("tls.backup"));
    let note = fs::read_to_string(house.folder().join("database.json")).unwrap();
    assert!(
        note.contains("sslmode=verify-full&sslrootcert=") && !note.contains("s3cret"),
        "{note}"
    );
    house.end().unwrap();
}

#[test]
fn what_a_folder_notes_of_its_database_is_enough_also_with_a_socket() {
    let folder = tempfile::tempdir().unwrap();
    let server = Postgres::start(&[]);
    let socket = server.data().parent().unwrap().display().to_string().replace('/', "%2F");
    let house =
        with_a_document(&format!("postgres://tidegate@{socket}:{}/postgres", server.port()));
    read_offline(&house, &folder.path().join("socket.backup"));
    house.end().unwrap();
}

fn done(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_backup_of_a_standby_is_what_its_primary_has_and_is_restored() {
    let primary = Postgres::start(&[]);
    let standby = Postgres::standby_of(&primary, &[]);
    let house = with_a_document(&primary.url("postgres"));
    let behind = "SELECT count(*) FROM pg_stat_replication WHERE replay_lsn < pg_current_wal_lsn()";
    while primary.sql("postgres", behind) != "0" {
        sleep(Duration::from_millis(50));
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("standby.backup");
    let copy = standby.url("postgres");
    let args = ["backup", text(&path), "--unencrypted", "--store", &copy];
    let said = done(house.elsewhere(&args).args(["--data", text(&folder.path().join("none"))]));
    let head = said.lines().last().unwrap().strip_prefix("head ").unwrap();
    for store in [primary.url("postgres"), copy.clone()] {
        done(&mut house.elsewhere(&["verify", "--store", &store, "--head", head]));
    }
    let other = folder.path().join("other");
    done(house.elsewhere(&["restore", text(&path)]).args(["--data", text(&other)]));
    done(house.elsewhere(&["verify", "--data", text(&other)]).args(["--head", head]));
    // Nothing is restored into it, and that is said.
    let mut into = house.elsewhere(&["restore", text(&path), "--store", &copy]);
    let refused = into.args(["--data", text(&folder.path().join("none"))]).output().unwrap();
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        !refused.status.success() && said.contains("is a standby and takes no writes"),
        "{said}"
    );
    house.end().unwrap();
}

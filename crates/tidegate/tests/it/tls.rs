//! The API over TLS, as curl, openssl and this program's own clients find it.

use std::{
    fs,
    process::{Child, Command, Stdio},
};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};

use crate::program::{Program, until};

const CONFIG: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: '1'}\n";

/// An authority, whose certificate is in `ca.pem` beside the data folder.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new(program: &Program) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        program.write("ca.pem", &issuer.pem());
        Self(issuer)
    }

    /// Issues a certificate for `names` into the files of the server.
    fn issue(&self, program: &Program, names: &[&str]) {
        let key = KeyPair::generate().unwrap();
        let all: Vec<_> = names.iter().map(ToString::to_string).collect();
        let mut params = CertificateParams::new(all).unwrap();
        // Whose subject is their issuer's are taken for their own issuers.
        params.distinguished_name.push(DnType::CommonName, *names.first().unwrap());
        let certificate = params.signed_by(&key, &self.0).unwrap();
        // The key first: whoever looks in between finds a key that is not the certificate's, and waits.
        program.write("tls.key", &key.serialize_pem());
        program.write("tls.crt", &certificate.pem());
    }
}

const WITH_TLS: [&str; 4] = ["--tls-cert", "tls.crt", "--tls-key", "tls.key"];

/// A server that speaks TLS as `tide.example` and `localhost`, and its port.
fn encrypted() -> (Program, Authority, u16) {
    let mut program = Program::new();
    let authority = Authority::new(&program);
    authority.issue(&program, &["tide.example", "localhost"]);
    program.start_with(&WITH_TLS);
    let port = port(&program);
    (program, authority, port)
}

fn note(program: &Program) -> serde_json::Value {
    serde_json::from_slice(&fs::read(program.data().join("server.json")).unwrap()).unwrap()
}

fn port(program: &Program) -> u16 {
    let note = note(program);
    note.pointer("/address").unwrap().as_str().unwrap().rsplit(':').next().unwrap().parse().unwrap()
}

/// curl, which knows the authority, at a path of `tide.example`.
fn curl(program: &Program, port: u16, path: &str) -> Command {
    let mut curl = Command::new("curl");
    curl.current_dir(program.folder())
        .args(["--silent", "--show-error", "--cacert", "ca.pem", "--max-time", "60", "--resolve"])
        .arg(format!("tide.example:{port}:127.0.0.1"))
        .arg(format!("https://tide.example:{port}{path}"));
    curl
}

/// The header field that shows the owner's token.
fn bearer(program: &Program) -> String {
    let token = fs::read_to_string(program.data().join("token")).unwrap();
    format!("Authorization: Bearer {}", token.trim())
}

#[track_caller]
fn said(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{command:?}: {err}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn curl_is_answered_in_each_version_of_http_and_tls() {
    let (program, _authority, port) = encrypted();
    let check = |args: &[&str], expect: &str| {
        let shown = "%{http_version} %{response_code} %{ssl_verify_result}";
        let said = said(curl(&program, port, "/healthz").args(args).args(["--write-out", shown]));
        assert_eq!(said, format!("ok\n{expect} 200 0"), "{args:?}");
    };
    check(&[], "2");
    check(&["--http1.1"], "1.1");
    check(&["--tls-max", "1.2", "--http1.1"], "1.1");
    check(&["--tls-max", "1.2"], "2");
    check(&["--tlsv1.3"], "2");
    let old = curl(&program, port, "/healthz").args(["--tls-max", "1.1"]).output().unwrap();
    assert!(!old.status.success(), "TLS 1.1 is not spoken");
}

#[test]
fn a_browser_is_told_to_come_by_tls_alone_and_its_session_never_leaves_it() {
    let (program, _authority, port) = encrypted();
    let head = said(curl(&program, port, "/").args(["--dump-header", "-", "--output", "page"]));
    assert!(head.contains("strict-transport-security: max-age=31536000"), "{head}");
    let foreign = ["--header", "Host: evil.example", "--write-out", "%{response_code}"];
    assert!(said(curl(&program, port, "/").args(foreign)).ends_with("403"));
    let link = program.ok(&["sign-in"]);
    let code = link.trim().split_once("/#code=").unwrap();
    assert_eq!(code.0, format!("https://127.0.0.1:{port}"));
    let body = format!("{{\"code\":\"{}\"}}", code.1);
    let sign_in = ["--json", &body, "--dump-header", "-", "--output", "session"];
    for http in ["--http2", "--http1.1"] {
        let head = said(curl(&program, port, "/v1/session").args(sign_in).arg(http));
        if http == "--http2" {
            assert!(head.contains("set-cookie: __Host-tidegate-session="), "{head}");
            assert!(head.contains("; Secure") && head.contains("SameSite=Strict"), "{head}");
        } else {
            assert!(head.contains(" 401 "), "a code is one sign-in: {head}");
        }
    }
}

#[test]
fn openssl_sees_the_chain_the_name_and_what_is_spoken() {
    let (program, _authority, port) = encrypted();
    let check = |args: &[&str], expect: &[&str]| {
        let mut openssl = Command::new("openssl");
        openssl.current_dir(program.folder()).stdin(Stdio::null()).args(["s_client", "-connect"]);
        openssl.arg(format!("127.0.0.1:{port}")).args(["-CAfile", "ca.pem"]).args(args);
        let said = said(openssl.args(["-verify_return_error", "-verify_hostname", "tide.example"]));
        for expect in expect {
            assert!(said.contains(expect), "{expect}: {said}");
        }
    };
    check(
        &["-alpn", "h2,http/1.1"],
        &["ALPN protocol: h2", "TLSv1.3", "Verify return code: 0 (ok)"],
    );
    check(&["-alpn", "http/1.1"], &["ALPN protocol: http/1.1"]);
    check(&["-tls1_2"], &["TLSv1.2", "No ALPN negotiated"]);
}

#[test]
fn a_client_trusts_who_its_data_folder_or_an_authority_knows() {
    let (program, _authority, port) = encrypted();
    program.run_with_input(&["apply", "-f", "-"], CONFIG);
    assert!(program.ok(&["get", "cm", "a"]).contains('a'), "by the note of the data folder");
    let token = program.data().join("token").display().to_string();
    let ask = |server: &str, more: &[&str]| {
        let args = ["get", "cm", "a", "--server", server, "--token-file", &token];
        program.run(&[&args[..], more].concat())
    };
    let (name, address) =
        (format!("https://localhost:{port}"), format!("https://127.0.0.1:{port}"));
    let known = ask(&name, &["--ca-file", "ca.pem"]);
    assert_eq!(known.code, 0, "{}", known.err);
    let unknown = ask(&name, &[]);
    assert_eq!(unknown.code, 4, "{}", unknown.err);
    assert!(unknown.err.contains("is not trusted"), "{}", unknown.err);
    assert!(unknown.err.contains("--ca-file or TIDEGATE_CA_FILE"), "{}", unknown.err);
    let named = ask(&address, &["--ca-file", "ca.pem"]);
    assert_eq!(named.code, 4, "{}", named.err);
    assert!(named.err.contains("use a name that is in its certificate"), "{}", named.err);
    let plain = ask(&format!("127.0.0.1:{port}"), &[]);
    assert_ne!(plain.code, 0);
    assert!(plain.err.contains("https"), "{}", plain.err);
    let no_file = ask(&name, &["--ca-file", "none.pem"]);
    assert_eq!(no_file.code, 2, "{}", no_file.err);
    let mut by_variable = program.command();
    by_variable.env("TIDEGATE_CA_FILE", "ca.pem").args(["get", "cm", "a", "--server", &name]);
    assert!(said(&mut by_variable).contains('a'));
    let wrong = program.run(&["get", "cm", "--server", "https://localhost:1"]);
    assert_eq!(wrong.code, 4, "{}", wrong.err);
    let mut unencrypted = Program::with_server();
    let other = ask(&format!("https://localhost:{}", super::tls::port(&unencrypted)), &[]);
    assert!(other.err.contains("does it speak TLS there?"), "{}", other.err);
    unencrypted.kill();
}

/// Somebody who watches the fleet all along.
struct Watcher(Child);

impl Watcher {
    fn of(program: &Program, port: u16) -> Self {
        let bearer = bearer(program);
        let mut curl = curl(program, port, "/v1/rollouts/watch");
        curl.args(["--no-buffer", "--output", "events", "--header", &bearer]);
        Self(curl.spawn().unwrap())
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[test]
fn another_certificate_is_shown_at_once_and_nobody_is_cut_off() {
    let (program, authority, port) = encrypted();
    let events = || fs::read_to_string(program.folder().join("events")).unwrap_or_default();
    let metrics = || said(curl(&program, port, "/metrics").args(["--header", &bearer(&program)]));
    let mut watcher = Watcher::of(&program, port);
    until("the watch", || events().contains("event: reset"));
    let before = note(&program)["certificate"].clone();
    authority.issue(&program, &["tide.example", "localhost", "next.example"]);
    until("the note", || note(&program)["certificate"] != before);
    let mut next = Command::new("curl");
    next.current_dir(program.folder()).args(["--silent", "--cacert", "ca.pem", "--resolve"]);
    next.arg(format!("next.example:{port}:127.0.0.1"));
    assert_eq!(said(next.arg(format!("https://next.example:{port}/healthz"))), "ok\n");
    program.run_with_input(&["apply", "-f", "-"], CONFIG);
    until("the event", || events().contains("ConfigMap"));
    assert!(watcher.0.try_wait().unwrap().is_none(), "the watch was cut off");
    assert!(metrics().contains("tidegate_api_certificate_reloads_total{result=\"shown\"} 1"));
    // What is broken leaves the one before, and says so.
    program.write("tls.crt", "no certificate");
    let refused = "tidegate_api_certificate_reloads_total{result=\"refused\"} 1";
    until("the refusal", || metrics().contains(refused));
    assert!(program.log().contains("the one before is still shown"), "{}", program.log());
    assert!(metrics().contains("tidegate_api_certificate_expiry_timestamp_seconds "));
    assert!(program.ok(&["get", "cm", "a"]).contains('a'));
}

#[test]
fn a_server_without_a_proof_is_not_started_and_told_why() {
    let program = Program::new();
    let authority = Authority::new(&program);
    authority.issue(&program, &["tide.example"]);
    let key = fs::read_to_string(program.folder().join("tls.key")).unwrap();
    authority.issue(&program, &["tide.example"]);
    let refused = |args: &[&str], says: &str, hint: &str| {
        let start = ["server", "--listen", "127.0.0.1:0"];
        let said = program.run(&[&start[..], args].concat());
        assert_ne!(said.code, 0);
        assert!(said.err.contains(says), "{}", said.err);
        assert!(said.err.contains(hint), "{}", said.err);
    };
    refused(&["--tls-cert", "none", "--tls-key", "tls.key"], "none cannot be read", "--tls-cert");
    refused(&["--tls-cert", "tls.key", "--tls-key", "tls.crt"], "no certificate is in", "swapped");
    refused(&["--tls-cert", "tls.crt"], "--tls-key", "");
    program.write("tls.key", &key);
    refused(&WITH_TLS, "is not that of the first certificate", "comes first");
    refused(&["--listen", "0.0.0.0:0"], "cannot be used multiple times", "");
    let open = program.run(&["server", "--listen", "0.0.0.0:0"]);
    assert_eq!(open.code, 1);
    assert!(open.err.contains("tokens would cross the network in the clear"), "{}", open.err);
    assert!(open.err.contains("--listen-without-tls"), "{}", open.err);
}

#[test]
fn beyond_this_machine_series_are_for_who_shows_a_token() {
    let program = Program::new();
    let authority = Authority::new(&program);
    authority.issue(&program, &["tide.example"]);
    let mut server = program.command();
    let mut server =
        server.args(["server", "--listen", "0.0.0.0:0"]).args(WITH_TLS).spawn().unwrap();
    until("the server", || program.data().join("server.json").exists());
    let address = note(&program)["address"].as_str().unwrap().to_owned();
    assert!(address.starts_with("127.0.0.1:"), "clients of this machine find it there: {address}");
    let port = port(&program);
    until("an answer", || program.run(&["get", "rollouts"]).code == 0);
    let code = |path: &str| {
        let shown = ["--output", "out", "--write-out", "%{response_code}"];
        said(curl(&program, port, path).args(shown))
    };
    assert_eq!((code("/metrics").as_str(), code("/healthz").as_str()), ("401", "200"));
    drop(server.kill());
    drop(server.wait());
}

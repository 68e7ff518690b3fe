use std::{
    io::{BufRead as _, BufReader},
    net::TcpListener,
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use tidegate_notifier::Notifier;
use tidegate_notify::{Letter, MailLetter};
use tidegate_ports::{Again, Courier as _, Undelivered};

/// aiosmtpd of Debian, until it is dropped.
struct Server {
    child: Child,
    lines: BufReader<ChildStdout>,
    port: u16,
}

impl Server {
    fn start(settings: &str) -> Self {
        // Free a moment ago: the server takes no socket that is open already.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/smtp_server.py");
        let settings = format!("{{\"port\": {port}{settings}}}");
        // That of Debian, whose packages it sees.
        let mut child = Command::new("/usr/bin/python3")
            .arg(script)
            .arg(settings)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("this test sends e-mail to a server: apt-get install python3-aiosmtpd");
        let lines = BufReader::new(child.stdout.take().unwrap());
        let mut server = Self { child, lines, port };
        assert_eq!(server.line(), "{\"ready\": true}", "apt-get install python3-aiosmtpd");
        server
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        line.trim().to_owned()
    }

    fn letter(&self) -> MailLetter {
        MailLetter {
            host: "127.0.0.1".to_owned(),
            port: self.port,
            credentials: None,
            any_certificate: false,
            from: "Tidegate <tidegate@example.com>".to_owned(),
            to: vec!["a@example.com".to_owned(), "b@example.com".to_owned()],
            subject: "Rollout shop/checkout has been aborted — too slow".to_owned(),
            body: "It was too slow.\n.\nSee entry 7.\n".to_owned(),
            is_html: false,
            id: "0123abc".to_owned(),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn bring(letter: MailLetter) -> Result<(), Undelivered> {
    Notifier::default().bring(&Letter::Mail(letter)).await
}

fn pem(what: &str, der: &[u8]) -> String {
    format!("-----BEGIN {what}-----\n{}\n-----END {what}-----\n", BASE64_STANDARD.encode(der))
}

/// Settings with a certificate that nobody trusts.
fn with_tls(folder: &Path) -> String {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let (certificate, key) = (folder.join("cert.pem"), folder.join("key.pem"));
    std::fs::write(&certificate, pem("CERTIFICATE", made.cert.der())).unwrap();
    std::fs::write(&key, pem("PRIVATE KEY", &made.signing_key.serialize_der())).unwrap();
    let (certificate, key) = (certificate.display(), key.display());
    format!(", \"certificate\": \"{certificate}\", \"key\": \"{key}\"")
}

#[tokio::test]
async fn an_e_mail_arrives_as_it_was_written() {
    let mut server = Server::start("");
    bring(server.letter()).await.unwrap();
    let taken = server.line();
    assert!(taken.contains("\"sender\": \"tidegate@example.com\""), "{taken}");
    assert!(taken.contains("\"recipients\": [\"a@example.com\", \"b@example.com\"]"), "{taken}");
    assert!(taken.contains("Message-ID: <0123abc@tidegate>"), "{taken}");
    assert!(taken.contains("Content-Type: text/plain; charset=utf-8"), "{taken}");
    // A line of a dot alone would end it, and has to come back.
    assert!(taken.contains("It was too slow.\\r\\n.\\r\\nSee entry 7."), "{taken}");
    assert!(
        taken.contains("Subject: Rollout shop/checkout has been aborted =?utf-8?b?"),
        "{taken}"
    );
    assert!(taken.contains("\"tls\": false"), "{taken}");
    let html = MailLetter { is_html: true, body: "<p>é</p>".to_owned(), ..server.letter() };
    bring(html).await.unwrap();
    assert!(server.line().contains("Content-Type: text/html; charset=utf-8"));
}

#[tokio::test]
async fn a_name_and_a_password_are_shown_over_starttls() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::start(&format!(", \"auth\": true{}", with_tls(folder.path())));
    let credentials = |word: &str| Some(("tidegate".to_owned(), word.to_owned()));
    let right = MailLetter {
        credentials: credentials("s3cret-word"),
        any_certificate: true,
        ..server.letter()
    };
    bring(right.clone()).await.unwrap();
    let taken = server.line();
    assert!(taken.contains("\"tls\": true"), "{taken}");
    assert!(taken.contains("\"user\": \"tidegate\""), "{taken}");

    let wrong = MailLetter { credentials: credentials("wr0ng-word"), ..right.clone() };
    let undelivered = bring(wrong).await.unwrap_err();
    assert_eq!(undelivered.again, Again::Never, "{undelivered:?}");
    assert!(undelivered.answer.unwrap().contains("535"), "{}", undelivered.problem);
    assert!(!undelivered.problem.contains("wr0ng"), "{}", undelivered.problem);

    let nobody = bring(MailLetter { credentials: None, ..right.clone() }).await.unwrap_err();
    assert_eq!(nobody.again, Again::Never, "{nobody:?}");

    let untrusted = bring(MailLetter { any_certificate: false, ..right }).await.unwrap_err();
    assert_eq!(untrusted.again, Again::Later(None), "{untrusted:?}");
    assert!(untrusted.problem.to_lowercase().contains("certificate"), "{untrusted:?}");
}

#[tokio::test]
async fn what_a_server_says_decides_whether_it_is_tried_again() {
    let check = async |answer: &str, expect: Again| {
        let server = Server::start(&format!(", \"answer\": {answer:?}"));
        let undelivered = bring(server.letter()).await.unwrap_err();
        assert_eq!(undelivered.again, expect, "{undelivered:?}");
        assert!(undelivered.answer.as_deref().unwrap().contains("no room"), "{undelivered:?}");
    };
    check("452 no room", Again::Later(None)).await;
    check("552 no room", Again::Never).await;
}

#[tokio::test]
async fn what_is_no_address_is_never_sent() {
    let server = Server::start("");
    for to in ["", "nobody", "a@b c", "a@example.com\r\nBcc: x@example.com"] {
        let letter = MailLetter { to: vec![to.to_owned()], ..server.letter() };
        assert_eq!(bring(letter).await.unwrap_err().again, Again::Never, "{to:?}");
    }
    // A line end in a subject would be another header.
    let mut server = server;
    let sly = MailLetter { subject: "a\r\nBcc: x@example.com".to_owned(), ..server.letter() };
    if bring(sly).await.is_ok() {
        let taken = server.line();
        assert!(!taken.contains("\\r\\nBcc:"), "{taken}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_may_be_there_later() {
    let letter = {
        let server = Server::start("");
        server.letter()
    };
    assert_eq!(bring(letter).await.unwrap_err().again, Again::Later(None));
}

use std::net::IpAddr;

use lettre::{
    AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor,
    message::{Mailbox, header::ContentType},
    transport::smtp::{
        authentication::Credentials,
        client::{Tls, TlsParameters},
    },
};
use tidegate_notify::MailLetter;
use tidegate_ports::{Again, Undelivered};

use crate::{PATIENCE, begin, later, never};

/// The port on which TLS comes first (RFC 8314).
const SUBMISSIONS: u16 = 465;

type Transport = AsyncSmtpTransport<Tokio1Executor>;

/// Hands an e-mail to the server of its settings.
pub(crate) async fn bring(letter: &MailLetter) -> Result<(), Undelivered> {
    let message = message(letter).map_err(never)?;
    let transport = transport(letter).map_err(later)?;
    let server = format!("{}:{}", letter.host, letter.port);
    let sent = transport.send(message).await;
    sent.map(|_| ()).map_err(|problem| {
        let text = words(&problem);
        let again = if problem.is_permanent() { Again::Never } else { Again::Later(None) };
        let said = problem.is_permanent() || problem.is_transient();
        let answer = said.then(|| begin(&text)).flatten();
        Undelivered { problem: format!("{server}: {text}"), answer, again }
    })
}

fn message(letter: &MailLetter) -> Result<Message, String> {
    let mailbox = |text: &str| -> Result<Mailbox, String> {
        text.parse().map_err(|_| format!("{text:?} is no address of e-mail"))
    };
    let mut builder = Message::builder()
        .from(mailbox(&letter.from)?)
        // Whoever gets it twice can tell by this.
        .message_id(Some(format!("<{}@tidegate>", letter.id)))
        .subject(letter.subject.clone());
    for to in &letter.to {
        builder = builder.to(mailbox(to)?);
    }
    let kind = if letter.is_html { ContentType::TEXT_HTML } else { ContentType::TEXT_PLAIN };
    builder.header(kind).body(letter.body.clone()).map_err(|problem| problem.to_string())
}

fn transport(letter: &MailLetter) -> Result<Transport, String> {
    let trust = TlsParameters::builder(letter.host.clone())
        .dangerous_accept_invalid_certs(letter.any_certificate)
        .dangerous_accept_invalid_hostnames(letter.any_certificate)
        .build_rustls();
    let trust = trust.map_err(|problem| words(&problem))?;
    let tls = match (letter.port, &letter.credentials) {
        (SUBMISSIONS, _) => Tls::Wrapper(trust),
        // A password goes over no network in the clear, whatever whoever is in between leaves out.
        (_, Some(_)) if !is_this_machine(&letter.host) => Tls::Required(trust),
        _ => Tls::Opportunistic(trust),
    };
    let mut builder = Transport::builder_dangerous(&letter.host)
        .port(letter.port)
        .tls(tls)
        .timeout(Some(PATIENCE));
    if let Some((name, password)) = letter.credentials.clone() {
        builder = builder.credentials(Credentials::new(name, password));
    }
    Ok(builder.build())
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// An error with what caused it.
fn words(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let more = inner.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = inner.source();
    }
    text
}

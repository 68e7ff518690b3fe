//! What is sent: a delivery with the settings of its service.

use base64::prelude::{BASE64_STANDARD, Engine as _};

use crate::{
    CloudEvent, Content, Delivery, Message, Mode, Service,
    options::{BasicAuth, EmailOptions, EventOptions, Header, WebhookOptions},
    service::Options,
    slack,
};

/// The header by which a receiver can tell what it got twice.
pub(crate) const DELIVERY: &str = "Tidegate-Delivery";

/// What is sent, with its secrets.
#[derive(Clone, PartialEq, Eq)]
pub enum Letter {
    /// Over HTTP.
    Http(HttpLetter),
    /// Over SMTP.
    Mail(MailLetter),
}

/// A request.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpLetter {
    /// How.
    pub method: String,
    /// Where.
    pub url: String,
    /// What is said beside it, in this order; of a name that is there twice, the last counts.
    pub headers: Vec<(String, String)>,
    /// What is sent.
    pub body: String,
    /// Whether any certificate will do.
    pub any_certificate: bool,
    /// What says that it was taken.
    pub success: Success,
}

/// What says that a request was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Success {
    /// A status of 2xx.
    Status,
    /// The same, with `"ok": true`.
    Slack,
}

/// An e-mail.
#[derive(Clone, PartialEq, Eq)]
pub struct MailLetter {
    /// The server that takes it.
    pub host: String,
    /// Its port; TLS from the begin on 465, by STARTTLS on others where the server has it.
    pub port: u16,
    /// Name and password, if the server wants them.
    pub credentials: Option<(String, String)>,
    /// Whether any certificate will do.
    pub any_certificate: bool,
    /// Whom it is from.
    pub from: String,
    /// Whom it is to.
    pub to: Vec<String>,
    /// What it is about.
    pub subject: String,
    /// What it says.
    pub body: String,
    /// Whether that is HTML.
    pub is_html: bool,
    /// The delivery's identity, of which its `Message-ID` is made.
    pub id: String,
}

/// What is sent for a delivery.
///
/// # Errors
/// Where nothing can be sent, however often it is tried; a sentence without secrets.
pub fn letter(service: &Service, delivery: &Delivery) -> Result<Letter, String> {
    match (&delivery.content, &service.options) {
        (Content::Unwritten(problem), _) => Err(problem.clone()),
        (Content::Message(message), Options::Slack(options)) => {
            if delivery.destination.recipient.is_empty() {
                return Err("a channel of Slack is missing: name it as the recipient".to_owned());
            }
            Ok(Letter::Http(slack::letter(options, delivery, message)))
        }
        (Content::Message(message), Options::Webhook(options)) => {
            Ok(Letter::Http(webhook(options, delivery, message)))
        }
        (Content::Message(message), Options::Email(options)) => mail(options, delivery, message),
        (Content::Event(event), Options::CloudEvents(options) | Options::CdEvents(options)) => {
            Ok(Letter::Http(event_letter(options, delivery, event)))
        }
        // The service was of another kind when the delivery was made.
        (Content::Message(_), _) => {
            Err("the service takes events, and this is a message".to_owned())
        }
        (Content::Event(_), _) => {
            Err("the service takes messages, and this is an event".to_owned())
        }
    }
}

fn webhook(options: &WebhookOptions, delivery: &Delivery, message: &Message) -> HttpLetter {
    let part = message.webhook.get(&delivery.destination.service);
    // As Argo's engine has it: what a template says of the webhook counts, or else its message is sent by GET.
    let (method, path, body) = match part {
        Some(part) => (part.method.as_str(), part.path.as_str(), &part.body),
        None => ("", "", &message.message),
    };
    let url = if path.is_empty() {
        options.url.clone()
    } else {
        format!("{}/{}", options.url.trim_end_matches('/'), path.trim_start_matches('/'))
    };
    HttpLetter {
        method: if method.is_empty() { "GET" } else { method }.to_owned(),
        url,
        headers: headers(&delivery.id, &options.headers, options.basic_auth.as_ref()),
        body: body.clone(),
        any_certificate: options.insecure_skip_verify,
        success: Success::Status,
    }
}

fn headers(id: &str, given: &[Header], auth: Option<&BasicAuth>) -> Vec<(String, String)> {
    let mut headers = vec![(DELIVERY.to_owned(), id.to_owned())];
    headers.extend(given.iter().map(|header| (header.name.clone(), header.value.clone())));
    headers.extend(auth.map(|auth| {
        let pair = BASE64_STANDARD.encode(format!("{}:{}", auth.username, auth.password));
        ("Authorization".to_owned(), format!("Basic {pair}"))
    }));
    headers
}

fn event_letter(options: &EventOptions, delivery: &Delivery, event: &CloudEvent) -> HttpLetter {
    let mut headers = headers(&delivery.id, &options.headers, options.basic_auth.as_ref());
    let body = match options.mode {
        Mode::Structured => {
            headers.push(("Content-Type".to_owned(), CloudEvent::CONTENT_TYPE.to_owned()));
            event.structured().to_string()
        }
        Mode::Binary => {
            headers.extend(event.headers());
            event.data.to_string()
        }
    };
    HttpLetter {
        method: "POST".to_owned(),
        url: options.url.clone(),
        headers,
        body,
        any_certificate: options.insecure_skip_verify,
        success: Success::Status,
    }
}

fn mail(options: &EmailOptions, delivery: &Delivery, message: &Message) -> Result<Letter, String> {
    let to = delivery.destination.recipient.split(',').map(str::trim);
    let to: Vec<_> = to.filter(|one| !one.is_empty()).map(str::to_owned).collect();
    if to.is_empty() {
        return Err("an address of e-mail is missing: name it as the recipient".to_owned());
    }
    let part = message.email.clone().unwrap_or_default();
    let body = if part.body.is_empty() { message.message.clone() } else { part.body };
    let credentials = (!options.username.is_empty())
        .then(|| (options.username.clone(), options.password.clone()));
    Ok(Letter::Mail(MailLetter {
        host: options.host.clone(),
        port: options.port,
        credentials,
        any_certificate: options.insecure_skip_verify,
        from: options.from.clone(),
        to,
        subject: part.subject,
        body,
        is_html: options.html,
        id: delivery.id.clone(),
    }))
}

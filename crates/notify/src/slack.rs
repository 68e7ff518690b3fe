//! Messages of Slack.

use serde_json::{Value, json};

use crate::{Delivery, HttpLetter, Message, Success, options::SlackOptions};

/// Where Slack's API is.
const API: &str = "https://slack.com/api/";

/// `chat.postMessage` with what the templates say.
pub(crate) fn letter(options: &SlackOptions, delivery: &Delivery, message: &Message) -> HttpLetter {
    let part = message.slack.clone().unwrap_or_default();
    let mut body = json!({
        "channel": delivery.destination.recipient,
        "text": message.message,
        // Slack shows it to programs alone: whoever reads the channel can tell a message that came twice.
        "metadata": {"event_type": "tidegate_notification", "event_payload": {"id": delivery.id}},
    });
    let mut put = |name: &str, value: Value| {
        if let Some(fields) = body.as_object_mut() {
            fields.insert(name.to_owned(), value);
        }
    };
    if let Some(username) = first(&part.username, &options.username) {
        put("username", username.into());
    }
    if let Some(icon) = first(&part.icon, &options.icon) {
        let is_emoji = icon.len() > 2 && icon.starts_with(':') && icon.ends_with(':');
        put(if is_emoji { "icon_emoji" } else { "icon_url" }, icon.into());
    }
    for (name, list) in [("attachments", part.attachments), ("blocks", part.blocks)] {
        if !list.is_null() {
            put(name, list);
        }
    }
    if options.disable_unfurl {
        put("unfurl_links", false.into());
        put("unfurl_media", false.into());
    }
    let api = if options.api_url.is_empty() { API } else { &options.api_url };
    HttpLetter {
        method: "POST".to_owned(),
        url: format!("{}/chat.postMessage", api.trim_end_matches('/')),
        headers: vec![
            ("Authorization".to_owned(), format!("Bearer {}", options.token)),
            ("Content-Type".to_owned(), "application/json; charset=utf-8".to_owned()),
        ],
        body: body.to_string(),
        any_certificate: options.insecure_skip_verify,
        success: Success::Slack,
    }
}

fn first<'a>(one: &'a str, other: &'a str) -> Option<&'a str> {
    [one, other].into_iter().find(|text| !text.is_empty())
}

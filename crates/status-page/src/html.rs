//! The page itself.

use std::fmt::Write as _;

use crate::{Component, Health, Incident, Stage, Summary};

/// Its style: light or dark as the reader's machine is, each text at least 4.5 to 1 on its ground (WCAG AA).
pub const STYLE: &str = include_str!("style.css");

/// The page, which works without a script.
pub fn html(summary: &Summary) -> String {
    let name = escaped(&summary.page.name);
    let mut text = String::new();
    // Writing into a text cannot fail.
    let _ = write!(
        text,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"refresh\" content=\"60\">\n<title>{name} status</title>\n\
         <link rel=\"stylesheet\" href=\"/status/style.css\">\n</head>\n<body>\n<main>\n\
         <h1>{name}</h1>\n<p class=\"all {}\" role=\"status\">{}</p>\n",
        class(worst(summary)),
        escaped(&summary.status.description)
    );
    text.push_str("<h2>Services</h2>\n");
    if summary.components.is_empty() {
        text.push_str("<p>No service is shown here yet.</p>\n");
    } else {
        components(&mut text, &summary.components);
    }
    text.push_str("<h2>The last 14 days</h2>\n");
    if summary.incidents.is_empty() {
        text.push_str("<p>No incident.</p>\n");
    }
    for incident in &summary.incidents {
        incident_of(&mut text, incident);
    }
    let at = summary.page.updated_at.whole_seconds();
    let _ = write!(
        text,
        "</main>\n<footer><p>Last change: <time datetime=\"{at}\">{at}</time>. \
         <a href=\"/status/summary.json\">summary.json</a></p></footer>\n</body>\n</html>\n"
    );
    text
}

fn worst(summary: &Summary) -> Health {
    summary.components.iter().map(|one| one.status).max().unwrap_or_default()
}

fn components(text: &mut String, all: &[Component]) {
    text.push_str("<ul class=\"services\">\n");
    let top = all.iter().filter(|one| one.group_id.is_none());
    for one in top {
        row(text, one);
        if one.group {
            text.push_str("<ul>\n");
            for member in all.iter().filter(|it| it.group_id.as_ref() == Some(&one.id)) {
                row(text, member);
                text.push_str("</li>\n");
            }
            text.push_str("</ul>\n");
        }
        text.push_str("</li>\n");
    }
    text.push_str("</ul>\n");
}

fn row(text: &mut String, one: &Component) {
    let (name, words) = (escaped(&one.name), one.status.words());
    let _ = writeln!(
        text,
        "<li><span class=\"name\">{name}</span> <span class=\"state {}\">{words}</span>",
        class(one.status)
    );
}

fn incident_of(text: &mut String, incident: &Incident) {
    let _ = write!(
        text,
        "<article id=\"{}\">\n<h3>{}</h3>\n<ol>\n",
        escaped(&incident.id),
        escaped(&incident.name)
    );
    for update in &incident.incident_updates {
        let at = update.created_at.whole_seconds();
        let _ = writeln!(
            text,
            "<li><strong>{}</strong> {} <time datetime=\"{at}\">{at}</time></li>",
            stage(update.status),
            escaped(&update.body)
        );
    }
    text.push_str("</ol>\n</article>\n");
}

const fn stage(stage: Stage) -> &'static str {
    match stage {
        Stage::Investigating => "Investigating",
        Stage::Identified => "Identified",
        Stage::Monitoring => "Monitoring",
        Stage::Resolved => "Resolved",
    }
}

const fn class(health: Health) -> &'static str {
    match health {
        Health::Operational => "good",
        Health::DegradedPerformance => "minor",
        Health::PartialOutage => "major",
        Health::MajorOutage => "critical",
    }
}

/// A text that is no markup, within an element or an attribute between double quotes.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            _ => safe.push(letter),
        }
    }
    safe
}

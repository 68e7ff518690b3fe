/// The types by which a second change in one message is known: others are ordinary words with a colon.
const KNOWN: [&str; 11] =
    ["feat", "fix", "docs", "style", "refactor", "perf", "test", "build", "ci", "chore", "revert"];
const BEGIN: &str = "BEGIN_NESTED_COMMIT";
const END: &str = "END_NESTED_COMMIT";

/// The messages in a message: a squashed commit holds several, as paragraphs that begin like one or between the
/// marks that release-please has for it.
pub(crate) fn parts(message: &str) -> Vec<String> {
    let message = message.replace("\r\n", "\n");
    let mut pieces = message.split(BEGIN);
    let mut outer = pieces.next().unwrap_or_default().to_owned();
    let mut nested = Vec::new();
    for piece in pieces {
        match piece.split_once(END) {
            Some((inner, rest)) => {
                nested.push(inner.trim().to_owned());
                outer.push_str(rest);
            }
            None => nested.push(piece.trim().to_owned()),
        }
    }
    let mut parts = paragraphs(&outer);
    parts.extend(nested);
    parts.retain(|part| !part.is_empty());
    parts
}

/// Apart where a paragraph begins with a type that is known, and there also where one of its lines does.
fn paragraphs(message: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    for paragraph in message.trim().split("\n\n") {
        let mut apart = "\n\n";
        let listed = begins(paragraph);
        for line in paragraph.split('\n') {
            match parts.last_mut() {
                Some(last) if !(listed && begins(line)) => {
                    last.push_str(apart);
                    last.push_str(line);
                }
                _ => parts.push(line.to_owned()),
            }
            apart = "\n";
        }
    }
    parts
}

/// Whether it begins with a known type, perhaps its scope, perhaps a mark, a colon and a space.
pub(crate) fn begins(text: &str) -> bool {
    KNOWN.iter().any(|kind| {
        let Some(rest) = text.strip_prefix(kind) else { return false };
        let rest = match rest.strip_prefix('(') {
            Some(scoped) => scoped.split_once(')').map_or("", |(_, rest)| rest),
            None => rest,
        };
        rest.strip_prefix('!').unwrap_or(rest).starts_with(": ")
    })
}

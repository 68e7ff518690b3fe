/// Text as it stands in Markdown with the same look: no tag, no picture and no line end of its own comes through. What
/// is between back-ticks stays as it is, since nothing in it is read.
pub(crate) fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut code = false;
    let mut left = text.chars().peekable();
    // Without its partner a back-tick is a letter.
    let mut ticks = text.matches('`').count();
    while let Some(c) = left.next() {
        match c {
            '`' => {
                code = if code { false } else { ticks >= 2 };
                ticks -= 1;
                out.push('`');
            }
            '<' if !code => out.push_str("&lt;"),
            '>' if !code => out.push_str("&gt;"),
            '!' if !code && left.peek() == Some(&'[') => out.push_str("\\!"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// `text` with `(#12)` and `#12` as links, outside of back-ticks.
pub(crate) fn linked(text: &str, link: impl Fn(u64) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len());
    for (at, piece) in text.split('`').enumerate() {
        if at > 0 {
            out.push('`');
        }
        if at % 2 == 1 {
            out.push_str(piece);
        } else {
            numbers(piece, &link, &mut out);
        }
    }
    out
}

fn numbers(piece: &str, link: &impl Fn(u64) -> Option<String>, out: &mut String) {
    let mut left = piece;
    while let Some(at) = left.find('#') {
        let (before, after) = left.split_at(at);
        out.push_str(before);
        let rest = after.get(1..).unwrap_or_default();
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (digits, tail) = rest.split_at(end);
        let alone = before.chars().last().is_none_or(|c| c == '(' || c.is_whitespace())
            && tail.chars().next().is_none_or(|c| !c.is_alphanumeric());
        if let Some(link) = digits.parse().ok().filter(|_| alone).and_then(link) {
            out.push_str(&link);
        } else {
            out.push('#');
            out.push_str(digits);
        }
        left = tail;
    }
    out.push_str(left);
}

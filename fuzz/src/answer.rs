//! Answers read as narrowly as RFC 9112 allows.

use crate::text;

/// What the bytes of an answer are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Not whole yet.
    Part,
    /// Whole, with its status, and of so many bytes.
    Whole { status: u16, length: usize, closes: bool },
    /// It ends with the connection.
    UntilClose { status: u16 },
}

/// Reads the first answer in `bytes`. Errors: it can be read in two ways.
pub fn read(bytes: &[u8], to_head: bool) -> Result<Answer, String> {
    let Some(end) = find(bytes, b"\r\n\r\n") else { return Ok(Answer::Part) };
    let head = &bytes[..end];
    let ill = |what: &str| Err(format!("{what} in {}", text(head)));
    let is_ill = |byte: &u8| matches!(byte, 0..=8 | 11 | 12 | 14..=31 | 127);
    if head.iter().any(is_ill) {
        return ill("a control byte");
    }
    let mut lines = Vec::new();
    let mut rest = head;
    while let Some(at) = find(rest, b"\r\n") {
        lines.push(&rest[..at]);
        rest = &rest[at + 2..];
    }
    lines.push(rest);
    if lines.iter().any(|line| line.contains(&b'\r') || line.contains(&b'\n')) {
        return ill("a bare line end");
    }
    let status = match lines[0].strip_prefix(b"HTTP/1.1 ") {
        Some([a @ b'2'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9', b' ', ..]) => {
            [a, b, c].iter().fold(0, |sum, digit| sum * 10 + u16::from(**digit - b'0'))
        }
        _ => return ill("no status"),
    };
    let (mut lengths, mut codings, mut closes) = (Vec::new(), Vec::new(), false);
    for line in &lines[1..] {
        let Some(colon) = line.iter().position(|&byte| byte == b':') else {
            return ill("no colon");
        };
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
        if name.is_empty() || !name.iter().all(is_part) {
            return ill("no name");
        }
        match name.to_ascii_lowercase().as_slice() {
            b"content-length" => lengths.push(text(value)),
            b"transfer-encoding" => codings.push(text(value).to_ascii_lowercase()),
            b"connection" => closes |= value.eq_ignore_ascii_case(b"close"),
            _ => {}
        }
    }
    let whole = |length| Answer::Whole { status, length, closes };
    let begin = end + 4;
    let body = &bytes[begin..];
    if to_head || status == 204 || status == 304 {
        return Ok(whole(begin));
    }
    match (&lengths[..], &codings[..]) {
        ([], []) if closes => Ok(Answer::UntilClose { status }),
        ([length], []) if length.bytes().all(|it| it.is_ascii_digit()) => {
            let length: usize = length.parse().map_err(|_| format!("a length of {length}"))?;
            Ok(if body.len() < length { Answer::Part } else { whole(begin + length) })
        }
        ([], [coding]) if coding == "chunked" => {
            Ok(chunks(body)?.map_or(Answer::Part, |length| whole(begin + length)))
        }
        _ => ill("no clear end"),
    }
}

/// The length of a body in chunks; none while it is not whole.
fn chunks(body: &[u8]) -> Result<Option<usize>, String> {
    let mut rest = body;
    loop {
        let Some(end) = find(rest, b"\r\n") else { return Ok(None) };
        let line = &rest[..end];
        let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        let (digits, other) = line.split_at(digits);
        let extension = other.trim_ascii_start();
        if digits.is_empty() || !(extension.is_empty() || extension.starts_with(b";")) {
            return Err(format!("a chunk's size of {}", text(line)));
        }
        if line.iter().any(|byte| matches!(byte, b'\r' | b'\n')) {
            return Err(format!("a bare line end in {}", text(line)));
        }
        let size = u64::from_str_radix(&text(digits), 16).map_err(|error| error.to_string())?;
        rest = &rest[end + 2..];
        if size == 0 {
            break;
        }
        let size = usize::try_from(size).map_err(|error| error.to_string())?;
        let Some(after) = size.checked_add(2) else { return Ok(None) };
        match rest.get(size..after) {
            None => return Ok(None),
            Some(b"\r\n") => rest = &rest[after..],
            Some(other) => return Err(format!("a chunk ends with {}", text(other))),
        }
    }
    loop {
        let Some(end) = find(rest, b"\r\n") else { return Ok(None) };
        rest = &rest[end + 2..];
        if end == 0 {
            return Ok(Some(body.len() - rest.len()));
        }
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

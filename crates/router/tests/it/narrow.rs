//! Requests read as narrowly as RFC 9112 allows: in one way only, or not at all.

/// A request that can be read in one way only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Narrow {
    /// Its first line.
    pub(crate) line: String,
    /// Its fields, names in lower case.
    pub(crate) fields: Vec<(String, String)>,
    /// Its length on the wire.
    pub(crate) length: usize,
}

impl Narrow {
    /// The values of a field.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        let named = self.fields.iter().filter(|(found, _)| found == name);
        named.map(|(_, value)| value.as_str()).collect()
    }
}

/// Bytes as they can be printed.
pub(crate) fn text(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}

/// The first request in `bytes`; none while it is not whole.
pub(crate) fn narrow(bytes: &[u8]) -> Result<Option<Narrow>, String> {
    let Some(end) = find(bytes, b"\r\n\r\n") else { return Ok(None) };
    let lines: Vec<&[u8]> = split(&bytes[..end]);
    let ill = |what: &str, line: &[u8]| Err(format!("{what} in {:?}", text(line)));
    for line in &lines {
        if line.iter().any(|byte| matches!(byte, 0..=8 | 10..=31 | 127)) {
            return ill("a control byte", line);
        }
    }
    let Some((first, rest)) = lines.split_first() else { return Ok(None) };
    let parts: Vec<_> = first.split(|&byte| byte == b' ').collect();
    let [method, target, version] = parts[..] else { return ill("not three parts", first) };
    if !is_token(method) || version != b"HTTP/1.1" {
        return ill("no method or version", first);
    }
    let is_path = target.starts_with(b"/") || target == b"*";
    let is_part = |byte: &u8| byte.is_ascii_graphic() && *byte != b'#';
    if !is_path || !target.iter().all(is_part) {
        return ill("no target", first);
    }
    let mut fields = Vec::new();
    for line in rest {
        let Some(colon) = line.iter().position(|&byte| byte == b':') else {
            return ill("no colon", line);
        };
        let (name, value) = (&line[..colon], text(line[colon + 1..].trim_ascii()));
        if !is_token(name) {
            return ill("no name", line);
        }
        let name = text(name).to_ascii_lowercase();
        // What servers that hand fields on as variables take for the same.
        let framing = ["content-length", "transfer-encoding", "host"];
        if framing.contains(&name.replace('_', "-").as_str()) && name.contains('_') {
            return ill("a second name for a field", line);
        }
        fields.push((name, value));
    }
    let mut request = Narrow { line: text(first), fields, length: end + 4 };
    let body = &bytes[end + 4..];
    if request.all("host").len() != 1 {
        return Err(format!("not one host in {:?}", request.fields));
    }
    let length = match (&request.all("content-length")[..], &request.all("transfer-encoding")[..]) {
        ([], []) => 0,
        ([length], []) if !length.is_empty() && length.bytes().all(|it| it.is_ascii_digit()) => {
            length.parse().map_err(|_| format!("a length of {length}"))?
        }
        ([], ["chunked"]) => match chunks(body)? {
            Some(length) => length,
            None => return Ok(None),
        },
        _ => return Err(format!("no clear framing in {:?}", request.fields)),
    };
    request.length += length;
    Ok((body.len() >= length).then_some(request))
}

fn is_token(word: &[u8]) -> bool {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    !word.is_empty() && word.iter().all(is_part)
}

/// The length of a body in chunks; none while it is not whole.
fn chunks(body: &[u8]) -> Result<Option<usize>, String> {
    let mut rest = body;
    loop {
        let Some(end) = find(rest, b"\r\n") else { return Ok(None) };
        let digits = &rest[..end];
        if digits.is_empty() || digits.len() > 8 || !digits.iter().all(u8::is_ascii_hexdigit) {
            return Err(format!("a chunk's size of {:?}", text(digits)));
        }
        let size = usize::from_str_radix(&text(digits), 16).map_err(|it| it.to_string())?;
        rest = &rest[end + 2..];
        if size == 0 {
            break;
        }
        match rest.get(size..size + 2) {
            None => return Ok(None),
            Some(b"\r\n") => rest = &rest[size + 2..],
            Some(other) => return Err(format!("a chunk ends with {:?}", text(other))),
        }
    }
    loop {
        let Some(end) = find(rest, b"\r\n") else { return Ok(None) };
        let line = text(&rest[..end]).to_ascii_lowercase();
        rest = &rest[end + 2..];
        if line.is_empty() {
            return Ok(Some(body.len() - rest.len()));
        }
        let framing = ["content-length", "transfer-encoding", "host", "trailer"];
        if framing.iter().any(|name| line.replace('_', "-").starts_with(name)) {
            return Err(format!("a trailer {line:?}"));
        }
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

fn split(mut head: &[u8]) -> Vec<&[u8]> {
    let mut lines = Vec::new();
    while let Some(end) = find(head, b"\r\n") {
        lines.push(&head[..end]);
        head = &head[end + 2..];
    }
    lines.push(head);
    lines
}

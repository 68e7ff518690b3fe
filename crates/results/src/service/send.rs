//! Bytes that go out: all of them or a range, if they are still what the client thinks.

use std::{fs::File, io::Seek as _};

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, Method, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tidegate_units::Timestamp;
use tokio::io::AsyncReadExt as _;
use tokio_util::io::ReaderStream;

use super::{
    azure::{etag, matches, set},
    http_date,
};
use crate::{Blob, Error};

/// How much of a file is read at once.
const PIECE: usize = 256 * 1024;

/// What a name in a header may have as it is (RFC 5987).
const NAME: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What goes out.
pub(super) struct Sent {
    pub(super) blob: Blob,
    pub(super) mime: String,
    /// What it is to be called where it is saved.
    pub(super) name: Option<String>,
    pub(super) made: Timestamp,
}

/// Which bytes are asked for.
#[derive(Debug, PartialEq, Eq)]
enum Range {
    All,
    Part { first: u64, last: u64 },
    None,
}

/// The answer to `GET` or `HEAD`.
pub(super) fn send(
    sent: &Sent,
    file: File,
    method: &Method,
    asked: &HeaderMap,
) -> Result<Response, Error> {
    let etag = etag(sent.blob);
    if asked.contains_key(header::IF_MATCH) && !matches(asked, header::IF_MATCH, &etag) {
        return Err(Error::Mismatch("the blob is not what it was".to_owned()));
    }
    if matches(asked, header::IF_NONE_MATCH, &etag) {
        let mut answer = StatusCode::NOT_MODIFIED.into_response();
        set(&mut answer, header::ETAG, &etag);
        return Ok(answer);
    }
    let range = asked.get("x-ms-range").or_else(|| asked.get(header::RANGE));
    let range = range.and_then(|range| range.to_str().ok());
    let size = sent.blob.size;
    let (status, first, length) = match range.map_or(Range::All, |range| read(range, size)) {
        Range::All => (StatusCode::OK, 0, size),
        Range::Part { first, last } => (StatusCode::PARTIAL_CONTENT, first, last - first + 1),
        Range::None => return Ok(none(size)),
    };
    let body = if *method == Method::HEAD { Body::empty() } else { stream(file, first, length)? };
    let mut answer = (status, body).into_response();
    if status == StatusCode::PARTIAL_CONTENT {
        let range = format!("bytes {first}-{}/{size}", first + length - 1);
        set(&mut answer, header::CONTENT_RANGE, &range);
    }
    set(&mut answer, header::CONTENT_LENGTH, &length.to_string());
    describe(&mut answer, sent, &etag);
    Ok(answer)
}

fn describe(answer: &mut Response, sent: &Sent, etag: &str) {
    let date = http_date(sent.made);
    set(answer, header::ETAG, etag);
    set(answer, header::CONTENT_TYPE, &sent.mime);
    set(answer, header::LAST_MODIFIED, &date);
    set(answer, header::ACCEPT_RANGES, "bytes");
    set(answer, HeaderName::from_static("x-ms-creation-time"), &date);
    set(answer, HeaderName::from_static("x-ms-blob-type"), "BlockBlob");
    if let Some(name) = &sent.name {
        // Old programs take the first, which has what all of them can read; the client the second.
        let plain = name.replace(|letter: char| !letter.is_ascii_graphic() || letter == ';', "_");
        let whole = utf8_percent_encode(name, NAME);
        let value = format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{whole}");
        set(answer, header::CONTENT_DISPOSITION, &value);
    }
}

fn stream(mut file: File, first: u64, length: u64) -> Result<Body, Error> {
    file.seek(std::io::SeekFrom::Start(first)).map_err(Error::failed("cannot read a blob"))?;
    let part = tokio::fs::File::from_std(file).take(length);
    Ok(Body::from_stream(ReaderStream::with_capacity(part, PIECE)))
}

fn none(size: u64) -> Response {
    let mut answer = StatusCode::RANGE_NOT_SATISFIABLE.into_response();
    set(&mut answer, header::CONTENT_RANGE, &format!("bytes */{size}"));
    set(&mut answer, HeaderName::from_static("x-ms-error-code"), "InvalidRange");
    answer
}

/// One range as RFC 9110 has it; what is written in another way asks for all.
fn read(text: &str, size: u64) -> Range {
    let Some((first, last)) = text.strip_prefix("bytes=").and_then(|range| range.split_once('-'))
    else {
        return Range::All;
    };
    let (first, last) = match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), Ok(last)) if first <= last => (first, last.min(size.saturating_sub(1))),
        (Ok(first), Err(_)) if last.is_empty() => (first, size.saturating_sub(1)),
        (Err(_), Ok(last)) if first.is_empty() => {
            let first = size.saturating_sub(last);
            (if last == 0 { size } else { first }, size.saturating_sub(1))
        }
        _ => return Range::All,
    };
    if first < size { Range::Part { first, last } } else { Range::None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, size: u64, expect: Option<(u64, u64)>) {
        let expect = expect.map_or(Range::None, |(first, last)| Range::Part { first, last });
        assert_eq!(read(text, size), expect, "{text} of {size}");
    }

    #[test]
    fn ranges_are_read_as_http_has_them() {
        check("bytes=0-9", 100, Some((0, 9)));
        check("bytes=90-", 100, Some((90, 99)));
        check("bytes=90-200", 100, Some((90, 99)));
        check("bytes=-10", 100, Some((90, 99)));
        check("bytes=-200", 100, Some((0, 99)));
        check("bytes=100-", 100, None);
        check("bytes=0-", 0, None);
        check("bytes=-0", 100, None);
        check("bytes=-5", 0, None);
        for all in ["", "bytes=", "bytes=9-0", "bytes=a-b", "bytes=-", "lines=0-1", "bytes=0-1,5-6"]
        {
            assert_eq!(read(all, 100), Range::All, "{all}");
        }
    }
}

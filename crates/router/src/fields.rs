use std::net::IpAddr;

use hyper::{
    HeaderMap,
    header::{
        CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, COOKIE, EXPECT, HOST, HeaderName, HeaderValue,
        TE, TRANSFER_ENCODING, UPGRADE,
    },
};

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Whether the message asks to go on in another protocol, as WebSocket does. HTTP/2 is not one:
/// it would carry requests past the router.
pub(crate) fn is_upgrade(fields: &HeaderMap) -> bool {
    names(fields, "upgrade")
        && fields
            .get(UPGRADE)
            .is_some_and(|to| !options_of(to).any(|it| it.to_ascii_lowercase().starts_with("h2")))
}

/// Whether a request is gRPC, which needs HTTP/2 all the way. gRPC-Web, which does not, has a type
/// of its own.
pub(crate) fn is_grpc(fields: &HeaderMap) -> bool {
    let kind = fields.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    kind.and_then(|kind| kind.strip_prefix(b"application/grpc"))
        .is_some_and(|rest| matches!(rest.first(), None | Some(b'+' | b';' | b' ')))
}

/// Whether a `Host` can be one (RFC 9110, section 7.2): a server must refuse any other.
pub(crate) fn is_host(value: &[u8]) -> bool {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;=:[]".contains(byte);
    value.iter().all(is_part)
}

/// The fields that a server must not mistake another one for: they say where a body ends, or who asks.
const UNMISTAKABLE: [&str; 5] = [
    "content-length",
    "transfer-encoding",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
];

/// Whether a field's name becomes that of another one which frames or tells who asks, where a server
/// makes variables of fields, as CGI and WSGI have it: they write `_` for each `-`.
pub(crate) fn is_alias(name: &[u8]) -> bool {
    let same = |byte: &u8| if *byte == b'_' { b'-' } else { byte.to_ascii_lowercase() };
    name.contains(&b'_') && UNMISTAKABLE.iter().any(|of| of.bytes().eq(name.iter().map(same)))
}

/// Whether at most one field says where the body ends, and says so plainly: one length, or chunks
/// and no other coding, which would be lost on the way (RFC 9112, section 6).
pub(crate) fn is_framed_once(fields: &HeaderMap) -> bool {
    let mut lengths = fields.get_all(CONTENT_LENGTH).iter();
    let mut codings = fields.get_all(TRANSFER_ENCODING).iter();
    let first = (lengths.next(), codings.next());
    let once = lengths.next().is_none() && codings.next().is_none();
    once && match first {
        (None, None) => true,
        (Some(length), None) => {
            !length.is_empty() && length.as_bytes().iter().all(u8::is_ascii_digit)
        }
        (None, Some(coding)) => coding.as_bytes().eq_ignore_ascii_case(b"chunked"),
        (Some(_), Some(_)) => false,
    }
}

/// Makes one field of the pieces that HTTP/2 clients split their cookies into, as HTTP/1.1 has it
/// (RFC 9113, section 8.2.3).
pub(crate) fn join_cookies(fields: &mut HeaderMap) {
    let mut pieces = fields.get_all(COOKIE).iter().map(HeaderValue::as_bytes);
    if let (Some(first), Some(second)) = (pieces.next(), pieces.next()) {
        let all: Vec<_> = [first, second].into_iter().chain(pieces).collect();
        if let Ok(value) = HeaderValue::from_bytes(&all.join(b"; ".as_slice())) {
            fields.insert(COOKIE, value);
        }
    }
}

fn names(fields: &HeaderMap, option: &str) -> bool {
    let mut options = fields.get_all(CONNECTION).iter().flat_map(options_of);
    options.any(|it| it.eq_ignore_ascii_case(option))
}

fn options_of(value: &HeaderValue) -> impl Iterator<Item = &str> {
    value.to_str().unwrap_or_default().split(',').map(str::trim)
}

/// Removes what is meant for this connection only (RFC 9110, section 7.6.1), and the fields that
/// `Connection` names. With `upgrade`, the two fields that ask for it are made anew.
pub(crate) fn strip_hop_by_hop(fields: &mut HeaderMap, upgrade: bool) {
    let to = if upgrade { fields.get(UPGRADE).cloned() } else { None };
    if fields.contains_key(CONNECTION) {
        for name in named(fields) {
            fields.remove(name);
        }
        fields.remove(CONNECTION);
    }
    for name in [KEEP_ALIVE, PROXY_CONNECTION, TRANSFER_ENCODING, UPGRADE] {
        fields.remove(name);
    }
    let trailers = fields
        .get(TE)
        .is_some_and(|te| options_of(te).any(|it| it.eq_ignore_ascii_case("trailers")));
    if fields.remove(TE).is_some() && trailers {
        fields.insert(TE, HeaderValue::from_static("trailers"));
    }
    if let Some(to) = to {
        fields.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        fields.insert(UPGRADE, to);
    }
}

/// The fields that `Connection` names, but for those that frame or route the message and for
/// `te`, which is looked at by itself.
fn named(fields: &HeaderMap) -> Vec<HeaderName> {
    let values = fields.get_all(CONNECTION).iter();
    values
        .flat_map(options_of)
        .filter_map(|name| HeaderName::try_from(name).ok())
        .filter(|name| ![HOST, CONTENT_LENGTH, TRANSFER_ENCODING, TE].contains(name))
        .collect()
}

/// Tells the replica who asked: `peer` is added to `X-Forwarded-For`; host and protocol are set
/// unless a proxy in front has set them.
pub(crate) fn forward(fields: &mut HeaderMap, peer: &HeaderValue) {
    fields.remove(EXPECT);
    let mut before = fields.get_all(FORWARDED_FOR).iter();
    let value = match before.next() {
        None => peer.clone(),
        Some(first) => {
            let mut all = first.as_bytes().to_vec();
            for part in before.chain([peer]) {
                all.extend_from_slice(b", ");
                all.extend_from_slice(part.as_bytes());
            }
            HeaderValue::from_bytes(&all).unwrap_or_else(|_| peer.clone())
        }
    };
    fields.insert(FORWARDED_FOR, value);
    if !fields.contains_key(FORWARDED_PROTO) {
        fields.insert(FORWARDED_PROTO, HeaderValue::from_static("http"));
    }
    if !fields.contains_key(FORWARDED_HOST)
        && let Some(host) = fields.get(HOST).cloned()
    {
        fields.insert(FORWARDED_HOST, host);
    }
}

/// An address as a field's value.
pub(crate) fn address_value(address: IpAddr) -> HeaderValue {
    let text = match address {
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or_else(|| v6.to_string(), |v4| v4.to_string()),
        IpAddr::V4(v4) => v4.to_string(),
    };
    HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static("unknown"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(fields: &[(&str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for &(name, value) in fields {
            map.append(HeaderName::try_from(name).unwrap(), HeaderValue::try_from(value).unwrap());
        }
        map
    }

    fn check_strip(fields: &[(&str, &str)], upgrade: bool, expect: &[(&str, &str)]) {
        let mut found = map(fields);
        strip_hop_by_hop(&mut found, upgrade);
        assert_eq!(found, map(expect), "{fields:?}");
    }

    #[test]
    fn fields_for_one_connection_do_not_go_on() {
        check_strip(&[("host", "a"), ("x", "1")], false, &[("host", "a"), ("x", "1")]);
        check_strip(
            &[
                ("connection", "close, X-Own"),
                ("connection", "host"),
                ("x-own", "1"),
                ("host", "a"),
            ],
            false,
            &[("host", "a")],
        );
        check_strip(
            &[("keep-alive", "5"), ("proxy-connection", "x"), ("transfer-encoding", "chunked")],
            false,
            &[],
        );
        check_strip(&[("te", "gzip, Trailers")], false, &[("te", "trailers")]);
        check_strip(&[("te", "gzip"), ("connection", "te")], false, &[]);
        check_strip(&[("upgrade", "websocket"), ("connection", "Upgrade")], false, &[]);
        check_strip(
            &[("upgrade", "websocket"), ("connection", "keep-alive, Upgrade")],
            true,
            &[("connection", "upgrade"), ("upgrade", "websocket")],
        );
    }

    #[test]
    fn an_upgrade_needs_both_fields_and_is_never_to_http2() {
        assert!(is_upgrade(&map(&[("connection", "a, UPGRADE"), ("upgrade", "WebSocket")])));
        assert!(!is_upgrade(&map(&[("upgrade", "websocket")])));
        assert!(!is_upgrade(&map(&[("connection", "upgrade")])));
        assert!(!is_upgrade(&map(&[("connection", "upgrade"), ("upgrade", "H2C")])));
    }

    #[test]
    fn the_replica_is_told_who_asked() {
        let peer = HeaderValue::from_static("9.9.9.9");
        let mut fields = map(&[("host", "shop"), ("expect", "100-continue")]);
        forward(&mut fields, &peer);
        let expect = [
            ("host", "shop"),
            ("x-forwarded-for", "9.9.9.9"),
            ("x-forwarded-proto", "http"),
            ("x-forwarded-host", "shop"),
        ];
        assert_eq!(fields, map(&expect));
        let mut fields = map(&[
            ("x-forwarded-for", "1.1.1.1"),
            ("x-forwarded-for", "2.2.2.2"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "outside"),
        ]);
        forward(&mut fields, &peer);
        assert_eq!(fields["x-forwarded-for"], "1.1.1.1, 2.2.2.2, 9.9.9.9");
        assert_eq!(fields["x-forwarded-proto"], "https");
        assert_eq!(fields["x-forwarded-host"], "outside");
    }

    #[test]
    fn a_name_that_servers_take_for_another_is_an_alias() {
        for alias in ["content_length", "Transfer_Encoding", "x_forwarded-for", "X-FORWARDED_HOST"]
        {
            assert!(is_alias(alias.as_bytes()), "{alias}");
        }
        for other in ["content-length", "x_forwarded_fox", "content_type", "_", "api_key"] {
            assert!(!is_alias(other.as_bytes()), "{other}");
        }
    }

    #[test]
    fn a_length_is_digits_once() {
        for (fields, expect) in [
            (vec![("content-length", "0")], true),
            (vec![("content-length", "")], false),
            (vec![("content-length", "+1")], false),
            (vec![("content-length", "1"), ("content-length", "1")], false),
            (vec![("transfer-encoding", "Chunked")], true),
            (vec![("transfer-encoding", "")], false),
            (vec![("transfer-encoding", "chunked"), ("content-length", "1")], false),
        ] {
            assert_eq!(is_framed_once(&map(&fields)), expect, "{fields:?}");
        }
    }

    #[test]
    fn a_mapped_address_is_written_as_the_one_that_it_maps() {
        assert_eq!(address_value("::ffff:1.2.3.4".parse().unwrap()), "1.2.3.4");
        assert_eq!(address_value("::1".parse().unwrap()), "::1");
    }
}

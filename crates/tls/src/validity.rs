//! Until when a certificate is valid: the one field of it that nothing here tells otherwise (RFC 5280, 4.1).

use tidegate_units::Timestamp;

const INTEGER: u8 = 0x02;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;

/// Between when a certificate is valid; none when it cannot be read.
pub(crate) fn validity(certificate: &[u8]) -> Option<(Timestamp, Timestamp)> {
    let (certificate, _) = expect(certificate, SEQUENCE)?;
    let (mut rest, _) = expect(certificate, SEQUENCE)?;
    if rest.first() == Some(&VERSION) {
        (_, rest) = expect(rest, VERSION)?;
    }
    // The serial number, the algorithm of the signature and the issuer.
    for tag in [INTEGER, SEQUENCE, SEQUENCE] {
        (_, rest) = expect(rest, tag)?;
    }
    let (times, _) = expect(rest, SEQUENCE)?;
    let (from, times) = time(times)?;
    let (until, _) = time(times)?;
    Some((from, until))
}

/// What an element of this tag holds, and what follows it.
fn expect(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&found, rest) = bytes.split_first()?;
    if found != tag {
        return None;
    }
    let (&first, rest) = rest.split_first()?;
    if first < 0x80 {
        return rest.split_at_checked(first.into());
    }
    // As many bytes as a length in memory has at most; more is nothing that could be here.
    let (length, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
    if length.is_empty() || length.len() > 4 {
        return None;
    }
    let length = length.iter().fold(0, |sum, byte| (sum << 8) | usize::from(*byte));
    rest.split_at_checked(length)
}

fn time(bytes: &[u8]) -> Option<(Timestamp, &[u8])> {
    let (tag, two_digits) = match bytes.first()? {
        &UTC_TIME => (UTC_TIME, true),
        _ => (GENERALIZED_TIME, false),
    };
    let (text, rest) = expect(bytes, tag)?;
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    let text = if two_digits {
        // Of 50 to 99 are those of the last century.
        let century = if text.get(..2)? < "50" { "20" } else { "19" };
        format!("{century}{text}")
    } else {
        text.to_owned()
    };
    let part = |from: usize, to: usize| text.get(from..to);
    let written = format!(
        "{}-{}-{}T{}:{}:{}Z",
        part(0, 4)?,
        part(4, 6)?,
        part(6, 8)?,
        part(8, 10)?,
        part(10, 12)?,
        part(12, 14)?
    );
    (text.len() == 14).then_some(())?;
    Some((written.parse().ok()?, rest))
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::*;

    fn check(from: (i32, u8, u8), until: (i32, u8, u8), expect: (&str, &str)) {
        let mut params = CertificateParams::new(vec!["a.example".to_owned()]).unwrap();
        params.not_before = date_time_ymd(from.0, from.1, from.2);
        params.not_after = date_time_ymd(until.0, until.1, until.2);
        let certificate = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        let (from, until) = validity(certificate.der()).unwrap();
        assert_eq!((from.whole_seconds().as_str(), until.whole_seconds().as_str()), expect);
    }

    #[test]
    fn both_times_are_read_in_either_form() {
        check((2026, 1, 2), (2036, 11, 30), ("2026-01-02T00:00:00Z", "2036-11-30T00:00:00Z"));
        // From 2050 on they are written with four digits.
        check((2026, 1, 2), (2051, 1, 1), ("2026-01-02T00:00:00Z", "2051-01-01T00:00:00Z"));
        check((1975, 1, 1), (4096, 1, 1), ("1975-01-01T00:00:00Z", "4096-01-01T00:00:00Z"));
    }

    #[test]
    fn no_bytes_are_too_strange() {
        let certificate = rcgen::generate_simple_self_signed(["a.example".to_owned()]).unwrap();
        let whole = certificate.cert.der().as_ref();
        for end in 0..whole.len().min(200) {
            assert_eq!(validity(&whole[..end]), None, "{end}");
        }
        for at in 0..whole.len() {
            for value in [0, 0x7f, 0x80, 0x84, 0x88, 0xff] {
                let mut changed = whole.to_vec();
                changed[at] = value;
                let _ = validity(&changed);
            }
        }
        assert_eq!(validity(&[]), None);
        assert_eq!(validity(&[0x30, 0x80]), None);
    }
}

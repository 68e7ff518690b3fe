//! Base64 with padding (RFC 4648, section 4).

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Writes `bytes`, four characters for each three.
pub(crate) fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let group = (0..3).fold(0_usize, |group, at| {
            group << 8 | chunk.get(at).map_or(0, |byte| usize::from(*byte))
        });
        for at in 0..4 {
            let digit = ALPHABET.get(group >> (18 - 6 * at) & 63).filter(|_| at <= chunk.len());
            text.push(char::from(digit.copied().unwrap_or(b'=')));
        }
    }
    text
}

/// Reads what [`encode`] writes; line ends are skipped. None when it is anything else.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    let plain: Vec<u8> = text.bytes().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
    let padding = plain.iter().rev().take_while(|byte| **byte == b'=').count();
    if !plain.len().is_multiple_of(4) || padding > 2 {
        return None;
    }
    let mut bytes = Vec::with_capacity(plain.len() / 4 * 3);
    for chunk in plain.strip_suffix(b"==").or(plain.strip_suffix(b"=")).unwrap_or(&plain).chunks(4)
    {
        let mut group = 0_u32;
        for at in 0..4 {
            let digit = match chunk.get(at) {
                Some(byte) => ALPHABET.iter().position(|known| known == byte)?,
                None => 0,
            };
            group = group << 6 | u32::try_from(digit).ok()?;
        }
        bytes.extend(group.to_be_bytes().into_iter().skip(1).take(chunk.len() - 1));
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vectors_of_rfc_4648_hold_both_ways() {
        for (plain, encoded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(encode(plain.as_bytes()), encoded);
            assert_eq!(decode(encoded), Some(plain.as_bytes().to_vec()), "{encoded}");
        }
        assert_eq!(decode("Zm9v\r\nYmFy\n"), Some(b"foobar".to_vec()));
        for wrong in ["Zg", "Z===", "Zm9*", "Zg==Zg==", "===="] {
            assert_eq!(decode(wrong), None, "{wrong}");
        }
    }
}

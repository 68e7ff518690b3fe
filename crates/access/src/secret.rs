use std::fmt;

use tidegate_ledger::Digest;

/// A secret that is shown once and kept by its digest alone. Its `Debug` form hides it.
///
/// It is 256 random bits as 43 letters and digits between a prefix, by which programs find those that leaked, and
/// the CRC-32 of all before it as six more, by which they know that it is one. The form is GitHub's.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

/// What a secret is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretKind {
    /// A token of an account.
    Token,
    /// A session of a browser.
    Session,
    /// A code with which a browser signs in, once.
    Code,
}

/// A text that is no such secret. What it was is not told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is not written as one of this server")]
pub struct SecretError;

/// Letters and digits that stand for 256 bits: 62^43 > 2^256.
const BODY: usize = 43;
/// And for 32 bits.
const SUM: usize = 6;
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

impl SecretKind {
    /// What it begins with.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Token => "tgt_",
            Self::Session => "tgs_",
            Self::Code => "tgc_",
        }
    }
}

impl Secret {
    /// The secret that is made of these random bytes.
    pub fn new(kind: SecretKind, random: [u8; 32]) -> Self {
        let mut text = format!("{}{}", kind.prefix(), in_digits(&random, BODY));
        let sum = crc32fast::hash(text.as_bytes()).to_be_bytes();
        text.push_str(&in_digits(&sum, SUM));
        Self(text)
    }

    /// Takes a text as a secret of this kind, if it is written as one.
    ///
    /// # Errors
    /// If it is not, so that nothing need be looked up.
    pub fn read(kind: SecretKind, text: &str) -> Result<Self, SecretError> {
        let whole = kind.prefix().len() + BODY + SUM;
        if text.len() != whole || !text.starts_with(kind.prefix()) {
            return Err(SecretError);
        }
        let (body, sum) = text.split_at_checked(whole - SUM).ok_or(SecretError)?;
        let expected = crc32fast::hash(body.as_bytes()).to_be_bytes();
        if in_digits(&expected, SUM) == sum { Ok(Self(text.to_owned())) } else { Err(SecretError) }
    }

    /// The secret itself, to be shown once or to be sent.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is kept of it. To find a secret by it takes no longer the more of it is guessed right.
    pub fn digest(&self) -> Digest {
        Digest::of(self.0.as_bytes())
    }

    /// Another secret that follows from this one, and from which this one does not follow.
    pub fn derived(&self, purpose: &str) -> String {
        let digest = Digest::of(format!("{purpose}\0{}", self.0).as_bytes());
        in_digits(&digest.0, BODY)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(hidden)")
    }
}

/// A number of big-endian bytes in base 62, with leading zeros.
fn in_digits(bytes: &[u8], length: usize) -> String {
    let mut number = bytes.to_vec();
    let mut digits = vec![b'0'; length];
    for digit in digits.iter_mut().rev() {
        let mut rest = 0_u32;
        for byte in &mut number {
            let value = rest << 8 | u32::from(*byte);
            // Below 256, as the rest is below 62.
            *byte = u8::try_from(value / 62).unwrap_or(u8::MAX);
            rest = value % 62;
        }
        let index = usize::try_from(rest).unwrap_or(0);
        *digit = DIGITS.get(index).copied().unwrap_or(b'0');
    }
    String::from_utf8(digits).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_secret_is_written_as_programs_that_look_for_them_expect() {
        let secret = Secret::new(SecretKind::Token, [0xff; 32]);
        assert_eq!(secret.reveal().len(), 53);
        assert!(secret.reveal().starts_with("tgt_"));
        assert_eq!(format!("{secret:?}"), "Secret(hidden)");
        assert_eq!(in_digits(&[0; 32], BODY), "0".repeat(43));
        assert_eq!(in_digits(&[1, 0], 3), "048");
        assert_ne!(secret.derived("a"), secret.derived("b"));
        assert!(!secret.reveal().contains(&secret.derived("a")));
    }

    proptest! {
        #[test]
        fn a_secret_reads_back_and_one_with_a_wrong_letter_does_not(
            random: [u8; 32], other: [u8; 32], at in 0_usize..53, letter in "[0-9A-Za-z_]",
        ) {
            let secret = Secret::new(SecretKind::Token, random);
            prop_assert_eq!(Secret::read(SecretKind::Token, secret.reveal()), Ok(secret.clone()));
            prop_assert!(Secret::read(SecretKind::Session, secret.reveal()).is_err());
            let mut text = secret.reveal().to_owned();
            text.replace_range(at..=at, &letter);
            let expect = text == secret.reveal();
            prop_assert_eq!(Secret::read(SecretKind::Token, &text).is_ok(), expect);
            let another = Secret::new(SecretKind::Token, other);
            prop_assert_eq!(another.digest() == secret.digest(), other == random);
        }

        #[test]
        fn any_text_is_read_without_fail(text in "\\PC*") {
            prop_assert!(Secret::read(SecretKind::Token, &text).is_err());
        }
    }
}

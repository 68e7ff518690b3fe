//! The rules of Kubernetes for names and labels (`k8s.io/apimachinery/pkg/util/validation`).

use std::collections::BTreeMap;

use crate::{
    report::Complaint,
    walk::{Spot, shortened},
};

/// What a name may be.
#[derive(Clone, Copy)]
pub(crate) struct NameRule {
    fits: fn(&str) -> bool,
    allowed: &'static str,
}

/// RFC 1123 subdomain: the name of most objects.
pub(crate) const SUBDOMAIN: NameRule = NameRule {
    fits: is_subdomain,
    allowed: "up to 253 of a-z, 0-9, - and ., with a letter or digit at both ends of each part",
};

/// RFC 1123 label: the name of a namespace or a container.
pub(crate) const LABEL: NameRule = NameRule {
    fits: is_label,
    allowed: "up to 63 of a-z, 0-9 and -, with a letter or digit at both ends",
};

/// RFC 1035 label: the name of a Service.
pub(crate) const SERVICE: NameRule = NameRule {
    fits: |text| is_label(text) && text.starts_with(|c: char| c.is_ascii_lowercase()),
    allowed: "up to 63 of a-z, 0-9 and -, with a letter first and a letter or digit last",
};

/// IANA service name: the name of a container's port.
pub(crate) const PORT: NameRule = NameRule {
    fits: is_port_name,
    allowed: "up to 15 of a-z, 0-9 and -, at least one letter, no - at the ends, no --",
};

/// The key of an entry of a `ConfigMap` or Secret.
pub(crate) const CONFIG_KEY: NameRule = NameRule {
    fits: |text| {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        !text.is_empty()
            && text.len() <= 253
            && text.chars().all(plain)
            && text != "."
            && text != ".."
    },
    allowed: "up to 253 of letters, digits, -, _ and .",
};

/// The name of a variable of the environment.
pub(crate) const VARIABLE: NameRule = NameRule {
    fits: |text| !text.is_empty() && text.chars().all(|c| (' '..='~').contains(&c) && c != '='),
    allowed: "printable ASCII with no =",
};

/// The name of a cookie: a token (RFC 6265, section 4.1.1).
pub(crate) const COOKIE: NameRule =
    NameRule { fits: is_token, allowed: "letters, digits and !#$%&'*+-.^_`|~" };

/// The name of a header field: a token (RFC 9110, section 5.1).
pub(crate) const HEADER: NameRule =
    NameRule { fits: is_token, allowed: "letters, digits and !#$%&'*+-.^_`|~" };

impl NameRule {
    /// The text of `spot` when it follows the rule; reported otherwise.
    pub(crate) fn read(self, spot: &Spot<'_>) -> Option<String> {
        let text = spot.text()?;
        match self.complaint(text) {
            None => Some(text.to_owned()),
            Some(complaint) => {
                spot.complain(complaint);
                None
            }
        }
    }

    /// Reports a key that does not follow the rule.
    pub(crate) fn check_key(self, spot: &Spot<'_>, key: &str) {
        if let Some(complaint) = self.complaint(key) {
            spot.complain_of_key(complaint);
        }
    }

    fn complaint(self, text: &str) -> Option<Complaint> {
        if (self.fits)(text) {
            return None;
        }
        let complaint = Complaint::new(format!("found {:?}", shortened(text))).allow(self.allowed);
        let lower = text.to_ascii_lowercase().replace('_', "-");
        let meant = (lower != text && (self.fits)(&lower)).then_some(lower);
        Some(complaint.suggest(meant.as_deref()))
    }
}

fn is_label(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !text.is_empty()
        && text.len() <= 63
        && text.chars().all(plain)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

fn is_subdomain(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let part = |part: &str| {
        !part.is_empty()
            && part.chars().all(plain)
            && !part.starts_with('-')
            && !part.ends_with('-')
    };
    text.len() <= 253 && text.split('.').all(part)
}

fn is_port_name(text: &str) -> bool {
    is_label(text)
        && text.len() <= 15
        && text.chars().any(|c| c.is_ascii_lowercase())
        && !text.contains("--")
}

fn is_token(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    !text.is_empty() && text.len() <= 128 && text.chars().all(plain)
}

/// The part of a label's key after the `/`, or a label's value that is not empty.
fn is_qualified(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let end = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    text.len() <= 63
        && text.chars().all(plain)
        && end(text.chars().next())
        && end(text.chars().next_back())
}

/// Whether a text can be the key of a label or annotation.
pub(crate) fn is_label_key(key: &str) -> bool {
    match key.split_once('/') {
        Some((prefix, name)) => is_subdomain(prefix) && is_qualified(name),
        None => is_qualified(key),
    }
}

/// A mapping of labels.
pub(crate) fn labels(spot: &Spot<'_>) -> Option<BTreeMap<String, String>> {
    for (key, value) in spot.entries()? {
        check_key(&value, key);
        if let Some(text) = value.node.as_text()
            && !text.is_empty()
            && !is_qualified(text)
            && !value.is_open(text)
        {
            value.refuse(
                "up to 63 of letters, digits, -, _ and ., with a letter or digit at both ends",
            );
        }
    }
    spot.text_map()
}

/// A mapping of annotations.
pub(crate) fn annotations(spot: &Spot<'_>) -> Option<BTreeMap<String, String>> {
    for (key, value) in spot.entries()? {
        check_key(&value, key);
    }
    spot.text_map()
}

fn check_key(spot: &Spot<'_>, key: &str) {
    if !is_label_key(key) {
        let complaint = Complaint::new(format!("the key {:?}", shortened(key))).allow(
            "a name of up to 63 letters, digits, -, _ and ., with a letter or digit at both ends, \
             after an optional prefix such as example.com/",
        );
        spot.complain_of_key(complaint);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(rule: NameRule, fits: &[&str], not: &[&str]) {
        for text in fits {
            assert!((rule.fits)(text), "{text:?} should fit");
        }
        for text in not {
            assert!(!(rule.fits)(text), "{text:?} should not fit");
        }
    }

    #[test]
    fn names_follow_the_rules_of_kubernetes() {
        let (long, too_long) = ("a".repeat(63), "a".repeat(64));
        check(
            LABEL,
            &["a", "web-1", "0", &long],
            &["", "-a", "a-", "a.b", "A", "a_b", "ä", &too_long],
        );
        check(SERVICE, &["a", "web-1", &long], &["", "1web", "-a", "a.b", &too_long]);
        let subdomain = ["a".repeat(60), "b".repeat(60), "c".repeat(60), "d".repeat(60)].join(".");
        check(
            SUBDOMAIN,
            &["a", "a.b-c.1", &too_long, &subdomain],
            &["", ".", "a.", ".a", "a..b", "a.-b", "A.b"],
        );
        check(SUBDOMAIN, &[], &[&format!("{subdomain}.eeeeeeeeeee")]);
        check(
            PORT,
            &["http", "h2", "a-1"],
            &["", "1", "80", "-a", "a-", "a--b", "abcdefghijklmnop", "HTTP"],
        );
        check(CONFIG_KEY, &["A", "a.b", "_x-"], &["", "a b", "a/b", ".", ".."]);
        check(VARIABLE, &["A", "a.b", "a b"], &["", "A=B", "ä", "a\tb"]);
        check(COOKIE, &["sid", "__Host-x"], &["", "a b", "a;b", "a=b"]);
    }

    #[test]
    fn label_keys_may_have_a_prefix() {
        for key in ["app", "app.kubernetes.io/name", "a_b", "A1"] {
            assert!(is_label_key(key), "{key}");
        }
        for key in ["", "/a", "a/", "a/b/c", "A.b/c", "-a", "a b", &"a".repeat(64)] {
            assert!(!is_label_key(key), "{key}");
        }
    }
}

//! Content types, and which kind of matching each is for.

use std::{collections::BTreeMap, fmt};

/// A content type: `application/vnd.api+json;charset=utf-8`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContentType {
    main: String,
    sub: String,
    suffix: Option<String>,
    parameters: BTreeMap<String, String>,
}

impl ContentType {
    /// Reads one; none where the text is no content type.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let (main, sub) = parts.next()?.split_once('/')?;
        let is_token = |text: &str| {
            !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b',')
        };
        if !is_token(main) || !is_token(sub) {
            return None;
        }
        let sub = sub.to_ascii_lowercase();
        let (sub, suffix) = match sub.rsplit_once('+') {
            Some((sub, suffix)) => (sub.to_owned(), Some(suffix.to_owned())),
            None => (sub, None),
        };
        let parameters = parts.filter_map(|part| part.split_once('='));
        let parameters = parameters.map(|(name, value)| {
            (name.trim().to_ascii_lowercase(), value.trim().trim_matches('"').to_ascii_lowercase())
        });
        Some(Self {
            main: main.to_ascii_lowercase(),
            sub,
            suffix,
            parameters: parameters.collect(),
        })
    }

    /// Of what begins like that, when nothing says its type.
    pub fn detect(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        let begin = text.trim_start();
        let lower: String = begin.chars().take(16).collect::<String>().to_ascii_lowercase();
        let name = if lower.starts_with("<?xml") {
            "application/xml"
        } else if lower.starts_with("<!doctype") || lower.starts_with("<html>") {
            "text/html"
        } else if serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok() {
            "application/json"
        } else if begin.strip_prefix('<').is_some_and(|rest| rest.starts_with(char::is_alphabetic))
        {
            "application/xml"
        } else {
            "text/plain"
        };
        Self::parse(name)
    }

    /// Whether it is a type of JSON.
    pub fn is_json(&self) -> bool {
        self.main == "application"
            && (self.sub.starts_with("json")
                || self.suffix.as_deref() == Some("json")
                || self.sub == "graphql")
    }

    /// Whether it is a type of XML.
    pub fn is_xml(&self) -> bool {
        matches!(self.main.as_str(), "application" | "text")
            && (self.sub == "xml" || self.suffix.as_deref() == Some("xml"))
    }

    /// Whether it is that of a form of HTML.
    pub fn is_form(&self) -> bool {
        self.main == "application" && self.sub == "x-www-form-urlencoded"
    }

    /// Whether it is one of several parts.
    pub fn is_multipart(&self) -> bool {
        self.main == "multipart"
    }

    /// Whether it is text.
    pub fn is_text(&self) -> bool {
        self.main == "text" || self.is_xml() || self.is_json() || self.is_form()
    }

    /// Whether it is compared byte by byte.
    pub fn is_binary(&self) -> bool {
        !self.is_text()
    }

    /// `type/subtype+suffix` without parameters.
    pub(crate) fn essence(&self) -> String {
        let suffix = self.suffix.as_ref().map(|suffix| format!("+{suffix}"));
        format!("{}/{}{}", self.main, self.sub, suffix.unwrap_or_default())
    }

    fn base(&self) -> Self {
        Self {
            main: self.main.clone(),
            sub: self.suffix.clone().unwrap_or_else(|| self.sub.clone()),
            suffix: None,
            parameters: BTreeMap::new(),
        }
    }

    /// Whether what is of the type `other` may stand where this type is expected.
    pub(crate) fn takes(&self, other: &Self) -> bool {
        self.is_like(other) || self.is_like(&other.base())
    }

    fn is_like(&self, other: &Self) -> bool {
        let strict =
            |it: &Self| it.sub == "xml" && matches!(it.main.as_str(), "application" | "text");
        if strict(self) && strict(other) {
            return self.parameters.is_empty() || self.parameters == other.parameters;
        }
        if self.parameters.is_empty() {
            return self.main == other.main && self.sub == other.sub;
        }
        self == other
    }
}

impl fmt::Display for ContentType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.essence())?;
        self.parameters.iter().try_for_each(|(name, value)| write!(f, ";{name}={value}"))
    }
}

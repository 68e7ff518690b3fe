//! Conditions on requests in words, as people read them in reports.

use std::fmt;

use crate::{HeaderMatch, RequestMatch, TextMatch, UserKey, UserShare};

impl fmt::Display for RequestMatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let one = |what: String, test: &TextMatch| format!("{what} {test}");
        let header = |header: &HeaderMatch| {
            any(header.any.iter().map(|test| one(format!("header {}", header.name), test)))
        };
        let region = |region: &crate::RegionMatch| format!("region {}", any(region.any.iter()));
        let method = self.method.iter().map(|test| one("method".to_owned(), test));
        let conditions: Vec<String> = Some(any(method))
            .filter(|words| !words.is_empty())
            .into_iter()
            .chain(self.path.iter().map(|test| one("path".to_owned(), test)))
            .chain(self.headers.iter().map(header))
            .chain(self.cookies.iter().map(|it| one(format!("cookie {}", it.name), &it.is)))
            .chain(self.region.iter().map(region))
            .chain(self.users.iter().map(UserShare::to_string))
            .collect();
        if conditions.is_empty() {
            return f.write_str("every request");
        }
        f.write_str(&conditions.join(" and "))
    }
}

fn any<W: fmt::Display>(words: impl Iterator<Item = W>) -> String {
    words.map(|word| word.to_string()).collect::<Vec<_>>().join(" or ")
}

impl fmt::Display for TextMatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(text) => write!(f, "is {text}"),
            Self::Prefix(text) => write!(f, "begins with {text}"),
            Self::Regex(pattern) => write!(f, "matches {pattern}"),
            Self::Present => f.write_str("is there"),
        }
    }
}

impl fmt::Display for UserShare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.hundredths / 100, self.hundredths % 100);
        let share = match (rest, rest % 10) {
            (0, _) => whole.to_string(),
            (_, 0) => format!("{whole}.{}", rest / 10),
            _ => format!("{whole}.{rest:02}"),
        };
        match &self.by {
            UserKey::Header(name) => write!(f, "{share}% of users by header {name}"),
            UserKey::Cookie(name) => write!(f, "{share}% of users by cookie {name}"),
            UserKey::Visitor => write!(f, "{share}% of visitors"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CookieMatch, RegionMatch};

    fn share(hundredths: u16, by: UserKey) -> UserShare {
        UserShare { hundredths, by, salt: String::new() }
    }

    #[test]
    fn a_match_reads_as_a_sentence_does() {
        let exact = |text: &str| TextMatch::Exact(text.to_owned());
        let header = HeaderMatch {
            name: "x-team".to_owned(),
            any: vec![exact("a"), TextMatch::Prefix("b".to_owned())],
        };
        let region = RegionMatch {
            header: "x-region".to_owned(),
            any: vec!["eu".to_owned(), "us".to_owned()],
            here: false,
        };
        let all = RequestMatch {
            method: vec![exact("GET"), exact("HEAD")],
            path: Some(TextMatch::Regex("/a.*".to_owned())),
            headers: vec![header],
            cookies: vec![CookieMatch { name: "plan".to_owned(), is: TextMatch::Present }],
            region: Some(region),
            users: Some(share(500, UserKey::Visitor)),
        };
        assert_eq!(
            all.to_string(),
            "method is GET or method is HEAD and path matches /a.* and header x-team is a or header x-team \
             begins with b and cookie plan is there and region eu or us and 5% of visitors"
        );
        assert_eq!(RequestMatch::default().to_string(), "every request");
    }

    #[test]
    fn a_share_is_written_as_short_as_it_can_be() {
        for (hundredths, text) in [(1, "0.01"), (50, "0.5"), (1250, "12.5"), (1205, "12.05")] {
            let expect = format!("{text}% of users by cookie sid");
            assert_eq!(share(hundredths, UserKey::Cookie("sid".to_owned())).to_string(), expect);
        }
        let all = share(10_000, UserKey::Header("x-user".to_owned()));
        assert_eq!(all.to_string(), "100% of users by header x-user");
    }
}

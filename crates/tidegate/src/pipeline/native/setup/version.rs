//! Versions of tools, and which are asked for.

use std::fmt;

/// A version: numbers, the most significant first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version(Vec<u64>);

impl Version {
    /// The first version in a text.
    pub(super) fn find(text: &str) -> Option<Self> {
        let words = text.split(|letter: char| letter.is_whitespace() || letter == '"');
        let trimmed =
            words.map(|word| word.trim_start_matches(|letter: char| !letter.is_ascii_digit()));
        let numbers = trimmed.filter_map(|word| {
            let end = word
                .find(|letter: char| !letter.is_ascii_digit() && letter != '.')
                .unwrap_or(word.len());
            let parts: Result<Vec<u64>, _> =
                word.get(..end)?.trim_end_matches('.').split('.').map(str::parse).collect();
            parts.ok().filter(|parts| parts.len() > 1)
        });
        // Java before 9 calls itself 1.8.
        let strip = |parts: Vec<u64>| match parts.as_slice() {
            [1, major, rest @ ..] if *major >= 5 && text.contains("version \"1.") => {
                [&[*major], rest].concat()
            }
            _ => parts,
        };
        numbers.map(strip).map(Self).next()
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<String> = self.0.iter().map(u64::to_string).collect();
        f.write_str(&parts.join("."))
    }
}

/// Which versions are asked for: any of several ranges, each of which is all of several bounds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Asked(Vec<Vec<Bound>>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Bound {
    Any,
    /// Nothing that can be told by numbers, such as `pypy3.10`.
    Nothing,
    /// Those whose first numbers are these.
    Within(Vec<u64>),
    AtLeast(Vec<u64>),
    MoreThan(Vec<u64>),
    AtMost(Vec<u64>),
    LessThan(Vec<u64>),
    /// As `^1.2`: at least this, with the same first number that is not 0.
    Caret(Vec<u64>),
    /// As `~1.2`: at least this, with the same first two numbers.
    Tilde(Vec<u64>),
}

impl Asked {
    /// As the official actions take it: `20`, `20.x`, `>=18 <21`, `^20 || ^22`, `lts/*`, `latest`; nothing is any.
    pub(super) fn read(text: &str) -> Self {
        Self(text.split("||").map(range).collect())
    }

    /// Whether a version is asked for.
    pub(super) fn takes(&self, version: &Version) -> bool {
        self.0.iter().any(|range| range.iter().all(|bound| bound.takes(&version.0)))
    }
}

fn range(text: &str) -> Vec<Bound> {
    let text = text.trim();
    let words = ["", "*", "x", "latest", "node", "current", "stable", "oldstable"];
    if words.contains(&text) || text.starts_with("lts") {
        return vec![Bound::Any];
    }
    // `>= 18` is one bound.
    let mut joined = String::new();
    for word in text.split_whitespace() {
        let open = joined.ends_with(['>', '<', '=', '^', '~']);
        if !joined.is_empty() && !open {
            joined.push(' ');
        }
        joined.push_str(word);
    }
    joined.split(' ').map(bound).collect()
}

fn bound(text: &str) -> Bound {
    type Make = fn(Vec<u64>) -> Bound;
    let makes: [(&str, Make); 7] = [
        (">=", Bound::AtLeast),
        ("<=", Bound::AtMost),
        (">", Bound::MoreThan),
        ("<", Bound::LessThan),
        ("^", Bound::Caret),
        ("~", Bound::Tilde),
        ("=", Bound::Within),
    ];
    let (make, rest) = makes
        .into_iter()
        .find_map(|(sign, make)| Some((make, text.strip_prefix(sign)?)))
        .unwrap_or((Bound::Within, text));
    let rest = rest.trim_start_matches(['v', '=']).trim_start_matches("go");
    let numbers = rest.split(['.', '-', '+']).take_while(|part| !["x", "X", "*"].contains(part));
    match numbers.map(str::parse).collect::<Result<Vec<u64>, _>>() {
        Ok(numbers) => make(numbers),
        Err(_) => Bound::Nothing,
    }
}

impl Bound {
    fn takes(&self, version: &[u64]) -> bool {
        let begins = |numbers: &[u64]| version.starts_with(numbers);
        match self {
            Self::Any => true,
            Self::Nothing => false,
            Self::Within(numbers) => begins(numbers),
            Self::AtLeast(numbers) => version >= numbers.as_slice(),
            Self::MoreThan(numbers) => version > numbers.as_slice() && !begins(numbers),
            Self::AtMost(numbers) => version <= numbers.as_slice() || begins(numbers),
            Self::LessThan(numbers) => version < numbers.as_slice(),
            Self::Caret(numbers) => {
                let first = numbers.iter().position(|number| *number > 0).unwrap_or(0);
                version >= numbers.as_slice() && begins(numbers.get(..=first).unwrap_or(numbers))
            }
            Self::Tilde(numbers) => {
                version >= numbers.as_slice() && begins(numbers.get(..2).unwrap_or(numbers))
            }
        }
    }
}

/// The version that a file names: `.nvmrc` and the like have it alone, `.tool-versions`, `go.mod` and `package.json` among
/// other things.
pub(super) fn of_file(name: &str, text: &str) -> Option<String> {
    let of_line = |begin: &str| {
        let line = text.lines().map(str::trim).find(|line| line.starts_with(begin))?;
        line.split_whitespace().nth(1).map(str::to_owned)
    };
    let file = name.rsplit('/').next().unwrap_or(name);
    match file {
        "go.mod" | "go.work" => of_line("go "),
        ".tool-versions" => {
            ["nodejs ", "node ", "python ", "golang ", "go ", "java "].into_iter().find_map(of_line)
        }
        "package.json" => {
            let json = serde_json::from_str::<serde_json::Value>(text).ok()?;
            let named = ["/volta/node", "/devEngines/runtime/version", "/engines/node"];
            named.iter().find_map(|path| json.pointer(path)?.as_str().map(str::to_owned))
        }
        _ => text
            .lines()
            .map(str::trim)
            .find(|line| !line.is_empty() && !line.starts_with('#'))
            .map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(asked: &str, takes: &[&str], leaves: &[&str]) {
        let of = |version: &str| Version::find(version).unwrap();
        let read = Asked::read(asked);
        for version in takes {
            assert!(read.takes(&of(version)), "{asked:?} should take {version}");
        }
        for version in leaves {
            assert!(!read.takes(&of(version)), "{asked:?} should not take {version}");
        }
    }

    #[test]
    fn versions_are_asked_for_as_the_official_actions_take_them() {
        check("", &["20.1.0", "3.9.2"], &[]);
        check("lts/*", &["20.1.0"], &[]);
        check("20", &["20.0.0", "20.11.1"], &["2.0.0", "21.0.0"]);
        check("20.x", &["20.11.1"], &["21.0.0"]);
        check("v20.11.1", &["20.11.1"], &["20.11.2"]);
        check(">=18", &["18.0.0", "22.1.0"], &["17.9.9"]);
        check(">= 18 < 21", &["18.0.0", "20.9.9"], &["21.0.0", "17.0.0"]);
        check(">18", &["19.0.0"], &["18.5.0"]);
        check("<=18", &["18.5.0", "17.0.0"], &["19.0.0"]);
        check("^20.1 || 18", &["20.9.0", "18.2.0"], &["20.0.1", "21.0.0"]);
        check("^0.3.1", &["0.3.4"], &["0.4.0", "0.3.0"]);
        check("~3.11", &["3.11.9"], &["3.12.0"]);
        check("pypy3.10", &[], &["3.10.1"]);
        check("go1.22", &["1.22.3"], &["1.23.0"]);
    }

    #[test]
    fn a_version_is_found_in_what_a_program_says() {
        let find = |text: &str| Version::find(text).map(|version| version.to_string());
        assert_eq!(find("v20.20.2\n").as_deref(), Some("20.20.2"));
        assert_eq!(find("Python 3.11.2").as_deref(), Some("3.11.2"));
        assert_eq!(find("go version go1.22.1 linux/amd64").as_deref(), Some("1.22.1"));
        assert_eq!(find("openjdk version \"17.0.9\" 2023-10-17").as_deref(), Some("17.0.9"));
        assert_eq!(find("java version \"1.8.0_202\"").as_deref(), Some("8.0"));
        assert_eq!(find("nothing"), None);
    }

    #[test]
    fn a_file_may_name_the_version() {
        let of = |name: &str, text: &str| of_file(name, text);
        assert_eq!(of("web/.nvmrc", "# ours\n20.1\n").as_deref(), Some("20.1"));
        assert_eq!(of("go.mod", "module x\n\ngo 1.22\n").as_deref(), Some("1.22"));
        assert_eq!(of(".tool-versions", "ruby 3\nnodejs 20.2.0\n").as_deref(), Some("20.2.0"));
        assert_eq!(of("package.json", r#"{"engines": {"node": ">=18"}}"#).as_deref(), Some(">=18"));
        assert_eq!(of("package.json", "no"), None);
    }
}

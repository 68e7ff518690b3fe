//! Names and ids that a workflow leaves open: ids of steps and of a matrix's jobs, names of jobs.

use std::collections::BTreeSet;

/// No id is longer, in characters, and each that someone writes is shorter: GitHub's own limit.
pub const LONGEST_ID: usize = 100;

/// No name of a matrix's job is longer, in UTF-16 units as GitHub counts: it stands in lists.
pub const LONGEST_NAME: usize = 100;

/// As many ids may begin alike; more than a matrix may have jobs.
const MOST_ALIKE: usize = 1_000;

/// Makes ids, each but once, without regard to case.
#[derive(Clone, Debug, Default)]
pub struct Ids {
    /// Those that are taken, in lower case.
    taken: BTreeSet<String>,
}

/// Why an id that somebody wrote cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// It has characters that no id has, or too many.
    #[error(
        "IDs may only contain alphanumeric characters, '_', and '-'. IDs must start with a letter or '_' and must be less than {LONGEST_ID} characters."
    )]
    Malformed,
    /// It begins as those do that are made here.
    #[error("IDs starting with '__' are reserved.")]
    Reserved,
    /// Another one has it.
    #[error("It may not be used more than once within the same scope.")]
    Taken,
}

impl Ids {
    /// Takes the id `written`.
    pub fn take(&mut self, written: &str) -> Result<(), IdError> {
        if !well_formed(written) {
            return Err(IdError::Malformed);
        }
        if written.starts_with("__") {
            return Err(IdError::Reserved);
        }
        if self.taken.insert(written.to_ascii_lowercase()) { Ok(()) } else { Err(IdError::Taken) }
    }

    /// Makes an id of `segments` that may begin with `__`, as those of steps do.
    pub fn reserved(&mut self, segments: &[&str]) -> Option<String> {
        self.unique(joined(segments))
    }

    /// Makes an id of `segments` that does not begin with `__`.
    pub fn plain(&mut self, segments: &[&str]) -> Option<String> {
        let id = joined(segments);
        if id.starts_with("__") {
            return self.unique(format!("_{}", id.trim_start_matches('_')));
        }
        self.unique(id)
    }

    /// `wanted`, or what it is with the first number at its end that is free. `None` where a
    /// thousand are taken already.
    fn unique(&mut self, wanted: String) -> Option<String> {
        let wanted = if wanted.is_empty() { "job".to_owned() } else { wanted };
        (1..MOST_ALIKE).find_map(|attempt| {
            let suffix = match attempt {
                1 => String::new(),
                _ if wanted == "_" => attempt.to_string(),
                _ => format!("_{attempt}"),
            };
            let kept = wanted.get(..LONGEST_ID - suffix.len()).unwrap_or(&wanted);
            let candidate = format!("{kept}{suffix}");
            self.taken.insert(candidate.to_ascii_lowercase()).then_some(candidate)
        })
    }
}

/// The id that a step has which `uses` this and has none of its own: `__` and its action.
pub fn of_action(uses: &str) -> String {
    let named = if let Some(image) = uses.strip_prefix("docker://") {
        image.to_owned()
    } else if uses.starts_with("./") || uses.starts_with(".\\") || uses.starts_with("$/") {
        "self".to_owned()
    } else {
        repository(uses).unwrap_or_default()
    };
    format!("__{}", if named.is_empty() { "run" } else { &named })
}

/// The repository of `owner/name/path@ref`.
fn repository(uses: &str) -> Option<String> {
    let (path, reference) = uses.split_once('@')?;
    let mut segments = path.split(['/', '\\']).filter(|segment| !segment.is_empty());
    let (owner, name) = (segments.next()?, segments.next()?);
    (!reference.is_empty() && !reference.contains('@')).then(|| format!("{owner}/{name}"))
}

/// The name of a job with the values of its matrix behind it: `build (linux, x64)`.
pub fn of_matrix_job(name: &str, segments: &[String]) -> String {
    let full = if segments.is_empty() {
        name.to_owned()
    } else {
        format!("{name} ({})", segments.join(", "))
    };
    if full.encode_utf16().count() <= LONGEST_NAME {
        return full;
    }
    let mut units = 0;
    let kept = full.chars().take_while(|letter| {
        units += letter.len_utf16();
        units <= LONGEST_NAME - 3
    });
    kept.chain("...".chars()).collect()
}

fn well_formed(id: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
    let follows = |byte: u8| letter(byte) || byte.is_ascii_digit() || byte == b'-';
    id.len() < LONGEST_ID && id.bytes().next().is_some_and(letter) && id.bytes().all(follows)
}

/// The segments with `_` between them and for each character that no id has.
fn joined(segments: &[&str]) -> String {
    let mut id = String::new();
    for segment in segments.iter().filter(|segment| !segment.is_empty()) {
        let begins = segment.starts_with(|first: char| first.is_ascii_digit() || first == '-');
        if !id.is_empty() || begins {
            id.push('_');
        }
        for letter in segment.chars() {
            let kept = letter.is_ascii_alphanumeric() || letter == '-';
            // A character beyond the first plane is two units, and two underscores, on GitHub.
            let (with, times) = if kept { (letter, 1) } else { ('_', letter.len_utf16()) };
            id.extend(std::iter::repeat_n(with, times));
        }
    }
    id
}

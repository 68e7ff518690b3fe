use std::path::{Path, PathBuf};

use crate::segment::Segment;

/// Where patterns begin that do not begin at the root.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// An absolute path: of a job, its workspace.
    pub folder: &'a Path,
    /// What `~` stands for.
    pub home: &'a Path,
}

/// A pattern that cannot be followed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// It leaves its place.
    #[error(
        "Invalid pattern '{pattern}'. Relative pathing '.' and '..' is not allowed: a pattern begins at the workspace, at / or at ~"
    )]
    Relative {
        /// As it was written.
        pattern: String,
    },
    /// There are too many of them.
    #[error("more than {limit} patterns")]
    Many {
        /// How many may be.
        limit: usize,
    },
}

/// Patterns in one go: what a file would hash takes a moment for each of these.
const PATTERNS: usize = 10_000;

/// Patterns, of which later ones take away from or add to what earlier ones found.
#[derive(Clone, Debug)]
pub struct Glob {
    pub(crate) patterns: Vec<Pattern>,
}

/// One line.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    pub(crate) is_negated: bool,
    /// Without the root, which all patterns begin at.
    segments: Vec<Segment>,
    /// It ends with a slash, and is of folders alone.
    of_folders: bool,
    /// It was added to find what is within what was found.
    is_implied: bool,
}

/// What of an item is matched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Match {
    pub(crate) folder: bool,
    pub(crate) file: bool,
}

impl Glob {
    /// Reads a pattern from each line; empty lines and those that begin with `#` are none.
    pub fn parse(text: &str, place: Place<'_>) -> Result<Self, PatternError> {
        let lines = text.lines().map(str::trim);
        let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        let mut patterns = Vec::new();
        for line in lines {
            if patterns.len() == PATTERNS {
                return Err(PatternError::Many { limit: PATTERNS });
            }
            patterns.extend(Pattern::parse(line, place)?);
        }
        Ok(Self { patterns })
    }

    /// Where it is looked: the parts of the patterns before the first that stands for several, less
    /// those that lie within another.
    pub fn search_paths(&self) -> Vec<PathBuf> {
        let candidates: Vec<_> = self
            .patterns
            .iter()
            .filter(|pattern| !pattern.is_negated)
            .map(Pattern::search_path)
            .collect();
        let mut found: Vec<PathBuf> = Vec::new();
        for path in &candidates {
            let lies_within = path
                .ancestors()
                .skip(1)
                .any(|above| candidates.iter().any(|candidate| candidate == above));
            if !lies_within && !found.contains(path) {
                found.push(path.clone());
            }
        }
        found
    }

    /// The same with what is within all that it matches.
    pub(crate) fn with_descendants(&self) -> Self {
        let mut patterns = Vec::new();
        for pattern in &self.patterns {
            patterns.push(pattern.clone());
            patterns.extend(pattern.descendants());
        }
        Self { patterns }
    }

    pub(crate) fn matches(&self, parts: &[&str]) -> Match {
        let mut found = Match::default();
        for pattern in &self.patterns {
            let own = pattern.matches(parts);
            found = if pattern.is_negated {
                Match { folder: found.folder && !own.folder, file: found.file && !own.file }
            } else {
                Match { folder: found.folder || own.folder, file: found.file || own.file }
            };
        }
        found
    }

    /// Whether something within this folder may match.
    pub(crate) fn may_match_within(&self, parts: &[&str]) -> bool {
        self.patterns.iter().any(|pattern| !pattern.is_negated && pattern.run(parts).is_alive)
    }
}

/// What is left of a pattern when a path is at its end.
struct Run {
    is_match: bool,
    is_alive: bool,
}

impl Pattern {
    /// None for a line that is nothing but `!`.
    fn parse(line: &str, place: Place<'_>) -> Result<Option<Self>, PatternError> {
        let mut text = line;
        let mut is_negated = false;
        while let Some(rest) = text.strip_prefix('!') {
            is_negated = !is_negated;
            text = rest.trim();
        }
        if text.is_empty() {
            return Ok(None);
        }
        let (mut segments, rest) = root(text, place);
        for part in rest.split('/').filter(|part| !part.is_empty()) {
            let segment = Segment::parse(part);
            if matches!(segment.text().as_deref(), Some("." | "..")) {
                return Err(PatternError::Relative { pattern: text.to_owned() });
            }
            segments.push(segment);
        }
        Ok(Some(Self { is_negated, segments, of_folders: text.ends_with('/'), is_implied: false }))
    }

    fn descendants(&self) -> Option<Self> {
        if self.segments.last() == Some(&Segment::Any) && !self.of_folders {
            return None;
        }
        let mut segments = self.segments.clone();
        segments.push(Segment::Any);
        Some(Self { segments, of_folders: false, is_implied: true, ..*self })
    }

    fn search_path(&self) -> PathBuf {
        let mut path = PathBuf::from("/");
        path.extend(self.segments.iter().map_while(Segment::text));
        path
    }

    fn matches(&self, parts: &[&str]) -> Match {
        let run = self.run(parts);
        // `a/**` is also of `a` itself, if someone wrote it.
        let is_match = run.is_match || (!self.is_implied && self.is_just_before_any(parts));
        Match { folder: is_match, file: is_match && !self.of_folders }
    }

    fn is_just_before_any(&self, parts: &[&str]) -> bool {
        let Some((Segment::Any, before)) = self.segments.split_last() else { return false };
        let before = Self { segments: before.to_vec(), ..self.clone() };
        before.run(parts).is_match
    }

    /// Follows all ways through the pattern at once, so that many `**` cost no more than one.
    fn run(&self, parts: &[&str]) -> Run {
        let end = self.segments.len();
        let mut states = vec![false; end + 1];
        if let Some(first) = states.first_mut() {
            *first = true;
        }
        self.skip_any(&mut states);
        for part in parts {
            let mut next = vec![false; end + 1];
            for (at, segment) in self.segments.iter().enumerate() {
                if !states.get(at).copied().unwrap_or(false) || !segment.matches(part) {
                    continue;
                }
                let is_any = *segment == Segment::Any;
                for (to, reached) in next.iter_mut().enumerate() {
                    *reached |= (is_any && to == at) || to == at + 1;
                }
            }
            self.skip_any(&mut next);
            states = next;
        }
        Run {
            is_match: states.last().copied().unwrap_or(false),
            is_alive: states.iter().any(|state| *state),
        }
    }

    /// `**` may stand for nothing, unless it is the last.
    fn skip_any(&self, states: &mut [bool]) {
        for (at, segment) in self.segments.iter().enumerate() {
            let is_there = states.get(at).copied().unwrap_or(false);
            if is_there && *segment == Segment::Any && at + 1 < self.segments.len() {
                states.iter_mut().skip(at + 1).take(1).for_each(|next| *next = true);
            }
        }
    }
}

/// What a pattern begins with, and what of it comes then.
fn root<'a>(text: &'a str, place: Place<'_>) -> (Vec<Segment>, &'a str) {
    let after = |prefix: &str| {
        let rest = text.strip_prefix(prefix)?;
        (rest.is_empty() || rest.starts_with('/')).then_some(rest)
    };
    if text.starts_with('/') {
        (Vec::new(), text)
    } else if let Some(rest) = after("~") {
        (literal(place.home), rest)
    } else {
        (literal(place.folder), after(".").unwrap_or(text))
    }
}

fn literal(path: &Path) -> Vec<Segment> {
    parts(path).iter().map(|part| Segment::literal(part)).collect()
}

/// The parts of an absolute path. What is not Unicode is shown with replacements, which match `*`.
pub(crate) fn parts(path: &Path) -> Vec<String> {
    let normal = path.components().filter_map(|component| match component {
        std::path::Component::Normal(part) => Some(part.to_string_lossy().into_owned()),
        _ => None,
    });
    normal.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: fn() -> Place<'static> =
        || Place { folder: Path::new("/w"), home: Path::new("/h") };

    fn check_paths(text: &str, expect: &[&str]) {
        let found = Glob::parse(text, PLACE()).unwrap().search_paths();
        assert_eq!(found, expect.iter().map(PathBuf::from).collect::<Vec<_>>(), "{text}");
    }

    #[test]
    fn it_is_looked_below_what_is_certain() {
        check_paths("a/b/*.txt", &["/w/a/b"]);
        check_paths("./a\n~/b\n/c", &["/w/a", "/h/b", "/c"]);
        check_paths("a\na/b\n!c\n# d\n\n", &["/w/a"]);
        check_paths("a/b\na", &["/w/a"]);
        check_paths("**/x", &["/w"]);
        check_paths("*", &["/w"]);
        check_paths(".\n~", &["/w", "/h"]);
        check_paths("//a///b/", &["/a/b"]);
        check_paths("!!a", &["/w/a"]);
        check_paths(".a/[b]", &["/w/.a/b"]);
    }

    #[test]
    fn a_pattern_that_leaves_its_place_is_refused() {
        for pattern in ["..", "a/../b", "a/./b", "!../a", "~/..", "././a"] {
            let error = Glob::parse(pattern, PLACE()).unwrap_err();
            assert!(matches!(error, PatternError::Relative { .. }), "{pattern}");
        }
    }
}

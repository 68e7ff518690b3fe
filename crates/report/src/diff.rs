use tidegate_evidence::{ChangedLines, LONGEST_NAME, cut};

use crate::{
    error::{Problem, ReadError, quoted},
    limits::MOST_COVERED,
    source::Source,
};

/// Reads a unified diff, as `git diff` writes it: the lines that it adds, by the path of their file after the change.
pub fn changed_lines(bytes: &[u8], file: &str) -> Result<ChangedLines, ReadError> {
    let source = Source::new(file, bytes)?;
    lines_of(&source.text).map_err(|problem| source.place(problem))
}

/// The part of a file that is being read.
#[derive(Default)]
struct Hunk {
    /// The line of the file after the change that comes next.
    next: u32,
    /// Lines that are still to come, before the change and after it.
    before: u32,
    after: u32,
}

fn lines_of(text: &str) -> Result<ChangedLines, Problem> {
    let mut changed = ChangedLines::default();
    let mut path: Option<String> = None;
    let (mut hunk, mut count, mut at) = (Hunk::default(), 0, 0);
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        let line = line.trim_end_matches(['\n', '\r']);
        // What is within a hunk is known by its counts: a line that was taken away may begin with `--`.
        if hunk.before > 0 || hunk.after > 0 {
            if let Some(added) = hunk.take(line) {
                count += 1;
                if count > MOST_COVERED {
                    return Err(Problem::too_many(start, MOST_COVERED, "changed lines"));
                }
                if let Some(path) = &path {
                    changed.files.entry(path.clone()).or_default().insert(added);
                }
            }
            continue;
        }
        if let Some(name) = line.strip_prefix("+++ ") {
            path = path_of(name);
        } else if line.starts_with("@@@") {
            let mend = "compare with one commit: git diff BASE...HEAD";
            return Err(Problem::new(start, "this is the diff of a merge", mend));
        } else if line.starts_with("@@ ") {
            hunk = header(line).ok_or_else(|| {
                let message = format!("{} is no head of a hunk", quoted(line));
                Problem::new(start, message, "write @@ -LINE,COUNT +LINE,COUNT @@")
            })?;
        }
    }
    Ok(changed)
}

impl Hunk {
    /// Goes on by a line; its number when it was added.
    fn take(&mut self, line: &str) -> Option<u32> {
        match line.as_bytes().first() {
            Some(b'+') => {
                let added = self.next;
                self.next = self.next.saturating_add(1);
                self.after = self.after.saturating_sub(1);
                Some(added)
            }
            Some(b'-') => {
                self.before = self.before.saturating_sub(1);
                None
            }
            // That there is no end of the last line.
            Some(b'\\') => None,
            // Some tools leave the space of an empty line out.
            _ => {
                self.next = self.next.saturating_add(1);
                self.before = self.before.saturating_sub(1);
                self.after = self.after.saturating_sub(1);
                None
            }
        }
    }
}

fn header(line: &str) -> Option<Hunk> {
    let mut parts = line.split(' ').skip(1);
    let range = |text: &str, sign: char| -> Option<(u32, u32)> {
        let text = text.strip_prefix(sign)?;
        match text.split_once(',') {
            Some((line, count)) => Some((line.parse().ok()?, count.parse().ok()?)),
            None => Some((text.parse().ok()?, 1)),
        }
    };
    let (_, before) = range(parts.next()?, '-')?;
    let (next, after) = range(parts.next()?, '+')?;
    Some(Hunk { next, before, after })
}

/// The path of `b/src/a.rs`, which git quotes where it has unusual characters; nothing of a file that was taken away.
fn path_of(name: &str) -> Option<String> {
    // Behind a tab there is the time in what diff writes.
    let name = name.split('\t').next().unwrap_or(name);
    if name == "/dev/null" {
        return None;
    }
    let unquoted = name.strip_prefix('"').and_then(|name| name.strip_suffix('"')).map(unescaped);
    let name = unquoted.as_deref().unwrap_or(name);
    // `b` is git's own; with `diff.mnemonicPrefix` there are others.
    let path = ["b/", "w/", "i/", "c/", "o/"].iter().find_map(|prefix| name.strip_prefix(prefix));
    Some(cut(path.unwrap_or(name), LONGEST_NAME))
}

/// The bytes of git's quotes: `\303\244` and the like.
fn unescaped(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        rest = behind;
        if *first != b'\\' {
            bytes.push(*first);
            continue;
        }
        let digits = behind.iter().take(3).take_while(|byte| (b'0'..=b'7').contains(*byte)).count();
        if digits == 3 {
            let octal =
                behind.iter().take(3).fold(0_u32, |sum, byte| sum * 8 + u32::from(byte - b'0'));
            bytes.push(u8::try_from(octal & 0xff).unwrap_or_default());
            rest = behind.get(3..).unwrap_or_default();
        } else if let Some((next, behind)) = behind.split_first() {
            bytes.push(match next {
                b'n' => b'\n',
                b't' => b'\t',
                other => *other,
            });
            rest = behind;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A name of a test, file, rule or benchmark may be this long, in bytes. Parametrised tests carry their
/// arguments in their names; what is longer tells nobody anything, and a report has 100,000 of them.
pub const LONGEST_NAME: usize = 1024;

/// A message may be this long, in bytes: some hundred lines of a stack trace. More is in the log of the
/// run, and GitHub shows no more than 64 KiB of an annotation.
pub const LONGEST_TEXT: usize = 16 * 1024;

/// `text` with no more than `most` bytes, cut between characters; what was cut is marked by `...`.
pub fn cut(text: &str, most: usize) -> String {
    const MARK: &str = "...";
    if text.len() <= most {
        return text.to_owned();
    }
    let mut end = most.saturating_sub(MARK.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let kept = text.get(..end).unwrap_or_default();
    format!("{kept}{MARK}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_between_characters() {
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("abcdefgh", 7), "abcd...");
        assert_eq!(cut("aµµµµ", 6), "aµ...");
        assert_eq!(cut("µµµµ", 3), "...");
        assert!(cut(&"x".repeat(LONGEST_TEXT + 1), LONGEST_TEXT).len() <= LONGEST_TEXT);
    }
}

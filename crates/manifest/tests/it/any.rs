//! Any text at all: no panic, and every problem inside the file.

use proptest::prelude::*;
use tidegate_manifest::{Problems, read, resource_of, to_yaml};

const GOOD: [&str; 4] = [
    include_str!("cases/rollout.yaml"),
    include_str!("cases/analysis.yaml"),
    include_str!("cases/service.yaml"),
    include_str!("cases/config.yaml"),
];

/// Pieces that mean something in YAML or in the fields.
const PIECES: [&str; 40] = [
    ":",
    "- ",
    "? ",
    "|",
    ">",
    "&a ",
    "*a",
    "!!str ",
    "!x ",
    "<<: ",
    "{",
    "}",
    "[",
    "]",
    ",",
    "'",
    "\"",
    "#",
    "---\n",
    "...\n",
    "%YAML 1.2\n",
    "\t",
    "\r",
    "\n",
    "  ",
    "null",
    "true",
    "yes",
    "-1",
    "1e999",
    "0x1F",
    "{{args.a}}",
    "99999999999999999999",
    "25%",
    "{}",
    "[]",
    "\u{feff}",
    "\u{2028}",
    "\\x41",
    "é😀",
];

fn inside(text: &str, problems: &Problems) -> Result<(), TestCaseError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines: Vec<&str> = text
        .split('\n')
        .flat_map(|line| line.strip_suffix('\r').unwrap_or(line).split('\r'))
        .collect();
    prop_assert!(!problems.problems.is_empty());
    for problem in &problems.problems {
        let line = problem.line as usize;
        prop_assert!((1..=lines.len()).contains(&line), "{}", problem);
        let longest = lines[line - 1].chars().count() + 1;
        prop_assert!((1..=longest).contains(&(problem.column as usize)), "{}", problem);
        prop_assert!(problem.width >= 1 && !problem.message.is_empty());
        prop_assert!(!problem.snippet().to_string().is_empty());
    }
    Ok(())
}

/// Reads a text; what it gives has to come back from its own manifest with the same meaning.
fn check(text: &str) -> Result<(), TestCaseError> {
    match read("any.yaml", text) {
        Err(problems) => inside(text, &problems)?,
        Ok(documents) => {
            for document in documents {
                let again = resource_of(&document.manifest);
                prop_assert_eq!(again, Ok(document.resource), "{}", to_yaml(&document.manifest));
            }
        }
    }
    Ok(())
}

fn char_at(text: &str, near: usize) -> usize {
    (0..=near % (text.len() + 1)).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}

fn mutate(mut text: String, changes: &[(usize, usize, usize)]) -> String {
    for &(kind, place, what) in changes {
        let at = char_at(&text, place);
        let end = char_at(&text, at + what % 12).max(at);
        match kind {
            0 => text.insert_str(at, PIECES[what % PIECES.len()]),
            1 => text.replace_range(at..end, ""),
            2 => text.replace_range(at..end, PIECES[what % PIECES.len()]),
            _ => {
                let lines: Vec<&str> = text.lines().collect();
                if !lines.is_empty() {
                    let (from, to) = (place % lines.len(), what % lines.len());
                    let mut lines = lines.clone();
                    let line = if kind == 3 { lines[from] } else { lines.remove(from) };
                    lines.insert(to.min(lines.len()), line);
                    text = lines.join("\n");
                }
            }
        }
    }
    text
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        check(&text)?;
    }

    #[test]
    fn any_pieces_of_yaml_are_read_or_refused(
        pieces in prop::collection::vec(0..PIECES.len() + 4, 0..60)
    ) {
        let words = ["a", "kind", "apiVersion", "v1"];
        let piece = |n: &usize| PIECES.get(*n).copied().unwrap_or(words[n % 4]);
        check(&pieces.iter().map(piece).collect::<String>())?;
    }

    #[test]
    fn a_good_file_with_slips_is_read_or_refused(
        which in 0..GOOD.len(),
        changes in prop::collection::vec((0..5_usize, any::<usize>(), any::<usize>()), 1..6),
    ) {
        let changes: Vec<_> = changes.iter().map(|(kind, place, what)| (*kind, place % 4_000, *what)).collect();
        check(&mutate(GOOD[which].to_owned(), &changes))?;
    }
}

#[test]
fn the_good_files_are_good() {
    for text in GOOD {
        read("good.yaml", text).unwrap();
        assert!(check(text).is_ok());
    }
}

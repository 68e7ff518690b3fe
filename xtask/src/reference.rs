use std::fs;

use anyhow::{Context as _, Result, bail};

use crate::shell::{cargo, output, program, root, run, target};

/// A page of `docs/` that is generated, and what the binary is asked for it.
struct Page {
    path: &'static str,
    command: &'static [&'static str],
}

const PAGES: &[Page] = &[
    Page { path: "docs/src/reference/cli.md", command: &["internal-reference", "cli"] },
    Page {
        path: "docs/src/reference/exit-codes.md",
        command: &["internal-reference", "exit-codes"],
    },
];

/// Writes the generated pages.
pub(crate) fn write() -> Result<()> {
    run(&mut cargo(&["build", "-p", "tidegate"]))?;
    for page in PAGES {
        fs::write(root().join(page.path), page.generate()?)?;
        eprintln!("wrote {}", page.path);
    }
    Ok(())
}

/// Fails unless the pages are what would be generated.
pub(crate) fn check() -> Result<()> {
    run(&mut cargo(&["build", "-p", "tidegate"]))?;
    for page in PAGES {
        let found = fs::read_to_string(root().join(page.path))
            .with_context(|| format!("cannot read {}", page.path))?;
        if let Some(place) = difference(&found, &page.generate()?) {
            bail!("{} is out of date from {place} on; run `cargo xtask docs`", page.path);
        }
    }
    Ok(())
}

impl Page {
    fn generate(&self) -> Result<String> {
        let binary = target().join("debug/tidegate");
        output(&mut program(&binary.to_string_lossy(), self.command))
    }
}

/// The first line in which two texts differ, with what stands there.
fn difference(found: &str, expected: &str) -> Option<String> {
    if found == expected {
        return None;
    }
    let same = found.lines().zip(expected.lines()).take_while(|(a, b)| a == b).count();
    let line = expected.lines().nth(same).unwrap_or("its end");
    Some(format!("line {} ({line})", same + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_that_differs_is_named() {
        for (found, expected, place) in [
            ("a\nb\n", "a\nb\n", None),
            ("a\nb\n", "a\nc\n", Some("line 2 (c)")),
            ("a\n", "a\nb\n", Some("line 2 (b)")),
            ("a\nb\n", "a\n", Some("line 2 (its end)")),
            ("a", "a\n", Some("line 2 (its end)")),
        ] {
            assert_eq!(difference(found, expected).as_deref(), place);
        }
    }
}

use std::{fs, path::PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::shell::{cargo, output, program, root, run, target};

/// The generated pages of the book's reference: what `tidegate internal-reference NAME` says.
const PAGES: &[&str] = &["cli", "exit-codes", "fields", "promql", OPENAPI];

/// The one that is for programs.
const OPENAPI: &str = "openapi";

/// Writes the generated pages.
pub(crate) fn write() -> Result<()> {
    run(&mut cargo(&["build", "-p", "tidegate"]))?;
    for page in PAGES {
        fs::write(path(page), generate(page)?)?;
        eprintln!("wrote {}", path(page).display());
    }
    Ok(())
}

/// Fails unless the pages are what would be generated.
pub(crate) fn check() -> Result<()> {
    run(&mut cargo(&["build", "-p", "tidegate"]))?;
    for page in PAGES {
        let path = path(page);
        let found =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        if let Some(place) = difference(&found, &generate(page)?) {
            bail!("{} is out of date from {place} on; run `cargo xtask docs`", path.display());
        }
    }
    Ok(())
}

fn path(page: &str) -> PathBuf {
    let kind = if page == OPENAPI { "json" } else { "md" };
    root().join(format!("docs/src/reference/{page}.{kind}"))
}

fn generate(page: &str) -> Result<String> {
    let binary = target().join("debug/tidegate");
    output(&mut program(&binary.to_string_lossy(), &["internal-reference", page]))
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

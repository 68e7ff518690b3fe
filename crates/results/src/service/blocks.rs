//! The list of blocks that a blob is put together of.

use crate::{Error, store::Part};

/// Reads the names in their order. The list is XML, of which base64 needs neither entities nor
/// attributes; whatever is written in another way is refused.
pub(super) fn read(list: &[u8]) -> Result<Vec<Part>, Error> {
    let wrong = |why: &str| Error::Invalid(format!("the block list is not understood: {why}"));
    let text = std::str::from_utf8(list).map_err(|_| wrong("it is not UTF-8"))?;
    let text = text.trim_start_matches('\u{feff}').trim();
    let text = match text.strip_prefix("<?xml") {
        Some(rest) => rest.split_once("?>").map_or("", |(_, rest)| rest).trim(),
        None => text,
    };
    if text == "<BlockList/>" || text == "<BlockList />" {
        return Ok(Vec::new());
    }
    let mut rest = text
        .strip_prefix("<BlockList>")
        .and_then(|text| text.strip_suffix("</BlockList>"))
        .ok_or_else(|| wrong("it is no BlockList"))?
        .trim();
    let mut parts = Vec::new();
    while !rest.is_empty() {
        let (name, after) = block(rest).ok_or_else(|| {
            wrong("in it are Latest, Committed and Uncommitted, each with the name of a block")
        })?;
        parts.push(Part::Block(name.to_owned()));
        rest = after.trim_start();
    }
    Ok(parts)
}

/// The name of the first block, and what comes after it.
fn block(text: &str) -> Option<(&str, &str)> {
    let (tag, rest) = text.strip_prefix('<')?.split_once('>')?;
    let known = matches!(tag, "Latest" | "Committed" | "Uncommitted");
    let (name, rest) = rest.split_once('<').filter(|_| known)?;
    let rest = rest.strip_prefix('/')?.strip_prefix(tag)?.strip_prefix('>')?;
    let name = name.trim();
    (!name.is_empty() && !name.contains('&')).then_some((name, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(list: &str, expect: &[&str]) {
        let parts = expect.iter().map(|name| Part::Block((*name).to_owned()));
        assert_eq!(read(list.as_bytes()).unwrap(), parts.collect::<Vec<_>>(), "{list}");
    }

    #[test]
    fn names_are_read_in_their_order() {
        let head = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>"#;
        check(
            &format!("{head}<BlockList><Latest>b==</Latest><Latest>a+/</Latest></BlockList>"),
            &["b==", "a+/"],
        );
        check(
            "\u{feff}<BlockList>\n  <Committed>a</Committed>\n <Uncommitted>b</Uncommitted>\n</BlockList>\n",
            &["a", "b"],
        );
        check("<BlockList/>", &[]);
        check("<BlockList></BlockList>", &[]);
    }

    #[test]
    fn other_lists_are_refused() {
        for list in [
            "",
            "<?xml",
            "<Blocks></Blocks>",
            "<BlockList><Latest></Latest></BlockList>",
            "<BlockList><Latest>a</Committed></BlockList>",
            "<BlockList><Oldest>a</Oldest></BlockList>",
            "<BlockList><Latest>&amp;</Latest></BlockList>",
            "<BlockList><Latest>a</Latest>",
            "<BlockList>a</BlockList>",
        ] {
            assert!(matches!(read(list.as_bytes()), Err(Error::Invalid(_))), "{list}");
        }
        read(&[0xff]).unwrap_err();
    }
}

//! Texts with `${name}` in them.

/// How deep the value of a name may have names in it: it ends what goes in circles.
const MOST_DEPTH: usize = 8;

/// Fills in the names of a text. `${name:-text}` is the text where the name is not known; `$${` is
/// `${` itself. Names in values are filled in too.
pub(crate) fn expand(text: &str, names: &[(&str, &str)]) -> Result<String, String> {
    // Kayenta's storage keeps templates in this form.
    expand_to(&text.replace("$\\{", "${"), names, 0)
}

fn expand_to(text: &str, names: &[(&str, &str)], depth: usize) -> Result<String, String> {
    if depth > MOST_DEPTH {
        return Err("the values of its names refer to one another without end".to_owned());
    }
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        if let Some(before) = before.strip_suffix('$') {
            out.push_str(before);
            out.push_str("${");
            rest = after;
            continue;
        }
        out.push_str(before);
        let Some((inside, after)) = after.split_once('}') else {
            out.push_str("${");
            rest = after;
            break;
        };
        let (name, fallback) = match inside.split_once(":-") {
            Some((name, fallback)) => (name, Some(fallback)),
            None => (inside, None),
        };
        let known = names.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
        let value = known.or(fallback).ok_or_else(|| unknown(name, names))?;
        out.push_str(&expand_to(value, names, depth + 1)?);
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

fn unknown(name: &str, names: &[(&str, &str)]) -> String {
    let known: Vec<_> = names.iter().map(|(name, _)| *name).collect();
    format!("${{{name}}} has no value; known: {}", known.join(", "))
}

#[cfg(test)]
mod tests {
    use super::expand;

    const NAMES: [(&str, &str); 4] =
        [("scope", "shop"), ("both", "${scope}-x"), ("a", "${b}"), ("b", "${a}")];

    #[test]
    fn names_are_filled_in() {
        for (text, expect) in [
            ("up", "up"),
            ("up{job=\"${scope}\"}", "up{job=\"shop\"}"),
            ("$\\{scope}", "shop"),
            ("${both}/${scope}", "shop-x/shop"),
            ("${zone:-eu}", "eu"),
            ("${scope:-eu}", "shop"),
            ("$${scope} $1 ${open", "${scope} $1 ${open"),
            ("{}$", "{}$"),
        ] {
            assert_eq!(expand(text, &NAMES).as_deref(), Ok(expect), "{text}");
        }
    }

    #[test]
    fn a_name_with_no_value_is_told() {
        let found = expand("${zone}", &NAMES[..1]);
        assert_eq!(found, Err("${zone} has no value; known: scope".to_owned()));
        assert!(expand("${a}", &NAMES).unwrap_err().contains("without end"));
    }
}

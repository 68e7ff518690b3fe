//! `$(NAME)` in the texts of a container, as Kubernetes reads it.

/// Puts in the value of each `$(NAME)` for which `value_of` has one; what it does not know stays
/// as it is. `$$` stands for one `$`, so that `$$(NAME)` is the text `$(NAME)`.
pub fn expand(text: &str, value_of: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        rest = if let Some(after) = after.strip_prefix('$') {
            out.push('$');
            after
        } else if let Some((name, after)) =
            after.strip_prefix('(').and_then(|inner| inner.split_once(')'))
        {
            if let Some(value) = value_of(name) {
                out.push_str(&value);
            } else {
                out.extend(["$(", name, ")"]);
            }
            after
        } else {
            out.push('$');
            after
        };
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &str) {
        let expanded = expand(text, |name| match name {
            "A" => Some("1".to_owned()),
            "EMPTY" => Some(String::new()),
            "NESTED" => Some("$(A)".to_owned()),
            _ => None,
        });
        assert_eq!(expanded, expect, "{text:?}");
    }

    #[test]
    fn references_are_put_in_as_kubernetes_does() {
        check("", "");
        check("plain", "plain");
        check("$(A)", "1");
        check("x$(A)y$(A)", "x1y1");
        check("$(EMPTY)|", "|");
        check("$(UNKNOWN)", "$(UNKNOWN)");
        check("$$(A)", "$(A)");
        check("$$$(A)", "$1");
        check("$$$$(A)", "$$(A)");
        check("$A ${A}", "$A ${A}");
        check("cost: 5$", "cost: 5$");
        check("$(A", "$(A");
        check("$($(A))", "$($(A))");
        check("$(NESTED)", "$(A)");
        check("()$(A)()", "()1()");
        check("ü$(A)ü", "ü1ü");
    }
}

use tidegate_evidence::LONGEST_TEXT;

use super::wire;

/// The text of a message (3.11): its own, or the one of its id at its rule or its tool, with its arguments put in. Links
/// to places (`[here](1)`) become their words.
pub(super) fn text(run: &wire::Run, rule: Option<&wire::Rule>, message: &wire::Message) -> String {
    let by_id = || {
        let id = message.id.as_deref()?;
        let of_rule = rule.and_then(|rule| rule.message_strings.get(id));
        let message = of_rule.or_else(|| run.tool.driver.global_message_strings.get(id))?;
        message.text.as_deref()
    };
    let own = message.text.as_deref().or_else(by_id).or(message.markdown.as_deref());
    unlinked(&filled(own.unwrap_or_default(), &message.arguments.0))
}

/// With `{0}` and so on replaced by arguments; `{{` and `}}` are braces.
fn filled(text: &str, arguments: &[String]) -> String {
    let mut whole = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, from) = rest.split_at(at);
        whole.push_str(before);
        if whole.len() > LONGEST_TEXT {
            return whole;
        }
        let (brace, behind) = from.split_at(1);
        if let Some(behind) = behind.strip_prefix(brace) {
            whole.push_str(brace);
            rest = behind;
            continue;
        }
        let argument =
            behind.split_once('}').filter(|_| brace == "{").and_then(|(index, behind)| {
                Some((arguments.get(index.parse::<usize>().ok()?)?, behind))
            });
        if let Some((argument, behind)) = argument {
            whole.push_str(argument);
            rest = behind;
        } else {
            whole.push_str(brace);
            rest = behind;
        }
    }
    whole.push_str(rest);
    whole
}

/// With the words of links to places alone. Only numbers link to places; what else stands in brackets is text.
fn unlinked(text: &str) -> String {
    let mut whole = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("](") {
        let (before, from) = rest.split_at(at);
        let behind = from.get(2..).unwrap_or_default();
        let target = behind.split_once(')').filter(|(target, _)| {
            !target.is_empty() && target.bytes().all(|byte| byte.is_ascii_digit())
        });
        if let (Some(open), Some((_, after))) = (before.rfind('['), target) {
            whole.push_str(before.get(..open).unwrap_or_default());
            whole.push_str(before.get(open + 1..).unwrap_or_default());
            rest = after;
        } else {
            whole.push_str(before);
            whole.push_str("](");
            rest = behind;
        }
    }
    whole.push_str(rest);
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_put_in() {
        let arguments = ["x".to_owned(), "{0}".to_owned()];
        let check = |text: &str, expect: &str| assert_eq!(filled(text, &arguments), expect);
        check("a {0} b {1}", "a x b {0}");
        check("{{0}} {2} {} } {", "{0} {2} {} } {");
        check("", "");
    }

    #[test]
    fn links_become_their_words() {
        let check = |text: &str, expect: &str| assert_eq!(unlinked(text), expect);
        check("flows from [a value](1) to [b](2).", "flows from a value to b.");
        check("[a](https://example.com) f[0](x) ](1)", "[a](https://example.com) f[0](x) ](1)");
        check("µ[µ](1)µ", "µµµ");
    }
}

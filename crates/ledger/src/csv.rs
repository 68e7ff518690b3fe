//! Entries as comma-separated values, for spreadsheets.
//!
//! Written as RFC 4180 has it. A field that a spreadsheet would take for a formula is made a text by an apostrophe
//! before it, as OWASP advises, so the fields are for people; what can be checked is the JSON lines.

use crate::{Actor, Entry};

/// The first record: what the fields are.
pub const CSV_HEADER: &str =
    "sequence,at,actorKind,actor,what,kind,namespace,name,detail,previous,hash\r\n";

/// An entry as a record, its detail as JSON.
pub fn csv_record(entry: &Entry) -> String {
    let draft = &entry.draft;
    let (kind, actor) = match &draft.actor {
        Actor::Controller => ("controller", ""),
        Actor::Person { name } => ("person", name.as_str()),
        Actor::User { name } => ("user", name.as_str()),
        Actor::ServiceAccount { name } => ("serviceAccount", name.as_str()),
    };
    let key = &draft.subject.key;
    let fields = [
        entry.sequence.to_string(),
        draft.at.to_string(),
        kind.to_owned(),
        actor.to_owned(),
        draft.what.clone(),
        draft.subject.kind.clone(),
        key.namespace.to_string(),
        key.name.to_string(),
        draft.detail.to_string(),
        entry.previous.to_string(),
        entry.hash.to_string(),
    ];
    fields.map(|text| field(&text)).join(",") + "\r\n"
}

/// What a formula begins with, the wide forms that East Asian spreadsheets take for the same among it.
const FORMULA: [char; 10] = ['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'];

/// A field, in quotes where it needs them. Semicolons and tabs are what other spreadsheets separate by.
fn field(text: &str) -> String {
    let shown = text.trim_start_matches([' ', '"', '\'']);
    let safe = if shown.starts_with(FORMULA) { format!("'{text}") } else { text.to_owned() };
    let bare = |c: char| !matches!(c, '"' | ',' | ';' | '\t' | '\r' | '\n');
    if safe.chars().all(bare) && safe.trim() == safe {
        return safe;
    }
    format!("\"{}\"", safe.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_quoted_where_it_has_to_be_and_is_never_a_formula() {
        let check = |text: &str, expect: &str| assert_eq!(field(text), expect);
        check("web", "web");
        check("", "");
        check("a,b", "\"a,b\"");
        check("a;b", "\"a;b\"");
        check("say \"hi\"", "\"say \"\"hi\"\"\"");
        check("two\r\nlines", "\"two\r\nlines\"");
        check("=1+1", "'=1+1");
        check("=HYPERLINK(\"x\",1)", "\"'=HYPERLINK(\"\"x\"\",1)\"");
        check("-1", "'-1");
        check("@SUM(A1)", "'@SUM(A1)");
        check("\t=1", "\"'\t=1\"");
        check(" =1", "' =1");
        check("\"=1", "\"'\"\"=1\"");
        check("＝1", "'＝1");
        check("a=1", "a=1");
    }
}

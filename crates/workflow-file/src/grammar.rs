//! Reads the texts of grammars; how they are written stands at the head of `grammar/workflow.grammar`.

use std::{collections::BTreeMap, sync::LazyLock};

use crate::definition::{Allowed, Definition, Entries, Entry, Grammar, Id, Shape};

/// What a workflow file may hold; its start is `root`.
pub(crate) static WORKFLOW: LazyLock<Grammar> =
    LazyLock::new(|| read(include_str!("grammar/workflow.grammar")).0);

/// What an action file may hold; its start is `root`.
pub(crate) static ACTION: LazyLock<Grammar> =
    LazyLock::new(|| read(include_str!("grammar/action.grammar")).0);

/// The grammar of a text, and what is wrong with the text. Both texts are compiled in and a test holds them to have
/// nothing wrong.
fn read(text: &str) -> (Grammar, Vec<String>) {
    let mut reader = Reader::new(text);
    reader.built_in();
    reader.all();
    for (name, id) in std::mem::take(&mut reader.wanted) {
        let Some(known) = reader.grammar.names.get(&name).copied() else {
            reader.complaints.push(format!("{name} is not defined"));
            continue;
        };
        if let Some(definition) = reader.grammar.definitions.get_mut(id.0) {
            definition.shape = Shape::OneOf(vec![known]);
        }
    }
    (reader.grammar, reader.complaints)
}

struct Reader<'t> {
    words: std::iter::Peekable<std::vec::IntoIter<&'t str>>,
    grammar: Grammar,
    sets: BTreeMap<&'t str, Vec<Allowed>>,
    /// Names that were used, and the definitions that wait for them.
    wanted: Vec<(String, Id)>,
    complaints: Vec<String>,
}

impl<'t> Reader<'t> {
    fn new(text: &'t str) -> Self {
        let words: Vec<&str> = text.lines().flat_map(words).collect();
        Self {
            words: words.into_iter().peekable(),
            grammar: Grammar::default(),
            sets: BTreeMap::new(),
            wanted: Vec::new(),
            complaints: Vec::new(),
        }
    }

    fn built_in(&mut self) {
        let simple = [
            ("null", Shape::Null),
            ("boolean", Shape::Boolean),
            ("number", Shape::Number),
            ("text", Shape::Text),
            ("filled", Shape::Filled),
            ("condition", Shape::Condition),
            ("bare-condition", Shape::BareCondition),
        ];
        for (name, shape) in simple {
            let id = self.add(shape);
            self.grammar.names.insert(name.to_owned(), id);
        }
        let any = self.wants("any");
        let text = self.wants("text");
        let list = self.add(Shape::List(any));
        let map = self.add(Shape::Map(Entries { known: Vec::new(), others: Some((text, any)) }));
        self.grammar.names.insert("list".to_owned(), list);
        self.grammar.names.insert("map".to_owned(), map);
        let all = ["null", "boolean", "number", "text", "list", "map"];
        let ids = all.iter().map(|name| self.wants(name)).collect();
        let id = self.add(Shape::OneOf(ids));
        self.grammar.names.insert("any".to_owned(), id);
    }

    fn add(&mut self, shape: Shape) -> Id {
        let id = Id(self.grammar.definitions.len());
        self.grammar.definitions.push(Definition { shape, allowed: Vec::new() });
        id
    }

    /// A definition that stands for the one of a name, which may come later.
    fn wants(&mut self, name: &str) -> Id {
        let id = self.add(Shape::OneOf(Vec::new()));
        self.wanted.push((name.to_owned(), id));
        id
    }

    fn all(&mut self) {
        while let Some(word) = self.words.next() {
            if word == "contexts" {
                self.set();
            } else {
                self.definition(word);
            }
        }
    }

    fn set(&mut self) {
        let name = self.words.next().unwrap_or_default();
        self.expect(":");
        let allowed = self.allowed(";");
        self.sets.insert(name, allowed);
    }

    /// Contexts and functions up to a word.
    fn allowed(&mut self, end: &str) -> Vec<Allowed> {
        let mut allowed = Vec::new();
        while let Some(word) = self.words.next() {
            if word == end {
                return allowed;
            }
            if let Some(set) = self.sets.get(word) {
                allowed.extend(set.iter().cloned());
            } else if self.words.next_if_eq(&"(").is_some() {
                let least = self.words.next().and_then(|word| word.parse().ok());
                self.expect(",");
                let most = self.words.next().and_then(|word| word.parse().ok());
                self.expect(")");
                allowed.push(Allowed::Function(word.to_owned(), least.unwrap_or(0), most));
            } else {
                allowed.push(Allowed::Context(word.to_owned()));
            }
        }
        self.complaints.push(format!("{end} is missing"));
        allowed
    }

    fn definition(&mut self, name: &str) {
        let allowed = match self.words.next() {
            Some("in") => self.allowed("="),
            Some("=") => Vec::new(),
            other => {
                self.complaints.push(format!("after {name}, there is {other:?}"));
                return;
            }
        };
        let id = self.kind();
        // One of its own, so that what is allowed here is allowed nowhere else.
        let own = self.add(Shape::OneOf(vec![id]));
        if let Some(definition) = self.grammar.definitions.get_mut(own.0) {
            definition.allowed = allowed;
        }
        if self.grammar.names.insert(name.to_owned(), own).is_some() {
            self.complaints.push(format!("{name} is defined twice"));
        }
    }

    fn kind(&mut self) -> Id {
        let first = self.primary();
        let mut ids = vec![first];
        while self.words.next_if_eq(&"|").is_some() {
            ids.push(self.primary());
        }
        if ids.len() == 1 { first } else { self.add(Shape::OneOf(ids)) }
    }

    fn primary(&mut self) -> Id {
        match self.words.next() {
            Some("[") => {
                let item = self.kind();
                self.expect("]");
                self.add(Shape::List(item))
            }
            Some("{") => {
                let entries = self.entries();
                self.add(Shape::Map(entries))
            }
            Some(word) => match word.strip_prefix('"') {
                Some(constant) => self.add(Shape::Word(constant.trim_end_matches('"').to_owned())),
                None => self.wants(word),
            },
            None => self.wants("something"),
        }
    }

    fn entries(&mut self) -> Entries {
        let mut entries = Entries::default();
        while let Some(word) = self.words.next() {
            match word {
                "}" => return entries,
                "<" => {
                    let keys = self.kind();
                    self.expect(">");
                    self.expect(":");
                    let value = self.kind();
                    entries.others = Some((keys, value));
                }
                name => {
                    let required = self.words.next_if_eq(&"!").is_some();
                    self.expect(":");
                    let value = self.kind();
                    entries.known.push(Entry { name: name.to_owned(), required, value });
                }
            }
        }
        self.complaints.push("} is missing".to_owned());
        entries
    }

    fn expect(&mut self, word: &str) {
        let found = self.words.next();
        if found != Some(word) {
            self.complaints.push(format!("{word} is missing before {found:?}"));
        }
    }
}

/// The words of a line: names, texts between quotes and signs.
fn words(line: &str) -> Vec<&str> {
    let line = line.split_once('#').map_or(line, |(before, _)| before);
    let mut words = Vec::new();
    let mut rest = line.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' => rest.get(1..).and_then(|rest| rest.find('"')).map_or(rest.len(), |end| end + 2),
            _ if name_like(first) => rest.find(|c| !name_like(c)).unwrap_or(rest.len()),
            _ => first.len_utf8(),
        };
        let (word, after) = rest.split_at(length);
        words.push(word);
        rest = after.trim_start();
    }
    words
}

fn name_like(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grammars_have_nothing_wrong() {
        for text in
            [include_str!("grammar/workflow.grammar"), include_str!("grammar/action.grammar")]
        {
            let (grammar, complaints) = read(text);
            assert_eq!(complaints, Vec::<String>::new());
            assert!(!grammar.choices(grammar.named("root")).is_empty());
        }
    }

    #[test]
    fn what_is_wrong_with_a_grammar_is_told() {
        let check = |text: &str, expect: &[&str]| assert_eq!(read(text).1, expect, "{text}");
        check("a = b", &["b is not defined"]);
        check("a = text a = text", &["a is defined twice"]);
        check("a = { b: text", &["} is missing"]);
        check("a text", &["after a, there is Some(\"text\")"]);
        check("contexts A: b", &["; is missing"]);
        check("a = [text", &["] is missing before None"]);
    }

    #[test]
    fn sets_stand_for_what_is_in_them() {
        let (grammar, _) =
            read("contexts A: github f(1,MAX) ; contexts B: A env ; a in B c(0,0) = text");
        let context = |name: &str| Allowed::Context(name.to_owned());
        let expected = [
            context("github"),
            Allowed::Function("f".to_owned(), 1, None),
            context("env"),
            Allowed::Function("c".to_owned(), 0, Some(0)),
        ];
        assert_eq!(grammar.allowed(grammar.named("a")), expected.iter().collect::<Vec<_>>());
    }
}

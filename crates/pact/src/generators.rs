//! Generators of requests. Those of answers are for fake providers: a verifier compares with the examples.

use tidegate_contract::{DataType, Generator, Generators, Path, UuidFormat, check_format};

use crate::node::{Node, Problems};

pub(crate) fn read(node: &Node<'_>, problems: &mut Problems) -> Generators {
    let mut all = Generators::default();
    for (part, value) in node.fields(problems) {
        match part {
            "path" => all.path = one(&value, problems),
            "header" => all.header = named(&value, problems),
            "query" => all.query = named(&value, problems),
            "body" => all.body = by_path(&value, problems),
            "method" | "status" | "metadata" => {}
            other => problems.add(
                &value,
                format!("{other:?} has no generators; path, header, query and body have"),
            ),
        }
    }
    all
}

fn named<T: FromIterator<(String, Generator)>>(node: &Node<'_>, problems: &mut Problems) -> T {
    let fields = node.fields(problems);
    let name = |key: &str| {
        let plain = key.strip_prefix("$.").unwrap_or(key);
        plain.split('[').next().unwrap_or(plain).to_owned()
    };
    fields.iter().filter_map(|(key, value)| Some((name(key), one(value, problems)?))).collect()
}

fn by_path(node: &Node<'_>, problems: &mut Problems) -> Vec<(Path, Generator)> {
    let mut all = Vec::new();
    for (key, value) in node.fields(problems) {
        match Path::parse(key) {
            Ok(path) => all.extend(one(&value, problems).map(|generator| (path, generator))),
            Err(problem) => problems.add(&value, problem.to_string()),
        }
    }
    all
}

fn one(node: &Node<'_>, problems: &mut Problems) -> Option<Generator> {
    let kind = node.text_at("type", problems);
    match kind.as_str() {
        "RandomInt" => {
            let number = |key: &str| node.get(key).and_then(|it| it.value.as_i64());
            Some(Generator::RandomInt(number("min").unwrap_or(0), number("max").unwrap_or(10)))
        }
        "RandomDecimal" => Some(Generator::RandomDecimal(size(node, "digits", problems))),
        "RandomHexadecimal" => Some(Generator::RandomHexadecimal(size(node, "digits", problems))),
        "RandomString" => Some(Generator::RandomString(size(node, "size", problems))),
        "RandomBoolean" => Some(Generator::RandomBoolean),
        "Uuid" => uuid(node, problems),
        "Date" => moment(node, "yyyy-MM-dd", problems),
        "Time" => moment(node, "HH:mm:ss", problems),
        "DateTime" => moment(node, "yyyy-MM-dd'T'HH:mm:ss.SSSXXX", problems),
        "Regex" | "MockServerURL" => Some(Generator::AsWritten),
        "ProviderState" => {
            let expression = node.text_at("expression", problems);
            Some(Generator::ProviderState(expression, data_type(node, problems)))
        }
        "" => None,
        other => {
            let known = "RandomInt, RandomDecimal, RandomHexadecimal, RandomString, RandomBoolean, Uuid, Date, Time, \
                DateTime, Regex, MockServerURL, ProviderState";
            problems.add(
                node,
                format!(
                    "the generator {other:?} is not known, or is a plugin's; there are {known}"
                ),
            );
            None
        }
    }
}

fn size(node: &Node<'_>, key: &str, problems: &mut Problems) -> usize {
    node.count_at(key, problems).unwrap_or(10)
}

fn uuid(node: &Node<'_>, problems: &mut Problems) -> Option<Generator> {
    let format = node.get("format").map(|it| it.loose_text());
    let format = match format.as_deref() {
        None | Some("lower-case-hyphenated") => UuidFormat::Lower,
        Some("upper-case-hyphenated") => UuidFormat::Upper,
        Some("simple") => UuidFormat::Simple,
        Some("URN" | "urn") => UuidFormat::Urn,
        Some(other) => {
            let known = "simple, lower-case-hyphenated, upper-case-hyphenated, URN";
            problems.add(node, format!("{other:?} is no format of a UUID; there are {known}"));
            return None;
        }
    };
    Some(Generator::Uuid(format))
}

fn moment(node: &Node<'_>, usual: &str, problems: &mut Problems) -> Option<Generator> {
    if let Some(expression) = node.get("expression") {
        problems.add(&expression, "a moment counted from now by an expression is not made up here");
        return None;
    }
    let format = node.get("format").map_or_else(|| usual.to_owned(), |it| it.loose_text());
    if let Err(problem) = check_format(&format) {
        problems.add(node, problem);
        return None;
    }
    Some(Generator::Moment(format))
}

fn data_type(node: &Node<'_>, problems: &mut Problems) -> DataType {
    let Some(told) = node.get("dataType") else { return DataType::Raw };
    match told.loose_text().to_uppercase().as_str() {
        "RAW" => DataType::Raw,
        "STRING" => DataType::Text,
        "INTEGER" | "DECIMAL" | "FLOAT" => DataType::Number,
        "BOOLEAN" => DataType::Boolean,
        other => {
            let known = "RAW, STRING, INTEGER, DECIMAL, FLOAT, BOOLEAN";
            problems.add(&told, format!("{other:?} is no type of a value; there are {known}"));
            DataType::Raw
        }
    }
}

use std::borrow::Cow;

/// What a line says to the runner: a name, properties and data.
///
/// Written `::name key=value,key=value::data`, at the start of the line, or as before 2020
/// `##[name key=value;key=value]data`, anywhere in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// The name as the line has it; names are compared without regard to case.
    pub name: String,
    /// The properties in order, each name once; names are compared without regard to case.
    pub properties: Vec<(String, String)>,
    /// What stands behind the command, unescaped.
    pub data: String,
}

impl Command {
    /// Reads a line, if it is a command whose name `known` accepts.
    ///
    /// Names come first, as in GitHub's runner: what no command is named is text, however it looks.
    pub fn parse(line: &str, known: impl Fn(&str) -> bool) -> Option<Self> {
        Self::parse_colons(line, &known).or_else(|| Self::parse_brackets(line, &known))
    }

    fn parse_colons(line: &str, known: &impl Fn(&str) -> bool) -> Option<Self> {
        let (info, data) = line.trim_start().strip_prefix("::")?.split_once("::")?;
        let (name, properties) = info.split_once(' ').unwrap_or((info, ""));
        known(name).then(|| Self {
            name: name.to_owned(),
            properties: read_properties(properties.trim(), ',', PROPERTY_ESCAPES),
            data: unescape(data, DATA_ESCAPES).into_owned(),
        })
    }

    fn parse_brackets(line: &str, known: &impl Fn(&str) -> bool) -> Option<Self> {
        let (_, rest) = line.split_once("##[")?;
        let (info, data) = rest.split_once(']')?;
        let (name, properties) = info.split_once(' ').unwrap_or((info, ""));
        known(name).then(|| Self {
            name: name.to_owned(),
            properties: read_properties(properties, ';', BRACKET_ESCAPES),
            data: unescape(data, BRACKET_ESCAPES).into_owned(),
        })
    }

    /// The value of a property, which is never empty.
    pub fn property(&self, name: &str) -> Option<&str> {
        let same = |(key, _): &&(String, String)| key.eq_ignore_ascii_case(name);
        self.properties.iter().find(same).map(|(_, value)| value.as_str())
    }
}

/// What stands for what, by the kind of text.
type Escapes = &'static [(&'static str, char)];

const DATA_ESCAPES: Escapes = &[("%0D", '\r'), ("%0A", '\n'), ("%25", '%')];
const PROPERTY_ESCAPES: Escapes =
    &[("%0D", '\r'), ("%0A", '\n'), ("%3A", ':'), ("%2C", ','), ("%25", '%')];
const BRACKET_ESCAPES: Escapes =
    &[("%3B", ';'), ("%0D", '\r'), ("%0A", '\n'), ("%5D", ']'), ("%25", '%')];

fn read_properties(text: &str, separator: char, escapes: Escapes) -> Vec<(String, String)> {
    let mut properties: Vec<(String, String)> = Vec::new();
    for (name, value) in text.split(separator).filter_map(split_pair) {
        let value = unescape(value, escapes).into_owned();
        match properties.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
            Some(known) => known.1 = value,
            None => properties.push((name.to_owned(), value)),
        }
    }
    properties
}

/// A property without a value counts as absent, and several equals signs as one, as .NET splits.
fn split_pair(text: &str) -> Option<(&str, &str)> {
    let (name, value) = text.trim_start_matches('=').split_once('=')?;
    let value = value.trim_start_matches('=');
    (!value.is_empty()).then_some((name, value))
}

fn unescape(text: &str, escapes: Escapes) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((plain, _)) = rest.split_once('%') {
        out.push_str(plain);
        rest = rest.strip_prefix(plain).unwrap_or_default();
        let escape =
            escapes.iter().find_map(|(code, meant)| Some((rest.strip_prefix(code)?, *meant)));
        let (after, meant) =
            escape.unwrap_or_else(|| (rest.strip_prefix('%').unwrap_or_default(), '%'));
        out.push(meant);
        rest = after;
    }
    out.push_str(rest);
    Cow::Owned(out)
}

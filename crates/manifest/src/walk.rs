//! Walking a tree of nodes: a value with its path, and what it is read as.

use std::collections::BTreeMap;

use crate::{
    load::small,
    node::{Amount, Content, Entry, Node, Place},
    report::{Complaint, Reports, push_key},
    suggest::nearest,
};

/// A value, where it stands, and its path.
#[derive(Clone)]
pub(crate) struct Spot<'a> {
    pub(crate) reports: &'a Reports<'a>,
    pub(crate) node: &'a Node,
    /// The path of the field.
    pub(crate) path: String,
    /// Where to point: at the value, or at the key of one that spans lines.
    place: Place,
    /// Where its key stands; the same, when it has none.
    key_place: Place,
}

impl<'a> Spot<'a> {
    /// The root of a document.
    pub(crate) fn root(reports: &'a Reports<'a>, node: &'a Node) -> Self {
        Self { reports, node, path: String::new(), place: node.place, key_place: node.place }
    }

    /// Another value in the place of this one.
    pub(crate) fn with_node<'n>(&self, node: &'n Node) -> Spot<'n>
    where
        'a: 'n,
    {
        Spot {
            reports: self.reports,
            node,
            path: self.path.clone(),
            place: self.place,
            key_place: self.key_place,
        }
    }

    /// The value of an entry of this mapping.
    pub(crate) fn entry(&self, entry: &'a Entry) -> Self {
        let mut path = self.path.clone();
        push_key(&mut path, &entry.key);
        let place = match entry.value.content {
            Content::List(_) | Content::Map(_) | Content::Null => entry.key_place,
            _ => entry.value.place,
        };
        Self { reports: self.reports, node: &entry.value, path, place, key_place: entry.key_place }
    }

    /// Reports a problem with this value.
    pub(crate) fn complain(&self, complaint: Complaint) {
        self.complain_inside(None, &self.path, complaint);
    }

    /// Reports a problem with the key of this value.
    pub(crate) fn complain_of_key(&self, complaint: Complaint) {
        self.reports.add_at(self.key_place, &self.path, complaint);
    }

    /// Reports a problem with a part of this value, at a place of its own where it has one.
    pub(crate) fn complain_inside(&self, at: Option<Place>, field: &str, complaint: Complaint) {
        if self.node.content != Content::Refused {
            self.reports.add_at(at.unwrap_or(self.place), field, complaint);
        }
    }

    /// Where a line and column of this text stand in the file, when they stand there as they are:
    /// in a plain text, in one between quotes with no escapes, in a block after `|`.
    pub(crate) fn inner_place(&self, line: usize, column: usize) -> Option<Place> {
        let text = self.node.as_text()?;
        let wanted = text.lines().nth(line.checked_sub(1)?).unwrap_or_default();
        let outer_line = self.place.line.checked_add(small(line))?.checked_sub(1)?;
        let source = self.reports.line(outer_line);
        let from = |skip: usize| {
            let start = source.char_indices().nth(skip).map_or(source.len(), |(at, _)| at);
            source.get(start..).unwrap_or_default()
        };
        let start = self.place.column as usize - 1;
        let quoted = usize::from(line == 1 && from(start).starts_with(['"', '\'']));
        let start = start + quoted;
        from(start)
            .starts_with(wanted)
            .then(|| self.reports.clamp(outer_line as usize, start + column))
    }

    /// Tells how this value is read, where that is not what the file may mean.
    pub(crate) fn note(&self, message: impl Into<String>) {
        self.reports.note_at(self.place, &self.path, Complaint::new(message));
    }

    /// Whether a text is known only once arguments are filled in.
    pub(crate) fn is_open(&self, text: &str) -> bool {
        self.reports.holes.get() && text.contains("{{")
    }

    /// Reports that this is not what is allowed here.
    pub(crate) fn refuse(&self, allowed: impl Into<String>) {
        self.complain(self.found().allow(allowed));
    }

    /// What was found, as the start of a complaint.
    pub(crate) fn found(&self) -> Complaint {
        Complaint::new(format!("found {}", self.described()))
    }

    /// What was found, in words.
    pub(crate) fn described(&self) -> String {
        let hidden = self.reports.secret.get();
        match &self.node.content {
            Content::Null | Content::Refused => "nothing".to_owned(),
            Content::Bool(value) => value.to_string(),
            Content::Number(_) | Content::Text(_) if hidden => "a value".to_owned(),
            Content::Number(number) => format!("the number {}", shortened(&number.written)),
            Content::Text(text) => format!("the text {:?}", shortened(text)),
            Content::List(_) => "a list".to_owned(),
            Content::Map(_) => "a mapping".to_owned(),
        }
    }

    /// As it stands in its line.
    fn written(&self) -> String {
        let (skip, take) = (self.place.column as usize - 1, self.place.width as usize);
        self.reports.line(self.place.line).chars().skip(skip).take(take).collect()
    }

    /// Whether it is a list.
    pub(crate) fn is_list(&self) -> bool {
        matches!(self.node.content, Content::List(_))
    }

    /// Whether it is a mapping.
    pub(crate) fn is_map(&self) -> bool {
        matches!(self.node.content, Content::Map(_))
    }

    /// Whether it is null, which means the same as absent.
    pub(crate) fn is_null(&self) -> bool {
        self.node.content == Content::Null
    }

    /// A text.
    pub(crate) fn text(&self) -> Option<&'a str> {
        match &self.node.content {
            Content::Text(text) => Some(text),
            Content::Number(number) => {
                let hint = if self.reports.secret.get() {
                    "put it between quotes".to_owned()
                } else {
                    format!("put it between quotes: \"{}\"", number.written)
                };
                self.complain(self.found().allow("a text").hint(hint));
                None
            }
            Content::Bool(_) => {
                let hint = format!("put it between quotes: \"{}\"", self.written());
                self.complain(self.found().allow("a text").hint(hint));
                None
            }
            _ => {
                self.refuse("a text");
                None
            }
        }
    }

    /// A text that is not empty.
    pub(crate) fn filled_text(&self) -> Option<&'a str> {
        let text = self.text()?;
        if text.is_empty() {
            self.complain(Complaint::new("found an empty text").allow("a text that is not empty"));
            return None;
        }
        Some(text)
    }

    /// `true` or `false`.
    pub(crate) fn boolean(&self) -> Option<bool> {
        match &self.node.content {
            Content::Bool(value) => Some(*value),
            Content::Text(text) => {
                let complaint = self.found().allow("true or false");
                let meant = match text.to_ascii_lowercase().as_str() {
                    "yes" | "on" | "y" | "true" => Some("true"),
                    "no" | "off" | "n" | "false" => Some("false"),
                    _ => None,
                };
                self.complain(match meant {
                    Some(meant) => complaint.hint(format!("write {meant}, without quotes")),
                    None => complaint,
                });
                None
            }
            _ => {
                self.refuse("true or false");
                None
            }
        }
    }

    /// A whole number, if it is one.
    pub(crate) fn whole_quietly(&self) -> Option<i128> {
        match &self.node.content {
            Content::Number(number) => match number.value {
                Amount::Whole(whole) => Some(whole),
                Amount::Real(_) => None,
            },
            _ => None,
        }
    }

    /// A whole number from `least` to `most`.
    pub(crate) fn whole(&self, least: i64, most: i64) -> Option<i64> {
        let allowed = || format!("a whole number from {least} to {most}");
        match &self.node.content {
            Content::Number(number) => {
                let whole = match number.value {
                    Amount::Whole(whole) => Some(whole),
                    #[expect(
                        clippy::cast_possible_truncation,
                        reason = "checked to be whole and within the range of f64's exact integers"
                    )]
                    Amount::Real(real) if real.fract() == 0.0 && real.abs() < 9e15 => {
                        Some(real as i128)
                    }
                    Amount::Real(_) => None,
                };
                let fits = whole
                    .and_then(|whole| i64::try_from(whole).ok())
                    .filter(|whole| (least..=most).contains(whole));
                if fits.is_none() {
                    self.refuse(allowed());
                }
                fits
            }
            Content::Text(text) => {
                let complaint = self.found().allow(allowed());
                let bare: Option<i64> = text.trim().parse().ok();
                self.complain(match bare {
                    Some(bare) => complaint.hint(format!("write {bare}, without quotes")),
                    None => complaint,
                });
                None
            }
            _ => {
                self.refuse(allowed());
                None
            }
        }
    }

    /// A whole number of a type as narrow as needed.
    pub(crate) fn number<T: TryFrom<i64>>(&self, least: i64, most: i64) -> Option<T> {
        self.whole(least, most).and_then(|whole| T::try_from(whole).ok())
    }

    /// A number above `least` and below `most`.
    pub(crate) fn fraction_between(&self, least: f64, most: f64) -> Option<f64> {
        let value = match &self.node.content {
            Content::Number(number) => Some(number.value.as_f64()),
            _ => None,
        };
        let fits = value.filter(|&value| value > least && value < most);
        if fits.is_none() {
            self.refuse(format!("a number above {least} and below {most}"));
        }
        fits
    }

    /// A number from `least` to `most`.
    pub(crate) fn fraction_from(&self, least: f64, most: f64) -> Option<f64> {
        let value = match &self.node.content {
            Content::Number(number) => Some(number.value.as_f64()),
            _ => None,
        };
        let fits = value.filter(|&value| value >= least && value <= most);
        if fits.is_none() {
            self.refuse(format!("a number from {least} to {most}"));
        }
        fits
    }

    /// One of a few words.
    pub(crate) fn word<T: Clone>(&self, words: &[(&str, T)]) -> Option<T> {
        let text = self.text()?;
        if let Some((_, meaning)) = words.iter().find(|(word, _)| *word == text) {
            return Some(meaning.clone());
        }
        let names = words.iter().map(|(word, _)| *word);
        let meant = nearest(text, names.clone());
        self.complain(self.found().allow(one_of(names)).suggest(meant));
        None
    }

    /// A list, with the path of each item; empty when it is none.
    pub(crate) fn items(&self) -> Option<Vec<Self>> {
        let Content::List(items) = &self.node.content else {
            self.refuse("a list");
            return None;
        };
        let spots = items.iter().enumerate().map(|(index, node)| Self {
            reports: self.reports,
            node,
            path: format!("{}[{index}]", self.path),
            place: node.place,
            key_place: node.place,
        });
        Some(spots.collect())
    }

    /// The items of a list; none, when it is no list, which whoever reads it reports.
    pub(crate) fn children(&self) -> Vec<Self> {
        if self.is_list() { self.items().unwrap_or_default() } else { Vec::new() }
    }

    /// The value of an entry, when this is a mapping that has it.
    pub(crate) fn at(&self, key: &str) -> Option<Self> {
        match &self.node.content {
            Content::Map(entries) => {
                entries.iter().find(|entry| &*entry.key == key).map(|entry| self.entry(entry))
            }
            _ => None,
        }
    }

    /// A list of texts. Items that are none are reported and left out.
    pub(crate) fn texts(&self) -> Option<Vec<String>> {
        if let Content::Text(text) = &self.node.content {
            let words: Vec<_> = text.split_whitespace().map(|word| format!("{word:?}")).collect();
            let hint = if text.contains(['"', '\'', '\\']) {
                "write it as a list of texts".to_owned()
            } else {
                format!("write it as a list: [{}]", words.join(", "))
            };
            self.complain(self.found().allow("a list of texts").hint(hint));
            return None;
        }
        let items = self.items()?;
        let texts = items.iter().filter_map(Spot::text);
        Some(texts.map(str::to_owned).collect())
    }

    /// The entries of a mapping with free keys.
    pub(crate) fn entries(&self) -> Option<Vec<(&'a str, Self)>> {
        let Content::Map(entries) = &self.node.content else {
            self.refuse("a mapping");
            return None;
        };
        let spots = entries.iter().map(|entry| (&*entry.key, self.entry(entry)));
        Some(spots.collect())
    }

    /// A mapping of texts. Entries that are none are reported and left out; null is an empty text,
    /// as Kubernetes takes it.
    pub(crate) fn text_map(&self) -> Option<BTreeMap<String, String>> {
        let entries = self.entries()?;
        let texts = entries.into_iter().filter_map(|(key, spot)| {
            let text = if spot.is_null() { Some("") } else { spot.text() };
            Some((key.to_owned(), text?.to_owned()))
        });
        Some(texts.collect())
    }
}

/// A text as it can stand in a message.
pub(crate) fn shortened(text: &str) -> String {
    /// Enough to find it; the place says the rest.
    const MOST: usize = 60;
    if text.chars().count() <= MOST {
        return text.to_owned();
    }
    let start: String = text.chars().take(MOST).collect();
    format!("{start}...")
}

/// "a, b or c".
pub(crate) fn one_of<'w>(words: impl IntoIterator<Item = &'w str>) -> String {
    joined(words, "or")
}

/// "a and b".
pub(crate) fn all_of<'w>(words: impl IntoIterator<Item = &'w str>) -> String {
    joined(words, "and")
}

fn joined<'w>(words: impl IntoIterator<Item = &'w str>, last: &str) -> String {
    let words: Vec<_> = words.into_iter().collect();
    match words.split_last() {
        None => String::new(),
        Some((only, [])) => (*only).to_owned(),
        Some((end, rest)) => format!("{} {last} {end}", rest.join(", ")),
    }
}

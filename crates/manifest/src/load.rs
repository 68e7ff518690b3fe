//! From text to trees of nodes, one for each YAML document.

use std::{collections::BTreeMap, sync::Arc};

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span, Tag};

use crate::{
    Problems,
    mapping::{Key, MapFrame},
    node::{Amount, Content, Node, Place},
    repair::Moves,
    report::{Complaint, Reports, push_index, push_key},
    scalar,
};

/// Kubernetes takes objects of at most 1.5 MiB (etcd's limit); a file may hold several.
pub(crate) const MOST_BYTES: usize = 4 << 20;

/// The deepest field of any kind that is read here is nested 15 deep; `spec` of a CRD rarely 25.
pub(crate) const MOST_DEPTH: usize = 64;

/// Values of one file, aliases counted as what they stand for: 4 MiB of the densest real manifests
/// have some 200,000. Each takes about 100 bytes.
pub(crate) const MOST_NODES: usize = 400_000;

/// Text that aliases may add: four times what a file can hold by itself.
pub(crate) const MOST_ALIAS_BYTES: usize = 4 * MOST_BYTES;

/// Complaints that are kept to be counted; far more than are told.
const MOST_COMPLAINTS: usize = 20 * Problems::MOST;

/// Reads all documents. What cannot be read is reported; the documents before it are returned.
pub(crate) fn load(reports: &Reports<'_>, text: &str) -> Vec<Node> {
    if let Some(complaint) = unreadable(text) {
        reports.add_at(complaint.0, "", complaint.1);
        return Vec::new();
    }
    let mut moves = Moves::default();
    loop {
        let shown = moves.apply(text);
        let mut loader = Loader::new(reports, &moves);
        let failure = loader.read(&shown);
        let Loader { documents, complaints, .. } = loader;
        if let Some(error) = &failure
            && moves.mend(&shown, error)
        {
            continue;
        }
        for (place, path, complaint) in complaints {
            reports.add_at(place, &path, complaint);
        }
        if let Some(error) = failure {
            let line = error.marker().line();
            let column = (error.marker().col() + 1).saturating_sub(moves.of(small(line)));
            let place = reports.clamp(line, column);
            reports.add_at(place, "", syntax(reports, place, error.info()));
        }
        return documents;
    }
}

/// A text that is not even worth parsing, and where.
fn unreadable(text: &str) -> Option<(Place, Complaint)> {
    let start = Place { line: 1, column: 1, width: 1 };
    if text.len() > MOST_BYTES {
        let message = format!("the file has {} bytes", text.len());
        let complaint = Complaint::new(message)
            .allow(format!("at most {MOST_BYTES} bytes (4 MiB)"))
            .hint("split it into several files");
        return Some((start, complaint));
    }
    let odd = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{85}');
    let index = text.find(odd)?;
    let (before, from) = text.split_at(index);
    let line = before.matches('\n').count();
    let column = before.chars().rev().take_while(|&c| c != '\n').count();
    let place = Place { line: small(line + 1), column: small(column + 1), width: 1 };
    let code = from.chars().next().map_or(0, u32::from);
    let complaint = Complaint::new(format!("a control character, U+{code:04X}"))
        .allow("text; in a value between double quotes it can be written as \\xNN");
    Some((place, complaint))
}

/// A number of lines or columns; a file of at most 4 MiB has fewer than 2^32.
pub(crate) fn small(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn syntax(reports: &Reports<'_>, place: Place, info: &str) -> Complaint {
    // The parser has a limit of its own for brackets, which it looks at before they become values.
    if info.contains("recursion limit") {
        return too_deep();
    }
    let complaint = Complaint::new(format!("not valid YAML: {info}"));
    let around = [place.line, place.line.saturating_sub(1)];
    let tabbed = around.into_iter().find(|&line| {
        let source = reports.line(line);
        source.chars().take_while(|c| c.is_whitespace()).any(|c| c == '\t')
    });
    match tabbed {
        Some(line) => {
            complaint.hint(format!("line {line} begins with a tab; YAML is indented with spaces"))
        }
        None => complaint,
    }
}

fn too_deep() -> Complaint {
    Complaint::new(format!("nested more than {MOST_DEPTH} deep"))
        .allow(format!("at most {MOST_DEPTH} levels"))
}

/// Nothing more can be read.
struct Stop;

/// A collection that is not complete yet.
enum Frame {
    List { place: Place, anchor: usize, items: Vec<Node> },
    Map(MapFrame),
}

/// Builds nodes from events, without recursion.
struct Loader<'r, 't> {
    reports: &'r Reports<'t>,
    moves: &'r Moves,
    /// What was found wrong, with its path; told once it is clear that nothing is read again.
    complaints: Vec<(Place, String, Complaint)>,
    documents: Vec<Node>,
    stack: Vec<Frame>,
    /// What each anchor of the document stands for, with its size.
    anchors: BTreeMap<usize, (Node, (usize, usize))>,
    nodes: usize,
    alias_bytes: usize,
}

impl<'r, 't> Loader<'r, 't> {
    fn new(reports: &'r Reports<'t>, moves: &'r Moves) -> Self {
        Self {
            reports,
            moves,
            complaints: Vec::new(),
            documents: Vec::new(),
            stack: Vec::new(),
            anchors: BTreeMap::new(),
            nodes: 0,
            alias_bytes: 0,
        }
    }

    /// Reads all documents; what the parser does not take is the answer.
    fn read(&mut self, text: &str) -> Option<ScanError> {
        let mut parser = Parser::new_from_str(text);
        while let Some(next) = parser.next_event() {
            match next {
                Ok((event, span)) => self.take(event, span).ok()?,
                Err(error) => return Some(error),
            }
        }
        None
    }

    fn complain(&mut self, place: Place, path: String, complaint: Complaint) {
        if self.complaints.len() <= MOST_COMPLAINTS {
            self.complaints.push((place, path, complaint));
        }
    }

    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), Stop> {
        let place = self.place(span);
        match event {
            Event::DocumentStart(_) => {
                self.anchors.clear();
                Ok(())
            }
            Event::Scalar(text, style, anchor, tag) => {
                let content = self.scalar(place, &text, style, tag.as_deref());
                let node = Node { place, content };
                match self.stack.last_mut() {
                    Some(Frame::Map(map)) if text == "<<" && style == ScalarStyle::Plain => {
                        let taken = map.start_merge(node);
                        self.check(taken);
                        self.count(place, 1)
                    }
                    _ => self.deliver(node, anchor),
                }
            }
            Event::SequenceStart(anchor, tag) => {
                self.check_tag(place, tag.as_deref(), "seq");
                let items = Vec::new();
                self.push(Frame::List { place, anchor, items })
            }
            Event::MappingStart(anchor, tag) => {
                self.check_tag(place, tag.as_deref(), "map");
                self.push(Frame::Map(MapFrame::new(place, anchor)))
            }
            Event::SequenceEnd | Event::MappingEnd => self.pop(),
            Event::Alias(id) => self.alias(place, id),
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
        }
    }

    fn place(&self, span: Span) -> Place {
        let moved = self.moves.of(small(span.start.line()));
        let column = (span.start.col() + 1).saturating_sub(moved);
        let start = self.reports.clamp(span.start.line(), column);
        let width = if span.end.line() == span.start.line() {
            span.end.col().saturating_sub(span.start.col())
        } else {
            let rest = self.reports.line(start.line).chars().count() + 1;
            rest.saturating_sub(start.column as usize)
        };
        Place { width: small(width.max(1)), ..start }
    }

    fn push(&mut self, frame: Frame) -> Result<(), Stop> {
        if self.stack.len() >= MOST_DEPTH {
            let place = match frame {
                Frame::List { place, .. } => place,
                Frame::Map(map) => map.place,
            };
            self.complain(place, String::new(), too_deep());
            return Err(Stop);
        }
        self.stack.push(frame);
        Ok(())
    }

    fn pop(&mut self) -> Result<(), Stop> {
        match self.stack.pop() {
            Some(Frame::List { place, anchor, items }) => {
                let content = Content::List(items);
                self.deliver(Node { place, content }, anchor)
            }
            Some(Frame::Map(map)) => {
                let anchor = map.anchor;
                let node = map.finish();
                self.deliver(node, anchor)
            }
            None => Ok(()),
        }
    }

    /// Puts a complete node where it belongs: into the collection that is open, or into the
    /// documents.
    fn deliver(&mut self, node: Node, anchor: usize) -> Result<(), Stop> {
        self.count(node.place, 1)?;
        if anchor > 0 {
            let size = node.size();
            self.anchors.insert(anchor, (node.clone(), size));
        }
        let taken = match self.stack.last_mut() {
            None => {
                self.documents.push(node);
                Ok(())
            }
            Some(Frame::List { items, .. }) => {
                items.push(node);
                Ok(())
            }
            Some(Frame::Map(map)) => map.take(node),
        };
        self.check(taken);
        Ok(())
    }

    fn check(&mut self, taken: Result<(), (Place, Complaint)>) {
        if let Err((place, complaint)) = taken {
            self.complain(place, self.path(), complaint);
        }
    }

    fn count(&mut self, place: Place, nodes: usize) -> Result<(), Stop> {
        self.nodes = self.nodes.saturating_add(nodes);
        if self.nodes <= MOST_NODES && self.alias_bytes <= MOST_ALIAS_BYTES {
            return Ok(());
        }
        let complaint = Complaint::new("too many values, aliases counted as what they stand for")
            .allow(format!(
                "at most {MOST_NODES} values in a file, and {} MiB of text by aliases",
                MOST_ALIAS_BYTES >> 20
            ));
        self.complain(place, String::new(), complaint);
        Err(Stop)
    }

    fn alias(&mut self, place: Place, id: usize) -> Result<(), Stop> {
        let size = self.anchors.get(&id).map(|(_, size)| *size);
        let Some((nodes, bytes)) = size else {
            let complaint = Complaint::new("an alias with no value yet")
                .allow("the name of an anchor that is complete, earlier in the same document");
            self.complain(place, self.path(), complaint);
            let content = Content::Refused;
            return self.deliver(Node { place, content }, 0);
        };
        // Counted before it is copied, so that a bomb is never built.
        self.alias_bytes = self.alias_bytes.saturating_add(bytes);
        self.count(place, nodes)?;
        match self.anchors.get(&id) {
            Some((node, _)) => self.deliver(node.clone(), 0),
            None => Ok(()),
        }
    }

    fn scalar(
        &mut self,
        place: Place,
        text: &str,
        style: ScalarStyle,
        tag: Option<&Tag>,
    ) -> Content {
        let plain = style == ScalarStyle::Plain;
        let Some(tag) = tag else {
            return if plain { scalar::resolve(text) } else { Content::Text(text.into()) };
        };
        let content = scalar::resolve(text);
        let fits = tag.is_yaml_core_schema()
            && match (tag.suffix.as_str(), &content) {
                ("str", _) => return Content::Text(text.into()),
                ("int" | "float", Content::Number(_))
                | ("bool", Content::Bool(_))
                | ("null", Content::Null) => true,
                _ => false,
            };
        if !fits {
            self.refuse_tag(place, tag);
            return Content::Refused;
        }
        content
    }

    fn check_tag(&mut self, place: Place, tag: Option<&Tag>, expected: &str) {
        if let Some(tag) = tag
            && !(tag.is_yaml_core_schema() && tag.suffix == expected)
        {
            self.refuse_tag(place, tag);
        }
    }

    fn refuse_tag(&mut self, place: Place, tag: &Tag) {
        let name =
            if tag.is_yaml_core_schema() { format!("!!{}", tag.suffix) } else { tag.to_string() };
        let complaint = Complaint::new(format!("the tag {name} does not fit here"))
            .allow("no tag, or that of the value's own kind: !!str, !!int, !!float, !!bool, !!null, !!seq, !!map");
        self.complain(place, self.path(), complaint);
    }

    /// The path of the value that is being read.
    fn path(&self) -> String {
        let mut path = String::new();
        for frame in &self.stack {
            match frame {
                Frame::List { items, .. } => push_index(&mut path, items.len()),
                Frame::Map(map) => {
                    if let Some(Key::Named(key, _)) = &map.pending {
                        push_key(&mut path, key);
                    }
                }
            }
        }
        path
    }
}

/// The text of a key, where one can be a key.
pub(crate) fn key_text(node: &Node) -> Option<Arc<str>> {
    match &node.content {
        Content::Text(text) => Some(Arc::clone(text)),
        Content::Number(number) => Some(match number.value {
            Amount::Whole(whole) => Arc::from(whole.to_string()),
            Amount::Real(_) => Arc::clone(&number.written),
        }),
        Content::Bool(value) => Some(Arc::from(value.to_string())),
        Content::Null | Content::Refused | Content::List(_) | Content::Map(_) => None,
    }
}

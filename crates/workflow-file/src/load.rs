//! From text to one YAML document.

use std::{collections::BTreeMap, sync::Arc};

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Tag};

use crate::{
    Span,
    node::{Content, Node, Style},
    place::{Place, small},
    problem::Problems,
    scalar,
};

/// What GitHub reads of one workflow file, in characters.
const MOST_CHARACTERS: usize = 1024 * 1024;

/// How deep GitHub lets things be nested. An alias counts with what it stands for.
const MOST_DEPTH: usize = 50;

/// How many values GitHub reads of one file, an alias counted as what it stands for: bombs of aliases end here.
const MOST_NODES: usize = 50_000;

/// The document of a file. None when there is nothing to go on with, which was told.
pub(crate) fn load(problems: &mut Problems<'_>, text: &str) -> Option<Node> {
    let start = Span::at(Place::START);
    if text.len() > MOST_CHARACTERS && text.chars().count() > MOST_CHARACTERS {
        let message =
            format!("The maximum file size of {MOST_CHARACTERS} characters has been exceeded");
        problems.error(start, message);
        return None;
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut loader = Loader::new(problems);
    loader.read(text).ok()?;
    let document = loader.document;
    if document.is_none() {
        problems.error(start, "Expected a scalar value, a sequence, or a mapping");
    }
    document
}

/// Nothing more can be read, and why was told.
struct Stop;

/// A collection that is not complete yet.
struct Frame {
    start: Place,
    anchor: usize,
    items: Vec<Node>,
    map: bool,
}

/// What an anchor stands for, how many values that has, and how deep it is.
struct Anchored {
    node: Node,
    size: usize,
    depth: usize,
}

struct Loader<'p, 't> {
    problems: &'p mut Problems<'t>,
    document: Option<Node>,
    documents: usize,
    stack: Vec<Frame>,
    anchors: BTreeMap<usize, Anchored>,
    nodes: usize,
}

impl<'p, 't> Loader<'p, 't> {
    fn new(problems: &'p mut Problems<'t>) -> Self {
        Self {
            problems,
            document: None,
            documents: 0,
            stack: Vec::new(),
            anchors: BTreeMap::new(),
            nodes: 0,
        }
    }

    fn read(&mut self, text: &str) -> Result<(), Stop> {
        let mut parser = Parser::new_from_str(text);
        while let Some(next) = parser.next_event() {
            match next {
                Ok((event, span)) => {
                    let span = place_of(span);
                    self.take(event, span)?;
                }
                Err(error) => return Err(self.unreadable(&error)),
            }
        }
        Ok(())
    }

    fn unreadable(&mut self, error: &ScanError) -> Stop {
        let line = small(error.marker().line().max(1));
        let place = Place { line, column: small(error.marker().col() + 1) };
        let source = self.problems.lines.line(line);
        let tabbed = source.chars().take_while(|c| c.is_whitespace()).any(|c| c == '\t');
        let message = format!("not valid YAML: {}", error.info());
        if tabbed {
            let hint = "the line begins with a tab; YAML is indented with spaces";
            self.problems.error_with_hint(Span::at(place), message, hint);
        } else {
            self.problems.error(Span::at(place), message);
        }
        Stop
    }

    /// Where a value is: behind its anchor and its tag; one that is not written is behind the colon.
    fn behind_marks(&self, span: Span) -> Span {
        let line = self.problems.lines.line(span.start.line);
        let skip = span.start.column as usize - 1;
        let mut rest: &str =
            line.char_indices().nth(skip).map_or("", |(at, _)| line.get(at..).unwrap_or(""));
        let value = self.stack.last().is_some_and(|frame| frame.map && frame.items.len() % 2 == 1);
        if value && span.start == span.end && rest.starts_with(':') {
            let start = Place { column: span.start.column + 1, ..span.start };
            return Span { start, end: start };
        }
        let whole = rest.chars().count();
        while rest.starts_with(['&', '!']) {
            let mark = rest.find(char::is_whitespace).unwrap_or(rest.len());
            rest = rest.get(mark..).unwrap_or_default().trim_start();
        }
        let column = small(skip + 1 + whole - rest.chars().count());
        Span { start: Place { column, ..span.start }, ..span }
    }

    /// Where the sign is that a block of text begins with: the parser tells where its first line is.
    fn block_start(&self, span: Span) -> Span {
        let mut line = span.start.line;
        while line > 1
            && (line == span.start.line || self.problems.lines.line(line).trim().is_empty())
        {
            line -= 1;
        }
        let text = self.problems.lines.line(line);
        let sign =
            text.char_indices().enumerate().filter(|(_, (_, sign))| matches!(sign, '|' | '>'));
        let header = |rest: &str| {
            let rest = rest.trim_start_matches(|mark: char| {
                mark.is_ascii_digit() || mark == '-' || mark == '+'
            });
            rest.trim_start().is_empty() || rest.trim_start().starts_with('#')
        };
        let found = sign.filter(|(_, (at, _))| text.get(at + 1..).is_some_and(header)).last();
        match found {
            Some((column, _)) => Span { start: Place { line, column: small(column + 1) }, ..span },
            None => span,
        }
    }

    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), Stop> {
        match event {
            Event::DocumentStart(_) => {
                self.documents += 1;
                if self.documents > 1 {
                    let message =
                        "Expected stream end parse event: the file holds several documents";
                    self.problems.error_with_hint(
                        span,
                        message.to_owned(),
                        "keep one document in a file, without `---` after its first line",
                    );
                    return Err(Stop);
                }
                Ok(())
            }
            Event::Scalar(text, style, anchor, tag) => {
                let span = match style {
                    ScalarStyle::Literal | ScalarStyle::Folded => self.block_start(span),
                    _ => self.behind_marks(span),
                };
                let content = self.scalar(span, &text, style, tag.as_deref())?;
                self.deliver(Node { span, content }, anchor)
            }
            Event::SequenceStart(anchor, _) => self.push(span, anchor, false),
            Event::MappingStart(anchor, _) => self.push(span, anchor, true),
            Event::SequenceEnd | Event::MappingEnd => self.pop(span.end),
            Event::Alias(id) => self.alias(span, id),
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
        }
    }

    fn push(&mut self, span: Span, anchor: usize, map: bool) -> Result<(), Stop> {
        self.stack.push(Frame { start: span.start, anchor, items: Vec::new(), map });
        self.check_depth(span, self.stack.len())
    }

    fn check_depth(&mut self, span: Span, depth: usize) -> Result<(), Stop> {
        if depth <= MOST_DEPTH {
            return Ok(());
        }
        let hint = format!("nest at most {MOST_DEPTH} levels");
        self.problems.error_with_hint(span, "Maximum object depth exceeded".to_owned(), &hint);
        Err(Stop)
    }

    fn pop(&mut self, end: Place) -> Result<(), Stop> {
        let Some(frame) = self.stack.pop() else { return Ok(()) };
        let marked = self.behind_marks(Span { start: frame.start, end }).start;
        let first = frame.items.first().map(|first| first.span.start);
        // A mapping below its anchor begins with its first key.
        let start = first.filter(|_| frame.map && marked != frame.start).unwrap_or(frame.start);
        let span = Span { start, end };
        let content = if frame.map {
            let mut pairs = Vec::with_capacity(frame.items.len() / 2);
            let mut items = frame.items.into_iter();
            while let (Some(key), Some(value)) = (items.next(), items.next()) {
                pairs.push((key, value));
            }
            Content::Map(Arc::from(pairs))
        } else {
            Content::List(Arc::from(frame.items))
        };
        self.deliver(Node { span, content }, frame.anchor)
    }

    fn deliver(&mut self, node: Node, anchor: usize) -> Result<(), Stop> {
        self.count(node.span, 1)?;
        if anchor > 0 {
            let anchored = Anchored { size: node.size(), depth: depth(&node), node: node.clone() };
            self.anchors.insert(anchor, anchored);
        }
        match self.stack.last_mut() {
            Some(frame) => frame.items.push(node),
            None => self.document = Some(node),
        }
        Ok(())
    }

    fn count(&mut self, span: Span, nodes: usize) -> Result<(), Stop> {
        self.nodes = self.nodes.saturating_add(nodes);
        if self.nodes <= MOST_NODES {
            return Ok(());
        }
        let hint = format!("at most {MOST_NODES}, aliases counted as what they stand for");
        self.problems.error_with_hint(span, "Maximum YAML nodes exceeded".to_owned(), &hint);
        Err(Stop)
    }

    fn alias(&mut self, span: Span, id: usize) -> Result<(), Stop> {
        let Some(anchored) = self.anchors.get(&id) else {
            self.problems
                .error(span, "Unknown anchor: an alias stands for what is complete before it");
            return self.deliver(Node { span, content: Content::Refused }, 0);
        };
        let (size, deep, node) = (anchored.size, anchored.depth, anchored.node.clone());
        self.count(span, size.saturating_sub(1))?;
        self.check_depth(span, self.stack.len() + deep)?;
        self.deliver(node, 0)
    }

    fn scalar(
        &mut self,
        span: Span,
        text: &str,
        style: ScalarStyle,
        tag: Option<&Tag>,
    ) -> Result<Content, Stop> {
        let quoted = match style {
            ScalarStyle::Plain => Style::Plain,
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => Style::Quoted,
            ScalarStyle::Literal | ScalarStyle::Folded => Style::Block,
        };
        let Some(tag) = tag else {
            if quoted != Style::Plain {
                return Ok(Content::Text(Arc::from(text), quoted));
            }
            return scalar::resolve(text).map_err(|kind| self.misfit(span, text, kind));
        };
        let full = full_name(tag);
        let name = full.strip_prefix(CORE).unwrap_or_default();
        if name == "str" {
            return Ok(Content::Text(Arc::from(text), quoted));
        }
        if !matches!(name, "bool" | "float" | "int" | "null") {
            self.problems.error(span, format!("Unexpected tag '{full}'"));
            return Err(Stop);
        }
        if quoted != Style::Plain {
            let message = format!("The scalar style is not valid with the tag '{CORE}{name}'");
            self.problems.error(span, message);
            return Err(Stop);
        }
        match (scalar::resolve(text), name) {
            (Ok(content @ Content::Null), "null")
            | (Ok(content @ Content::Boolean(_)), "bool")
            | (Ok(content @ Content::Number(_)), "int" | "float") => Ok(content),
            _ => Err(self.misfit(span, text, &format!("{CORE}{name}"))),
        }
    }

    fn misfit(&mut self, span: Span, text: &str, kind: &str) -> Stop {
        self.problems.error(span, format!("The value '{text}' is invalid for the type '{kind}'"));
        Stop
    }
}

/// A span as the parser has it.
fn place_of(span: saphyr_parser::Span) -> Span {
    let place = |marker: saphyr_parser::Marker| Place {
        line: small(marker.line().max(1)),
        column: small(marker.col() + 1),
    };
    Span { start: place(span.start), end: place(span.end) }
}

/// What the names of YAML's own tags begin with.
const CORE: &str = "tag:yaml.org,2002:";

/// The name of a tag, however it is written: `!!int`, or `!<tag:yaml.org,2002:int>`.
fn full_name(tag: &Tag) -> String {
    let handle = if tag.handle == "!" && tag.suffix.starts_with("tag:") { "" } else { &tag.handle };
    let handle = if handle == "!!" { CORE } else { handle };
    format!("{handle}{}", tag.suffix)
}

/// How many collections are within one another.
fn depth(node: &Node) -> usize {
    match &node.content {
        Content::List(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Content::Map(pairs) => 1 + pairs.iter().map(|(_, value)| depth(value)).max().unwrap_or(0),
        _ => 0,
    }
}

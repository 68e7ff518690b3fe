//! XML as it is in reports: elements and texts, with places, nothing declared and nothing fetched.

use quick_xml::{
    Reader, XmlVersion,
    events::{BytesStart, Event},
};
use tidegate_evidence::{LONGEST_TEXT, cut};

use crate::{
    error::{Problem, quoted},
    limits::{DEEPEST, MOST_ATTRIBUTES},
};

/// A document on its way through.
pub(crate) struct Xml<'a> {
    reader: Reader<&'a [u8]>,
    /// How many elements are open.
    depth: usize,
    /// The byte at which what was read last begins.
    at: usize,
}

/// What comes next in a document.
#[derive(Debug)]
pub(crate) enum Token {
    /// An element opens.
    Open(Tag),
    /// Text, its entities told.
    Text(String),
    /// The element that was opened last closes.
    Close,
    /// Nothing comes any more.
    End,
}

/// An element's name and attributes.
#[derive(Debug)]
pub(crate) struct Tag {
    /// The byte at which it begins.
    pub(crate) at: usize,
    /// Without the prefix of a namespace.
    pub(crate) name: String,
    attributes: Vec<(String, String)>,
}

impl Tag {
    /// The attribute `name`.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(own, _)| own == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The attribute `name`, or what is wrong without it.
    pub(crate) fn need(&self, name: &str) -> Result<&str, Problem> {
        self.get(name).ok_or_else(|| {
            let message = format!("<{}> has no attribute {name}", self.name);
            Problem::new(self.at, message, "write the report anew: the tool did not finish it")
        })
    }

    /// The attribute `name` as a whole number, where it is there.
    pub(crate) fn whole<T: std::str::FromStr>(&self, name: &str) -> Result<Option<T>, Problem> {
        let Some(text) = self.get(name) else { return Ok(None) };
        text.trim().parse().map(Some).map_err(|_| {
            let message = format!("{name}={} is no number that can be", quoted(text));
            Problem::new(self.at, message, "it is a whole number, 0 or more")
        })
    }
}

impl<'a> Xml<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        let mut reader = Reader::from_str(text);
        reader.config_mut().expand_empty_elements = true;
        Self { reader, depth: 0, at: 0 }
    }

    /// What comes next.
    pub(crate) fn next(&mut self) -> Result<Token, Problem> {
        loop {
            self.at = index(self.reader.buffer_position());
            let event = match self.reader.read_event() {
                Ok(event) => event,
                Err(error) => return Err(self.broken(&error)),
            };
            match event {
                Event::Start(start) => return self.open(&start).map(Token::Open),
                Event::End(_) => {
                    self.depth = self.depth.saturating_sub(1);
                    return Ok(Token::Close);
                }
                Event::Text(text) => return Ok(Token::Text(text.xml10_content().into_owned())),
                Event::CData(text) => return Ok(Token::Text(text.xml10_content().into_owned())),
                Event::GeneralRef(name) => return self.entity(&name.into_inner()).map(Token::Text),
                Event::DocType(declared) => self.document_type(&declared.into_inner())?,
                Event::Eof if self.depth > 0 => return Err(self.unfinished()),
                Event::Eof => return Ok(Token::End),
                Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            }
        }
    }

    /// The first element.
    pub(crate) fn root(&mut self) -> Result<Tag, Problem> {
        loop {
            match self.next()? {
                Token::Open(tag) => return Ok(tag),
                Token::Text(text) if text.trim().is_empty() => {}
                Token::Text(_) | Token::Close | Token::End => {
                    let mend = "a report begins with an element";
                    return Err(Problem::new(self.at, "there is no element", mend));
                }
            }
        }
    }

    /// The next element within the one that is open, or nothing when that closes. Texts between are
    /// of no matter.
    pub(crate) fn child(&mut self) -> Result<Option<Tag>, Problem> {
        loop {
            match self.next()? {
                Token::Open(tag) => return Ok(Some(tag)),
                Token::Close | Token::End => return Ok(None),
                Token::Text(_) => {}
            }
        }
    }

    /// All text of the element that is open, up to where it closes, cut to what is kept of one.
    pub(crate) fn text(&mut self) -> Result<String, Problem> {
        let within = self.depth;
        let mut all = String::new();
        loop {
            match self.next()? {
                Token::Text(text) if all.len() <= LONGEST_TEXT => all.push_str(&text),
                Token::Close if self.depth < within => return Ok(cut(all.trim(), LONGEST_TEXT)),
                Token::End => return Ok(cut(all.trim(), LONGEST_TEXT)),
                Token::Text(_) | Token::Open(_) | Token::Close => {}
            }
        }
    }

    /// Goes on behind the element that is open.
    pub(crate) fn skip(&mut self) -> Result<(), Problem> {
        let within = self.depth;
        loop {
            match self.next()? {
                Token::Close if self.depth < within => return Ok(()),
                Token::End => return Ok(()),
                Token::Text(_) | Token::Open(_) | Token::Close => {}
            }
        }
    }

    /// Goes on to the end, where there may be nothing more but space.
    pub(crate) fn finish(&mut self) -> Result<(), Problem> {
        loop {
            match self.next()? {
                Token::End => return Ok(()),
                Token::Text(text) if text.trim().is_empty() => {}
                Token::Text(_) | Token::Open(_) | Token::Close => {
                    let mend = "a file is one report: write each into its own";
                    return Err(Problem::new(self.at, "there is more behind the report", mend));
                }
            }
        }
    }

    fn open(&mut self, start: &BytesStart<'_>) -> Result<Tag, Problem> {
        self.depth += 1;
        if self.depth > DEEPEST {
            let message = format!("elements are more than {DEEPEST} deep within one another");
            return Err(Problem::new(
                self.at,
                message,
                "write the report with fewer suites within suites",
            ));
        }
        let name = start.local_name().into_inner().to_owned();
        let mut attributes = Vec::new();
        // Looking for doubles takes the square of their number.
        for attribute in start.attributes().with_checks(false) {
            if attributes.len() >= MOST_ATTRIBUTES {
                let message =
                    format!("<{}> has more than {MOST_ATTRIBUTES} attributes", quoted(&name));
                return Err(Problem::new(self.at, message, "an element of a report has ten or so"));
            }
            let wrong =
                |message: String| Problem::new(self.at, message, "write the report anew, as XML");
            let attribute = attribute.map_err(|error| wrong(error.to_string()))?;
            let value = attribute
                .normalized_value(XmlVersion::Implicit1_0)
                .map_err(|error| wrong(error.to_string()))?;
            let key = attribute.key.local_name().into_inner().to_owned();
            attributes.push((key, value.into_owned()));
        }
        Ok(Tag { at: self.at, name, attributes })
    }

    /// The character that an entity stands for: one of XML's five, or one by its number.
    fn entity(&self, name: &str) -> Result<String, Problem> {
        let by_number =
            name.strip_prefix('#').and_then(|number| match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok(),
                None => number.parse().ok(),
            });
        // Tools write control characters of terminals by their numbers, which XML 1.0 does not have.
        if let Some(number) = by_number {
            let char = char::from_u32(number).unwrap_or(char::REPLACEMENT_CHARACTER);
            return Ok(char.to_string());
        }
        let text = match name {
            "amp" => "&",
            "lt" => "<",
            "gt" => ">",
            "quot" => "\"",
            "apos" => "'",
            _ => {
                let message = format!("the entity {} is not known", quoted(name));
                let mend = "reports may use amp, lt, gt, quot, apos and numbers";
                return Err(Problem::new(self.at, message, mend));
            }
        };
        Ok(text.to_owned())
    }

    /// A document type may be named, as Cobertura and `JaCoCo` do: it is not fetched. None may be
    /// declared: entities that grow or read files are made so.
    fn document_type(&self, declared: &str) -> Result<(), Problem> {
        if !declared.contains('[') {
            return Ok(());
        }
        let mend = "leave the part in [ ] out; reports have no use for it";
        Err(Problem::new(self.at, "the document type declares something itself", mend))
    }

    fn broken(&self, error: &quick_xml::Error) -> Problem {
        let at = index(self.reader.error_position());
        Problem::new(at, format!("this is no XML: {error}"), "write the report anew")
    }

    fn unfinished(&self) -> Problem {
        let mend = "the tool did not get to the end: run it again";
        Problem::new(self.at, "the file ends within an element", mend)
    }
}

/// Files are bounded to far less than there are bytes to count.
fn index(position: u64) -> usize {
    usize::try_from(position).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Result<String, Problem> {
        let mut xml = Xml::new(text);
        xml.root()?;
        let all = xml.text()?;
        while !matches!(xml.next()?, Token::End) {}
        Ok(all)
    }

    #[track_caller]
    fn refused(text: &str, expect: &str) {
        let problem = all(text).unwrap_err();
        assert!(problem.message.contains(expect), "{problem:?} should say {expect:?}");
        assert!(problem.at <= text.len() && !problem.mend.is_empty());
    }

    #[test]
    fn texts_are_told_with_their_entities() {
        let check = |text: &str, expect: &str| assert_eq!(all(text).unwrap(), expect);
        check("<a>1 &lt; 2 &amp;&#38; &#x1b;<![CDATA[<b>&c;]]></a>", "1 < 2 && \u{1b}<b>&c;");
        check("<?xml version='1.0'?><!-- & --><a>x<b>y</b>z</a>", "xyz");
        check("<a/>", "");
        check("<!DOCTYPE a SYSTEM 'http://127.0.0.1/a.dtd'><a>b</a>", "b");
        check("<a>b&#xffffff;c</a>", "b\u{fffd}c");
    }

    #[test]
    fn what_could_grow_or_read_files_is_refused() {
        refused("<!DOCTYPE a [<!ENTITY b 'bb'>]><a>&b;</a>", "declares something");
        refused(
            "<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>",
            "declares something",
        );
        refused("<a>&b;</a>", "\"b\" is not known");
        refused("<a b='&c;'/>", "c");
        refused(&"<a>".repeat(DEEPEST + 1), "more than 64 deep");
        let many: Vec<_> = (0..=MOST_ATTRIBUTES).map(|n| format!(" a{n}=''")).collect();
        let many = many.concat();
        refused(&format!("<a{many}/>"), "more than 128 attributes");
    }

    #[test]
    fn what_is_no_xml_is_refused_with_its_place() {
        refused("", "no element");
        refused("text", "no element");
        refused("<a><b></a>", "no XML");
        refused("<a>", "ends within");
        refused("<a", "no XML");
        refused("<a b=></a>", "");
    }
}

use serde::Serialize;

use crate::{LONGEST_NAME, Place, cut};

/// So many annotations are made of one run: GitHub takes 50 with one request and shows no more of a job.
pub const MOST_ANNOTATIONS: usize = 50;

/// A message of an annotation may be this long, in bytes: more of a stack trace hides the code beside it.
const LONGEST_MESSAGE: usize = 2_000;

/// Something to be shown at a line of the repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Annotation {
    /// How bad it is.
    pub level: AnnotationLevel,
    /// Where it is, where that is known.
    pub place: Option<Place>,
    /// What it is in a few words.
    pub title: String,
    /// What is said of it; as it was written, to be escaped by whoever shows it.
    pub message: String,
}

/// How bad something is, in the words of GitHub's checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum AnnotationLevel {
    /// It has to be mended.
    Failure,
    /// It should be looked at.
    Warning,
    /// It is good to know.
    Notice,
}

/// Annotations, the worst of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Annotations {
    /// The worst first.
    pub shown: Vec<Annotation>,
    /// How many more there are.
    pub left_off: usize,
}

impl Annotation {
    pub(crate) fn new(
        level: AnnotationLevel,
        place: Option<Place>,
        title: &str,
        message: &str,
    ) -> Self {
        let title = cut(title.trim(), LONGEST_NAME);
        Self { level, place, title, message: cut(message.trim(), LONGEST_MESSAGE) }
    }
}

impl Annotations {
    /// No more than `most` of `all`: the worst, in the order of files and lines.
    pub(crate) fn of(mut all: Vec<Annotation>, most: usize) -> Self {
        all.sort_by(|a, b| {
            let none = |own: &Annotation| own.place.is_none();
            a.level
                .cmp(&b.level)
                .then_with(|| none(a).cmp(&none(b)))
                .then_with(|| a.place.cmp(&b.place))
                .then_with(|| a.title.cmp(&b.title))
        });
        let left_off = all.len().saturating_sub(most);
        all.truncate(most);
        Self { shown: all, left_off }
    }
}

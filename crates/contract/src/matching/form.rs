//! Bodies that are forms of HTML.

use percent_encoding::percent_decode_str;

use super::{
    Context, Found,
    query::{self, Parameters},
};
use crate::{mismatch::Part, pact::Body, place::Place};

/// Compares two forms, field by field.
pub(crate) fn compare(expected: &Body, actual: &Body, context: Context<'_>) -> Found {
    let mut found = query::compare(&fields(expected), &fields(actual), context);
    for mismatch in &mut found.0 {
        if let Part::Query(name) = &mismatch.part {
            mismatch.part = Part::Body(Place::root().join(name).to_string());
        }
    }
    found
}

fn fields(body: &Body) -> Parameters {
    let text = String::from_utf8_lossy(body.bytes()).into_owned();
    let mut fields = Parameters::new();
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        fields.entry(decoded(name)).or_default().push(decoded(value));
    }
    fields
}

/// A name or value as it was before it was written into a form or a query.
pub(crate) fn decoded(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

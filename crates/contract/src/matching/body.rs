//! Bodies: whether there should be one, of which type, and by what it is compared.

use super::{Context, Found, binary, form, header, json, text, xml};
use crate::{
    content_type::ContentType,
    mismatch::{Mismatch, Part},
    pact::{Body, Content},
    place::Place,
    rule::Rule,
};

/// Compares two bodies; a rule for the header `Content-Type` allows other types.
pub(crate) fn compare(
    expected: &Content,
    actual: &Content,
    context: Context<'_>,
    headers: Option<Context<'_>>,
) -> Found {
    let (wanted, is) = (expected.content_type(), actual.content_type());
    let alike = match (&wanted, &is, headers) {
        (Some(wanted), Some(is), Some(headers)) => {
            wanted.takes(is) || by_header_rule(wanted, is, headers)
        }
        (Some(wanted), Some(is), None) => wanted.takes(is),
        _ => true,
    };
    if alike {
        return contents(wanted.as_ref(), expected, actual, context);
    }
    if !matches!(expected.body, Body::Present { .. }) {
        return Found::default();
    }
    let [wanted, is] = [wanted, is].map(|it| it.map(|known| known.to_string()).unwrap_or_default());
    let problem = format!("a body of {wanted} is expected, and it is {is}");
    Found(vec![Mismatch::new(Part::BodyType, wanted, is, problem)])
}

/// Whether a rule for the header takes the type.
fn by_header_rule(wanted: &ContentType, is: &ContentType, headers: Context<'_>) -> bool {
    let of = |known: &ContentType| vec![("Content-Type".to_owned(), vec![known.to_string()])];
    let place = Place::root().join("content-type");
    headers.rules.lower_case().is_defined(&place)
        && header::compare(&of(wanted), &of(is), headers).is_empty()
}

fn contents(
    content_type: Option<&ContentType>,
    expected: &Content,
    actual: &Content,
    context: Context<'_>,
) -> Found {
    let told = |problem: &str| {
        let [expected, actual] =
            [expected, actual].map(|it| String::from_utf8_lossy(it.body.bytes()).into_owned());
        let part = Part::Body(Place::root().to_string());
        Found(vec![Mismatch::new(part, expected, actual, problem)])
    };
    match (&expected.body, &actual.body) {
        (Body::Null | Body::Empty, Body::Present { .. }) => told("there should be no body"),
        (Body::Missing | Body::Null | Body::Empty, _) => Found::default(),
        (Body::Present { .. }, Body::Present { .. }) => {
            by_type(content_type, &expected.body, &actual.body, context)
        }
        (Body::Present { .. }, _) => told("the body is missing"),
    }
}

fn by_type(
    content_type: Option<&ContentType>,
    expected: &Body,
    actual: &Body,
    context: Context<'_>,
) -> Found {
    let is = |kind: fn(&ContentType) -> bool| content_type.is_some_and(kind);
    let of_type = |rule: &Rule| matches!(rule, Rule::ContentType(_));
    let compare = if is(ContentType::is_json) {
        json::compare
    } else if is(ContentType::is_xml) {
        xml::compare
    } else if is(ContentType::is_form) {
        form::compare
    } else if is(ContentType::is_binary) || context.rules.exactly(&Place::root()).any(of_type) {
        binary::compare
    } else {
        text::compare
    };
    compare(expected, actual, context)
}

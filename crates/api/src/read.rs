//! What a request carries, or the problem that it does not.

use axum::{
    body::Bytes,
    extract::{Query, Request, rejection::BytesRejection},
    http::{Uri, header::CONTENT_LENGTH},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use serde::{
    Deserialize as _, Deserializer,
    de::{DeserializeOwned, Error as _},
};

use crate::{
    limits::BODY_LIMIT,
    problem::{Problem, ProblemKind},
};

/// The parameters after the `?`.
pub(crate) fn query<T: DeserializeOwned>(uri: &Uri) -> Result<T, Problem> {
    Query::try_from_uri(uri).map(|Query(asked)| asked).map_err(|rejection| {
        Problem::new(ProblemKind::BadRequest, rejection.body_text())
            .with_hint("see the reference of the API for the parameters that this address takes")
    })
}

fn too_large() -> Problem {
    let detail = format!("a body may have {} MiB at most", BODY_LIMIT / (1024 * 1024));
    Problem::new(ProblemKind::TooLarge, detail).with_hint("apply the resources in several files")
}

/// Refuses a body that is too large by its own account, before any of it is read.
pub(crate) async fn bound_body(request: Request, next: Next) -> Response {
    let declared = request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    if declared.and_then(|length| length.parse::<usize>().ok()).is_some_and(|it| it > BODY_LIMIT) {
        return too_large().into_response();
    }
    next.run(request).await
}

/// The body as it came.
pub(crate) fn bytes(body: Result<Bytes, BytesRejection>) -> Result<Bytes, Problem> {
    body.map_err(|rejection| {
        if rejection.into_response().status().as_u16() == 413 {
            return too_large();
        }
        Problem::new(ProblemKind::BadRequest, "the body ended before it was whole")
    })
}

/// The body as a JSON object; an empty one stands for `{}`.
pub(crate) fn json<T: DeserializeOwned>(body: Result<Bytes, BytesRejection>) -> Result<T, Problem> {
    let body = bytes(body)?;
    let text: &[u8] = if body.is_empty() { b"{}" } else { &body };
    let refused = |why: String| {
        let detail = format!("the body is not what is asked for: {why}");
        Problem::new(ProblemKind::BadRequest, detail)
    };
    // A list would be read as an object whose fields come in their order.
    if text.trim_ascii_start().first().is_some_and(|first| *first == b'[') {
        return Err(refused("it is a list, not an object".to_owned()));
    }
    serde_json::from_slice(text).map_err(|error| refused(error.to_string()))
}

/// A part of a body that is an object, for the same reason.
pub(crate) fn object<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    let fields = serde_json::Map::deserialize(deserializer)?;
    T::deserialize(serde_json::Value::Object(fields)).map_err(D::Error::custom)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn an_empty_body_is_an_empty_object() {
        let read = |text: &'static str| json::<BTreeMap<String, u8>>(Ok(Bytes::from(text)));
        assert_eq!(read(""), Ok(BTreeMap::new()));
        assert_eq!(read(r#"{"a":1}"#), Ok(BTreeMap::from([("a".to_owned(), 1)])));
        assert_eq!(read("{").unwrap_err().status, 400);
    }

    #[test]
    fn a_list_is_no_object() {
        #[derive(Debug, Default, PartialEq, serde::Deserialize)]
        #[serde(default)]
        struct Wish {
            reason: Option<String>,
            #[serde(deserialize_with = "object")]
            inner: Inner,
        }
        #[derive(Debug, Default, PartialEq, serde::Deserialize)]
        #[serde(default)]
        struct Inner {
            rule: String,
        }
        let read = |text: &'static str| json::<Wish>(Ok(Bytes::from(text)));
        assert_eq!(read(" {}"), Ok(Wish::default()));
        assert_eq!(read(" []").unwrap_err().status, 400);
        assert_eq!(read(r#"["why"]"#).unwrap_err().status, 400);
        assert_eq!(read(r#"{"inner":{"rule":"a"}}"#).unwrap().inner.rule, "a");
        assert_eq!(read(r#"{"inner":["a"]}"#).unwrap_err().status, 400);
    }

    #[test]
    fn a_parameter_that_cannot_be_read_is_named() {
        let asked = query::<BTreeMap<String, u8>>(&Uri::from_static("/x?limit=many"));
        assert!(asked.unwrap_err().detail.contains("limit"));
    }
}

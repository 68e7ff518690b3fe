//! What a request carries, or the problem that it does not.

use axum::{
    body::Bytes,
    extract::{Query, rejection::BytesRejection},
    http::Uri,
    response::IntoResponse as _,
};
use serde::de::DeserializeOwned;

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

/// The body as it came.
pub(crate) fn bytes(body: Result<Bytes, BytesRejection>) -> Result<Bytes, Problem> {
    body.map_err(|rejection| {
        if rejection.into_response().status().as_u16() == 413 {
            let detail = format!("a body may have {} MiB at most", BODY_LIMIT / (1024 * 1024));
            return Problem::new(ProblemKind::TooLarge, detail)
                .with_hint("apply the resources in several files");
        }
        Problem::new(ProblemKind::BadRequest, "the body ended before it was whole")
    })
}

/// The body as JSON; an empty one stands for `{}`.
pub(crate) fn json<T: DeserializeOwned>(body: Result<Bytes, BytesRejection>) -> Result<T, Problem> {
    let body = bytes(body)?;
    let text: &[u8] = if body.is_empty() { b"{}" } else { &body };
    serde_json::from_slice(text).map_err(|error| {
        Problem::new(ProblemKind::BadRequest, format!("the body is not what is asked for: {error}"))
    })
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
        assert_eq!(read("[").unwrap_err().status, 400);
    }

    #[test]
    fn a_parameter_that_cannot_be_read_is_named() {
        let asked = query::<BTreeMap<String, u8>>(&Uri::from_static("/x?limit=many"));
        assert!(asked.unwrap_err().detail.contains("limit"));
    }
}

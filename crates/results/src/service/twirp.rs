//! Twirp: a message is sent to the path of its method, as JSON or Protobuf, and answered alike.

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::{Value, json};
use tidegate_units::Timestamp;

use super::wire::{self, Field};
use crate::Error;

const PROTOBUF: &str = "application/protobuf";

/// A message that came, and how its answer is to be written.
pub(super) struct Call {
    body: Bytes,
    protobuf: bool,
}

impl Call {
    pub(super) fn new(headers: &HeaderMap, body: Bytes) -> Self {
        let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        Self { body, protobuf: kind.is_some_and(|kind| kind.starts_with(PROTOBUF)) }
    }

    /// The message.
    pub(super) fn read<T: DeserializeOwned>(&self, fields: &[Field]) -> Result<T, Error> {
        let wrong = |error: &dyn std::fmt::Display| {
            Error::Invalid(format!("the message is not understood: {error}"))
        };
        if !self.protobuf {
            return serde_json::from_slice(&self.body).map_err(|error| wrong(&error));
        }
        let message = wire::read(&self.body, fields).ok_or_else(|| wrong(&"not Protobuf"))?;
        serde_json::from_value(Value::Object(message)).map_err(|error| wrong(&error))
    }

    /// Its answer.
    pub(super) fn answer(&self, message: &Value, fields: &[Field]) -> Response {
        let (kind, body) = if self.protobuf {
            (PROTOBUF, Body::from(wire::write(message, fields)))
        } else {
            ("application/json", Body::from(message.to_string()))
        };
        ([(header::CONTENT_TYPE, kind)], body).into_response()
    }
}

/// An error as Twirp has it: in JSON, whatever was asked in.
pub(super) fn refuse(error: &Error) -> Response {
    let (status, code) = match error {
        Error::NotFound(_) => (StatusCode::NOT_FOUND, "not_found"),
        Error::AlreadyExists(_) => (StatusCode::CONFLICT, "already_exists"),
        Error::Denied(_) => (StatusCode::FORBIDDEN, "permission_denied"),
        // `resource_exhausted` would be asked again, five times and in vain.
        Error::Invalid(_) | Error::TooLarge(_) => (StatusCode::BAD_REQUEST, "invalid_argument"),
        Error::Mismatch(_) => (StatusCode::PRECONDITION_FAILED, "failed_precondition"),
        Error::Failed { .. } => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
    };
    problem(status, code, &error.to_string())
}

/// Nobody is let in.
pub(super) fn unauthenticated(error: &Error) -> Response {
    problem(StatusCode::UNAUTHORIZED, "unauthenticated", &error.to_string())
}

/// There is no such method.
pub(super) fn bad_route(method: &str) -> Response {
    problem(StatusCode::NOT_FOUND, "bad_route", &format!("there is no method {method}"))
}

fn problem(status: StatusCode, code: &str, message: &str) -> Response {
    (status, axum::Json(json!({ "code": code, "msg": message }))).into_response()
}

/// A number of 64 bits: in JSON a text, as Protobuf's rules have it, or a number.
pub(super) fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Number {
        Text(String),
        Number(u64),
    }
    match Option::<Number>::deserialize(deserializer)? {
        None => Ok(None),
        Some(Number::Number(number)) => Ok(Some(number)),
        Some(Number::Text(text)) => text.parse().map(Some).map_err(serde::de::Error::custom),
    }
}

/// A moment as RFC 3339 has it.
pub(super) fn moment<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Timestamp>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    text.map(|text| text.parse().map_err(serde::de::Error::custom)).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::wire::Kind;

    #[derive(Deserialize)]
    struct Sized {
        #[serde(default, deserialize_with = "number")]
        size: Option<u64>,
        #[serde(default, deserialize_with = "moment")]
        at: Option<Timestamp>,
    }

    fn call(kind: &'static str, body: &[u8]) -> Call {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, kind.parse().unwrap());
        Call::new(&headers, Bytes::copy_from_slice(body))
    }

    #[test]
    fn numbers_and_moments_are_read_in_each_way_that_they_are_written() {
        let read = |body: &str| call("application/json", body.as_bytes()).read::<Sized>(&[]);
        assert_eq!(read("{}").unwrap().size, None);
        assert_eq!(read(r#"{"size":"7"}"#).unwrap().size, Some(7));
        assert_eq!(read(r#"{"size":7}"#).unwrap().size, Some(7));
        let at = read(r#"{"at":"1970-01-01T00:00:01Z"}"#).unwrap().at;
        assert_eq!(at, Some(Timestamp::from_millis(1000)));
        for wrong in ["", "7", r#"{"size":"-1"}"#, r#"{"size":1.5}"#, r#"{"at":"soon"}"#] {
            assert!(matches!(read(wrong), Err(Error::Invalid(_))), "{wrong}");
        }
        let fields: &[Field] = &[(1, "size", Kind::Number)];
        let size = call("application/protobuf", &[8, 9]).read::<Sized>(fields).unwrap().size;
        assert_eq!(size, Some(9));
    }

    #[test]
    fn what_the_client_would_ask_again_in_vain_has_no_status_that_it_asks_again_for() {
        let again = [429, 500, 502, 503, 504];
        let text = String::new;
        for error in [
            Error::NotFound(text()),
            Error::AlreadyExists(text()),
            Error::Denied(text()),
            Error::Invalid(text()),
            Error::Mismatch(text()),
            Error::TooLarge(text()),
        ] {
            assert!(!again.contains(&refuse(&error).status().as_u16()), "{error:?}");
        }
    }
}

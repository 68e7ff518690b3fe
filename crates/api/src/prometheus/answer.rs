use axum::{
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use serde_json::json;
use tidegate_promql::{EvalError, ParseError, Value, answer_text};

/// Why a question has no answer, in the form of Prometheus.
#[derive(Debug)]
pub(super) struct Wrong {
    status: StatusCode,
    kind: &'static str,
    message: String,
}

impl Wrong {
    pub(super) fn bad_data(message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, kind: "bad_data", message: message.into() }
    }

    pub(super) fn timeout(message: impl Into<String>) -> Self {
        let status = StatusCode::SERVICE_UNAVAILABLE;
        Self { status, kind: "timeout", message: message.into() }
    }

    pub(super) fn internal(message: impl Into<String>) -> Self {
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        Self { status, kind: "internal", message: message.into() }
    }

    /// With the parameter that it is about.
    pub(super) fn of_parameter(self, name: &str) -> Self {
        let message = format!("invalid parameter {name:?}: {}", self.message);
        Self { message, ..self }
    }
}

impl From<ParseError> for Wrong {
    fn from(problem: ParseError) -> Self {
        Self::bad_data(problem.to_string())
    }
}

impl From<EvalError> for Wrong {
    fn from(problem: EvalError) -> Self {
        let message = problem.to_string();
        match problem {
            EvalError::Type(_) => Self::bad_data(message),
            EvalError::Timeout => Self::timeout(message),
            EvalError::Execution(_) | EvalError::TooManySamples => {
                Self { status: StatusCode::UNPROCESSABLE_ENTITY, kind: "execution", message }
            }
        }
    }
}

impl IntoResponse for Wrong {
    fn into_response(self) -> Response {
        let told = json!({"status": "error", "errorType": self.kind, "error": self.message});
        (self.status, [(CONTENT_TYPE, JSON)], told.to_string()).into_response()
    }
}

const JSON: &str = "application/json";

/// An answer whose `data` is this JSON.
pub(super) fn success(data: &str) -> Response {
    let told = format!("{{\"status\":\"success\",\"data\":{data}}}");
    ([(CONTENT_TYPE, JSON)], told).into_response()
}

pub(super) fn answered(value: &Value) -> Response {
    success(&answer_text(value))
}

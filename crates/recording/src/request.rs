use crate::cell::Cell;

/// A request, as one row or line told it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Request {
    /// When, in microseconds: since the epoch, or since the recording's own zero.
    pub at_micros: i64,
    /// How it ended.
    pub outcome: Outcome,
    /// How long it took, in microseconds; none where that was not recorded.
    pub latency_micros: Option<f64>,
    /// Which revision answered, where one recording holds both.
    pub arm: Option<Arm>,
}

/// Which of the two that are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Arm {
    /// What is judged.
    Canary,
    /// What it is compared with.
    Stable,
}

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// An answer that is no error of the server: HTTP below 500, or a word such as `OK`.
    Good,
    /// The server's error, or no answer at all.
    Error,
    /// The number 0: with gRPC it is `OK`, with HTTP there was no answer. Only the whole recording
    /// tells which ([`Zero`]).
    Zero,
    /// The client gave up; neither good nor bad.
    Cancelled,
}

/// What a status of 0 means in a recording.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Zero {
    /// `OK`: no status of HTTP was seen.
    #[default]
    Good,
    /// No answer: the others are statuses of HTTP.
    Error,
}

impl Arm {
    /// The arm that a word names.
    pub(crate) fn of(word: &str) -> Option<Self> {
        match word.to_lowercase().as_str() {
            "canary" | "candidate" | "treatment" | "experiment" | "new" | "green" | "b" => {
                Some(Self::Canary)
            }
            "stable" | "baseline" | "control" | "primary" | "old" | "blue" | "a" => {
                Some(Self::Stable)
            }
            _ => None,
        }
    }
}

/// What the number of a status says by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StatusKind {
    /// A status of HTTP.
    Http,
    /// Anything else.
    Other,
}

/// Words for requests that ended well, in small letters with nothing between them; the codes of gRPC among them that blame the caller.
const GOOD: [&str; 28] = [
    "ok",
    "success",
    "succeeded",
    "successful",
    "true",
    "pass",
    "passed",
    "yes",
    "unset",
    "up",
    "invalidargument",
    "notfound",
    "alreadyexists",
    "permissiondenied",
    "unauthenticated",
    "resourceexhausted",
    "failedprecondition",
    "aborted",
    "outofrange",
    "statuscodeok",
    "statuscodeunset",
    "created",
    "accepted",
    "nocontent",
    "badrequest",
    "unauthorized",
    "forbidden",
    "toomanyrequests",
];

/// Words for those that did not.
const BAD: [&str; 19] = [
    "error",
    "err",
    "fail",
    "failed",
    "failure",
    "false",
    "ko",
    "no",
    "timeout",
    "timedout",
    "deadlineexceeded",
    "unknown",
    "unimplemented",
    "internal",
    "unavailable",
    "dataloss",
    "down",
    "refused",
    "statuscodeerror",
];

/// Words for those that the client gave up.
const GIVEN_UP: [&str; 3] = ["cancelled", "canceled", "abortedbyclient"];

/// How a status ended a request; none for what is no status.
pub(crate) fn outcome_of(cell: &Cell<'_>) -> Option<(Outcome, StatusKind)> {
    match cell {
        Cell::Flag(flag) => Some((good(*flag), StatusKind::Other)),
        Cell::Number(number) => of_number(*number),
        Cell::Text(text) => of_text(text),
        Cell::Nothing | Cell::Absent => None,
    }
}

fn of_text(text: &str) -> Option<(Outcome, StatusKind)> {
    let mut words = text.split([' ', ',', ';']);
    let mut first = words.next().unwrap_or_default();
    // The line of an answer: `HTTP/1.1 200 OK`.
    if first.starts_with("HTTP/") {
        first = words.next().unwrap_or_default();
    }
    let first = first.strip_prefix("http_").unwrap_or(first);
    if let Ok(number) = first.parse::<f64>() {
        return of_number(number);
    }
    if let Some(class) = first.strip_suffix("xx").or_else(|| first.strip_suffix("XX")) {
        return of_number(class.parse::<f64>().ok()? * 100.0);
    }
    // What JMeter writes where a connection failed.
    if text.starts_with("Non HTTP response") {
        return Some((Outcome::Error, StatusKind::Http));
    }
    // `DEADLINE_EXCEEDED`, `DeadlineExceeded`, `StatusCode.DEADLINE_EXCEEDED` and `Deadline exceeded`.
    let name = text.strip_prefix("StatusCode.").or_else(|| text.strip_prefix("codes."));
    let word = bare(name.unwrap_or(text));
    let has = |words: &[&str]| words.contains(&word.as_str());
    let outcome = if has(&GOOD) {
        Outcome::Good
    } else if has(&GIVEN_UP) {
        Outcome::Cancelled
    } else if has(&BAD) {
        Outcome::Error
    } else {
        return None;
    };
    Some((outcome, StatusKind::Other))
}

/// A word or several in small letters with nothing between them.
fn bare(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Words of what clients write where there was no answer, or one of the server's errors: `Connection
/// refused`, `ECONNRESET`, `Bad Gateway`.
const OF_FAILURES: [&str; 18] = [
    "error",
    "errors",
    "exception",
    "failed",
    "failure",
    "fail",
    "timeout",
    "refused",
    "reset",
    "unreachable",
    "unavailable",
    "gateway",
    "econnreset",
    "econnrefused",
    "etimedout",
    "eof",
    "ehostunreach",
    "enotfound",
];

/// The failure that a text which is no status tells in words.
pub(crate) fn is_failure(text: &str) -> Option<(Outcome, StatusKind)> {
    let text = text.to_lowercase();
    let mut words = text.split(|c: char| !c.is_alphanumeric());
    let denied = text
        .split(|c: char| !c.is_alphanumeric())
        .any(|w| ["no", "not", "non", "without"].contains(&w));
    let failed = words.any(|word| OF_FAILURES.contains(&word)) || text.contains("timed out");
    (failed && !denied).then_some((Outcome::Error, StatusKind::Other))
}

/// How a span of OpenTelemetry ended: its status is 0 unset, 1 ok, 2 error.
pub(crate) fn of_span(cell: &Cell<'_>) -> Option<(Outcome, StatusKind)> {
    match cell.text().as_ref() {
        "0" | "1" => Some((Outcome::Good, StatusKind::Other)),
        "2" => Some((Outcome::Error, StatusKind::Other)),
        _ => outcome_of(cell),
    }
}

/// Statuses of HTTP as the router counts them, where 5xx are errors and 499 is a client that went
/// away; else codes of gRPC, of which those are errors that OpenTelemetry calls so for a server.
fn of_number(number: f64) -> Option<(Outcome, StatusKind)> {
    if number.fract() != 0.0 {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "codes are small, others fall through")]
    let outcome = match number as i64 {
        0 => return Some((Outcome::Zero, StatusKind::Other)),
        499 => Outcome::Cancelled,
        100..=498 => Outcome::Good,
        500..=599 => Outcome::Error,
        1 => return Some((Outcome::Cancelled, StatusKind::Other)),
        // -1 is what clients write for no answer at all.
        -1 | 2 | 4 | 12..=15 => return Some((Outcome::Error, StatusKind::Other)),
        3..=16 => return Some((Outcome::Good, StatusKind::Other)),
        _ => return None,
    };
    Some((outcome, StatusKind::Http))
}

/// Whether a column of flags tells that it went well.
pub(crate) const fn good(well: bool) -> Outcome {
    if well { Outcome::Good } else { Outcome::Error }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: Option<Outcome>) {
        assert_eq!(outcome_of(&Cell::of_text(text)).map(|(outcome, _)| outcome), expect, "{text}");
    }

    #[test]
    fn statuses_are_read_as_numbers_and_as_words() {
        for text in ["200", "200 OK", "2xx", "OK", "true", "404", "Success", "NOT_FOUND", "301"] {
            check(text, Some(Outcome::Good));
        }
        for text in ["500", "503 Service Unavailable", "5xx", "false", "UNAVAILABLE", "Timeout"] {
            check(text, Some(Outcome::Error));
        }
        check("Non HTTP response code: java.net.ConnectException", Some(Outcome::Error));
        check("499", Some(Outcome::Cancelled));
        check("0", Some(Outcome::Zero));
        check("14", Some(Outcome::Error));
        check("DeadlineExceeded", Some(Outcome::Error));
        check("StatusCode.UNAVAILABLE", Some(Outcome::Error));
        check("HTTP/1.1 503 Service Unavailable", Some(Outcome::Error));
        check("http_2xx", Some(Outcome::Good));
        check("-1", Some(Outcome::Error));
        for text in ["", "purple", "99.5", "600", "xx", "Connection refused"] {
            check(text, None);
        }
        assert_eq!(
            outcome_of(&Cell::Flag(false)).map(|(outcome, _)| outcome),
            Some(Outcome::Error)
        );
    }

    #[test]
    fn failures_are_told_by_their_words() {
        for text in ["Connection refused", "ECONNRESET", "error: upstream timed out", "Bad Gateway"]
        {
            assert!(is_failure(text).is_some(), "{text}");
        }
        for text in ["purple", "no error", "NOERROR", "terror"] {
            assert!(is_failure(text).is_none(), "{text}");
        }
        let span = |code: &str| of_span(&Cell::of_text(code)).map(|(outcome, _)| outcome);
        assert_eq!((span("1"), span("2")), (Some(Outcome::Good), Some(Outcome::Error)));
    }

    #[test]
    fn arms_are_read_by_the_words_that_people_use() {
        assert_eq!(Arm::of("Canary"), Some(Arm::Canary));
        assert_eq!(Arm::of("baseline"), Some(Arm::Stable));
        assert_eq!(Arm::of("7fd4"), None);
    }
}

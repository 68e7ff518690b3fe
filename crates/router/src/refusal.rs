use hyper::StatusCode;

/// Why the router answers a request itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// No listener has this address any more.
    NoRoute,
    /// No revision with a weight has a replica.
    NoReplica,
    /// The replica took no connection.
    Refused,
    /// This machine has no file, port or memory left for a connection to the replica.
    Exhausted,
    /// The replica closed the connection without a whole answer's head.
    Cut,
    /// What the replica sent is no HTTP answer.
    BadAnswer,
    /// The replica sent no answer's head in time.
    Timeout,
    /// The request's body is larger than allowed.
    BodyTooLarge,
    /// The request's head has more fields or bytes than allowed.
    HeadTooLarge,
    /// The client stopped sending its request.
    ClientStalled,
    /// The client sent something that is no HTTP request.
    BadRequest,
    /// A method or expectation that a reverse proxy does not carry.
    Unsupported,
}

impl Refusal {
    /// All of them, each at the place of its discriminant.
    pub(crate) const ALL: [Self; 12] = [
        Self::NoRoute,
        Self::NoReplica,
        Self::Refused,
        Self::Exhausted,
        Self::Cut,
        Self::BadAnswer,
        Self::Timeout,
        Self::BodyTooLarge,
        Self::HeadTooLarge,
        Self::ClientStalled,
        Self::BadRequest,
        Self::Unsupported,
    ];

    /// The value of the answer's `x-tidegate-error` field, and of the metric's label.
    pub(crate) const fn reason(self) -> &'static str {
        match self {
            Self::NoRoute => "no-route",
            Self::NoReplica => "no-replica",
            Self::Refused => "connection-refused",
            Self::Exhausted => "exhausted",
            Self::Cut => "connection-cut",
            Self::BadAnswer => "bad-answer",
            Self::Timeout => "answer-timeout",
            Self::BodyTooLarge => "body-too-large",
            Self::HeadTooLarge => "head-too-large",
            Self::ClientStalled => "client-stalled",
            Self::BadRequest => "bad-request",
            Self::Unsupported => "unsupported",
        }
    }

    /// The answer's status.
    pub(crate) const fn status(self) -> StatusCode {
        match self {
            Self::NoRoute | Self::NoReplica | Self::Exhausted => StatusCode::SERVICE_UNAVAILABLE,
            Self::Refused | Self::Cut | Self::BadAnswer => StatusCode::BAD_GATEWAY,
            Self::Timeout => StatusCode::GATEWAY_TIMEOUT,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::HeadTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::ClientStalled => StatusCode::REQUEST_TIMEOUT,
            Self::BadRequest => StatusCode::BAD_REQUEST,
            Self::Unsupported => StatusCode::NOT_IMPLEMENTED,
        }
    }

    /// Whether the client's connection ends with it: what else comes there may be a body that nobody
    /// reads, or what another proxy took for one and this router would take for a request.
    pub(crate) const fn closes(self) -> bool {
        matches!(
            self,
            Self::BodyTooLarge
                | Self::HeadTooLarge
                | Self::ClientStalled
                | Self::BadRequest
                | Self::Unsupported
        )
    }

    /// The answer's body: one line for people.
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::NoRoute => "tidegate: nothing is released here any more\n",
            Self::NoReplica => "tidegate: no replica is ready\n",
            Self::Refused => "tidegate: the replica takes no connection\n",
            Self::Exhausted => "tidegate: this machine has no files or ports left\n",
            Self::Cut => "tidegate: the replica closed the connection before it answered\n",
            Self::BadAnswer => "tidegate: the replica did not answer in HTTP\n",
            Self::Timeout => "tidegate: the replica did not answer in time\n",
            Self::BodyTooLarge => "tidegate: the request's body is too large\n",
            Self::HeadTooLarge => "tidegate: the request's head is too large\n",
            Self::ClientStalled => "tidegate: the request did not arrive in time\n",
            Self::BadRequest => "tidegate: this is no HTTP request\n",
            Self::Unsupported => "tidegate: this method is not carried\n",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_its_own_place_and_reason() {
        for (place, refusal) in Refusal::ALL.into_iter().enumerate() {
            assert_eq!(refusal as usize, place);
            assert!(refusal.status().as_u16() >= 400);
            assert!(refusal.text().ends_with('\n'));
            let same = Refusal::ALL.iter().filter(|it| it.reason() == refusal.reason());
            assert_eq!(same.count(), 1);
        }
    }
}

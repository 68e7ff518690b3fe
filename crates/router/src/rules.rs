use std::sync::Arc;

use httparse::Header;
use hyper::{HeaderMap, Request, header::HeaderValue};
use tidegate_comparison::Settings;
use tidegate_traffic::{
    Matcher, RequestFacts, Rule, RuleAction, VISITOR_AGE, VISITOR_COOKIE, visitor,
};
use tidegate_units::{RevisionHash, Weight};

use crate::{mirror, routes::Destination};

/// A rule made ready for use.
#[derive(Debug)]
pub(crate) struct ReadyRule {
    matcher: Matcher,
    then: Then,
}

/// What becomes of a request that meets a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// It goes to this revision.
    Send(RevisionHash),
    /// Of so many in a hundred a copy goes to the revision at this index.
    Mirror {
        /// Which.
        destination: usize,
        /// Of how many.
        share: Weight,
    },
    /// Of so many in a hundred, answers are compared.
    Compare {
        /// Whose.
        pair: Arc<Pair>,
        /// Of how many.
        share: Weight,
    },
}

/// Two revisions whose answers are compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pair {
    /// Under which name.
    pub(crate) name: String,
    /// The index of the one that is compared.
    pub(crate) candidate: usize,
    /// The index of what it is compared with.
    pub(crate) stable: usize,
    /// How closely.
    pub(crate) settings: Settings,
}

/// What the rules of a route say about a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ruling {
    /// The revision that it goes to.
    pub(crate) sent: Option<RevisionHash>,
    /// The index of the revision that gets a copy.
    pub(crate) mirror: Option<usize>,
    /// The revisions whose answers are compared.
    pub(crate) compare: Option<Arc<Pair>>,
    /// The number that its client is to be known by from now on.
    pub(crate) newcomer: Option<u64>,
}

impl Ruling {
    /// The `Set-Cookie` by which the router knows its client again.
    pub(crate) fn set_cookie(&self) -> Option<HeaderValue> {
        let value = visitor(self.newcomer?);
        let age = VISITOR_AGE.as_secs();
        let text =
            format!("{VISITOR_COOKIE}={value}; Max-Age={age}; Path=/; HttpOnly; SameSite=Lax");
        HeaderValue::try_from(text).ok()
    }
}

/// Where a request wants to go. It holds for any table that comes while the request is tried
/// again.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Wish<'a> {
    /// The revision that a rule sends it to.
    pub(crate) sent: Option<&'a RevisionHash>,
    /// The revision that its cookie names.
    pub(crate) kept: Option<&'a str>,
}

impl Wish<'_> {
    /// Whether an answer of this revision makes its client stay there: one that came by a rule does
    /// not, for its client asked for it.
    pub(crate) fn binds(&self, revision: &RevisionHash) -> bool {
        self.sent.is_none() && self.kept != Some(revision.as_str())
    }
}

impl ReadyRule {
    /// Makes a rule ready. None when nothing can come of it: its revision is not there, or an
    /// expression cannot be used.
    pub(crate) fn new(rule: &Rule, destinations: &[Destination]) -> Option<Self> {
        let revision = rule.then.revision();
        let place =
            |revision: &RevisionHash| destinations.iter().position(|it| it.revision == *revision);
        let destination = place(revision)?;
        let matcher = match Matcher::new(&rule.any) {
            Ok(matcher) => matcher,
            Err(error) => {
                tracing::error!(rule = rule.name, %error, "a rule cannot be followed");
                return None;
            }
        };
        let then = match &rule.then {
            RuleAction::Send { to } => Then::Send(to.clone()),
            RuleAction::Mirror { share, .. } => Then::Mirror { destination, share: *share },
            RuleAction::Compare(comparing) => {
                let pair = Pair {
                    name: comparing.name.clone(),
                    candidate: destination,
                    stable: place(&comparing.with)?,
                    settings: comparing.settings.clone(),
                };
                Then::Compare { pair: Arc::new(pair), share: comparing.share }
            }
        };
        Some(Self { matcher, then })
    }

    /// Whether a request meets it; `newcomer` gives a number to a client that has none.
    pub(crate) fn is_met(&self, request: &impl RequestFacts, newcomer: &dyn Fn() -> u64) -> bool {
        // A copy is not copied again by the next router on its way.
        let is_copy = || request.values(mirror::MARK).next().is_some();
        self.matcher.is_met(request, newcomer) && !(self.makes_copies() && is_copy())
    }

    fn makes_copies(&self) -> bool {
        matches!(self.then, Then::Mirror { .. } | Then::Compare { .. })
    }

    /// Whether it takes nothing from the rules that follow.
    pub(crate) fn compares(&self) -> bool {
        matches!(self.then, Then::Compare { .. })
    }

    /// What becomes of it then.
    pub(crate) fn then(&self) -> &Then {
        &self.then
    }

    /// Whether it sends requests to this revision.
    pub(crate) fn sends_to(&self, revision: &RevisionHash) -> bool {
        matches!(&self.then, Then::Send(to) if to == revision)
    }
}

/// A request as the direct path has parsed it.
pub(crate) struct Parsed<'a, 'h> {
    /// Its method.
    pub(crate) method: &'a str,
    /// Its path and query.
    pub(crate) target: &'a str,
    /// Its fields.
    pub(crate) fields: &'a [Header<'h>],
}

impl RequestFacts for Parsed<'_, '_> {
    fn method(&self) -> &str {
        self.method
    }

    fn target(&self) -> &str {
        self.target
    }

    fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        let fields = self.fields.iter();
        fields.filter(move |it| it.name.eq_ignore_ascii_case(name)).map(|it| it.value)
    }
}

/// A request as hyper has parsed it.
pub(crate) struct Taken<'a> {
    method: &'a str,
    target: &'a str,
    fields: &'a HeaderMap,
}

impl<'a> Taken<'a> {
    /// What rules look at of `request`.
    pub(crate) fn new<B>(request: &'a Request<B>) -> Self {
        let target = request.uri().path_and_query().map_or("/", |it| it.as_str());
        Self { method: request.method().as_str(), target, fields: request.headers() }
    }
}

impl RequestFacts for Taken<'_> {
    fn method(&self) -> &str {
        self.method
    }

    fn target(&self) -> &str {
        self.target
    }

    fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.fields.get_all(name).iter().map(HeaderValue::as_bytes)
    }
}

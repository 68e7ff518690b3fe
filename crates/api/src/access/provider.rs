//! Sign-in by a provider of identities: a browser goes there, comes back with an answer, and has a session.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    Extension,
    extract::State,
    http::{
        HeaderMap, HeaderValue, StatusCode, Uri,
        header::{ACCEPT, LOCATION, SET_COOKIE},
    },
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use tidegate_access::{Person, Secret, SecretKind};
use tidegate_ledger::Digest;
use tidegate_ports::{Identity, IdentityError, IdentityProvider, SignIn, SignInAnswer};
use tidegate_units::Timestamp;

use crate::{
    access::{random, refusals::Source, sessions::Principal},
    browser,
    problem::{Problem, ProblemKind},
    read,
    routes::Api,
};

/// Where a browser comes back to.
pub(crate) const CALLBACK: &str = "/v1/session/oidc/callback";

/// Where the page asks to sign in and tells why the last try was refused.
const REFUSED: &str = "/sign-in?refused";

/// How long somebody may take to show the provider who they are.
const LONGEST: Duration = Duration::from_mins(10);
/// Sign-ins on their way; the oldest is forgotten for a new one. Anybody can begin one.
const AT_ONCE: usize = 1_000;

/// The provider, and who is on the way there.
pub(crate) struct SignIns {
    provider: Arc<dyn IdentityProvider>,
    /// What the browser's address of this server begins with.
    public_url: String,
    begun: Mutex<BTreeMap<[u8; 32], (Timestamp, Stage)>>,
}

/// Where a sign-in is.
enum Stage {
    Begun(SignIn),
    /// It is over: why, for the page of the browser that began it.
    Refused(Problem),
}

impl SignIns {
    pub(crate) fn new(provider: Arc<dyn IdentityProvider>, public_url: &str) -> Self {
        let public_url = public_url.trim_end_matches('/').to_owned();
        Self { provider, public_url, begun: Mutex::default() }
    }

    /// Remembers a sign-in by what its browser keeps.
    fn remember(&self, key: Digest, stage: Stage, now: Timestamp) {
        let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        begun.retain(|_, (until, _)| now < *until);
        if begun.len() >= AT_ONCE {
            let oldest = begun.iter().min_by_key(|(_, (until, _))| *until).map(|(key, _)| *key);
            oldest.map(|key| begun.remove(&key));
        }
        begun.insert(key.0, (now.after(LONGEST), stage));
    }

    /// The sign-in of a browser; it is none from here on.
    fn take(&self, key: Digest, now: Timestamp) -> Option<SignIn> {
        let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        match begun.remove(&key.0)? {
            (until, Stage::Begun(sign_in)) if now < until => Some(sign_in),
            _ => None,
        }
    }

    /// Why the sign-in of a browser was refused.
    pub(crate) fn refused(&self, key: Digest, now: Timestamp) -> Option<Problem> {
        let begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        match begun.get(&key.0)? {
            (until, Stage::Refused(problem)) if now < *until => Some(problem.clone()),
            _ => None,
        }
    }
}

/// What the provider sends along.
#[derive(Deserialize)]
struct Brought {
    code: Option<String>,
    state: Option<String>,
    iss: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
}

/// Sends a browser to the provider.
pub(crate) async fn begin(State(api): State<Api>, headers: HeaderMap) -> Result<Response, Problem> {
    browser::is_our_host(&headers, &api.site)?;
    let sign_ins = sign_ins(&api)?;
    let callback = format!("{}{CALLBACK}", sign_ins.public_url);
    let secret = Secret::new(SecretKind::Code, random()?);
    let cookie = browser::set_sign_in_cookie(&secret, LONGEST, api.site.secure)?;
    let (location, stage) = match sign_ins.provider.begin(&callback).await.map_err(failed) {
        Ok(sign_in) => (sign_in.location.clone(), Stage::Begun(sign_in)),
        Err(problem) if shows_pages(&headers) => (REFUSED.to_owned(), Stage::Refused(problem)),
        Err(problem) => return Err(problem),
    };
    sign_ins.remember(secret.digest(), stage, api.access.now());
    go(&location, cookie)
}

/// Takes a browser back that has been there. Where it is refused, a program is told so, and a person by the page.
pub(crate) async fn come_back(
    State(api): State<Api>,
    source: Option<Extension<Source>>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let sign_ins = sign_ins(&api)?;
    let now = api.access.now();
    let key = browser::sign_in_secret(&headers, api.site.secure).map(|secret| secret.digest());
    let begun = key.and_then(|key| sign_ins.take(key, now).map(|begun| (key, begun)));
    let source = source.map_or(Source(None), |Extension(source)| source);
    let refused = match &begun {
        Some((_, begun)) => match finish(&api, sign_ins, begun, source, &uri).await {
            Ok(signed_in) => return Ok(signed_in),
            Err(refused) => refused,
        },
        None => Problem::new(ProblemKind::BadRequest, "no sign-in of this browser is on its way")
            .with_hint(
                "begin again on the page, at the address that the server was given as --public-url",
            ),
    };
    if !shows_pages(&headers) {
        return Err(refused);
    }
    if let Some((key, _)) = begun {
        sign_ins.remember(key, Stage::Refused(refused), now);
    }
    Ok((StatusCode::SEE_OTHER, [(LOCATION, REFUSED)]).into_response())
}

/// Whether a person looks at what is answered, as of a link that was followed.
fn shows_pages(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(ACCEPT).into_iter().filter_map(|field| field.to_str().ok());
    accepted.flat_map(|field| field.split(',')).any(|kind| kind.trim().starts_with("text/html"))
}

/// Opens the session of whoever the provider says it is.
async fn finish(
    api: &Api,
    sign_ins: &SignIns,
    begun: &SignIn,
    source: Source,
    uri: &Uri,
) -> Result<Response, Problem> {
    let Brought { code, state, iss, error, error_description } = read::query(uri)?;
    let answer = SignInAnswer { code, state, issuer: iss, error, error_description };
    let identity = sign_ins.provider.complete(begun, &answer, api.access.now()).await;
    let opened = match identity.map_err(failed) {
        Ok(identity) => open(api, identity).await,
        Err(problem) => Err(problem),
    };
    opened.inspect_err(|problem| {
        if problem.kind == ProblemKind::Forbidden {
            api.access.refuse(source, &problem.detail);
        }
    })
}

async fn open(api: &Api, identity: Identity) -> Result<Response, Problem> {
    let person = Person::new(&identity.name, &identity.groups).map_err(|error| {
        Problem::new(ProblemKind::Forbidden, error.to_string())
            .with_hint("let the server take another claim for the name, with --oidc-user-claim")
    })?;
    let principal = Principal::Person(person);
    let caller = api
        .access
        .of_principal(&principal)
        .map_err(|why| Problem::new(ProblemKind::Forbidden, why.to_string()))?;
    let secret = api.access.open_session(&caller, principal).await?;
    go("/", browser::set_cookie(&secret, api.site.secure)?)
}

fn sign_ins(api: &Api) -> Result<&SignIns, Problem> {
    api.sign_ins.as_deref().ok_or_else(|| {
        Problem::new(ProblemKind::NotFound, "no provider of identities is known here")
            .with_hint("start the server with --oidc-issuer and --oidc-client-id")
    })
}

fn failed(error: IdentityError) -> Problem {
    match error {
        IdentityError::Unavailable(detail) => Problem::new(ProblemKind::Unavailable, detail)
            .with_hint("try again; if it stays so, see what the provider has to say"),
        IdentityError::Refused(detail) => {
            Problem::new(ProblemKind::Forbidden, detail).with_hint("begin again on the page")
        }
    }
}

fn go(location: &str, cookie: HeaderValue) -> Result<Response, Problem> {
    let location = HeaderValue::from_str(location).map_err(|_| {
        Problem::new(ProblemKind::Unavailable, "the provider's address cannot be gone to")
    })?;
    Ok((StatusCode::SEE_OTHER, [(LOCATION, location), (SET_COOKIE, cookie)]).into_response())
}

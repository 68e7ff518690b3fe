//! Sessions of browsers: begun with a token or with a code that is used once.

use axum::{
    Extension, Json,
    body::Bytes,
    extract::{State, rejection::BytesRejection},
    http::{HeaderMap, StatusCode, header::SET_COOKIE},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use tidegate_access::{Pattern, Role, Secret, Unknown};
use tidegate_units::Timestamp;

use crate::{
    access::{refusals::Source, sessions::Principal},
    browser,
    caller::{Caller, CallerKind, Credential},
    problem::{Problem, ProblemKind},
    read,
    routes::Api,
};

/// With what a browser signs in: one of the two.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignIn {
    token: Option<String>,
    code: Option<String>,
}

/// Who a caller is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionView {
    /// What they are called in the ledger.
    pub name: String,
    /// What kind of caller it is.
    #[schema(value_type = String)]
    pub kind: CallerKind,
    /// What a page shows in the header field `Tidegate-Csrf` when it changes anything; none without a cookie.
    pub csrf: Option<String>,
    /// When the session ends if nobody uses it again, or the token.
    pub expires_at: Option<Timestamp>,
    /// What an account may do; of the owner, who may do everything, `admin` over all.
    pub roles: Vec<RoleView>,
    /// How one can sign in here.
    pub sign_in: Vec<SignInWay>,
}

/// A role that a caller has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RoleView {
    /// Which.
    #[schema(value_type = String)]
    pub role: Role,
    /// In which namespaces.
    #[schema(value_type = String)]
    pub namespace: Pattern,
    /// Over what in them.
    #[schema(value_type = String)]
    pub application: Pattern,
}

/// A way to sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum SignInWay {
    /// With a token, or a code of `POST /v1/session/codes`.
    Token,
    /// At the provider of identities, from `/v1/session/oidc` on.
    Oidc,
}

/// A code to sign in with, once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CodeView {
    /// The code.
    pub code: String,
    /// From when on it is worth nothing.
    pub expires_at: Timestamp,
}

/// Who asks.
pub(crate) async fn who_am_i(
    State(api): State<Api>,
    headers: HeaderMap,
    caller: Caller,
) -> Json<SessionView> {
    let secret = browser::session_secret(&headers, api.site.secure);
    let cookie = secret.filter(|_| matches!(caller.credential(), Credential::Session(_)));
    Json(view(&api, &caller, cookie.as_ref()))
}

fn view(api: &Api, caller: &Caller, cookie: Option<&Secret>) -> SessionView {
    let directory = api.access.directory();
    let session = |key| api.access.session(key).map(|session| session.expires_at());
    let expires_at = match caller.credential() {
        Credential::Owner => None,
        Credential::Session(key) => session(*key),
        Credential::Token(id) => directory.token(id.as_str()).and_then(|it| it.expires_at),
    };
    let everything = || (Role::Admin, Pattern::everything(), Pattern::everything());
    let given = caller.rights().map_or_else(|| vec![everything()], |rights| rights.given.clone());
    let role = |(role, namespace, application)| RoleView { role, namespace, application };
    SessionView {
        name: caller.name().to_owned(),
        kind: caller.kind(),
        csrf: cookie.map(browser::csrf),
        expires_at,
        roles: given.into_iter().map(role).collect(),
        sign_in: ways(api),
    }
}

/// How one can sign in here, as whoever has not yet is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SignInWays {
    /// Each way, the one that is meant for people first.
    pub sign_in: Vec<SignInWay>,
    /// Why the provider's last answer for this browser was not taken, for ten minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<Problem>,
}

/// Tells whoever has not signed in how to.
pub(crate) async fn how(State(api): State<Api>, headers: HeaderMap) -> Json<SignInWays> {
    let begun = browser::sign_in_secret(&headers, api.site.secure);
    let refused = api.sign_ins.as_deref().zip(begun);
    let refused = refused.and_then(|(all, it)| all.refused(it.digest(), api.access.now()));
    Json(SignInWays { sign_in: ways(&api), refused })
}

fn ways(api: &Api) -> Vec<SignInWay> {
    let provider = api.sign_ins.is_some().then_some(SignInWay::Oidc);
    provider.into_iter().chain([SignInWay::Token]).collect()
}

/// Signs a browser in.
pub(crate) async fn sign_in(
    State(api): State<Api>,
    source: Option<Extension<Source>>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    browser::is_ours(&headers, &api.site)?;
    let wish: SignIn = read::json(body)?;
    let source = source.map_or(Source(None), |Extension(source)| source);
    let found = match (&wish.token, &wish.code) {
        (Some(token), None) => of_token(&api, token.trim()),
        (None, Some(code)) => api.access.take_code(code.trim()),
        _ => {
            let detail = "give either `token` or `code`";
            return Err(Problem::new(ProblemKind::BadRequest, detail));
        }
    };
    let known = found.and_then(|principal| {
        let caller = api.access.of_principal(&principal)?;
        Ok((principal, caller))
    });
    let (principal, caller) = known.map_err(|why| refused(&api, source, why))?;
    let secret = api.access.open_session(&caller, principal).await?;
    let key = secret.digest();
    let signed_in = match caller.credential() {
        Credential::Owner => Caller::owner(caller.name(), Credential::Session(key)),
        _ => api.access.of_session(key).map_err(|why| refused(&api, source, why))?,
    };
    let cookie = browser::set_cookie(&secret, api.site.secure)?;
    let told = Json(view(&api, &signed_in, Some(&secret)));
    Ok(([(SET_COOKIE, cookie)], told).into_response())
}

fn of_token(api: &Api, shown: &str) -> Result<Principal, Unknown> {
    let caller = if api.access.is_owner(shown) {
        Caller::owner("owner", Credential::Owner)
    } else {
        api.access.of_token(shown)?
    };
    api.access.principal(&caller).ok_or(Unknown::Token)
}

fn refused(api: &Api, source: Source, why: Unknown) -> Problem {
    let detail = why.to_string();
    if let Some(wait) = api.access.refuse(source, &detail) {
        let detail = "too many sign-ins from there failed";
        return Problem::new(ProblemKind::TooManyRequests, detail)
            .with_hint("wait a minute, and see whether it is the token that you mean")
            .with_wait(wait);
    }
    Problem::new(ProblemKind::Unauthorized, detail).with_hint(
        "a code comes from POST /v1/session/codes; an admin makes tokens at /v1/access/tokens",
    )
}

/// Ends the session, and with it the cookie.
pub(crate) async fn sign_out(State(api): State<Api>, caller: Caller) -> Result<Response, Problem> {
    if let Credential::Session(key) = caller.credential() {
        api.access.end_session(&caller, *key).await?;
    }
    let cookie = browser::no_cookie(api.site.secure);
    Ok((StatusCode::NO_CONTENT, [(SET_COOKIE, cookie)]).into_response())
}

/// A code with which a browser becomes the caller.
pub(crate) async fn code(
    State(api): State<Api>,
    caller: Caller,
) -> Result<(StatusCode, Json<CodeView>), Problem> {
    let principal = api
        .access
        .principal(&caller)
        .ok_or_else(|| Problem::new(ProblemKind::Unauthorized, "the session has ended"))?;
    let (code, expires_at) = api.access.code(principal)?;
    Ok((StatusCode::CREATED, Json(CodeView { code: code.reveal().to_owned(), expires_at })))
}

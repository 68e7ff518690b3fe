use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use tidegate_http_client::{Trust, Url};
use tidegate_ports::{Identity, IdentityError, IdentityProvider, SignIn, SignInAnswer};
use tidegate_units::Timestamp;
use tokio::sync::Mutex;
use url::form_urlencoded::Serializer;

use crate::{
    algorithms,
    claims::{self, Expected},
    discovery::Discovery,
    keys::Keys,
    redeem::{Tokens, redeem, user_info},
    settings::{Settings, SettingsError},
};

/// What a provider says of itself is believed for so long.
const OLDEST_DISCOVERY: Duration = Duration::from_hours(1);

/// A provider of OpenID Connect.
pub struct Provider {
    settings: Settings,
    trust: Trust,
    discovery: Mutex<Option<(Instant, Arc<Discovery>)>>,
    keys: Keys,
}

impl Provider {
    /// A provider that is asked once somebody signs in: a server starts also while it is away.
    ///
    /// # Errors
    /// Settings by which nobody could ever sign in.
    pub fn new(settings: Settings) -> Result<Self, SettingsError> {
        settings.check()?;
        algorithms::install();
        Ok(Self {
            settings,
            trust: Trust::default(),
            discovery: Mutex::default(),
            keys: Keys::default(),
        })
    }

    async fn discovery(&self) -> Result<Arc<Discovery>, IdentityError> {
        let mut kept = self.discovery.lock().await;
        if let Some((when, known)) = kept.as_ref()
            && when.elapsed() < OLDEST_DISCOVERY
        {
            return Ok(Arc::clone(known));
        }
        let found = Arc::new(Discovery::read(&self.trust, &self.settings.issuer).await?);
        *kept = Some((Instant::now(), Arc::clone(&found)));
        Ok(found)
    }

    /// The claims of the token, and what the provider tells besides where the token leaves out who
    /// somebody is or in which groups.
    async fn all_claims(
        &self,
        discovery: &Discovery,
        claims: Map<String, Value>,
        subject: &str,
        tokens: &Tokens,
    ) -> Result<Map<String, Value>, IdentityError> {
        let name = self.settings.user_claim.as_deref().unwrap_or("email");
        let is_whole =
            [name, &self.settings.groups_claim].iter().all(|it| claims.contains_key(*it));
        let (Some(endpoint), Some(token)) = (&discovery.userinfo_endpoint, &tokens.access_token)
        else {
            return Ok(claims);
        };
        if is_whole {
            return Ok(claims);
        }
        let told = user_info(&self.trust, endpoint, token).await?;
        if told.get("sub").and_then(Value::as_str) != Some(subject) {
            let detail = "what the provider tells is about somebody else than its ID token";
            return Err(IdentityError::Refused(detail.to_owned()));
        }
        // What is signed counts first.
        Ok(told.into_iter().chain(claims).collect())
    }
}

#[async_trait]
impl IdentityProvider for Provider {
    async fn begin(&self, callback: &str) -> Result<SignIn, IdentityError> {
        let discovery = self.discovery().await?;
        let (state, nonce, verifier) = (random()?, random()?, random()?);
        let challenge = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
        let mut scopes = vec!["openid"];
        scopes.extend(self.settings.scopes.iter().map(String::as_str));
        let mut asked = Serializer::new(String::new());
        asked
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("redirect_uri", callback)
            .append_pair("scope", &scopes.join(" "))
            .append_pair("state", &state)
            .append_pair("nonce", &nonce)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256");
        let location = Url::parse(&discovery.authorization_endpoint);
        let mut location = location.map_err(IdentityError::Unavailable)?;
        location.ask(&asked.finish());
        let location = location.whole().to_owned();
        Ok(SignIn { location, callback: callback.to_owned(), state, nonce, verifier })
    }

    async fn complete(
        &self,
        sign_in: &SignIn,
        answer: &SignInAnswer,
        now: Timestamp,
    ) -> Result<Identity, IdentityError> {
        let refused = |why: &str| IdentityError::Refused(why.to_owned());
        let state = answer.state.as_deref().unwrap_or_default();
        if !bool::from(state.as_bytes().ct_eq(sign_in.state.as_bytes())) {
            return Err(refused("the answer belongs to another sign-in"));
        }
        let discovery = self.discovery().await?;
        let is_told = discovery.authorization_response_iss_parameter_supported;
        if (is_told || answer.issuer.is_some())
            && answer.issuer.as_deref() != Some(&self.settings.issuer)
        {
            return Err(refused("another provider than ours gave the answer"));
        }
        if let Some(error) = &answer.error {
            let more = answer.error_description.as_deref();
            let more = more.map(|more| format!(": {more}")).unwrap_or_default();
            return Err(IdentityError::Refused(format!("the provider said no: {error}{more}")));
        }
        let code =
            answer.code.as_deref().ok_or_else(|| refused("there is no code in the answer"))?;
        let tokens = redeem(&self.trust, &discovery, &self.settings, sign_in, code).await?;
        let id_token = tokens.id_token.as_deref();
        let id_token = id_token.ok_or_else(|| refused("the provider gave no ID token"))?;
        let claims = self.keys.claims(&self.trust, &discovery.jwks_uri, id_token).await?;
        let expected = Expected { settings: &self.settings, nonce: &sign_in.nonce, now };
        let subject = claims::check(&claims, &expected)?;
        let claims = self.all_claims(&discovery, claims, &subject, &tokens).await?;
        claims::identity(&claims, subject, &self.settings)
    }
}

/// 256 bits that nobody can guess, as one word.
fn random() -> Result<String, IdentityError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| {
        IdentityError::Unavailable(format!("this machine gives no random numbers: {error}"))
    })?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(bytes))
}

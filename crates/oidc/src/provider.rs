//! A provider, as this hub knows it: what it says of itself, its keys, and the two halves of a sign-in.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use domain::entropy::Entropy;
use reqwest::Url;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use time::{Duration, OffsetDateTime};
use tokio::sync::Mutex;
use zeroize::Zeroizing;

use crate::claims::{Claims, is_there};
use crate::discovery::{self, ClientAuthentication, Metadata};
use crate::fetch::{Fetcher, encoded, form};
use crate::settings::is_loopback;
use crate::token::{self, Expected, Keys, TokenError};
use crate::{OidcError, Settings};

/// How long what a provider says of itself, and its keys, are believed to be so still.
const FRESH: Duration = Duration::hours(1);
/// How often keys are read anew at most since a token names one that is not known.
const KEYS_AGAIN: Duration = Duration::minutes(1);
/// How long a provider that cannot be reached is left alone.
const REST: Duration = Duration::seconds(5);
/// The longest code that is taken.
const MOST_CODE: usize = 4096;
/// The longest of what a provider says that is told, in characters.
const MOST_TOLD: usize = 200;

/// A provider, as this hub knows it.
#[derive(Debug)]
pub struct Provider {
    settings: Settings,
    issuer: Url,
    fetcher: Fetcher,
    known: Mutex<Known>,
}

/// What was read of a provider, and when.
#[derive(Debug, Default)]
struct Known {
    metadata: Option<(Metadata, OffsetDateTime)>,
    keys: Option<(Keys, OffsetDateTime)>,
    failed: Option<OffsetDateTime>,
}

/// What a browser must bring back: it is bound to the one that began, and counts once.
#[derive(Clone, Deserialize, Serialize)]
pub struct Flow {
    /// What the provider sends back with the browser.
    pub state: String,
    nonce: String,
    verifier: String,
}

/// With what a browser came back (RFC 6749, section 4.1.2; RFC 9207).
#[derive(Clone, Default, Deserialize)]
pub struct Answer {
    state: Option<String>,
    code: Option<String>,
    iss: Option<String>,
    error: Option<String>,
}

/// Who signed in at a provider.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The provider's name for somebody. It is never given to anybody else, unlike names and addresses of mail.
    pub subject: String,
    /// What else the provider says.
    pub claims: Claims,
}

/// Shows nothing of the secrets.
impl std::fmt::Debug for Flow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Flow").finish_non_exhaustive()
    }
}

/// Shows nothing of the code.
impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Answer").finish_non_exhaustive()
    }
}

impl Flow {
    fn make(entropy: &dyn Entropy) -> Self {
        let random = || {
            let mut bytes = [0; 32];
            entropy.fill(&mut bytes);
            URL_SAFE_NO_PAD.encode(bytes)
        };
        Self {
            state: random(),
            nonce: random(),
            verifier: random(),
        }
    }

    /// What is shown of the verifier before it is told (RFC 7636, section 4.2).
    fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(&self.verifier))
    }
}

impl Provider {
    /// A provider that is not asked before somebody signs in.
    ///
    /// # Errors
    /// The issuer is no address by TLS, or the certificates cannot be read.
    pub fn new(settings: Settings) -> Result<Self, OidcError> {
        let issuer = settings.issuer_url()?;
        Ok(Self {
            fetcher: Fetcher::new(
                settings.roots.as_deref(),
                settings.reach.clone(),
                is_loopback(&issuer),
            )?,
            settings,
            issuer,
            known: Mutex::default(),
        })
    }

    /// Its issuer.
    pub fn issuer(&self) -> &str {
        &self.settings.issuer
    }

    /// Where a browser goes, and what it must bring back.
    ///
    /// # Errors
    /// The provider cannot be asked what it is.
    pub async fn begin(
        &self,
        entropy: &dyn Entropy,
        now: OffsetDateTime,
    ) -> Result<(String, Flow), OidcError> {
        let mut url = self.metadata(now).await?.authorization;
        let flow = Flow::make(entropy);
        let scopes = self.settings.scopes.iter().map(String::as_str);
        let scopes: Vec<&str> = ["openid"].into_iter().chain(scopes).collect();
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("redirect_uri", &self.settings.redirect_uri)
            .append_pair("scope", &scopes.join(" "))
            .append_pair("state", &flow.state)
            .append_pair("nonce", &flow.nonce)
            .append_pair("code_challenge", &flow.challenge())
            .append_pair("code_challenge_method", "S256");
        Ok((url.into(), flow))
    }

    /// Who came back.
    ///
    /// # Errors
    /// It is another sign-in, the provider refused, or what it says is not to be believed.
    pub async fn finish(
        &self,
        flow: &Flow,
        answer: Answer,
        now: OffsetDateTime,
    ) -> Result<Identity, OidcError> {
        let metadata = self.metadata(now).await?;
        let code = self.code(flow, answer, &metadata)?;
        let tokens = self.exchange(flow, &code, &metadata).await?;
        let text = |name: &str| tokens.get(name).and_then(Value::as_str);
        let id_token = text("id_token");
        let id_token = id_token
            .ok_or_else(|| OidcError::malformed("answer to a code", "it has no ID token"))?;
        let mut claims = self.verify(id_token, flow, &metadata, now).await?;
        let subject = claims.get("sub").and_then(Value::as_str);
        let subject = subject.unwrap_or_default().to_owned();
        if let Some(access) = text("access_token") {
            self.complete(&mut claims, &subject, access, &metadata)
                .await?;
        }
        Ok(Identity { subject, claims })
    }

    fn code(
        &self,
        flow: &Flow,
        answer: Answer,
        metadata: &Metadata,
    ) -> Result<Zeroizing<String>, OidcError> {
        if answer.state.as_deref() != Some(&flow.state) {
            return Err(OidcError::Flow("it has another state"));
        }
        let is_named = answer.iss.as_deref().map(|iss| iss == self.issuer());
        if !is_named.unwrap_or(!metadata.names_itself) {
            return Err(OidcError::Flow("another provider answered"));
        }
        if let Some(error) = answer.error {
            let plain = error.chars().filter(char::is_ascii_graphic);
            return Err(OidcError::Refused(plain.take(MOST_TOLD).collect()));
        }
        let code = answer
            .code
            .filter(|code| (1..=MOST_CODE).contains(&code.len()));
        code.map(Zeroizing::new)
            .ok_or(OidcError::Flow("it has no code"))
    }

    async fn exchange(
        &self,
        flow: &Flow,
        code: &str,
        metadata: &Metadata,
    ) -> Result<Value, OidcError> {
        let Settings {
            client_id,
            client_secret,
            redirect_uri,
            ..
        } = &self.settings;
        let mut pairs = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect_uri),
            ("code_verifier", &flow.verifier),
        ];
        let mut authorization = None;
        match (client_secret, metadata.client) {
            (Some(secret), ClientAuthentication::Basic) => {
                let pair = [encoded(client_id), encoded(secret)];
                let pair = Zeroizing::new(format!("{}:{}", *pair[0], *pair[1]));
                let pair = Zeroizing::new(STANDARD.encode(pair.as_bytes()));
                authorization = Some(Zeroizing::new(format!("Basic {}", *pair)));
            }
            (Some(secret), ClientAuthentication::Post) => {
                pairs.extend([
                    ("client_id", client_id.as_str()),
                    ("client_secret", secret.as_str()),
                ]);
            }
            (None, _) => pairs.push(("client_id", client_id)),
        }
        let url = metadata.token.clone();
        let what = "answer to a code";
        self.fetcher
            .post(what, url, form(&pairs), authorization)
            .await
    }

    async fn verify(
        &self,
        token: &str,
        flow: &Flow,
        metadata: &Metadata,
        now: OffsetDateTime,
    ) -> Result<Claims, OidcError> {
        let expected = Expected {
            issuer: self.issuer(),
            client_id: &self.settings.client_id,
            nonce: &flow.nonce,
            now,
        };
        let keys = self.keys(metadata, FRESH, now).await?;
        match token::verify(token, &keys, &expected) {
            // The provider may have other keys by now.
            Err(TokenError::NoKey) => {
                let keys = self.keys(metadata, KEYS_AGAIN, now).await?;
                Ok(token::verify(token, &keys, &expected)?)
            }
            verified => Ok(verified?),
        }
    }

    /// Adds what the ID token does not say, and the settings ask for (OpenID Connect Core 1.0, section 5.3).
    async fn complete(
        &self,
        claims: &mut Claims,
        subject: &str,
        access: &str,
        metadata: &Metadata,
    ) -> Result<(), OidcError> {
        let is_missing = |path: &String| !is_there(claims, path);
        let (true, Some(url)) = (
            self.settings.wanted.iter().any(is_missing),
            &metadata.userinfo,
        ) else {
            return Ok(());
        };
        let what = "userinfo";
        let said = self.fetcher.get_with(what, url.clone(), access).await?;
        let Value::Object(said) = said else {
            return Err(OidcError::malformed(what, "it is no object"));
        };
        if said.get("sub").and_then(Value::as_str) != Some(subject) {
            return Err(OidcError::malformed(what, "it is of somebody else"));
        }
        for (name, value) in said {
            claims.entry(name).or_insert(value);
        }
        Ok(())
    }

    async fn metadata(&self, now: OffsetDateTime) -> Result<Metadata, OidcError> {
        let mut known = self.known.lock().await;
        let held = known.metadata.as_ref();
        if let Some((metadata, _)) = held.filter(|(_, read)| now - *read < FRESH) {
            return Ok(metadata.clone());
        }
        if known.failed.is_some_and(|failed| now - failed < REST) {
            let old = known.metadata.as_ref();
            return old.map(|(old, _)| old.clone()).ok_or(OidcError::Resting);
        }
        let said = self
            .fetcher
            .get("configuration", discovery::address(&self.issuer)?);
        let read = said
            .await
            .and_then(|said| Metadata::read(said, self.issuer()));
        match (read, &known.metadata) {
            (Ok(metadata), _) => {
                known.metadata = Some((metadata.clone(), now));
                known.failed = None;
                Ok(metadata)
            }
            (Err(error), Some((old, _))) => {
                let old = old.clone();
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "what a provider said of itself before is used"
                );
                known.failed = Some(now);
                Ok(old)
            }
            (Err(error), None) => {
                known.failed = Some(now);
                Err(error)
            }
        }
    }

    /// The keys, read anew if they are older than this.
    async fn keys(
        &self,
        metadata: &Metadata,
        age: Duration,
        now: OffsetDateTime,
    ) -> Result<Keys, OidcError> {
        let mut known = self.known.lock().await;
        let held = known.keys.as_ref();
        if let Some((keys, _)) = held.filter(|(_, read)| now - *read < age) {
            return Ok(keys.clone());
        }
        let what = "keys";
        let set = self.fetcher.get(what, metadata.keys.clone()).await?;
        let keys =
            Keys::read(&set).ok_or_else(|| OidcError::malformed(what, "it is no set of keys"))?;
        known.keys = Some((keys.clone(), now));
        Ok(keys)
    }
}

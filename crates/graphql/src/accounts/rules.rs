//! How accounts are signed in here: how much work a password is, and how long a session lasts.

use std::sync::Arc;

use credentials::password::{Compared, Hashed, Hasher, Password};
use domain::entropy::Entropy;
use domain::role::{FactorDemand, Grant, Rights};
use passkeys::Passkeys;
use storage::accounts::sessions::Began;
use time::Duration;
use tokio::sync::Semaphore;

use crate::ApiError;

/// How many passwords are hashed at once: each takes 19 MiB, and tens of milliseconds of a processor.
const AT_ONCE: usize = 2;
/// How many wait for that; more are told to come back.
const MOST_WAITING: usize = 64;

/// How accounts are signed in.
#[derive(Debug)]
pub struct AccountRules {
    /// How passwords are hashed.
    hasher: Hasher,
    /// A session that is not used for so long ends.
    pub idle: Duration,
    /// A session ends after so long in any case.
    pub longest: Duration,
    /// Whether the session's cookie is for TLS only; browsers keep no other from a page of `https`.
    secure_cookies: bool,
    /// Of whom a second factor is asked.
    factor: FactorDemand,
    /// Where browsers reach the hub, such as `https://hub.example.go.id`.
    public_url: Option<String>,
    /// What asks for passkeys; nothing where browsers know none.
    pub(crate) passkeys: Option<Passkeys>,
    /// With whose accounts people sign in, too.
    pub(crate) providers: Vec<SignInProvider>,
    hashing: Semaphore,
    waiting: Arc<Semaphore>,
}

/// Another system with whose accounts people sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignInProvider {
    /// What it is called in addresses.
    pub name: String,
    /// What people read.
    pub title: String,
}

/// What a password turned out to be.
#[derive(Debug)]
pub(crate) enum Answered {
    /// Another one.
    Wrong,
    /// The one, with another hash of it if one is to be kept.
    Right(Option<Hashed>),
}

impl Default for AccountRules {
    fn default() -> Self {
        Self::new(Duration::minutes(30), Duration::hours(12))
    }
}

impl AccountRules {
    /// Rules by which sessions end when they are not used for so long, and in any case after so long.
    pub fn new(idle: Duration, longest: Duration) -> Self {
        Self {
            hasher: Hasher::default(),
            idle,
            longest,
            secure_cookies: false,
            factor: FactorDemand::default(),
            public_url: None,
            passkeys: None,
            providers: Vec::new(),
            hashing: Semaphore::new(AT_ONCE),
            waiting: Arc::new(Semaphore::new(MOST_WAITING)),
        }
    }

    /// The same, with cookies for TLS only if browsers reach the hub by it.
    #[must_use]
    pub fn by_tls(mut self, is_by_tls: bool) -> Self {
        self.secure_cookies = is_by_tls;
        self
    }

    /// The same, where browsers reach the hub at this address.
    #[must_use]
    pub fn at(mut self, public_url: Option<String>) -> Self {
        self.public_url = public_url;
        self
    }

    /// The link by which somebody chooses a password; nothing if it is not said where browsers reach the hub. The secret stands behind
    /// `#`, which browsers send to nobody, so that it is in no log.
    pub fn invitation_link(&self, secret: &str) -> Option<String> {
        let public_url = self.public_url.as_ref()?;
        Some(format!("{public_url}/invitation#{secret}"))
    }

    /// The same, where devices may show whose account it is, if browsers know of that at the hub's address.
    #[must_use]
    pub fn with_passkeys(mut self, passkeys: Option<Passkeys>) -> Self {
        self.passkeys = passkeys;
        self
    }

    /// The same, where people sign in with accounts of these, too.
    #[must_use]
    pub fn offering(mut self, providers: Vec<SignInProvider>) -> Self {
        self.providers = providers;
        self
    }

    /// The same, asking these for a second factor.
    #[must_use]
    pub fn asking_for_factor(mut self, of: FactorDemand) -> Self {
        self.factor = of;
        self
    }

    /// What somebody may do who has these roles and signed in so.
    pub fn rights(&self, grants: Vec<Grant>, began: Began) -> Rights {
        let lacks_factor = began == Began::Password && self.factor.is_of(&grants);
        let rights = Rights::of(grants);
        if lacks_factor {
            rights.without_factor()
        } else {
            rights
        }
    }

    /// The same, with another amount of work for a password.
    #[must_use]
    pub fn hashing_by(mut self, hasher: Hasher) -> Self {
        self.hasher = hasher;
        self
    }

    /// The name of the cookie in which a browser keeps its session. One for TLS only can be set by this host alone
    /// (RFC 6265bis, section 4.1.3.2).
    pub const fn cookie(&self) -> &'static str {
        if self.secure_cookies {
            "__Host-simpul"
        } else {
            "simpul"
        }
    }

    /// The header by which a browser keeps a session, or forgets it.
    pub(crate) fn set_cookie(&self, session: Option<&str>) -> String {
        let name = self.cookie();
        let secure = if self.secure_cookies { "; Secure" } else { "" };
        let (value, seconds) =
            session.map_or(("", 0), |value| (value, self.longest.whole_seconds()));
        format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}")
    }

    /// Hashes a password, aside from those that answer others.
    pub(crate) async fn hash(
        &self,
        password: Password,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Hashed, ApiError> {
        let hasher = self.hasher.clone();
        self.aside(move || hasher.hash(&password, &*entropy)).await
    }

    /// Compares a password with what is kept of one; the same work where nothing is kept. One that is right and was hashed
    /// with less work, or more, than today's is hashed anew.
    pub(crate) async fn compare(
        &self,
        password: Password,
        kept: Option<String>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Answered, ApiError> {
        let hasher = self.hasher.clone();
        let kept = kept.map(Hashed::kept);
        let compare = move || match hasher.compare(&password, kept.as_ref()) {
            Compared::Wrong => Answered::Wrong,
            Compared::Right => Answered::Right(None),
            Compared::RightButOld => Answered::Right(Some(hasher.hash(&password, &*entropy))),
        };
        self.aside(compare).await
    }

    async fn aside<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ApiError> {
        let waiting = Arc::clone(&self.waiting).try_acquire_owned();
        let _waiting = waiting.map_err(|_| ApiError::SigningInBusy)?;
        let place = self.hashing.acquire().await;
        let _place = place.map_err(|_| ApiError::SigningInBusy)?;
        let worked = tokio::task::spawn_blocking(work).await;
        worked.map_err(|_| ApiError::SigningInBusy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cookie_is_kept_from_scripts_and_from_other_pages() {
        let plain = AccountRules::default();
        assert_eq!(
            plain.set_cookie(Some("abc")),
            "simpul=abc; Path=/; Max-Age=43200; HttpOnly; SameSite=Strict"
        );
        let secure = AccountRules::default().by_tls(true);
        assert_eq!(
            secure.set_cookie(None),
            "__Host-simpul=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict; Secure"
        );
    }
}

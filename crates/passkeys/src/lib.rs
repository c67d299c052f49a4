//! Passkeys (WebAuthn, level 2): a device shows whose account it is, by a key that never leaves it, after it asked for a finger or a
//! number. So a passkey is two factors at once.
//!
//! - [`Passkeys`] makes what a browser is asked, and takes what it answers.
//! - [`pending`] keeps what was asked, for some minutes and once.
//!
//! Every passkey is one that the device finds by itself (a discoverable credential), so nobody is told which keys belong to a name.
//! webauthn-rs does the checking, and is known to this crate only; what is kept of a passkey is a text of its own.
//! Not here: where passkeys are kept (`storage::accounts::passkeys`), who may have one (`graphql::accounts`).

mod pending;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::entropy::Entropy;
use time::OffsetDateTime;
use uuid::Uuid;
use webauthn_rs::prelude::{
    DiscoverableAuthentication, Passkey, PasskeyRegistration, PublicKeyCredential,
    RegisterPublicKeyCredential, Url, Webauthn, WebauthnBuilder, WebauthnError,
};

use pending::Pending;

/// How long somebody may take to answer.
pub const PATIENCE: Duration = Duration::from_mins(5);
/// The longest answer that is looked at, in bytes.
const MOST_ANSWER: usize = 64 * 1024;

/// Why passkeys are not possible at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "passkeys need an address with a host's name, by https (https://hub.example.go.id) or on this machine (http://localhost:8013); they are bound to that name for ever"
)]
pub struct AddressError;

/// Why a passkey is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasskeyError {
    /// Nobody was asked, or too long ago, or the answer was given before.
    #[error(
        "nothing was asked that this answers, or it was longer ago than five minutes; begin again"
    )]
    NotAsked,
    /// The answer is not what a browser gives.
    #[error("it is not what `PublicKeyCredential.toJSON()` gives: {0}")]
    Form(String),
    /// The answer is not right; what is wrong with it is not told.
    #[error("the passkey is not the one that is asked for, or its answer is not right")]
    Wrong,
}

/// What a browser is asked.
#[derive(Clone, Debug)]
pub struct Asked {
    /// With what the answer is given back.
    pub id: String,
    /// The options of `navigator.credentials.create` or `get`, as JSON.
    pub options: String,
}

/// What is kept of a passkey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// What the device calls it. It is one account's only.
    pub credential: Vec<u8>,
    /// Its public key with its counter.
    pub passkey: String,
}

/// Whose passkey it becomes.
#[derive(Clone, Copy, Debug)]
pub struct Owner<'a> {
    /// The account, which the device remembers.
    pub id: Uuid,
    /// What is typed to sign in; the device shows it.
    pub name: &'a str,
    /// What people read; the device shows it.
    pub display: &'a str,
}

/// What somebody answered who signs in, not yet believed.
#[derive(Debug)]
pub struct Answered(PublicKeyCredential);

/// Somebody who showed a passkey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// What is kept of it from now on: its counter may have grown.
    pub kept: Kept,
    /// The name that was typed before, if one was.
    pub name: Option<String>,
}

struct Registering {
    owner: Uuid,
    state: PasskeyRegistration,
}

struct SigningIn {
    name: Option<String>,
    state: DiscoverableAuthentication,
}

/// Asks for passkeys at one address.
pub struct Passkeys {
    webauthn: Webauthn,
    registering: Mutex<Pending<Registering>>,
    signing_in: Mutex<Pending<SigningIn>>,
}

impl std::fmt::Debug for Passkeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Passkeys").finish_non_exhaustive()
    }
}

impl Passkeys {
    /// For the address by which browsers reach the hub, and the name that devices show. Keys are bound to its host.
    ///
    /// # Errors
    /// Browsers know no passkeys at such an address.
    pub fn at(public_url: &str, shown: &str) -> Result<Self, AddressError> {
        let url = Url::parse(public_url).map_err(|_| AddressError)?;
        let host = url.domain().ok_or(AddressError)?.to_owned();
        if url.scheme() != "https" && host != "localhost" {
            return Err(AddressError);
        }
        let builder = WebauthnBuilder::new(&host, &url).map_err(|_| AddressError)?;
        let built = builder.rp_name(shown).timeout(PATIENCE).build();
        Ok(Self {
            webauthn: built.map_err(|_| AddressError)?,
            registering: Mutex::default(),
            signing_in: Mutex::default(),
        })
    }

    /// Asks for a new passkey of an account, on a device that has none of these.
    ///
    /// # Errors
    /// What is kept of a passkey cannot be read.
    pub fn ask_new(
        &self,
        owner: Owner<'_>,
        known: &[Kept],
        entropy: &dyn Entropy,
        now: OffsetDateTime,
    ) -> Result<Asked, PasskeyError> {
        let known = known.iter().map(|kept| kept.credential.clone());
        let begun = self.webauthn.start_passkey_registration(
            owner.id,
            owner.name,
            owner.display,
            Some(known.collect()),
        );
        let (asked, state) = begun.map_err(wrong)?;
        let mut options = serde_json::to_value(asked).map_err(|_| PasskeyError::Wrong)?;
        // The device is to find it by itself; the library asks for that to be avoided.
        let selection = &mut options["publicKey"]["authenticatorSelection"];
        selection["residentKey"] = "required".into();
        selection["requireResidentKey"] = true.into();
        let registering = Registering {
            owner: owner.id,
            state,
        };
        let id = lock(&self.registering).put(registering, entropy, now);
        Ok(Asked {
            id,
            options: options.to_string(),
        })
    }

    /// Takes a new passkey of an account. That no other account has it is held where it is kept.
    ///
    /// # Errors
    /// It was not asked of this account, or is not right.
    pub fn take_new(
        &self,
        owner: Uuid,
        id: &str,
        answer: &str,
        now: OffsetDateTime,
    ) -> Result<Kept, PasskeyError> {
        let answer: RegisterPublicKeyCredential = read(answer)?;
        let asked = lock(&self.registering).take(id, now);
        let asked = asked.filter(|asked| asked.owner == owner);
        let asked = asked.ok_or(PasskeyError::NotAsked)?;
        let taken = self
            .webauthn
            .finish_passkey_registration(&answer, &asked.state);
        kept(&taken.map_err(wrong)?)
    }

    /// Asks for any passkey of this hub. One of another account than the one that was named is not taken then.
    ///
    /// # Errors
    /// Nothing can be asked.
    pub fn ask(
        &self,
        name: Option<String>,
        entropy: &dyn Entropy,
        now: OffsetDateTime,
    ) -> Result<Asked, PasskeyError> {
        let begun = self.webauthn.start_discoverable_authentication();
        let (mut asked, state) = begun.map_err(wrong)?;
        asked.mediation = None;
        let options = serde_json::to_string(&asked).map_err(|_| PasskeyError::Wrong)?;
        let signing_in = SigningIn { name, state };
        let id = lock(&self.signing_in).put(signing_in, entropy, now);
        Ok(Asked { id, options })
    }

    /// Takes the answer for the passkey that is kept by its name.
    ///
    /// # Errors
    /// It was not asked for, or is not right: its signature, its counter, its owner.
    pub fn take(
        &self,
        id: &str,
        answered: &Answered,
        (owner, held): (Uuid, &Kept),
        now: OffsetDateTime,
    ) -> Result<Shown, PasskeyError> {
        let asked = lock(&self.signing_in).take(id, now);
        let asked = asked.ok_or(PasskeyError::NotAsked)?;
        let says = answered.0.get_user_unique_id();
        let is_own = says.is_none_or(|says| says == owner.as_bytes());
        if !is_own || held.credential != answered.credential() {
            return Err(PasskeyError::Wrong);
        }
        let read = serde_json::from_str::<Passkey>(&held.passkey);
        let mut passkey = read.map_err(|_| PasskeyError::Wrong)?;
        let finished =
            self.webauthn
                .finish_discoverable_authentication_v2(&answered.0, asked.state, &passkey);
        let result = finished.map_err(wrong)?;
        if !result.user_verified() {
            return Err(PasskeyError::Wrong);
        }
        passkey.update_credential(&result);
        Ok(Shown {
            kept: kept(&passkey)?,
            name: asked.name,
        })
    }
}

impl Answered {
    /// Takes what a browser answered.
    ///
    /// # Errors
    /// It is something else.
    pub fn read(answer: &str) -> Result<Self, PasskeyError> {
        read(answer).map(Self)
    }

    /// What the device calls its passkey.
    pub fn credential(&self) -> &[u8] {
        self.0.get_credential_id()
    }
}

fn read<T: serde::de::DeserializeOwned>(answer: &str) -> Result<T, PasskeyError> {
    if answer.len() > MOST_ANSWER {
        return Err(PasskeyError::Form(format!(
            "it has more than {MOST_ANSWER} bytes"
        )));
    }
    serde_json::from_str(answer).map_err(|error| PasskeyError::Form(error.to_string()))
}

fn kept(passkey: &Passkey) -> Result<Kept, PasskeyError> {
    Ok(Kept {
        credential: passkey.cred_id().as_slice().to_vec(),
        passkey: serde_json::to_string(passkey).map_err(|_| PasskeyError::Wrong)?,
    })
}

/// What is wrong is for those who look for faults; to others all of it is the same.
fn wrong(error: WebauthnError) -> PasskeyError {
    tracing::debug!(
        error = &error as &dyn std::error::Error,
        "a passkey is not taken"
    );
    PasskeyError::Wrong
}

fn lock<T>(pending: &Mutex<Pending<T>>) -> MutexGuard<'_, Pending<T>> {
    pending.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passkeys_are_bound_to_a_hosts_name() {
        for (address, is_one) in [
            ("https://hub.example.go.id", true),
            ("https://hub.example.go.id:8443", true),
            ("http://localhost:8013", true),
            ("http://hub.example.go.id", false),
            ("http://127.0.0.1:8013", false),
            ("https://192.0.2.7", false),
            ("https://[2001:db8::1]", false),
            ("", false),
        ] {
            assert_eq!(Passkeys::at(address, "Simpul").is_ok(), is_one, "{address}");
        }
    }
}

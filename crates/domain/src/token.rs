//! The bearer token by which one hub shows another who it is: a JWT (RFC 7519) signed with Ed25519 (RFC 8037).
//!
//! - [`sign`] makes one for one request to one hub; [`verify`] says which hub made it, or precisely why it does not count.
//! - [`Seen`] notices a token that comes twice.
//!
//! A token is read strictly: one form of header, canonical base64url, no name twice. It counts for one network, one
//! receiver and at most two minutes, so one that was overheard opens nothing elsewhere or later.

mod seen;
#[cfg(test)]
mod tests;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::entropy::Entropy;
use crate::identity::{HubId, NetworkId};
use crate::log::{PublicKey, SigningKey};
use crate::trust::{Standing, Trust};

pub use seen::{MOST_IDS, MOST_IDS_PER_HUB, Seen};

/// The most bytes that a token may have.
pub const MAX_TOKEN_BYTES: usize = 2048;
/// The longest time between a token's making and its end, in seconds.
pub const MOST_LIFE_SECONDS: i64 = 120;
/// How far two clocks may be apart, in seconds.
pub const MOST_SKEW_SECONDS: i64 = 60;
/// How long the tokens that this program makes count, in seconds: longer than a request is on its way.
const LIFE_SECONDS: i64 = 60;
const LEAST_ID_BYTES: usize = 16;
const MOST_ID_BYTES: usize = 64;

/// Why a token does not count.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// The token is longer than any honest one.
    #[error("the token has {0} bytes; {MAX_TOKEN_BYTES} are allowed")]
    TooLong(usize),
    /// The token is not of the one form that counts.
    #[error("the token is not readable: {0}")]
    Malformed(String),
    /// The token is for another network.
    #[error("the token is of network {found}, ours is {ours}")]
    Network {
        /// The token's network.
        found: NetworkId,
        /// This node's network.
        ours: NetworkId,
    },
    /// The token is for another hub.
    #[error("the token is for hub {found}, and this is hub {ours}")]
    Audience {
        /// The hub that the token is for.
        found: HubId,
        /// This hub.
        ours: HubId,
    },
    /// Nobody here vouches for the hub that made it.
    #[error(
        "hub {0} is not known here; ask without a token for what is public, or let this hub's operator or the network's authority admit it"
    )]
    Unknown(HubId),
    /// The hub is known, and not heard.
    #[error(
        "hub {hub} is {standing}, so its tokens do not count; ask without a token for what is public"
    )]
    NotHeard {
        /// The hub.
        hub: HubId,
        /// Where it stands.
        standing: Standing,
    },
    /// No key in use signed it.
    #[error("the token is not signed by a key that hub {0} uses at present")]
    NotSigned(HubId),
    /// It counts longer than a token may.
    #[error("the token counts for {0} seconds; 1 to {MOST_LIFE_SECONDS} are allowed")]
    Life(i64),
    /// It was made in the future.
    #[error(
        "the token was made {0} seconds from now; at most {MOST_SKEW_SECONDS} are tolerated, so compare the two hubs' clocks"
    )]
    TooEarly(i64),
    /// Its time is over.
    #[error(
        "the token ended {0} seconds ago; at most {MOST_SKEW_SECONDS} are tolerated, so make a new one, and compare the two hubs' clocks"
    )]
    TooLate(i64),
    /// It was used before.
    #[error("the token was used before; make a new one for every request")]
    Replayed,
    /// It may have been used before anybody here took note of it.
    #[error(
        "the token was made {0} seconds before this hub began to note which were used; make a new one, and compare the two hubs' clocks"
    )]
    Unremembered(i64),
    /// Its hub used too many.
    #[error(
        "hub {0} used more tokens than are remembered; ask again in a minute, or without a token for what is public"
    )]
    TooMany(HubId),
}

/// What a token that counts says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// The hub that made it.
    pub issuer: HubId,
    /// What makes it different from all others of this hub.
    pub id: String,
    /// When it was made, in Unix seconds, by its hub's clock.
    pub made: i64,
    /// When its time is over, in Unix seconds.
    pub expires: i64,
}

impl Token {
    /// Refuses a token that was made before anybody took note of those that are used, in Unix seconds.
    pub fn made_since(&self, since: i64) -> Result<(), TokenError> {
        if self.made < since {
            return Err(TokenError::Unremembered(since.saturating_sub(self.made)));
        }
        Ok(())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    typ: String,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    network: String,
    iat: i64,
    exp: i64,
    jti: String,
}

const HEADER: &str = r#"{"alg":"EdDSA","typ":"JWT"}"#;

/// Makes a token with which `issuer` asks `receiver` once, now.
pub fn sign(
    network: &NetworkId,
    issuer: &HubId,
    receiver: &HubId,
    now: OffsetDateTime,
    key: &SigningKey,
    entropy: &dyn Entropy,
) -> String {
    let mut id = [0; LEAST_ID_BYTES];
    entropy.fill(&mut id);
    let made = now.unix_timestamp();
    let claims = Claims {
        iss: issuer.to_string(),
        aud: receiver.to_string(),
        network: network.to_string(),
        iat: made,
        exp: made.saturating_add(LIFE_SECONDS),
        jti: URL_SAFE_NO_PAD.encode(id),
    };
    let claims = serde_json::to_string(&claims).expect("a struct of texts and numbers serialises");
    sign_texts(HEADER, &claims, key)
}

/// Signs the texts of header and claims as they are.
pub(crate) fn sign_texts(header: &str, claims: &str, key: &SigningKey) -> String {
    let said = [header, claims].map(|text| URL_SAFE_NO_PAD.encode(text));
    let said = said.join(".");
    let signature = URL_SAFE_NO_PAD.encode(key.sign(said.as_bytes()));
    format!("{said}.{signature}")
}

/// Says whether a credential has the form of a token: three parts with dots between them.
pub fn is_one(text: &str) -> bool {
    text.bytes().filter(|byte| *byte == b'.').count() == 2
}

/// Says who made a token for this hub. Whether it was used before is for [`Seen`] to say.
///
/// The keys that count are those of the issuer that have no end. One that has an end was replaced, or it is in a
/// stranger's hands; what it signed of the log before stays proved, and it opens no door any more.
pub fn verify(
    text: &str,
    trust: &Trust,
    us: &HubId,
    now: OffsetDateTime,
) -> Result<Token, TokenError> {
    if text.len() > MAX_TOKEN_BYTES {
        return Err(TokenError::TooLong(text.len()));
    }
    let parts: Vec<&str> = text.split('.').collect();
    let [header, body, signature] = parts[..] else {
        return Err(malformed("it has not three parts"));
    };
    check_header(&json(header)?)?;
    let claims: Claims = json(body)?;
    let token = claims.check(trust, us)?;
    let signature = <[u8; 64]>::try_from(bytes(signature)?)
        .map_err(|_| malformed("its signature has not 64 bytes"))?;
    let said = &text.as_bytes()[..header.len() + 1 + body.len()];
    let signed = |key: &PublicKey| key.verifies(said, &signature);
    if !trust.open_keys(&token.issuer).any(signed) {
        return Err(TokenError::NotSigned(token.issuer));
    }
    claims.check_time(now.unix_timestamp())?;
    Ok(token)
}

fn check_header(header: &Header) -> Result<(), TokenError> {
    if header.alg == "EdDSA" && header.typ == "JWT" {
        Ok(())
    } else {
        Err(malformed("its alg is not EdDSA, or its typ not JWT"))
    }
}

impl Claims {
    fn check(&self, trust: &Trust, us: &HubId) -> Result<Token, TokenError> {
        let network = NetworkId::parse(&self.network).map_err(malformed)?;
        if network != *trust.network() {
            return Err(TokenError::Network {
                found: network,
                ours: trust.network().clone(),
            });
        }
        let receiver = HubId::parse(&self.aud).map_err(malformed)?;
        if receiver != *us {
            return Err(TokenError::Audience {
                found: receiver,
                ours: us.clone(),
            });
        }
        let id = bytes(&self.jti)?.len();
        if !(LEAST_ID_BYTES..=MOST_ID_BYTES).contains(&id) {
            let rule = format!("its jti has {id} bytes, not {LEAST_ID_BYTES} to {MOST_ID_BYTES}");
            return Err(malformed(rule));
        }
        let issuer = HubId::parse(&self.iss).map_err(malformed)?;
        match trust.standing(&issuer) {
            Some(Standing::Trusted) => Ok(Token {
                issuer,
                id: self.jti.clone(),
                made: self.iat,
                expires: self.exp,
            }),
            Some(standing) => Err(TokenError::NotHeard {
                hub: issuer,
                standing,
            }),
            None => Err(TokenError::Unknown(issuer)),
        }
    }

    fn check_time(&self, now: i64) -> Result<(), TokenError> {
        let life = self.exp.saturating_sub(self.iat);
        if !(1..=MOST_LIFE_SECONDS).contains(&life) {
            return Err(TokenError::Life(life));
        }
        let (early, late) = (self.iat.saturating_sub(now), now.saturating_sub(self.exp));
        if early > MOST_SKEW_SECONDS {
            return Err(TokenError::TooEarly(early));
        }
        if late > MOST_SKEW_SECONDS {
            return Err(TokenError::TooLate(late));
        }
        Ok(())
    }
}

fn malformed(why: impl ToString) -> TokenError {
    TokenError::Malformed(why.to_string())
}

/// Reads canonical base64url without padding.
fn bytes(text: &str) -> Result<Vec<u8>, TokenError> {
    URL_SAFE_NO_PAD
        .decode(text)
        .map_err(|_| malformed("a part is not base64url in its canonical form, without padding"))
}

fn json<T: for<'a> Deserialize<'a>>(part: &str) -> Result<T, TokenError> {
    serde_json::from_slice(&bytes(part)?).map_err(malformed)
}

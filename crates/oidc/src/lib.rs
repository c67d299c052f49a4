//! Signing in with an account of another system, by OpenID Connect (Core 1.0; the flow of RFC 6749 with PKCE, RFC 7636).
//!
//! - [`Provider`] is that system, as this hub knows it: [`Provider::begin`] says where a browser goes, [`Provider::finish`] who came
//!   back.
//! - [`Settings`] are what an operator says of it, [`Mapping`] which of its claims are which roles here. Pure.
//! - [`token`] decides whether an ID token is to be believed (RFC 8725). Pure.
//! - [`discovery`] is what a provider says of itself, `fetch` how it is asked: bounded in size and time, by TLS.
//!
//! Nothing of a provider is believed but what its ID token says, signed with a key that its own address shows.
//! Not here: the routes and cookies (`node::http::auth`), which account somebody gets (`storage::accounts::identities`).

mod claims;
pub mod discovery;
mod error;
mod fetch;
mod mapping;
mod provider;
mod settings;
pub mod token;

pub use claims::{Claims, one, values};
pub use error::OidcError;
pub use mapping::{Mapped, Mapping};
pub use provider::{Answer, Flow, Identity, Provider};
pub use settings::Settings;

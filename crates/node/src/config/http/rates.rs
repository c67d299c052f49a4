//! How often may be asked: the section `[http.rates]`.

use serde::{Deserialize, Serialize};

use super::super::Network;

/// How often may be asked: the section `[http.rates]` of simpul.toml. Each is a number of requests a minute that may be asked
/// for ever, half of it at once; 0 is without a limit.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct RatesConfig {
    /// Of whoever shows no credentials, or wrong ones, by address or /64 of IPv6.
    pub address_per_minute: u32,
    /// Of wrong passwords, by address, for whichever accounts.
    pub guesses_per_minute: u32,
    /// Of an account, with all its sessions and tokens.
    pub account_per_minute: u32,
    /// Of one token of an account.
    pub token_per_minute: u32,
    /// Of a hub that shows who it is.
    pub hub_per_minute: u32,
    /// Addresses whose requests are not counted.
    pub unlimited: Vec<Network>,
}

impl Default for RatesConfig {
    /// A page of the portal asks some ten times; a hub that catches up asks for a page of a log in each 10 ms at most.
    fn default() -> Self {
        Self {
            address_per_minute: 1200,
            guesses_per_minute: 30,
            account_per_minute: 2400,
            token_per_minute: 1200,
            hub_per_minute: 12_000,
            unlimited: Vec::new(),
        }
    }
}

//! How much the hub takes of those who connect: the section `[http.limits]`.

use std::num::NonZeroU32;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The least buffer for headers that the HTTP/1.1 implementation can work with, in bytes.
const LEAST_HEADER_BYTES: u32 = 8 * 1024;

/// How much the hub takes of those who connect: the section `[http.limits]` of simpul.toml.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitsConfig {
    /// Connections at once; a few more are kept for trusted proxies.
    pub connections: NonZeroU32,
    /// Connections at once from one address, or from one /64 of IPv6. Trusted proxies may have as many as there are.
    pub connections_per_address: NonZeroU32,
    /// Sockets for events (`WebSocket`) at once, beside the connections.
    pub sockets: NonZeroU32,
    /// Sockets for events (`WebSocket`) at once of one client's address, or of one /64 of IPv6.
    pub sockets_per_address: NonZeroU32,
    /// Requests at once on one connection by HTTP/2.
    pub streams_per_connection: NonZeroU32,
    /// The largest headers of a request, in bytes.
    pub header_bytes: NonZeroU32,
    /// Time for the handshake of TLS.
    pub handshake_seconds: NonZeroU32,
    /// Time from a connection's beginning to its first whole request header.
    pub first_request_seconds: NonZeroU32,
    /// Time for the header of each later request, from its first byte.
    pub header_seconds: NonZeroU32,
    /// Time for the body of a request.
    pub body_seconds: NonZeroU32,
    /// How long a connection may be kept on which nothing is asked.
    pub idle_seconds: NonZeroU32,
    /// How long a client may take nothing of its answer.
    pub stalled_seconds: NonZeroU32,
    /// How fast a client must take its answer in the long run, in bytes a second.
    pub slowest_bytes_per_second: NonZeroU32,
    /// Requests at work at once.
    pub requests: NonZeroU32,
    /// How many of these are kept for accounts, operators and hubs that show who they are.
    pub requests_reserved: u32,
}

impl Default for LimitsConfig {
    fn default() -> Self {
        let number = |n| NonZeroU32::new(n).expect("the default is not 0");
        Self {
            connections: number(512),
            connections_per_address: number(128),
            sockets: number(256),
            sockets_per_address: number(32),
            streams_per_connection: number(100),
            header_bytes: number(16 * 1024),
            handshake_seconds: number(10),
            first_request_seconds: number(10),
            header_seconds: number(10),
            body_seconds: number(30),
            idle_seconds: number(75),
            stalled_seconds: number(30),
            slowest_bytes_per_second: number(1024),
            requests: number(256),
            requests_reserved: 64,
        }
    }
}

impl LimitsConfig {
    /// Refuses what cannot be meant.
    pub(super) fn check(&self) -> Result<(), String> {
        if self.header_bytes.get() < LEAST_HEADER_BYTES {
            return Err(format!(
                "http.limits.header_bytes is {}; give at least {LEAST_HEADER_BYTES}",
                self.header_bytes
            ));
        }
        if self.requests_reserved >= self.requests.get() {
            return Err(format!(
                "http.limits.requests_reserved is {} of {} requests, which leaves none for anybody else; give less",
                self.requests_reserved, self.requests
            ));
        }
        let pairs = [
            (
                "connections",
                self.connections,
                self.connections_per_address,
            ),
            ("sockets", self.sockets, self.sockets_per_address),
        ];
        for (name, all, of_one) in pairs {
            if of_one > all {
                return Err(format!(
                    "http.limits.{name}_per_address is {of_one}, more than the {all} of http.limits.{name}; give at most as many"
                ));
            }
        }
        Ok(())
    }
}

/// Seconds of the settings as a time.
pub fn seconds(seconds: NonZeroU32) -> Duration {
    Duration::from_secs(seconds.get().into())
}

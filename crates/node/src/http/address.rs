//! Where a request comes from: the one place that reads the headers of proxies.
//!
//! A proxy's word counts only if the other end of the connection is one of `[http] trusted_proxies`. `X-Forwarded-For` is read
//! from the right, since each proxy appends whom it saw and all to the left of the first untrusted address may be invented.
//! Everywhere else the [`ClientAddress`] in a request's extensions is asked, never a header.

use std::net::{IpAddr, SocketAddr};

use axum::http::{HeaderMap, HeaderValue};

use crate::config::Network;

const FORWARDED_FOR: &str = "x-forwarded-for";
const FORWARDED_PROTO: &str = "x-forwarded-proto";

/// The client of a request, as far as those tell whom we trust.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddress {
    /// Its address; one of IPv4 is never written as IPv6.
    pub ip: IpAddr,
    /// Whether it asks by TLS, of us or of a trusted proxy.
    pub is_by_tls: bool,
}

impl ClientAddress {
    /// The addresses that count as one.
    pub fn block(&self) -> AddressBlock {
        AddressBlock::of(self.ip)
    }
}

/// Addresses that count as one: a single one of IPv4; of IPv6 a /64, which one household or office has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AddressBlock([u8; 8]);

impl AddressBlock {
    /// The block of an address.
    pub fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => {
                // The first half of no address of IPv6 that can be reached begins with 0.
                let [a, b, c, d] = address.octets();
                Self([0, 0, 0, 0, a, b, c, d])
            }
            IpAddr::V6(address) => {
                let mut half = [0; 8];
                half.copy_from_slice(&address.octets()[..8]);
                Self(half)
            }
        }
    }
}

/// The proxies that are trusted.
#[derive(Clone, Debug, Default)]
pub struct Proxies(Vec<Network>);

impl Proxies {
    /// Those of the settings.
    pub const fn new(trusted: Vec<Network>) -> Self {
        Self(trusted)
    }

    /// Whether an address is one of theirs.
    pub fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(address))
    }

    /// The client behind a connection, by a request's headers.
    pub fn client(&self, peer: SocketAddr, is_by_tls: bool, headers: &HeaderMap) -> ClientAddress {
        let ip = peer.ip().to_canonical();
        if !self.trusts(ip) {
            return ClientAddress { ip, is_by_tls };
        }
        let proto = last(headers, FORWARDED_PROTO);
        ClientAddress {
            ip: self.forwarded(ip, headers),
            is_by_tls: proto.map_or(is_by_tls, |proto| proto.eq_ignore_ascii_case("https")),
        }
    }

    /// The first address from the right that is no trusted proxy. What is no address ends the search: the proxy to its right
    /// is as far as anything is known.
    fn forwarded(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut found = peer;
        for text in from_the_right(headers, FORWARDED_FOR) {
            let Some(address) = parse(text) else {
                return found;
            };
            found = address;
            if !self.trusts(found) {
                return found;
            }
        }
        found
    }
}

/// The values of a header that may stand on several lines, each with several, from the last to the first.
fn from_the_right<'a>(headers: &'a HeaderMap, name: &str) -> impl Iterator<Item = &'a str> {
    let lines = headers.get_all(name).iter().rev();
    lines.flat_map(|line: &HeaderValue| line.to_str().unwrap_or("?").rsplit(',').map(str::trim))
}

fn last<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    from_the_right(headers, name).next()
}

/// An address, with a port or without: `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:80`.
fn parse(text: &str) -> Option<IpAddr> {
    let bare = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    let with_port = || Some(text.parse::<SocketAddr>().ok()?.ip());
    let address = text.parse().ok().or_else(bare).or_else(with_port)?;
    Some(IpAddr::to_canonical(&address))
}

#[cfg(test)]
mod tests;

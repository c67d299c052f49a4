//! Addresses on the web, checked without following them.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use serde::Serialize;

/// Why an address was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// Neither of the two schemes.
    #[error("does not begin with https:// or http://")]
    Scheme,
    /// Too long.
    #[error("has {0} bytes; {most} are allowed", most = WebUrl::MOST_BYTES)]
    Length(usize),
    /// A character that an address writes in percent encoding.
    #[error("contains {0:?}, which an address writes in percent encoding")]
    Character(char),
    /// No host, or one that cannot be a host's name or number.
    #[error("{0} is not a host, or a host with a port from 1 to 65535")]
    Host(String),
    /// Plain http to another machine.
    #[error("is not https, which is needed for {0}")]
    Insecure(String),
    /// An endpoint with a query or fragment.
    #[error("has a query or fragment, which the address of a hub has not")]
    Query,
}

/// An `http` or `https` address (RFC 3986) in ASCII, without user name and password.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct WebUrl(String);

impl WebUrl {
    /// The longest address that is taken, in bytes.
    pub const MOST_BYTES: usize = 2000;

    /// Trims and checks an address.
    pub fn parse(raw: &str) -> Result<Self, LinkError> {
        let url = raw.trim();
        if url.len() > Self::MOST_BYTES {
            return Err(LinkError::Length(url.len()));
        }
        let authority = authority(url).ok_or(LinkError::Scheme)?;
        if let Some(c) = url.chars().find(|&c| !belongs_in_url(c)) {
            return Err(LinkError::Character(c));
        }
        if !is_authority(authority) {
            return Err(LinkError::Host(super::form::quoted(authority)));
        }
        Ok(Self(url.to_owned()))
    }

    /// The address as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The host's name or number, an IPv6 number in brackets.
    pub fn host(&self) -> &str {
        host_and_port(authority(&self.0).unwrap_or_default()).0
    }

    fn is_secure(&self) -> bool {
        self.0.starts_with("https:")
    }
}

/// Where a hub answers: `https`, or `http` on the loopback of this machine; no query, no fragment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Endpoint(WebUrl);

impl Endpoint {
    /// Trims and checks an address.
    pub fn parse(raw: &str) -> Result<Self, LinkError> {
        let url = WebUrl::parse(raw)?;
        if url.as_str().contains(['?', '#']) {
            return Err(LinkError::Query);
        }
        if url.is_secure() || is_loopback(url.host()) {
            Ok(Self(url))
        } else {
            Err(LinkError::Insecure(url.host().to_owned()))
        }
    }

    /// The address as text.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Display for WebUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

fn authority(url: &str) -> Option<&str> {
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"))?;
    rest.split(['/', '?', '#']).next()
}

const fn belongs_in_url(c: char) -> bool {
    c.is_ascii_graphic() && !matches!(c, '"' | '<' | '>' | '\\' | '^' | '`' | '{' | '|' | '}')
}

fn is_authority(authority: &str) -> bool {
    let (host, port) = host_and_port(authority);
    let port_fits = port.is_none_or(|port| {
        port.bytes().all(|byte| byte.is_ascii_digit())
            && port.parse().is_ok_and(|port: u16| port > 0)
    });
    port_fits && is_host(host)
}

/// Splits at the colon of a port, which is not one of those inside an IPv6 number's brackets.
fn host_and_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    }
}

fn is_host(host: &str) -> bool {
    if let Some(inner) = host.strip_prefix('[') {
        return inner
            .strip_suffix(']')
            .is_some_and(|ip| ip.parse::<Ipv6Addr>().is_ok());
    }
    let last = host.rsplit('.').next().unwrap_or_default();
    if last.bytes().all(|byte| byte.is_ascii_digit()) {
        return host.parse::<Ipv4Addr>().is_ok();
    }
    host.len() <= 253 && host.split('.').all(is_label)
}

/// One part of a host's name (RFC 1123, section 2.1), with the underscore that some names in use have.
fn is_label(label: &str) -> bool {
    let clean = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=63).contains(&label.len())
        && label.bytes().all(clean)
        && !label.starts_with('-')
        && !label.ends_with('-')
}

fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || host == "[::1]"
        || host.parse().is_ok_and(|ip: Ipv4Addr| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_scheme_a_host_and_plain_characters() {
        for good in [
            "https://jipp.example",
            "http://jipp.example:8080/a(b)?c=d&e=%20#f",
            "https://sub_domain.x-y.id/?q=a@b",
            "http://10.0.0.1",
            "https://[2001:db8::1]:443/",
            "https://[::1]",
        ] {
            assert_eq!(
                WebUrl::parse(good).map(|url| url.to_string()),
                Ok(good.to_owned())
            );
        }
    }

    #[test]
    fn other_addresses_are_refused() {
        let check = |raw: &str, expected| assert_eq!(WebUrl::parse(raw), Err(expected), "{raw}");
        let host = |host: &str| LinkError::Host(format!("{host:?}"));
        check("", LinkError::Scheme);
        check("jipp.example", LinkError::Scheme);
        check("javascript://jipp.example", LinkError::Scheme);
        check("https:/jipp.example", LinkError::Scheme);
        check("https://a b.example", LinkError::Character(' '));
        check("https://jipp.example/é", LinkError::Character('é'));
        check("https://jipp.example/<", LinkError::Character('<'));
        check("https://", host(""));
        check("https:///path", host(""));
        check(
            "https://user:secret@jipp.example",
            host("user:secret@jipp.example"),
        );
        check("https://a..example", host("a..example"));
        check("https://-a.example", host("-a.example"));
        check("https://a-.example", host("a-.example"));
        check("https://1.2.3", host("1.2.3"));
        check("https://1.2.3.256", host("1.2.3.256"));
        check("https://[::1", host("[::1"));
        check("https://[::g]", host("[::g]"));
        check("https://jipp.example:", host("jipp.example:"));
        check("https://jipp.example:0", host("jipp.example:0"));
        check("https://jipp.example:65536", host("jipp.example:65536"));
        check("https://jipp.example:+1", host("jipp.example:+1"));
    }

    #[test]
    fn an_address_is_bounded() {
        let longest = format!("https://a/{}", "b".repeat(1990));
        assert!(WebUrl::parse(&longest).is_ok());
        assert_eq!(
            WebUrl::parse(&format!("{longest}b")),
            Err(LinkError::Length(2001))
        );
        let label = |length| format!("https://{}", "a".repeat(length));
        assert!(WebUrl::parse(&label(63)).is_ok());
        assert!(WebUrl::parse(&label(64)).is_err());
    }

    #[test]
    fn an_endpoint_is_https_outside_the_loopback() {
        for good in [
            "https://jipp.example/api",
            "http://localhost:8013",
            "http://127.0.0.1:8013/",
            "http://127.9.9.9",
            "http://[::1]:8013",
        ] {
            assert_eq!(
                Endpoint::parse(good).map(|url| url.to_string()),
                Ok(good.to_owned())
            );
        }
        let check = |raw: &str, expected| assert_eq!(Endpoint::parse(raw), Err(expected), "{raw}");
        check(
            "http://jipp.example",
            LinkError::Insecure("jipp.example".to_owned()),
        );
        check(
            "http://10.0.0.1",
            LinkError::Insecure("10.0.0.1".to_owned()),
        );
        check(
            "http://localhost.example",
            LinkError::Insecure("localhost.example".to_owned()),
        );
        check("https://jipp.example/?a", LinkError::Query);
        check("https://jipp.example/#a", LinkError::Query);
        check("jipp.example", LinkError::Scheme);
    }
}

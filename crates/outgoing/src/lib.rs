//! Where this hub's own requests may go: to the public internet, and to the private networks that the settings name.
//!
//! An address that somebody gives must not make the hub ask what only this machine or its office reaches: databases, other
//! services, a cloud's metadata. So every address that a name leads to is looked at when a connection is made, which leaves no
//! moment for a name to lead elsewhere (DNS rebinding); addresses that stand in a URL itself are looked at before it is asked;
//! and redirects are not followed.
//!
//! If the environment names a proxy (`HTTPS_PROXY`), it decides where names lead; it is reached by the same rules.

use std::error::Error;
use std::iter::successors;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, LazyLock};

use ipnet::IpNet;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{ClientBuilder, Url};

/// What is not of the public internet, by IANA's registries of special-purpose addresses (RFC 6890) and multicast. Networks that
/// hold addresses of IPv4 (NAT64, 6to4) are among them.
const NOT_PUBLIC: [&str; 30] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "::/96",
    "64:ff9b::/96",
    "64:ff9b:1::/48",
    "100::/64",
    "100:0:0:1::/64",
    "2001::/23",
    "2001:db8::/32",
    "2002::/16",
    "3fff::/20",
    "5f00::/16",
    "fc00::/7",
    "fe80::/10",
    "fec0::/10",
    "ff00::/8",
    "::ffff:0:0:0/96",
];

static FORBIDDEN: LazyLock<Vec<IpNet>> = LazyLock::new(|| {
    let parse = |text: &&str| text.parse().expect("the list has networks only");
    NOT_PUBLIC.iter().map(parse).collect()
});

/// An address that may not be asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{host} leads to {address}, which is not of the public internet; if that is meant, write private_networks = [\"{address}\"] under [sync] in simpul.toml"
)]
pub struct Forbidden {
    /// What was to be asked.
    pub host: String,
    /// Where it leads.
    pub address: IpAddr,
}

impl Forbidden {
    /// The reason of a request's error, if it is this one.
    pub fn of<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a Self> {
        let mut causes = successors(Some(error), |cause| (*cause).source());
        causes.find_map(|cause| cause.downcast_ref())
    }
}

/// Where requests may go.
#[derive(Clone, Debug)]
pub struct Reach {
    private: Arc<[IpNet]>,
}

impl Reach {
    /// To the public internet, and to these private networks.
    pub fn with(private: impl IntoIterator<Item = IpNet>) -> Self {
        Self {
            private: private.into_iter().collect(),
        }
    }

    /// To the public internet, and to this machine.
    pub fn here() -> Self {
        Self::with(["127.0.0.0/8", "::1/128"].map(|net| net.parse().expect("it is a network")))
    }

    /// Whether an address may be asked.
    pub fn allows(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        let within = |nets: &[IpNet]| nets.iter().any(|net| net.contains(&address));
        !within(&FORBIDDEN) || within(&self.private)
    }

    /// Refuses a URL whose host is an address that may not be asked: such a host is not looked up.
    ///
    /// # Errors
    /// It is one.
    pub fn check(&self, url: &Url) -> Result<(), Forbidden> {
        let host = url.host_str().unwrap_or_default();
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        match bare.parse::<IpAddr>() {
            Ok(address) if !self.allows(address) => Err(Forbidden {
                host: host.to_owned(),
                address,
            }),
            _ => Ok(()),
        }
    }

    /// A client that goes no further. Its URLs must be [checked](Self::check), too.
    pub fn guard(&self, builder: ClientBuilder) -> ClientBuilder {
        builder
            .redirect(reqwest::redirect::Policy::none())
            .dns_resolver(self.clone())
    }

    /// Those of the addresses of a host that may be asked.
    fn sift(
        &self,
        host: &str,
        found: impl Iterator<Item = SocketAddr>,
    ) -> Result<Vec<SocketAddr>, Forbidden> {
        let (allowed, forbidden): (Vec<_>, Vec<_>) =
            found.partition(|found| self.allows(found.ip()));
        match (allowed.first(), forbidden.first()) {
            (None, Some(forbidden)) => Err(Forbidden {
                host: host.to_owned(),
                address: forbidden.ip().to_canonical(),
            }),
            _ => Ok(allowed),
        }
    }
}

impl Resolve for Reach {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = self.clone();
        Box::pin(async move {
            // The port is put in by whoever connects.
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed = reach.sift(name.as_str(), found)?;
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

/// A client, and where it may go.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    reach: Reach,
}

impl Client {
    /// Makes one that goes no further.
    ///
    /// # Errors
    /// This machine cannot make one.
    pub fn build(builder: ClientBuilder, reach: Reach) -> Result<Self, reqwest::Error> {
        let http = reach.guard(builder).build()?;
        Ok(Self { http, reach })
    }

    /// The client itself.
    pub const fn http(&self) -> &reqwest::Client {
        &self.http
    }

    /// Where it may go.
    pub const fn reach(&self) -> &Reach {
        &self.reach
    }
}

#[cfg(test)]
mod tests;

//! Networks of addresses, as settings name them.

use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

/// A network such as `10.0.0.0/8`, or a single address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Network(IpNet);

impl Network {
    /// Whether an address is of the network. One of IPv4 that is written as IPv6 is of IPv4's networks.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }

    /// As the library has it.
    pub const fn net(&self) -> IpNet {
        self.0
    }
}

impl TryFrom<String> for Network {
    type Error = String;

    fn try_from(raw: String) -> Result<Self, String> {
        let net = raw.parse::<IpNet>().or_else(|_| raw.parse().map(alone));
        let net = net.map_err(|_| {
            format!("{raw:?} is neither an address nor a network such as 10.0.0.0/8 or fd00::/8")
        })?;
        Ok(Self(net.trunc()))
    }
}

impl From<Network> for String {
    fn from(network: Network) -> Self {
        network.0.to_string()
    }
}

/// The network of one address.
fn alone(address: IpAddr) -> IpNet {
    IpNet::from(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_named_by_prefix_or_by_one_address() {
        for (raw, address, inside) in [
            ("10.0.0.0/8", "10.200.3.4", true),
            ("10.1.2.3/8", "10.200.3.4", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("10.0.0.0/8", "::ffff:10.1.1.1", true),
            ("192.0.2.7", "192.0.2.7", true),
            ("192.0.2.7", "192.0.2.8", false),
            ("2001:db8::/32", "2001:db8:1::5", true),
            ("::1", "::1", true),
            ("::ffff:192.0.2.7", "192.0.2.7", true),
        ] {
            let network = Network::try_from(raw.to_owned()).unwrap();
            let address = address.parse().unwrap();
            assert_eq!(network.contains(address), inside, "{raw} {address}");
        }
        for raw in ["", "10.0.0.0/33", "hub.example.go.id", "10.0.0.0/8 "] {
            assert!(Network::try_from(raw.to_owned()).is_err(), "{raw}");
        }
    }
}

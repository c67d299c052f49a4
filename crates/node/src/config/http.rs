//! Where the hub answers: the section `[http]`.

use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

/// Where the hub answers: the section `[http]` of simpul.toml.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct HttpConfig {
    /// Address and port. Loopback until permissions come; put a proxy with TLS before it.
    pub listen: SocketAddr,
    /// The largest request body that is taken.
    pub max_body_bytes: NonZeroU32,
    /// Whether `/metrics` tells the numbers of logs and peers, in the text format of Prometheus.
    pub metrics: bool,
    /// How long running requests may go on after the program was told to stop.
    pub shutdown_seconds: NonZeroU32,
}

impl Default for HttpConfig {
    fn default() -> Self {
        let number = |n| NonZeroU32::new(n).expect("the default is not 0");
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8013)),
            max_body_bytes: number(256 * 1024),
            metrics: true,
            shutdown_seconds: number(20),
        }
    }
}

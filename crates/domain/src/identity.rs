//! The names of things: networks, hubs, logs and records (protocol section 2).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::entropy::Entropy;

/// Why a name was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// The network's name breaks its rule.
    #[error("network {0:?} is not 2 to 32 characters of a-z, 0-9 and -")]
    Network(String),
    /// The hub's id breaks its rule.
    #[error(
        "hub {0:?} is not 2 to 63 characters of a-z, 0-9, . and -, beginning with a letter or digit"
    )]
    Hub(String),
    /// The epoch is outside what the database can hold.
    #[error("epoch {0:?} is not a number from 0 to 9223372036854775807")]
    Epoch(String),
    /// The line is not the origin line of a log.
    #[error("origin {0:?} is not of the form simpul/<network>/<hub>/<epoch>")]
    Origin(String),
    /// The record id is not a UUID.
    #[error("record {0:?} is not a UUID")]
    Record(String),
    /// The reference does not name a hub and a record.
    #[error(
        "{0:?} is not a hub and its record, such as id-13:0198f2c4-0000-7000-8000-000000000000"
    )]
    Reference(String),
}

/// The network a hub belongs to, for example `jipp`. Nodes of different networks refuse one another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct NetworkId(String);

impl NetworkId {
    /// Parses `[a-z0-9-]{2,32}`.
    pub fn parse(raw: &str) -> Result<Self, NameError> {
        let fits = (2..=32).contains(&raw.len());
        if fits && raw.bytes().all(|b| is_lower_alnum(b) || b == b'-') {
            Ok(Self(raw.to_owned()))
        } else {
            Err(NameError::Network(raw.to_owned()))
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A hub's slug for life, for example `id-13` (a region's code) or `kl-kemensos` (a ministry).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HubId(String);

impl HubId {
    /// Parses `[a-z0-9][a-z0-9.-]{1,62}`.
    pub fn parse(raw: &str) -> Result<Self, NameError> {
        let fits = (2..=63).contains(&raw.len());
        let starts_well = raw.bytes().next().is_some_and(is_lower_alnum);
        let clean = raw
            .bytes()
            .all(|b| is_lower_alnum(b) || b == b'.' || b == b'-');
        if fits && starts_well && clean {
            Ok(Self(raw.to_owned()))
        } else {
            Err(NameError::Hub(raw.to_owned()))
        }
    }

    /// The slug as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

const fn is_lower_alnum(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

/// Numbers the logs of one hub. By default the Unix second of its opening, for uniqueness; never read as a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Epoch(u64);

impl Epoch {
    /// Takes a number that a signed 64-bit column can hold.
    pub fn new(number: u64) -> Result<Self, NameError> {
        if i64::try_from(number).is_ok() {
            Ok(Self(number))
        } else {
            Err(NameError::Epoch(number.to_string()))
        }
    }

    /// The number.
    pub const fn get(self) -> u64 {
        self.0
    }
}

/// One log: a hub's entries of one epoch. Prints as its origin line.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogId {
    /// The network whose hubs share the log.
    pub network: NetworkId,
    /// The hub that alone writes the log.
    pub hub: HubId,
    /// Which of the hub's logs this is.
    pub epoch: Epoch,
}

impl fmt::Display for LogId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "simpul/{}/{}/{}", self.network, self.hub, self.epoch)
    }
}

impl FromStr for LogId {
    type Err = NameError;

    fn from_str(line: &str) -> Result<Self, NameError> {
        let bad = || NameError::Origin(line.to_owned());
        let parts: Vec<&str> = line.split('/').collect();
        let ["simpul", network, hub, epoch] = parts[..] else {
            return Err(bad());
        };
        let canonical = epoch == "0" || !epoch.starts_with('0');
        let digits = epoch.bytes().all(|b| b.is_ascii_digit());
        let number = epoch.parse().ok().filter(|_| canonical && digits);
        Ok(Self {
            network: NetworkId::parse(network)?,
            hub: HubId::parse(hub)?,
            epoch: Epoch::new(number.ok_or_else(bad)?)?,
        })
    }
}

/// One record for life, unique in the network together with its hub: a UUID, version 7 when made here (RFC 9562).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RecordId(Uuid);

impl RecordId {
    /// Makes a new id from the time and 74 random bits.
    pub fn generate(now: OffsetDateTime, entropy: &dyn Entropy) -> Self {
        let mut random = [0; 10];
        entropy.fill(&mut random);
        let millis = u64::try_from(now.unix_timestamp_nanos() / 1_000_000).unwrap_or_default();
        Self(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
    }

    /// Parses the hyphenated form; any UUID version is taken, since only the origin chooses it.
    pub fn parse(raw: &str) -> Result<Self, NameError> {
        if raw.len() != 36 {
            return Err(NameError::Record(raw.to_owned()));
        }
        Uuid::try_parse(raw)
            .map(Self)
            .map_err(|_| NameError::Record(raw.to_owned()))
    }

    /// The id as a UUID, for databases.
    pub const fn as_uuid(self) -> Uuid {
        self.0
    }
}

impl From<Uuid> for RecordId {
    fn from(uuid: Uuid) -> Self {
        Self(uuid)
    }
}

/// A record of any hub, written `<hub>:<record>`. What it names may not have arrived yet, or be gone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordRef {
    /// The hub that owns the record.
    pub hub: HubId,
    /// The record.
    pub record: RecordId,
}

impl RecordRef {
    /// Parses `<hub>:<record>`.
    pub fn parse(raw: &str) -> Result<Self, NameError> {
        let bad = || NameError::Reference(raw.to_owned());
        let (hub, record) = raw.split_once(':').ok_or_else(bad)?;
        Ok(Self {
            hub: HubId::parse(hub).map_err(|_| bad())?,
            record: RecordId::parse(record).map_err(|_| bad())?,
        })
    }
}

impl fmt::Display for RecordRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.hub, self.record)
    }
}

impl Serialize for RecordRef {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

macro_rules! name_text {
    ($($name:ident),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

macro_rules! name_string {
    ($($name:ident),*) => {$(
        impl TryFrom<String> for $name {
            type Error = NameError;

            fn try_from(raw: String) -> Result<Self, NameError> {
                Self::parse(&raw)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl FromStr for $name {
            type Err = NameError;

            fn from_str(raw: &str) -> Result<Self, NameError> {
                Self::parse(raw)
            }
        }
    )*};
}

name_text!(NetworkId, HubId, Epoch, RecordId);
name_string!(NetworkId, HubId);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hub_id_is_a_slug() {
        for good in ["id-13", "kl-kemensos", "id-33.72", "a0", &"a".repeat(63)] {
            assert_eq!(HubId::parse(good).unwrap().as_str(), good);
        }
        for bad in [
            "",
            "a",
            "-a",
            ".a",
            "ID-13",
            "id_13",
            "id 13",
            "id/13",
            &"a".repeat(64),
        ] {
            assert_eq!(HubId::parse(bad), Err(NameError::Hub(bad.to_owned())));
        }
    }

    #[test]
    fn an_origin_line_reads_back() {
        let line = "simpul/jipp/id-13/1764000000";
        let log: LogId = line.parse().unwrap();
        assert_eq!(log.to_string(), line);
        for bad in [
            "simpul/jipp/id-13",
            "simpul/jipp/id-13/01",
            "simpul/jipp/id-13/+1",
            "simpul/jipp/id-13/1/2",
            "other/jipp/id-13/1",
            "simpul/jipp/id-13/9223372036854775808",
        ] {
            assert!(bad.parse::<LogId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_reference_names_a_hub_and_its_record() {
        let text = "id-13:0198f2c4-0000-7000-8000-000000000000";
        let reference = RecordRef::parse(text).unwrap();
        assert_eq!(reference.to_string(), text);
        assert_eq!(
            serde_json::to_string(&reference).unwrap(),
            format!("{text:?}")
        );
        for bad in [
            "",
            "id-13",
            "id-13:42",
            "ID:0198f2c4-0000-7000-8000-000000000000",
        ] {
            assert_eq!(
                RecordRef::parse(bad),
                Err(NameError::Reference(bad.to_owned()))
            );
        }
    }

    #[test]
    fn a_made_record_id_is_a_version_7_uuid_and_reads_back() {
        struct Zeros;
        impl Entropy for Zeros {
            fn fill(&self, buffer: &mut [u8]) {
                buffer.fill(0);
            }
        }
        let id = RecordId::generate(time::macros::datetime!(2026-08-20 03:04:05 UTC), &Zeros);
        assert_eq!(id.as_uuid().get_version_num(), 7);
        assert_eq!(RecordId::parse(&id.to_string()), Ok(id));
        assert!(RecordId::parse("0198f2c4").is_err());
    }
}

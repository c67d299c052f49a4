//! Scalars of the public schema.

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use domain::identity;

#[derive(Clone)]
pub(crate) struct HubId(pub identity::HubId);

/// A hub's id for life, for example `id-13` (a region's code) or `kl-kemensos` (a ministry): `[a-z0-9][a-z0-9.-]{1,62}`.
#[Scalar(name = "HubId")]
impl ScalarType for HubId {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::String(raw) => identity::HubId::parse(raw)
                .map(Self)
                .map_err(InputValueError::custom),
            _ => Err(InputValueError::expected_type(value)),
        }
    }

    fn to_value(&self) -> Value {
        Value::from(self.0.as_str())
    }
}

#[derive(Clone, Copy, Debug, Default)]
pub struct Long(pub u64);

impl From<u64> for Long {
    fn from(number: u64) -> Self {
        Self(number)
    }
}

impl Long {
    /// The largest number that every JSON reader holds exactly (RFC 8259 section 6).
    pub(crate) const MOST: u64 = (1 << 53) - 1;
}

/// A whole number from 0 to 2^53 - 1, for sizes and places that may pass 32 bits.
#[Scalar(name = "Long")]
impl ScalarType for Long {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::Number(number) => number
                .as_u64()
                .filter(|number| *number <= Self::MOST)
                .map(Self)
                .ok_or_else(|| {
                    InputValueError::custom(format!(
                        "{number} is not a whole number from 0 to 2^53 - 1"
                    ))
                }),
            _ => Err(InputValueError::expected_type(value)),
        }
    }

    fn to_value(&self) -> Value {
        Value::from(self.0)
    }
}

#[derive(Clone, Copy)]
pub(crate) struct DateTime(pub time::OffsetDateTime);

/// A moment in UTC (RFC 3339), for example `2026-08-20T03:04:05Z`. Shown to people; nothing is ordered by it across hubs.
#[Scalar(name = "DateTime")]
impl ScalarType for DateTime {
    fn parse(value: Value) -> InputValueResult<Self> {
        let format = time::format_description::well_known::Rfc3339;
        match &value {
            Value::String(raw) => time::OffsetDateTime::parse(raw, &format)
                .map(Self)
                .map_err(|_| InputValueError::custom(format!("{raw:?} is not an RFC 3339 time"))),
            _ => Err(InputValueError::expected_type(value)),
        }
    }

    fn to_value(&self) -> Value {
        let at = self.0.to_offset(time::UtcOffset::UTC);
        let (hour, minute, second) = at.to_hms();
        let (year, month, day) = (at.year(), u8::from(at.month()), at.day());
        Value::from(format!(
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"
        ))
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct PartialDate(pub domain::catalog::PartialDate);

/// A date as exact as its source, ISO 8601: `2012`, `2012-05` or `2012-05-04`.
#[Scalar(name = "PartialDate")]
impl ScalarType for PartialDate {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::String(raw) => domain::catalog::PartialDate::parse(raw)
                .map(Self)
                .map_err(InputValueError::custom),
            _ => Err(InputValueError::expected_type(value)),
        }
    }

    fn to_value(&self) -> Value {
        Value::from(self.0.to_string())
    }
}

#[derive(Clone)]
pub(crate) struct RegionCode(pub domain::catalog::RegionCode);

/// A region's code in the decrees of the Ministry of Home Affairs ("kode wilayah"): `33` a province, `33.72` a regency or city.
#[Scalar(name = "RegionCode")]
impl ScalarType for RegionCode {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::String(raw) => domain::catalog::RegionCode::parse(raw)
                .map(Self)
                .map_err(InputValueError::custom),
            _ => Err(InputValueError::expected_type(value)),
        }
    }

    fn to_value(&self) -> Value {
        Value::from(self.0.to_string())
    }
}

#[derive(Clone)]
pub(crate) struct Base64(pub String);

/// A SHA-256 in standard base64 (RFC 4648 section 4).
#[Scalar(name = "Base64")]
impl ScalarType for Base64 {
    fn parse(value: Value) -> InputValueResult<Self> {
        match value {
            Value::String(raw) => Ok(Self(raw)),
            other => Err(InputValueError::expected_type(other)),
        }
    }

    fn to_value(&self) -> Value {
        Value::from(self.0.as_str())
    }
}

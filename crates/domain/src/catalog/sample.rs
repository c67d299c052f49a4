//! Made-up records: how they are told from real ones.
//!
//! What a sample says holds the word of [`SAMPLE_TAG`], for people; its id holds [`SAMPLE_MARK`], for programs.

use time::OffsetDateTime;
use uuid::Uuid;

use crate::identity::RecordId;

/// The tag of sample innovations, and the word in the texts of all sample records.
pub const SAMPLE_TAG: &str = "contoh";

/// The register that numbers sample innovations.
pub const SAMPLE_SCHEME: &str = "SAMPLE";

/// The third and fourth group of a sample's id, hexadecimal: what UUIDs of version 7 leave to chance. Of real ids one in 67
/// million has them.
pub const SAMPLE_MARK: &str = "75ee-b5ee";

/// The id of a sample: from its time and 48 bits that tell it from others.
pub fn sample_id(at: OffsetDateTime, bits: u64) -> RecordId {
    let millis = u64::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap_or_default();
    let time = millis & 0xFFFF_FFFF_FFFF;
    let (high, low) = (
        (time << 16) | 0x75EE,
        (0xB5EE << 48) | (bits & 0xFFFF_FFFF_FFFF),
    );
    RecordId::from(Uuid::from_u64_pair(high, low))
}

/// Whether a record's id is that of a sample.
pub fn is_sample(record: RecordId) -> bool {
    let (high, low) = record.as_uuid().as_u64_pair();
    high & 0xFFFF == 0x75EE && low >> 48 == 0xB5EE
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn a_samples_id_is_told_from_others() {
        let id = sample_id(datetime!(2026-06-30 12:00 UTC), u64::MAX);
        assert!(is_sample(id));
        assert_eq!(id.to_string()[14..23], *SAMPLE_MARK);
        assert_eq!(id.as_uuid().get_version_num(), 7);
        let real = RecordId::parse("0198f2c4-0000-75ee-b5ef-000000000001").unwrap();
        assert!(!is_sample(real));
    }
}

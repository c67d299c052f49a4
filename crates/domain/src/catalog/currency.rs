//! Whether what is said is still so: confirmations and staleness.

use serde::{Deserialize, Serialize};
use time::{Date, Duration, OffsetDateTime};

use super::date::PartialDate;
use super::form::{FormCheck, FormErrors, Provenance};
use crate::identity::RecordId;

/// What is said in a confirmation, unchecked: the JSON body of its payload.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(
    missing_docs,
    reason = "the fields are those of Confirmation, which says what they mean"
)]
pub struct ConfirmationDraft {
    pub innovation: String,
    pub on: String,
}

/// A hub says that what its innovation tells is still so. It is a record of its own, so that to confirm costs a few
/// bytes and not the whole text again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Confirmation {
    /// The innovation, of the same hub.
    pub innovation: RecordId,
    /// When it was looked at.
    pub on: PartialDate,
}

impl Confirmation {
    /// Parses what was typed here.
    ///
    /// # Errors
    /// All fields that are missing or out of bounds.
    pub fn parse(draft: &ConfirmationDraft, today: Date) -> Result<Self, FormErrors> {
        Self::check(FormCheck::new(Provenance::Typed), draft, Some(today))
    }

    /// Reads what another hub published.
    ///
    /// # Errors
    /// All fields that are missing or out of bounds.
    pub fn read(draft: &ConfirmationDraft) -> Result<Self, FormErrors> {
        Self::check(FormCheck::new(Provenance::Received), draft, None)
    }

    fn check(
        mut form: FormCheck,
        draft: &ConfirmationDraft,
        today: Option<Date>,
    ) -> Result<Self, FormErrors> {
        let innovation = form.required("innovation", &draft.innovation, RecordId::parse);
        let on = form.day("on", &draft.on, today);
        form.finish(|| {
            Some(Self {
                innovation: innovation?,
                on: on?,
            })
        })
    }
}

/// How old a record may be before its owner is reminded: twelve months, as the network's yearly refresh of data asks.
pub const STALE_AFTER: Duration = Duration::days(365);

/// Whether a record that was last written or confirmed at a time is stale by now.
pub fn is_stale(current_at: OffsetDateTime, now: OffsetDateTime) -> bool {
    now - current_at > STALE_AFTER
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn a_record_is_stale_after_a_year() {
        let now = datetime!(2026-08-20 00:00 UTC);
        assert!(!is_stale(datetime!(2025-08-20 00:00 UTC), now));
        assert!(is_stale(datetime!(2025-08-19 23:59 UTC), now));
        assert!(!is_stale(datetime!(2030-01-01 00:00 UTC), now));
    }

    #[test]
    fn a_confirmation_reads_back_from_its_text() {
        let draft = ConfirmationDraft {
            innovation: "0198f2c4-0000-7000-8000-000000000001".to_owned(),
            on: "2026-08-01".to_owned(),
        };
        let confirmation =
            Confirmation::parse(&draft, time::macros::date!(2026 - 08 - 20)).unwrap();
        let text = serde_json::to_string(&confirmation).unwrap();
        assert_eq!(
            serde_json::from_str::<ConfirmationDraft>(&text).unwrap(),
            draft
        );
        assert!(Confirmation::read(&ConfirmationDraft::default()).is_err());
    }
}

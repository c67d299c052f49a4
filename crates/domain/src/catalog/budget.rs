//! What an innovation costs ("anggaran"). A record of its own, since it is for the network unless its owner says otherwise.

use serde::{Deserialize, Serialize};

use super::form::{FormCheck, FormErrors, Provenance};
use super::text::Line;
use crate::identity::RecordId;

/// What is said of a budget, unchecked: the JSON body of its payload.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(
    missing_docs,
    reason = "the fields are those of Budget, which says what they mean"
)]
pub struct BudgetDraft {
    pub innovation: String,
    pub year: i64,
    pub amount: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

/// The money of one innovation in one year.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Budget {
    /// The innovation, of the same hub.
    pub innovation: RecordId,
    /// The year.
    pub year: u16,
    /// Whole rupiah.
    pub amount: u64,
    /// Where the money comes from, for example "APBD".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Line<2, 100>>,
}

impl Budget {
    /// The largest amount: what every reader of JSON takes exactly (RFC 8259, section 6).
    pub const MOST: u64 = (1 << 53) - 1;

    /// Parses what was typed here.
    ///
    /// # Errors
    /// All fields that are missing or out of bounds.
    pub fn parse(draft: &BudgetDraft) -> Result<Self, FormErrors> {
        Self::check(FormCheck::new(Provenance::Typed), draft)
    }

    /// Reads what another hub published.
    ///
    /// # Errors
    /// All fields that are missing or out of bounds.
    pub fn read(draft: &BudgetDraft) -> Result<Self, FormErrors> {
        Self::check(FormCheck::new(Provenance::Received), draft)
    }

    fn check(mut form: FormCheck, draft: &BudgetDraft) -> Result<Self, FormErrors> {
        let innovation = form.required("innovation", &draft.innovation, RecordId::parse);
        let year = form.year("year", draft.year);
        let amount = form.number("amount", Some(draft.amount), 0..=Self::MOST);
        let source = form.optional("source", draft.source.as_deref(), Line::parse);
        form.finish(|| {
            Some(Self {
                innovation: innovation?,
                year: year?,
                amount: amount?,
                source,
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_whole_rupiah_of_a_year() {
        let draft = BudgetDraft {
            innovation: "0198f2c4-0000-7000-8000-000000000001".to_owned(),
            year: 2025,
            amount: 150_000_000,
            source: Some("APBD".to_owned()),
        };
        let budget = Budget::parse(&draft).unwrap();
        let text = serde_json::to_string(&budget).unwrap();
        assert_eq!(serde_json::from_str::<BudgetDraft>(&text).unwrap(), draft);
        let wrong = BudgetDraft {
            amount: -1,
            year: 25,
            ..draft
        };
        let errors = Budget::parse(&wrong).unwrap_err().to_string();
        assert_eq!(
            errors,
            "year: 25 is not between 1945 and 9999; amount: -1 is not between 0 and 9007199254740991"
        );
    }
}

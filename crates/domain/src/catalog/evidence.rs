//! Evidence: the document, picture or figure that proves a claim ("bukti dukung").
//!
//! Its facts travel; its bytes stay with the hub that has them. It is a record of its own, since letters carry names and
//! signatures: what it belongs to may be for everybody while the evidence is for the network only.

use serde::{Deserialize, Serialize};
use time::Date;

use super::date::PartialDate;
use super::form::{FormCheck, FormErrors, Provenance, quoted};
use super::link::WebUrl;
use super::text::Line;
use super::vocabulary::vocabulary;
use crate::identity::RecordId;

vocabulary! {
    /// What sort of proof a piece of evidence is.
    EvidenceKind {
        /// Peraturan: a regulation.
        Regulation = "REGULATION",
        /// Keputusan: a decree.
        Decree = "DECREE",
        /// Standar operasional prosedur.
        Sop = "SOP",
        /// Anggaran: a budget document.
        Budget = "BUDGET",
        /// Laporan pemantauan: a report of monitoring.
        MonitoringReport = "MONITORING_REPORT",
        /// Statistik: figures.
        Statistics = "STATISTICS",
        /// Perjanjian: an agreement of two sides.
        Agreement = "AGREEMENT",
        /// Surat persetujuan: the consent to be replicated.
        ConsentLetter = "CONSENT_LETTER",
        /// Foto.
        Photo = "PHOTO",
        /// Video.
        Video = "VIDEO",
        /// Publikasi: an article, a book, a broadcast.
        Publication = "PUBLICATION",
    }
    choosable {
        /// Lainnya.
        Other
    }
}

/// What is said of evidence, unchecked: the JSON body of its payload.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(
    missing_docs,
    reason = "the fields are those of Evidence, which says what they mean"
)]
pub struct EvidenceDraft {
    pub subject: String,
    pub kind: String,
    pub title: String,
    pub number: Option<String>,
    pub date: Option<String>,
    pub media_type: Option<String>,
    pub bytes: Option<i64>,
    pub sha256: Option<String>,
    pub url: Option<String>,
    pub indicator: Option<String>,
}

/// One piece of evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Evidence {
    /// What it proves: a record of the same hub.
    pub subject: RecordId,
    /// What sort of proof it is.
    pub kind: EvidenceKind,
    /// Its title.
    pub title: Line<2, 300>,
    /// The document's number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<Line<1, 100>>,
    /// The document's date.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<PartialDate>,
    /// The media type of the file (RFC 6838), for example `application/pdf`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media_type: Option<Line<3, 100>>,
    /// The size of the file in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// The SHA-256 of the file, so that a copy can be compared with what was meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<FileHash>,
    /// Where it is published.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<WebUrl>,
    /// The indicator that it serves, for example `IGA-2026/16`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub indicator: Option<Line<1, 60>>,
}

impl Evidence {
    /// The largest file that evidence may tell of, in bytes: 1 GiB.
    pub const MOST_BYTES: u64 = 1 << 30;

    /// Parses what was typed here.
    ///
    /// # Errors
    /// All fields that are missing, out of bounds or not in their vocabulary.
    pub fn parse(draft: &EvidenceDraft, today: Date) -> Result<Self, FormErrors> {
        Self::check(FormCheck::new(Provenance::Typed), draft, Some(today))
    }

    /// Reads what another hub published.
    ///
    /// # Errors
    /// All fields that are missing or out of bounds.
    pub fn read(draft: &EvidenceDraft) -> Result<Self, FormErrors> {
        Self::check(FormCheck::new(Provenance::Received), draft, None)
    }

    fn check(
        mut form: FormCheck,
        draft: &EvidenceDraft,
        today: Option<Date>,
    ) -> Result<Self, FormErrors> {
        let subject = form.required("subject", &draft.subject, RecordId::parse);
        let kind = form.choice("kind", &draft.kind);
        let title = form.required("title", &draft.title, Line::parse);
        let number = form.optional("number", draft.number.as_deref(), Line::parse);
        let date = form.past("date", draft.date.as_deref(), today);
        let media_type = form.optional("mediaType", draft.media_type.as_deref(), Line::parse);
        let bytes = form.number("bytes", draft.bytes, 0..=Self::MOST_BYTES);
        let sha256 = form.optional("sha256", draft.sha256.as_deref(), FileHash::parse);
        let url = form.optional("url", draft.url.as_deref(), WebUrl::parse);
        let indicator = form.optional("indicator", draft.indicator.as_deref(), Line::parse);
        form.finish(|| {
            Some(Self {
                subject: subject?,
                kind: kind?,
                title: title?,
                number,
                date,
                media_type,
                bytes,
                sha256,
                url,
                indicator,
            })
        })
    }
}

/// The SHA-256 of a file (FIPS 180-4), as 64 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct FileHash(String);

/// A text that is no SHA-256.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not 64 hexadecimal digits")]
pub struct FileHashError(String);

impl FileHash {
    /// Parses 64 hexadecimal digits; capitals are made small.
    pub fn parse(raw: &str) -> Result<Self, FileHashError> {
        let digits = raw.trim();
        if digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            Ok(Self(digits.to_ascii_lowercase()))
        } else {
            Err(FileHashError(quoted(raw)))
        }
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;

    const BODY: &str = r#"{"subject":"0198f2c4-0000-7000-8000-000000000001","kind":"DECREE","title":"Keputusan Wali Kota",
        "number":"188.45/12","date":"2024-03","mediaType":"application/pdf","bytes":1024,
        "sha256":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","url":"https://example.go.id/sk.pdf",
        "indicator":"IGA-2026/16"}"#;

    #[test]
    fn evidence_reads_back_from_its_text() {
        let draft: EvidenceDraft = serde_json::from_str(BODY).unwrap();
        let evidence = Evidence::parse(&draft, date!(2026 - 08 - 20)).unwrap();
        let text = serde_json::to_string(&evidence).unwrap();
        assert_eq!(serde_json::from_str::<EvidenceDraft>(&text).unwrap(), draft);
        assert_eq!(Evidence::read(&draft), Ok(evidence));
    }

    #[test]
    fn every_field_has_its_bound() {
        let draft = EvidenceDraft {
            subject: "42".to_owned(),
            kind: "RUMOUR".to_owned(),
            title: "x".to_owned(),
            number: Some("x".repeat(101)),
            date: Some("2027".to_owned()),
            media_type: Some("x".to_owned()),
            bytes: Some(-1),
            sha256: Some("e3b0".to_owned()),
            url: Some("sk.pdf".to_owned()),
            indicator: Some("x".repeat(61)),
        };
        let errors = Evidence::parse(&draft, date!(2026 - 08 - 20)).unwrap_err();
        let fields: Vec<_> = errors
            .fields()
            .iter()
            .map(|error| error.field.as_str())
            .collect();
        let all = [
            "subject",
            "kind",
            "title",
            "number",
            "date",
            "mediaType",
            "bytes",
            "sha256",
            "url",
            "indicator",
        ];
        assert_eq!(fields, all);
    }
}

//! Personal data in texts that others will read (UU 27/2022, art. 4): found, told, and published only when somebody
//! said that it is meant.
//!
//! What is looked for has a form: identity numbers, staff numbers, telephones, mail addresses. Names have none, so no
//! program finds them; the guide for authors asks for offices instead. A landline may be an office's, which the author says.

mod numbers;

use std::ops::Range;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::identity::{HubId, RecordId};

use super::vocabulary::{Vocabulary, vocabulary};
use numbers::numbers;

vocabulary! {
    /// A sort of personal data that has a form.
    PersonalData {
        /// Nomor induk kependudukan: 16 digits with region and birth date.
        Nik = "NIK",
        /// Nomor induk pegawai: 18 digits with birth date and month of appointment.
        Nip = "NIP",
        /// A telephone's number in Indonesia: a mobile phone's, or a landline's with its area code.
        Phone = "PHONE",
        /// An address of electronic mail.
        Email = "EMAIL",
    }
}

/// Personal data that was found in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonalFinding {
    /// What it is.
    pub data: PersonalData,
    /// Where it stands, in bytes of the text.
    pub at: Range<usize>,
    /// It, as it stands there.
    pub found: String,
}

impl PersonalFinding {
    /// What an author sends back to say that this, in this field, is meant to be read by others. It names what was found,
    /// so that another number in the same field is asked about again.
    pub fn acknowledgement(&self, field: &str) -> String {
        let plain: String = self
            .found
            .chars()
            .filter(|c| c.is_alphanumeric() || *c == '@')
            .collect();
        let hash = Sha256::digest(plain.to_lowercase().as_bytes());
        let mark = u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]]);
        format!("{field}:{}:{mark:08x}", self.data.code())
    }
}

/// Finds personal data in a text, in the order in which it stands there.
pub fn find_personal_data(text: &str) -> Vec<PersonalFinding> {
    let finding = |(data, at): (PersonalData, Range<usize>)| PersonalFinding {
        data,
        found: text[at.clone()].to_owned(),
        at,
    };
    let mut found: Vec<_> = numbers(text)
        .into_iter()
        .chain(addresses(text))
        .map(finding)
        .collect();
    found.sort_by_key(|finding| finding.at.start);
    found
}

/// Personal data in a field of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonalDataInField {
    /// The field's path in the record's body, for example `preconditions[1]`.
    pub field: String,
    /// What was found in it.
    pub finding: PersonalFinding,
}

impl PersonalDataInField {
    /// What an author sends back to say that it is meant; see [`PersonalFinding::acknowledgement`].
    pub fn acknowledgement(&self) -> String {
        self.finding.acknowledgement(&self.field)
    }
}

/// Finds personal data in all texts of a record's body, but for what was acknowledged.
pub fn personal_data_in(body: &Value, acknowledged: &[String]) -> Vec<PersonalDataInField> {
    let mut found = Vec::new();
    walk(body, String::new(), &mut found);
    found.retain(|found| !acknowledged.contains(&found.acknowledgement()));
    found
}

fn walk(value: &Value, path: String, found: &mut Vec<PersonalDataInField>) {
    match value {
        // Made at random, so some have digits in the form of a number.
        Value::String(text) if is_reference(text) => {}
        Value::String(text) => {
            let is_number = is_number_of_register(&path);
            let here = find_personal_data(text).into_iter();
            let here = here.filter(|finding| !is_number || finding.data != PersonalData::Phone);
            found.extend(here.map(|finding| PersonalDataInField {
                field: path.clone(),
                finding,
            }));
        }
        Value::Array(items) => {
            for (nth, item) in items.iter().enumerate() {
                walk(item, format!("{path}[{nth}]"), found);
            }
        }
        Value::Object(fields) => {
            let dot = if path.is_empty() { "" } else { "." };
            for (name, field) in fields {
                walk(field, format!("{path}{dot}{name}"), found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Whether a field holds a number of a register, which may look like a telephone's.
fn is_number_of_register(path: &str) -> bool {
    path == "nri" || path.starts_with("externalIds[") && path.ends_with("].value")
}

/// Whether a text is the id of a record, or names one of a hub.
fn is_reference(text: &str) -> bool {
    let is_id = |id: &str| RecordId::parse(id).is_ok();
    text.split_once(':').map_or_else(
        || is_id(text),
        |(hub, id)| HubId::parse(hub).is_ok() && is_id(id),
    )
}

fn addresses(text: &str) -> Vec<(PersonalData, Range<usize>)> {
    let places = text.match_indices('@').map(|(at, _)| at);
    let range = |at: usize| {
        let local = |c: char| c.is_ascii_alphanumeric() || "._%+-".contains(c);
        let before = text[..at].trim_end_matches(local).len();
        let domain = |c: char| c.is_ascii_alphanumeric() || ".-".contains(c);
        let tail = &text[at + 1..];
        let length = tail.len() - tail.trim_start_matches(domain).len();
        let host = tail[..length].trim_end_matches(['.', '-']);
        let last = host.rsplit_once('.')?.1;
        let is_name = last.len() >= 2 && last.bytes().all(|byte| byte.is_ascii_alphabetic());
        (before < at && is_name).then(|| before..at + 1 + host.len())
    };
    places
        .filter_map(range)
        .map(|range| (PersonalData::Email, range))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_the_form_of_personal_data_is_found() {
        use PersonalData as P;
        for (text, expected) in [
            ("NIK 3374014102900001.", vec![(P::Nik, "3374014102900001")]),
            (
                "NIK: 3374-0141-0290-0001",
                vec![(P::Nik, "3374-0141-0290-0001")],
            ),
            (
                "NIP. 19800517 200501 1 001,",
                vec![(P::Nip, "19800517 200501 1 001")],
            ),
            (
                "WA 0812-3456-7890 tahun 2024",
                vec![(P::Phone, "0812-3456-7890")],
            ),
            (
                "hubungi +62 812 3456 789",
                vec![(P::Phone, "62 812 3456 789")],
            ),
            ("(0812) 34567890", vec![(P::Phone, "0812) 34567890")]),
            (
                "surel: budi.s@dinkes.go.id.",
                vec![(P::Email, "budi.s@dinkes.go.id")],
            ),
            ("NIK3374014102900001", vec![(P::Nik, "3374014102900001")]),
            (
                "nip198005172005011001",
                vec![(P::Nip, "198005172005011001")],
            ),
            ("HP081234567890", vec![(P::Phone, "081234567890")]),
            ("0812  3456  7890", vec![(P::Phone, "0812  3456  7890")]),
            ("0812.3456.7890", vec![(P::Phone, "0812.3456.7890")]),
            ("0812-3456-\n7890", vec![(P::Phone, "0812-3456-\n7890")]),
            (
                "NIP 19800517 200501\r\n1 001",
                vec![(P::Nip, "19800517 200501\r\n1 001")],
            ),
            (
                "NIK 337401.410290.0001",
                vec![(P::Nik, "337401.410290.0001")],
            ),
            (
                "+62 (0)812 3456 7890",
                vec![(P::Phone, "62 (0)812 3456 7890")],
            ),
            ("telepon (021) 7398381", vec![(P::Phone, "021) 7398381")]),
            ("(0274) 512345", vec![(P::Phone, "0274) 512345")]),
            ("021-5551234", vec![(P::Phone, "021-5551234")]),
            ("Telp. 0274 512 345", vec![(P::Phone, "0274 512 345")]),
            ("+62 21 555 1234", vec![(P::Phone, "62 21 555 1234")]),
            ("+62 (274) 512345", vec![(P::Phone, "62 (274) 512345")]),
            ("+62215551234", vec![(P::Phone, "62215551234")]),
            (
                "0812 3456 7890 atau a@b.id",
                vec![(P::Phone, "0812 3456 7890"), (P::Email, "a@b.id")],
            ),
        ] {
            let found = find_personal_data(text);
            let found: Vec<_> = found
                .iter()
                .map(|finding| (finding.data, finding.found.as_str()))
                .collect();
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn figures_dates_and_ids_are_left_alone() {
        for text in [
            "Rp 1.500.000.000.000.000 dan 2019 2020 2021 2022",
            "Perda Nomor 12 Tahun 2019, 2020, dan 2021",
            "PermenPANRB 91/2021, Kepmendagri 050-5889 Tahun 2021, 300.2.2-2138/2025",
            "Rp 1.234.567.890 atau 812.345.678.900",
            "tahun 2019  2020\n2021\n2022",
            "nomor 062-2019 dan 045-12345, jam 0800-1500 dan 0700-1200",
            "-0.8123456789, 110.8123456789; 0.2745123456 dan 62.81234567890",
            "IGA0812345678 dan SIPPN-2023-0045, JIPPNAS:900001, LAN-047",
            "5fa08123456789 dan a1c3374014102900001",
            "0274512345 tanpa kode wilayah yang terpisah",
            "9974014102900001 bukan provinsi, 3374014113900001 bukan bulan",
            "19801317 200501 1 001 bukan bulan",
            "0198f2c4-0000-7000-8000-000000000001",
            "@dinkes dan jam 08.00-14.00 atau 3@ kali",
            "081234",
        ] {
            assert_eq!(find_personal_data(text), [], "{text}");
        }
    }

    #[test]
    fn an_acknowledgement_is_for_one_field_and_one_finding() {
        let mark = |text: &str, field: &str| find_personal_data(text)[0].acknowledgement(field);
        assert_eq!(
            mark("0812-3456-7890", "summary"),
            mark("WA 0812 3456 7890", "summary")
        );
        assert_ne!(
            mark("0812-3456-7890", "summary"),
            mark("0812-3456-7891", "summary")
        );
        assert_ne!(
            mark("0812-3456-7890", "summary"),
            mark("0812-3456-7890", "impact")
        );
        assert!(mark("0812-3456-7890", "summary").starts_with("summary:PHONE:"));
    }

    #[test]
    fn every_text_of_a_record_is_looked_at() {
        let body: Value = serde_json::from_str(
            r#"{"title":"NIK 3374014102900001","count":3374014102900001,"sources":[{"title":"a@b.id"},{"title":"-"}]}"#,
        )
        .unwrap();
        let fields = |acknowledged: &[String]| -> Vec<String> {
            let found = personal_data_in(&body, acknowledged);
            found.into_iter().map(|found| found.field).collect()
        };
        assert_eq!(fields(&[]), ["sources[0].title", "title"]);
        let mail = personal_data_in(&body, &[])[0].acknowledgement();
        assert_eq!(fields(&[mail]), ["title"]);
    }

    #[test]
    fn a_number_of_a_register_is_no_telephones() {
        let body: Value = serde_json::from_str(
            r#"{"nri":"081234567890","externalIds":[{"scheme":"SIPPN","value":"081234567890"},{"value":"3374014102900001"}]}"#,
        )
        .unwrap();
        let found = personal_data_in(&body, &[]);
        let fields: Vec<_> = found.iter().map(|found| found.field.as_str()).collect();
        assert_eq!(fields, ["externalIds[1].value"]);
    }

    #[test]
    fn what_names_a_record_is_no_number() {
        let id = "01a21757-0c90-7ad2-b5f9-628497464556";
        let found = |text: &str| personal_data_in(&Value::from(text), &[]).len();
        assert_eq!(found(&format!("{id} ")), 1, "it has the form of one");
        assert_eq!(found(id), 0);
        assert_eq!(found(&format!("id-13:{id}")), 0);
        assert_eq!(found(&format!("hubungi 0812 3456 7890:{id}")), 2);
    }
}

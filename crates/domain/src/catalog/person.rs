//! People, as a hub knows them, and how they are named where others read (UU 27/2022).
//!
//! A person's record never leaves the node. What others read is a line of text: the name while there is recorded consent to
//! show it, else the office.

use super::date::PartialDate;
use super::fold::fold;
use super::form::{FormCheck, FormErrors, Provenance};
use super::text::Line;
use time::Date;

/// How somebody is named where others read: a person's name, or an office's ("Tim Puskesmas …").
pub type CreditLine = Line<2, 210>;

/// What is said of a person, unchecked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "the fields are those of Person, which says what they mean"
)]
pub struct PersonDraft {
    pub name: String,
    pub role: Option<String>,
    pub office: String,
    pub contact: Option<String>,
}

/// Somebody who had a part in an innovation, as the node knows them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Person {
    /// The name.
    pub name: Line<2, 200>,
    /// What they do there.
    pub role: Option<Line<2, 200>>,
    /// The office or unit.
    pub office: Line<2, 200>,
    /// How the hub reaches them.
    pub contact: Option<Line<2, 200>>,
}

/// That somebody agreed to be named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    /// Which text they agreed to, as the hub counts its texts.
    pub text_version: Line<1, 40>,
    /// When they agreed.
    pub given_on: PartialDate,
    /// When they took it back.
    pub withdrawn_on: Option<PartialDate>,
}

impl Person {
    /// Parses what was typed here.
    ///
    /// # Errors
    /// All fields that are missing or out of bounds.
    pub fn parse(draft: &PersonDraft) -> Result<Self, FormErrors> {
        let mut form = FormCheck::new(Provenance::Typed);
        let name = form.required("name", &draft.name, Line::parse);
        let role = form.optional("role", draft.role.as_deref(), Line::parse);
        let office = form.required("office", &draft.office, Line::parse);
        let contact = form.optional("contact", draft.contact.as_deref(), Line::parse);
        form.finish(|| {
            Some(Self {
                name: name?,
                role,
                office: office?,
                contact,
            })
        })
    }

    /// How the person is named where others read.
    pub fn credit(&self, consent: Option<&Consent>) -> CreditLine {
        if consent.is_some_and(Consent::is_in_force) {
            let name = Line::parse(self.name.as_str());
            return name.expect("a name is shorter than a credit may be");
        }
        self.office_credit()
    }

    /// How the person's office is named where others read.
    ///
    /// # Panics
    /// Never: an office's name is shorter than a credit may be.
    pub fn office_credit(&self) -> CreditLine {
        let office = self.office.as_str();
        let is_team = fold(office).starts_with("tim ");
        let line = if is_team {
            Line::parse(office)
        } else {
            Line::parse(&format!("Tim {office}"))
        };
        line.expect("an office's name is shorter than a credit may be")
    }
}

impl Consent {
    /// Parses what was typed here; no day is after `today`.
    ///
    /// # Errors
    /// All fields that are missing or out of bounds.
    pub fn parse(text_version: &str, given_on: &str, today: Date) -> Result<Self, FormErrors> {
        let mut form = FormCheck::new(Provenance::Typed);
        let text_version = form.required("textVersion", text_version, Line::parse);
        let given_on = form.day("givenOn", given_on, Some(today));
        form.finish(|| {
            Some(Self {
                text_version: text_version?,
                given_on: given_on?,
                withdrawn_on: None,
            })
        })
    }

    /// The same, taken back.
    ///
    /// # Errors
    /// The day is after `today` or before that on which it was given, or it was taken back already.
    pub fn withdrawn(&self, on: &str, today: Date) -> Result<Self, FormErrors> {
        let mut form = FormCheck::new(Provenance::Typed);
        let on = form.day("withdrawnOn", on, Some(today));
        if let Some(before) = self.withdrawn_on {
            form.refuse(
                "withdrawnOn",
                format_args!("was said already: consent was taken back on {before}"),
            );
        } else if let Some(on) = on
            && self.given_on.is_after(on)
        {
            let given = self.given_on;
            form.refuse(
                "withdrawnOn",
                format_args!("{on} is before consent was given, {given}"),
            );
        }
        form.finish(|| {
            Some(Self {
                withdrawn_on: on,
                ..self.clone()
            })
        })
    }

    /// Whether it counts.
    pub const fn is_in_force(&self) -> bool {
        self.withdrawn_on.is_none()
    }
}

/// The lines that name several people, in their order, each once.
pub fn credit_lines(lines: impl IntoIterator<Item = CreditLine>) -> Vec<CreditLine> {
    let mut told: Vec<CreditLine> = Vec::new();
    for line in lines {
        if !told.contains(&line) {
            told.push(line);
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    const TODAY: Date = time::macros::date!(2026 - 08 - 20);

    fn person(office: &str) -> Person {
        let draft = PersonDraft {
            name: "Sulastri".to_owned(),
            office: office.to_owned(),
            ..PersonDraft::default()
        };
        Person::parse(&draft).unwrap()
    }

    #[test]
    fn a_name_is_shown_while_there_is_consent_and_else_the_office() {
        let consent = Consent::parse("2026-1", "2026-01-05", TODAY).unwrap();
        let gone = consent.withdrawn("2026-02", TODAY).unwrap();
        for (office, consent, expected) in [
            ("Puskesmas Bambu", None, "Tim Puskesmas Bambu"),
            ("Puskesmas Bambu", Some(&consent), "Sulastri"),
            ("Puskesmas Bambu", Some(&gone), "Tim Puskesmas Bambu"),
            ("Tim Inovasi Bambu", None, "Tim Inovasi Bambu"),
            ("TIM Inovasi", Some(&gone), "TIM Inovasi"),
            ("Timur Jaya", None, "Tim Timur Jaya"),
        ] {
            assert_eq!(person(office).credit(consent).as_str(), expected);
        }
        let longest = person(&"x".repeat(200));
        assert_eq!(longest.credit(None).as_str().len(), 204);
    }

    #[test]
    fn every_wrong_field_is_told_at_once() {
        let draft = PersonDraft {
            name: " ".to_owned(),
            role: Some("x".to_owned()),
            office: "x".repeat(201),
            contact: Some("\u{7}ab".to_owned()),
        };
        let errors = Person::parse(&draft).unwrap_err();
        let fields: Vec<_> = errors
            .fields()
            .iter()
            .map(|fault| &fault.field[..])
            .collect();
        assert_eq!(fields, ["name", "role", "office", "contact"]);
        let errors = Consent::parse("", "2027", TODAY).unwrap_err();
        let fields: Vec<_> = errors
            .fields()
            .iter()
            .map(|fault| &fault.field[..])
            .collect();
        assert_eq!(fields, ["textVersion", "givenOn"]);
    }

    #[test]
    fn consent_is_taken_back_once_and_not_before_it_was_given() {
        let consent = Consent::parse("2026-1", "2026-01-05", TODAY).unwrap();
        let told = |on: &str| {
            consent
                .withdrawn(on, TODAY)
                .map_err(|error| error.to_string())
        };
        assert!(told("2026-01-05").is_ok() && told("2026-01").is_ok());
        assert_eq!(
            told("2026-01-04").unwrap_err(),
            "withdrawnOn: 2026-01-04 is before consent was given, 2026-01-05"
        );
        assert!(told("2026-08-21").unwrap_err().contains("after today"));
        let gone = consent.withdrawn("2026-02-01", TODAY).unwrap();
        let again = gone.withdrawn("2026-03-01", TODAY).unwrap_err().to_string();
        assert!(again.contains("taken back on 2026-02-01"), "{again}");
    }

    #[test]
    fn nobody_is_named_twice() {
        let line = |name: &str| Line::parse(name).unwrap();
        let lines = credit_lines([line("Tim A"), line("Sulastri"), line("Tim A")]);
        assert_eq!(lines, [line("Tim A"), line("Sulastri")]);
    }
}

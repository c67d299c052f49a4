//! Dates as people write them in tables.

use anyhow::bail;

/// Indonesian names of months, then the English ones that are not alike in their first three letters.
const MONTHS: [(&str, u8); 18] = [
    ("januari", 1),
    ("februari", 2),
    ("maret", 3),
    ("april", 4),
    ("mei", 5),
    ("juni", 6),
    ("juli", 7),
    ("agustus", 8),
    ("september", 9),
    ("oktober", 10),
    ("november", 11),
    ("nopember", 11),
    ("desember", 12),
    ("may", 5),
    ("agt", 8),
    ("august", 8),
    ("october", 10),
    ("december", 12),
];

/// How a date is written: `YYYY`, `MM`, `DD`, `MMMM` (the month's name) and what stands between, for example `DD/MM/YYYY`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DateForm {
    text: String,
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Year,
    Month,
    MonthName,
    Day,
    Literal(char),
}

impl DateForm {
    /// Reads a form.
    pub(super) fn parse(text: &str) -> anyhow::Result<Self> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(next) = rest.chars().next() {
            let known = [
                ("YYYY", Part::Year),
                ("MMMM", Part::MonthName),
                ("MM", Part::Month),
                ("DD", Part::Day),
            ];
            let found = known.into_iter().find(|(word, _)| rest.starts_with(word));
            let (part, length) = match found {
                Some((word, part)) => (part, word.len()),
                None if next.is_alphabetic() => {
                    bail!("{text:?} is not made of YYYY, MM, MMMM, DD and what stands between")
                }
                None => (Part::Literal(next), next.len_utf8()),
            };
            parts.push(part);
            rest = &rest[length..];
        }
        if !parts.contains(&Part::Year) {
            bail!("{text:?} has no year, YYYY");
        }
        let text = text.to_owned();
        Ok(Self { text, parts })
    }

    /// The form as it was written.
    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// The date in ISO 8601, as exact as it was written; nothing for a text of another form.
    pub(super) fn read(&self, text: &str) -> Option<String> {
        let (mut year, mut month, mut day) = (0, 0, 0);
        let mut rest = text.trim();
        for part in &self.parts {
            match part {
                Part::Year => year = digits(&mut rest, 4, 4)?,
                Part::Month => month = digits(&mut rest, 1, 2)?,
                Part::Day => day = digits(&mut rest, 1, 2)?,
                Part::MonthName => month = month_name(&mut rest)?,
                Part::Literal(' ') => rest = rest.trim_start(),
                Part::Literal(mark) => rest = rest.strip_prefix(*mark)?,
            }
        }
        if !rest.is_empty() {
            return None;
        }
        Some(match (month, day) {
            (0, _) => format!("{year:04}"),
            (month, 0) => format!("{year:04}-{month:02}"),
            (month, day) => format!("{year:04}-{month:02}-{day:02}"),
        })
    }
}

fn digits(rest: &mut &str, least: usize, most: usize) -> Option<u16> {
    let count = rest
        .bytes()
        .take(most)
        .take_while(u8::is_ascii_digit)
        .count();
    if count < least {
        return None;
    }
    let (digits, after) = rest.split_at(count);
    *rest = after;
    digits.parse().ok()
}

fn month_name(rest: &mut &str) -> Option<u16> {
    let end = rest
        .find(|c: char| !c.is_alphabetic())
        .unwrap_or(rest.len());
    let (word, after) = rest.split_at(end);
    let word = word.to_lowercase();
    let is_meant = |name: &str| name.starts_with(&word) && word.len() >= 3;
    let found = MONTHS.iter().find(|(name, _)| is_meant(name))?;
    *rest = after.strip_prefix('.').unwrap_or(after);
    Some(found.1.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_as_they_are_written() {
        let check = |form: &str, text: &str, expected: Option<&str>| {
            let read = DateForm::parse(form).unwrap().read(text);
            assert_eq!(read.as_deref(), expected, "{text:?} as {form}");
        };
        check("DD/MM/YYYY", "4/5/2012", Some("2012-05-04"));
        check("DD/MM/YYYY", "04/05/2012", Some("2012-05-04"));
        check("DD/MM/YYYY", "2012-05-04", None);
        check("DD/MM/YYYY", "04/05/2012 10:00", None);
        check("DD-MM-YYYY", "31-12-2019", Some("2019-12-31"));
        check("MM/YYYY", "7/2020", Some("2020-07"));
        check("YYYY", "2020", Some("2020"));
        check("YYYY", "20201", None);
        check("DD MMMM YYYY", "17 Agustus 2021", Some("2021-08-17"));
        check("DD MMMM YYYY", "1  Mei 2021", Some("2021-05-01"));
        check("DD MMMM YYYY", "3 Des. 2021", Some("2021-12-03"));
        check("MMMM YYYY", "March 2021", None);
        check("DD MMMM YYYY", "3 Xyz 2021", None);
        assert!(DateForm::parse("DD/MM").is_err());
        assert!(DateForm::parse("D/M/YYYY").is_err());
    }
}

//! How values stand in the cells of tables, the same way in and out.
//!
//! A cell whose text a spreadsheet would take for a formula is written with an apostrophe before it, and read without: for
//! what begins with `=`, `+`, `-`, `@`, their wide forms, a tab or a line's end (OWASP, CSV injection), and for what begins
//! with an apostrophe itself, so that nothing is lost. Numbers are written as they are.
//!
//! The items of a list stand on lines of their own in one cell; no item has a line's end in it.

/// What stands between the items of a list in one cell.
pub const BETWEEN_ITEMS: char = '\n';

/// The longest cell of a file that is read, in bytes. The longest text of a record has 24,000.
pub const MOST_CELL_BYTES: usize = 64 * 1024;

/// Whether a spreadsheet might take a text for a formula, or for one that was made harmless.
fn is_risky(text: &str) -> bool {
    text.starts_with([
        '=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠', '\'',
    ])
}

/// Makes a text harmless to spreadsheets.
pub fn harmless(text: &str) -> String {
    if is_risky(text) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

/// Gives the text that was made harmless; any other as it is.
pub fn as_meant(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(text) if is_risky(text) => text,
        _ => cell,
    }
}

/// A source in one cell: its title, then its address in angle brackets.
pub fn source_text(title: &str, url: Option<&str>) -> String {
    match url {
        Some(url) => format!("{title} <{url}>"),
        None if title.ends_with('>') => format!("{title} <>"),
        None => title.to_owned(),
    }
}

/// Takes a source apart: its title and its address.
pub fn source_parts(text: &str) -> (&str, Option<&str>) {
    let parts = text
        .strip_suffix('>')
        .and_then(|text| text.rsplit_once(" <"));
    match parts {
        Some((title, "")) => (title, None),
        Some((title, url)) => (title, Some(url)),
        None => (text, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_made_harmless_and_come_back() {
        let check = |text: &str, cell: &str| {
            assert_eq!(harmless(text), cell);
            assert_eq!(as_meant(cell), text);
        };
        check("Antrean", "Antrean");
        check("", "");
        check("=1+1", "'=1+1");
        check("+62", "'+62");
        check("-nya", "'-nya");
        check("@cmd", "'@cmd");
        check("\t=1", "'\t=1");
        check("＝1", "'＝1");
        check("'=1", "''=1");
        check("''", "'''");
        // An apostrophe that somebody else put before a harmless word stays.
        assert_eq!(as_meant("'kata"), "'kata");
    }

    #[test]
    fn sources_come_back() {
        let check = |title: &str, url: Option<&str>, cell: &str| {
            assert_eq!(source_text(title, url), cell);
            assert_eq!(source_parts(cell), (title, url));
        };
        check("Buku Top 99", None, "Buku Top 99");
        check("Laman", Some("https://a.id/x"), "Laman <https://a.id/x>");
        check("Aneh <satu>", None, "Aneh <satu> <>");
        check(
            "Aneh <satu>",
            Some("https://a.id"),
            "Aneh <satu> <https://a.id>",
        );
    }
}

//! A look at the document's text before it is parsed.
//!
//! The parser calls itself for every bracket and keeps several records for every token, so both are counted first,
//! in one pass. Strings and comments are read as the specification has them (sections 2.1.4 and 2.9.4); a string that
//! does not end is refused here, because everything after it could be read in two ways.

use async_graphql::Pos;

use super::limits::Limits;
use super::refusal::{Refusal, within};

/// Refuses a text with too many tokens or brackets within one another.
pub(super) fn check(text: &str, limits: &Limits) -> Result<(), Refusal> {
    let found = Scan::over(text)?;
    within("tokens", found.tokens, limits.tokens, None)?;
    within(
        "brackets within one another",
        found.deepest,
        limits.brackets,
        None,
    )
}

struct Scan<'a> {
    text: &'a [u8],
    at: usize,
    tokens: usize,
    open: usize,
    deepest: usize,
}

impl<'a> Scan<'a> {
    fn over(text: &'a str) -> Result<Self, Refusal> {
        let mut scan = Self {
            text: text.as_bytes(),
            at: 0,
            tokens: 0,
            open: 0,
            deepest: 0,
        };
        while let Some(&byte) = scan.text.get(scan.at) {
            scan.step(byte)?;
        }
        Ok(scan)
    }

    fn step(&mut self, byte: u8) -> Result<(), Refusal> {
        match byte {
            b' ' | b'\t' | b'\n' | b'\r' | b',' => self.at += 1,
            b'#' => self.skip_while(|byte| byte != b'\n' && byte != b'\r'),
            _ => return self.token(byte),
        }
        Ok(())
    }

    fn token(&mut self, byte: u8) -> Result<(), Refusal> {
        self.tokens += 1;
        match byte {
            b'{' | b'[' | b'(' => {
                self.at += 1;
                self.open += 1;
                self.deepest = self.deepest.max(self.open);
            }
            b'}' | b']' | b')' => {
                self.at += 1;
                self.open = self.open.saturating_sub(1);
            }
            b'"' => return self.string(),
            b'.' => self.skip_while(|byte| byte == b'.'),
            _ if is_word(byte) => self.skip_while(is_word),
            _ => self.at += 1,
        }
        Ok(())
    }

    fn skip_while(&mut self, mut wanted: impl FnMut(u8) -> bool) {
        while self.text.get(self.at).is_some_and(|&byte| wanted(byte)) {
            self.at += 1;
        }
    }

    fn string(&mut self) -> Result<(), Refusal> {
        let start = self.at;
        let end = if self.text[start..].starts_with(br#"""""#) {
            self.block_string_end(start + 3)
        } else {
            self.string_end(start + 1)
        };
        self.at = end.ok_or_else(|| self.unterminated(start))?;
        Ok(())
    }

    fn string_end(&self, mut at: usize) -> Option<usize> {
        loop {
            match self.text.get(at)? {
                b'"' => return Some(at + 1),
                b'\n' | b'\r' => return None,
                b'\\' => at += 2,
                _ => at += 1,
            }
        }
    }

    fn block_string_end(&self, mut at: usize) -> Option<usize> {
        loop {
            let rest = self.text.get(at..).filter(|rest| !rest.is_empty())?;
            if rest.starts_with(br#"""""#) {
                return Some(at + 3);
            }
            at += if rest.starts_with(br#"\""""#) { 4 } else { 1 };
        }
    }

    fn unterminated(&self, start: usize) -> Refusal {
        let before = String::from_utf8_lossy(&self.text[..start]);
        let line = before.rsplit('\n').next().unwrap_or_default();
        Refusal::Parse {
            reason: "a string does not end".to_owned(),
            at: vec![Pos {
                line: before.split('\n').count(),
                column: 1 + line.chars().count(),
            }],
        }
    }
}

/// A byte of a name or number. A sign begins a number and stands inside an exponent; it is nothing else in GraphQL.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'+')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_scan(text: &str, tokens: usize, deepest: usize) {
        let scan = Scan::over(text).expect("every string ends");
        assert_eq!((scan.tokens, scan.deepest), (tokens, deepest), "{text}");
    }

    #[test]
    fn tokens_and_brackets_are_counted_as_the_specification_has_them() {
        check_scan("", 0, 0);
        check_scan("{ hub }", 3, 1);
        check_scan("{a{b{c}}}", 9, 3);
        check_scan("{a}{b}", 6, 1);
        check_scan("query Q($a: [Int!] = [1, -2]) { ...F }", 20, 2);
        check_scan("# { [ (\n{ a }", 3, 1);
        check_scan(r#"{ a(b: "{[(") }"#, 8, 2);
        check_scan(r#"{ a(b: "\"{") }"#, 8, 2);
        check_scan(r#"{ a(b: "") }"#, 8, 2);
        check_scan(r#"{ a(b: """ { " \""" ( """) }"#, 8, 2);
        check_scan("}}}{", 4, 1);
    }

    #[test]
    fn a_string_that_does_not_end_is_refused_where_it_begins() {
        for (text, line, column) in [
            ("{ a(b: \"x", 1, 8),
            ("{\n a(b: \"x\n\") }", 2, 7),
            (r#"{ a(b: ["""x"[[[[ "#, 1, 9),
            (r#"{ a(b: "\"#, 1, 8),
        ] {
            let refusal = check(text, &Limits::default()).unwrap_err();
            let at = vec![Pos { line, column }];
            let reason = "a string does not end".to_owned();
            assert_eq!(refusal, Refusal::Parse { reason, at }, "{text}");
        }
    }

    #[test]
    fn each_bound_is_exact() {
        let limits = Limits {
            tokens: 5,
            brackets: 2,
            ..Limits::default()
        };
        assert_eq!(check("{a{b}", &limits), Ok(()));
        let refused = check("{a{b}}", &limits).unwrap_err().to_string();
        assert_eq!(refused, "the request has 6 tokens; at most 5 are allowed");
        let refused = check("{{{", &limits).unwrap_err().to_string();
        assert_eq!(
            refused,
            "the request has 3 brackets within one another; at most 2 are allowed"
        );
    }
}

//! Choosing between the forms in which a file is stored, from what a browser accepts.

/// A compressed form of a file. The order is the order of preference: smallest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Brotli,
    Gzip,
}

impl Encoding {
    pub(crate) const ALL: [Self; 2] = [Self::Brotli, Self::Gzip];

    /// The name in `Accept-Encoding` and `Content-Encoding` (RFC 9110, section 8.4.1).
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Gzip => "gzip",
        }
    }

    /// What the build adds to the name of the file.
    pub(crate) const fn suffix(self) -> &'static str {
        match self {
            Self::Brotli => ".br",
            Self::Gzip => ".gz",
        }
    }

    /// Whether a header `Accept-Encoding` names this encoding and does not refuse it with `q=0`.
    ///
    /// `*` counts for nothing: only old tools send it, and they are served the plain file.
    pub(crate) fn is_accepted(self, accept_encoding: &str) -> bool {
        accept_encoding.split(',').any(|item| {
            let mut parts = item.split(';').map(str::trim);
            let name = parts.next().unwrap_or_default();
            name.eq_ignore_ascii_case(self.name()) && !parts.any(is_zero)
        })
    }
}

fn is_zero(parameter: &str) -> bool {
    let Some((name, weight)) = parameter.split_once('=') else {
        return false;
    };
    name.trim().eq_ignore_ascii_case("q") && weight.trim().parse() == Ok(0.0_f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_browser_takes() {
        let check = |header, brotli, gzip| {
            assert_eq!(
                Encoding::Brotli.is_accepted(header),
                brotli,
                "br in {header:?}"
            );
            assert_eq!(
                Encoding::Gzip.is_accepted(header),
                gzip,
                "gzip in {header:?}"
            );
        };
        check("", false, false);
        check("gzip, deflate, br, zstd", true, true);
        check("gzip, deflate", false, true);
        check("GZIP;q=1.0,br;q=0.5", true, true);
        check("br;q=0, gzip ; q=0.000", false, false);
        check("brotli, x-gzip, *", false, false);
        check("identity", false, false);
    }
}

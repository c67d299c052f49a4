//! Codes of six digits that an app on a telephone shows (TOTP, RFC 6238): SHA-1, 30 seconds, six digits, since all apps know
//! these and some know nothing else.
//!
//! A code of the step before and of the one after is taken, too: telephones' clocks differ. That no code is taken twice is
//! held where the last step is kept (`storage::accounts::factors`).

use std::fmt::Write as _;

use domain::entropy::Entropy;
use qrcodegen::{QrCode, QrCodeEcc};
use time::OffsetDateTime;
use totp_rs::{Algorithm, Builder, Totp};
use zeroize::Zeroizing;

/// How many bytes a secret has: as many as the hash (RFC 4226, section 4, R6).
pub const SECRET_BYTES: usize = 20;

/// How many digits a code has.
pub const DIGITS: u8 = 6;

/// How long a code is shown, in seconds.
pub const STEP_SECONDS: u64 = 30;

/// What an app and this hub both know.
pub struct TotpSecret(Zeroizing<[u8; SECRET_BYTES]>);

/// What somebody types into an app, or shows to its camera; told once.
pub struct Enrolment {
    /// The address with all that the app needs (`otpauth://totp/…`).
    pub url: Zeroizing<String>,
    /// The secret, for those who type it.
    pub base32: Zeroizing<String>,
    /// The address as a picture in SVG, for a camera.
    pub picture: Zeroizing<String>,
}

impl TotpSecret {
    /// Makes one.
    pub fn make(entropy: &dyn Entropy) -> Self {
        let mut bytes = Zeroizing::new([0; SECRET_BYTES]);
        entropy.fill(&mut *bytes);
        Self(bytes)
    }

    /// Takes what was kept; nothing for what has another length.
    pub fn kept(bytes: &[u8]) -> Option<Self> {
        bytes
            .try_into()
            .ok()
            .map(|bytes| Self(Zeroizing::new(bytes)))
    }

    /// What is kept. Codes are computed from it, so no hash of it would do.
    pub fn as_bytes(&self) -> &[u8] {
        &*self.0
    }

    /// What an app is told, once.
    ///
    /// `account` and `issuer` are what people read in the app; a colon, which the address cannot hold, is shown as a space.
    pub fn enrolment(&self, account: &str, issuer: &str) -> Enrolment {
        let totp = self.totp(account, issuer);
        let url = Zeroizing::new(totp.to_url().expect("all parts are within their bounds"));
        let picture = QrCode::encode_text(&url, QrCodeEcc::Medium);
        Enrolment {
            picture: Zeroizing::new(svg(&picture.expect("the address is short"))),
            base32: Zeroizing::new(totp.secret().to_base32()),
            url,
        }
    }

    /// The step of a code that is right at this moment; nothing for one that is not. Spaces in it do not count.
    pub fn check(&self, code: &str, now: OffsetDateTime) -> Option<u64> {
        let digits = Zeroizing::new(digits_of(code)?);
        let second = u64::try_from(now.unix_timestamp()).ok()?;
        self.totp("account", "issuer").check(&digits, second)
    }

    fn totp(&self, account: &str, issuer: &str) -> Totp {
        let plain = |text: &str| text.replace(':', " ");
        let built = Builder::new()
            .with_algorithm(Algorithm::SHA1)
            .with_digits(DIGITS)
            .with_step_duration(STEP_SECONDS)
            .with_skew(1)
            .with_secret(*self.0)
            .with_account_name(plain(account))
            .with_issuer(Some(plain(issuer)))
            .build();
        built.expect("the secret has the length that is asked for")
    }
}

impl std::fmt::Debug for TotpSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TotpSecret").finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Enrolment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Enrolment").finish_non_exhaustive()
    }
}

/// The digits of what has the form of a code.
pub fn digits_of(code: &str) -> Option<String> {
    let bare: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    let is_code = bare.len() == usize::from(DIGITS) && bare.bytes().all(|c| c.is_ascii_digit());
    is_code.then_some(bare)
}

/// A picture of dark squares, with the margin of four that readers want.
fn svg(code: &QrCode) -> String {
    const MARGIN: i32 = 4;
    let whole = code.size() + 2 * MARGIN;
    let mut path = String::new();
    for y in 0..code.size() {
        for x in (0..code.size()).filter(|x| code.get_module(*x, y)) {
            let (left, top) = (x + MARGIN, y + MARGIN);
            write!(path, "M{left} {top}h1v1h-1z").expect("a string takes all");
        }
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {whole} {whole}\" shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0 0h{whole}v{whole}H0z\"/><path d=\"{path}\"/></svg>"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(second).unwrap()
    }

    /// The secret of RFC 6238, appendix B.
    fn secret() -> TotpSecret {
        TotpSecret::kept(b"12345678901234567890").unwrap()
    }

    #[test]
    fn codes_are_those_of_the_rfc() {
        // Its codes have eight digits; these are the last six of them.
        for (second, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
        ] {
            let step = u64::try_from(second / 30).unwrap();
            assert_eq!(secret().check(code, at(second)), Some(step), "{second}");
        }
    }

    #[test]
    fn a_code_is_taken_a_step_early_and_late_and_no_further() {
        let code = "081804";
        let shown = 1_111_111_109 / 30 * 30;
        for (second, is_taken) in [
            (shown - 31, false),
            (shown - 30, true),
            (shown, true),
            (shown + 59, true),
            (shown + 60, false),
        ] {
            assert_eq!(
                secret().check(code, at(second)).is_some(),
                is_taken,
                "{second}"
            );
        }
    }

    #[test]
    fn what_has_another_form_is_no_code() {
        for other in [
            "",
            "28708",
            "2870822",
            "28708x",
            "２８７０８２",
            "287082287082",
        ] {
            assert_eq!(secret().check(other, at(59)), None, "{other}");
        }
        assert_eq!(secret().check(" 287 082 ", at(59)), Some(1));
        assert!(TotpSecret::kept(&[0; 19]).is_none());
    }

    #[test]
    fn an_app_is_told_what_it_needs() {
        let told = secret().enrolment("siti.rahma", "Simpul hub:13");
        assert_eq!(&*told.base32, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        let url = told.url.as_str();
        assert!(
            url.starts_with("otpauth://totp/Simpul%20hub%2013:siti.rahma?secret=GEZD"),
            "{url}"
        );
        assert!(url.contains("issuer=Simpul%20hub%2013"), "{url}");
        assert!(told.picture.starts_with("<svg ") && told.picture.ends_with("</svg>"));
        assert_eq!(
            format!("{:?} {told:?}", secret()),
            "TotpSecret { .. } Enrolment { .. }"
        );
    }
}

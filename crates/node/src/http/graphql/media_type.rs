//! The media type of an answer, chosen by the client's `Accept` (RFC 9110, section 12.5.1).

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use graphql::guard::ErrorCode;

use super::refused::Refused;

/// The two media types of GraphQL over HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MediaType {
    /// `application/json`: status 200 for every well-formed request, as older clients expect.
    Json,
    /// `application/graphql-response+json`: the status tells requests that were refused from those that ran.
    GraphqlResponse,
}

impl MediaType {
    /// The media type that the client likes best. Without a preference it is the older one.
    pub(super) fn negotiate(headers: &HeaderMap) -> Result<Self, Refused> {
        let mut json = Wish::default();
        let mut graphql_response = Wish::default();
        let mut asked = false;
        for line in headers.get_all(header::ACCEPT) {
            let line = line.to_str().unwrap_or("unreadable");
            asked |= !line.trim().is_empty();
            for range in line.split(',').filter_map(range) {
                json.consider(&range, "json");
                graphql_response.consider(&range, "graphql-response+json");
            }
        }
        if !asked {
            return Ok(Self::Json);
        }
        match (json.quality, graphql_response.quality) {
            (0, 0) => Err(not_acceptable()),
            (liked, better) if better > liked => Ok(Self::GraphqlResponse),
            (liked, better) if better < liked => Ok(Self::Json),
            // Liked alike: whoever names the newer type knows it, whoever says `*/*` may not.
            _ if graphql_response.precision == Precision::Exact => Ok(Self::GraphqlResponse),
            _ => Ok(Self::Json),
        }
    }

    pub(super) const fn content_type(self) -> HeaderValue {
        match self {
            Self::Json => HeaderValue::from_static("application/json; charset=utf-8"),
            Self::GraphqlResponse => {
                HeaderValue::from_static("application/graphql-response+json; charset=utf-8")
            }
        }
    }
}

fn not_acceptable() -> Refused {
    Refused::new(
        StatusCode::NOT_ACCEPTABLE,
        ErrorCode::NotAcceptable,
        "answers are application/graphql-response+json or application/json; Accept allows neither",
    )
}

/// How closely a range of `Accept` describes a media type; the closest range decides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Precision {
    #[default]
    None,
    Anything,
    Application,
    Exact,
}

/// How much the client wants one media type, by the most precise range that describes it.
#[derive(Default)]
struct Wish {
    precision: Precision,
    /// In thousandths.
    quality: u16,
}

impl Wish {
    fn consider(&mut self, range: &Range<'_>, subtype: &str) {
        let precision = range.precision(subtype);
        if precision > self.precision {
            self.precision = precision;
            self.quality = range.quality;
        } else if precision == self.precision && precision != Precision::None {
            self.quality = self.quality.max(range.quality);
        }
    }
}

struct Range<'a> {
    name: &'a str,
    quality: u16,
}

impl Range<'_> {
    fn precision(&self, subtype: &str) -> Precision {
        match self.name.split_once('/') {
            Some(("*", "*")) => Precision::Anything,
            Some((kind, "*")) if kind.eq_ignore_ascii_case("application") => Precision::Application,
            Some((kind, found))
                if kind.eq_ignore_ascii_case("application")
                    && found.eq_ignore_ascii_case(subtype) =>
            {
                Precision::Exact
            }
            _ => Precision::None,
        }
    }
}

/// Reads one range. Those that cannot be read, or ask for another character set, are left out.
fn range(text: &str) -> Option<Range<'_>> {
    let mut parts = text.split(';').map(str::trim);
    let name = parts.next().filter(|name| !name.is_empty())?;
    let mut quality = 1_000;
    for parameter in parts {
        let (key, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        if key.eq_ignore_ascii_case("q") {
            quality = thousandths(value)?;
        } else if key.eq_ignore_ascii_case("charset") && !is_utf8(value) {
            return None;
        }
    }
    Some(Range { name, quality })
}

/// A quality from `0` to `1` with at most three decimals (RFC 9110, section 12.4.2).
fn thousandths(text: &str) -> Option<u16> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    if decimals.len() > 3 || !decimals.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let decimals: u16 = format!("{decimals:0<3}").parse().ok()?;
    match whole {
        "0" => Some(decimals),
        "1" if decimals == 0 => Some(1_000),
        _ => None,
    }
}

/// Whether a `charset` parameter names UTF-8, quoted or not.
pub(super) fn is_utf8(charset: &str) -> bool {
    charset.trim_matches('"').eq_ignore_ascii_case("utf-8")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(accept: &[&str], expected: Option<MediaType>) {
        let mut headers = HeaderMap::new();
        for line in accept {
            headers.append(header::ACCEPT, line.parse().unwrap());
        }
        assert_eq!(MediaType::negotiate(&headers).ok(), expected, "{accept:?}");
    }

    #[test]
    fn the_type_the_client_likes_best_is_chosen() {
        const JSON: Option<MediaType> = Some(MediaType::Json);
        const RESPONSE: Option<MediaType> = Some(MediaType::GraphqlResponse);
        check(&[], JSON);
        check(&[""], JSON);
        check(&["*/*"], JSON);
        check(&["application/*"], JSON);
        check(&["application/json"], JSON);
        check(&["application/graphql-response+json"], RESPONSE);
        check(
            &["Application/GraphQL-Response+JSON; charset=UTF-8"],
            RESPONSE,
        );
        check(&["application/json; charset=\"utf-8\""], JSON);
        check(
            &["application/graphql-response+json, application/json;q=0.9"],
            RESPONSE,
        );
        check(
            &["application/graphql-response+json;q=0.8, application/json;q=0.9"],
            JSON,
        );
        check(
            &["application/json, application/graphql-response+json"],
            RESPONSE,
        );
        check(
            &["application/json", "application/graphql-response+json"],
            RESPONSE,
        );
        check(
            &["text/html, application/graphql-response+json;q=0.1, */*;q=0.05"],
            RESPONSE,
        );
        check(&["text/html, */*;q=0.1"], JSON);
        check(&["application/json;q=0, */*"], RESPONSE);
        check(&["application/graphql-response+json;q=0, */*"], JSON);
        check(&["*/*, application/graphql-response+json;q=0.5"], JSON);
        check(
            &["application/json;q=0.123, application/graphql-response+json;q=0.124"],
            RESPONSE,
        );
    }

    #[test]
    fn no_type_that_is_refused_is_chosen() {
        for accept in [
            "text/html",
            "image/*",
            "application/xml",
            "application/json;q=0",
            "*/*;q=0",
            "application/json; charset=utf-16",
            "application/json;q=2",
            "application/json;q=0.1234",
            "application/json;q=-1",
            "application/json;q=x",
            "application/jsonx",
            "application",
            "*/json",
        ] {
            check(&[accept], None);
        }
    }
}

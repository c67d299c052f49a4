//! The media type of an answer, chosen by the client's `Accept` (RFC 9110, section 12.5.1).
//!
//! A result comes whole, as JSON of one of two types, or as events (GraphQL over Server-Sent Events). Clients that read both name
//! both: results of queries then come whole, those of subscriptions as events.

use axum::http::{HeaderMap, HeaderValue, header};

use super::refused::Refused;

/// The two media types of GraphQL over HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MediaType {
    /// `application/json`: status 200 for every well-formed request, as older clients expect.
    Json,
    /// `application/graphql-response+json`: the status tells requests that were refused from those that ran.
    GraphqlResponse,
}

/// What a client takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Accepted {
    /// The media type of whole answers, if it takes them.
    whole: Option<MediaType>,
    /// Whether it takes events.
    pub(super) events: bool,
    /// Whether it likes them better than a whole answer.
    pub(super) prefers_events: bool,
}

impl Accepted {
    /// The media type of what is told whole: refusals too, whatever the client takes.
    pub(super) fn whole(self) -> MediaType {
        self.whole.unwrap_or(MediaType::Json)
    }

    /// What the client takes. Events only if it names them; without a preference the older type.
    pub(super) fn negotiate(headers: &HeaderMap) -> Result<Self, Refused> {
        let mut json = Wish::of("application", "json");
        let mut graphql_response = Wish::of("application", "graphql-response+json");
        let mut events = Wish::of("text", "event-stream");
        let mut asked = false;
        for line in headers.get_all(header::ACCEPT) {
            let line = line.to_str().unwrap_or("unreadable");
            asked |= !line.trim().is_empty();
            for range in line.split(',').filter_map(range) {
                for wish in [&mut json, &mut graphql_response, &mut events] {
                    wish.consider(&range);
                }
            }
        }
        let whole = match (json.quality, graphql_response.quality) {
            _ if !asked => Some(MediaType::Json),
            (0, 0) => None,
            (liked, better) if better > liked => Some(MediaType::GraphqlResponse),
            (liked, better) if better < liked => Some(MediaType::Json),
            // Liked alike: whoever names the newer type knows it, whoever says `*/*` may not.
            _ if graphql_response.precision == Precision::Exact => Some(MediaType::GraphqlResponse),
            _ => Some(MediaType::Json),
        };
        let takes_events = events.precision == Precision::Exact && events.quality > 0;
        if whole.is_none() && !takes_events {
            return Err(not_acceptable());
        }
        Ok(Self {
            whole,
            events: takes_events,
            prefers_events: takes_events
                && events.quality > json.quality.max(graphql_response.quality),
        })
    }
}

impl MediaType {
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
    Refused::not_acceptable(
        "answers are application/graphql-response+json, application/json or text/event-stream; Accept allows none",
    )
}

/// How closely a range of `Accept` describes a media type; the closest range decides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Precision {
    #[default]
    None,
    Anything,
    Kind,
    Exact,
}

/// How much the client wants one media type, by the most precise range that describes it.
struct Wish {
    kind: &'static str,
    subtype: &'static str,
    precision: Precision,
    /// In thousandths.
    quality: u16,
}

impl Wish {
    const fn of(kind: &'static str, subtype: &'static str) -> Self {
        Self {
            kind,
            subtype,
            precision: Precision::None,
            quality: 0,
        }
    }

    fn consider(&mut self, range: &Range<'_>) {
        let precision = range.precision(self.kind, self.subtype);
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
    fn precision(&self, kind: &str, subtype: &str) -> Precision {
        match self.name.split_once('/') {
            Some(("*", "*")) => Precision::Anything,
            Some((found, _)) if !found.eq_ignore_ascii_case(kind) => Precision::None,
            Some((_, "*")) => Precision::Kind,
            Some((_, found)) if found.eq_ignore_ascii_case(subtype) => Precision::Exact,
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
        let accepted = Accepted::negotiate(&headers).ok();
        assert_eq!(
            accepted.and_then(|found| found.whole),
            expected,
            "{accept:?}"
        );
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
            check_events(accept, None);
        }
    }

    #[track_caller]
    fn check_events(accept: &'static str, expected: Option<(bool, bool)>) {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
        let accepted = Accepted::negotiate(&headers).ok();
        let events = accepted.map(|found| (found.events, found.prefers_events));
        assert_eq!(events, expected, "{accept}");
    }

    #[test]
    fn events_are_for_those_who_name_them() {
        check_events("text/event-stream", Some((true, true)));
        check_events("Text/Event-Stream; charset=utf-8", Some((true, true)));
        check_events("text/event-stream, application/json", Some((true, false)));
        check_events(
            "application/json;q=0.9, text/event-stream",
            Some((true, true)),
        );
        check_events(
            "application/json, text/event-stream;q=0.1",
            Some((true, false)),
        );
        check_events("text/event-stream;q=0, */*", Some((false, false)));
        check_events("*/*", Some((false, false)));
        check_events("text/*, application/json", Some((false, false)));
        check_events("text/*", None);
    }
}

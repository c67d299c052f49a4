//! What people see who come back from a provider: a page that runs nothing and loads nothing.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};

const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

/// Lets nobody keep an answer.
pub(super) fn never_kept(headers: &mut HeaderMap) {
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
}

/// The page from which a browser goes on by itself. A redirect would not do: the browser was sent by another site, and would not
/// show the session's cookie (`SameSite=Strict`) where it arrives; from a page of this hub it does.
pub(super) fn signed_in(to: &str) -> Response {
    let to = escaped(to);
    let onward = format!("<meta http-equiv=\"refresh\" content=\"0;url={to}\">");
    let text = format!("<p><a href=\"{to}\">Anda sudah masuk / You are signed in</a></p>");
    page(StatusCode::OK, &onward, &text)
}

/// The page that says why somebody is not signed in.
pub(super) fn failed(status: StatusCode, why: &str) -> Response {
    let text = format!(
        "<p>Anda belum masuk / You are not signed in: {}</p><p><a href=\"/\">Kembali / Back</a></p>",
        escaped(why)
    );
    page(status, "", &text)
}

fn page(status: StatusCode, head: &str, text: &str) -> Response {
    let html = format!(
        "<!doctype html><html lang=\"id\"><head><meta charset=\"utf-8\"><title>Simpul</title>{head}</head><body>{text}</body></html>\n"
    );
    let kind = HeaderValue::from_static("text/html; charset=utf-8");
    let mut answer = (status, [(header::CONTENT_TYPE, kind)], html).into_response();
    let headers = answer.headers_mut();
    never_kept(headers);
    headers.insert(header::CONTENT_SECURITY_POLICY, POLICY);
    if status == StatusCode::SERVICE_UNAVAILABLE {
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
    }
    answer
}

fn escaped(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    for letter in raw.chars() {
        match letter {
            '&' => text.push_str("&amp;"),
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            '"' => text.push_str("&quot;"),
            '\'' => text.push_str("&#39;"),
            letter => text.push(letter),
        }
    }
    text
}

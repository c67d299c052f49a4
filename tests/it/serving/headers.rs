//! What every answer tells browsers, whichever route gives it, and which pages elsewhere may read answers.

use std::fs;
use std::path::Path;

use reqwest::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_ORIGIN,
    CONTENT_SECURITY_POLICY, HeaderMap, STRICT_TRANSPORT_SECURITY,
};
use reqwest::{Method, Response, StatusCode};

use super::{Served, hub};

/// A request to each route, and to what is none.
const WALK: [(&str, &str); 20] = [
    ("GET", "/"),
    ("GET", "/graphiql"),
    ("GET", "/graphiql/"),
    ("GET", "/graphiql/none.js"),
    ("GET", "/graphql"),
    ("GET", "/graphql?query={hub{name}}"),
    ("POST", "/graphql"),
    ("PUT", "/graphql"),
    ("OPTIONS", "/graphql"),
    ("GET", "/graphql/ws"),
    ("GET", "/export/agencies.csv"),
    ("GET", "/export/none"),
    ("GET", "/auth/none/start"),
    ("GET", "/auth/none/callback?code=a&state=b"),
    ("GET", "/metrics"),
    ("POST", "/metrics"),
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/nowhere"),
    ("TRACE", "/"),
];

async fn send(served: &Served, method: &str, path: &str, headers: &[(&str, &str)]) -> Response {
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    let url = format!("{}{path}", served.url);
    let mut request = client.build().unwrap().request(method, url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap()
}

/// The paths of all routes, as the source has them.
fn routes(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if !path.ends_with("tests") {
                routes(&path, found);
            }
            continue;
        }
        let name = path.file_name().unwrap().to_string_lossy();
        if name.contains("test") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let named = text.split(".route(").skip(1);
        let named = named.filter_map(|rest| rest.split('"').nth(1));
        found.extend(named.map(str::to_owned));
    }
}

#[test]
fn the_walk_leaves_no_route_out() {
    let mut found = Vec::new();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/node/src");
    routes(&source, &mut found);
    assert!(found.len() >= 9, "{found:?}");
    for route in found {
        let (fixed, is_open) = route
            .split_once('{')
            .map_or((&*route, false), |(fixed, _)| (fixed, true));
        let is_walked = WALK.iter().any(|(_, path)| {
            if is_open {
                path.len() > fixed.len() && path.starts_with(fixed)
            } else {
                *path == fixed
            }
        });
        assert!(is_walked, "no request of the walk is to {route}");
    }
}

#[track_caller]
fn check(headers: &HeaderMap, what: &str) {
    for (name, expected) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("x-frame-options", "DENY"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        assert_eq!(
            headers.get(name).map(|value| value.to_str().unwrap()),
            Some(expected),
            "{what}: {name}"
        );
    }
    assert!(
        headers["permissions-policy"]
            .to_str()
            .unwrap()
            .contains("camera=()"),
        "{what}"
    );
    let policies: Vec<_> = headers.get_all(CONTENT_SECURITY_POLICY).iter().collect();
    assert_eq!(policies.len(), 1, "{what}");
    let policy = policies[0].to_str().unwrap();
    for directive in [
        "default-src 'none'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'none'",
    ] {
        assert!(policy.contains(directive), "{what}: {policy}");
    }
    let scripts = policy
        .split(';')
        .find(|part| part.trim().starts_with("script-src"));
    assert!(
        !scripts.unwrap_or_default().contains("unsafe"),
        "{what}: {policy}"
    );
    for name in [
        ACCESS_CONTROL_ALLOW_ORIGIN,
        ACCESS_CONTROL_ALLOW_CREDENTIALS,
    ] {
        assert!(headers.get(&name).is_none(), "{what}: {name}");
    }
}

#[tokio::test]
async fn every_route_says_what_browsers_may_not_do_and_opens_nothing_to_other_pages() {
    let mut served = hub("").await;
    for (method, path) in WALK {
        let origin = [("origin", "https://evil.example")];
        let answer = send(&served, method, path, &origin).await;
        check(answer.headers(), &format!("{method} {path}"));
        assert!(
            answer.headers().get(STRICT_TRANSPORT_SECURITY).is_none(),
            "{path}"
        );
    }
    served.stop().await;
}

#[tokio::test]
async fn refusals_of_what_is_too_much_say_the_same() {
    let mut served = hub("[http.rates]\naddress_per_minute = 1").await;
    send(&served, "GET", "/", &[]).await;
    for path in ["/", "/graphql", "/readyz", "/export/agencies.csv"] {
        let answer = send(&served, "GET", path, &[]).await;
        assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS, "{path}");
        check(answer.headers(), path);
    }
    served.stop().await;
}

#[tokio::test]
async fn browsers_are_held_to_tls_where_there_is_tls() {
    let is_told = async |served: &Served, headers: &[(&str, &str)]| {
        let answer = send(served, "GET", "/healthz", headers).await;
        answer.headers().contains_key(STRICT_TRANSPORT_SECURITY)
    };
    let by_tls = [("x-forwarded-proto", "https")];
    let mut served = hub("").await;
    assert!(is_told(&served, &by_tls).await);
    assert!(!is_told(&served, &[("x-forwarded-proto", "http")]).await);
    served.stop().await;
    let mut served = hub("trusted_proxies = []").await;
    assert!(!is_told(&served, &by_tls).await, "nobody trusted says so");
    served.stop().await;
    let mut served = hub("public_url = \"https://hub.example.go.id\"").await;
    assert!(is_told(&served, &[]).await);
    served.stop().await;
}

#[tokio::test]
async fn pages_elsewhere_read_answers_only_if_they_are_named_and_never_with_cookies() {
    let (portal, evil) = ("https://portal.example.go.id", "https://evil.example");
    let asked = [
        ("access-control-request-method", "POST"),
        (
            "access-control-request-headers",
            "content-type,authorization",
        ),
    ];
    let allowed = async |served: &Served, method: &str, origin: &str| {
        let mut headers = vec![("origin", origin)];
        headers.extend((method == "OPTIONS").then_some(asked).into_iter().flatten());
        let path = "/graphql?query={hub{name}}";
        let answer = send(served, method, path, &headers).await;
        assert!(
            !answer
                .headers()
                .contains_key(ACCESS_CONTROL_ALLOW_CREDENTIALS)
        );
        let told = answer.headers().get(ACCESS_CONTROL_ALLOW_ORIGIN);
        if method == "OPTIONS" && told.is_some_and(|told| told == origin || told == "*") {
            let names = answer.headers()[ACCESS_CONTROL_ALLOW_HEADERS]
                .to_str()
                .unwrap();
            assert!(
                ["authorization", "content-type", "graphql-preflight"]
                    .iter()
                    .all(|name| names.contains(name)),
                "{names}"
            );
        }
        told.map(|told| told.to_str().unwrap().to_owned())
    };
    let mut served = hub(&format!("cors_origins = [\"{portal}\"]")).await;
    for method in ["GET", "OPTIONS"] {
        assert_eq!(
            allowed(&served, method, portal).await.as_deref(),
            Some(portal),
            "{method}"
        );
        assert_eq!(allowed(&served, method, evil).await, None, "{method}");
    }
    served.stop().await;
    let mut served = hub("cors_origins = [\"*\"]").await;
    assert_eq!(allowed(&served, "GET", evil).await.as_deref(), Some("*"));
    let cookie = [
        ("origin", evil),
        ("cookie", "simpul_session=simpul_session_x"),
    ];
    let answer = send(&served, "GET", "/graphql?query={hub{name}}", &cookie).await;
    assert!(
        !answer
            .headers()
            .contains_key(ACCESS_CONTROL_ALLOW_CREDENTIALS)
    );
    served.stop().await;
}

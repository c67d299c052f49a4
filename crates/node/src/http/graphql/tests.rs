//! The front door over HTTP: a table of requests and their answers.

mod limits;
mod too_much;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use futures_util::stream;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::Settings;
use super::test_schema::{TestEndpoint, doubling_fragments, endpoint};

const RESPONSE: &str = "application/graphql-response+json";

/// An answer: status, headers, and its JSON.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Value,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().expect("headers are text"))
    }

    /// The code and message of the only error.
    fn error(&self) -> (&str, &str) {
        let errors = self.body["errors"].as_array().expect("there are errors");
        assert_eq!(errors.len(), 1, "{}", self.body);
        let code = errors[0]["extensions"]["code"]
            .as_str()
            .expect("the error has a code");
        (
            code,
            errors[0]["message"]
                .as_str()
                .expect("the error has a message"),
        )
    }
}

async fn ask(request: Request<Body>) -> Answer {
    let settings = Settings {
        body_bytes: 2_000,
        ..Settings::default()
    };
    let (endpoint, _, _) = endpoint(settings);
    ask_at(&endpoint, request).await
}

async fn ask_at(endpoint: &TestEndpoint, request: Request<Body>) -> Answer {
    let app: Router = Router::new().route("/graphql", endpoint.route());
    let response = app.oneshot(request).await.expect("a route does not fail");
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, usize::MAX)
        .await
        .expect("the answer arrives");
    let answer = Answer {
        status: parts.status,
        headers: parts.headers,
        body: serde_json::from_slice(&bytes).expect("every answer is JSON"),
    };
    check_every_answer(&answer);
    answer
}

/// What holds for every answer, whatever was asked.
#[track_caller]
fn check_every_answer(answer: &Answer) {
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert!(
        answer
            .header("content-type")
            .ends_with("json; charset=utf-8")
    );
    for error in answer.body["errors"].as_array().into_iter().flatten() {
        let message = error["message"]
            .as_str()
            .expect("every error has a message");
        assert!(!message.is_empty());
        assert!(error["extensions"]["code"].is_string(), "{error}");
        for debug in ["Error(", "Err(", "Some(", "{ ", "Pos("] {
            assert!(!message.contains(debug), "{message}");
        }
    }
}

fn post(body: impl Into<Body>) -> Request<Body> {
    let request = Request::post("/graphql").header("content-type", "application/json");
    request.body(body.into()).expect("it is a request")
}

fn get(query: &str) -> Request<Body> {
    let uri = format!("/graphql?{query}");
    Request::get(uri)
        .body(Body::empty())
        .expect("it is a request")
}

fn accepting(media_type: &'static str, mut request: Request<Body>) -> Request<Body> {
    let value = media_type.parse().expect("it is a header");
    request.headers_mut().insert("accept", value);
    request
}

fn query(text: &str) -> String {
    json!({ "query": text }).to_string()
}

#[tokio::test]
async fn a_query_is_answered_under_the_media_type_asked_for() {
    for (accept, content_type) in [
        ("application/json", "application/json; charset=utf-8"),
        ("*/*", "application/json; charset=utf-8"),
        (RESPONSE, "application/graphql-response+json; charset=utf-8"),
    ] {
        let answer = ask(accepting(accept, post(query("{ one }")))).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("content-type"), content_type);
        assert_eq!(answer.body, json!({"data": {"one": 1}}));
    }
}

#[tokio::test]
async fn all_parameters_count_in_a_body_and_in_a_query_string() {
    let two = "query A{one} query B($n:Int!){echo(number:$n)}";
    let body = json!({"query": two, "operationName": "B", "variables": {"n": 7}, "extensions": {"a": 1}, "more": 1});
    let expected = json!({"data": {"echo": 7}});
    assert_eq!(ask(post(body.to_string())).await.body, expected);
    let encoded = "query=query%20A{one}%20query%20B($n:Int!){echo(number:$n)}&operationName=B&variables={%22n%22:7}\
                   &extensions={}&more=1"
        .replace('{', "%7B")
        .replace('}', "%7D");
    assert_eq!(ask(get(&encoded)).await.body, expected);
    let nulls =
        json!({"query": "{one}", "operationName": null, "variables": null, "extensions": null});
    assert_eq!(
        ask(post(nulls.to_string())).await.body,
        json!({"data": {"one": 1}})
    );
    let empty = ask(get("query=%7Bone%7D&operationName=&variables=&extensions=")).await;
    assert_eq!(empty.body, json!({"data": {"one": 1}}));
}

/// Checks that a request is refused under either media type with the same status.
async fn check_refused(make: impl Fn() -> Request<Body>, status: u16, code: &str) -> Answer {
    for accept in ["application/json", RESPONSE] {
        let answer = ask(accepting(accept, make())).await;
        assert_eq!(
            (answer.status.as_u16(), answer.error().0),
            (status, code),
            "{}",
            answer.body
        );
        assert!(answer.body.get("data").is_none());
        assert!(answer.header("content-type").starts_with(accept));
    }
    ask(make()).await
}

#[tokio::test]
async fn what_is_not_a_request_is_a_bad_request() {
    for (body, message) in [
        (
            "",
            "the body is not JSON: EOF while parsing a value at line 1 column 0",
        ),
        (
            "{ \"not a JSON",
            "the body is not JSON: EOF while parsing a string at line 1 column 13",
        ),
        (
            "garbage",
            "the body is not JSON: expected value at line 1 column 1",
        ),
        (
            "{}",
            "the parameter query is missing; a trusted document is named by documentId",
        ),
        (
            r#"{"query": null}"#,
            "the parameter query is missing; a trusted document is named by documentId",
        ),
        (r#"{"query": 1}"#, "query must be a string"),
        (r#"{"query": ["{one}"]}"#, "query must be a string"),
        (
            r#"{"query": "{one}", "operationName": {}}"#,
            "operationName must be a string",
        ),
        (
            r#"{"query": "{one}", "variables": []}"#,
            "variables must be a JSON object",
        ),
        (
            r#"{"query": "{one}", "variables": "{}"}"#,
            "variables must be a JSON object",
        ),
        (
            r#"{"query": "{one}", "extensions": 0}"#,
            "extensions must be a JSON object",
        ),
        (
            r#" [{"query": "{one}"}]"#,
            "batches are not served; send one request at a time",
        ),
        ("[]", "batches are not served; send one request at a time"),
    ] {
        let answer = check_refused(|| post(body), 400, "BAD_REQUEST").await;
        assert_eq!(answer.error().1, message, "{body}");
    }
    for body in [
        "1",
        "\"{one}\"",
        "null",
        r#"{"query": "{one}", "query": "{one}"}"#,
    ] {
        let answer = check_refused(|| post(body), 400, "BAD_REQUEST").await;
        assert!(
            answer
                .error()
                .1
                .starts_with("the body must be one JSON object"),
            "{body}"
        );
    }
    let not_utf8 = b"{\"query\": \"\xff\"}".to_vec();
    check_refused(|| post(not_utf8.clone()), 400, "BAD_REQUEST").await;
    let deep = format!(
        r#"{{"query": "{{one}}", "variables": {{"v": {}{}}}}}"#,
        "[".repeat(200),
        "]".repeat(200)
    );
    check_refused(|| post(deep.clone()), 400, "BAD_REQUEST").await;
}

#[tokio::test]
async fn a_query_string_that_is_no_request_is_a_bad_request() {
    for (given, message) in [
        (
            "",
            "the parameter query is missing; a trusted document is named by documentId",
        ),
        (
            "query=",
            "the parameter query is missing; a trusted document is named by documentId",
        ),
        ("query=%7Bone%7D&query=%7Bone%7D", "query is given twice"),
        (
            "query=%7Bone%7D&variables=1",
            "variables must be a JSON object",
        ),
        (
            "query=%7Bone%7D&variables=%5B%5D",
            "variables must be a JSON object",
        ),
    ] {
        let answer = check_refused(|| get(given), 400, "BAD_REQUEST").await;
        assert_eq!(answer.error().1, message, "{given}");
    }
}

#[tokio::test]
async fn a_hash_without_text_is_refused_in_the_words_apollo_clients_know() {
    let body = r#"{"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "00"}}}"#;
    let answer = check_refused(|| post(body), 400, "PERSISTED_QUERY_NOT_SUPPORTED").await;
    assert_eq!(answer.error().1, "PersistedQueryNotSupported");
}

#[tokio::test]
async fn only_get_and_post_are_served_and_mutations_only_by_post() {
    for method in ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "QUERY"] {
        let request = || {
            Request::builder()
                .method(method)
                .uri("/graphql")
                .body(Body::empty())
                .unwrap()
        };
        let answer = check_refused(request, 405, "METHOD_NOT_ALLOWED").await;
        assert_eq!(answer.header("allow"), "GET, POST");
    }
    let answer = check_refused(
        || get("query=mutation%7Bpublish%7D"),
        405,
        "METHOD_NOT_ALLOWED",
    )
    .await;
    assert_eq!(answer.header("allow"), "POST");
    let two = "query=query%20A%7Bone%7D%20mutation%20B%7Bpublish%7D&operationName=";
    check_refused(|| get(&format!("{two}B")), 405, "METHOD_NOT_ALLOWED").await;
    assert_eq!(
        ask(get(&format!("{two}A"))).await.body,
        json!({"data": {"one": 1}})
    );
    let posted = ask(post(query("mutation { publish }"))).await;
    assert_eq!(posted.body, json!({"data": {"publish": true}}));
}

#[tokio::test]
async fn subscriptions_are_sent_to_the_websocket() {
    let subscription = query("subscription { count(to: 1) }");
    let answer = check_refused(|| post(subscription.clone()), 400, "BAD_REQUEST").await;
    assert!(answer.error().1.contains("graphql-transport-ws"));
    check_refused(
        || get("query=subscription%7Bcount(to:1)%7D"),
        400,
        "BAD_REQUEST",
    )
    .await;
}

#[tokio::test]
async fn an_answer_that_nobody_takes_is_not_given() {
    for request in [post(query("{ one }")), get("query=%7Bone%7D")] {
        let answer = ask(accepting("text/html", request)).await;
        assert_eq!(
            (answer.status.as_u16(), answer.error().0),
            (406, "NOT_ACCEPTABLE")
        );
    }
}

#[tokio::test]
async fn a_body_that_is_not_json_in_utf8_is_not_read() {
    for content_type in [
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/mixed; boundary=x",
        "application/graphql",
        "application/json; charset=utf-16",
        "application/json; charset=latin1",
        "application/jsonx",
    ] {
        let request = || {
            let request = Request::post("/graphql").header("content-type", content_type);
            request.body(Body::from(query("{ one }"))).unwrap()
        };
        check_refused(request, 415, "UNSUPPORTED_MEDIA_TYPE").await;
    }
    let untyped = || {
        Request::post("/graphql")
            .body(Body::from(query("{ one }")))
            .unwrap()
    };
    check_refused(untyped, 415, "UNSUPPORTED_MEDIA_TYPE").await;
    for content_type in [
        "application/json; charset=UTF-8",
        "Application/JSON;charset=\"utf-8\"; x=y",
    ] {
        let request = Request::post("/graphql").header("content-type", content_type);
        let answer = ask(request.body(Body::from(query("{ one }"))).unwrap()).await;
        assert_eq!(answer.status, 200, "{content_type}");
    }
    let compressed = || {
        let mut request = post(query("{ one }"));
        request
            .headers_mut()
            .insert("content-encoding", "gzip".parse().unwrap());
        request
    };
    check_refused(compressed, 415, "UNSUPPORTED_MEDIA_TYPE").await;
}

fn padded(bytes: usize) -> String {
    let body = query("{ one }");
    let padding = " ".repeat(bytes - body.len());
    body + &padding
}

fn in_chunks(body: &str, bytes: usize) -> Body {
    let chunks: Vec<_> = body.as_bytes().chunks(bytes).map(<[u8]>::to_vec).collect();
    Body::from_stream(stream::iter(
        chunks.into_iter().map(Ok::<_, std::io::Error>),
    ))
}

#[tokio::test]
async fn the_bound_on_bodies_is_exact_and_holds_while_reading() {
    for body in [
        Body::from(padded(2_000)),
        in_chunks(&padded(2_000), 7),
        in_chunks(&padded(2_000), 2_000),
    ] {
        assert_eq!(ask(post(body)).await.body, json!({"data": {"one": 1}}));
    }
    check_refused(|| post(padded(2_001)), 413, "TOO_LARGE").await;
    check_refused(|| post(in_chunks(&padded(2_001), 7)), 413, "TOO_LARGE").await;
    check_refused(|| post(in_chunks(&padded(2_001), 2_001)), 413, "TOO_LARGE").await;
    let announced = || {
        let mut request = post(query("{ one }"));
        request
            .headers_mut()
            .insert("content-length", "2001".parse().unwrap());
        request
    };
    check_refused(announced, 413, "TOO_LARGE").await;
}

#[tokio::test]
async fn a_refused_document_has_a_status_only_under_the_newer_media_type() {
    let deep = format!("{{ a {}}}", "{ a ".repeat(40) + &"}".repeat(40));
    for (body, code) in [
        (query("{"), "GRAPHQL_PARSE_FAILED"),
        (query(""), "GRAPHQL_PARSE_FAILED"),
        (query("{ unheardOf }"), "GRAPHQL_VALIDATION_FAILED"),
        (query(&deep), "DOCUMENT_TOO_COMPLEX"),
        (
            query("query A { one } query B { one }"),
            "OPERATION_RESOLUTION_FAILURE",
        ),
        (
            json!({"query": "{ one }", "operationName": "A"}).to_string(),
            "OPERATION_RESOLUTION_FAILURE",
        ),
        (
            query("query($n: Int!) { echo(number: $n) }"),
            "BAD_USER_INPUT",
        ),
        (
            json!({"query": "query($n: Int!) { echo(number: $n) }", "variables": {"n": "1"}})
                .to_string(),
            "BAD_USER_INPUT",
        ),
    ] {
        for (accept, status) in [("application/json", 200), (RESPONSE, 400)] {
            let answer = ask(accepting(accept, post(body.clone()))).await;
            assert_eq!(
                (answer.status.as_u16(), answer.error().0),
                (status, code),
                "{body}"
            );
            assert!(answer.body.get("data").is_none(), "{body}");
        }
    }
    let answer = ask(post(query("{\n  one(\n}"))).await;
    assert_eq!(
        answer.body["errors"][0]["locations"],
        json!([{"line": 3, "column": 1}])
    );
}

#[tokio::test]
async fn failed_fields_leave_the_status_alone() {
    for accept in ["application/json", RESPONSE] {
        let answer = ask(accepting(accept, post(query("{ one fails }")))).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.body["data"], json!({"one": 1, "fails": null}));
        assert_eq!(answer.error(), ("NOT_FOUND", "it failed"));
        assert_eq!(answer.body["errors"][0]["path"], json!(["fails"]));
        let answer = ask(accepting(accept, post(query("{ fails }")))).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.body["data"], json!({"fails": null}));
    }
}

#[tokio::test]
async fn resolvers_see_the_viewer_and_a_wrong_token_goes_no_further() {
    let with_token = |token: &str| {
        let mut request = post(query("{ viewer }"));
        request
            .headers_mut()
            .insert("authorization", token.parse().unwrap());
        request
    };
    assert_eq!(
        ask(post(query("{ viewer }"))).await.body["data"]["viewer"],
        "anybody"
    );
    assert_eq!(
        ask(with_token("Bearer secret")).await.body["data"]["viewer"],
        "operator"
    );
    for token in ["Bearer wrong", "Basic c2VjcmV0", "Bearer \u{e9}"] {
        let answer = check_refused(|| with_token(token), 401, "UNAUTHENTICATED").await;
        assert_eq!(answer.header("www-authenticate"), "Bearer");
    }
}

#[tokio::test]
async fn headers_of_resolvers_reach_the_client() {
    let answer = ask(post(query("{ setsHeader }"))).await;
    assert_eq!(answer.header("x-from-resolver"), "yes");
}

#[tokio::test]
async fn a_panic_is_an_internal_error() {
    let answer = check_refused(|| post(query("{ panics }")), 500, "INTERNAL_SERVER_ERROR").await;
    assert_eq!(answer.error().1, "internal error");
}

#[tokio::test]
async fn a_small_request_that_would_be_a_huge_one_is_refused() {
    let text = doubling_fragments();
    assert!(text.len() < 1_300);
    let answer = ask(accepting(RESPONSE, post(query(&text)))).await;
    assert_eq!(
        (answer.status.as_u16(), answer.error().0),
        (400, "DOCUMENT_TOO_COMPLEX")
    );
}

#[tokio::test]
async fn a_request_to_upgrade_that_cannot_be_is_told_why() {
    let request = |origin: &str| {
        let request = Request::get("/graphql")
            .header("upgrade", "websocket")
            .header("host", "hub.id");
        request
            .header("origin", origin)
            .body(Body::empty())
            .unwrap()
    };
    let answer = ask(request("https://hub.id")).await;
    assert_eq!(
        (answer.status.as_u16(), answer.error().0),
        (400, "BAD_REQUEST")
    );
    let answer = ask(request("https://evil.id")).await;
    assert_eq!(
        (answer.status.as_u16(), answer.error().0),
        (403, "FORBIDDEN")
    );
}

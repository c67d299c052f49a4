//! What is bounded beside the document, and who may ask what.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::*;

fn echo(id: &str) -> Request<Body> {
    post(json!({"documentId": id, "variables": {"n": 7}}).to_string())
}

fn signed_in(mut request: Request<Body>) -> Request<Body> {
    let token = "Bearer session".parse().expect("it is a header");
    request.headers_mut().insert("authorization", token);
    request
}

#[tokio::test]
async fn what_takes_too_long_is_given_up() {
    let (endpoint, _, _) = endpoint(Settings {
        request_time: Duration::from_millis(50),
        ..Settings::default()
    });
    let answer = ask_at(&endpoint, post(query("{ waits }"))).await;
    assert_eq!((answer.status.as_u16(), answer.error().0), (503, "TIMEOUT"));
    let quick = ask_at(&endpoint, post(query("{ one }"))).await;
    assert_eq!(quick.body, json!({"data": {"one": 1}}));
}

#[tokio::test]
async fn an_answer_that_is_too_long_is_not_given() {
    let limited = |answer_bytes| {
        let (endpoint, _, _) = endpoint(Settings {
            answer_bytes,
            ..Settings::default()
        });
        endpoint
    };
    let asked = || accepting(RESPONSE, post(query("{ one }")));
    let body = r#"{"data":{"one":1}}"#;
    let whole = ask_at(&limited(body.len()), asked()).await;
    assert_eq!(whole.body.to_string(), body);
    let refused = ask_at(&limited(body.len() - 1), asked()).await;
    let told = (refused.status.as_u16(), refused.error().0);
    assert_eq!(told, (400, "ANSWER_TOO_LARGE"));
    assert!(refused.body.get("data").is_none());
}

#[tokio::test]
async fn trusted_documents_are_asked_by_their_id() {
    let expected = json!({"data": {"echo": 7}});
    // The SHA-256 of the trusted document, and of `{ one }`, which is none.
    let hash = "87870c604277c601cca5f88d2165d38131a56b942927e1be3ff7bb40bea79c2a";
    let other = "9a8556d6ea9be7030cbf5a72a34d6fe4957fe15bdddc329925ce62f34741225b";
    for id in ["Echo", hash, &format!("sha256:{hash}")] {
        assert_eq!(ask(echo(id)).await.body, expected, "{id}");
    }
    let by_apollo = |hash: &str| {
        let persisted = json!({"persistedQuery": {"version": 1, "sha256Hash": hash}});
        post(json!({"extensions": persisted, "variables": {"n": 7}}).to_string())
    };
    assert_eq!(ask(by_apollo(hash)).await.body, expected);
    let told = ask(by_apollo(other)).await;
    assert_eq!(told.error().1, "PersistedQueryNotSupported");
    let by_get = ask(get("documentId=Echo&variables=%7B%22n%22:7%7D")).await;
    assert_eq!(by_get.body, expected);
    let unknown = ask(echo(other)).await;
    let told = (unknown.status.as_u16(), unknown.error().0);
    assert_eq!(told, (400, "PERSISTED_QUERY_NOT_FOUND"));
    let both = post(json!({"documentId": "Echo", "query": "{ one }"}).to_string());
    assert_eq!(ask(both).await.error().0, "BAD_REQUEST");
}

#[tokio::test]
async fn who_is_given_trusted_documents_only_gets_no_others() {
    let (endpoint, probe, _) = endpoint(Settings::default());
    probe.trusts_only.store(true, Ordering::SeqCst);
    let trusted = ask_at(&endpoint, signed_in(echo("Echo"))).await;
    assert_eq!(trusted.body, json!({"data": {"echo": 7}}));
    let text = "query Echo($n: Int!) { echo(number: $n) }";
    let body = json!({"query": text, "variables": {"n": 7}}).to_string();
    let same = ask_at(&endpoint, signed_in(post(body))).await;
    assert_eq!(same.body, json!({"data": {"echo": 7}}), "by its text too");
    let other = ask_at(&endpoint, signed_in(post(query("{ one }")))).await;
    assert_eq!(other.error().0, "DOCUMENT_NOT_TRUSTED");
    let anybody = ask_at(&endpoint, post(query("{ one }"))).await;
    assert_eq!(anybody.body, json!({"data": {"one": 1}}));
}

#[tokio::test]
async fn the_schema_is_shown_to_those_who_may_see_it() {
    let (endpoint, _, _) = endpoint(Settings::default());
    let asked = [
        "{ __schema { queryType { name } } }",
        "{ one ... { __type(name: \"Query\") { name } } }",
        "query { ...F } fragment F on Query { ...G } fragment G on Query { __schema { description } }",
    ];
    for text in asked {
        let refused = ask_at(&endpoint, signed_in(post(query(text)))).await;
        assert_eq!(refused.error().0, "INTROSPECTION_DISABLED", "{text}");
        let shown = ask_at(&endpoint, post(query(text))).await;
        assert!(shown.body.get("errors").is_none(), "{}", shown.body);
    }
    let plain = ask_at(&endpoint, signed_in(post(query("{ __typename one }")))).await;
    assert_eq!(
        plain.body,
        json!({"data": {"__typename": "Query", "one": 1}})
    );
}

#[tokio::test]
async fn suggestions_are_made_to_those_who_may_see_them() {
    let (endpoint, _, _) = endpoint(Settings::default());
    let wrong = || post(query("{ ones }"));
    let plain = r#"Cannot query field "ones" on type "Query"."#;
    let told = ask_at(&endpoint, signed_in(wrong())).await;
    assert_eq!(told.error().1, plain);
    let told = ask_at(&endpoint, wrong()).await;
    assert_eq!(told.error().1, format!("{plain} Did you mean \"one\"?"));
}

//! What is asked too often, or when there is too much to do.

use std::time::Duration;

use super::super::super::load::Load;
use super::super::test_schema::endpoint_under;
use super::*;
use crate::config::Config;

fn counting(settings: &str) -> TestEndpoint {
    let text = format!("[hub]\nnetwork = \"jipp\"\nid = \"id-13\"\n{settings}");
    let load = Load::new(&Config::parse(&text).expect("the settings are right"));
    endpoint_under(Some(load), Settings::default()).0
}

fn shown(token: &str, mut request: Request<Body>) -> Request<Body> {
    let token = format!("Bearer {token}").parse().expect("it is a header");
    request.headers_mut().insert("authorization", token);
    request
}

/// A request whose body never comes.
fn without_end() -> Request<Body> {
    let body = Body::from_stream(stream::pending::<std::io::Result<Vec<u8>>>());
    let (parts, _) = post(String::new()).into_parts();
    Request::from_parts(parts, body)
}

#[track_caller]
fn check(answer: &Answer, status: u16, code: &str) {
    let told = (answer.status.as_u16(), answer.error().0);
    assert_eq!(told, (status, code));
    let seconds: u64 = answer
        .header("retry-after")
        .parse()
        .expect("it is a number");
    let extensions = &answer.body["errors"][0]["extensions"];
    assert_eq!(extensions["retryAfterSeconds"], seconds);
}

#[tokio::test]
async fn who_asks_too_often_is_told_when_to_come_back_before_anything_is_read() {
    let endpoint = counting("[http.rates]\naddress_per_minute = 6");
    for _ in 0..3 {
        let answer = ask_at(&endpoint, post(query("{ one }"))).await;
        assert_eq!(answer.status, 200);
    }
    check(&ask_at(&endpoint, without_end()).await, 429, "RATE_LIMITED");
    let operator = shown("secret", post(query("{ one }")));
    assert_eq!(ask_at(&endpoint, operator).await.status, 200);
}

#[tokio::test]
async fn who_guesses_tokens_is_not_looked_at_any_more_and_keeps_no_operator_out() {
    let endpoint = counting("[http.rates]\naddress_per_minute = 6");
    let guess = || shown("guess", post(query("{ one }")));
    for _ in 0..3 {
        assert_eq!(ask_at(&endpoint, guess()).await.status, 401);
    }
    check(&ask_at(&endpoint, guess()).await, 429, "RATE_LIMITED");
    let session = shown("session", post(query("{ one }")));
    check(&ask_at(&endpoint, session).await, 429, "RATE_LIMITED");
    let operator = shown("secret", post(query("{ one }")));
    assert_eq!(ask_at(&endpoint, operator).await.status, 200);
}

#[tokio::test]
async fn under_load_whoever_shows_nothing_is_sent_away_before_anything_is_read() {
    let endpoint = counting("[http.limits]\nrequests = 2\nrequests_reserved = 1");
    let busy = endpoint.clone();
    let first = tokio::spawn(async move { ask_at(&busy, post(query("{ waits }"))).await });
    let refused = loop {
        let answer = ask_at(&endpoint, post(query("{ one }"))).await;
        if answer.status != 200 {
            break answer;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    check(&refused, 503, "OVERLOADED");
    check(&ask_at(&endpoint, without_end()).await, 503, "OVERLOADED");
    let operator = || shown("secret", post(query("{ one }")));
    assert_eq!(ask_at(&endpoint, operator()).await.status, 200);
    first.abort();
    drop(first.await);
    let answer = ask_at(&endpoint, post(query("{ one }"))).await;
    assert_eq!(answer.status, 200, "the place was given back");
}

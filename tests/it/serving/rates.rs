//! Who asks too often waits, and nobody else.

use reqwest::Response;
use serde_json::{Value, json};
use testkit::api::{Api, client};

use super::{Served, hub};

const FEW: &str = "[http.rates]\naddress_per_minute = 6\n";

/// How many of twelve requests are answered.
async fn passed(served: &Served, headers: &[(&str, &str)]) -> usize {
    let mut passed = 0;
    for _ in 0..12 {
        passed += usize::from(served.ask(headers).await.status() == 200);
    }
    passed
}

#[tokio::test]
async fn addresses_are_told_apart_behind_a_trusted_proxy_and_only_there() {
    let from = |address| [("x-forwarded-for", address)];
    let mut served = hub(FEW).await;
    assert_eq!(passed(&served, &from("192.0.2.1")).await, 3);
    assert_eq!(passed(&served, &from("192.0.2.2")).await, 3);
    assert_eq!(
        passed(&served, &from("203.0.113.9, 192.0.2.2")).await,
        0,
        "it invents the left one"
    );
    assert_eq!(passed(&served, &from("2001:db8::1")).await, 3);
    assert_eq!(passed(&served, &from("2001:db8::2")).await, 0, "one office");
    served.stop().await;

    let mut served = hub(&format!("trusted_proxies = []\n{FEW}")).await;
    assert_eq!(passed(&served, &from("192.0.2.1")).await, 3);
    assert_eq!(
        passed(&served, &from("192.0.2.2")).await,
        0,
        "a stranger is where it is"
    );
    served.stop().await;
}

#[tokio::test]
async fn a_refusal_says_when_to_come_again_and_leaves_the_operator_alone() {
    let mut served = hub(FEW).await;
    assert_eq!(passed(&served, &[]).await, 3);
    let refused = served.ask(&[]).await;
    assert_eq!(refused.status(), 429);
    let seconds = refused.headers()["retry-after"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(
        (1..=10).contains(&seconds.parse::<u64>().unwrap()),
        "{seconds}"
    );
    let body: Value = refused.json().await.unwrap();
    let extensions = &body["errors"][0]["extensions"];
    assert_eq!(extensions["code"], "RATE_LIMITED", "{body}");
    assert_eq!(extensions["retryAfterSeconds"].to_string(), seconds);
    assert!(body.get("data").is_none());

    let operator = format!("Bearer {}", served.token);
    assert_eq!(passed(&served, &[("authorization", &operator)]).await, 12);
    let wrong = [("authorization", "Bearer simpul_nothing")];
    let statuses = async || served.ask(&wrong).await.status().as_u16();
    for _ in 0..3 {
        assert_eq!(statuses().await, 401);
    }
    assert_eq!(statuses().await, 429, "it is not looked at any more");
    assert_eq!(passed(&served, &[("authorization", &operator)]).await, 12);

    for path in ["graphiql/", "readyz", "metrics", "export/innovations.csv"] {
        let answer = client()
            .get(format!("{}/{path}", served.url))
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 429, "{path}");
    }
    let alive = client()
        .get(format!("{}/healthz", served.url))
        .send()
        .await
        .unwrap();
    assert_eq!(alive.status(), 200, "whether it lives is told at any time");
    served.stop().await;
}

#[tokio::test]
async fn what_was_refused_is_counted_for_machines() {
    let mut served = hub("[http.rates]\naddress_per_minute = 8\n").await;
    assert_eq!(
        passed(&served, &[("x-forwarded-for", "192.0.2.1")]).await,
        4
    );
    let answer = client()
        .get(format!("{}/metrics", served.url))
        .send()
        .await
        .unwrap();
    let text = answer.text().await.unwrap();
    assert!(
        text.contains("simpul_refused_total{what=\"rate\"} 8"),
        "{text}"
    );
    served.stop().await;
}

#[tokio::test]
async fn operations_over_a_socket_count_as_requests() {
    let mut served = hub("[http.rates]\naddress_per_minute = 12\n").await;
    let api = Api::new(client(), &served.url, &served.token);
    let mut socket = api.open_socket(json!({})).await;
    assert_eq!(socket.answered().await.unwrap()["type"], "connection_ack");
    // Six at once: the opening, who it is, and four operations.
    let mut told = Vec::new();
    for _ in 0..6 {
        socket.ask("{ hub { name } }").await;
        let answer = socket.answered().await.unwrap();
        if answer["type"] == "next" {
            assert_eq!(socket.answered().await.unwrap()["type"], "complete");
            told.push("answered".to_owned());
        } else {
            let code = &answer["payload"][0]["extensions"]["code"];
            told.push(code.as_str().unwrap().to_owned());
        }
    }
    assert_eq!(told[..4], ["answered"; 4]);
    assert_eq!(told[4..], ["RATE_LIMITED"; 2]);
    drop(socket);
    // It is where the other was, which has nothing left to open another with.
    let refused = client()
        .get(format!("{}/graphql/ws", served.url))
        .header("connection", "upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
        .send()
        .await
        .unwrap();
    assert_eq!(refused.status(), 429);
    served.stop().await;
}

#[tokio::test]
async fn one_address_has_so_many_sockets() {
    let settings = "trusted_proxies = []\n[http.limits]\nsockets_per_address = 2\n";
    let mut served = hub(settings).await;
    let api = Api::new(client(), &served.url, &served.token);
    let mut open = Vec::new();
    for _ in 0..2 {
        let mut socket = api.open_socket(json!({})).await;
        assert_eq!(socket.answered().await.unwrap()["type"], "connection_ack");
        open.push(socket);
    }
    let upgrade = async || {
        let request = client()
            .get(format!("{}/graphql/ws", served.url))
            .header("connection", "upgrade")
            .header("upgrade", "websocket")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-protocol", "graphql-transport-ws")
            .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(upgrade().await, 503);
    open.pop();
    testkit::patience::eventually("the place of the one that is gone", async || {
        (upgrade().await == 101).then_some(())
    })
    .await;
    served.stop().await;
}

/// The text at a place of an answer without errors.
async fn told(answer: Response, place: &str) -> String {
    let body: Value = answer.json().await.unwrap();
    let found = body.pointer(place).and_then(Value::as_str);
    found.unwrap_or_else(|| panic!("{body}")).to_owned()
}

#[tokio::test]
async fn a_token_and_its_account_have_counts_of_their_own() {
    let settings = "[http.rates]\naccount_per_minute = 10\ntoken_per_minute = 4\n";
    let mut served = hub(settings).await;
    let operator = format!("Bearer {}", served.token);
    let add = "mutation { addAccount(name: \"ani\", display: \"Ani\", roles: [{role: READER}]) { secret } }";
    let added = served.send(&[("authorization", &operator)], add).await;
    let secret = told(added, "/data/addAccount/secret").await;
    let accept = format!(
        "mutation {{ acceptInvitation(invitation: \"{secret}\", password: \"kuda nil makan pisang\") {{ name }} }}"
    );
    let accepted = served.send(&[], &accept).await;
    let cookie = accepted.headers()["set-cookie"].to_str().unwrap();
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let mut tokens = Vec::new();
    for name in ["satu", "dua"] {
        let make =
            format!("mutation {{ createToken(name: \"{name}\", scope: READ) {{ secret }} }}");
        let made = served.send(&[("cookie", &cookie)], &make).await;
        let secret = told(made, "/data/createToken/secret").await;
        tokens.push(format!("Bearer {secret}"));
    }
    // Of five requests of the account two made the tokens, and two are all that one token may ask at once.
    assert_eq!(passed(&served, &[("authorization", &tokens[0])]).await, 2);
    assert_eq!(passed(&served, &[("authorization", &tokens[1])]).await, 1);
    assert_eq!(passed(&served, &[("cookie", &cookie)]).await, 0);
    assert_eq!(
        passed(&served, &[]).await,
        12,
        "whoever shows nothing is counted elsewhere"
    );
    served.stop().await;
}

#[tokio::test]
async fn who_tries_passwords_at_many_accounts_waits_and_others_of_the_hub_do_not() {
    let mut served = hub("[http.rates]\nguesses_per_minute = 6\n").await;
    let guess = async |number: usize, address: &'static str| {
        let document = "mutation($name: String!) { signIn(name: $name, password: \"kata sandi 2026\") { name } }";
        let asked = json!({"query": document, "variables": {"name": format!("orang-{number}")}});
        let url = format!("{}/graphql", served.url);
        let request = client().post(url).json(&asked);
        request
            .header("x-forwarded-for", address)
            .send()
            .await
            .unwrap()
    };
    let code = async |answer: Response| {
        let body: Value = answer.json().await.unwrap();
        body["errors"][0]["extensions"]["code"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    for number in 0..3 {
        let answer = guess(number, "192.0.2.1").await;
        assert_eq!(code(answer).await, "UNAUTHENTICATED");
    }
    let refused = guess(3, "192.0.2.1").await;
    let seconds = refused.headers()["retry-after"].to_str().unwrap();
    assert!(
        (1..=11).contains(&seconds.parse::<u64>().unwrap()),
        "{seconds}"
    );
    assert_eq!(code(refused).await, "RATE_LIMITED");
    assert_eq!(code(guess(4, "192.0.2.2").await).await, "UNAUTHENTICATED");
    let read = served.ask(&[("x-forwarded-for", "192.0.2.1")]).await;
    assert_eq!(read.status(), 200, "reading goes on");
    served.stop().await;
}

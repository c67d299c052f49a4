//! Passwords, sessions and tokens.

use serde_json::{Value, json};
use testkit::Federation;
use testkit::drawing::Drawing;
use testkit::program::Program;

use super::{Browser, PASSWORD, add, code, signed_in};

#[tokio::test]
async fn somebody_chooses_a_password_once_and_signs_in_and_out() {
    let hubs = Federation::of(["a"]).await;
    let (_, invitation) = add(&hubs, "a", "siti", json!([{"role": "CURATOR"}])).await;
    let mut browser = Browser::at(&hubs, "a");
    assert_eq!(browser.is().await, None);
    assert_eq!(
        code(&browser.sign_in("siti", PASSWORD).await),
        "UNAUTHENTICATED"
    );
    let short = browser.accept(&invitation, "pendek").await;
    assert_eq!(code(&short), "BAD_USER_INPUT");
    assert!(short.messages()[0].contains("12 characters"), "{short:?}");
    browser.accept(&invitation, PASSWORD).await.data();
    assert_eq!(browser.is().await.as_deref(), Some("siti"));
    let set = browser.set.clone().unwrap();
    assert!(set.starts_with("simpul=simpul_s_"), "{set}");
    assert!(
        set.ends_with("; Path=/; Max-Age=43200; HttpOnly; SameSite=Strict"),
        "{set}"
    );
    assert_eq!(
        code(&browser.accept(&invitation, PASSWORD).await),
        "BAD_USER_INPUT"
    );

    let before = browser.clone();
    browser.sign_in("siti", PASSWORD).await.data();
    assert_eq!(
        before.clone().is().await,
        None,
        "signing in anew ends the session that the browser had"
    );
    let stolen = browser.clone();
    browser.ask("mutation { signOut }", json!({})).await.data();
    assert_eq!(browser.cookie, None);
    assert_eq!(
        stolen.clone().is().await,
        None,
        "the session is over, not only forgotten"
    );
    browser.sign_in("SITI ", PASSWORD).await.data();
    assert_eq!(browser.is().await.as_deref(), Some("siti"));
}

#[tokio::test]
async fn signing_in_gives_the_cookie_also_where_the_answer_comes_as_events() {
    let hubs = Federation::of(["a"]).await;
    signed_in(&hubs, "a", "siti", json!([])).await;
    let document =
        "mutation($password: String!) { signIn(name: \"siti\", password: $password) { name } }";
    let body = json!({"query": document, "variables": {"password": PASSWORD}});
    let url = format!("{}/graphql", hubs.api("a").url());
    let request = hubs.api("a").http().post(url).json(&body);
    let answer = request.header("accept", "text/event-stream").send().await;
    let answer = answer.unwrap();
    let set = answer.headers().get("set-cookie").cloned();
    let said = answer.text().await.unwrap();
    assert!(
        said.contains("event: next\ndata: {\"data\":{\"signIn\":{\"name\":\"siti\"}}}"),
        "{said}"
    );
    let set = set.expect("the session's cookie is set");
    let mut browser = Browser::at(&hubs, "a");
    let pair = set.to_str().unwrap().split(';').next();
    browser.cookie = pair.map(str::to_owned);
    assert_eq!(browser.is().await.as_deref(), Some("siti"));
}

#[tokio::test]
async fn an_invitation_is_a_link_where_it_is_said_where_browsers_reach_the_hub() {
    let public = "[http]\npublic_url = \"https://hub.example.go.id\"\n";
    let drawing = Drawing::of(["a", "b"]).configured("a", public);
    let hubs = Federation::build(drawing).await;
    let invite =
        "mutation { addAccount(name: \"siti\", display: \"Siti\", roles: []) { secret url } }";
    let at_b = hubs.api("b").mutate(invite, json!({})).await;
    assert_eq!(at_b["addAccount"]["url"], json!(null));
    let at_a = &hubs.api("a").mutate(invite, json!({})).await["addAccount"];
    let secret = at_a["secret"].as_str().unwrap();
    let link = format!("https://hub.example.go.id/invitation#{secret}");
    assert_eq!(at_a["url"], link);
    let (program, settings) = (Program::new(), hubs.settings("a"));
    let arguments = ["--config", &settings, "account", "reset", "siti", "--json"];
    let ran = program
        .command(&arguments)
        .env("SIMPUL_HTTP__PUBLIC_URL", "https://hub.example.go.id")
        .output()
        .await
        .unwrap();
    let told: Value = serde_json::from_slice(&ran.stdout).unwrap();
    let secret = told["invitation"].as_str().unwrap();
    assert_eq!(
        told["link"],
        format!("https://hub.example.go.id/invitation#{secret}")
    );
    let mut browser = Browser::at(&hubs, "b");
    browser.url = hubs.api("a").url().to_owned();
    browser.accept(secret, PASSWORD).await.data();
}

#[tokio::test]
async fn who_guesses_waits_and_an_operator_can_help() {
    let hubs = Federation::of(["a"]).await;
    let (id, invitation) = add(&hubs, "a", "siti", json!([])).await;
    let mut browser = Browser::at(&hubs, "a");
    browser.accept(&invitation, PASSWORD).await.data();
    let wrong = browser.sign_in("siti", "bukan kata sandinya").await;
    let unknown = browser.sign_in("nobody", PASSWORD).await;
    assert_eq!(
        wrong.body, unknown.body,
        "nothing tells which accounts there are"
    );
    for _ in 0..5 {
        browser.sign_in("siti", "bukan kata sandinya").await;
    }
    let paused = browser.sign_in("siti", PASSWORD).await;
    assert_eq!(paused.body, wrong.body, "nor which of them wait");
    let read = "query { accounts { nodes { pausedUntil } } }";
    let listed = hubs.api("a").mutate(read, json!({})).await;
    assert!(
        listed["accounts"]["nodes"][0]["pausedUntil"].is_string(),
        "{listed}"
    );
    let unlock = "mutation($id: ID!) { unlockAccount(id: $id) { pausedUntil } }";
    hubs.api("a").mutate(unlock, json!({ "id": id })).await;
    browser.sign_in("siti", PASSWORD).await.data();
}

#[tokio::test]
async fn who_guesses_many_at_once_waits_too() {
    let hubs = Federation::of(["a"]).await;
    let (_, invitation) = add(&hubs, "a", "siti", json!([])).await;
    let mut browser = Browser::at(&hubs, "a");
    browser.accept(&invitation, PASSWORD).await.data();
    let guesses = (0..30).map(|number| {
        let mut browser = Browser::at(&hubs, "a");
        // The last is right.
        let guess = format!("{PASSWORD}{}", if number == 29 { "" } else { " x" });
        async move { browser.sign_in("siti", &guess).await }
    });
    let answers = futures_util::future::join_all(guesses).await;
    let signed_in = answers.iter().filter(|answer| answer.codes().is_empty());
    assert!(signed_in.count() <= 1);
    let after = Browser::at(&hubs, "a").sign_in("siti", PASSWORD).await;
    assert_eq!(code(&after), "UNAUTHENTICATED", "{after:?}");
}

#[tokio::test]
async fn another_password_signs_everybody_else_out() {
    let hubs = Federation::of(["a"]).await;
    let mut here = signed_in(&hubs, "a", "siti", json!([])).await;
    let mut there = Browser::at(&hubs, "a");
    there.sign_in("siti", PASSWORD).await.data();
    let before = here.clone();
    let change = "mutation($current: String!, $password: String!) {
        changePassword(current: $current, password: $password) { name } }";
    let wrong = json!({"current": "bukan kata sandinya", "password": "gajah terbang ke bulan"});
    assert_eq!(code(&here.ask(change, wrong).await), "UNAUTHENTICATED");
    let right = json!({"current": PASSWORD, "password": "gajah terbang ke bulan"});
    here.ask(change, right).await.data();
    assert_eq!(here.is().await.as_deref(), Some("siti"));
    assert_eq!(there.is().await, None);
    assert_eq!(
        before.clone().is().await,
        None,
        "the session has another secret now"
    );
    assert_eq!(
        code(&there.sign_in("siti", PASSWORD).await),
        "UNAUTHENTICATED"
    );
    there.sign_in("siti", "gajah terbang ke bulan").await.data();
}

#[tokio::test]
async fn sessions_are_seen_and_ended() {
    let hubs = Federation::of(["a"]).await;
    let mut here = signed_in(&hubs, "a", "siti", json!([])).await;
    let mut there = Browser::at(&hubs, "a");
    there.headers = vec![("user-agent", "Peramban Uji/1.0".to_owned())];
    there.sign_in("siti", PASSWORD).await.data();
    let read = "{ viewer { account { sessions { id client isCurrent } } } }";
    let read = here.ask(read, json!({})).await.data();
    let sessions = &read["viewer"]["account"]["sessions"];
    assert_eq!(sessions[0]["client"], "Peramban Uji/1.0");
    let current = [&sessions[0]["isCurrent"], &sessions[1]["isCurrent"]];
    assert_eq!(current, [false, true]);
    let end = "mutation($id: ID!) { endSession(id: $id) }";
    let mut stranger = signed_in(&hubs, "a", "budi", json!([])).await;
    let other = json!({"id": sessions[0]["id"]});
    assert_eq!(
        stranger.ask(end, other.clone()).await.data()["endSession"],
        false
    );
    assert_eq!(here.ask(end, other).await.data()["endSession"], true);
    assert_eq!(there.is().await, None);
}

#[tokio::test]
async fn pages_elsewhere_do_not_act_in_ones_name() {
    let hubs = Federation::of(["a"]).await;
    let browser = signed_in(&hubs, "a", "siti", json!([])).await;
    let host = browser.url.trim_start_matches("http://").to_owned();
    let with = |headers: &[(&'static str, String)]| Browser {
        headers: headers.to_vec(),
        ..browser.clone()
    };
    let own = |origin: String| ("origin", origin);
    for mut elsewhere in [
        with(&[own("https://jahat.example".to_owned())]),
        with(&[own("null".to_owned())]),
        with(&[("sec-fetch-site", "cross-site".to_owned())]),
        with(&[
            ("sec-fetch-site", "same-site".to_owned()),
            own(format!("http://{host}")),
        ]),
    ] {
        let refused = elsewhere.ask("mutation { signOut }", json!({})).await;
        assert_eq!(
            (refused.status, code(&refused)),
            (403, "FORBIDDEN".to_owned())
        );
    }
    for mut here in [
        with(&[own(format!("http://{host}"))]),
        with(&[("sec-fetch-site", "same-origin".to_owned())]),
    ] {
        assert_eq!(here.is().await.as_deref(), Some("siti"));
    }
}

#[tokio::test]
async fn a_token_does_what_its_scope_lets_it() {
    let hubs = Federation::of(["a"]).await;
    let mut browser = signed_in(
        &hubs,
        "a",
        "siti",
        json!([{"role": "STEWARD"}, {"role": "OPERATOR"}]),
    )
    .await;
    let register =
        "mutation { registerAgency(input: {name: \"Dinas Uji\", kind: DEPARTMENT}) { id } }";
    let accounts = "{ accounts { nodes { name } } }";
    let scope = "{ viewer { tokenScope account { name } } }";
    let api = hubs.api("a");
    for (reach, registers, lists) in [
        ("READ", "FORBIDDEN", "FORBIDDEN"),
        ("WRITE", "", "FORBIDDEN"),
        ("MANAGE", "BAD_USER_INPUT", ""),
    ] {
        let token = browser.token(reach).await;
        let ask =
            async |document: &str| api.send(Some(&token), &json!({ "query": document })).await;
        let read = ask(scope).await.data();
        let expected = json!({"viewer": {"tokenScope": reach, "account": {"name": "siti"}}});
        assert_eq!(read, expected);
        let registered = code(&ask(register).await);
        // The second agency of the same name is refused for its name, or taken; it is not forbidden.
        assert_eq!(
            registered == "FORBIDDEN",
            registers == "FORBIDDEN",
            "{reach}: {registered}"
        );
        assert_eq!(code(&ask(accounts).await), lists, "{reach}");
        for own in ["revokeToken", "endSession"] {
            let id = "01a2222c-0034-7ddf-9a69-700548b85ccf";
            let ended = ask(&format!("mutation {{ {own}(id: \"{id}\") }}")).await;
            assert_eq!(code(&ended), "BAD_USER_INPUT", "{own} needs a session");
        }
        let more = "mutation { createToken(name: \"lagi\", scope: MANAGE) { secret } }";
        assert_eq!(
            code(&ask(more).await),
            "BAD_USER_INPUT",
            "a token makes no further one"
        );
    }
    let token = browser.token("READ").await;
    let read = "{ viewer { account { tokens { id scope usedAt } } } }";
    let read = browser.ask(read, json!({})).await.data();
    let newest = &read["viewer"]["account"]["tokens"][0];
    let revoke = "mutation($id: ID!) { revokeToken(id: $id) }";
    browser
        .ask(revoke, json!({"id": newest["id"]}))
        .await
        .data();
    let refused = api.send(Some(&token), &json!({ "query": scope })).await;
    assert_eq!(
        (refused.status, code(&refused)),
        (401, "UNAUTHENTICATED".to_owned())
    );
}

#[tokio::test]
async fn a_disabled_account_is_signed_out() {
    let hubs = Federation::of(["a"]).await;
    let (id, invitation) = add(&hubs, "a", "siti", json!([{"role": "CURATOR"}])).await;
    let mut browser = Browser::at(&hubs, "a");
    browser.accept(&invitation, PASSWORD).await.data();
    let token = browser.token("READ").await;
    let disable = "mutation($id: ID!) { changeAccount(id: $id, revision: 1, isDisabled: true) { isDisabled } }";
    hubs.api("a").mutate(disable, json!({ "id": id })).await;
    assert_eq!(browser.is().await, None);
    assert_eq!(
        code(&browser.sign_in("siti", PASSWORD).await),
        "UNAUTHENTICATED"
    );
    let refused = hubs
        .api("a")
        .send(Some(&token), &json!({"query": "{ hub { id } }"}))
        .await;
    assert_eq!(refused.status, 401);
    let again = hubs
        .api("a")
        .ask_as_operator(disable, json!({ "id": id }))
        .await;
    assert_eq!(code(&again), "CONFLICT");
}

#[tokio::test]
async fn a_socket_ends_with_its_token() {
    let hubs = Federation::of(["a"]).await;
    let mut browser = signed_in(&hubs, "a", "siti", json!([{"role": "READER"}])).await;
    let token = browser.token("READ").await;
    let shown = json!({"Authorization": format!("Bearer {token}")});
    let mut socket = hubs.api("a").open_socket(shown).await;
    assert_eq!(
        socket.answered().await,
        Ok(json!({"type": "connection_ack"}))
    );
    let document = "{ viewer { account { name } } }";
    socket.ask(document).await;
    let heard = socket.next().await;
    assert_eq!(heard["viewer"]["account"]["name"], "siti");
    assert_eq!(socket.answered().await.unwrap()["type"], "complete");
    let read = browser
        .ask("{ viewer { account { tokens { id } } } }", json!({}))
        .await
        .data();
    let revoke = "mutation($id: ID!) { revokeToken(id: $id) }";
    let id = json!({"id": read["viewer"]["account"]["tokens"][0]["id"]});
    browser.ask(revoke, id).await.data();
    socket.ask(document).await;
    assert_eq!(socket.closed().await, 4401);
}

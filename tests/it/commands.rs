//! The real program, command by command: quotas, for whom an import is, who holds a record, and who opens a WebSocket.

use domain::log::SigningKey;
use domain::token;
use node::system::SystemEntropy;
use serde_json::{Value, json};
use testkit::api::{Api, client};
use testkit::patience::eventually;
use testkit::program::{Program, Serving};
use testkit::records::hub_id;
use testkit::store::network;
use time::{Duration, OffsetDateTime};

/// A table with these rows: number, title, and for whom.
fn table(hub: &Program, rows: &[(u32, &str, &str)]) -> String {
    let head = "id,title,agency,agency_type,province_code,audience".to_owned();
    let line = |(number, title, audience): &(u32, &str, &str)| {
        format!("LAN-{number:03},{title},Dinas Satu,PROVINCE,13,{audience}")
    };
    let lines: Vec<String> = std::iter::once(head).chain(rows.iter().map(line)).collect();
    let file = hub.folder().join("rows.csv");
    std::fs::write(&file, lines.join("\n")).unwrap();
    file.to_str().unwrap().to_owned()
}

fn operator(hub: &Program, serving: &Serving) -> Api {
    let token = std::fs::read_to_string(hub.folder().join("operator.token")).unwrap();
    Api::new(client(), &serving.url, token.trim())
}

/// The titles that anyone sees, or the operator, and for whom they are.
async fn titles(api: &Api, as_operator: bool) -> Vec<[String; 2]> {
    let document = "{ innovations(first: 100, orderBy: TITLE_ASC) { nodes { title audience } } }";
    let data = if as_operator {
        api.mutate(document, json!({})).await
    } else {
        api.query(document, json!({})).await
    };
    let nodes = data["innovations"]["nodes"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    nodes
        .iter()
        .map(|node| [text(&node["title"]), text(&node["audience"])])
        .collect()
}

#[tokio::test]
async fn an_import_says_for_whom_each_row_is() {
    let hub = Program::new();
    hub.init("hub-a").await;
    let bad = [
        (1, "Satu", "public"),
        (2, "Dua", "local"),
        (3, "Tiga", "semua"),
    ];
    let refused = hub
        .run(&["import", &table(&hub, &bad), "--dry-run", "--json"])
        .await;
    assert_eq!(refused.code, Some(3));
    let faults = refused.json()["faults"].clone();
    for (place, line, why) in [
        (0, 3, "\"local\" is not possible yet"),
        (1, 4, "\"semua\" is not an audience"),
    ] {
        let fault = &faults[place];
        assert_eq!(
            (&fault["line"], &fault["column"]),
            (&json!(line), &json!("audience"))
        );
        assert!(fault["reason"].as_str().unwrap().contains(why), "{fault}");
    }
    let unknown = hub
        .run(&["import", &table(&hub, &bad), "--audience", "local"])
        .await;
    assert_eq!(unknown.code, Some(2), "{}", unknown.stderr);
    assert!(
        unknown.stderr.contains("is not possible yet"),
        "{}",
        unknown.stderr
    );

    // The row's own word first, then the command's, then everybody.
    let rows = [
        (1, "Satu", ""),
        (2, "Dua", "Network"),
        (3, "Tiga", "public"),
    ];
    let import = ["import", &table(&hub, &rows), "--json"];
    assert_eq!(hub.well(&import).await.json()["created"], 3);
    let serving = hub.serve().await;
    let api = operator(&hub, &serving);
    let pairs = |pairs: &[(&str, &str)]| -> Vec<[String; 2]> {
        pairs
            .iter()
            .map(|(a, b)| [(*a).to_owned(), (*b).to_owned()])
            .collect()
    };
    let expected = pairs(&[("Dua", "NETWORK"), ("Satu", "PUBLIC"), ("Tiga", "PUBLIC")]);
    assert_eq!(titles(&api, true).await, expected);
    let expected = pairs(&[("Satu", "PUBLIC"), ("Tiga", "PUBLIC")]);
    assert_eq!(titles(&api, false).await, expected);
    serving.kill().await;

    let narrowing = [
        "import",
        &table(&hub, &rows),
        "--audience",
        "network",
        "--json",
    ];
    let written = hub.well(&narrowing).await.json();
    assert_eq!(
        (&written["revised"], &written["unchanged"]),
        (&json!(1), &json!(2))
    );
    // Silence changes nothing: what was narrowed stays so.
    let silent = [(1, "Satu sekali", ""), (2, "Dua", ""), (3, "Tiga", "")];
    let written = hub
        .well(&["import", &table(&hub, &silent), "--json"])
        .await
        .json();
    assert_eq!(
        (&written["revised"], &written["unchanged"]),
        (&json!(1), &json!(2))
    );
    let serving = hub.serve().await;
    let api = operator(&hub, &serving);
    let expected = pairs(&[
        ("Dua", "NETWORK"),
        ("Satu sekali", "NETWORK"),
        ("Tiga", "PUBLIC"),
    ]);
    assert_eq!(titles(&api, true).await, expected);
    serving.kill().await;
}

#[tokio::test]
async fn what_is_for_everybody_names_no_agency_that_is_not() {
    let hub = Program::new();
    hub.init("hub-a").await;
    let serving = hub.serve().await;
    let register = "mutation($input: AgencyInput!) { registerAgency(input: $input) { id } }";
    let input = json!({"name": "Dinas Satu", "kind": "PROVINCE_GOV", "region": "13", "audience": "NETWORK"});
    operator(&hub, &serving)
        .mutate(register, json!({ "input": input }))
        .await;
    serving.kill().await;
    let open = [(1, "Satu", "network"), (2, "Dua", "public")];
    let refused = hub.run(&["import", &table(&hub, &open)]).await;
    assert_eq!(refused.code, Some(3));
    let why = "line 3, column audience: agency \"Dinas Satu\" is for the network only";
    assert!(refused.stdout.contains(why), "{}", refused.stdout);
    let all = [(1, "Satu", "network"), (2, "Dua", "network")];
    let written = hub
        .well(&["import", &table(&hub, &all), "--json"])
        .await
        .json();
    assert_eq!(
        (&written["created"], &written["agencies"]),
        (&json!(2), &json!(0))
    );
}

/// Two hubs that serve nothing, and what `init` said of each.
async fn pair() -> [(Program, Value); 2] {
    let (a, b) = (Program::new(), Program::new());
    let (made_a, made_b) = (a.init("hub-a").await, b.init("hub-b").await);
    [(a, made_a), (b, made_b)]
}

async fn add_peer(hub: &Program, url: &str, made: &Value) {
    let fingerprint = made["fingerprint"].as_str().unwrap();
    hub.well(&["peer", "add", url, "--fingerprint", fingerprint])
        .await;
}

/// How a hub stands with one log.
async fn log_of(hub: &Program, origin: &str) -> Value {
    let status = hub.status().await;
    let logs = status["logs"].as_array().unwrap();
    let found = logs.iter().find(|log| log["hub"] == origin);
    found.cloned().unwrap_or_default()
}

fn set(hub: &Program, settings: &str) {
    let file = hub.folder().join("simpul.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let before = text.split("# quota\n").next().unwrap();
    let (head, tail) = before.split_once("[sync]\n").unwrap_or((before, ""));
    std::fs::write(&file, format!("{head}[sync]\n{settings}{tail}")).unwrap();
}

#[tokio::test]
async fn a_log_over_its_quota_is_set_aside_and_taken_up_when_the_quota_is_raised() {
    let [(a, made_a), (b, made_b)] = pair().await;
    let c = Program::new();
    c.init("hub-c").await;
    let many: Vec<(u32, &str, &str)> = (1..=30).map(|number| (number, "Judul", "public")).collect();
    a.well(&["import", &table(&a, &many)]).await;
    b.well(&["import", &table(&b, &[(1, "Kecil", "public")])])
        .await;
    let (serving_a, serving_b) = (a.serve().await, b.serve().await);
    add_peer(&c, &serving_a.url, &made_a).await;
    add_peer(&c, &serving_b.url, &made_b).await;
    let plain = std::fs::read_to_string(c.folder().join("simpul.toml")).unwrap();

    set(&c, "max_entries_per_hub = 10\n");
    let pulled = c.run(&["sync", "--once", "--json"]).await.json();
    for peer in 0..2 {
        assert_eq!(pulled[peer]["error"], Value::Null, "{pulled}");
    }
    let log = log_of(&c, "hub-a").await;
    assert_eq!(
        (&log["state"], &log["size"], &log["newestSeen"]),
        (&json!("Parked"), &json!(0), &json!(32)),
        "{log}"
    );
    assert_eq!(log_of(&c, "hub-b").await["state"], "Proved", "others go on");
    let told = c.run(&["status"]).await.stdout;
    assert!(
        told.contains("hub-a is set aside 32 entries behind"),
        "{told}"
    );
    assert!(told.contains("raise the limits of [sync]"), "{told}");

    // Nothing is new at the peer, and what was set aside comes all the same.
    std::fs::write(c.folder().join("simpul.toml"), &plain).unwrap();
    c.well(&["sync", "--once"]).await;
    let log = log_of(&c, "hub-a").await;
    assert_eq!(
        (&log["state"], &log["size"], &log["parked"]),
        (&json!("Proved"), &json!(32), &Value::Null)
    );

    // Bytes are counted of what is held: the log is there, and takes no more.
    a.well(&["import", &table(&a, &[(31, "Lagi", "public")])])
        .await;
    set(&c, "max_bytes_per_hub = 1000\n");
    c.run(&["sync", "--once"]).await;
    let log = log_of(&c, "hub-a").await;
    assert_eq!(
        (&log["state"], &log["size"], &log["newestSeen"]),
        (&json!("Parked"), &json!(32), &json!(33))
    );
    std::fs::write(c.folder().join("simpul.toml"), &plain).unwrap();
    c.well(&["sync", "--once"]).await;
    let log = log_of(&c, "hub-a").await;
    assert_eq!(
        (&log["state"], &log["size"]),
        (&json!("Proved"), &json!(33))
    );
    c.well(&["verify"]).await;
}

#[tokio::test]
async fn who_holds_a_record_is_told_in_words_and_to_programs() {
    let [(a, made_a), (b, made_b)] = pair().await;
    a.well(&["import", &table(&a, &[(1, "Satu", "public")])])
        .await;
    let (serving_a, serving_b) = (a.serve().await, b.serve().await);
    let api = operator(&a, &serving_a);
    let data = api
        .query("{ innovations { nodes { id } } }", json!({}))
        .await;
    let id = data["innovations"]["nodes"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();

    let alone = a.well(&["who-holds", &id, "--json"]).await.json();
    assert_eq!(
        (&alone["everywhere"], &alone["peers"]),
        (&json!(true), &json!([]))
    );
    serving_a.kill().await;
    add_peer(&a, &serving_b.url, &made_b).await;
    let nobody = a.run(&["who-holds", &id]).await;
    assert_eq!(nobody.code, Some(3), "{}", nobody.stderr);
    assert!(nobody.stdout.contains("0 of 1 peer"), "{}", nobody.stdout);
    assert!(nobody.stdout.contains("hub-b"), "{}", nobody.stdout);
    let told = a.run(&["who-holds", &id, "--json"]).await;
    assert_eq!(told.code, Some(3));
    let told = told.json();
    assert_eq!(
        (
            &told["record"],
            &told["revision"],
            &told["everywhere"],
            &told["erased"]
        ),
        (&json!(id), &json!(1), &json!(false), &json!(false))
    );
    let peer = &told["peers"][0];
    assert_eq!(
        (&peer["hub"], &peer["size"], &peer["confirmed"]),
        (&json!("hub-b"), &json!(0), &json!(false))
    );

    // b pulls a, and then shows a that it holds it.
    let serving_a = a.serve().await;
    add_peer(&b, &serving_a.url, &made_a).await;
    eventually("b shows that it holds it", async || {
        let told = a.run(&["who-holds", &id, "--json"]).await;
        (told.code == Some(0)).then_some(told)
    })
    .await;
    let told = a.well(&["who-holds", &id]).await.stdout;
    assert!(told.contains("1 of 1 peer"), "{told}");
    assert!(told.contains("yes"), "{told}");

    // A later revision is another question, an erasure too.
    let erase = "mutation($id: ID!) { withdrawInnovation(id: $id, revision: 1, reason: ERASURE) }";
    operator(&a, &serving_a)
        .mutate(erase, json!({ "id": id }))
        .await;
    let told = eventually("b confirms the erasure", async || {
        let told = a.run(&["who-holds", &id, "--json"]).await;
        (told.code == Some(0)).then_some(told)
    })
    .await;
    let told = told.json();
    assert_eq!(
        (&told["erased"], &told["revision"]),
        (&json!(true), &json!(2)),
        "{told}"
    );
    for (id, why) in [
        (
            "Innovation:hub-a:01a01d20-4040-7303-8303-030303030303",
            "was never here",
        ),
        ("nonsense", "nonsense"),
    ] {
        let unknown = a.run(&["who-holds", id]).await;
        assert_eq!(unknown.code, Some(1), "{}", unknown.stderr);
        assert!(unknown.stderr.contains(why), "{}", unknown.stderr);
    }
    serving_a.kill().await;
    serving_b.kill().await;
}

#[expect(clippy::disallowed_methods, reason = "the program uses the real clock")]
fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

/// A token with which hub-b asks hub-a, made at a time.
fn bearer(key: &SigningKey, made: OffsetDateTime) -> String {
    let (from, to) = (hub_id("hub-b"), hub_id("hub-a"));
    let token = token::sign(&network(), &from, &to, made, key, &SystemEntropy);
    format!("Bearer {token}")
}

#[tokio::test]
async fn a_socket_with_a_token_that_does_not_count_is_closed_and_not_anybodys() {
    let [(a, _), (b, made_b)] = pair().await;
    a.well(&["pin", "add", "hub-b", made_b["publicKey"].as_str().unwrap()])
        .await;
    a.well(&["import", &table(&a, &[(1, "Rahasia", "network")])])
        .await;
    let key = node::keys::read_key(&b.folder().join("simpul.key"), None).unwrap();
    let serving = a.serve().await;
    let api = Api::new(client(), &serving.url, "");
    let good = bearer(&key, now());
    let mut socket = api.open_socket(json!({ "authorization": good })).await;
    assert_eq!(
        socket.answered().await,
        Ok(json!({"type": "connection_ack"}))
    );
    socket.ask("{ innovations { nodes { title } } }").await;
    let seen = socket.answered().await.unwrap();
    assert!(seen.to_string().contains("Rahasia"), "{seen}");

    let strange = SigningKey::from_seed(&[9; 32]);
    let mut altered = bearer(&key, now());
    altered.insert(20, 'x');
    for (token, why) in [
        (good, "the token was used before"),
        (
            bearer(&key, now() - Duration::minutes(5)),
            "the token ended",
        ),
        (
            bearer(&key, now() + Duration::minutes(5)),
            "the token was made",
        ),
        (bearer(&strange, now()), "the token is not signed by a key"),
        (altered, "the token is not readable"),
        ("Bearer nonsense".to_owned(), "the token is neither"),
        ("nonsense".to_owned(), "the token is neither"),
        (String::new(), "the token is neither"),
    ] {
        let mut socket = api.open_socket(json!({ "authorization": token })).await;
        // Whoever asks at once all the same gets nothing either.
        let (code, reason) = socket.answered().await.unwrap_err();
        assert_eq!(code, 4403, "{token}: {reason}");
        assert!(reason.starts_with(why), "{token}: {reason}");
    }
    // Without one it is anybody's.
    let mut socket = api.open_socket(json!({})).await;
    assert_eq!(
        socket.answered().await,
        Ok(json!({"type": "connection_ack"}))
    );
    socket.ask("{ innovations { nodes { title } } }").await;
    let seen = socket.answered().await.unwrap();
    assert!(!seen.to_string().contains("Rahasia"), "{seen}");
    serving.kill().await;
}

//! The real program: its commands tell the audit, an export proves itself to whoever computes the hashes anew, and nothing that
//! people type stands in the log lines.

use std::path::Path;

use domain::log::Hash;
use serde_json::{Value, json};
use testkit::api::{Api, client};
use testkit::program::{Program, Serving};

fn operator(hub: &Program, serving: &Serving) -> Api {
    let token = std::fs::read_to_string(hub.folder().join("operator.token")).unwrap();
    Api::new(client(), &serving.url, token.trim())
}

/// Computes the hashes of an export anew, without the program's own code for it: SHA-256 of the byte 2, the hash before, the text.
fn recomputed(export: &str) -> (usize, String) {
    let mut lines = export.lines();
    let first: Value = serde_json::from_str(lines.next().unwrap()).unwrap();
    let beginning = format!(
        "simpul-audit/1\n{}\n{}\n",
        first["network"].as_str().unwrap(),
        first["hub"].as_str().unwrap()
    );
    let mut hash = Hash::of(beginning.as_bytes());
    assert_eq!(
        (&first["after"], &first["hash"]),
        (&json!(0), &json!(hash.to_string()))
    );
    let mut count = 0;
    for line in lines {
        let line: Value = serde_json::from_str(line).unwrap();
        let text = line["event"].as_str().unwrap();
        let event: Value = serde_json::from_str(text).unwrap();
        count += 1;
        assert_eq!(event["seq"], count);
        hash = Hash::of(&[&[2], &hash.as_bytes()[..], text.as_bytes()].concat());
        assert_eq!(line["hash"], hash.to_string(), "event {count}");
    }
    (count, hash.to_string())
}

/// What was done, by whom and with what, the oldest first.
async fn listed(hub: &Program) -> Vec<[String; 3]> {
    let told = hub
        .well(&["audit", "list", "--first", "100", "--json"])
        .await
        .json();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let event = |event: &Value| ["action", "actor", "object"].map(|field| text(&event[field]));
    let mut events: Vec<_> = told.as_array().unwrap().iter().map(event).collect();
    events.reverse();
    events
}

#[tokio::test]
async fn commands_are_told_and_the_chain_proves_itself() {
    let hub = Program::new();
    hub.init("hub-a").await;
    let key = testkit::records::key_of(&testkit::records::hub_id("hub-b"))
        .public()
        .to_string();
    for arguments in [
        &[
            "account",
            "add",
            "siti",
            "--display",
            "Siti Rahma",
            "--role",
            "CURATOR",
        ][..],
        &["account", "grant", "siti", "STEWARD"],
        &["account", "revoke", "siti", "STEWARD"],
        &["account", "reset", "siti"],
        &["account", "unlock", "siti"],
        &["token", "add", "siti", "dasbor"],
        &["account", "disable", "siti"],
        &["pin", "add", "hub-b", &key],
        &["pin", "remove", "hub-b"],
        &["deny", "hub-b"],
        &["allow", "hub-b"],
        &["member", "found"],
        &["key", "next"],
        &["key", "rotate", "--unannounced"],
    ] {
        let command = hub
            .command(arguments)
            .env("SUDO_USER", "bu.ani")
            .output()
            .await;
        let ran = command.unwrap();
        assert!(
            ran.status.success(),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&ran.stderr)
        );
    }
    let events = listed(&hub).await;
    let actions: Vec<&str> = events.iter().map(|[action, ..]| action.as_str()).collect();
    assert_eq!(
        actions,
        [
            "CREATE_HUB",
            "ADD_ACCOUNT",
            "ADD_ACCOUNT",
            "CHANGE_ACCOUNT",
            "CHANGE_ACCOUNT",
            "INVITE_ACCOUNT",
            "UNLOCK_ACCOUNT",
            "CREATE_TOKEN",
            "CHANGE_ACCOUNT",
            "ADD_PIN",
            "REMOVE_PIN",
            "DENY_HUB",
            "ALLOW_HUB",
            "FOLLOW_AUTHORITY",
            "ROTATE_KEY"
        ]
    );
    assert_eq!(events[2][1..], ["program:bu.ani", "account:siti"]);
    assert_eq!(events[0][1..], ["program:unknown", "hub:hub-a"]);

    let head = hub.well(&["audit", "head", "--json"]).await.json();
    let head = head["hash"].as_str().unwrap().to_owned();
    let whole = hub.well(&["audit", "verify", "--head", &head]).await;
    assert!(
        whole.stdout.starts_with("whole: 15 events"),
        "{}",
        whole.stdout
    );
    hub.well(&["audit", "export", "--out", "audit.jsonl"]).await;
    let file = hub.folder().join("audit.jsonl");
    let export = std::fs::read_to_string(&file).unwrap();
    assert_eq!(recomputed(&export), (15, head.clone()));
    assert!(!export.contains("Rahma"), "no person is named");
    whole_and_broken(&hub, &file, &export, &head).await;
}

async fn whole_and_broken(hub: &Program, file: &Path, export: &str, head: &str) {
    let verify = ["audit", "verify", "--file", "audit.jsonl", "--head", head];
    let whole = hub.well(&verify).await;
    assert!(
        whole.stdout.contains("what you noted is event 15"),
        "{}",
        whole.stdout
    );
    let lines: Vec<&str> = export.lines().collect();
    let without = |place: usize| {
        let mut lines = lines.clone();
        lines.remove(place);
        lines.join("\n") + "\n"
    };
    for (tampered, told) in [
        (
            export.replace("hub-b", "hub-c"),
            "event 10 is not what was written",
        ),
        (without(4), "event 4 should follow and 5 does"),
        (without(15), "no event has the hash that you noted"),
        (
            export.replacen("hub-a", "hub-z", 1),
            "event 0 is not what was written",
        ),
    ] {
        std::fs::write(file, tampered).unwrap();
        let ran = hub.run(&verify).await;
        assert_eq!(ran.code, Some(3), "{told}");
        assert!(ran.stdout.contains(told), "{told}: {}", ran.stdout);
    }
    std::fs::write(file, export.trim_end()).unwrap();
    let ran = hub.run(&verify).await;
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.contains("cut off"), "{}", ran.stderr);
}

const CANARIES: [&str; 9] = [
    "Kanaria Sutrisna",
    "0812-7777-4242",
    "kanaria@contoh.id",
    "burung kanaria hinggap",
    "kanaria salah sandi",
    "kanaria-bukan-akun",
    "Teks kanaria rahasia",
    "cari kanaria kuning",
    "Catatan kanaria",
];

#[tokio::test]
async fn log_lines_hold_nothing_that_people_type() {
    let hub = Program::new();
    let made = hub.init("hub-a").await;
    let log = hub.folder().join("log.txt");
    let serving = hub.serve_telling("debug", &log).await;
    let api = operator(&hub, &serving);
    let [
        name,
        phone,
        mail,
        password,
        wrong,
        nobody,
        text,
        search,
        note,
    ] = CANARIES;
    let invitation = made["invitation"].as_str().unwrap();
    let accept = "mutation($i: String!, $p: String!) { acceptInvitation(invitation: $i, password: $p) { name } }";
    api.query(accept, json!({"i": invitation, "p": password}))
        .await;
    let sign = "mutation($n: String!, $p: String!) { signIn(name: $n, password: $p) { name } }";
    api.query(sign, json!({"n": made["account"], "p": password}))
        .await;
    api.ask(sign, json!({"n": made["account"], "p": wrong}))
        .await;
    api.ask(sign, json!({"n": nobody, "p": wrong})).await;
    let person = "mutation($p: PersonInput!) { addPerson(input: $p) { id } }";
    for contact in ["lewat kantor", phone, mail] {
        let input = json!({"name": name, "office": "Puskesmas Bambu", "contact": contact});
        api.ask_as_operator(person, json!({ "p": input })).await;
    }
    let agency =
        "mutation { registerAgency(input: {name: \"Dinas Satu\", kind: DEPARTMENT}) { id } }";
    let agency = api.mutate(agency, json!({})).await["registerAgency"]["id"].clone();
    let create =
        "mutation($i: InnovationInput!) { createInnovation(input: $i) { innovation { id } } }";
    for summary in [
        text.to_owned(),
        format!("{text}, hubungi {phone} atau {mail}"),
    ] {
        let input = json!({"title": text, "agency": agency, "summary": summary});
        api.ask_as_operator(create, json!({ "i": input })).await;
    }
    let draft =
        "mutation($t: String!) { draftInnovation(by: \"Dinas Satu\", input: {title: $t}) { id } }";
    let draft = api.mutate(draft, json!({ "t": text })).await["draftInnovation"]["id"].clone();
    let noted =
        "mutation($id: ID!, $n: String!) { noteDraft(id: $id, by: \"Dinas\", note: $n) { id } }";
    api.ask_as_operator(noted, json!({"id": draft, "n": note}))
        .await;
    let find = "query($t: String!) { searchInnovations(text: $t) { totalCount } }";
    api.ask(find, json!({ "t": search })).await;
    // What is wrong in every other way, too: documents, arguments, tokens.
    api.ask(
        &format!("{{ innovation(id: \"{search}\") {{ {} }} }}", "x"),
        json!({}),
    )
    .await;
    api.ask(
        &format!("{{ innovation(id: \"{search}\") {{ id }} }} # {text}"),
        json!({ "x": mail }),
    )
    .await;
    let secret = "simpul_t_kanaria4242kanaria4242kanaria4242kanaria";
    api.send(Some(secret), &json!({"query": "{ __typename }"}))
        .await;
    let operators = std::fs::read_to_string(hub.folder().join("operator.token")).unwrap();
    assert_eq!(serving.stop().await, Some(0));

    let told = std::fs::read_to_string(&log).unwrap();
    assert!(told.contains("DEBUG"), "the log tells all it can: {told}");
    for canary in CANARIES
        .into_iter()
        .chain([invitation, secret, operators.trim()])
    {
        let line = told.lines().find(|line| line.contains(canary));
        assert_eq!(line, None, "{canary}");
    }
    let list = hub.well(&["audit", "list", "--json"]).await.stdout;
    for canary in CANARIES
        .into_iter()
        .chain([invitation, secret, operators.trim()])
    {
        assert!(!list.contains(canary), "{canary} in the audit");
    }
}

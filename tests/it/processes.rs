//! The real program: what people type, what it answers, and what a power cut leaves behind.

use std::path::PathBuf;

use serde_json::{Value, json};
use storage::Location;
use testkit::api::{Api, client};
use testkit::dump::column;
use testkit::patience::eventually;
use testkit::program::Program;
use tokio::process::Child;

/// Rows of the long file: five batches of an import, five pages of a pull.
const ROWS: u64 = 5000;

fn data() -> String {
    concat!(env!("CARGO_MANIFEST_DIR"), "/../data/innovations.jsonl").to_owned()
}

#[tokio::test]
async fn two_hubs_are_set_up_and_share_the_real_records() {
    let (a, b) = (Program::new(), Program::new());
    let made = a.init("hub-a").await;
    b.init("hub-b").await;

    // One row of the file names no agency: that is told, and nothing is written until somebody says so.
    let refused = a.run(&["import", &data(), "--json"]).await;
    assert_eq!(
        (
            refused.code,
            &refused.json()["badRows"],
            &refused.json()["created"]
        ),
        (Some(3), &json!(1), &Value::Null)
    );
    let import = ["import", &data(), "--skip-bad-rows", "--json"];
    let imported = a.run(&import).await.json();
    assert_eq!(
        (&imported["created"], &imported["faults"][0]["column"]),
        (&json!(418), &json!("agency"))
    );
    let again = a.run(&import).await.json();
    assert_eq!(
        (&again["created"], &again["revised"], &again["unchanged"]),
        (&json!(0), &json!(0), &json!(418))
    );

    let serving = a.serve().await;
    let wrong = b
        .run(&["peer", "add", &serving.url, "--fingerprint", "0000 1111"])
        .await;
    assert_eq!(wrong.code, Some(1));
    assert!(
        wrong
            .stderr
            .contains("the fingerprint is not the one you gave"),
        "{}",
        wrong.stderr
    );
    let unasked = b.run(&["peer", "add", &serving.url]).await;
    assert!(
        unasked.stderr.contains("give it with --fingerprint"),
        "{}",
        unasked.stderr
    );
    let fingerprint = made["fingerprint"].as_str().unwrap();
    b.well(&["peer", "add", &serving.url, "--fingerprint", fingerprint])
        .await;
    let pulled = b.well(&["sync", "--once", "--json"]).await.json();
    assert_eq!(
        (
            &pulled[0]["hub"],
            &pulled[0]["error"],
            &pulled[0]["strikes"]
        ),
        (&json!("hub-a"), &Value::Null, &json!(0))
    );
    let status = b.well(&["status", "--json"]).await.json();
    let log = &status["logs"][0];
    assert_eq!(
        (&log["hub"], &log["state"], &log["size"]),
        (&json!("hub-a"), &json!("Proved"), &pulled[0]["entries"])
    );
    assert_eq!(
        (&status["inSync"], &log["lagEntries"], &status["problems"]),
        (&json!(true), &json!(0), &json!([]))
    );
    let told = b.well(&["status"]).await.stdout;
    assert!(
        told.starts_with("in sync: all 2 logs proved, last proved "),
        "{told}"
    );
    let verified = b.well(&["verify", "--json"]).await.json();
    assert_eq!(
        (&verified[0]["entries"], &verified[0]["faults"]),
        (&log["size"], &json!([]))
    );
    assert_eq!(
        serving.stop().await,
        Some(0),
        "an end that was asked for is a good one"
    );

    let away = b.run(&["sync", "--once", "--json"]).await;
    assert_eq!(away.code, Some(3));
    assert!(
        away.json()[0]["error"]
            .as_str()
            .unwrap()
            .contains("cannot be reached")
    );
    let told = b.well(&["status"]).await.stdout;
    let first = told.lines().next().unwrap();
    assert!(first.ends_with("; the only peer is failing"), "{told}");
    assert!(
        told.contains("peer hub-a failed 1 round, the last good one "),
        "{told}"
    );
    check_receipt(&b, made["publicKey"].as_str().unwrap()).await;
}

#[tokio::test]
async fn metrics_are_served_unless_the_settings_say_otherwise() {
    let hub = Program::new();
    hub.init("hub-a").await;
    let file = hub.folder().join("simpul.toml");
    let settings = std::fs::read_to_string(&file).unwrap();
    for (setting, expected) in [("", 200), ("metrics = false\n", 404)] {
        let settings = settings.replace("[http]\n", &format!("[http]\n{setting}"));
        std::fs::write(&file, settings).unwrap();
        let serving = hub.serve().await;
        let answer = client()
            .get(format!("{}/metrics", serving.url))
            .send()
            .await;
        assert_eq!(answer.unwrap().status().as_u16(), expected);
        serving.kill().await;
    }
}

#[tokio::test]
async fn hubs_that_serve_pull_each_other_by_themselves() {
    let (a, b) = (Program::new(), Program::new());
    let (made_a, made_b) = (a.init("hub-a").await, b.init("hub-b").await);
    let (serving_a, serving_b) = (a.serve().await, b.serve().await);
    for (hub, other, url) in [(&a, &made_b, &serving_b.url), (&b, &made_a, &serving_a.url)] {
        let fingerprint = other["fingerprint"].as_str().unwrap();
        hub.well(&["peer", "add", url, "--fingerprint", fingerprint])
            .await;
    }
    for (hub, serving, other, title) in [
        (&a, &serving_a, &serving_b, "From a"),
        (&b, &serving_b, &serving_a, "From b"),
    ] {
        publish(hub, &serving.url, title).await;
        let reader = api(&other.url, "");
        eventually(title, async || {
            let document = "query($words: String) { innovations(filter: {titleWords: $words}) { totalCount } }";
            let found = reader.query(document, json!({ "words": title })).await;
            (found["innovations"]["totalCount"] == 1).then_some(())
        })
        .await;
    }
    assert_eq!(serving_a.stop().await, Some(0));
    assert_eq!(serving_b.stop().await, Some(0));
    for hub in [&a, &b] {
        hub.well(&["status"]).await;
        hub.well(&["verify"]).await;
    }
}

/// Publishes an innovation with the token that `init` wrote.
async fn publish(hub: &Program, url: &str, title: &str) {
    let token = std::fs::read_to_string(hub.folder().join("operator.token")).unwrap();
    let api = api(url, token.trim());
    let document = "mutation($input: AgencyInput!) { registerAgency(input: $input) { id } }";
    let input = json!({"name": "Dinas Satu", "kind": "DEPARTMENT"});
    let agency =
        api.mutate(document, json!({ "input": input })).await["registerAgency"]["id"].clone();
    let document = "mutation($input: InnovationInput!) { createInnovation(input: $input) { innovation { id } } }";
    let input = json!({"title": title, "agency": agency});
    api.mutate(document, json!({ "input": input })).await;
}

fn api(url: &str, token: &str) -> Api {
    Api::new(client(), url, token)
}

/// A receipt of b for a record of a, verified offline in a folder that knows neither.
async fn check_receipt(b: &Program, key_of_a: &str) {
    let serving = b.serve().await;
    let api = api(&serving.url, "");
    let document = r#"{ innovations(filter: {titleWords: "sitarang"}) { nodes { id } } }"#;
    let found = api.query(document, json!({})).await;
    let id = found["innovations"]["nodes"][0]["id"].as_str().unwrap();
    let file = b.folder().join("receipt.json").display().to_string();
    b.well(&["receipt", id, "--out", &file]).await;
    serving.kill().await;

    let nobody = Program::new();
    let proved = nobody
        .well(&["verify-receipt", &file, "--key", key_of_a, "--json"])
        .await
        .json();
    assert_eq!(
        (&proved["proved"], &proved["revision"]),
        (&json!(true), &json!(1))
    );
    let remark = nobody.well(&["verify-receipt", &file]).await;
    assert!(
        remark
            .stdout
            .contains("the receipt's own key; compare its fingerprint"),
        "{}",
        remark.stdout
    );
    let here = b.well(&["verify-receipt", &file]).await;
    assert!(
        here.stdout.contains("the key that this hub trusts"),
        "{}",
        here.stdout
    );

    let forged = std::fs::read_to_string(&file)
        .unwrap()
        .replace("SITARANG", "SITARUNG");
    std::fs::write(nobody.folder().join("forged.json"), forged).unwrap();
    let refused = nobody
        .run(&["verify-receipt", "forged.json", "--key", key_of_a])
        .await;
    assert_eq!(refused.code, Some(3));
    assert!(
        refused.stdout.starts_with("NOT PROVED: "),
        "{}",
        refused.stdout
    );
    let absent = b
        .run(&[
            "receipt",
            "Innovation:hub-a:00000000-0000-7000-8000-000000000000",
        ])
        .await;
    assert_eq!(absent.code, Some(1));
}

#[tokio::test]
async fn what_is_typed_wrongly_is_told_with_an_exit_code() {
    let hub = Program::new();
    let check = async |arguments: &[&str], code: i32, why: &str| {
        let ran = hub.run(arguments).await;
        assert_eq!(ran.code, Some(code), "simpul {arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(why), "{} has no {why}", ran.stderr);
    };
    check(&["status"], 1, "make one with `simpul init`").await;
    check(&["no-such-command"], 2, "no-such-command").await;
    check(&["init", "--hub", "A!"], 2, "is not 2 to 63 characters").await;
    hub.init("hub-a").await;
    check(
        &["init", "--hub", "hub-a", "--name", "Hub A"],
        1,
        "a hub is made once",
    )
    .await;
    check(&["sync", "--once"], 1, "there is no such peer").await;
    check(&["verify", "hub-z"], 1, "no log of hub-z is held here").await;
    check(&["import", "data.xml"], 1, "data.xml").await;
    check(
        &["--database", "mysql://x", "status"],
        1,
        "\"mysql\" is neither",
    )
    .await;

    let file = hub.folder().join("simpul.toml");
    let settings = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{settings}\n[sync]\ninterval_secs = 5\n")).unwrap();
    check(&["status"], 1, "interval_secs").await;
    std::fs::write(&file, settings.replace("hub-a", "hub-b")).unwrap();
    check(&["status"], 1, "the database belongs to hub hub-a").await;
    std::fs::write(&file, &settings).unwrap();
    let mut command = hub.command(&["status"]);
    let output = command
        .env("SIMPUL_SYNC__COLOUR", "red")
        .output()
        .await
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("colour"));
    hub.well(&["status"]).await;
}

#[tokio::test]
async fn the_schema_is_printed_and_the_projection_rebuilt() {
    let hub = Program::new();
    assert_eq!(
        hub.well(&["schema"]).await.stdout.trim_end(),
        graphql::sdl().trim_end()
    );
    hub.init("hub-a").await;
    hub.run(&["import", &data(), "--skip-bad-rows"]).await;
    let location = database(&hub);
    let before = testkit::dump::Dump::read(&location).await;
    hub.well(&["rebuild"]).await;
    assert_eq!(testkit::dump::Dump::read(&location).await, before);
    hub.well(&["verify"]).await;
}

#[tokio::test]
async fn an_import_that_was_killed_is_finished_by_the_next() {
    let hub = Program::new();
    hub.init("hub-a").await;
    let file = long_file(&hub);
    for batch in 1..=2 {
        let import = start(&hub, &["import", &file]);
        kill_at(import, &hub, batch * 1000).await;
        hub.well(&["verify"]).await;
    }
    let held = entries(&hub).await;
    assert!(
        held < ROWS,
        "the import was killed in the middle, at {held}"
    );

    let written = hub.well(&["import", &file, "--json"]).await.json();
    let created = written["created"].as_u64().unwrap();
    assert!(created > 0 && created < ROWS, "{written}");
    assert_eq!(
        (
            created + written["unchanged"].as_u64().unwrap(),
            &written["revised"]
        ),
        (ROWS, &json!(0))
    );
    check_complete(&hub).await;
}

#[tokio::test]
async fn a_pull_that_was_killed_is_finished_by_the_next() {
    let (a, b) = (Program::new(), Program::new());
    let made = a.init("hub-a").await;
    b.init("hub-b").await;
    a.well(&["import", &long_file(&a)]).await;
    let serving = a.serve().await;
    b.well(&[
        "peer",
        "add",
        &serving.url,
        "--fingerprint",
        made["fingerprint"].as_str().unwrap(),
    ])
    .await;
    for page in 1..=2 {
        let pull = start(&b, &["sync", "--once"]);
        kill_at(pull, &b, page * 1000).await;
        b.well(&["verify"]).await;
    }
    let status = b.status().await;
    assert_eq!(
        status["logs"][0]["state"], "CatchingUp",
        "the pull was killed in the middle: {status}"
    );
    let told = b.run(&["status"]).await;
    assert_eq!(told.code, Some(3));
    assert!(
        told.stdout
            .starts_with("NOT in sync: 1 of 2 logs behind, the longest for "),
        "{}",
        told.stdout
    );
    assert!(
        told.stdout
            .contains("pulling goes on, look again after the next round"),
        "{}",
        told.stdout
    );

    b.well(&["sync", "--once"]).await;
    b.well(&["status"]).await;
    assert_eq!(
        entries(&b).await,
        entries(&a).await + 1,
        "and its own first entry"
    );
    check_complete(&b).await;
    let dumps = (
        testkit::dump::Dump::read(&database(&a)).await,
        testkit::dump::Dump::read(&database(&b)).await,
    );
    assert_eq!(dumps.0.table("innovation"), dumps.1.table("innovation"));
    assert_eq!(dumps.0.table("agency"), dumps.1.table("agency"));
    serving.kill().await;
}

/// Every row is there once, and what is stored is what was signed.
async fn check_complete(hub: &Program) {
    let location = database(hub);
    let count = column(
        &location,
        "SELECT CAST(COUNT(DISTINCT value) AS TEXT) || ' of ' || COUNT(*) FROM external_id",
    )
    .await;
    assert_eq!(count, [format!("{ROWS} of {ROWS}")]);
    let count = column(&location, "SELECT CAST(COUNT(*) AS TEXT) FROM innovation").await;
    assert_eq!(count, [ROWS.to_string()]);
    hub.well(&["verify"]).await;
}

fn start(hub: &Program, arguments: &[&str]) -> Child {
    let mut command = hub.command(arguments);
    command
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null());
    command.spawn().expect("the program starts")
}

/// Kills the program as a power cut would, as soon as so many entries are stored.
async fn kill_at(mut program: Child, hub: &Program, held: u64) {
    eventually("some entries are stored", async || {
        (entries(hub).await >= held).then_some(())
    })
    .await;
    program.kill().await.expect("it runs until it is killed");
    assert_eq!(
        program.wait().await.expect("it can be waited for").code(),
        None,
        "it was killed while it worked"
    );
}

async fn entries(hub: &Program) -> u64 {
    let counted = column(&database(hub), "SELECT CAST(COUNT(*) AS TEXT) FROM entry").await;
    counted[0].parse().expect("a count is a number")
}

fn database(hub: &Program) -> Location {
    Location::Sqlite(hub.folder().join("simpul.db"))
}

/// A file of many rows in the shape of the data folder.
fn long_file(hub: &Program) -> String {
    let file: PathBuf = hub.folder().join("long.jsonl");
    let row = |number: u64| {
        let row = json!({
            "id": format!("TEST-{number}"), "title": format!("Inovasi {number}"), "agency": format!("Dinas {}", number % 40),
            "agency_type": "CITY", "province_code": "13", "regency_code": "13.76", "sector": "HEALTH",
            "summary_id": "Ringkasan yang cukup panjang untuk sebuah inovasi pelayanan publik di daerah. ".repeat(8),
        });
        format!("{row}\n")
    };
    let text: String = (0..ROWS).map(row).collect();
    std::fs::write(&file, text).expect("the file can be written");
    file.display().to_string()
}

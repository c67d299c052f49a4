//! The real program on a database that an older one left.

use serde_json::{Value, json};
use storage::Location;
use testkit::fixture;
use testkit::patience::eventually;
use testkit::program::Program;

const BEFORE_MEMBERSHIP: &str = include_str!("../fixtures/before-membership/rows.jsonl");

/// A hub whose database is the older program's.
async fn upgraded() -> (Program, Location) {
    let program = Program::new();
    program.init("hub-b").await;
    let file = program.folder().join("simpul.db");
    std::fs::remove_file(&file).unwrap();
    let location = Location::Sqlite(file);
    fixture::load(&location, 2, BEFORE_MEMBERSHIP).await;
    (program, location)
}

#[tokio::test]
async fn a_node_shows_by_itself_what_the_older_program_could_not_read() {
    let (program, location) = upgraded().await;
    let listed = program.run(&["unprojected", "--json"]).await;
    assert_eq!(listed.code, Some(3), "{}", listed.stderr);
    let listed = listed.json();
    let log = &listed["logs"][0];
    assert_eq!(
        (&listed["waiting"], &log["hub"], &log["total"]),
        (&json!(2), &json!("hub-k"), &json!(2))
    );
    let entry = &log["entries"][0];
    assert_eq!(
        (&entry["place"], &entry["kind"], &entry["reason"]),
        (&json!(7), &json!("membership"), &json!("kind"))
    );
    let words = program.run(&["unprojected", "hub-k"]).await.stdout;
    assert!(
        words.contains("kind membership is not known to this version"),
        "{words}"
    );
    assert!(
        words.contains("2 were noted by an older version"),
        "{words}"
    );

    let serving = program.serve().await;
    eventually("nothing is unprojected", async || {
        let listed = program.run(&["unprojected", "--json"]).await.json();
        (listed["logs"] == json!([]) && listed["waiting"] == 0).then_some(())
    })
    .await;
    assert_eq!(serving.stop().await, Some(0));
    let members =
        testkit::dump::column(&location, "SELECT member FROM member_name ORDER BY member").await;
    assert_eq!(members, ["hub-a", "hub-c"]);
    let words = program.well(&["unprojected"]).await.stdout;
    assert!(
        words.contains("every entry that is held can be read"),
        "{words}"
    );
}

#[tokio::test]
async fn pulling_once_tries_again_too_and_a_newer_database_is_refused() {
    let (program, location) = upgraded().await;
    // The peer is not there; what waits is tried before.
    program.run(&["sync", "--once", "--json"]).await;
    let status = program.status().await;
    let logs = status["logs"].as_array().unwrap();
    assert!(logs.iter().all(|log| log["unprojected"] == 0), "{status}");

    let step = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9999_newer', 0)";
    fixture::change(&location, &[step]).await;
    for command in ["status", "serve", "rebuild"] {
        let refused = program.run(&[command]).await;
        assert_eq!(refused.code, Some(1));
        assert!(
            refused.stderr.contains("install the newer version again"),
            "{}",
            refused.stderr
        );
    }
    let doctor = program.run(&["doctor", "--json"]).await;
    let findings: Value = doctor.json();
    assert!(
        findings
            .to_string()
            .contains("install the newer version again"),
        "{findings}"
    );
}

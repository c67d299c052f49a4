//! What `simpul doctor` finds, with the real program.

use serde_json::Value;
use testkit::program::{Program, Ran};
use testkit::{Drawing, Federation};

/// The verdicts of the checks that are not as they should be, with what they say. Test builds may lack the pages.
fn troubles(ran: &Ran) -> Vec<(String, String, String)> {
    let report = ran.json();
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap().to_owned();
    let checks = report["checks"].as_array().unwrap().iter();
    let amiss = checks.filter(|finding| finding["verdict"] != "ok" && finding["check"] != "pages");
    let told: Vec<_> = amiss
        .map(|finding| {
            (
                text(finding, "check"),
                text(finding, "verdict"),
                text(finding, "says"),
            )
        })
        .collect();
    let is_well = told.iter().all(|(_, verdict, _)| verdict != "fault");
    assert_eq!(report["well"], is_well);
    assert_eq!(
        ran.code,
        Some(if is_well { 0 } else { 3 }),
        "{}",
        ran.stderr
    );
    told
}

fn checks(ran: &Ran) -> Vec<String> {
    let report = ran.json();
    let checks = report["checks"].as_array().unwrap().iter();
    checks
        .map(|finding| finding["check"].as_str().unwrap().to_owned())
        .collect()
}

async fn doctor(hub: &Program) -> Ran {
    hub.run(&["doctor", "--json"]).await
}

#[tokio::test]
async fn a_fresh_hub_is_well() {
    let hub = Program::new();
    hub.init("hub-a").await;
    let ran = doctor(&hub).await;
    assert_eq!(troubles(&ran), []);
    assert_eq!(
        checks(&ran),
        [
            "key",
            "token",
            "disk",
            "journal",
            "durability",
            "file",
            "schema",
            "peers",
            "clock",
            "pages"
        ]
    );
    let told = hub.well(&["doctor"]).await.stdout;
    assert!(
        told.starts_with("ok       key: only its owner can read "),
        "{told}"
    );
}

#[tokio::test]
async fn a_peer_is_well_while_it_answers_as_the_hub_that_was_added() {
    let (a, b) = (Program::new(), Program::new());
    let made = a.init("hub-a").await;
    b.init("hub-b").await;
    let serving = a.serve().await;
    let fingerprint = made["fingerprint"].as_str().unwrap();
    b.well(&["peer", "add", &serving.url, "--fingerprint", fingerprint])
        .await;
    let ran = doctor(&b).await;
    assert_eq!(troubles(&ran), []);
    assert!(checks(&ran).contains(&"peer hub-a".to_owned()));
    assert!(
        ran.stdout.contains("of all peers that told theirs"),
        "{}",
        ran.stdout
    );

    serving.kill().await;
    let told = troubles(&doctor(&b).await);
    let (check, verdict, says) = &told[0];
    assert_eq!((check.as_str(), verdict.as_str()), ("peer hub-a", "fault"));
    assert!(
        says.contains("cannot be reached") && says.contains("check that its node runs"),
        "{says}"
    );
    assert_eq!(
        (told[1].0.as_str(), told[1].1.as_str()),
        ("clock", "warning")
    );
    assert_eq!(told.len(), 2);
}

#[cfg(unix)]
#[tokio::test]
async fn a_key_that_others_can_read_is_a_fault_and_the_rest_is_looked_at() {
    use std::os::unix::fs::PermissionsExt as _;
    let hub = Program::new();
    hub.init("hub-a").await;
    let key = hub.folder().join("simpul.key");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let ran = doctor(&hub).await;
    let told = troubles(&ran);
    assert_eq!((told.len(), told[0].0.as_str()), (1, "key"));
    assert!(
        told[0].2.contains("mode 644") && told[0].2.contains("chmod 600"),
        "{told:?}"
    );
    assert!(checks(&ran).contains(&"clock".to_owned()));
}

#[tokio::test]
async fn a_schema_that_is_older_than_the_program_is_told_and_left_alone() {
    let hub = Program::new();
    hub.init("hub-a").await;
    let file = hub.folder().join("simpul.db");
    let db = sea_orm::Database::connect(format!("sqlite:{}", file.display()))
        .await
        .unwrap();
    for text in [
        "DELETE FROM seaql_migrations WHERE version = 'm0003_behind_since'",
        "ALTER TABLE log DROP COLUMN behind_since",
    ] {
        sea_orm::ConnectionTrait::execute_unprepared(&db, text)
            .await
            .unwrap();
    }
    db.close().await.unwrap();
    for _ in 0..2 {
        let told = troubles(&doctor(&hub).await);
        assert_eq!(
            (told.len(), told[0].0.as_str(), told[0].1.as_str()),
            (1, "schema", "warning")
        );
        assert!(
            told[0].2.starts_with("m0003_behind_since is not yet taken"),
            "{told:?}"
        );
    }
    hub.well(&["status"]).await;
    assert_eq!(troubles(&doctor(&hub).await), []);

    std::fs::remove_file(&file).unwrap();
    let told = troubles(&doctor(&hub).await);
    assert_eq!(
        (told.len(), told[0].0.as_str(), told[0].1.as_str()),
        (1, "database", "fault")
    );
    assert!(!file.exists(), "looking makes no database");
}

//  b ─▶ a (PostgreSQL)
#[tokio::test]
async fn postgres_is_asked_for_its_version_and_whether_it_waits_for_the_disk() {
    let hubs = Federation::build(Drawing::drawn("b -> a").on_postgres("a")).await;
    let settings = hubs.settings("a");
    let ran = Program::new()
        .run(&["--config", &settings, "doctor", "--json"])
        .await;
    assert!(
        ran.stdout.contains("PostgreSQL is "),
        "{}\n{}",
        ran.stdout,
        ran.stderr
    );
    // The test's own server does not wait for the disk.
    let told = troubles(&ran);
    assert_eq!(
        (told.len(), told[0].0.as_str(), told[0].1.as_str()),
        (1, "durability", "fault")
    );
    assert!(told[0].2.contains("fsync = off"), "{told:?}");
    assert!(checks(&ran).contains(&"peer hub-b".to_owned()));
}

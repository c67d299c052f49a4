//! Files of innovations out of a hub and into one: what is given comes back the same, to whom it may, and no further.

use reqwest::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use serde_json::{Value, json};
use testkit::api::Api;
use testkit::patience::eventually;
use testkit::program::{Program, Serving};

/// A hub with samples, some of them for the network only, and one innovation with all that a field can hold.
async fn filled() -> Program {
    let hub = Program::new();
    hub.init("kl-a").await;
    hub.well(&[
        "seed",
        "--innovations",
        "40",
        "--seed",
        "3",
        "--related",
        "0",
    ])
    .await;
    let odd = json!({
        "title": "=HYPERLINK(\"http://x\")", "acronymOf": "'kutip", "agency": {"name": "+Dinas, \"Satu\"; dua", "kind": "DEPARTMENT", "region": "33.72", "website": "https://dinas.go.id/"},
        "audience": "public", "stage": "DEVELOPMENT", "adoption": "APPLIED", "tags": ["-satu", "dua;tiga"], "sdgs": [3, 17], "affairs": ["HEALTH", "SOCIAL"],
        "externalIds": [{"scheme": "IGA", "value": "1:2"}, {"scheme": "LAN", "value": "@9"}], "preconditions": ["=satu", "dua"],
        "sources": [{"title": "Buku <satu>"}, {"title": "Laman", "url": "https://a.go.id/?q=1,2"}], "summary": "Baris satu\nbaris \"dua\", tiga;\n\tempat", "isDigital": false,
        "point": {"lat": -7.25, "lng": 110.5}, "beneficiaries": {"count": 90000, "unit": "warga"}, "sustained": {"answer": "NO", "reason": "-habis"},
        "startedOn": "2019", "trialOn": "2019-05", "implementedOn": "2020-01-31", "nri": "012345", "kind": "METHOD", "form": "OTHER", "initiator": "COMMUNITY", "website": "https://b.go.id/",
    });
    let hidden = json!({
        "title": "Hanya jaringan", "agency": {"name": "Dinas Dua", "kind": "OTHER"}, "stage": "CREATION", "adoption": "TRIAL", "audience": "network",
    });
    import(&hub, "rows.jsonl", &format!("{odd}\n{hidden}\n")).await;
    hub
}

async fn import(hub: &Program, name: &str, text: &str) -> Value {
    let file = hub.folder().join(name);
    std::fs::write(&file, text).unwrap();
    hub.well(&["import", file.to_str().unwrap(), "--json"])
        .await
        .json()
}

/// All that a hub gives as JSON Lines, to its operator.
async fn all(hub: &Program) -> Vec<Value> {
    let out = hub
        .well(&["export", "-", "--format", "jsonl", "--audience", "network"])
        .await
        .stdout;
    out.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The same without what differs between hubs: ids, times and owners.
fn plain(records: &[Value]) -> Vec<Value> {
    let mut plain: Vec<Value> = records.to_vec();
    for record in &mut plain {
        let fields = record.as_object_mut().unwrap();
        for name in ["id", "hub", "revision", "publishedAt", "updatedAt"] {
            fields.remove(name);
        }
        fields["agency"].as_object_mut().unwrap().remove("id");
    }
    plain.sort_by_key(ToString::to_string);
    plain
}

#[tokio::test]
async fn what_is_exported_comes_back_the_same_in_every_format() {
    let hub = filled().await;
    let before = all(&hub).await;
    assert_eq!(before.len(), 42);
    for format in ["csv", "xlsx", "jsonl"] {
        let file = hub.folder().join(format!("out.{format}"));
        let file = file.to_str().unwrap();
        hub.well(&["export", file, "--audience", "network"]).await;
        // At the same hub everything is known by its id.
        let again = hub.well(&["import", file, "--json"]).await.json();
        assert_eq!(
            (
                &again["unchanged"],
                &again["created"],
                &again["revised"],
                &again["agencies"]
            ),
            (&json!(42), &json!(0), &json!(0), &json!(0)),
            "{format}: {again}"
        );
        assert_eq!(again["suspectedDuplicates"], 0, "{format}: {again}");
        // At a hub of the same name that lost all, the same records are made.
        let other = Program::new();
        other.init("kl-a").await;
        let copy = other.folder().join(format!("in.{format}"));
        std::fs::copy(file, &copy).unwrap();
        let copied = other
            .well(&["import", copy.to_str().unwrap(), "--json"])
            .await
            .json();
        assert_eq!(copied["created"], 42, "{format}: {copied}");
        let after = all(&other).await;
        assert_eq!(plain(&after), plain(&before), "{format}");
        let ids = |records: &[Value]| {
            let mut ids: Vec<_> = records
                .iter()
                .map(|record| record["id"].to_string())
                .collect();
            ids.sort();
            ids
        };
        assert_eq!(ids(&after), ids(&before), "{format}");
        other.well(&["verify"]).await;
    }
    // Another hub owns none of these records.
    let other = Program::new();
    other.init("kl-b").await;
    let copy = other.folder().join("in.csv");
    std::fs::copy(hub.folder().join("out.csv"), &copy).unwrap();
    let refused = other
        .run(&["import", copy.to_str().unwrap(), "--json"])
        .await;
    assert_eq!(
        (refused.code, &refused.json()["badRows"]),
        (Some(3), &json!(42))
    );
}

#[tokio::test]
async fn spreadsheets_get_no_formulas() {
    let hub = filled().await;
    let file = hub.folder().join("out.csv");
    hub.well(&["export", file.to_str().unwrap()]).await;
    let text = std::fs::read_to_string(&file).unwrap();
    let odd = text
        .lines()
        .find(|line| line.contains("HYPERLINK"))
        .unwrap();
    for cell in ["'=HYPERLINK", "''kutip", "'+Dinas"] {
        assert!(odd.contains(cell), "{cell} is not in {odd}");
    }
    assert!(text.contains(",-7.25,110.5,"), "numbers are as they are");
}

#[tokio::test]
async fn a_row_that_comes_again_revises_and_a_private_one_needs_a_word() {
    let hub = Program::new();
    hub.init("kl-a").await;
    let row = |title: &str, summary: &str| {
        json!({"id": "LAN-1", "title": title, "agency": "Dinas", "summary_id": summary}).to_string()
    };
    let made = import(&hub, "one.jsonl", &row("Antrean Daring", "Mudah.")).await;
    assert_eq!((&made["created"], &made["revised"]), (&json!(1), &json!(0)));
    let dry = hub.folder().join("two.jsonl");
    std::fs::write(&dry, row("Antrean Luring", "Mudah.")).unwrap();
    let dry = ["import", dry.to_str().unwrap(), "--json"];
    let told = hub.well(&[&dry[..], &["--dry-run"]].concat()).await.json();
    assert_eq!(
        (&told["revised"], &told["isDryRun"]),
        (&json!(1), &json!(true))
    );
    let told = hub.well(&dry).await.json();
    assert_eq!(
        (&told["revised"], &told["isDryRun"]),
        (&json!(1), &json!(false))
    );
    assert_eq!(all(&hub).await[0]["title"], "Antrean Luring");

    let private = hub.folder().join("three.jsonl");
    std::fs::write(&private, row("Antrean Luring", "Hubungi 0812-3456-7890.")).unwrap();
    let private = ["import", private.to_str().unwrap()];
    let refused = hub.run(&private).await;
    assert_eq!(refused.code, Some(3));
    for why in [
        "line 1, summary: PHONE \"0812-3456-7890\"",
        "say --acknowledge-personal-data",
    ] {
        assert!(refused.stdout.contains(why), "{}", refused.stdout);
    }
    assert_eq!(all(&hub).await[0]["summary"], "Mudah.");
    let acknowledged = [&private[..], &["--acknowledge-personal-data"]].concat();
    hub.run(&acknowledged).await;
    assert_eq!(all(&hub).await[0]["summary"], "Hubungi 0812-3456-7890.");

    let twin = json!({"id": "LAN-2", "title": "Antrean  luring!", "agency": "Dinas"}).to_string();
    let file = hub.folder().join("four.jsonl");
    std::fs::write(&file, twin).unwrap();
    let told = hub.run(&["import", file.to_str().unwrap()]).await;
    assert!(
        told.stdout
            .contains("line 1: \"Antrean  luring!\" is like record "),
        "{}",
        told.stdout
    );
    assert!(
        told.stdout.contains("of the same agency, 100 %"),
        "{}",
        told.stdout
    );
    assert!(
        told.stdout.contains("1 innovations created"),
        "{}",
        told.stdout
    );
}

#[tokio::test]
async fn a_row_that_comes_again_keeps_what_it_does_not_tell_and_moves_in_the_open() {
    let hub = Program::new();
    hub.init("kl-a").await;
    let row = |more: Value| {
        let mut row = json!({
            "title": "Rumah Belajar", "agency": {"name": "Dinas", "kind": "OTHER"}, "stage": "CREATION", "adoption": "TRIAL",
            "externalIds": [{"scheme": "LAN", "value": "1"}],
        });
        for (name, value) in more.as_object().unwrap() {
            row[name] = value.clone();
        }
        row.to_string()
    };
    let texts = json!({"summary": "Warga belajar.", "website": "https://a.go.id/"});
    import(&hub, "one.jsonl", &row(texts)).await;
    let told = import(&hub, "two.jsonl", &row(json!({"website": null}))).await;
    assert_eq!((&told["revised"], &told["moved"]), (&json!(1), &json!(0)));
    let held = &all(&hub).await[0];
    assert_eq!(
        (&held["summary"], held.get("website")),
        (&json!("Warga belajar."), None)
    );

    let told = import(
        &hub,
        "three.jsonl",
        &row(json!({"adoption": "APPLIED", "stage": "DEVELOPMENT"})),
    )
    .await;
    assert_eq!((&told["revised"], &told["moved"]), (&json!(1), &json!(2)));
    let serving = hub.serve().await;
    let query = "{ innovations(first: 1) { nodes { stage adoption path { transition { axis from to } flaws } } } }";
    let api = Api::new(testkit::api::client(), &serving.url, "");
    let answer = api.query(query, Value::Null).await;
    let innovation = &answer["innovations"]["nodes"][0];
    assert_eq!(
        (&innovation["stage"], &innovation["adoption"]),
        (&json!("DEVELOPMENT"), &json!("APPLIED"))
    );
    let told = |step: &Value| {
        let said = &step["transition"];
        format!(
            "{} {} {} {}",
            said["axis"], said["from"], said["to"], step["flaws"]
        )
        .replace('"', "")
    };
    let mut moves: Vec<_> = innovation["path"]
        .as_array()
        .unwrap()
        .iter()
        .map(told)
        .collect();
    moves.sort();
    assert_eq!(
        moves,
        [
            "ADOPTION TRIAL APPLIED []",
            "LIFECYCLE CREATION DEVELOPMENT []"
        ],
        "{answer}"
    );
}

async fn get(serving: &Serving, file: &str, token: Option<&str>) -> reqwest::Response {
    let client = testkit::api::client();
    let mut request = client.get(format!("{}/export/{file}", serving.url));
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    request.send().await.unwrap()
}

#[tokio::test]
async fn a_hub_gives_files_with_the_filters_of_the_list_to_whom_they_are_for() {
    let hub = filled().await;
    let token = std::fs::read_to_string(hub.folder().join("operator.token")).unwrap();
    let serving = hub.serve().await;
    let lines = async |file: &str, token: Option<&str>| {
        let text = get(&serving, file, token).await.text().await.unwrap();
        text.lines().count()
    };
    assert_eq!(lines("innovations.jsonl", None).await, 41);
    assert_eq!(lines("innovations.jsonl", Some(token.trim())).await, 42);
    let narrow =
        "innovations.jsonl?region=33.72&affairs=SOCIAL&affairs=LAND&tags=-satu&yearTo=2020";
    assert_eq!(lines(narrow, None).await, 1);
    assert_eq!(
        lines("innovations.jsonl?tags=-satu&affairs=LAND", None).await,
        0
    );

    let csv = get(&serving, "innovations.csv", None).await;
    assert_eq!(
        csv.headers()[CONTENT_TYPE],
        "text/csv; charset=utf-8; header=present"
    );
    assert_eq!(
        csv.headers()[CONTENT_DISPOSITION],
        "attachment; filename=\"innovations.csv\""
    );
    assert!(csv.text().await.unwrap().starts_with("id,audience,title,"));
    let book = get(&serving, "innovations.xlsx?tags=contoh", None)
        .await
        .bytes()
        .await
        .unwrap();
    assert_eq!(&book[..2], b"PK");
    let linked: Value = get(&serving, "innovations.jsonld", None)
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(linked["@type"], json!(["dcat:Dataset", "Dataset"]));
    let works = linked["hasPart"].as_array().unwrap();
    assert_eq!(works.len(), 41);
    let odd = works
        .iter()
        .find(|work| {
            work["abstract"]
                .as_str()
                .is_some_and(|text| text.starts_with("Baris"))
        })
        .unwrap();
    assert_eq!(odd["spatialCoverage"]["name"], "Kota Surakarta");
    assert_eq!(odd["about"][0]["name"], "Kesehatan");

    for (file, token, status, why) in [
        ("innovations.pdf", None, 404, "there are innovations.csv"),
        (
            "innovations.csv?area=33",
            None,
            400,
            "is not a condition; there are hubs, region",
        ),
        ("innovations.csv?affairs=MAGIC", None, 400, "MAGIC"),
        (
            "innovations.csv",
            Some("wrong"),
            401,
            "the token is neither an account's, nor the operator's, nor a hub's",
        ),
    ] {
        let answer = get(&serving, file, token).await;
        assert_eq!(answer.status(), status, "{file}");
        let body: Value = answer.json().await.unwrap();
        let told = body["errors"][0]["message"].as_str().unwrap().to_owned();
        assert!(told.contains(why), "{file}: {told}");
    }
    serving.kill().await;
}

#[tokio::test]
async fn every_list_with_a_filter_and_every_search_can_be_taken_as_a_file() {
    let hub = Program::new();
    hub.init("kl-a").await;
    let seed = [
        "seed",
        "--innovations",
        "60",
        "--seed",
        "5",
        "--related",
        "6",
    ];
    hub.well(&seed).await;
    let serving = hub.serve().await;
    let token = std::fs::read_to_string(hub.folder().join("operator.token")).unwrap();
    let api = Api::new(testkit::api::client(), &serving.url, token.trim());
    let ids = async |file: &str| -> Option<Vec<String>> {
        let answer = get(&serving, file, None).await;
        let text = answer.status().is_success().then_some(answer.text())?.await;
        let id = |line: &str| serde_json::from_str::<Value>(line).unwrap()["id"].to_string();
        Some(text.unwrap().lines().map(id).collect())
    };
    let shown = async |list: &str| {
        let answer = api
            .query(
                &format!("{{ list: {list} {{ nodes {{ id }} }} }}"),
                Value::Null,
            )
            .await;
        let nodes = answer["list"]["nodes"].as_array().unwrap().iter();
        nodes.map(|node| node["id"].to_string()).collect::<Vec<_>>()
    };
    for (file, list) in [
        ("agencies.jsonl", "agencies(first: 100)"),
        (
            "agencies.jsonl?nameWords=dinas",
            "agencies(first: 100, filter: {nameWords: \"dinas\"})",
        ),
        ("needs.jsonl", "needs(first: 100)"),
        (
            "needs.jsonl?states=OPEN",
            "needs(first: 100, filter: {states: [OPEN]})",
        ),
        ("replications.jsonl", "replications(first: 100)"),
        (
            "replications.jsonl?states=DONE",
            "replications(first: 100, filter: {states: [DONE]})",
        ),
        ("awards.jsonl", "awards(first: 100)"),
        (
            "awards.jsonl?basis=CLAIMED",
            "awards(first: 100, filter: {basis: CLAIMED})",
        ),
        (
            "innovations.jsonl?staleDays=400",
            "staleInnovations(first: 100, days: 400)",
        ),
    ] {
        let shown = shown(list).await;
        assert!(!shown.is_empty() || file.contains('?'), "{list}");
        assert_eq!(ids(file).await.unwrap(), shown, "{file}");
    }
    let built = async || ids("innovations.jsonl?text=layanan").await.map(drop);
    eventually("the index is built", built).await;
    for (file, list) in [
        (
            "innovations.jsonl?text=layanan",
            "searchInnovations(first: 100, text: \"layanan\")",
        ),
        (
            "innovations.jsonl?text=layanan&affairs=HEALTH",
            "searchInnovations(first: 100, text: \"layanan\", filter: {affairs: [HEALTH]})",
        ),
        (
            "innovations.jsonl?awards=KIPP%20(contoh)",
            "searchInnovations(first: 100, text: \"\", awards: [\"KIPP (contoh)\"])",
        ),
    ] {
        assert_eq!(ids(file).await.unwrap(), shown(list).await, "{file}");
    }
    for what in ["agencies", "needs", "replications", "awards"] {
        let csv = get(&serving, &format!("{what}.csv"), None).await;
        assert!(csv.text().await.unwrap().starts_with("id,"), "{what}");
    }
    let by_words = searched(&hub).await;
    let list = "searchInnovations(first: 100, text: \"layanan\", filter: {affairs: [HEALTH]})";
    assert_eq!(by_words, shown(list).await);
    serving.kill().await;
    assert_eq!(searched(&hub).await, by_words, "nobody keeps the index");
    std::fs::remove_dir_all(hub.folder().join("search")).unwrap();
    assert_eq!(searched(&hub).await, by_words, "there is no index");
    let file = hub.folder().join("agencies.csv");
    let told = hub
        .well(&["export", file.to_str().unwrap(), "--what", "agencies"])
        .await;
    assert!(told.stderr.contains("agencies written"), "{}", told.stderr);
}

/// The innovations that the command finds, the best first.
async fn searched(hub: &Program) -> Vec<String> {
    let conditions = ["--filter", "text=layanan", "--filter", "affairs=HEALTH"];
    let told = hub
        .well(&[&["export", "-", "--format", "jsonl"], &conditions[..]].concat())
        .await;
    let record = |line: &str| serde_json::from_str::<Value>(line).unwrap();
    let id = |line| record(line)["id"].to_string();
    told.stdout.lines().map(id).collect()
}

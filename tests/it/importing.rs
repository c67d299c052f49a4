//! Rows beside what the hub holds: what checking finds is what writing does.

use std::path::Path;

use domain::clock::Clock as _;
use node::import::duplicates::{self, Duplicates, MOST_HELD, Place};
use node::import::mapping::{Mapping, RowFault};
use node::import::rows::{self, Format, Layout};
use node::import::{self, Checked, Importer, Rules};
use node::system::SystemClock;
use serde_json::{Value, json};
use testkit::Federation;

fn rules(hub: &node::hub::Hub) -> Rules {
    let today = SystemClock.now().date();
    Rules {
        mapping: Mapping::standard(),
        ..Rules::of_data(hub.db.hub(), today)
    }
}

/// A row of a file, with a number of its own.
fn row(number: &str, more: Value) -> Value {
    let (scheme, value) = number.split_once(':').unwrap();
    let mut row = json!({
        "title": format!("Inovasi {number}"), "agency": {"name": "Dinas", "kind": "OTHER"}, "stage": "CREATION",
        "adoption": "TRIAL", "externalIds": [{"scheme": scheme, "value": value}],
    });
    if let Value::Object(more) = more {
        row.as_object_mut().unwrap().extend(more);
    }
    row
}

struct Desk {
    hubs: Federation,
    folder: tempfile::TempDir,
}

impl Desk {
    async fn new() -> Self {
        Self {
            hubs: Federation::of(["a", "b"]).await,
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn file(&self, name: &str, rows: &[Value]) -> std::path::PathBuf {
        let file = self.folder.path().join(name);
        let lines: Vec<_> = rows.iter().map(Value::to_string).collect();
        std::fs::write(&file, lines.join("\n")).unwrap();
        file
    }

    async fn check(&self, file: &Path, refused: Option<&Path>) -> Checked {
        let hub = self.hubs.hub("a");
        let rows = rows::open(file, Format::JsonLines, &Layout::default()).unwrap();
        let refused = refused.map(Path::to_owned);
        import::check(hub, rows, &rules(hub), Duplicates::default(), refused)
            .await
            .unwrap()
    }

    /// Writes without checking, and gives what was left out beside what was written.
    async fn write(&self, file: &Path) -> (import::Written, Vec<RowFault>) {
        let hub = self.hubs.hub("a");
        let mut importer = Importer::new(hub, rules(hub)).await.unwrap();
        let rows = rows::open(file, Format::JsonLines, &Layout::default()).unwrap();
        for batch in import::batches(rows, rules(hub), import::BATCH, |_| true) {
            importer.write(batch.unwrap()).await.unwrap();
        }
        (importer.written, importer.late)
    }
}

fn told(faults: &[RowFault]) -> Vec<String> {
    let fault = |fault: &RowFault| format!("{} {}: {}", fault.line, fault.column, fault.reason);
    faults.iter().map(fault).collect()
}

#[tokio::test]
async fn what_stands_against_a_row_at_the_hub_is_found_before_anything_is_written() {
    let desk = Desk::new().await;
    let api = desk.hubs.api("a");
    let dated = json!({"startedOn": "2020", "implementedOn": "2021", "summary": "Warga belajar."});
    let one = desk.file("one.jsonl", &[row("LAN:1", dated)]);
    desk.write(&one).await;
    let register = "mutation($input: AgencyInput!) { registerAgency(input: $input) { id } }";
    let hidden = json!({"name": "Dinas Rahasia", "kind": "OTHER", "audience": "NETWORK"});
    api.mutate(register, json!({ "input": hidden })).await;
    let gone = desk.hubs.publish("a", "Sudah ditarik").await;
    desk.hubs.withdraw("a", &gone, 1).await;

    let mut all: Vec<_> = (0..1100)
        .map(|number| row(&format!("IGA:{number}"), json!({})))
        .collect();
    all.push(row("LAN:1", json!({"implementedOn": "2019"})));
    all.push(row(
        "LAN:2",
        json!({"agency": {"name": "Dinas Rahasia", "kind": "OTHER"}}),
    ));
    all.push(row("LAN:3", json!({ "id": gone })));
    all.push(row("LAN:4", json!({})));
    let file = desk.file("all.jsonl", &all);
    let refused = desk.folder.path().join("refused.jsonl");
    let checked = desk.check(&file, Some(&refused)).await;
    let record = gone.rsplit(':').next().unwrap();
    let expected = [
        "1101 implementedOn: 2019 is before startedOn 2020, beside what the hub holds of it".to_owned(),
        "1102 audience: agency \"Dinas Rahasia\" is for the network only, so the innovation cannot be for everybody; say network".to_owned(),
        format!("1103 id: record {record} was taken back, and nothing is written under its id again; take the id out to import the row as a new innovation"),
    ];
    assert_eq!(told(&checked.faults), expected);
    assert_eq!((checked.rows, checked.bad_rows), (1104, 3));
    assert_eq!(
        (checked.forecast.created, checked.forecast.left_out),
        (1101, 0)
    );
    let kept = std::fs::read_to_string(&refused).unwrap();
    assert_eq!(kept.lines().count(), 3);

    // Whoever writes at the same time makes a row bad after it was checked: it is left out by itself, with its line.
    let (written, late) = desk.write(&file).await;
    assert_eq!((written.created, written.left_out), (1101, 3));
    assert_eq!(told(&late), expected);
    let (again, _) = desk.write(&file).await;
    assert_eq!(
        (again.unchanged, again.created, again.left_out),
        (1101, 0, 3)
    );
}

#[tokio::test]
async fn a_record_that_a_file_names_twice_is_the_first_wherever_the_second_stands() {
    let desk = Desk::new().await;
    let mut all: Vec<_> = (0..1500)
        .map(|number| row(&format!("IGA:{number}"), json!({})))
        .collect();
    all[3] = row("IGA:4", json!({"title": "D"}));
    all.push(row("IGA:7", json!({"title": "Yang kedua"})));
    let file = desk.file("all.jsonl", &all);
    let checked = desk.check(&file, None).await;
    let repeated: Vec<_> = checked
        .repetitions
        .iter()
        .map(|row| (row.line, row.of))
        .collect();
    // A row with faults names nothing.
    assert_eq!(repeated, [(1501, 8)]);
    assert_eq!(
        (
            checked.bad_rows,
            checked.forecast.repeated,
            checked.forecast.created
        ),
        (1, 1, 1499)
    );
    let (written, _) = desk.write(&file).await;
    assert_eq!(written, checked.forecast);
    // The same holds when both rows tell of what is held: one by its id, one by its number.
    let node = "{ innovations(filter: {titleWords: \"IGA:9\"}) { nodes { id } } }";
    let data = desk.hubs.api("a").query(node, Value::Null).await;
    let id = &data["innovations"]["nodes"][0]["id"];
    let both = [
        row("IGA:9", json!({"title": "Satu", "id": id})),
        row("IGA:9", json!({"title": "Dua"})),
    ];
    let checked = desk.check(&desk.file("both.jsonl", &both), None).await;
    assert_eq!(
        (checked.forecast.revised, checked.forecast.repeated),
        (1, 1)
    );
}

#[tokio::test]
async fn titles_of_other_hubs_are_compared_within_the_bound() {
    let desk = Desk::new().await;
    desk.hubs
        .publish("b", "Antrean Daring Puskesmas Wates")
        .await;
    desk.hubs
        .publish("a", "Perahu Pustaka Keliling Danau")
        .await;
    desk.hubs.sync_until_quiet().await;
    let db = &desk.hubs.hub("a").db;
    let mut titles = duplicates::held_titles(db, MOST_HELD).await.unwrap();
    assert_eq!(titles.held_left_out, 0);
    titles.compare(2, "Antrean daring Puskesmas Wates", "x", &[]);
    titles.compare(3, "Perahu pustaka keliling danau", "x", &[]);
    let owner = desk.hubs.hub("b").db.hub();
    assert!(
        matches!(&titles.pairs[0].like, Place::Elsewhere(hub, _) if **hub == *owner),
        "{:?}",
        titles.pairs
    );
    assert!(
        matches!(&titles.pairs[1].like, Place::Held(_)),
        "{:?}",
        titles.pairs
    );
    // The hub's own come first, and what there was no room for is counted.
    let mut titles = duplicates::held_titles(db, 1).await.unwrap();
    assert_eq!(titles.held_left_out, 1);
    titles.compare(2, "Antrean daring Puskesmas Wates", "x", &[]);
    assert_eq!(titles.found, 0);
}

#[tokio::test]
async fn agencies_show_no_personal_data_unseen() {
    let desk = Desk::new().await;
    let agency = json!({"agency": {"name": "Bu Sri 0812-3456-7890", "kind": "OTHER"}, "audience": "network"});
    let contact =
        json!({"summary": "Hubungi 0812-3456-7890.", "agency": {"name": "Dinas", "kind": "OTHER"}});
    let file = desk.file(
        "all.jsonl",
        &[
            row("LAN:1", agency.clone()),
            row("LAN:2", agency),
            row("LAN:3", contact.clone()),
        ],
    );
    let found = async |file: &Path| {
        let checked = desk.check(file, None).await;
        let found = checked.personal.iter();
        found
            .map(|found| format!("{} {}", found.line, found.found.field))
            .collect::<Vec<_>>()
    };
    assert_eq!(found(&file).await, ["1 agency.name", "3 summary"]);
    desk.write(&file).await;
    // What everybody sees already is not asked about again, but what is new is.
    let mut moved = contact;
    moved["adoption"] = json!("APPLIED");
    let again = desk.file("again.jsonl", &[row("LAN:3", moved.clone())]);
    assert_eq!(found(&again).await, [""; 0]);
    moved["impact"] = json!("Tulis ke a@contoh.go.id");
    let more = desk.file("more.jsonl", &[row("LAN:3", moved)]);
    assert_eq!(found(&more).await, ["1 impact"]);
}

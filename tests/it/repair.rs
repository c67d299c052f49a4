//! Bytes that change on the disk are named, and mended from a peer: with the real program, on both databases.

use domain::log::RawEntry;
use sea_orm::{ConnectionTrait as _, DbBackend, Statement};
use serde_json::json;
use storage::logs::repair;
use testkit::program::Program;
use testkit::{Backend, Drawing, Federation, records};

on_both_databases! {
    changed_bytes_are_named_and_mended,
    many_entries_are_mended_page_by_page,
    what_our_own_checkpoint_does_not_prove_is_not_put_back,
}

const NONE: [&str; 0] = [];

/// Puts other bytes in the place of a part of an entry of a's log, at a hub.
async fn change(
    hubs: &Federation,
    at: &str,
    place: u64,
    column: &str,
    change: impl Fn(&mut Vec<u8>),
) {
    let db = sea_orm::Database::connect(hubs.site(at).url())
        .await
        .unwrap();
    let backend = db.get_database_backend();
    let find = "SELECT log.id FROM log JOIN hub ON hub.id = log.hub_id WHERE slug = 'hub-a'";
    let row = db
        .query_one_raw(Statement::from_string(backend, find))
        .await
        .unwrap()
        .unwrap();
    let key = row.try_get_by_index::<i64>(0).unwrap() * (1 << 40) + i64::try_from(place).unwrap();
    let read = format!("SELECT {column} FROM entry WHERE id = {key}");
    let row = db
        .query_one_raw(Statement::from_string(backend, read))
        .await
        .unwrap()
        .unwrap();
    let mut bytes: Vec<u8> = row.try_get_by_index(0).unwrap();
    change(&mut bytes);
    let mark = if backend == DbBackend::Postgres {
        "$1"
    } else {
        "?"
    };
    let write = format!("UPDATE entry SET {column} = {mark} WHERE id = {key}");
    db.execute_raw(Statement::from_sql_and_values(
        backend,
        write,
        [bytes.into()],
    ))
    .await
    .unwrap();
    db.close().await.unwrap();
}

fn flip(bytes: &mut [u8]) {
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x01;
}

//  a ─▶ b ─▶ c, where bytes change at c
async fn changed_bytes_are_named_and_mended(backend: Backend) {
    let hubs = hubs(backend).await;
    for number in 0..5 {
        hubs.publish("a", &format!("Title {number}")).await;
    }
    hubs.sync_until_quiet().await;
    let titles = hubs.titles("c").await;
    let settings = hubs.settings("c");
    let program = Program::new();
    let repair = async |from: &str| {
        let arguments = [
            "--config", &settings, "repair", "hub-a", "--from", from, "--json",
        ];
        program.run(&arguments).await
    };
    let entry = |place: u64, part: &str| json!({"place": place, "what": format!("the {part} was changed"), "isMended": true});
    let well = repair("hub-b").await;
    assert_eq!(
        (well.code, &well.json()[0]["entries"]),
        (Some(0), &json!([])),
        "{}",
        well.stderr
    );

    change(&hubs, "c", 2, "header", |bytes| flip(bytes)).await;
    change(&hubs, "c", 3, "payload", |bytes| flip(bytes)).await;
    // A byte that makes the text no text at all.
    change(&hubs, "c", 5, "payload", |bytes| bytes[9] = 0xff).await;
    let faults = hubs.verify("c").await;
    assert!(faults[0].contains("is no text any more"), "{faults:?}");
    let mended = repair("hub-b").await;
    assert_eq!(mended.code, Some(0), "{}", mended.stderr);
    assert_eq!(
        mended.json()[0]["entries"],
        json!([entry(2, "header"), entry(3, "payload"), entry(5, "payload")])
    );
    assert_eq!(hubs.verify("c").await, NONE);
    assert_eq!(hubs.titles("c").await, titles);
    assert_eq!(repair("hub-b").await.json()[0]["entries"], json!([]));

    // A peer whose own bytes were changed proves nothing, and nothing is put back.
    change(&hubs, "c", 2, "header", |bytes| flip(bytes)).await;
    change(&hubs, "b", 4, "header", |bytes| flip(bytes)).await;
    let refused = repair("hub-b").await;
    assert_eq!(refused.code, Some(1));
    assert!(
        refused.stderr.contains("does not verify"),
        "{}",
        refused.stderr
    );
    assert!(!hubs.verify("c").await.is_empty());
    assert_eq!(repair("hub-z").await.code, Some(1));
}

/// So many entries that three pages of changed ones are found.
const MANY: u64 = 2300;

/// Puts another byte behind the headers of all entries of a's log at c but each tenth, whose payloads get one.
async fn change_all(hubs: &Federation) {
    let mut change = Vec::new();
    for (column, is) in [("header", "<>"), ("payload", "=")] {
        let longer = match hubs.site("c").location() {
            storage::Location::Sqlite(_) => format!("CAST({column} || ' ' AS BLOB)"),
            storage::Location::Postgres(_) => format!("{column} || '\\x20'::bytea"),
        };
        change.push(format!(
            "UPDATE entry SET {column} = {longer} WHERE id % 10 {is} 0 AND id / {} = (
                SELECT log.id FROM log JOIN hub ON hub.id = log.hub_id WHERE slug = 'hub-a')",
            1_u64 << 40
        ));
    }
    for change in change {
        testkit::dump::change(hubs.site("c").location(), &change).await;
    }
}

//  a ─▶ b ─▶ c, where all of a's log is changed at c, more than is found and mended at a time
async fn many_entries_are_mended_page_by_page(backend: Backend) {
    let hubs = hubs(backend).await;
    let now = time::OffsetDateTime::UNIX_EPOCH;
    let says = json!({"text": "a record of a kind of its own"});
    let own = |number| records::put(records::record(number), 1, "survey", &says, now);
    let drafts = (1..=u128::from(MANY)).map(own).collect();
    hubs.issue("a", drafts).await;
    hubs.sync_until_quiet().await;
    let size = hubs.size("c", "a").await;
    change_all(&hubs).await;
    assert!(!hubs.verify("c").await.is_empty());

    let settings = hubs.settings("c");
    let program = Program::new();
    let arguments = [
        "--config", &settings, "repair", "hub-a", "--from", "hub-b", "--json",
    ];
    let mended = program.run(&arguments).await;
    assert_eq!(mended.code, Some(0), "{}", mended.stderr);
    let entries = &mended.json()[0]["entries"];
    let entries = entries.as_array().unwrap();
    assert_eq!(entries.len() as u64, size);
    assert!(entries.iter().all(|entry| entry["isMended"] == true));
    let progress = "1000 of 1000 entries mended up to entry 1000";
    assert!(mended.stderr.contains(progress), "{}", mended.stderr);
    let progress = "2000 of 2000 entries mended up to entry 2000";
    assert!(mended.stderr.contains(progress), "{}", mended.stderr);
    assert_eq!(hubs.verify("c").await, NONE);
}

/// An entry of the log that stands at another place is not put back here.
async fn what_our_own_checkpoint_does_not_prove_is_not_put_back(backend: Backend) {
    let hubs = hubs(backend).await;
    hubs.publish("a", "Judul").await;
    hubs.sync_until_quiet().await;
    let (log, b, c) = (hubs.log("a").await, &hubs.hub("b").db, &hubs.hub("c").db);
    change(&hubs, "c", 2, "header", |bytes| flip(bytes)).await;
    for (from, is_right) in [(1, false), (2, true)] {
        let header = storage::logs::read::header(b, &log, from).await;
        let (header, payload) = (header.unwrap().unwrap(), None);
        let before = storage::logs::read::header(c, &log, 2).await.unwrap();
        let given = vec![(2, RawEntry { header, payload })];
        let mended = repair::mend(c, &log, given).await.unwrap();
        let expected = if is_right {
            (vec![2], vec![])
        } else {
            (vec![], vec![2])
        };
        assert_eq!((mended.places, mended.left), expected);
        let broken = repair::list_broken(c, &log, 0, |_| {}).await.unwrap();
        assert_eq!(broken.is_empty(), is_right);
        let after = storage::logs::read::header(c, &log, 2).await.unwrap();
        assert_eq!(before != after, is_right);
    }
    assert_eq!(hubs.verify("c").await, NONE);
}

/// Hubs of which the last is on the database that is tried.
async fn hubs(backend: Backend) -> Federation {
    let mut drawing = Drawing::drawn("a -> b -> c");
    if backend == Backend::Postgres {
        drawing = drawing.on_postgres("c");
    }
    Federation::build(drawing).await
}

//! What was erased is in no file of an SQLite database. (PostgreSQL keeps what its server's settings say.)

use std::path::{Path, PathBuf};

use domain::entry::Kind;
use testkit::records::{agency, innovation, record};
use testkit::{Backend, Store};

/// As it was said, and as it is compared.
const SAID: [&str; 2] = ["Melati Rahasia", "melati rahasia"];

/// The files in a folder that hold a text.
fn holding(folder: &Path, text: &str) -> Vec<PathBuf> {
    let files = std::fs::read_dir(folder).unwrap();
    let files = files.map(|file| file.unwrap().path());
    let holds = |file: &PathBuf| {
        let bytes = std::fs::read(file).unwrap();
        let mut parts = bytes.windows(text.len());
        parts.any(|part| part == text.as_bytes())
    };
    files.filter(|file| file.is_file() && holds(file)).collect()
}

#[tokio::test]
async fn what_was_erased_is_in_no_file_once_the_database_rested() {
    let store = Store::fresh(Backend::Sqlite, "hub-a").await;
    let folder = store.site().folder().to_owned();
    store.put_agency(record(1), 1, &agency("Dinas", None)).await;
    let said = innovation("Antrean Melati Rahasia", record(1));
    store.put_innovation(record(2), 1, &said).await;
    store.db.rest().await.unwrap();
    for text in SAID {
        assert_eq!(
            holding(&folder, text).len(),
            1,
            "{text} is where it is looked for"
        );
    }

    // While somebody still reads what was there before, it stays.
    let reading = store.db.snapshot().await.unwrap();
    store.delete(record(2), 2, Kind::INNOVATION).await;
    store.db.rest().await.unwrap();
    for text in SAID {
        assert_ne!(holding(&folder, text), [""; 0].map(PathBuf::from), "{text}");
    }
    reading.end().await.unwrap();
    store.db.rest().await.unwrap();
    for text in SAID {
        assert_eq!(holding(&folder, text), [""; 0].map(PathBuf::from), "{text}");
    }
    store.put_innovation(record(3), 1, &said).await;
    assert_eq!(store.faults().await, super::NONE);
}

//! Documents that come and go, and what of them lies on disk.

use super::{OWNER, ask, catalog, document, hub, numbers, record};
use crate::{Index, Mark, clear_unused};

#[test]
fn documents_are_replaced_and_taken_out() {
    let (index, mut writer) = catalog();
    writer
        .put(&document(1, "Lentera Kota", "Penerangan jalan"), false)
        .unwrap();
    writer.remove(record(4));
    assert_eq!(
        numbers(&ask(&index, "sitarang")),
        [1],
        "nothing is searched before it is committed"
    );
    writer
        .commit(
            Mark {
                position: 9,
                at: 10,
            },
            true,
        )
        .unwrap();
    assert_eq!(numbers(&ask(&index, "sitarang")), [0_u128; 0]);
    assert_eq!(numbers(&ask(&index, "lentera")), [1]);
    let found = ask(&index, "sampah");
    assert_eq!(
        (found.total(), found.mark),
        (
            0,
            Mark {
                position: 9,
                at: 10
            }
        )
    );
    assert_eq!(writer.fingerprints().len(), 4);
    let of = |numbers: &[u128]| numbers.iter().copied().map(record).collect();
    assert_eq!(
        writer
            .holding(&[record(501), record(503), record(504)], &[])
            .unwrap(),
        of(&[1, 3])
    );
    let of_hub = |id: &str| writer.holding(&[], &[hub(id)]).unwrap();
    assert_eq!((of_hub("id-99").len(), of_hub("id-13").len()), (4, 0));
}

#[test]
fn an_index_is_opened_again_unless_it_is_another() {
    let folder = tempfile::tempdir().unwrap();
    let (index, mut writer) = Index::open(folder.path(), OWNER).unwrap();
    writer.put(&document(1, "SITARANG", ""), true).unwrap();
    writer.commit(Mark { position: 3, at: 4 }, true).unwrap();
    let refused = Index::open(folder.path(), OWNER).err().unwrap().to_string();
    assert!(refused.contains("another process"), "{refused}");
    writer.close().unwrap();
    drop(index);

    let (index, writer) = Index::open(folder.path(), OWNER).unwrap();
    assert_eq!((writer.mark().position, index.status().is_whole), (3, true));
    assert_eq!(numbers(&ask(&index, "sitarang")), [1]);
    writer.close().unwrap();
    drop(index);

    let (index, writer) = Index::open(folder.path(), "jipp-test/id-35").unwrap();
    assert_eq!(
        (writer.mark().position, index.status().is_whole),
        (0, false)
    );
    assert_eq!(numbers(&ask(&index, "sitarang")), [0_u128; 0]);
    writer.close().unwrap();
    drop(index);

    std::fs::write(folder.path().join("meta.json"), "{").unwrap();
    let (index, _writer) = Index::open(folder.path(), OWNER).unwrap();
    assert!(!index.status().is_whole);
}

#[test]
fn words_of_what_was_taken_out_leave_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let (index, mut writer) = Index::open(folder.path(), OWNER).unwrap();
    writer
        .put(&document(1, "Kembangloyang", "rahasiaku"), true)
        .unwrap();
    writer.put(&document(2, "SITARANG", "kota"), true).unwrap();
    writer.commit(Mark::default(), true).unwrap();
    assert!(is_on_disk(folder.path(), "rahasiaku"));
    writer.remove(record(1));
    writer.commit(Mark::default(), true).unwrap();
    assert_eq!(writer.remains().unwrap(), 2);
    writer.purge().unwrap();
    while writer.remains().unwrap() > 0 {
        std::thread::yield_now();
    }
    writer.tidy().unwrap();
    assert!(!is_on_disk(folder.path(), "rahasiaku"));
    assert!(!is_on_disk(folder.path(), "kembangloyang"));
    assert_eq!(numbers(&ask(&index, "sitarang")), [2]);
}

/// Whether a word is in any dictionary of a folder, and that nothing else lies there than what the index names.
fn is_on_disk(folder: &std::path::Path, word: &str) -> bool {
    let index = tantivy::Index::open_in_dir(folder).unwrap();
    let segments: Vec<String> = index
        .searchable_segment_ids()
        .unwrap()
        .iter()
        .map(tantivy::index::SegmentId::uuid_string)
        .collect();
    for file in std::fs::read_dir(folder).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        let is_known = segments.iter().any(|id| name.starts_with(id));
        let is_other = name.starts_with('.') || name == "meta.json" || name == "in-use";
        assert!(is_known || is_other, "{name} is left over");
    }
    let searcher = index.reader().unwrap().searcher();
    let schema = index.schema();
    let texts: Vec<_> = schema
        .fields()
        .filter(|(_, entry)| entry.is_indexed())
        .map(|(field, _)| field)
        .collect();
    let is_in = |segment: &tantivy::SegmentReader| {
        texts.iter().any(|field| {
            let inverted = segment.inverted_index(*field).unwrap();
            let mut terms = inverted.terms().stream().unwrap();
            let mut is_there = false;
            while let Some((term, _)) = terms.next() {
                is_there |= term.windows(word.len()).any(|part| part == word.as_bytes());
            }
            is_there
        })
    };
    searcher.segment_readers().iter().any(is_in)
}

#[test]
fn a_folder_that_nobody_uses_is_cleared() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("search-2");
    let (index, mut writer) = Index::open(&folder, OWNER).unwrap();
    writer
        .put(&document(1, "Kembangloyang", "rahasiaku"), true)
        .unwrap();
    writer.commit(Mark::default(), true).unwrap();
    assert!(!clear_unused(&folder).unwrap(), "it is in use");
    writer.close().unwrap();
    drop(index);
    assert!(is_on_disk(&folder, "rahasiaku"));
    assert!(clear_unused(&folder).unwrap());
    let left = std::fs::read_dir(&folder).unwrap();
    let left: Vec<_> = left.map(|file| file.unwrap().file_name()).collect();
    assert_eq!(left, ["in-use"]);
    assert!(!clear_unused(&folder).unwrap());

    let other = parent.path().join("search-3");
    std::fs::create_dir(&other).unwrap();
    std::fs::write(other.join("meta.json"), "{}").unwrap();
    assert!(!clear_unused(&other).unwrap());
    assert!(other.join("meta.json").exists(), "it is none of ours");
}

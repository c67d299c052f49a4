//! The independent reader in Python, which knows the specification and none of our code.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use domain::log::{Checkpoint, Hash, SigningKey};
use testkit::Federation;
use testkit::relay::{Lie, LyingRelay};

/// The Python that `scripts/test` sets up with what the reader needs.
const PYTHON: &str = "../target/reader/bin/python";

fn reader(program: &str, arguments: &[&str]) -> Output {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python: PathBuf = here.join(PYTHON);
    assert!(
        python.is_file(),
        "the reader's Python is missing; `scripts/test` makes it in target/reader"
    );
    let output = Command::new(python)
        .arg(here.join("reader").join(program))
        .args(arguments)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output();
    output.expect("Python can be run")
}

fn said(output: &Output) -> String {
    let text = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    String::from_utf8_lossy(&text).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_proves_a_live_hubs_receipt_from_the_specification() {
    let reader = |arguments: &[&str]| reader("verify_receipt.py", arguments);
    let hubs = Federation::of(["a"]).await;
    for title in ["Solar rice dryer", "SITARANG", "Jempol Pelanduk"] {
        hubs.publish("a", title).await;
    }
    let folder = tempfile::tempdir().expect("a folder can be made");
    let file = folder.path().join("receipt.json").display().to_string();
    let live = reader(&["--url", hubs.api("a").url(), "--save", &file]);
    assert!(live.status.success(), "{}", said(&live));

    let kept = reader(&["--file", &file]);
    assert!(kept.status.success(), "{}", said(&kept));
    let receipt = std::fs::read_to_string(&file).expect("the receipt was kept");
    std::fs::write(&file, receipt.replace("Jempol", "Jempul")).expect("it can be changed");
    let changed = reader(&["--file", &file]);
    assert_eq!(changed.status.code(), Some(1), "{}", said(&changed));
}

#[test]
fn the_reader_agrees_with_every_vector() {
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/vectors");
    let vectors = vectors.display().to_string();
    let read = reader("verify_receipt.py", &["--vectors", &vectors]);
    assert!(read.status.success(), "{}", said(&read));
}

/// What the reader says of a's log at b: of ten puts, two are replaced and three are of records that are deleted.
const WHOLE: &str = "entries 12, payloads 5, superseded 2, deleted 3, missing 0, unreadable 0, deletions 2, withheld 0";

struct Scene {
    hubs: Federation,
    relay: LyingRelay,
}

//  a ─▶ b ─▶ relay ─▶ the reader
impl Scene {
    /// b holds a's log, and never held the payloads that were replaced or deleted before it came.
    async fn new() -> Self {
        let hubs = Federation::drawn("a -> b").await;
        let revised = hubs.publish("a", "Pertama").await;
        let revised_and_withdrawn = hubs.publish("a", "Draf").await;
        hubs.publish("a", "Tinggal").await;
        hubs.publish("a", "Tetap").await;
        let withdrawn = hubs.publish("a", "Keliru").await;
        hubs.revise("a", &revised, 1, "Kedua").await;
        hubs.revise("a", &revised, 2, "Ketiga").await;
        hubs.revise("a", &revised_and_withdrawn, 1, "Draf lagi")
            .await;
        hubs.withdraw("a", &withdrawn, 1).await;
        hubs.withdraw("a", &revised_and_withdrawn, 2).await;
        hubs.round("b", "a").await;
        assert_eq!(hubs.size("b", "a").await, 12);
        let relay = LyingRelay::before(hubs.api("b").url(), hubs.log("a").await).await;
        Self { hubs, relay }
    }

    fn key(&self) -> String {
        self.hubs.hub("a").key.public().to_string()
    }
}

/// What the reader says of a's log at an address, with some keys.
#[track_caller]
fn check(url: &str, keys: &[&str], code: i32, expected: &str) {
    let mut arguments = vec![url, "hub-a"];
    arguments.extend(keys.iter().flat_map(|key| ["--key", key]));
    let read = reader("verify_log.py", &arguments);
    let said = said(&read);
    assert_eq!(read.status.code(), Some(code), "{said}");
    assert!(said.contains(expected), "{said} has no {expected:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_proves_a_whole_log_at_another_hub_and_judges_what_is_absent() {
    let scene = Scene::new().await;
    let (b, key) = (scene.hubs.api("b").url(), scene.key());
    check(b, &[&key], 0, WHOLE);
    check(scene.relay.url(), &[&key], 0, WHOLE);
    let epoch = scene.hubs.log("a").await.epoch.to_string();
    let read = reader(
        "verify_log.py",
        &[b, "hub-a", "--key", &key, "--epoch", &epoch],
    );
    assert!(read.status.success(), "{}", said(&read));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reader_takes_no_key_but_those_that_count() {
    let scene = Scene::new().await;
    let (b, key) = (scene.hubs.api("b").url(), scene.key());
    let other = SigningKey::from_seed(&[9; 32]).public().to_string();
    check(b, &[&other], 3, "is not signed by");
    check(b, &[&key, &other], 0, WHOLE);
    let until = |size: u64| format!("{key}@0-{size}");
    check(b, &[&until(12)], 0, WHOLE);
    check(b, &[&until(11)], 3, "no trusted key counts at size 12");
    check(
        b,
        &[&until(11), &format!("{other}@12-")],
        3,
        "is not signed by",
    );
    check(b, &["ed25519:AAAA"], 2, "is not the base64 of 32 bytes");
    check(b, &[&format!("{key}@7-3")], 2, "3 is before 7");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reader_believes_no_relay() {
    let scene = Scene::new().await;
    let (relay, key) = (scene.relay.url(), scene.key());
    let another = Checkpoint {
        log: scene.hubs.log("a").await,
        size: 12,
        root: Hash::of(b"another history"),
    };
    let another = another.sign(&scene.hubs.hub("a").key).text().to_owned();
    for (lie, why) in [
        (Lie::HeaderByte, "do not lead to the checkpoint's root"),
        (Lie::PayloadByte, "a payload is not its header's"),
        (Lie::PayloadOfAnother, "a payload is not its header's"),
        (Lie::Swapped, "do not lead to the checkpoint's root"),
        (Lie::CutShort, "do not lead to the checkpoint's root"),
        (Lie::NoProof, "do not lead to the checkpoint's root"),
        (Lie::FalseProof, "do not lead to the checkpoint's root"),
        (Lie::FirstPageAgain, "do not lead to the checkpoint's root"),
        (Lie::Checkpoint(another), "two roots at size 12"),
        (Lie::LargerCheckpoint, "is not signed by"),
        (Lie::Empty, "the page has 0 entries"),
        (
            Lie::NoPayloads,
            "MISSING: the payloads of the entries 4, 5, 8",
        ),
        (Lie::OtherShape, "is no page of a log"),
        (Lie::ErrorWithNul, "refuses: a"),
        (Lie::Garbage, "gives no answer"),
        (Lie::Endless, "has more than 16777216 bytes"),
    ] {
        scene.relay.tell(lie);
        check(relay, &[&key], 3, why);
    }
    for harmless in [Lie::Cosigned, Lie::None] {
        scene.relay.tell(harmless);
        check(relay, &[&key], 0, WHOLE);
    }
}

//! The independent reader in Python, which knows the specification and none of our code.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use testkit::Federation;

/// The Python that `scripts/test` sets up with what the reader needs.
const PYTHON: &str = "../target/reader/bin/python";

fn reader(arguments: &[&str]) -> Output {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python: PathBuf = here.join(PYTHON);
    assert!(
        python.is_file(),
        "the reader's Python is missing; `scripts/test` makes it in target/reader"
    );
    let output = Command::new(python)
        .arg(here.join("reader/verify_receipt.py"))
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
    let read = reader(&["--vectors", &vectors.display().to_string()]);
    assert!(read.status.success(), "{}", said(&read));
}

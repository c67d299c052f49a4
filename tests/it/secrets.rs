//! A hub's private key that a passphrase protects, through the program itself.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::json;
use testkit::api::{Api, client};
use testkit::program::Program;

const PASSPHRASE: &str = "kuda nil makan pisang goreng";

fn write(file: &Path, text: &str) {
    fs::write(file, text).unwrap();
    fs::set_permissions(file, fs::Permissions::from_mode(0o600)).unwrap();
}

/// Whether the key in a hub's folder is protected; it is nobody else's in any case.
fn is_protected(program: &Program) -> bool {
    let file = program.folder().join("simpul.key");
    let mode = fs::metadata(&file).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    let text = fs::read_to_string(file).unwrap();
    text.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----")
}

/// Runs a command that must fail, and gives what it says.
async fn fails(program: &Program, arguments: &[&str]) -> String {
    let ran = program.run(arguments).await;
    assert_ne!(ran.code, Some(0), "{arguments:?}: {}", ran.stdout);
    assert!(!ran.stderr.contains("kuda nil"), "{}", ran.stderr);
    ran.stderr
}

#[tokio::test]
async fn a_hub_signs_with_a_key_that_is_protected_from_the_start() {
    let program = Program::new();
    let passphrase = program.folder().join("passphrase");
    write(&passphrase, PASSPHRASE);
    let init = ["init", "--hub", "id-13", "--passphrase-file", "passphrase"];
    program.well(&init).await;
    assert!(is_protected(&program));
    let serving = program.serve().await;
    let token = fs::read_to_string(program.folder().join("operator.token")).unwrap();
    let api = Api::new(client(), &serving.url, token.trim());
    let register =
        "mutation { registerAgency(input: {name: \"Dinas Uji\", kind: DEPARTMENT}) { id } }";
    api.mutate(register, json!({})).await;
    serving.stop().await;
    program.well(&["verify"]).await;

    write(&passphrase, "kuda nil makan pisang rebus");
    let told = fails(&program, &["status"]).await;
    assert!(told.contains("the passphrase is wrong"), "{told}");
    write(&passphrase, "kuda nil");
    let told = fails(&program, &["status"]).await;
    assert!(told.contains("less than 16 characters"), "{told}");
    write(&passphrase, PASSPHRASE);
    fs::set_permissions(&passphrase, fs::Permissions::from_mode(0o644)).unwrap();
    let told = fails(&program, &["status"]).await;
    assert!(told.contains("chmod 600"), "{told}");
    fs::remove_file(&passphrase).unwrap();
    let told = fails(&program, &["status"]).await;
    assert!(told.contains("cannot be read"), "{told}");
}

#[tokio::test]
async fn a_key_can_be_protected_later_and_is_the_same() {
    let program = Program::new();
    let made = program.init("id-13").await;
    program.well(&["key", "next"]).await;
    assert!(!is_protected(&program));
    let told = fails(&program, &["key", "protect"]).await;
    assert!(told.contains("passphrase_file"), "{told}");

    write(&program.folder().join("passphrase"), PASSPHRASE);
    let settings = program.folder().join("simpul.toml");
    let plain = fs::read_to_string(&settings).unwrap();
    let named = plain.replace("[hub]", "[hub]\npassphrase_file = \"passphrase\"");
    write(&settings, &named);
    let said = program.well(&["key", "protect"]).await;
    assert!(said.stdout.contains("simpul.key.next"), "{}", said.stdout);
    assert!(is_protected(&program));
    let shown = program.well(&["key", "show", "--json"]).await.json();
    assert_eq!(shown["key"], made["publicKey"]);
    let checked = program.run(&["doctor", "--json"]).await.stdout;
    assert!(!checked.contains("kuda nil"), "{checked}");

    write(&settings, &plain);
    let told = fails(&program, &["status"]).await;
    assert!(told.contains("the private key is encrypted"), "{told}");
    write(&settings, &named);
    program.well(&["key", "unprotect"]).await;
    assert!(!is_protected(&program));
    write(&settings, &plain);
    program.well(&["status"]).await;
}

//! Suites that others wrote, run against a hub.

use std::path::{Path, PathBuf};

use serde_json::json;
use testkit::Federation;
use testkit::drawing::Drawing;
use tokio::process::Command;

/// How many audits the suite of `graphql-http` has.
const AUDITS: usize = 61;

#[tokio::test]
async fn graphql_over_http_is_spoken_as_the_specification_has_it() {
    let hubs = Federation::of(["a"]).await;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance");
    install(&folder).await;
    let url = format!("{}/graphql", hubs.api("a").url());
    let (is_well, said) = run(&folder, "node", &["audit.mjs", &url]).await;
    assert!(
        is_well && said.contains(&format!("audits: {AUDITS} passed, 0 failed")),
        "{said}"
    );
}

#[tokio::test]
async fn graphiql_works_in_a_browser() {
    assert_eq!(
        web::status(),
        web::Status::Built,
        "the page is not built in; run `scripts/test`, or set SIMPUL_WEB=require"
    );
    let hubs = Federation::of(["a"]).await;
    hubs.publish("a", "SITARANG").await;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../web");
    install(&folder).await;
    let pictures = tempfile::tempdir().expect("a folder can be made");
    let picture = pictures.path().join("graphiql.png");
    let arguments = [
        "tests/graphiql.mjs",
        hubs.api("a").url(),
        &picture.display().to_string(),
    ];
    let (is_well, said) = run(&folder, "node", &arguments).await;
    assert!(is_well && said.contains(" passed, 0 failed"), "{said}");
}

#[tokio::test]
async fn passkeys_work_in_a_browser() {
    let public = "[http]\npublic_url = \"http://localhost:{port}\"\n";
    let hubs = Federation::build(Drawing::of(["a"]).configured("a", public)).await;
    let invite = "mutation { addAccount(name: \"siti\", display: \"Siti\", roles: []) { secret } }";
    let invited = hubs.api("a").mutate(invite, json!({})).await;
    let secret = invited["addAccount"]["secret"].as_str().expect("a text");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../web");
    install(&folder).await;
    let url = hubs.api("a").url().replace("127.0.0.1", "localhost");
    let arguments = ["tests/passkeys.mjs", &url, secret];
    let (is_well, said) = run(&folder, "node", &arguments).await;
    assert!(
        is_well && said.contains("passkeys: 5 passed, 0 failed"),
        "{said}"
    );
}

/// Installs what a folder's lock file names, unless that was done.
pub(crate) async fn install(folder: &Path) {
    if !folder.join("node_modules").is_dir() {
        let arguments = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
        let (is_well, said) = run(folder, "npm", &arguments).await;
        assert!(is_well, "{said}");
    }
}

async fn run(folder: &Path, program: &str, arguments: &[&str]) -> (bool, String) {
    let folder: PathBuf = folder.canonicalize().expect("the folder is there");
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .kill_on_drop(true)
        .output()
        .await;
    let output = output.unwrap_or_else(|error| {
        panic!("{program} cannot be run: {error}; install Node.js 20 or newer")
    });
    let said = [output.stdout, output.stderr].concat();
    (
        output.status.success(),
        String::from_utf8_lossy(&said).into_owned(),
    )
}

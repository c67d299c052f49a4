//! Pulls and hints over TLS, in a network with a certificate authority of its own.

use serde_json::json;
use testkit::api::{Api, client};
use testkit::patience::eventually;
use testkit::program::Program;
use testkit::tls::{TlsProxy, make_certificates};

const REGISTER: &str =
    "mutation($name: String!) { registerAgency(input: {name: $name, kind: DEPARTMENT}) { id } }";

/// Changes the settings of a hub.
fn set(program: &Program, section: &str, lines: &str) {
    let file = program.folder().join("simpul.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let text: String = text
        .lines()
        .filter(|line| !line.starts_with("ca_file"))
        .fold(String::new(), |text, line| text + line + "\n");
    let text = if text.contains(section) {
        text.replace(section, &format!("{section}\n{lines}"))
    } else {
        format!("{text}\n{section}\n{lines}")
    };
    std::fs::write(&file, text).unwrap();
}

//  a ─▶ proxy with TLS ─▶ b
#[tokio::test]
async fn peers_are_pulled_and_heard_over_tls_with_the_networks_own_certificates() {
    let (a, b) = (Program::new(), Program::new());
    let made = a.init("hub-a").await;
    b.init("hub-b").await;
    make_certificates(b.folder());
    let serving = a.serve().await;
    let proxy = TlsProxy::before(&serving.url, b.folder()).await;
    let fingerprint = made["fingerprint"].as_str().unwrap();
    let add = ["peer", "add", &proxy.url, "--fingerprint", fingerprint];

    let refused = b.run(&add).await;
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("certificate"), "{}", refused.stderr);
    set(&b, "[sync]", "ca_file = \"ca.pem\"\n");
    b.well(&add).await;
    b.well(&["sync", "--once"]).await;
    // Rounds come hourly, so what comes sooner comes because of a hint.
    let following = b.serve_every(3600).await;
    let token = std::fs::read_to_string(a.folder().join("operator.token")).unwrap();
    let api = Api::new(client(), &serving.url, token.trim());
    let shown = Api::new(client(), &following.url, "nobody");
    for name in ["Dinas Satu", "Dinas Dua"] {
        api.mutate(REGISTER, json!({ "name": name })).await;
        let is_there = async || {
            let data = shown
                .query("{ agencies { nodes { name } } }", json!({}))
                .await;
            data.to_string().contains(name).then_some(())
        };
        eventually("what was hinted at", is_there).await;
    }
    following.stop().await;

    let finding = async || {
        let told = b.run(&["doctor", "--json"]).await.json();
        let checks = told["checks"].as_array().unwrap().clone();
        let mut found = checks
            .into_iter()
            .filter(|check| check["check"] == "peer hub-a");
        found.next().unwrap_or(told)
    };
    assert_eq!(finding().await["verdict"], "ok");
    set(&b, "[sync]", "");
    let fault = finding().await;
    let says = fault["says"].as_str().unwrap_or_default();
    assert_eq!(fault["verdict"], "fault", "{fault}");
    assert!(
        says.contains("name its certificate in sync.ca_file"),
        "{says}"
    );

    for (file, why) in [
        ("none.pem", "cannot be read"),
        ("names", "holds no certificate"),
    ] {
        set(&b, "[sync]", &format!("ca_file = \"{file}\"\n"));
        let refused = b.run(&["status"]).await;
        assert_eq!(refused.code, Some(1), "{file}");
        assert!(refused.stderr.contains(why), "{file}: {}", refused.stderr);
    }
    serving.stop().await;
}

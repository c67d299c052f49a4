//! TLS by the hub itself: what it speaks, whom it waits for, and certificates that change.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use testkit::patience::eventually;
use testkit::tls::make_certificates;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::process::Command;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::{Served, hub_in};

const SETTINGS: &str = "[http.tls]\ncertificate = \"peer.pem\"\nkey = \"peer.key\"\n[http.limits]\nhandshake_seconds = 1\n";

fn certified() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    make_certificates(folder.path());
    folder
}

/// Connects, trusting the authority of a folder, and speaking these protocols.
async fn connect(
    served: &Served,
    authority: &Path,
    protocols: &[&str],
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    let ca = CertificateDer::from_pem_file(authority.join("ca.pem")).unwrap();
    roots.add(ca).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols
        .iter()
        .map(|name| name.as_bytes().to_vec())
        .collect();
    let tcp = TcpStream::connect(served.running.as_ref().unwrap().address).await?;
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(config))
        .connect(name, tcp)
        .await
}

#[tokio::test]
async fn a_hub_speaks_tls_and_both_versions_of_http() {
    let mut served = hub_in(certified(), SETTINGS).await.unwrap();
    let folder = served.folder.path().to_owned();
    assert!(served.url.starts_with("https://"), "{}", served.url);
    let both = connect(&served, &folder, &["h2", "http/1.1"])
        .await
        .unwrap();
    assert_eq!(both.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let mut old = connect(&served, &folder, &["http/1.1"]).await.unwrap();
    let request = b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    old.write_all(request).await.unwrap();
    let mut answer = String::new();
    old.read_to_string(&mut answer).await.unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.ends_with("ok\n"),
        "{answer}"
    );
    assert!(
        answer.contains("strict-transport-security: max-age=31536000"),
        "{answer}"
    );

    let ca = fs::read(folder.join("ca.pem")).unwrap();
    let ca = reqwest::Certificate::from_pem(&ca).unwrap();
    let client = reqwest::Client::builder()
        .tls_certs_merge([ca])
        .build()
        .unwrap();
    let address = served.running.as_ref().unwrap().address;
    let url = format!("https://localhost:{}/graphql", address.port());
    let asked = client
        .post(url)
        .json(&serde_json::json!({"query": "{ hub { name } }"}));
    let answer = asked.send().await.unwrap();
    assert_eq!(answer.version(), reqwest::Version::HTTP_2);
    assert!(answer.text().await.unwrap().contains("Hub a"));
    served.stop().await;
}

#[tokio::test]
async fn who_connects_and_does_not_speak_tls_is_cut() {
    let mut served = hub_in(certified(), SETTINGS).await.unwrap();
    let address = served.running.as_ref().unwrap().address;
    let begun = Instant::now();
    let mut silent = TcpStream::connect(address).await.unwrap();
    let read = tokio::time::timeout(Duration::from_secs(5), silent.read(&mut [0; 64])).await;
    assert!(!matches!(read.expect("it is cut"), Ok(1..)));
    assert!(begun.elapsed() >= Duration::from_millis(900));
    served.stop().await;
}

#[tokio::test]
async fn a_new_certificate_is_shown_when_its_files_change_and_a_broken_one_is_not() {
    let mut served = hub_in(certified(), SETTINGS).await.unwrap();
    let (here, next) = (served.folder.path().to_owned(), certified());
    let kept = connect(&served, &here, &["h2"]).await.unwrap();
    assert!(connect(&served, next.path(), &["h2"]).await.is_err());

    fs::write(here.join("peer.pem"), "no certificate").unwrap();
    // It is looked at every five seconds.
    tokio::time::sleep(Duration::from_secs(6)).await;
    connect(&served, &here, &["h2"])
        .await
        .expect("the one before is shown");

    for file in ["peer.key", "peer.pem"] {
        fs::copy(next.path().join(file), here.join(file)).unwrap();
    }
    let is_new = async || connect(&served, next.path(), &["h2"]).await.ok();
    eventually("the new certificate", is_new).await;
    assert!(
        connect(&served, &here, &["h2"]).await.is_err(),
        "the old one is gone"
    );
    drop(kept);
    served.stop().await;
}

#[tokio::test]
async fn on_sighup_the_files_are_read_again_at_once() {
    let mut served = hub_in(certified(), SETTINGS).await.unwrap();
    let (here, next) = (served.folder.path().to_owned(), certified());
    connect(&served, &here, &["h2"]).await.unwrap();
    for file in ["peer.key", "peer.pem"] {
        fs::copy(next.path().join(file), here.join(file)).unwrap();
    }
    let begun = Instant::now();
    let process = std::process::id().to_string();
    let told = Command::new("kill").args(["-HUP", &process]).status().await;
    assert!(told.unwrap().success());
    let is_new = async || connect(&served, next.path(), &["h2"]).await.ok();
    eventually("the new certificate", is_new).await;
    assert!(
        begun.elapsed() < Duration::from_secs(4),
        "{:?}",
        begun.elapsed()
    );
    served.stop().await;
}

#[cfg(unix)]
#[tokio::test]
async fn a_hub_does_not_start_with_a_key_that_others_read_or_that_is_of_another_certificate() {
    use std::os::unix::fs::PermissionsExt as _;

    let open = certified();
    fs::set_permissions(
        open.path().join("peer.key"),
        fs::Permissions::from_mode(0o644),
    )
    .unwrap();
    let other = certified();
    fs::copy(other.path().join("ca.key"), other.path().join("peer.key")).unwrap();
    for (folder, why) in [
        (open, "peer.key"),
        (other, "is not the key of the certificate"),
    ] {
        let error = hub_in(folder, SETTINGS).await.err().expect("it is refused");
        let told = format!("{error:#}");
        assert!(told.contains("[http.tls]") && told.contains(why), "{told}");
    }
}

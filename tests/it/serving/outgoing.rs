//! Where a hub asks nobody unless its settings say so.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use testkit::program::{Program, Ran};
use tokio::net::TcpListener;

const PRIVATE: &str = "SIMPUL_SYNC__PRIVATE_NETWORKS";

/// Somebody on this machine who counts the connections, and at which port.
async fn neighbour() -> (u16, Arc<AtomicU64>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let count = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&count);
    tokio::spawn(async move {
        while listener.accept().await.is_ok() {
            counted.fetch_add(1, Ordering::SeqCst);
        }
    });
    (port, count)
}

async fn add(program: &Program, url: &str, networks: Option<&str>) -> Ran {
    let mut command = program.command(&["peer", "add", url, "--fingerprint", "00"]);
    match networks {
        Some(networks) => command.env(PRIVATE, networks),
        None => command.env_remove(PRIVATE),
    };
    Ran::from(command.output().await.unwrap())
}

#[tokio::test]
async fn a_peer_on_this_machine_is_not_asked_and_the_error_says_which_line_to_add() {
    let program = Program::new();
    program.init("hub-a").await;
    let (port, count) = neighbour().await;
    for host in [
        "127.0.0.1",
        "localhost",
        "2130706433",
        "[::ffff:127.0.0.1]",
        "0.0.0.0",
    ] {
        let refused = add(&program, &format!("http://{host}:{port}"), None).await;
        assert_eq!(refused.code, Some(1), "{host}");
        let told = refused.stderr;
        assert!(told.contains("private_networks = [\""), "{host}: {told}");
        assert!(told.contains("under [sync]"), "{host}: {told}");
    }
    let elsewhere = Some("[\"10.0.0.0/8\"]");
    let refused = add(&program, &format!("http://localhost:{port}"), elsewhere).await;
    assert!(
        refused.stderr.contains("private_networks"),
        "{}",
        refused.stderr
    );
    assert_eq!(count.load(Ordering::SeqCst), 0, "nobody connected");
    // With the line, it is asked, and is no hub.
    let here = Some("[\"127.0.0.0/8\", \"::1\"]");
    let asked = add(&program, &format!("http://localhost:{port}"), here).await;
    assert_eq!(asked.code, Some(1));
    assert!(
        !asked.stderr.contains("private_networks"),
        "{}",
        asked.stderr
    );
    assert_ne!(count.load(Ordering::SeqCst), 0);
}

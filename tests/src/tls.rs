//! A network with a certificate authority of its own: certificates by `openssl`, and a proxy with TLS before a hub, as
//! offices have one.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Makes `ca.pem`, and `peer.pem` with `peer.key`, which it vouches for at `localhost`.
pub fn make_certificates(folder: &Path) {
    let openssl = |arguments: &str| {
        let output = Command::new("openssl")
            .args(arguments.split(' '))
            .current_dir(folder)
            .output()
            .expect("openssl is installed: `apt-get install openssl`");
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "openssl {arguments}: {told}");
    };
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
    openssl(&format!(
        "req -x509 {key} -keyout ca.key -out ca.pem -days 2 -subj /CN=Contoh-CA"
    ));
    openssl(&format!(
        "req {key} -keyout peer.key -out peer.csr -subj /CN=localhost"
    ));
    std::fs::write(folder.join("names"), "subjectAltName=DNS:localhost")
        .expect("the folder is there");
    openssl(
        "x509 -req -in peer.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out peer.pem -days 2 -extfile names",
    );
}

/// The proxy, until it is dropped.
#[derive(Debug)]
pub struct TlsProxy {
    /// Where it answers.
    pub url: String,
    server: JoinHandle<()>,
}

impl TlsProxy {
    /// Stands before what answers at `http://<address>`, with the certificate of a folder.
    pub async fn before(url: &str, folder: &Path) -> Self {
        let upstream = url.trim_start_matches("http://").to_owned();
        let chain = CertificateDer::pem_file_iter(folder.join("peer.pem")).expect("it is there");
        let chain = chain.collect::<Result<Vec<_>, _>>().expect("it is PEM");
        let key = PrivateKeyDer::from_pem_file(folder.join("peer.key")).expect("it is PEM");
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("the provider has what they need")
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .expect("the key is that of the certificate");
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port is free");
        let port = listener.local_addr().expect("the socket is bound").port();
        let server = tokio::spawn(serve(listener, acceptor, upstream));
        Self {
            url: format!("https://localhost:{port}"),
            server,
        }
    }
}

impl Drop for TlsProxy {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(listener: TcpListener, acceptor: TlsAcceptor, upstream: String) {
    while let Ok((from, _)) = listener.accept().await {
        let (acceptor, upstream) = (acceptor.clone(), upstream.clone());
        tokio::spawn(async move {
            let (Ok(mut from), Ok(mut to)) = (
                acceptor.accept(from).await,
                TcpStream::connect(&upstream).await,
            ) else {
                return;
            };
            drop(tokio::io::copy_bidirectional(&mut from, &mut to).await);
        });
    }
}

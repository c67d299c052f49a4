//! The certificate with which the hub speaks TLS, read again when its files change.
//!
//! Handshakes take the certificate of the moment; connections that stand keep theirs. A new one that is not readable, whose key
//! others may read, or whose key and certificate do not belong together changes nothing and is warned of once.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, bail};
use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use crate::config::{Config, TlsConfig};
use crate::keys;

/// How often the files are looked at.
const LOOK_INTERVAL: Duration = Duration::from_secs(5);

/// The hub's certificate, and what takes connections with it.
pub struct Certificates {
    certificate: PathBuf,
    key: PathBuf,
    shown: Arc<Shown>,
    acceptor: TlsAcceptor,
}

/// What is shown to whoever connects now.
#[derive(Debug)]
struct Shown(RwLock<Arc<CertifiedKey>>);

/// What tells that a file changed: its time and its size.
type Stamp = Option<(SystemTime, u64)>;

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let shown = self.0.read().unwrap_or_else(PoisonError::into_inner);
        Some(Arc::clone(&shown))
    }
}

impl Certificates {
    /// Those of the settings, if they name some.
    ///
    /// # Errors
    /// A file is not readable, or not what it should be.
    pub fn of(config: &Config) -> anyhow::Result<Option<Arc<Self>>> {
        let Some(TlsConfig { certificate, key }) = &config.http.tls else {
            return Ok(None);
        };
        let read = Self::read(config.path(certificate), config.path(key));
        read.context("TLS cannot be served; see [http.tls]")
            .map(|read| Some(Arc::new(read)))
    }

    fn read(certificate: PathBuf, key: PathBuf) -> anyhow::Result<Self> {
        let provider = Arc::new(default_provider());
        let pair = pair(&certificate, &key, &provider)?;
        let shown = Arc::new(Shown(RwLock::new(Arc::new(pair))));
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&TLS13, &TLS12])
            .context("this machine's cryptography does not do")?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&shown) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self {
            certificate,
            key,
            shown,
            acceptor: TlsAcceptor::from(Arc::new(config)),
        })
    }

    pub(super) const fn acceptor(&self) -> &TlsAcceptor {
        &self.acceptor
    }

    /// Reads the files again, and shows what they hold from now on.
    fn renew(&self) -> anyhow::Result<()> {
        let pair = pair(&self.certificate, &self.key, &default_provider())?;
        let mut shown = self.shown.0.write().unwrap_or_else(PoisonError::into_inner);
        *shown = Arc::new(pair);
        Ok(())
    }

    fn stamps(&self) -> [Stamp; 2] {
        [stamp(&self.certificate), stamp(&self.key)]
    }

    /// Reads the files again when they change, and on SIGHUP, until `closing` is cancelled.
    pub async fn keep(self: Arc<Self>, closing: CancellationToken) {
        let mut told = hangups();
        let mut known = self.stamps();
        loop {
            let is_told = tokio::select! {
                () = closing.cancelled() => return,
                () = tokio::time::sleep(LOOK_INTERVAL) => false,
                () = told.next() => true,
            };
            let now = self.stamps();
            if !is_told && now == known {
                continue;
            }
            known = now;
            match self.renew() {
                Ok(()) => tracing::info!("the certificate of TLS was read again"),
                Err(error) => tracing::warn!(
                    error = format!("{error:#}"),
                    "the new certificate of TLS is not used; the one before is shown until its files are mended"
                ),
            }
        }
    }
}

impl std::fmt::Debug for Certificates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut certificates = f.debug_struct("Certificates");
        certificates
            .field("certificate", &self.certificate)
            .finish_non_exhaustive()
    }
}

fn stamp(file: &Path) -> Stamp {
    let facts = std::fs::metadata(file).ok()?;
    Some((facts.modified().ok()?, facts.len()))
}

/// A certificate and its key, which belong together.
fn pair(certificate: &Path, key: &Path, provider: &CryptoProvider) -> anyhow::Result<CertifiedKey> {
    keys::check_mode(key)?;
    let unreadable = |file: &Path| format!("{} cannot be read as PEM", file.display());
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .with_context(|| unreadable(certificate))?;
    if chain.is_empty() {
        bail!(
            "{} holds no certificate in PEM (-----BEGIN CERTIFICATE-----)",
            certificate.display()
        );
    }
    let private = PrivateKeyDer::from_pem_file(key).with_context(|| unreadable(key))?;
    CertifiedKey::from_der(chain, private, provider).with_context(|| {
        format!(
            "{} is not the key of the certificate in {}",
            key.display(),
            certificate.display()
        )
    })
}

/// The system's word that settings are to be read again.
struct Hangups(#[cfg(unix)] Option<tokio::signal::unix::Signal>);

fn hangups() -> Hangups {
    #[cfg(unix)]
    return Hangups(tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup()).ok());
    #[cfg(not(unix))]
    Hangups()
}

impl Hangups {
    async fn next(&mut self) {
        #[cfg(unix)]
        if let Some(signal) = &mut self.0
            && signal.recv().await.is_some()
        {
            return;
        }
        std::future::pending::<()>().await;
    }
}

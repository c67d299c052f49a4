//! The hub's private key and the operator's token: files that only their owner may read.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, bail};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::entropy::Entropy;
use domain::log::{Hash, SigningKey};

/// Makes a key and writes it to a new file.
pub fn create_key(file: &Path, entropy: &dyn Entropy) -> anyhow::Result<SigningKey> {
    let mut seed = [0; 32];
    entropy.fill(&mut seed);
    let key = SigningKey::from_seed(&seed);
    write_secret(file, &key.to_pem())?;
    Ok(key)
}

/// Reads the key.
pub fn read_key(file: &Path) -> anyhow::Result<SigningKey> {
    let text = read_secret(file)?;
    SigningKey::from_pem(&text).with_context(|| format!("{} is not the hub's key", file.display()))
}

/// Makes a token of 256 random bits and writes it to a new file.
pub fn create_token(file: &Path, entropy: &dyn Entropy) -> anyhow::Result<()> {
    let mut bytes = [0; 32];
    entropy.fill(&mut bytes);
    // 43 characters of the alphabet that addresses and headers take as they are.
    write_secret(file, &format!("simpul_{}\n", URL_SAFE_NO_PAD.encode(bytes)))
}

/// The operator's token, kept as its hash only.
#[derive(Clone, Debug)]
pub struct OperatorToken(Hash);

impl OperatorToken {
    /// Reads the token.
    pub fn read(file: &Path) -> anyhow::Result<Self> {
        let text = read_secret(file)?;
        let token = text.trim();
        if token.len() < 32 {
            bail!(
                "{} holds no token of 32 characters or more; make one with `simpul init`",
                file.display()
            );
        }
        Ok(Self(Hash::of(token.as_bytes())))
    }

    /// Says whether this is the token. Hashes are compared, so the time it takes tells nothing of the token.
    pub fn is(&self, given: &str) -> bool {
        self.0 == Hash::of(given.as_bytes())
    }
}

/// Writes a new file that only its owner may read.
pub fn write_secret(file: &Path, text: &str) -> anyhow::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut opened = options
        .open(file)
        .with_context(|| format!("{} cannot be made", file.display()))?;
    opened
        .write_all(text.as_bytes())
        .with_context(|| format!("{} cannot be written", file.display()))?;
    opened
        .sync_all()
        .with_context(|| format!("{} cannot be written", file.display()))
}

/// Reads a file that only its owner may read.
pub(crate) fn read_secret(file: &Path) -> anyhow::Result<String> {
    check_mode(file)?;
    std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))
}

#[cfg(unix)]
fn check_mode(file: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let facts =
        std::fs::metadata(file).with_context(|| format!("{} cannot be read", file.display()))?;
    let mode = facts.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        bail!(
            "{} can be read by others (mode {mode:o}); run `chmod 600 {}`",
            file.display(),
            file.display()
        );
    }
    Ok(())
}

#[cfg(not(unix))]
fn check_mode(_: &Path) -> anyhow::Result<()> {
    Ok(())
}

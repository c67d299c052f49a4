//! The hub's private key and the operator's token: files that only their owner may read. A passphrase may protect the key beside.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, bail};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::entropy::Entropy;
use domain::log::{Hash, SigningKey};
use zeroize::Zeroizing;

use crate::config::Config;

/// The fewest characters of a passphrase: whoever has the file can guess as often as they like.
const SHORTEST_PASSPHRASE: usize = 16;

/// What protects a private key.
pub struct Passphrase(Zeroizing<String>);

impl Passphrase {
    /// Reads one from the first line of a file.
    ///
    /// # Errors
    /// The file cannot be read, others can read it, or the passphrase is too short.
    pub fn read(file: &Path) -> anyhow::Result<Self> {
        let text = read_secret(file)?;
        let line = text.lines().next().unwrap_or_default();
        if line.chars().count() < SHORTEST_PASSPHRASE {
            bail!(
                "the first line of {} has less than {SHORTEST_PASSPHRASE} characters, which is too short for a passphrase; six words of a list would do",
                file.display()
            );
        }
        Ok(Self(Zeroizing::new(line.to_owned())))
    }

    /// The one that the settings name, if any.
    ///
    /// # Errors
    /// As those of [`Passphrase::read`].
    pub fn of(config: &Config) -> anyhow::Result<Option<Self>> {
        let file = config.hub.passphrase_file.as_ref();
        file.map(|file| Self::read(&config.path(file))).transpose()
    }
}

/// Makes a key and writes it to a new file, protected if a passphrase is given.
pub fn create_key(
    file: &Path,
    passphrase: Option<&Passphrase>,
    entropy: &dyn Entropy,
) -> anyhow::Result<SigningKey> {
    let mut seed = Zeroizing::new([0; 32]);
    entropy.fill(&mut *seed);
    let key = SigningKey::from_seed(&seed);
    write_secret(file, &pem(&key, passphrase, entropy))?;
    Ok(key)
}

/// Reads a key, by the passphrase if it is protected.
pub fn read_key(file: &Path, passphrase: Option<&Passphrase>) -> anyhow::Result<SigningKey> {
    let text = read_secret(file)?;
    let key = match passphrase {
        Some(passphrase) if SigningKey::is_protected(&text) => {
            SigningKey::from_protected_pem(&text, &passphrase.0)
        }
        _ => SigningKey::from_pem(&text),
    };
    let told = || {
        let file = file.display();
        if SigningKey::is_protected(&text) {
            format!(
                "{file} cannot be opened; passphrase_file in [hub] names the file with its passphrase"
            )
        } else {
            format!("{file} is not the hub's key")
        }
    };
    key.with_context(told)
}

/// Writes a key in place of itself: protected if a passphrase is given, else plain. There is a whole file at any time.
pub fn rewrite_key(
    file: &Path,
    key: &SigningKey,
    passphrase: Option<&Passphrase>,
    entropy: &dyn Entropy,
) -> anyhow::Result<()> {
    let mut next = file.to_owned().into_os_string();
    next.push(".rewritten");
    let next = Path::new(&next);
    write_secret(next, &pem(key, passphrase, entropy))?;
    std::fs::rename(next, file)
        .with_context(|| format!("{} cannot be put in place", file.display()))
}

fn pem(
    key: &SigningKey,
    passphrase: Option<&Passphrase>,
    entropy: &dyn Entropy,
) -> Zeroizing<String> {
    match passphrase {
        Some(passphrase) => key.to_protected_pem(&passphrase.0, entropy),
        None => key.to_pem(),
    }
}

/// Makes a token of 256 random bits and writes it to a new file.
pub fn create_token(file: &Path, entropy: &dyn Entropy) -> anyhow::Result<()> {
    let mut bytes = Zeroizing::new([0; 32]);
    entropy.fill(&mut *bytes);
    // 43 characters of the alphabet that addresses and headers take as they are.
    let token = Zeroizing::new(URL_SAFE_NO_PAD.encode(*bytes));
    write_secret(file, &Zeroizing::new(format!("simpul_{}\n", *token)))
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

/// Reads a file that only its owner may read; its text is overwritten in memory when it is let go.
pub(crate) fn read_secret(file: &Path) -> anyhow::Result<Zeroizing<String>> {
    check_mode(file)?;
    let text = std::fs::read_to_string(file);
    let text = text.with_context(|| format!("{} cannot be read", file.display()))?;
    Ok(Zeroizing::new(text))
}

/// Refuses a file that others than its owner may read.
#[cfg(unix)]
pub fn check_mode(file: &Path) -> anyhow::Result<()> {
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

/// Nothing is known of who may read a file here.
#[cfg(not(unix))]
pub fn check_mode(_: &Path) -> anyhow::Result<()> {
    Ok(())
}

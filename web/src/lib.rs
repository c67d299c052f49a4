//! The web pages a node serves, embedded into the program.
//!
//! `build.rs` builds them with Node.js where that is wanted and possible, and says so through
//! [`status`]; without them `/graphiql/` holds a page that tells how to get the real one. What it
//! decides, and from what, is in `plan`.
//!
//! Paths are those of the site: `/graphiql/` is the page, `/graphiql/assets/…` its parts. Not here:
//! anything of HTTP but the values of headers (`node::http` serves the files).

use std::borrow::Cow;

use encoding::Encoding;
use rust_embed::RustEmbed;

mod encoding;
#[cfg(test)]
mod plan;

/// The folder that the build script filled or was given.
#[derive(RustEmbed)]
#[folder = "$SIMPUL_WEB_SITE"]
struct Site;

/// Whether the pages are in this build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// They are.
    Built,
    /// They are not; a placeholder stands in for them.
    Missing {
        /// Why, in a few words: lower case or a name first, no full stop.
        reason: &'static str,
    },
}

/// Tells whether the pages are in this build.
pub const fn status() -> Status {
    match option_env!("SIMPUL_WEB_MISSING") {
        None => Status::Built,
        Some(reason) => Status::Missing { reason },
    }
}

/// The `Content-Security-Policy` for every answer under `/graphiql`.
///
/// Nothing comes from or goes to another origin, and no page may frame this one. The editor sets
/// styles from scripts and draws a few icons from `data:` URLs; it evaluates no text as code.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; worker-src 'self'; connect-src 'self'; \
     style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// One file of the site, in one form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asset {
    /// The body.
    pub bytes: Cow<'static, [u8]>,
    /// The value of `Content-Type`.
    pub content_type: &'static str,
    /// The value of `Content-Encoding`, if the body is compressed.
    pub encoding: Option<&'static str>,
    /// The value of `ETag`, quotes included: a strong one (RFC 9110, section 8.8.3), so it differs
    /// between the forms of a file.
    pub etag: String,
    /// Whether the name contains a hash of the content, so that the file behind it never changes.
    pub immutable: bool,
    file: String,
}

impl Asset {
    /// The same file in the smallest form that a header `Accept-Encoding` allows.
    ///
    /// Answers made with this need `Vary: Accept-Encoding`.
    #[must_use]
    pub fn encoded_for(self, accept_encoding: &str) -> Self {
        Encoding::ALL
            .into_iter()
            .filter(|encoding| encoding.is_accepted(accept_encoding))
            .find_map(|encoding| read(&self.file, Some(encoding)))
            .unwrap_or(self)
    }

    /// The value of `Cache-Control`: a year for what never changes, asking each time for the rest.
    pub const fn cache_control(&self) -> &'static str {
        if self.immutable {
            "public, max-age=31536000, immutable"
        } else {
            "no-cache"
        }
    }
}

/// Finds the file behind the path of a URL, uncompressed; a path that ends in `/` means its
/// `index.html`.
pub fn find(path: &str) -> Option<Asset> {
    let path = path.strip_prefix('/').unwrap_or(path);
    let file = match path {
        "" => "index.html".to_owned(),
        folder if folder.ends_with('/') => format!("{folder}index.html"),
        file => file.to_owned(),
    };
    let is_form = Encoding::ALL
        .iter()
        .any(|encoding| file.ends_with(encoding.suffix()));
    if is_form { None } else { read(&file, None) }
}

fn read(file: &str, encoding: Option<Encoding>) -> Option<Asset> {
    let suffix = encoding.map_or("", Encoding::suffix);
    let stored = Site::get(&format!("{file}{suffix}"))?;
    Some(Asset {
        bytes: stored.data,
        content_type: content_type(file),
        encoding: encoding.map(Encoding::name),
        etag: etag(stored.metadata.sha256_hash()),
        immutable: is_immutable(file),
        file: file.to_owned(),
    })
}

/// Half of the hash tells files apart as well as the whole.
fn etag(hash: [u8; 32]) -> String {
    format!(
        "\"{:032x}\"",
        u128::from_be_bytes(hash[..16].try_into().expect("half of 32 is 16"))
    )
}

/// Vite hashes the names of what it puts into `assets`, and of nothing else.
fn is_immutable(file: &str) -> bool {
    file.split('/')
        .rev()
        .skip(1)
        .any(|folder| folder == "assets")
}

fn content_type(file: &str) -> &'static str {
    match file.rsplit_once('.').map(|(_, extension)| extension) {
        Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("json" | "map") => "application/json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("woff2") => "font/woff2",
        Some("ttf") => "font/ttf",
        Some("txt") => "text/plain; charset=utf-8",
        _ => UNKNOWN_TYPE,
    }
}

const UNKNOWN_TYPE: &str = "application/octet-stream";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn graphiql_is_there_in_every_build() {
        let page = find("/graphiql/").expect("the page or its placeholder");
        let text = std::str::from_utf8(&page.bytes).expect("the page is text");
        assert_eq!(page.content_type, "text/html; charset=utf-8");
        assert_eq!((page.immutable, page.cache_control()), (false, "no-cache"));
        match status() {
            Status::Built => assert!(text.contains("/graphiql/assets/"), "{text}"),
            Status::Missing { reason } => assert!(text.contains(reason), "{text}"),
        }
    }

    #[test]
    fn a_page_has_several_paths() {
        let page = find("/graphiql/");
        assert!(page.is_some());
        assert_eq!(find("graphiql/index.html"), page);
        assert_eq!(find("graphiql/"), page);
    }

    #[test]
    fn nothing_else_is_found() {
        for path in [
            "/graphiql",
            "/graphiql/index.html.br",
            "/graphiql/index.html.gz",
            "/../Cargo.toml",
            "/graphiql//",
        ] {
            assert_eq!(find(path), None, "{path}");
        }
    }

    #[test]
    fn every_embedded_file_has_a_type() {
        let forms = [".br", ".gz"];
        for file in Site::iter().filter(|file| !forms.iter().any(|form| file.ends_with(form))) {
            assert_ne!(content_type(&file), UNKNOWN_TYPE, "{file}");
        }
    }

    #[test]
    fn every_embedded_form_is_reached_by_its_encoding() {
        for file in Site::iter() {
            let Some(plain) = file.strip_suffix(".br") else {
                continue;
            };
            let asset = find(plain).expect("a form has its plain file");
            let small = asset.clone().encoded_for("gzip, br");
            assert_eq!(small.encoding, Some("br"), "{file}");
            assert!(small.bytes.len() < asset.bytes.len(), "{file}");
            assert_ne!(small.etag, asset.etag, "{file}");
            assert_eq!(small.content_type, asset.content_type, "{file}");
        }
    }

    #[test]
    fn a_browser_that_takes_nothing_gets_the_plain_file() {
        let page = find("/graphiql/").expect("the page or its placeholder");
        assert_eq!(page.clone().encoded_for(""), page);
    }

    #[test]
    fn an_etag_is_quoted_hex() {
        assert_eq!(etag([0x0a; 32]), format!("\"{}\"", "0a".repeat(16)));
    }

    #[test]
    fn only_hashed_names_are_immutable() {
        for (file, expected) in [
            ("graphiql/assets/index-Deg7GjSk.js", true),
            ("assets/a.css", true),
            ("graphiql/index.html", false),
            ("graphiql/icon.svg", false),
            ("graphiql/assets", false),
        ] {
            assert_eq!(is_immutable(file), expected, "{file}");
        }
    }
}

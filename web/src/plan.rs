//! Deciding how the pages get into the program, and what the tools that build them may see.
//!
//! Pure: `build.rs` includes this file and carries the decision out; the crate includes it for its
//! tests only.

use std::fmt;
use std::path::{Path, PathBuf};

/// What the variable `SIMPUL_WEB` asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Build the pages where it pays: in release profiles and under continuous integration.
    Auto,
    /// Leave the pages out.
    Skip,
    /// Build the pages, or stop the build.
    Require,
    /// Take pages that were built before, from this folder.
    Folder(PathBuf),
}

impl Mode {
    /// Reads the variable's text; an empty one means `auto`.
    pub(crate) fn parse(raw: &str) -> Result<Self, UnknownMode> {
        match raw.trim() {
            "" | "auto" => Ok(Self::Auto),
            "skip" => Ok(Self::Skip),
            "require" => Ok(Self::Require),
            folder if Path::new(folder).is_absolute() => Ok(Self::Folder(folder.into())),
            other => Err(UnknownMode(other.to_owned())),
        }
    }
}

/// A value of `SIMPUL_WEB` that means nothing. A relative path is among them: a misspelt word
/// would pass for one.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct UnknownMode(String);

impl fmt::Display for UnknownMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "SIMPUL_WEB is \"{}\"; it may be auto, skip, require or the absolute path of built pages",
            self.0
        )
    }
}

/// What the build script does.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Plan {
    /// Run npm, and go on without the pages if it fails.
    Try,
    /// Run npm, and stop if it fails.
    Insist,
    /// Embed what is in this folder.
    Take(PathBuf),
    /// Embed a placeholder that gives this reason.
    LeaveOut(&'static str),
}

impl Plan {
    /// Decides from the mode, Cargo's `PROFILE` (`debug` or `release`) and the variable `CI`.
    pub(crate) fn of(mode: Mode, profile: &str, ci: Option<&str>) -> Self {
        match mode {
            Mode::Require => Self::Insist,
            Mode::Folder(folder) => Self::Take(folder),
            Mode::Skip => Self::LeaveOut("SIMPUL_WEB was set to skip"),
            Mode::Auto if profile == "release" || is_on(ci) => Self::Try,
            Mode::Auto => Self::LeaveOut("debug builds leave it out"),
        }
    }
}

fn is_on(variable: Option<&str>) -> bool {
    !matches!(variable, None | Some("" | "0" | "false"))
}

/// Checks what `node --version` printed against what Vite runs on.
pub(crate) fn check_node(printed: &str) -> Result<(), String> {
    let version = printed.trim();
    let mut numbers = version
        .trim_start_matches('v')
        .split('.')
        .map(str::parse::<u32>);
    let (Some(Ok(major)), Some(Ok(minor))) = (numbers.next(), numbers.next()) else {
        return Err(format!("node --version printed \"{version}\""));
    };
    match (major, minor) {
        (20, 19..) | (22, 12..) | (23.., _) => Ok(()),
        _ => Err(format!(
            "Node.js {version} does not fit, 20.19 or 22.12 or newer does"
        )),
    }
}

/// What a program needs of the environment to run at all, version managers' stand-ins included.
const FOR_ANY: [&str; 9] = [
    "PATH",
    "PATHEXT",
    "HOME",
    "USERPROFILE",
    "SYSTEMROOT",
    "COMSPEC",
    "TEMP",
    "TMP",
    "TMPDIR",
];

/// What npm needs besides, to reach a registry through the machine's own proxies and authorities.
const FOR_NPM: [&str; 12] = [
    "APPDATA",
    "LOCALAPPDATA",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "CI",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "NODE_EXTRA_CA_CERTS",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
];

/// Whether Vite and the packages it runs may see a variable. Everything else, above all the
/// secrets of a build machine, stays hidden from them.
pub(crate) fn any_may_see(variable: &str) -> bool {
    FOR_ANY.contains(&variable.to_ascii_uppercase().as_str())
}

/// Whether npm, which installs packages without running them, may see a variable.
pub(crate) fn npm_may_see(variable: &str) -> bool {
    let name = variable.to_ascii_uppercase();
    any_may_see(variable) || FOR_NPM.contains(&name.as_str()) || name.starts_with("NPM_CONFIG_")
}

/// The page shown where GraphiQL is missing: the template with the reason put in as text.
pub(crate) fn placeholder(template: &str, reason: &str) -> String {
    let text = reason
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    template.replace("{{reason}}", &text)
}

/// The text on one line, since a line break would end a directive to Cargo.
pub(crate) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variable_is_read() {
        let check = |raw, expected| assert_eq!(Mode::parse(raw), Ok(expected), "{raw:?}");
        check("", Mode::Auto);
        check("auto", Mode::Auto);
        check(" skip ", Mode::Skip);
        check("require", Mode::Require);
        let folder = std::env::temp_dir();
        check(
            folder.to_str().expect("the test machine's path is text"),
            Mode::Folder(folder.clone()),
        );
    }

    #[test]
    fn a_misspelt_word_is_no_folder() {
        for raw in ["requre", "AUTO", "dist", "./dist"] {
            let error = Mode::parse(raw).unwrap_err().to_string();
            assert!(error.contains(&format!("\"{raw}\"")), "{error}");
        }
    }

    #[test]
    fn auto_builds_releases_and_under_ci() {
        let check = |profile, ci, expected: bool| {
            let plan = Plan::of(Mode::Auto, profile, ci);
            assert_eq!(plan == Plan::Try, expected, "{profile} {ci:?}: {plan:?}");
        };
        check("release", None, true);
        check("release", Some("false"), true);
        check("debug", Some("true"), true);
        check("debug", Some("1"), true);
        check("debug", None, false);
        check("debug", Some(""), false);
        check("debug", Some("0"), false);
        check("debug", Some("false"), false);
    }

    #[test]
    fn the_other_modes_ask_neither_profile_nor_ci() {
        for (profile, ci) in [("debug", None), ("release", Some("true"))] {
            assert_eq!(Plan::of(Mode::Require, profile, ci), Plan::Insist);
            assert_eq!(
                Plan::of(Mode::Folder("/x".into()), profile, ci),
                Plan::Take("/x".into())
            );
            assert!(matches!(
                Plan::of(Mode::Skip, profile, ci),
                Plan::LeaveOut(_)
            ));
        }
    }

    #[test]
    fn vite_decides_which_node_fits() {
        for fits in [
            "v20.19.0\n",
            "v20.20.2",
            "v22.12.0",
            "v23.0.0",
            "v26.1.0-nightly",
        ] {
            assert_eq!(check_node(fits), Ok(()), "{fits:?}");
        }
        for old in [
            "v18.20.0", "v20.18.3", "v21.7.3", "v22.11.0", "", "node", "v20",
        ] {
            assert!(check_node(old).is_err(), "{old:?}");
        }
    }

    #[test]
    fn secrets_stay_hidden() {
        for name in [
            "GITHUB_TOKEN",
            "SIMPUL_TOKEN",
            "AWS_SECRET_ACCESS_KEY",
            "CARGO_REGISTRY_TOKEN",
            "NODE_OPTIONS",
        ] {
            assert!(!any_may_see(name) && !npm_may_see(name), "{name}");
        }
        for name in ["PATH", "Path", "HOME", "SystemRoot"] {
            assert!(any_may_see(name) && npm_may_see(name), "{name}");
        }
        for name in [
            "npm_config_registry",
            "NPM_CONFIG_USERCONFIG",
            "https_proxy",
            "NO_PROXY",
            "CI",
        ] {
            assert!(!any_may_see(name) && npm_may_see(name), "{name}");
        }
    }

    #[test]
    fn the_placeholder_gives_the_reason_as_text() {
        let page = placeholder("<p>{{reason}}</p>", "node <20> & npm");
        assert_eq!(page, "<p>node &lt;20&gt; &amp; npm</p>");
        let real = placeholder(include_str!("placeholder.html"), "Node.js was not found");
        assert!(
            real.contains("Node.js was not found") && !real.contains("{{"),
            "{real}"
        );
    }

    #[test]
    fn a_directive_has_one_line() {
        assert_eq!(
            one_line("npm ci\n  failed\r\nbadly "),
            "npm ci failed badly"
        );
    }
}

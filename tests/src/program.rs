//! The real program, run as people run it.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::SystemTime;

use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::patience::PATIENCE;

/// A folder in which the program runs: a hub, once `init` has made it.
#[derive(Debug)]
pub struct Program {
    binary: PathBuf,
    folder: TempDir,
}

/// What a run came to.
#[derive(Clone, Debug)]
pub struct Ran {
    /// The exit code; nothing if it was killed.
    pub code: Option<i32>,
    /// What it printed.
    pub stdout: String,
    /// What it remarked.
    pub stderr: String,
}

/// A hub that serves until it is stopped.
#[derive(Debug)]
pub struct Serving {
    /// Where it answers.
    pub url: String,
    child: Child,
}

impl Default for Program {
    fn default() -> Self {
        Self::new()
    }
}

impl Program {
    /// A fresh folder for the program.
    pub fn new() -> Self {
        Self {
            binary: binary(),
            folder: tempfile::tempdir().expect("a folder can be made"),
        }
    }

    /// A fresh folder for a program that lies elsewhere.
    pub fn of(binary: PathBuf) -> Self {
        Self {
            binary,
            folder: tempfile::tempdir().expect("a folder can be made"),
        }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A command line, not yet run.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command
            .args(arguments)
            .current_dir(self.folder())
            .env_clear()
            // All hubs are on this machine.
            .env(
                "SIMPUL_SYNC__PRIVATE_NETWORKS",
                "[\"127.0.0.0/8\", \"::1\"]",
            )
            .env("SIMPUL_HTTP__RATES__UNLIMITED", "[\"127.0.0.0/8\"]")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// Runs the program to its end.
    pub async fn run(&self, arguments: &[&str]) -> Ran {
        let running = self.command(arguments).output();
        let ended = tokio::time::timeout(PATIENCE, running).await;
        let output = ended.unwrap_or_else(|_| panic!("simpul {arguments:?} does not end"));
        Ran::from(output.expect("the program starts"))
    }

    /// Runs the program to its end, which must be a good one.
    pub async fn well(&self, arguments: &[&str]) -> Ran {
        let ran = self.run(arguments).await;
        assert_eq!(ran.code, Some(0), "simpul {arguments:?}\n{}", ran.stderr);
        ran
    }

    /// Makes a hub and gives what the program says of it.
    pub async fn init(&self, hub: &str) -> Value {
        self.init_at(hub, "sqlite:simpul.db").await
    }

    /// Makes a hub with its database at an address.
    pub async fn init_at(&self, hub: &str, database: &str) -> Value {
        let name = format!("Hub {hub}");
        let arguments = [
            "init",
            "--hub",
            hub,
            "--name",
            &name,
            "--network",
            "jipp-test",
            "--database",
            database,
            "--json",
        ];
        self.well(&arguments).await.json()
    }

    /// What the program says of the hub.
    pub async fn status(&self) -> Value {
        self.run(&["status", "--json"]).await.json()
    }

    /// Serves on a free port, and pulls every second.
    pub async fn serve(&self) -> Serving {
        self.serve_every(1).await
    }

    /// The same, and pulls every so many seconds.
    pub async fn serve_every(&self, seconds: u32) -> Serving {
        self.start(seconds, "info", Stdio::null()).await
    }

    /// Serves on a free port, and writes all that it tells at this filter into a file.
    pub async fn serve_telling(&self, filter: &str, log: &Path) -> Serving {
        let log = File::create(log).expect("the file can be made");
        self.start(1, filter, log.into()).await
    }

    async fn start(&self, seconds: u32, filter: &str, log: Stdio) -> Serving {
        let mut command = self.command(&["serve", "--listen", "127.0.0.1:0", "--json"]);
        let mut child = command
            .env("SIMPUL_SYNC__INTERVAL_SECONDS", seconds.to_string())
            .env("SIMPUL_LOG__FILTER", filter)
            .stderr(log)
            .spawn()
            .expect("the program starts");
        let output = child.stdout.take().expect("it is piped");
        let announced = tokio::time::timeout(PATIENCE, announcement(output)).await;
        let announced = announced.expect("the hub starts in time");
        let url = announced["url"]
            .as_str()
            .expect("the hub says where it answers");
        Serving {
            url: url.to_owned(),
            child,
        }
    }
}

async fn announcement(output: tokio::process::ChildStdout) -> Value {
    let mut lines = BufReader::new(output).lines();
    let mut text = String::new();
    while let Some(line) = lines.next_line().await.expect("its output can be read") {
        text.push_str(&line);
        if line == "}" {
            break;
        }
    }
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text:?}"))
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Self {
            code: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }
}

impl Ran {
    /// The printed JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}{}", self.stdout, self.stderr))
    }
}

impl Serving {
    /// Asks it to end, and gives its exit code.
    pub async fn stop(mut self) -> Option<i32> {
        let id = self.child.id().expect("it runs").to_string();
        let asked = Command::new("kill").args(["-TERM", &id]).status().await;
        assert!(asked.expect("kill can be run").success());
        let ended = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        ended
            .expect("it ends in time")
            .expect("it can be waited for")
            .code()
    }

    /// Memory that it takes, in MiB; nothing where there is no `/proc`.
    pub fn memory(&self) -> u64 {
        let id = self.child.id().unwrap_or_default();
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.unwrap_or_default().trim().trim_end_matches(" kB");
        kilobytes.parse::<u64>().unwrap_or_default() / 1024
    }

    /// Ends it as a power cut would.
    pub async fn kill(mut self) {
        self.child.kill().await.expect("it can be killed");
    }
}

/// The program that was built beside this test. One that is older than its sources would test something else.
fn binary() -> PathBuf {
    const BUILD: &str = "build it with `cargo build -p node --bin simpul`";
    let test = std::env::current_exe().expect("a program knows where it is");
    let profile = test
        .parent()
        .and_then(Path::parent)
        .expect("tests lie in target/<profile>/deps");
    let binary = profile.join("simpul");
    assert!(binary.is_file(), "{} is missing; {BUILD}", binary.display());
    let built = modified(&binary);
    let sources = std::fs::read_to_string(profile.join("simpul.d")).unwrap_or_default();
    // What building makes may be made again without a need to link again.
    let newer = sources
        .split_whitespace()
        .skip(1)
        .map(Path::new)
        .find(|source| !source.starts_with(profile) && modified(source) > built);
    if let Some(source) = newer {
        panic!(
            "{} is older than {}; {BUILD}",
            binary.display(),
            source.display()
        );
    }
    binary
}

fn modified(file: &Path) -> SystemTime {
    let facts = std::fs::metadata(file).and_then(|facts| facts.modified());
    facts.unwrap_or(SystemTime::UNIX_EPOCH)
}

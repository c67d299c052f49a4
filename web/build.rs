//! Builds the pages with Node.js, or notes why they are missing. What to do is decided in
//! `src/plan.rs`; here it is only done.
//!
//! Reads the variables `SIMPUL_WEB` and `CI`. Writes into `OUT_DIR` and, like npm itself, into
//! `node_modules`. Hands the crate `SIMPUL_WEB_SITE`, the folder to embed, and
//! `SIMPUL_WEB_MISSING`, the reason if that folder holds only a placeholder.

use std::env;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use plan::{Mode, Plan, any_may_see, check_node, npm_may_see, one_line, placeholder};

#[path = "src/plan.rs"]
mod plan;

/// What the pages are made from. `node_modules` is not among it: npm writes there during the build.
const SOURCES: [&str; 10] = [
    "../docs/queries.md",
    ".npmrc",
    "build.mjs",
    "build.rs",
    "graphiql",
    "package-lock.json",
    "package.json",
    "src/placeholder.html",
    "src/plan.rs",
    "tsconfig.json",
];

/// How many lines of a failed tool's complaint are passed on.
const COMPLAINT_LINES: usize = 15;

fn main() {
    declare_inputs();
    let site = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR")).join("dist");
    match plan() {
        Ok(Plan::Take(folder)) => take(&folder),
        Ok(Plan::LeaveOut(reason)) => leave_out(&site, reason),
        Ok(Plan::Try) => match build(&site) {
            Ok(()) => embed(&site),
            Err(reason) => do_without(&site, &one_line(&reason)),
        },
        Ok(Plan::Insist) => match build(&site) {
            Ok(()) => embed(&site),
            Err(reason) => stop(&format!(
                "GraphiQL is not built ({reason}), but SIMPUL_WEB=require asks for it"
            )),
        },
        Err(reason) => stop(&reason),
    }
}

fn declare_inputs() {
    for source in SOURCES {
        println!("cargo::rerun-if-changed={source}");
    }
    for variable in ["SIMPUL_WEB", "CI"] {
        println!("cargo::rerun-if-env-changed={variable}");
    }
}

fn plan() -> Result<Plan, String> {
    let variable = |name| env::var(name).ok();
    let mode = Mode::parse(&variable("SIMPUL_WEB").unwrap_or_default())
        .map_err(|error| error.to_string())?;
    let profile = variable("PROFILE").expect("cargo sets PROFILE");
    Ok(Plan::of(mode, &profile, variable("CI").as_deref()))
}

fn take(folder: &Path) {
    println!("cargo::rerun-if-changed={}", folder.display());
    match check_site(folder) {
        Ok(()) => embed(folder),
        Err(reason) => stop(&format!("SIMPUL_WEB names built pages, but {reason}")),
    }
}

fn do_without(site: &Path, reason: &str) {
    println!(
        "cargo::warning=GraphiQL is not built ({reason}); the node serves a plain page instead"
    );
    // Node.js may be installed by the next time.
    println!("cargo::rerun-if-env-changed=PATH");
    leave_out(site, reason);
}

fn leave_out(site: &Path, reason: &str) {
    let page = placeholder(include_str!("src/placeholder.html"), reason);
    empty(site)
        .and_then(|()| fs::create_dir(site.join("graphiql")))
        .and_then(|()| fs::write(site.join("graphiql/index.html"), page))
        .expect("cargo's OUT_DIR can be written");
    println!("cargo::rustc-env=SIMPUL_WEB_MISSING={reason}");
    embed(site);
}

fn embed(site: &Path) {
    println!("cargo::rustc-env=SIMPUL_WEB_SITE={}", site.display());
}

fn stop(reason: &str) {
    println!("cargo::error={}", one_line(reason));
}

/// Builds the pages into a folder, or tells in a few words why it cannot be done.
///
/// The lock keeps two builds, of a debug and a release profile say, from installing into the same
/// `node_modules` at once. It ends with this process, however that ends.
fn build(site: &Path) -> Result<(), String> {
    let version = tool("node", any_may_see).arg("--version").output();
    let version = version.map_err(|error| not_started("Node.js", &error))?;
    check_node(&String::from_utf8_lossy(&version.stdout))?;
    let lock = File::create("node_modules.lock").and_then(|file| file.lock().map(|()| file));
    let _held = lock.map_err(|error| format!("web/node_modules.lock cannot be locked: {error}"))?;
    install()?;
    empty(site).map_err(|error| format!("the output folder cannot be emptied: {error}"))?;
    run("Vite", tool("node", any_may_see).arg("build.mjs").arg(site))?;
    check_site(site)
}

fn check_site(folder: &Path) -> Result<(), String> {
    let page = folder.join("graphiql/index.html");
    if page.is_file() {
        Ok(())
    } else {
        Err(format!("{} does not exist", page.display()))
    }
}

/// Installs the packages, unless the last installation was made from the same lock file.
///
/// `npm ci` empties `node_modules` first and the stamp is written last, so a stamp that is there
/// vouches for the whole.
fn install() -> Result<(), String> {
    let stamp = Path::new("node_modules/.simpul-package-lock.json");
    let wanted =
        fs::read("package-lock.json").map_err(|error| format!("package-lock.json: {error}"))?;
    if fs::read(stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
    let options = [
        "ci",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--prefer-offline",
    ];
    run("npm ci", tool(npm, npm_may_see).args(options))?;
    fs::write(stamp, wanted).map_err(|error| format!("{}: {error}", stamp.display()))
}

/// A program that gets only those variables of ours that it may see.
fn tool(program: &str, may_see: fn(&str) -> bool) -> Command {
    let variables = env::vars_os().filter(|(variable, _)| variable.to_str().is_some_and(may_see));
    let mut command = Command::new(program);
    command.env_clear().envs(variables).env("NO_COLOR", "1");
    command
}

/// Runs a program to its end, and passes its complaint on if it fails.
fn run(name: &str, command: &mut Command) -> Result<(), String> {
    let output = command.output();
    let Output { status, stderr, .. } = output.map_err(|error| not_started(name, &error))?;
    if status.success() {
        return Ok(());
    }
    let complaint = String::from_utf8_lossy(&stderr);
    for line in complaint
        .lines()
        .filter(|line| !line.trim().is_empty())
        .take(COMPLAINT_LINES)
    {
        println!("cargo::warning={name}: {line}");
    }
    Err(format!("{name} failed: {status}"))
}

fn not_started(name: &str, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => format!("{name} was not found"),
        _ => format!("{name} did not start: {error}"),
    }
}

fn empty(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => fs::create_dir_all(folder),
    }
}

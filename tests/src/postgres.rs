//! A throw-away PostgreSQL, from the installed binaries.
//!
//! Each test process that needs one starts its own server in a folder of its own, reached by a Unix socket, so nothing
//! is shared and no port can collide. A shell supervises the server and waits on a pipe that the test process holds:
//! when the process ends, however it ends, the pipe closes, and the shell stops the server and removes the folder.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use sea_orm::ConnectionTrait as _;

/// Makes a cluster, starts it, prints its folder once it answers, and cleans up when standard input ends.
///
/// Nothing needs to survive a crash of the machine, so files are not synced; commits wait for the log as always, which
/// is what the node insists on.
const SUPERVISOR: &str = r#"
trap '' PIPE INT TERM HUP
dir=$(mktemp -d "${TMPDIR:-/tmp}/simpul-postgres.XXXXXX") || exit 1
fail() { cat "$dir/log"; rm -rf "$dir"; exit 1; }
"$1/initdb" -D "$dir/data" -U simpul -A trust -E UTF8 --no-locale --no-sync >"$dir/log" 2>&1 || fail
"$1/postgres" -D "$dir/data" -k "$dir" -c listen_addresses= -c fsync=off -c synchronous_commit=on \
    -c max_connections=200 -c shared_buffers=32MB -c autovacuum=off >>"$dir/log" 2>&1 &
server=$!
until "$1/pg_isready" -q -h "$dir"; do kill -0 $server 2>/dev/null || fail; sleep 0.02; done
echo "$dir"
exec >/dev/null
cat >/dev/null
kill -QUIT $server
wait $server
rm -rf "$dir"
"#;

/// A running server; it stops when the last handle to it is dropped.
#[derive(Debug)]
pub struct Server {
    folder: PathBuf,
    databases: AtomicU32,
    supervisor: Child,
}

static SHARED: Mutex<Weak<Server>> = Mutex::new(Weak::new());

impl Server {
    /// The server of this process, started if it does not run yet.
    pub fn shared() -> Arc<Self> {
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(server) = shared.upgrade() {
            return server;
        }
        let server = Arc::new(Self::start());
        *shared = Arc::downgrade(&server);
        server
    }

    fn start() -> Self {
        let binaries = binaries();
        let mut supervisor = shell()
            .args(["-c", SUPERVISOR, "sh"])
            .arg(&binaries)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .expect("a shell can be started");
        let output = supervisor.stdout.take().expect("it is piped");
        let mut lines = BufReader::new(output).lines().map_while(Result::ok);
        let first = lines.next().unwrap_or_default();
        let folder = PathBuf::from(&first);
        assert!(
            folder.is_absolute(),
            "PostgreSQL in {} does not start: {first}\n{}",
            binaries.display(),
            lines.collect::<Vec<_>>().join("\n")
        );
        Self {
            folder,
            databases: AtomicU32::new(0),
            supervisor,
        }
    }

    /// Makes an empty database and gives its URL.
    pub async fn create_database(&self) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.execute("postgres", &format!("CREATE DATABASE {name}"))
            .await;
        self.url(&name)
    }

    /// Runs one statement in a database of this server.
    pub async fn execute(&self, database: &str, statement: &str) {
        let db = sea_orm::Database::connect(self.url(database))
            .await
            .expect("the server takes connections");
        db.execute_unprepared(statement)
            .await
            .expect("the statement is right");
        db.close().await.expect("the connection closes");
    }

    /// Writes a database into a file while it is in use, as a backup does.
    pub async fn dump(&self, url: &str, file: &Path) -> anyhow::Result<()> {
        let mut dump = self.tool("pg_dump");
        dump.args(["--format=custom", "--dbname", name_of(url), "--file"]);
        ended_well(dump.arg(file)).await
    }

    /// Puts what a file holds in the place of a database. Whoever is connected to it is cut off.
    pub async fn restore(&self, url: &str, file: &Path) -> anyhow::Result<()> {
        self.empty(url).await;
        let mut restore = self.tool("pg_restore");
        restore.args(["--exit-on-error", "--dbname", name_of(url)]);
        ended_well(restore.arg(file)).await
    }

    /// Puts an empty database in the place of one. Whoever is connected to it is cut off.
    pub async fn empty(&self, url: &str) {
        let name = name_of(url);
        let drop = format!("DROP DATABASE {name} WITH (FORCE)");
        self.execute("postgres", &drop).await;
        self.execute("postgres", &format!("CREATE DATABASE {name}"))
            .await;
    }

    fn tool(&self, name: &str) -> tokio::process::Command {
        let mut tool = tokio::process::Command::new(binaries().join(name));
        tool.args(["--username", "simpul", "--host"])
            .arg(&self.folder)
            .stdin(Stdio::null())
            .kill_on_drop(true);
        tool
    }

    fn url(&self, database: &str) -> String {
        format!(
            "postgres://simpul@localhost/{database}?host={}",
            self.folder.display()
        )
    }
}

/// The name of the database in a URL of this server.
fn name_of(url: &str) -> &str {
    let path = url.split('?').next().unwrap_or_default();
    path.rsplit('/').next().unwrap_or_default()
}

async fn ended_well(command: &mut tokio::process::Command) -> anyhow::Result<()> {
    let output = command.output().await?;
    let told = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(output.status.success(), "{command:?}: {told}");
    Ok(())
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.supervisor.stdin.take());
        drop(self.supervisor.wait());
    }
}

/// The folder with the newest installed server.
fn binaries() -> PathBuf {
    let mut found = BTreeMap::new();
    for versions in ["/usr/lib/postgresql", "/usr/pgsql", "/usr/local/pgsql"] {
        let listed = std::fs::read_dir(versions).into_iter().flatten().flatten();
        for entry in listed {
            let version: u32 = entry
                .file_name()
                .to_string_lossy()
                .parse()
                .unwrap_or_default();
            found.insert(version, entry.path().join("bin"));
        }
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut candidates: Vec<PathBuf> = found.into_values().rev().collect();
    candidates.extend(std::env::split_paths(&path));
    let complete = |folder: &&PathBuf| folder.join("initdb").exists() && has_server(folder);
    candidates.iter().find(complete).cloned().expect(
        "PostgreSQL is not installed, and what the hub promises is tested on both databases: install the server, for example \
         with `apt-get install postgresql`",
    )
}

fn has_server(folder: &Path) -> bool {
    folder.join("postgres").exists() && folder.join("pg_isready").exists()
}

/// PostgreSQL refuses to run as root, so root runs it as somebody else.
fn shell() -> Command {
    if output_of("id", &["-u"]) != "0" {
        return Command::new("sh");
    }
    let user = if output_of("id", &["-u", "postgres"]).is_empty() {
        "nobody"
    } else {
        "postgres"
    };
    let mut command = Command::new("runuser");
    command.args(["-u", user, "--", "sh"]);
    command
}

fn output_of(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let text = output
        .map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
        .unwrap_or_default();
    text.trim().to_owned()
}

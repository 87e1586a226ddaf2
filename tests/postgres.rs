//! Tests of the lessons' PostgreSQL server: it starts, answers queries, leaves
//! nothing behind, and fails with a helpful message.
//!
//! Environment variables and `kill -9` affect a whole process, so most tests run the
//! program `services`, which starts a server and waits.

#![cfg(unix)]

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::TcpListener;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::{self, Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use async_workbook::check::{ObservedPool, TestDatabase};
use async_workbook::postgres;
use deadpool_postgres::Object;
use tokio::runtime::Builder;
use tokio_postgres::config::Host;
use tokio_postgres::{Client, Config, NoTls};

mod common;
use common::postgres_missing;

const SERVICES: &str = env!("CARGO_BIN_EXE_services");

/// A generous limit: only a failing test waits this long.
const TIMEOUT: Duration = Duration::from_secs(20);
/// The documented limit after a `kill -9`.
const GONE_WITHIN: Duration = Duration::from_secs(5);

const USERS: [&str; 5] = [
    "1 Ada Lisbon",
    "2 Linus Helsinki",
    "3 Grace Oslo",
    "4 Ken Lisbon",
    "5 Barbara Oslo",
];

// ---- Helpers ----

/// A running program that printed the URL of its database.
struct Running {
    child: Child,
    stdout: BufReader<ChildStdout>,
    url: String,
}

impl Running {
    fn start(command: &mut Command) -> Running {
        let mut child = loop {
            match command.spawn() {
                // The program was just copied, and the child of another test
                // inherited the open file between its fork and its exec.
                Err(error) if error.kind() == ErrorKind::ExecutableFileBusy => {
                    thread::sleep(Duration::from_millis(5));
                }
                spawned => break spawned.expect("the program starts"),
            }
        };
        let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut line = String::new();
        // Skips the output of the test harness, if the program is a test.
        let url = loop {
            if let Some(url) = line.strip_prefix("export DATABASE_URL=") {
                break url.trim().trim_matches('\'').to_owned();
            }
            line.clear();
            if stdout.read_line(&mut line).expect("text") == 0 {
                let mut error = String::new();
                let mut stderr = child.stderr.take().expect("a pipe");
                stderr.read_to_string(&mut error).expect("text");
                panic!("no database: {error}");
            }
        };
        Running { child, stdout, url }
    }

    fn dir(&self) -> PathBuf {
        let config: Config = self.url.parse().expect("a URL");
        match &config.get_hosts()[0] {
            Host::Unix(dir) => dir.clone(),
            Host::Tcp(name) => panic!("{name} is not a directory"),
        }
    }

    /// Returns the process id of the server.
    fn server(&self) -> String {
        let file = self.dir().join("data/postmaster.pid");
        let text = fs::read_to_string(file).expect("a running server");
        text.lines().next().expect("a process id").to_owned()
    }

    /// Creates a database without the sample tables and returns its URL.
    fn new_database(&self, name: &str) -> String {
        let url = self.url.replace("/postgres?", &format!("/{name}?"));
        execute(&self.url, &format!("CREATE DATABASE {name} TEMPLATE postgres"));
        execute(&url, "DROP SCHEMA async_workbook CASCADE");
        url
    }

    /// Ends the program with `end`, then waits until its server and directory are
    /// gone.
    fn gone_after(mut self, end: impl FnOnce(&mut Child)) {
        let (dir, server) = (self.dir(), self.server());
        assert!(alive(&server));
        let start = Instant::now();
        end(&mut self.child);
        // The guard must not keep the program's stdout open.
        self.stdout.read_to_string(&mut String::new()).expect("text");
        self.child.wait().expect("a child");
        while dir.exists() || alive(&server) {
            assert!(start.elapsed() < GONE_WITHIN, "{} is left", dir.display());
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A TCP port in front of a server's socket. It replaces the text `replaced` on the
/// way to the server, and stops forwarding anything after the text `last`, or when
/// it is `frozen`.
struct Proxy {
    port: u16,
    frozen: Arc<AtomicBool>,
}

impl Proxy {
    fn start(
        server: &Running,
        replaced: [&'static str; 2],
        last: &'static str,
    ) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let frozen = Arc::new(AtomicBool::new(false));
        let (socket, is_frozen) =
            (server.dir().join(".s.PGSQL.5432"), frozen.clone());
        thread::spawn(move || {
            for client in listener.incoming() {
                let client = client.unwrap();
                let server = UnixStream::connect(&socket).unwrap();
                let (to_client, to_server) =
                    (client.try_clone().unwrap(), server.try_clone().unwrap());
                let (frozen, answers_frozen) =
                    (is_frozen.clone(), is_frozen.clone());
                let forward = move || {
                    copy(client, to_server, replaced, last, &frozen);
                };
                thread::spawn(forward);
                thread::spawn(move || {
                    copy(server, to_client, ["", ""], "", &answers_frozen);
                });
            }
        });
        Proxy { port, frozen }
    }

    /// A URL with a limit of two seconds for an answer.
    fn url(&self) -> String {
        format!(
            "postgresql://workbook@127.0.0.1:{}/postgres?connect_timeout=1",
            self.port
        )
    }
}

fn copy(
    mut from: impl Read,
    mut to: impl Write,
    [old, new]: [&str; 2],
    last: &str,
    frozen: &AtomicBool,
) {
    let mut buffer = [0; 1 << 16];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        let bytes = &mut buffer[..length];
        let find = |bytes: &[u8], text: &str| {
            let text = Some(text.as_bytes()).filter(|text| !text.is_empty())?;
            bytes.windows(text.len()).position(|window| window == text)
        };
        if find(bytes, last).is_some() {
            frozen.store(true, Ordering::Relaxed);
        }
        while frozen.load(Ordering::Relaxed) {
            thread::park();
        }
        if let Some(at) = find(bytes, old) {
            bytes[at..at + new.len()].copy_from_slice(new.as_bytes());
        }
        if to.write_all(bytes).is_err() {
            break;
        }
    }
}

/// A temporary directory that all users can enter.
struct Dir(PathBuf);

impl Dir {
    fn new(name: &str) -> Dir {
        let dir =
            env::temp_dir().join(format!("workbook-test-{} {name}", process::id()));
        fs::create_dir(&dir).expect("a new directory");
        let dir = Dir(dir);
        dir.set_mode(0o777);
        dir
    }

    fn set_mode(&self, mode: u32) {
        let mode = fs::Permissions::from_mode(mode);
        fs::set_permissions(&self.0, mode).expect("our own directory");
    }

    /// Writes an executable shell script.
    fn script(&self, name: &str, text: &str) {
        let file = self.0.join(name);
        fs::write(&file, format!("#!/bin/sh\n{text}\n")).expect("disk space");
        let mode = fs::Permissions::from_mode(0o755);
        fs::set_permissions(file, mode).expect("our own file");
    }

    /// Makes it look like a target directory of Cargo, and copies `services` into
    /// it.
    fn target(&self) -> PathBuf {
        fs::write(self.0.join("CACHEDIR.TAG"), "").expect("disk space");
        let program = self.0.join("services");
        fs::copy(SERVICES, &program).expect("disk space");
        program
    }

    fn template(&self) -> Option<PathBuf> {
        let mut entries = fs::read_dir(self.0.join("workbook-postgres")).ok()?;
        Some(entries.next()?.expect("an entry").path())
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        self.set_mode(0o755);
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn program(path: impl AsRef<Path>) -> Command {
    let mut command = Command::new(path.as_ref());
    command
        .env_remove("DATABASE_URL")
        .env_remove("WORKBOOK_POSTGRES_BIN")
        .env_remove("RUST_BACKTRACE")
        .env_remove("TMPDIR")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn services() -> Command {
    program(SERVICES)
}

/// Runs `services`, which must fail, and returns its error message.
fn failure(command: &mut Command) -> String {
    let output = command.output().expect("the program starts");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(output.stdout, b"");
    let text = String::from_utf8(output.stderr).expect("text");
    assert!(text.starts_with("Error: "), "{text}");
    text
}

/// Runs `services`, which must start only the web server, and returns its stderr.
fn web_server_only(command: &mut Command) -> String {
    let mut child = command.spawn().expect("the program starts");
    let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut line = String::new();
    stdout.read_line(&mut line).expect("text");
    let running = child.try_wait().expect("a child").is_none();
    child.kill().expect("a child");
    let output = child.wait_with_output().expect("a child");
    let text = String::from_utf8(output.stderr).expect("text");
    assert!(running, "{text}");
    assert!(line.starts_with("export WEB_URL='http://127.0.0.1:"), "{line}");
    let mut more = String::new();
    stdout.read_to_string(&mut more).expect("text");
    assert_eq!(more, "");
    assert_has(&text, &["Starting the web server only"]);
    text
}

#[test]
fn services_takes_no_arguments() {
    let output = services().arg("--help").output().expect("the program starts");
    assert_eq!((output.status.code(), &*output.stdout), (Some(2), &b""[..]));
    let usage = "services takes no arguments. Usage: cargo run --bin services\n";
    assert_eq!(String::from_utf8(output.stderr).expect("text"), usage);
}

fn failure_at(url: &str) -> String {
    failure(services().env("DATABASE_URL", url))
}

#[track_caller]
fn assert_has(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "no {part:?} in:\n{text}");
    }
}

fn sh(script: &str, argument: &str) -> bool {
    let mut sh = Command::new("/bin/sh");
    let sh = sh.args(["-c", script, "sh", argument]);
    sh.stderr(Stdio::null()).status().expect("sh").success()
}

fn alive(pid: &str) -> bool {
    sh("kill -0 \"$1\"", pid)
}

fn root() -> bool {
    sh("test \"$(id -u)\" = 0", "")
}

async fn connect(config: &Config) -> Client {
    let (client, connection) = config.connect(NoTls).await.expect("a connection");
    tokio::spawn(connection);
    client
}

async fn users(client: &Client) -> Vec<String> {
    let rows = client
        .query("SELECT id, name, city FROM users ORDER BY id", &[])
        .await
        .expect("users");
    rows.iter()
        .map(|row| {
            let (name, city) = (row.get::<_, &str>(1), row.get::<_, &str>(2));
            format!("{} {name} {city}", row.get::<_, i32>(0))
        })
        .collect()
}

#[tokio::main(flavor = "current_thread")]
async fn users_at(url: &str) -> Vec<String> {
    users(&connect(&url.parse().expect("a URL")).await).await
}

#[tokio::main(flavor = "current_thread")]
async fn execute(url: &str, sql: &str) {
    let client = connect(&url.parse().expect("a URL")).await;
    client.batch_execute(sql).await.expect(sql);
}

// ---- Queries ----

async fn start_and_query() {
    let database = postgres::start().await.expect("a database");
    let client = connect(&database.config()).await;
    assert_eq!(users(&client).await, USERS);
    let orders = "SELECT count(*), count(DISTINCT user_id) FROM orders";
    let row = client.query_one(orders, &[]).await.expect("orders");
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (6, 3));

    let same = connect(&database.url().parse().expect("a URL")).await;
    assert_eq!(users(&same).await, USERS);
}

#[tokio::test]
async fn queries_on_a_current_thread_runtime() {
    if !tokio::task::spawn_blocking(postgres_missing).await.unwrap() {
        start_and_query().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_run_at_once_on_a_multi_thread_runtime() {
    if !tokio::task::spawn_blocking(postgres_missing).await.unwrap() {
        let first = tokio::spawn(start_and_query());
        let second = tokio::spawn(start_and_query());
        first.await.unwrap();
        second.await.unwrap();
    }
}

#[test]
fn a_pool_accepts_the_config() {
    if postgres_missing() {
        return;
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let database = postgres::start().await.unwrap();
        let manager = deadpool_postgres::Manager::new(database.config(), NoTls);
        let pool =
            deadpool_postgres::Pool::builder(manager).max_size(3).build().unwrap();
        let client = pool.get().await.unwrap();
        assert_eq!(users(&client).await, USERS);
    });
}

#[test]
fn an_observed_pool_shows_waiting_queries_and_deadlocks() {
    if postgres_missing() {
        return;
    }
    let database = TestDatabase::start().unwrap();
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let tables = "CREATE TABLE a (n int); INSERT INTO a VALUES (7);";
        let observed = ObservedPool::new(1, &database, tables).await.unwrap();
        let pool = &observed.pool;
        assert_eq!((observed.taken(), observed.replaced()), (0, 0));

        let mut query = pin!(async {
            let client = pool.get().await.unwrap();
            let row = client.query_one("SELECT n FROM a", &[]).await.unwrap();
            row.get::<_, i32>(0)
        });
        let look = async || observed.sessions().await.unwrap();
        let gated = observed.behind_gates(&["a"], &mut query, look);
        let (early, sessions) = gated.await.unwrap();
        assert_eq!(early, None);
        assert_eq!(sessions[0].waits_at.as_deref(), Some("a"));
        assert_eq!(query.await, 7);
        assert_eq!((observed.taken(), observed.in_use()), (1, 0));

        let two = async {
            let _one = pool.get().await;
            pool.get().await.map(drop)
        };
        let deadlock = observed.awaits(two).await.unwrap_err().to_string();
        let begin = "deadlock: the pool's only connection is in use with no query";
        assert!(deadlock.starts_with(begin), "{deadlock}");

        drop(Object::take(pool.get().await.unwrap()));
        drop(observed.all().await.unwrap());
        assert_eq!(observed.replaced(), 1);

        let refusing = ObservedPool::refusing(2, &database, tables).await.unwrap();
        assert!(refusing.pool.get().await.is_ok() && !refusing.has_refused());
        assert!(refusing.pool.get().await.is_err() && refusing.has_refused());
    });
    database.clean_up();
}

#[test]
fn concurrent_lessons_create_the_tables_once() {
    if postgres_missing() {
        return;
    }
    let server = Running::start(&mut services());
    let shop = server.new_database("shop");
    let lessons: Vec<Running> = thread::scope(|scope| {
        let start = || Running::start(services().env("DATABASE_URL", &shop));
        let starts: Vec<_> = (0..4).map(|_| scope.spawn(start)).collect();
        starts.into_iter().map(|start| start.join().unwrap()).collect()
    });
    for lesson in &lessons {
        assert_eq!(users_at(&lesson.url), USERS);
    }
}

#[test]
fn changed_tables_are_recognized() {
    if postgres_missing() {
        return;
    }
    let server = Running::start(&mut services());
    let shop = server.new_database("shop");
    let start = || drop(Running::start(services().env("DATABASE_URL", &shop)));
    for change in [
        "DELETE FROM orders",
        "UPDATE users SET city = 'Porto' WHERE id = 1",
        "INSERT INTO users VALUES (6, 'Margaret', 'Oslo')",
        "ALTER TABLE users DROP city",
        "ALTER TABLE users ALTER id TYPE bigint",
        "ALTER TABLE orders ALTER item TYPE varchar",
        "DROP TABLE orders",
        "DROP TABLE users CASCADE",
    ] {
        start();
        execute(&shop, change);
        let text = failure_at(&shop);
        assert_has(
            &text,
            &["has other sample tables or rows", "the next start creates it"],
        );
        let advice = "DROP SCHEMA async_workbook CASCADE";
        assert_has(&text, &[advice]);
        execute(&shop, advice);
    }
    start();
}

#[test]
fn a_pooler_that_drops_the_search_path() {
    if postgres_missing() {
        return;
    }
    let server = Running::start(&mut services());
    let replaced = ["-csearch_path=async_workbook", "-capplication_name=search_pa"];
    let proxy = Proxy::start(&server, replaced, "");
    let text = failure_at(&proxy.url());
    assert_has(&text, &["does not use the search_path", "such as PgBouncer"]);
}

#[test]
fn a_server_that_freezes() {
    if postgres_missing() {
        return;
    }
    let server = Running::start(&mut services());
    // While the lesson runs.
    let proxy = Proxy::start(&server, ["", ""], "");
    let mut lesson = Running::start(services().env("DATABASE_URL", proxy.url()));
    proxy.frozen.store(true, Ordering::Relaxed);
    let mut text = String::new();
    lesson.child.stderr.take().unwrap().read_to_string(&mut text).unwrap();
    assert_has(&text, &["does not answer a query: timed out after 2 s"]);
    assert_eq!(lesson.child.wait().unwrap().code(), Some(1));

    // After the login, and in the middle of the setup, which then holds the lock.
    for last in ["pg_try_advisory", "string_agg"] {
        let proxy = Proxy::start(&server, ["", ""], last);
        let text = failure_at(&proxy.url());
        assert_has(&text, &["does not answer a query: timed out after 2 s"]);
    }
}

#[test]
fn locks_that_another_session_holds() {
    if postgres_missing() {
        return;
    }
    let server = Running::start(&mut services());
    let url = format!("{}&connect_timeout=1", server.url);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for (lock, expected) in [
        (
            "SELECT pg_advisory_lock(418549165667)",
            "another session has held advisory lock 418549165667 for 2 s",
        ),
        ("BEGIN; LOCK TABLE users", "does not answer a query: timed out after 2 s"),
    ] {
        let client = runtime.block_on(connect(&server.url.parse().unwrap()));
        runtime.block_on(client.batch_execute(lock)).unwrap();
        assert_has(&failure_at(&url), &[expected]);
        // No session of ours waits on the server.
        let waiting = "SELECT FROM pg_locks WHERE NOT granted";
        let start = Instant::now();
        while !runtime.block_on(client.query(waiting, &[])).unwrap().is_empty() {
            assert!(start.elapsed() < TIMEOUT);
        }
    }
}

#[test]
fn a_query_that_waits_for_a_lock_is_reported() {
    if postgres_missing() {
        return;
    }
    let server = Running::start(&mut services());
    let url = format!("{}&connect_timeout=1", server.url);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let table = ("BEGIN; LOCK TABLE users", "SELECT FROM users");
    let lesson_14 = ["SELECT pg_advisory_lock(14)"; 2].into();
    for (hold, wait) in [table, lesson_14] {
        let mut lesson = Running::start(services().env("DATABASE_URL", &url));
        let [holder, waiter] =
            [(); 2].map(|()| runtime.block_on(connect(&url.parse().unwrap())));
        runtime.block_on(holder.batch_execute(hold)).unwrap();
        runtime.spawn(async move { waiter.batch_execute(wait).await });
        let mut lines = BufReader::new(lesson.child.stderr.take().unwrap()).lines();
        let warning = lines.find_map(|line| {
            line.ok().filter(|line| line.starts_with("A query has waited for 2 s: "))
        });
        assert_has(
            &warning.unwrap(),
            &["another session holds a lock", "of lesson 14"],
        );
    }
}

#[test]
fn tables_in_other_schemas_are_not_touched() {
    if postgres_missing() {
        return;
    }
    let server = Running::start(&mut services());
    let shop = server.new_database("shop");
    execute(&shop, "CREATE TABLE public.users (mine int)");
    let lesson = Running::start(services().env("DATABASE_URL", &shop));
    assert_eq!(users_at(&lesson.url), USERS);
    execute(&shop, "SELECT mine FROM public.users");
}

// ---- Cleanup ----

/// Not a test, but a program that the tests below run.
#[test]
#[ignore = "run by other tests"]
fn child() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let database = postgres::start().await.unwrap();
        // The harness may have printed an incomplete line.
        println!("\nexport DATABASE_URL='{}'", database.url());
        // The test inspects the running server, then sends a line.
        std::io::stdin().read_line(&mut String::new()).unwrap();
        let how = env::var("WORKBOOK_TEST_END").unwrap();
        assert!(how != "panic", "requested by the test");
        drop(database);
        println!("dropped");
        if how == "drop" {
            std::future::pending::<()>().await;
        }
    });
}

fn child_that_ends_with(how: &str) -> Running {
    let mut command = program(env::current_exe().unwrap());
    command.args(["child", "--exact", "--ignored", "--nocapture"]);
    command.env("WORKBOOK_TEST_END", how).stdin(Stdio::piped());
    Running::start(&mut command)
}

#[test]
fn drop_returns_when_everything_is_gone() {
    if postgres_missing() {
        return;
    }
    let mut child = child_that_ends_with("drop");
    let (dir, server) = (child.dir(), child.server());
    drop(child.child.stdin.take());
    let mut line = String::new();
    while line != "dropped\n" {
        line.clear();
        assert_ne!(child.stdout.read_line(&mut line).unwrap(), 0);
    }
    assert!(!dir.exists());
    assert!(!alive(&server));
}

#[test]
fn gone_after_a_normal_end() {
    if !postgres_missing() {
        child_that_ends_with("return").gone_after(|child| drop(child.stdin.take()));
    }
}

#[test]
fn gone_after_a_panic() {
    if !postgres_missing() {
        child_that_ends_with("panic").gone_after(|child| drop(child.stdin.take()));
    }
}

#[test]
fn gone_after_kill_9() {
    if !postgres_missing() {
        Running::start(&mut services()).gone_after(|child| child.kill().unwrap());
    }
}

#[test]
fn gone_after_ctrl_c() {
    if postgres_missing() || interrupts_are_ignored() {
        return;
    }
    // A terminal sends SIGINT to every process of the foreground group.
    let running = Running::start(services().process_group(0));
    running.gone_after(|child| {
        assert!(sh("kill -s INT -- \"-$1\"", &child.id().to_string()));
        assert_eq!(child.wait().unwrap().signal(), Some(2));
    });
}

/// Returns whether there is no PostgreSQL, or no `ps`, which small containers lack.
fn postgres_or_ps_missing() -> bool {
    let ps = Command::new("ps").stdout(Stdio::null()).status();
    let missing = ps.is_err_and(|error| error.kind() == ErrorKind::NotFound);
    if missing {
        assert!(env::var("CI").as_deref() != Ok("true"), "CI has no `ps`");
        common::print_notice(
            "NOT TESTED: guards of the server. Install `ps` (procps).",
        );
    }
    missing || postgres_missing()
}

/// Returns the process ids of the shells that guard a server: first the child of
/// the lesson, then its own children.
fn guards(running: &Running) -> Vec<String> {
    let ps = Command::new("ps").args(["-eo", "pid=,ppid=,args="]).output();
    let ps = String::from_utf8(ps.expect("ps").stdout).expect("text");
    let dir = running.dir().display().to_string();
    let mut guards: Vec<(bool, String)> = ps
        .lines()
        .filter(|line| line.contains("/bin/sh -c") && line.contains(&dir))
        .map(|line| {
            let mut ids = line.split_whitespace();
            let pid = ids.next().expect("a process id").to_owned();
            (ids.next() != Some(&running.child.id().to_string()), pid)
        })
        .collect();
    guards.sort();
    guards.into_iter().map(|(_, pid)| pid).collect()
}

#[test]
fn gone_after_kill_9_although_a_guard_was_killed() {
    if postgres_or_ps_missing() {
        return;
    }
    let kill = |pid: &String| assert!(sh("kill -s KILL \"$1\"", pid));
    let running = Running::start(&mut services());
    kill(&guards(&running)[0]);
    running.gone_after(|child| child.kill().unwrap());

    let running = Running::start(&mut services());
    let guards = guards(&running);
    assert_eq!(guards.len(), 3);
    guards[1..].iter().for_each(kill);
    running.gone_after(|child| child.kill().unwrap());
}

#[test]
fn gone_after_a_normal_end_although_all_guards_were_killed() {
    if postgres_or_ps_missing() {
        return;
    }
    let running = child_that_ends_with("return");
    for pid in guards(&running) {
        assert!(sh("kill -s KILL \"$1\"", &pid));
    }
    running.gone_after(|child| drop(child.stdin.take()));
}

#[test]
fn gone_after_kill_9_although_something_is_suspended() {
    if postgres_or_ps_missing() {
        return;
    }
    // The server, and each of the three shells.
    for suspended in 0..4 {
        let running = Running::start(&mut services());
        let mut processes = guards(&running);
        processes.insert(0, running.server());
        assert!(sh("kill -s STOP \"$1\"", &processes[suspended]));
        running.gone_after(|child| child.kill().unwrap());
        let start = Instant::now();
        while processes.iter().any(|pid| alive(pid)) {
            assert!(start.elapsed() < GONE_WITHIN, "{suspended}");
            thread::sleep(Duration::from_millis(10));
        }
    }
}

/// An interrupted initdb leaves shared memory behind.
#[test]
fn initdb_is_not_interrupted() {
    let within = |condition: &dyn Fn() -> bool| {
        let start = Instant::now();
        while !condition() {
            assert!(start.elapsed() < TIMEOUT);
            thread::sleep(Duration::from_millis(10));
        }
    };
    for signal in ["TERM", "HUP", "KILL"] {
        let dir = Dir::new(&format!("initdb {signal}"));
        // `$2` is the data directory.
        let initdb = "mkdir \"$2\"; cd \"$0.d\" || exit; touch started
            until [ -e go ]; do sleep 0.01; done
            [ -d \"$2\" ] && touch finished";
        dir.script("initdb", initdb);
        dir.script("postgres", "echo 'postgres (PostgreSQL) 0.1'");
        let [started, go, finished] = ["started", "go", "finished"]
            .map(|name| dir.0.join("initdb.d").join(name));
        fs::create_dir(dir.0.join("initdb.d")).unwrap();
        fs::set_permissions(
            dir.0.join("initdb.d"),
            fs::Permissions::from_mode(0o777),
        )
        .unwrap();

        let mut command = services();
        command.env("WORKBOOK_POSTGRES_BIN", &dir.0).env("TMPDIR", &dir.0);
        let mut lesson = command.spawn().unwrap();
        within(&|| started.exists());
        let kill = format!("kill -s {signal} \"$1\"");
        assert!(sh(&kill, &lesson.id().to_string()));
        lesson.wait().unwrap();
        fs::write(&go, "").unwrap();
        within(&|| finished.exists());
        let left = || fs::read_dir(&dir.0).unwrap().map(|entry| entry.unwrap());
        within(&|| {
            !left().any(|entry| {
                entry.file_name().to_string_lossy().starts_with("workbook-pg")
            })
        });
    }
}

/// Returns whether SIGINT is ignored: shells start background jobs like this, and
/// children inherit it.
fn interrupts_are_ignored() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = mask
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .is_some_and(|mask| mask & 0b10 != 0);
    if ignored {
        eprintln!("NOT TESTED: Ctrl-C, because SIGINT is ignored in this process.");
    }
    ignored
}

// ---- Environments ----

#[test]
fn runs_in_a_directory_with_special_characters() {
    if postgres_missing() {
        return;
    }
    let dir = Dir::new("it's 100% \"odd\"");
    let running = Running::start(services().env("TMPDIR", &dir.0));
    assert!(running.dir().starts_with(&dir.0));
    assert_eq!(users_at(&running.url), USERS);
    running.gone_after(|child| child.kill().unwrap());
    assert_eq!(fs::read_dir(&dir.0).unwrap().count(), 0);
}

#[test]
fn falls_back_to_tmp_if_tmpdir_does_not_exist() {
    if postgres_missing() {
        return;
    }
    let running = Running::start(services().env("TMPDIR", "/no/such/directory"));
    assert!(running.dir().starts_with("/tmp"));
    assert_eq!(users_at(&running.url), USERS);
}

#[test]
fn runs_with_an_empty_environment() {
    if postgres_missing() {
        return;
    }
    // Without PATH, the programs have to be in one of the usual directories.
    let mut command = services();
    command.env_clear();
    if !Path::new("/usr/lib/postgresql").exists() {
        command.env("PATH", env::var_os("PATH").unwrap_or_default());
    }
    let running = Running::start(&mut command);
    assert_eq!(users_at(&running.url), USERS);
}

#[test]
fn an_empty_database_url_counts_as_unset() {
    if !postgres_missing() {
        let running = Running::start(services().env("DATABASE_URL", ""));
        assert_eq!(users_at(&running.url), USERS);
    }
}

#[test]
fn concurrent_first_starts_create_one_template() {
    if postgres_missing() {
        return;
    }
    let dir = Dir::new("target");
    let path = dir.target();
    thread::scope(|scope| {
        for _ in 0..2 {
            let start = || Running::start(&mut program(&path));
            scope.spawn(move || assert_eq!(users_at(&start().url), USERS));
        }
    });
    let templates = fs::read_dir(dir.0.join("workbook-postgres")).unwrap();
    assert_eq!(templates.count(), 1);
}

#[test]
fn a_damaged_template_is_recreated() {
    if postgres_missing() {
        return;
    }
    let dir = Dir::new("damaged");
    let path = dir.target();
    drop(Running::start(&mut program(&path)));
    // Without the first, the server does not start. Without the second, which
    // contains its tables, it starts but every query fails.
    for damaged in ["global/pg_control", "base"] {
        let template = dir.template().expect("a template");
        let damaged = template.join(damaged);
        let _ = fs::remove_dir_all(&damaged);
        let _ = fs::remove_file(&damaged);
        let running = Running::start(&mut program(&path));
        assert_eq!(users_at(&running.url), USERS);
        assert!(damaged.exists());
    }
}

#[test]
fn starts_without_a_template_in_a_read_only_target_directory() {
    if postgres_missing() {
        return;
    }
    let dir = Dir::new("read-only");
    let path = dir.target();
    // Root can write to a read-only directory, but not below a file.
    fs::write(dir.0.join("workbook-postgres"), "").unwrap();
    dir.set_mode(0o555);
    let running = Running::start(&mut program(&path));
    assert_eq!(users_at(&running.url), USERS);
}

#[test]
fn runs_as_an_ordinary_user() {
    if postgres_missing() || !root() {
        return;
    }
    let passwd = fs::read_to_string("/etc/passwd").unwrap();
    let Some(nobody) = passwd.lines().find(|line| line.starts_with("nobody:"))
    else {
        return;
    };
    let ids: Vec<u32> =
        nobody.split(':').skip(2).map_while(|id| id.parse().ok()).collect();
    let dir = Dir::new("ordinary");
    let path = dir.target();
    chown(&dir.0, Some(ids[0]), Some(ids[1])).unwrap();
    for _ in 0..2 {
        let mut command = program(&path);
        let command = command.uid(ids[0]).gid(ids[1]).current_dir("/");
        let running = Running::start(command.env("HOME", "/nonexistent"));
        assert_eq!(users_at(&running.url), USERS);
        running.gone_after(|child| child.kill().unwrap());
    }
    assert!(dir.template().is_some());
}

#[test]
fn runs_with_an_odd_umask() {
    if postgres_missing() {
        return;
    }
    let dir = Dir::new("umask");
    let path = dir.target();
    // The first start creates the template, the second copies it.
    for _ in 0..2 {
        let mut command = program("/bin/sh");
        let script = "umask 777; exec \"$0\"";
        let running = Running::start(command.args(["-c", script]).arg(&path));
        assert_eq!(users_at(&running.url), USERS);
        running.gone_after(|child| child.kill().unwrap());
    }
    assert!(dir.template().is_some());
}

// ---- Error messages ----

#[test]
fn missing_programs() {
    let dir = Dir::new("empty");
    // The client alone is not enough.
    dir.script("psql", "exit 0");
    let text = web_server_only(services().env("WORKBOOK_POSTGRES_BIN", &dir.0));
    assert_has(
        &text,
        &[
            "found no PostgreSQL programs (initdb and postgres)",
            &format!("Looked in: {}", dir.0.display()),
            "sudo apt-get install postgresql",
            "sudo dnf install postgresql-server",
            "brew install postgresql@17",
            "DATABASE_URL=postgresql://user:password@localhost:5432/name",
        ],
    );
}

#[test]
fn programs_that_fail() {
    let dir = Dir::new("broken");
    let run = || failure(services().env("WORKBOOK_POSTGRES_BIN", &dir.0));
    let version =
        "[ \"$1\" = --version ] && echo 'postgres (PostgreSQL) 0.1' && exit";

    dir.script("initdb", "echo 'No space left on device' >&2; exit 1");
    dir.script("postgres", "echo 'libssl.so.1 is missing' >&2; exit 127");
    assert_has(
        &web_server_only(services().env("WORKBOOK_POSTGRES_BIN", &dir.0)),
        &["Could not run ", "libssl.so.1 is missing"],
    );

    dir.script("postgres", version);
    assert_has(&run(), &["initdb failed", "No space left on device"]);

    // No file can be created, not even the one that reports the exit status.
    dir.script("initdb", "rm -r \"${2%/*}\"; exit 1");
    assert_has(&run(), &["the shell that guards it exited", "the disk may be full"]);

    let statement = "echo 'FATAL: no luck'; printf '\\tSELECT 1\\n%.0s' $(seq 99)";
    dir.script("initdb", &format!("{{ seq 20; {statement}; }} >&2; exit 1"));
    let text = run();
    assert_has(&text, &["initdb failed\n\n12\n13\n", "20\nFATAL: no luck\n\nFix"]);

    dir.script("initdb", "exit 0");
    dir.script("postgres", &format!("{version}; echo FATAL: no luck; exit 1"));
    let start = Instant::now();
    assert_has(&run(), &["it exited during startup", "FATAL: no luck"]);
    assert!(start.elapsed() < TIMEOUT);
}

#[test]
fn an_invalid_database_url() {
    for (url, why) in [
        ("localhost/shop", "it does not start with postgresql://"),
        ("host=localhost user=ada", "it does not start with postgresql://"),
        ("mysql://ada@localhost/shop", "it does not start with"),
        ("postgresql:///shop", "it has no host"),
        ("postgresql://ada:se@cret@localhost", "more than one @"),
        ("postgresql://localhost:port/shop", "`port`"),
        ("postgresql://localhost/shop?color=red", "`color`"),
        ("postgresql://localhost/shop?c\x1b[2Jolor=red", "`color`"),
        ("postgresql://localhost/shop?gssencmode=prefer", "`gssencmode`; remove it"),
        ("postgresql://localhost/shop?sslmode=verify-full", "connect without TLS"),
        ("postgresql://localhost/shop?password=se&cret", "write %26 for &"),
        ("postgresql://localhost/shop?password=se@cret", "%40 for @"),
    ] {
        let text = failure_at(url);
        assert_has(&text, &["invalid DATABASE_URL: ", why, "look like this"]);
        assert!(!text.contains("cret") && !text.contains('\x1b'), "{text:?}");
    }
    let latin = OsStr::from_bytes(b"postgresql://ad\xe0@localhost");
    let text = failure(services().env("DATABASE_URL", latin));
    assert_has(&text, &["it is not valid UTF-8", "look like this"]);
}

#[test]
fn connection_refused() {
    // A port that is free now may be taken by another test; this one is privileged.
    let text = failure_at("postgresql://ada:secret@127.0.0.1:1/shop");
    assert_has(
        &text,
        &[
            "could not connect to the PostgreSQL server in DATABASE_URL",
            "(127.0.0.1:1, database shop, user ada)",
            "onnection refused",
            "that the server is running",
        ],
    );
    assert!(!text.contains("secret"));
}

#[test]
fn an_unknown_host() {
    // RFC 2606 reserves `.invalid`.
    let text = failure_at("postgresql://ada:secret@postgres.invalid/shop");
    assert_has(
        &text,
        &["could not connect", "(postgres.invalid:5432, database shop"],
    );
    assert!(!text.contains("secret"));
}

#[test]
fn a_server_that_does_not_answer() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let url = format!("postgresql://ada@127.0.0.1:{port}/shop?connect_timeout=1");
    assert_has(&failure_at(&url), &["could not connect", "timed out after 2 s"]);
}

#[test]
fn refused_logins() {
    if postgres_missing() {
        return;
    }
    let server = Running::start(&mut services());
    let at = |user: &str, database: &str| {
        let url = server.url.replace("workbook@", &format!("{user}@"));
        failure_at(&url.replace("/postgres?", &format!("/{database}?")))
    };
    execute(
        &server.url,
        "CREATE ROLE locked LOGIN PASSWORD 'right';
         CREATE ROLE plain LOGIN;
         CREATE ROLE rejected LOGIN;
         CREATE ROLE unlisted LOGIN;
         CREATE ROLE peer LOGIN;",
    );
    let rules = server.dir().join("data/pg_hba.conf");
    // Overwritten in place, because it must keep its owner.
    let new = "local all locked scram-sha-256\nlocal all rejected reject\n\
               local all peer peer\n\
               local all workbook,plain,ghost trust\n";
    fs::write(&rules, new).unwrap();
    execute(&server.url, "SELECT pg_reload_conf()");
    // The server reloads it asynchronously.
    let start = Instant::now();
    while !at("rejected", "postgres").contains("refused") {
        assert!(start.elapsed() < TIMEOUT);
    }

    let text = at("locked:wrong", "postgres");
    assert_has(&text, &["refused the connection", "password authentication failed"]);
    assert_has(&text, &["user locked", "Check the user and the password"]);
    assert!(!text.contains("wrong"));

    assert_has(
        &at("locked", "postgres"),
        &["password", "Check the user and the password"],
    );
    assert_has(
        &at("ghost", "postgres"),
        &["\"ghost\" does not exist", "Check the user"],
    );
    assert_has(&at("workbook", "shop"), &["\"shop\" does not exist", "createdb"]);
    let text = at("rejected", "postgres");
    assert_has(&text, &["pg_hba.conf rejects", "change the rule"]);
    assert!(!text.contains("TLS"));
    assert_has(&at("peer", "postgres"), &["Peer authentication", "such a method"]);
    let text = at("unlisted", "postgres");
    assert_has(&text, &["no pg_hba.conf entry", "needs a rule", "without TLS"]);
    for (option, advice) in [
        ("channel_binding=require", "remove channel_binding"),
        ("target_session_attrs=read-only", "Remove target_session_attrs"),
    ] {
        let text = failure_at(&format!("{}&{option}", server.url));
        assert_has(&text, &["refused the connection", advice]);
    }
    let tls = failure_at(&format!("{}&sslmode=require", server.url));
    assert_has(&tls, &["TLS", "connect without TLS"]);
    assert_eq!(users_at(&server.url), USERS);

    // A user who may not create the tables can still use existing ones.
    server.new_database("empty");
    let text = at("plain", "empty");
    assert_has(&text, &["cannot create the sample tables", "permission denied"]);
    assert_has(&text, &["the right to create a schema: GRANT CREATE ON DATABASE"]);
    let text = at("plain", "postgres");
    assert_has(&text, &["cannot read the sample tables", "GRANT USAGE ON SCHEMA"]);
    execute(
        &server.url,
        "GRANT USAGE ON SCHEMA async_workbook TO plain;
         GRANT SELECT ON ALL TABLES IN SCHEMA async_workbook TO plain;",
    );
    let url = server.url.replace("workbook@", "plain@");
    let lesson = Running::start(services().env("DATABASE_URL", url));
    assert_eq!(users_at(&lesson.url), USERS);
}

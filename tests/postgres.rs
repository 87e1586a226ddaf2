//! The lessons' PostgreSQL server: that it starts, that it can be queried, that
//! nothing of it is left, and what a learner reads when there is none.
//!
//! Environment variables belong to a whole process, and so does a `kill -9`: most
//! tests run the program `services`, which starts a server and waits.

#![cfg(unix)]

use std::{
    env,
    ffi::OsStr,
    fs,
    io::{BufRead, BufReader, ErrorKind, Read},
    net::TcpListener,
    os::unix::{
        ffi::OsStrExt,
        fs::{PermissionsExt, chown},
        process::{CommandExt, ExitStatusExt},
    },
    path::{Path, PathBuf},
    process::{self, Child, ChildStdout, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use async_workbook::postgres;
use tokio_postgres::{Client, Config, NoTls, config::Host};

mod common;
use common::postgres_missing;

const SERVICES: &str = env!("CARGO_BIN_EXE_services");

/// Generous, because it is only waited out by a test that fails.
const PATIENCE: Duration = Duration::from_secs(20);
/// What the workbook promises after a `kill -9`.
const GONE_WITHIN: Duration = Duration::from_secs(5);

const USERS: [&str; 5] = [
    "1 Ada Lisbon",
    "2 Linus Helsinki",
    "3 Grace Oslo",
    "4 Ken Lisbon",
    "5 Barbara Oslo",
];

// ---- Helpers ----

/// A run of `services` that printed where its server is.
struct Running {
    child: Child,
    stdout: BufReader<ChildStdout>,
    url: String,
}

impl Running {
    fn start(command: &mut Command) -> Running {
        let mut child = loop {
            match command.spawn() {
                // A program just copied, which another test's child still holds open
                // between its fork and its exec.
                Err(error) if error.kind() == ErrorKind::ExecutableFileBusy => {
                    thread::sleep(Duration::from_millis(5));
                }
                spawned => break spawned.expect("the program starts"),
            }
        };
        let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut line = String::new();
        // Skips what the test harness prints, when the program is one.
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

    fn folder(&self) -> PathBuf {
        let config: Config = self.url.parse().expect("a URL");
        match &config.get_hosts()[0] {
            Host::Unix(folder) => folder.clone(),
            Host::Tcp(name) => panic!("{name} is not a folder"),
        }
    }

    fn server(&self) -> String {
        let file = self.folder().join("data/postmaster.pid");
        let text = fs::read_to_string(file).expect("a running server");
        text.lines().next().expect("a process id").to_owned()
    }

    /// Makes a database without our tables, and returns its URL.
    fn new_database(&self, name: &str) -> String {
        let url = self.url.replace("/postgres?", &format!("/{name}?"));
        execute(&self.url, &format!("CREATE DATABASE {name} TEMPLATE postgres"));
        execute(&url, "DROP SCHEMA async_workbook CASCADE");
        url
    }

    /// Does `end` to the program, then waits until nothing of its server is left.
    fn gone_after(mut self, end: impl FnOnce(&mut Child)) {
        let (folder, server) = (self.folder(), self.server());
        assert!(alive(&server));
        let since = Instant::now();
        end(&mut self.child);
        // Whoever reads the program's output reaches its end: nobody keeps it open.
        self.stdout.read_to_string(&mut String::new()).expect("text");
        self.child.wait().expect("a child");
        while folder.exists() || alive(&server) {
            assert!(since.elapsed() < GONE_WITHIN, "{} is left", folder.display());
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

/// A folder that everybody can enter, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let folder =
            env::temp_dir().join(format!("workbook-test-{} {name}", process::id()));
        fs::create_dir(&folder).expect("a new folder");
        let folder = Folder(folder);
        folder.mode(0o777);
        folder
    }

    fn mode(&self, mode: u32) {
        let mode = fs::Permissions::from_mode(mode);
        fs::set_permissions(&self.0, mode).expect("ours");
    }

    /// Writes a program.
    fn program(&self, name: &str, text: &str) {
        let file = self.0.join(name);
        fs::write(&file, format!("#!/bin/sh\n{text}\n")).expect("room");
        let mode = fs::Permissions::from_mode(0o755);
        fs::set_permissions(file, mode).expect("ours");
    }

    /// Makes it look like a target folder of Cargo's, with `services` in it.
    fn target(&self) -> PathBuf {
        fs::write(self.0.join("CACHEDIR.TAG"), "").expect("room");
        let program = self.0.join("services");
        fs::copy(SERVICES, &program).expect("room");
        program
    }

    fn template(&self) -> Option<PathBuf> {
        let mut entries = fs::read_dir(self.0.join("workbook-postgres")).ok()?;
        Some(entries.next()?.expect("an entry").path())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        self.mode(0o755);
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

/// What a learner reads when `services` fails.
fn failure(command: &mut Command) -> String {
    let output = command.output().expect("the program starts");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(output.stdout, b"");
    let text = String::from_utf8(output.stderr).expect("text");
    assert!(text.starts_with("Error: "), "{text}");
    text
}

/// What a learner reads when `services` has no database to offer, and goes on.
fn only_the_web(command: &mut Command) -> String {
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

// ---- It can be queried ----

async fn query() {
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
async fn queries_on_one_thread() {
    if !tokio::task::spawn_blocking(postgres_missing).await.unwrap() {
        query().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn queries_on_two_threads_two_servers_at_once() {
    if !tokio::task::spawn_blocking(postgres_missing).await.unwrap() {
        let one = tokio::spawn(query());
        let two = tokio::spawn(query());
        one.await.unwrap();
        two.await.unwrap();
    }
}

#[test]
fn a_pool_takes_the_config() {
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
fn four_lessons_prepare_one_database_at_once() {
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
    // And a later one leaves what it finds.
    execute(&shop, "DELETE FROM users WHERE id = 5");
    let later = Running::start(services().env("DATABASE_URL", &shop));
    assert_eq!(users_at(&later.url), USERS[..4]);
}

#[test]
fn tables_of_your_own_are_left_alone() {
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

// ---- Nothing of it is left ----

/// Not a test: what the tests below run in a process of its own.
#[test]
#[ignore = "run by other tests"]
fn child() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let database = postgres::start().await.unwrap();
        // On a line of its own, whatever the harness has printed.
        println!("\nexport DATABASE_URL='{}'", database.url());
        // The other test looks at the running server, then says go.
        std::io::stdin().read_line(&mut String::new()).unwrap();
        let how = env::var("WORKBOOK_TEST_END").unwrap();
        assert!(how != "panic", "as asked");
        drop(database);
        println!("dropped");
        if how == "drop" {
            std::future::pending::<()>().await;
        }
    });
}

fn child_that_ends_by(how: &str) -> Running {
    let mut command = program(env::current_exe().unwrap());
    command.args(["child", "--exact", "--ignored", "--nocapture"]);
    command.env("WORKBOOK_TEST_END", how).stdin(Stdio::piped());
    Running::start(&mut command)
}

#[test]
fn gone_after_drop_and_before_it_returns() {
    if postgres_missing() {
        return;
    }
    let mut child = child_that_ends_by("drop");
    let (folder, server) = (child.folder(), child.server());
    drop(child.child.stdin.take());
    let mut line = String::new();
    while line != "dropped\n" {
        line.clear();
        assert_ne!(child.stdout.read_line(&mut line).unwrap(), 0);
    }
    assert!(!folder.exists());
    assert!(!alive(&server));
}

#[test]
fn gone_after_a_normal_end() {
    if !postgres_missing() {
        child_that_ends_by("return").gone_after(|child| drop(child.stdin.take()));
    }
}

#[test]
fn gone_after_a_panic() {
    if !postgres_missing() {
        child_that_ends_by("panic").gone_after(|child| drop(child.stdin.take()));
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
    // A terminal sends it to every process of the group in the foreground.
    let running = Running::start(services().process_group(0));
    running.gone_after(|child| {
        assert!(sh("kill -s INT -- \"-$1\"", &child.id().to_string()));
        assert_eq!(child.wait().unwrap().signal(), Some(2));
    });
}

/// A shell starts its background jobs so, and they pass it on to what they start.
fn interrupts_are_ignored() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = mask
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .is_some_and(|mask| mask & 0b10 != 0);
    if ignored {
        eprintln!("NOT TESTED: Ctrl-C, because this test runs with SIGINT ignored.");
    }
    ignored
}

// ---- Where it runs ----

#[test]
fn runs_in_a_folder_with_an_awkward_name() {
    if postgres_missing() {
        return;
    }
    let folder = Folder::new("it's 100% \"odd\"");
    let running = Running::start(services().env("TMPDIR", &folder.0));
    assert!(running.folder().starts_with(&folder.0));
    assert_eq!(users_at(&running.url), USERS);
    running.gone_after(|child| child.kill().unwrap());
    assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 0);
}

#[test]
fn runs_in_tmp_when_tmpdir_is_of_no_use() {
    if postgres_missing() {
        return;
    }
    let running = Running::start(services().env("TMPDIR", "/no/such/folder"));
    assert!(running.folder().starts_with("/tmp"));
    assert_eq!(users_at(&running.url), USERS);
}

#[test]
fn runs_without_any_environment() {
    if postgres_missing() {
        return;
    }
    // No HOME, no PATH. The programs have to be where packages put them.
    let mut command = services();
    command.env_clear();
    if !Path::new("/usr/lib/postgresql").exists() {
        command.env("PATH", env::var_os("PATH").unwrap_or_default());
    }
    let running = Running::start(&mut command);
    assert_eq!(users_at(&running.url), USERS);
}

#[test]
fn an_empty_database_url_is_none() {
    if !postgres_missing() {
        let running = Running::start(services().env("DATABASE_URL", ""));
        assert_eq!(users_at(&running.url), USERS);
    }
}

#[test]
fn first_starts_at_once_make_one_template() {
    if postgres_missing() {
        return;
    }
    let folder = Folder::new("target");
    let path = folder.target();
    thread::scope(|scope| {
        for _ in 0..2 {
            let start = || Running::start(&mut program(&path));
            scope.spawn(move || assert_eq!(users_at(&start().url), USERS));
        }
    });
    let templates = fs::read_dir(folder.0.join("workbook-postgres")).unwrap();
    assert_eq!(templates.count(), 1);
}

#[test]
fn a_damaged_template_is_made_again() {
    if postgres_missing() {
        return;
    }
    let folder = Folder::new("damaged");
    let path = folder.target();
    drop(Running::start(&mut program(&path)));
    // The server does not start without the first; without the second, where its
    // tables are, it starts, and no query succeeds.
    for damaged in ["global/pg_control", "base"] {
        let template = folder.template().expect("a template");
        let damaged = template.join(damaged);
        let _ = fs::remove_dir_all(&damaged);
        let _ = fs::remove_file(&damaged);
        let running = Running::start(&mut program(&path));
        assert_eq!(users_at(&running.url), USERS);
        assert!(damaged.exists());
    }
}

#[test]
fn a_target_folder_without_room_for_a_template_does_no_harm() {
    if postgres_missing() {
        return;
    }
    let folder = Folder::new("read-only");
    let path = folder.target();
    // Root may write to a read-only folder, but not below a file.
    fs::write(folder.0.join("workbook-postgres"), "").unwrap();
    folder.mode(0o555);
    let running = Running::start(&mut program(&path));
    assert_eq!(users_at(&running.url), USERS);
}

#[test]
fn root_can_start_it_as_an_ordinary_user_too() {
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
    let folder = Folder::new("ordinary");
    let path = folder.target();
    chown(&folder.0, Some(ids[0]), Some(ids[1])).unwrap();
    for _ in 0..2 {
        let mut command = program(&path);
        let command = command.uid(ids[0]).gid(ids[1]).current_dir("/");
        let running = Running::start(command.env("HOME", "/nonexistent"));
        assert_eq!(users_at(&running.url), USERS);
        running.gone_after(|child| child.kill().unwrap());
    }
    assert!(folder.template().is_some());
}

// ---- What a learner reads when there is none ----

#[test]
fn no_programs() {
    let folder = Folder::new("empty");
    // The client alone does not do.
    folder.program("psql", "exit 0");
    let text = only_the_web(services().env("WORKBOOK_POSTGRES_BIN", &folder.0));
    assert_has(
        &text,
        &[
            "found no PostgreSQL programs (initdb and postgres)",
            &format!("Looked in: {}", folder.0.display()),
            "sudo apt-get install postgresql",
            "sudo dnf install postgresql-server",
            "brew install postgresql@17",
            "DATABASE_URL=postgresql://user:password@localhost:5432/name",
        ],
    );
}

#[test]
fn programs_that_do_not_work() {
    let folder = Folder::new("broken");
    let run = || failure(services().env("WORKBOOK_POSTGRES_BIN", &folder.0));
    let version =
        "[ \"$1\" = --version ] && echo 'postgres (PostgreSQL) 0.1' && exit";

    folder.program("initdb", "echo 'No space left on device' >&2; exit 1");
    folder.program("postgres", "echo 'libssl.so.1 is missing' >&2; exit 127");
    assert_has(
        &only_the_web(services().env("WORKBOOK_POSTGRES_BIN", &folder.0)),
        &["Does not run: ", "libssl.so.1 is missing"],
    );

    folder.program("postgres", version);
    assert_has(&run(), &["initdb failed", "No space left on device"]);

    folder.program("initdb", "exit 0");
    folder.program("postgres", &format!("{version}; echo FATAL: no luck; exit 1"));
    let since = Instant::now();
    assert_has(&run(), &["it ended as soon as it was started", "FATAL: no luck"]);
    assert!(since.elapsed() < PATIENCE);
}

#[test]
fn a_database_url_that_is_none() {
    for (url, why) in [
        ("localhost/shop", "it does not begin with postgresql://"),
        ("host=localhost user=ada", "it does not begin with postgresql://"),
        ("mysql://ada@localhost/shop", "it does not begin with"),
        ("postgresql:///shop", "it names no host"),
        ("postgresql://ada:se@cret@localhost", "more than one @"),
        ("postgresql://localhost:port/shop", "`port`"),
        ("postgresql://localhost/shop?colour=red", "`colour`"),
    ] {
        let text = failure_at(url);
        assert_has(&text, &["cannot use DATABASE_URL: ", why, "look like this"]);
        assert!(!text.contains("cret"));
    }
    let latin = OsStr::from_bytes(b"postgresql://ad\xe0@localhost");
    let text = failure(services().env("DATABASE_URL", latin));
    assert_has(&text, &["it is not valid UTF-8", "look like this"]);
}

#[test]
fn nothing_listens() {
    // A port that is free now may be another test's in a moment; nobody takes this
    // one.
    let text = failure_at("postgresql://ada:secret@127.0.0.1:1/shop");
    assert_has(
        &text,
        &[
            "cannot reach the PostgreSQL server in DATABASE_URL",
            "(127.0.0.1:1, database shop, user ada)",
            "onnection refused",
            "Check that it runs",
        ],
    );
    assert!(!text.contains("secret"));
}

#[test]
fn nobody_has_that_name() {
    // `.invalid` is kept free for this by RFC 2606.
    let text = failure_at("postgresql://ada:secret@postgres.invalid/shop");
    assert_has(&text, &["cannot reach", "(postgres.invalid:5432, database shop"]);
    assert!(!text.contains("secret"));
}

#[test]
fn nobody_answers() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let url = format!("postgresql://ada@127.0.0.1:{port}/shop?connect_timeout=1");
    assert_has(&failure_at(&url), &["cannot reach", "no answer within 2s"]);
}

#[test]
fn the_server_says_no() {
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
         CREATE ROLE rejected LOGIN;",
    );
    let rules = server.folder().join("data/pg_hba.conf");
    let text = fs::read_to_string(&rules).unwrap();
    // Opened, not replaced: it belongs to the server's user.
    let new = "local all locked scram-sha-256\nlocal all rejected reject\n";
    fs::write(&rules, format!("{new}{text}")).unwrap();
    execute(&server.url, "SELECT pg_reload_conf()");
    // The server reads it when it gets round to it.
    let since = Instant::now();
    while !at("rejected", "postgres").contains("refused") {
        assert!(since.elapsed() < PATIENCE);
    }

    let text = at("locked:wrong", "postgres");
    assert_has(&text, &["refused the connection", "password authentication failed"]);
    assert_has(&text, &["user locked", "Check user and password"]);
    assert!(!text.contains("wrong"));

    assert_has(&at("locked", "postgres"), &["password", "Check user and password"]);
    assert_has(
        &at("ghost", "postgres"),
        &["\"ghost\" does not exist", "Check user"],
    );
    assert_has(&at("workbook", "shop"), &["\"shop\" does not exist", "createdb"]);
    assert_has(&at("rejected", "postgres"), &["pg_hba.conf", "without TLS"]);
    let tls = failure_at(&format!("{}&sslmode=require", server.url));
    assert_has(&tls, &["TLS", "connect without TLS"]);
    assert_eq!(users_at(&server.url), USERS);

    // Who may not create the tables may use them, once they are there and allowed.
    server.new_database("empty");
    let text = at("plain", "empty");
    assert_has(&text, &["cannot create the sample tables", "permission denied"]);
    assert_has(&text, &["a database you may create a schema in"]);
    execute(
        &server.url,
        "GRANT USAGE ON SCHEMA async_workbook TO plain;
         GRANT SELECT ON ALL TABLES IN SCHEMA async_workbook TO plain;",
    );
    let url = server.url.replace("workbook@", "plain@");
    let lesson = Running::start(services().env("DATABASE_URL", url));
    assert_eq!(users_at(&lesson.url), USERS);
}

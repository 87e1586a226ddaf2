//! The server, with requests that a browser sends for its pages, and with requests
//! that other websites could send.

#![cfg(unix)]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::watch;

use book::serve::{self, BookBuild, Limits, Runner};

/// The headers of a request from one of the server's own pages.
const OWN: &str = "X-Workbook: 1\r\nOrigin: http://localhost\r\n";

/// A server for a small workbook of misbehaving programs.
struct Site {
    at: SocketAddr,
    root: TempDir,
    builds: watch::Sender<BookBuild>,
    runner: Arc<Runner>,
    runtime: Runtime,
}

/// Prints the process ID of a child that outlives the program.
const LEAVES_CHILD: &str = r#"
    let other = std::process::Command::new("sleep").arg("600").spawn().unwrap();
    println!("{}", other.id());
"#;

const PRINTS_AND_DRAWS: &str = r##"
    println!("ä out");
    eprintln!("error");
    println!("more");
    let picture = r#"{"sections":[{"title":"all","micros":9,"rows":[]}]}"#;
    std::fs::write(std::env::var("WORKBOOK_TIMELINE").unwrap(), picture).unwrap();
"##;

const PRINTS_ARGUMENTS: &str = r##"
    println!("{}", std::env::args().skip(1).collect::<Vec<_>>().join(" "));
    let run = r#"{"title":"all","micros":9,"rows":[]}"#;
    let pictures = format!("{{\"sections\":[{run},{run}]}}");
    std::fs::write(std::env::var("WORKBOOK_TIMELINE").unwrap(), pictures).unwrap();
    std::process::exit(1);
"##;

const LEAVES_FIFO: &str = r#"
    let timeline = std::env::var("WORKBOOK_TIMELINE").unwrap();
    std::process::Command::new("mkfifo").arg(timeline).status().unwrap();
"#;

const LEAVES_TOO_MUCH: &str = r#"
    let timeline = std::env::var("WORKBOOK_TIMELINE").unwrap();
    std::fs::File::create(timeline).unwrap().set_len(1 << 40).unwrap();
"#;

fn programs() -> [(&'static str, String); 9] {
    let sleeps = "std::thread::sleep(std::time::Duration::from_secs(600));";
    [
        ("01_hello_await", PRINTS_AND_DRAWS.to_owned()),
        ("02_lazy", format!("{LEAVES_CHILD} {sleeps}")),
        ("03_gather", "loop { println!(\"{}\", \"x\".repeat(999)); }".to_owned()),
        ("04_bounded", "let a: u8 = \"a\";".to_owned()),
        ("05_pool", format!("{LEAVES_CHILD} std::process::exit(3);")),
        ("06_errors", LEAVES_FIFO.to_owned()),
        ("07_pitfalls", LEAVES_TOO_MUCH.to_owned()),
        ("08_blocking", PRINTS_ARGUMENTS.to_owned()),
        ("workbook", PRINTS_ARGUMENTS.to_owned()),
    ]
}

const MANIFEST: &str = r#"
    [package]
    name = "small-workbook"
    edition = "2024"
    autobins = false
    [workspace]
    [features]
    cli = []
    exercises = []
    [[bin]]
    name = "workbook"
    path = "workbook.rs"
    required-features = ["cli"]
"#;

impl Site {
    fn new() -> Self {
        Self::with(Limits::default())
    }

    fn with(limits: Limits) -> Self {
        let root = tempfile::tempdir().unwrap();
        let mut manifest = MANIFEST.to_owned();
        for (name, code) in programs() {
            let path = format!("{name}.rs");
            if name != "workbook" {
                manifest +=
                    &format!("[[example]]\nname = {name:?}\npath = {path:?}\n");
            }
            fs::write(root.path().join(path), format!("fn main() {{ {code} }}"))
                .unwrap();
        }
        fs::write(root.path().join("Cargo.toml"), manifest).unwrap();

        let pages = tempfile::tempdir().unwrap();
        fs::create_dir(pages.path().join("html")).unwrap();
        fs::write(pages.path().join("html/index.html"), "<h1>the book</h1>")
            .unwrap();
        fs::write(pages.path().join("html/404.html"), "<h1>not found</h1>").unwrap();
        let (builds, built) = watch::channel(BookBuild::of(pages));

        let runtime = Runtime::new().unwrap();
        let runner = Arc::new(Runner::new(root.path(), limits));
        let proxy = serve::parse_origin("https://proxy.test/").ok();
        let router = serve::router(built, Arc::clone(&runner), proxy);
        let at = runtime.block_on(async {
            let listener =
                tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let at = listener.local_addr().unwrap();
            tokio::spawn(serve::accept(listener, router, Duration::from_secs(60)));
            at
        });
        Self { at, root, builds, runner, runtime }
    }

    fn send(&self, request: &str, headers: &str) -> (String, BufReader<TcpStream>) {
        send(self.at, request, headers)
    }

    /// Sends a request and returns the whole response.
    fn request(&self, request: &str, headers: &str) -> String {
        let (mut text, mut body) = self.send(request, headers);
        body.read_to_string(&mut text).unwrap();
        text
    }

    fn run(&self, path: &str) -> Running {
        let headers = format!("Host: localhost\r\n{OWN}");
        let (head, body) = self.send(&format!("POST {path}"), &headers);
        assert!(head.starts_with("HTTP/1.0 200"), "{head}");
        Running(body)
    }
}

/// Sends a request. Returns the head of the response, and a reader for its body.
fn send(
    at: SocketAddr,
    request: &str,
    headers: &str,
) -> (String, BufReader<TcpStream>) {
    let mut stream = TcpStream::connect(at).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    write!(stream, "{request} HTTP/1.0\r\n{headers}\r\n").unwrap();
    let mut response = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") && response.read_line(&mut head).unwrap() > 0 {
    }
    (head, response)
}

/// The events of a run.
struct Running(BufReader<TcpStream>);

impl Running {
    fn next(&mut self) -> Option<Value> {
        let mut line = String::new();
        let length = self.0.read_line(&mut line).unwrap();
        (length > 0).then(|| serde_json::from_str(&line).unwrap())
    }

    /// Waits for the program's first output.
    fn output(&mut self) -> String {
        let text = std::iter::from_fn(|| self.next())
            .find_map(|event| Some(event["output"].as_str()?.to_owned()));
        text.expect("no output")
    }

    fn rest(mut self) -> Vec<Value> {
        std::iter::from_fn(|| self.next()).collect()
    }
}

fn text(events: &[Value], kind: &str) -> String {
    events.iter().filter_map(|event| event[kind].as_str()).collect()
}

/// Returns whether a process is running. A zombie is not.
fn is_running(pid: &str) -> bool {
    let mut ps = Command::new("ps");
    let state = ps.args(["-o", "stat=", "-p", pid.trim()]).output().unwrap().stdout;
    !state.is_empty() && !state.starts_with(b"Z")
}

/// Waits until a process is gone.
fn ends(pid: &str) -> bool {
    // SIGKILL takes effect a moment after `kill` returns.
    (0..200).any(|_| {
        std::thread::sleep(Duration::from_millis(10));
        !is_running(pid)
    })
}

#[test]
fn only_this_machine_gets_pages() {
    let site = Site::new();
    let page = site.request("GET /", &format!("Host: {}\r\n", site.at));
    assert!(page.starts_with("HTTP/1.0 200") && page.ends_with("the book</h1>"));
    for host in [
        "localhost",
        "localhost:3000",
        "127.0.0.1:8080",
        "LOCALHOST",
        "[::1]",
        "[::1]:1",
        "proxy.test",
    ] {
        let local = site.request("GET /", &format!("Host: {host}\r\n"));
        assert!(local.starts_with("HTTP/1.0 200"), "{host}: {local}");
    }
    for header in [
        "cache-control: no-cache",
        "x-content-type-options: nosniff",
        "content-security-policy: default-src 'none'; script-src 'self' ",
    ] {
        assert!(page.contains(header), "{page}");
    }
    let missing = site.request("GET /missing.html", "Host: localhost\r\n");
    assert!(
        missing.starts_with("HTTP/1.0 404") && missing.ends_with("not found</h1>")
    );
    let long =
        site.request(&format!("GET /{}", "x".repeat(999)), "Host: localhost\r\n");
    assert!(long.starts_with("HTTP/1.0 404") && long.ends_with("not found</h1>"));
    for path in
        ["/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/..%2f..%2fetc/passwd"]
    {
        let above = site.request(&format!("GET {path}"), "Host: localhost\r\n");
        assert!(above.starts_with("HTTP/1.0 404"), "{above}");
    }
    let absolute = "GET http://evil.test/";
    let foreign = site.request(absolute, "Host: localhost\r\n");
    assert!(foreign.starts_with("HTTP/1.0 403"), "{foreign}");
    for host in [
        "Host: evil.test\r\n",
        "Host: localhost.evil.test\r\n",
        "Host: localhost.evil.test:3000\r\n",
        "Host: 127.0.0.1.evil.test\r\n",
        "Host: [::1].evil.test\r\n",
        "Host: proxy.test.evil.test\r\n",
        "Host: proxy.test:3000\r\n",
        "Host: a.proxy.test\r\n",
        "Host: localhost\r\nHost: evil.test\r\n",
        "Host: localhost\r\nHost: localhost\r\n",
        "Host: \r\n",
        "",
    ] {
        for request in ["GET /", "GET /live", "POST /run/01_hello_await"] {
            let foreign = site.request(request, &format!("{host}{OWN}"));
            assert!(foreign.starts_with("HTTP/1.0 403"), "{host}: {foreign}");
            assert!(
                foreign.contains("`cargo book serve --origin https://NAME`"),
                "{foreign}"
            );
        }
    }
}

/// A proxy may pass on its own name, or replace it with that of this server.
#[test]
fn pages_of_the_proxy_run_lessons() {
    let site = Site::new();
    for (host, origin, status) in [
        ("proxy.test", "https://proxy.test", "200"),
        ("localhost:3000", "https://proxy.test", "200"),
        ("proxy.test", "http://proxy.test", "403"),
        ("proxy.test", "https://proxy.test:3000", "403"),
        ("proxy.test", "http://localhost", "403"),
        ("localhost", "https://evil.test", "403"),
        ("evil.test", "https://proxy.test", "403"),
    ] {
        let headers =
            format!("Host: {host}\r\nOrigin: {origin}\r\nX-Workbook: 1\r\n");
        let response = site.request("POST /run/01_hello_await", &headers);
        let begin = format!("HTTP/1.0 {status}");
        assert!(response.starts_with(&begin), "{host} {origin}: {response}");
        let names_the_option =
            response.contains("`cargo book serve --origin https://NAME`");
        assert_eq!(names_the_option, status == "403", "{response}");
    }
    let without = "Host: proxy.test\r\nOrigin: https://proxy.test\r\n";
    let response = site.request("POST /run/01_hello_await", without);
    assert!(response.starts_with("HTTP/1.0 403"), "{response}");
}

#[test]
fn an_origin_has_a_scheme_and_a_host_only() {
    for (text, origin) in [
        ("https://a.test", "https://a.test"),
        ("http://10.0.0.2:3000", "http://10.0.0.2:3000"),
        ("https://A.test/", "https://a.test"),
    ] {
        assert_eq!(serve::parse_origin(text).unwrap(), origin.into());
    }
    for text in [
        "a.test",
        "ftp://a.test",
        "https://",
        "https://a.test/b",
        "http://b@a.test",
        "",
    ] {
        assert!(serve::parse_origin(text).is_err(), "{text}");
    }
}

#[test]
fn another_website_runs_nothing() {
    let site = Site::new();
    let host = "Host: localhost\r\n";
    let rejected = |request: &str, headers: &str, status: &str| {
        let response = site.request(request, &format!("{host}{headers}"));
        let begin = format!("HTTP/1.0 {status}");
        assert!(response.starts_with(&begin), "{request} {headers}: {response}");
        assert!(!response.to_lowercase().contains("access-control"), "{response}");
    };
    let run = "POST /run/01_hello_await";
    // A form, a script without the custom header, and its CORS preflight.
    rejected(run, "Origin: http://evil.test\r\nContent-Length: 0\r\n", "403");
    rejected(run, "Origin: http://localhost\r\n", "403");
    rejected(run, "X-Workbook: 1\r\n", "403");
    for origin in [
        "null",
        "http://evil.test",
        "http://localhost:3001",
        "http://127.0.0.1",
        "https://localhost",
        "http://localhost.evil.test",
        "http://localhost\r\nOrigin: http://localhost",
    ] {
        rejected(run, &format!("Origin: {origin}\r\nX-Workbook: 1\r\n"), "403");
    }
    let preflight = "Origin: http://evil.test\r\nAccess-Control-Request-Headers: x-workbook\r\n\
                Access-Control-Request-Method: POST\r\n";
    rejected("OPTIONS /run/01_hello_await", preflight, "403");
    // Images and links.
    rejected("GET /run/01_hello_await", OWN, "405");
    rejected("GET /check/01_hello_await", OWN, "405");
    assert!(!site.root.path().join("target").exists());
}

#[test]
fn only_lessons_run() {
    let site = Site::new();
    for name in [
        "workbook",
        "01_hello_await;id",
        "01_hello_await%20--release",
        "--help",
        "../run/01_hello_await",
        "..%2f01_hello_await",
        "01_HELLO_AWAIT",
        "01",
        "",
    ] {
        for kind in ["run", "check"] {
            let headers = format!("Host: localhost\r\n{OWN}");
            let response = site.request(&format!("POST /{kind}/{name}"), &headers);
            let refused = ["HTTP/1.0 404", "HTTP/1.0 405"];
            assert!(
                refused.iter().any(|r| response.starts_with(r)),
                "{name}: {response}"
            );
        }
    }
    let headers = format!("Host: localhost\r\n{OWN}");
    let response = site.request("POST /run/99_none", &headers);
    assert!(response.ends_with("There is no lesson `99_none`. Reload the page.\n"));
    assert!(!site.root.path().join("target").exists());
}

#[test]
fn a_run_takes_a_number_in_the_range_of_its_knob() {
    let site = Site::new();
    let headers = format!("Host: localhost\r\n{OWN}");
    for target in [
        "run/08_blocking?",
        "run/08_blocking?--threads",
        "run/08_blocking?--threads=",
        "run/08_blocking?--threads=0",
        "run/08_blocking?--threads=65",
        "run/08_blocking?--threads=4294967297",
        "run/08_blocking?--threads=-1",
        "run/08_blocking?--threads=+6",
        "run/08_blocking?--threads=6.5",
        "run/08_blocking?--threads=%36",
        "run/08_blocking?--threads=6%20--help",
        "run/08_blocking?--threads=6&--threads=7",
        "run/08_blocking?--thread=6",
        "run/08_blocking?--limit=6",
        "run/08_blocking?6",
        // It has no knob.
        "run/01_hello_await?--threads=6",
        "check/08_blocking?--threads=6",
    ] {
        let response = site.request(&format!("POST /{target}"), &headers);
        assert!(response.starts_with("HTTP/1.0 400"), "{target}: {response}");
    }
    assert!(!site.root.path().join("target").exists());

    let events = site.run("/run/08_blocking?--threads=64").rest();
    assert_eq!(text(&events, "output"), "--threads 64\n");
}

#[test]
fn a_run_streams_its_events() {
    let site = Site::new();
    let events = site.run("/run/01_hello_await").rest();
    assert!(text(&events, "build").contains("Compiling"), "{events:?}");
    assert_eq!(text(&events, "output"), "ä out\nerror\nmore\n");
    assert!(text(&events, "timeline").starts_with("<svg"), "{events:?}");
    let end = events.last().unwrap();
    assert!(end["end"].as_str().unwrap().starts_with("Done after"), "{end}");
    assert_eq!(end["good"], true);

    let events = site.run("/check/01_hello_await").rest();
    let arguments = "check 01 --json --limit 60\n";
    assert_eq!(text(&events, "output"), arguments);
    // A picture for each run that was checked.
    assert_eq!(text(&events, "timeline").matches("<svg").count(), 2);
    let pictures = events.iter().filter(|event| event["timeline"].is_string());
    assert_eq!(pictures.count(), 2);
    let end = events.last().unwrap();
    assert!(end["end"].as_str().unwrap().starts_with("Not solved yet"), "{end}");
}

#[test]
fn compiler_errors_are_streamed() {
    let site = Site::new();
    let events = site.run("/run/04_bounded").rest();
    assert!(text(&events, "build").contains("error[E0308]"), "{events:?}");
    let end = "04_bounded does not compile; the error is above.";
    assert_eq!(text(&events, "end"), end);
    assert_eq!(text(&events, "output"), "");
}

#[test]
fn children_end_with_the_program() {
    let site = Site::new();
    let events = site.run("/run/05_pool").rest();
    let end = text(&events, "end");
    assert!(end.starts_with("Failed (exit status: 3) after"), "{end}");
    assert!(ends(&text(&events, "output")));
}

#[test]
fn closing_the_response_stops_the_run() {
    let site = Site::new();
    let mut running = site.run("/run/02_lazy");
    let pid = running.output();
    assert!(is_running(&pid));
    // Stop, a closed tab and a crashed browser all close the connection.
    drop(running);
    assert!(ends(&pid));
}

#[test]
fn only_one_run_at_a_time() {
    let site = Site::new();
    let mut running = site.run("/run/02_lazy");
    running.output();
    let headers = format!("Host: localhost\r\n{OWN}");
    let second = site.request("POST /run/01_hello_await", &headers);
    assert!(second.starts_with("HTTP/1.0 409"), "{second}");
    assert!(second.contains("Another run is in progress"), "{second}");
    drop(running);
    let events = site.run("/run/01_hello_await").rest();
    assert_eq!(events.last().unwrap()["good"], true);
}

#[test]
fn running_time_is_limited() {
    let time = Duration::from_millis(300);
    let site = Site::with(Limits { time, ..Limits::default() });
    let events = site.run("/run/02_lazy").rest();
    assert_eq!(text(&events, "end"), "Stopped after 0.3 s, the limit for a run.");
    assert!(ends(&text(&events, "output")));
}

#[test]
fn output_is_limited() {
    let site = Site::with(Limits { output: 1 << 16, ..Limits::default() });
    let events = site.run("/run/03_gather").rest();
    assert_eq!(
        text(&events, "end"),
        "Stopped: the program printed more than 64 KiB."
    );
    let length = text(&events, "output").len();
    assert!((1 << 15..=1 << 16).contains(&length), "{length}");
}

#[test]
fn a_timeline_may_be_anything() {
    let site = Site::new();
    for (lesson, why) in [
        ("06_errors", "it is not a regular file"),
        ("07_pitfalls", "it is too large"),
    ] {
        let events = site.run(&format!("/run/{lesson}")).rest();
        let end = text(&events, "end");
        assert!(end.starts_with("Done after"), "{end}");
        let note = format!(" Its timeline cannot be shown: {why}.");
        assert!(end.ends_with(&note), "{end}");
    }
}

#[test]
fn a_connection_without_a_request_is_closed() {
    let runtime = Runtime::new().unwrap();
    let at = runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let limit = Duration::from_millis(50);
        tokio::spawn(serve::accept(listener, axum::Router::new(), limit));
        at
    });
    for begin in ["", "GET / HTTP/1.1\r\nHost: localhost\r\n"] {
        let mut stream = TcpStream::connect(at).unwrap();
        stream.write_all(begin.as_bytes()).unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        assert_eq!(response, "");
    }
}

/// Not a test, but a server that the test below kills.
#[test]
#[ignore = "run by another test"]
fn child() {
    let site = Site::new();
    // The harness may have printed an incomplete line.
    println!("\nat {}", site.at);
    loop {
        std::thread::park();
    }
}

#[test]
fn killing_the_server_ends_the_run() {
    // The child leaves its folders there.
    let folder = tempfile::tempdir().unwrap();
    let mut server = Command::new(std::env::current_exe().unwrap())
        .args(["child", "--exact", "--ignored", "--nocapture"])
        .env("TMPDIR", folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(server.stdout.take().unwrap()).lines();
    let at = lines
        .map(Result::unwrap)
        .find_map(|line| Some(line.strip_prefix("at ")?.parse().unwrap()))
        .unwrap();
    let headers = format!("Host: localhost\r\n{OWN}");
    let (_, body) = send(at, "POST /run/02_lazy", &headers);
    // Dropping it would stop the run.
    let mut running = Running(body);
    let pid = running.output();
    assert!(is_running(&pid));
    server.kill().unwrap();
    server.wait().unwrap();
    assert!(ends(&pid));
}

#[test]
fn shutting_down_stops_the_run() {
    let site = Site::new();
    let mut running = site.run("/run/02_lazy");
    let pid = running.output();
    site.runtime.block_on(site.runner.close());
    assert!(ends(&pid));
    assert_eq!(
        text(&running.rest(), "end"),
        "Stopped: the server is shutting down."
    );
    let headers = format!("Host: localhost\r\n{OWN}");
    let late = site.request("POST /run/01_hello_await", &headers);
    assert!(late.starts_with("HTTP/1.0 409"), "{late}");
}

#[test]
fn pages_are_notified_of_a_build() {
    let site = Site::new();
    let (_, mut events) = site.send("GET /live", "Host: localhost\r\n");
    let mut next = || {
        let mut line = String::new();
        while !line.starts_with("data: ") {
            line.clear();
            events.read_line(&mut line).unwrap();
        }
        let event: Value = serde_json::from_str(&line["data: ".len()..]).unwrap();
        event["build"].as_str().unwrap().to_owned()
    };
    let first = next();
    site.builds.send_replace(BookBuild::of(with_page("new")));
    assert_ne!(next(), first);
    let page = site.request("GET /", "Host: localhost\r\n");
    assert!(page.ends_with("new"), "{page}");
}

#[test]
fn pages_are_compressed_and_events_are_not() {
    let site = Site::new();
    let text = "word ".repeat(1_000);
    site.builds.send_replace(BookBuild::of(with_page(&text)));
    let headers = format!("Host: localhost\r\nAccept-Encoding: gzip\r\n{OWN}");
    let (head, mut body) = site.send("GET /", &headers);
    assert!(head.contains("content-encoding: gzip"), "{head}");
    let mut page = Vec::new();
    body.read_to_end(&mut page).unwrap();
    assert!(page.len() < text.len() / 10, "{} bytes", page.len());
    for request in ["GET /live", "POST /run/01_hello_await"] {
        let (head, _) = site.send(request, &headers);
        assert!(head.starts_with("HTTP/1.0 200"), "{head}");
        assert!(!head.contains("content-encoding"), "{head}");
    }
}

#[test]
fn deleted_pages_are_reported_until_the_next_build() {
    let site = Site::new();
    let get = || site.request("GET /", "Host: localhost\r\n");
    fs::remove_dir_all(site.builds.borrow().pages()).unwrap();
    let page = get();
    assert!(page.starts_with("HTTP/1.0 500"), "{page}");
    assert!(page.ends_with("save a chapter, or restart the server.\n"), "{page}");
    site.builds.send_replace(BookBuild::of(with_page("new")));
    assert!(get().ends_with("new"));
}

fn with_page(text: &str) -> TempDir {
    let pages = tempfile::tempdir().unwrap();
    fs::create_dir(pages.path().join("html")).unwrap();
    fs::write(pages.path().join("html/index.html"), text).unwrap();
    pages
}

#[test]
fn changes_are_rebuilt_and_errors_are_reported() {
    let root = tempfile::tempdir().unwrap();
    let book = root.path().join("book");
    for folder in ["book/chapters", "book/theme", "lessons/01", "tests/snapshots"] {
        fs::create_dir_all(root.path().join(folder)).unwrap();
    }
    let chapter = book.join("chapters/a.md");
    for (file, text) in [
        ("book.toml", "[book]\nsrc = \"chapters\"\n"),
        ("theme/run.css", ""),
        ("theme/pictures.js", ""),
        ("theme/verdict.js", ""),
        ("theme/attempts.js", ""),
        ("theme/progress.js", ""),
        ("theme/run.js", ""),
        ("chapters/SUMMARY.md", "# Summary\n\n- [A](a.md)\n"),
        ("chapters/a.md", "# First\n"),
    ] {
        fs::write(book.join(file), text).unwrap();
    }

    let runtime = Runtime::new().unwrap();
    let _entered = runtime.enter();
    let (builds, mut built) = watch::channel(BookBuild::new(&book).unwrap());
    runtime.spawn(serve::rebuild(book.clone(), builds));
    let mut next = || {
        let changed = tokio::time::timeout(Duration::from_secs(60), built.changed());
        runtime.block_on(changed).unwrap().unwrap();
        let build = built.borrow_and_update().clone();
        let page = fs::read_to_string(build.pages().join("a.html")).unwrap();
        assert!(!build.pages().join("4913").exists());
        // A server that was killed leaves its pages where `cargo clean` removes them.
        assert!(
            build.pages().starts_with(book::render::book_dir().join("../target"))
        );
        (page, build.error().map(str::to_owned))
    };
    fs::write(root.path().join("lessons/01/exercise.rs"), "an answer").unwrap();
    // Editors leave these next to an open file; the last is Emacs's lock.
    for folder in [book.join("chapters"), root.path().join("lessons/01")] {
        for name in ["4913", ".a.md.swp", "a.md~", "#a.md#"] {
            fs::write(folder.join(name), [0xff]).unwrap();
        }
        symlink("ada@host.1:2", folder.join(".#a.md")).unwrap();
    }
    fs::write(&chapter, "# Second\n").unwrap();
    let (page, error) = next();
    assert!(page.contains("Second") && error.is_none(), "{error:?}");
    fs::write(&chapter, "# Third\n\n{{#nonsense}}\n").unwrap();
    let (page, error) = next();
    assert!(page.contains("Second"), "{page}");
    assert!(error.unwrap().contains("no directive `nonsense`"));
    let fifo = book.join("chapters/pipe");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let (_, error) = next();
    assert!(error.unwrap().contains("chapters/pipe is not a regular file"));
    fs::remove_file(fifo).unwrap();
    assert!(next().1.unwrap().contains("no directive `nonsense`"));
    let links = ["one", "two"].map(|name| root.path().join("lessons/01").join(name));
    for link in &links {
        std::os::unix::fs::symlink("..", link).unwrap();
        assert!(next().1.unwrap().contains(" is not a regular file"));
    }
    for link in links {
        fs::remove_file(link).unwrap();
        next();
    }
    fs::write(&chapter, "# Fourth\n").unwrap();
    let (page, error) = next();
    assert!(page.contains("Fourth") && error.is_none(), "{error:?}");
}

#[test]
fn the_command_serves_until_ctrl_c() {
    let start = |host: &str, port: u16| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_book"));
        command.args(["serve", "--hostname", host, "--port", &port.to_string()]);
        command.stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut stdout = String::new();
        while !stdout.contains("Serving the book at") {
            stdout += &lines.next().unwrap().unwrap();
        }
        // The printed address is the one that responds.
        let at = stdout.rsplit_once("http://").unwrap().1.split('/').next().unwrap();
        let at: SocketAddr = at.parse().unwrap();
        let (head, _) = send(at, "GET /", &format!("Host: {at}\r\n"));
        assert!(head.starts_with("HTTP/1.0 200"), "{head}");
        assert_eq!(at.ip().to_string(), "127.0.0.1");
        (child, at.port(), stdout)
    };
    let (mut first, port, _) = start("127.0.0.1", 0);
    let (mut second, next, stdout) = start("127.0.0.1", port);
    let (mut published, ..) = start("0.0.0.0", 0);
    assert!(stdout.contains(&format!("Port {port} is busy; using {next} instead")));
    assert!(next > port);
    for child in [&mut first, &mut second, &mut published] {
        let pid = rustix::process::Pid::from_child(child);
        rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
        assert!(child.wait().unwrap().success());
    }
}

#[test]
fn only_served_pages_have_buttons() {
    let dir = tempfile::tempdir().unwrap();
    let book = book::render::book_dir();
    let scripts = |pages: &Path| {
        let page = fs::read_to_string(pages.join("03_gather.html")).unwrap();
        let count = |name| page.matches(&format!("theme/{name}-")).count();
        let scripts = ["pictures", "verdict", "attempts", "progress", "run"];
        scripts.map(count).iter().sum::<usize>()
    };
    let plain = book::render::build(&book, Some(&dir.path().join("plain"))).unwrap();
    assert_eq!(scripts(&plain), 0);
    let live = book::render::build_live(&book, &dir.path().join("live")).unwrap();
    assert_eq!(scripts(&live), 6);
}

#[test]
fn pages_get_the_progress() {
    let site = Site::new();
    let host = "Host: localhost\r\n";
    let none = site.request("GET /progress", host);
    assert!(
        none.starts_with("HTTP/1.0 200") && none.ends_with("\r\n\r\n"),
        "{none}"
    );
    let folder = site.root.path().join(".workbook");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("progress.json"), "{}").unwrap();
    assert!(site.request("GET /progress", host).ends_with("\r\n\r\n{}"));
    let foreign = site.request("GET /progress", "Host: evil.test\r\n");
    assert!(foreign.starts_with("HTTP/1.0 403"), "{foreign}");
}

#[test]
fn pages_notice_that_an_exercise_was_changed() {
    let site = Site::new();
    let changed = |name| {
        let answer =
            site.request(&format!("GET /changed/{name}"), "Host: localhost\r\n");
        answer.split_once("\r\n\r\n").unwrap().1.to_owned()
    };
    assert_eq!(changed("03_gather"), "None");
    let folder = site.root.path().join("lessons/03_gather");
    fs::create_dir_all(&folder).unwrap();
    let file = fs::File::create(folder.join("exercise.rs")).unwrap();
    let first = changed("03_gather");
    assert_ne!(first, "None");
    assert_eq!(changed("03_gather"), first);
    file.set_modified(UNIX_EPOCH).unwrap();
    assert_ne!(changed("03_gather"), first);
    assert_eq!(changed("04_bounded"), "None");
    assert_eq!(changed("..%2f03_gather"), "None");
}

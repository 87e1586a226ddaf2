//! The server, asked as browsers ask, and as a page from elsewhere would.

#![cfg(unix)]

use book::serve::{self, Build, Limits, Runner};
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::watch;

const OWN: &str = "X-Workbook: 1\r\nOrigin: http://localhost\r\n";

/// A small workbook of programs that behave as nobody's should, and its server.
struct Site {
    at: SocketAddr,
    root: TempDir,
    builds: watch::Sender<Build>,
    runner: Arc<Runner>,
    runtime: Runtime,
}

/// Prints the number of a program that it starts and that outlives it.
const LEAVES_ANOTHER: &str = r#"
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

const PRINTS_ITS_WORDS: &str = r#"
    println!("{}", std::env::args().skip(1).collect::<Vec<_>>().join(" "));
    std::process::exit(1);
"#;

fn programs() -> [(&'static str, String); 6] {
    let sleeps = "std::thread::sleep(std::time::Duration::from_secs(600));";
    [
        ("01_hello_await", PRINTS_AND_DRAWS.to_owned()),
        ("02_lazy", format!("{LEAVES_ANOTHER} {sleeps}")),
        ("03_gather", "loop { println!(\"{}\", \"x\".repeat(999)); }".to_owned()),
        ("04_bounded", "let a: u8 = \"a\";".to_owned()),
        ("05_pool", format!("{LEAVES_ANOTHER} std::process::exit(3);")),
        ("workbook", PRINTS_ITS_WORDS.to_owned()),
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
        let (builds, built) = watch::channel(Build::of(pages));

        let runtime = Runtime::new().unwrap();
        let runner = Arc::new(Runner::new(root.path(), limits));
        let router = serve::router(built, Arc::clone(&runner));
        let at = runtime.block_on(async {
            let listener =
                tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let at = listener.local_addr().unwrap();
            tokio::spawn(async move { axum::serve(listener, router).await });
            at
        });
        Self { at, root, builds, runner, runtime }
    }

    /// Sends a request; returns the answer's head and, as it comes, its body.
    fn send(&self, request: &str, headers: &str) -> (String, BufReader<TcpStream>) {
        let mut stream = TcpStream::connect(self.at).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        write!(stream, "{request} HTTP/1.0\r\n{headers}\r\n").unwrap();
        let mut answer = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") && answer.read_line(&mut head).unwrap() > 0
        {
        }
        (head, answer)
    }

    fn ask(&self, request: &str, headers: &str) -> String {
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

/// What the server tells of a run.
struct Running(BufReader<TcpStream>);

impl Running {
    fn next(&mut self) -> Option<Value> {
        let mut line = String::new();
        let length = self.0.read_line(&mut line).unwrap();
        (length > 0).then(|| serde_json::from_str(&line).unwrap())
    }

    /// The program's first output.
    fn output(&mut self) -> String {
        let text = std::iter::from_fn(|| self.next())
            .find_map(|event| Some(event["output"].as_str()?.to_owned()));
        text.expect("the program prints something")
    }

    fn rest(mut self) -> Vec<Value> {
        std::iter::from_fn(|| self.next()).collect()
    }
}

fn text(events: &[Value], kind: &str) -> String {
    events.iter().filter_map(|event| event[kind].as_str()).collect()
}

/// Whether the program of that number runs. (One that is over, and that nobody has
/// asked about, is a zombie.)
fn runs(number: &str) -> bool {
    let mut ps = Command::new("ps");
    let state =
        ps.args(["-o", "stat=", "-p", number.trim()]).output().unwrap().stdout;
    !state.is_empty() && !state.starts_with(b"Z")
}

fn gone(number: &str) -> bool {
    // Killed is not over: the system takes a moment.
    (0..200).any(|_| {
        std::thread::sleep(Duration::from_millis(10));
        !runs(number)
    })
}

#[test]
fn pages_are_for_this_machine_only() {
    let site = Site::new();
    let page = site.ask("GET /", &format!("Host: {}\r\n", site.at));
    assert!(page.starts_with("HTTP/1.0 200") && page.ends_with("the book</h1>"));
    for header in [
        "cache-control: no-cache",
        "x-content-type-options: nosniff",
        "content-security-policy: default-src 'none'; script-src 'self' ",
    ] {
        assert!(page.contains(header), "{page}");
    }
    let gone = site.ask("GET /gone.html", "Host: localhost\r\n");
    assert!(gone.starts_with("HTTP/1.0 404") && gone.ends_with("not found</h1>"));
    for path in
        ["/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/..%2f..%2fetc/passwd"]
    {
        let above = site.ask(&format!("GET {path}"), "Host: localhost\r\n");
        assert!(above.starts_with("HTTP/1.0 404"), "{above}");
    }
    for host in ["Host: evil.test\r\n", "Host: localhost.evil.test\r\n", ""] {
        for request in ["GET /", "GET /live", "POST /run/01_hello_await"] {
            let foreign = site.ask(request, &format!("{host}{OWN}"));
            assert!(foreign.starts_with("HTTP/1.0 403"), "{host}: {foreign}");
        }
    }
}

#[test]
fn a_page_from_elsewhere_runs_nothing() {
    let site = Site::new();
    let host = "Host: localhost\r\n";
    let refused = |request: &str, headers: &str, status: &str| {
        let answer = site.ask(request, &format!("{host}{headers}"));
        let begin = format!("HTTP/1.0 {status}");
        assert!(answer.starts_with(&begin), "{request} {headers}: {answer}");
        assert!(!answer.to_lowercase().contains("access-control"), "{answer}");
    };
    let run = "POST /run/01_hello_await";
    // A form, a script without the header, one with it that asks first.
    refused(run, "Origin: http://evil.test\r\nContent-Length: 0\r\n", "403");
    refused(run, "Origin: http://localhost\r\n", "403");
    refused(run, "Origin: null\r\nX-Workbook: 1\r\n", "403");
    refused(run, "X-Workbook: 1\r\n", "403");
    let asks = "Origin: http://evil.test\r\nAccess-Control-Request-Headers: x-workbook\r\n\
                Access-Control-Request-Method: POST\r\n";
    refused("OPTIONS /run/01_hello_await", asks, "403");
    // Pictures and links.
    refused("GET /run/01_hello_await", OWN, "405");
    refused("GET /check/01_hello_await", OWN, "405");
    assert!(!site.root.path().join("target").exists());
}

#[test]
fn only_lessons_are_run() {
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
            let answer = site.ask(&format!("POST /{kind}/{name}"), &headers);
            let refused = ["HTTP/1.0 404", "HTTP/1.0 405"];
            assert!(
                refused.iter().any(|r| answer.starts_with(r)),
                "{name}: {answer}"
            );
        }
    }
    assert!(!site.root.path().join("target").exists());
}

#[test]
fn a_run_is_told_from_beginning_to_end() {
    let site = Site::new();
    let events = site.run("/run/01_hello_await").rest();
    assert!(text(&events, "build").contains("Compiling"), "{events:?}");
    assert_eq!(text(&events, "output"), "ä out\nerror\nmore\n");
    assert!(text(&events, "timeline").starts_with("<svg"), "{events:?}");
    let end = events.last().unwrap();
    assert!(end["end"].as_str().unwrap().starts_with("Done, after"), "{end}");
    assert_eq!(end["good"], true);

    let events = site.run("/check/01_hello_await").rest();
    let words = "check 01 --color never --limit 60\n";
    assert_eq!(text(&events, "output"), words);
    let end = events.last().unwrap();
    assert!(end["end"].as_str().unwrap().starts_with("Not solved yet"), "{end}");
}

#[test]
fn what_does_not_compile_says_why() {
    let site = Site::new();
    let events = site.run("/run/04_bounded").rest();
    assert!(text(&events, "build").contains("error[E0308]"), "{events:?}");
    assert_eq!(text(&events, "end"), "It does not compile.");
    assert_eq!(text(&events, "output"), "");
}

#[test]
fn the_end_of_a_program_ends_what_it_has_started() {
    let site = Site::new();
    let events = site.run("/run/05_pool").rest();
    let end = text(&events, "end");
    assert!(end.starts_with("Ended with exit status: 3, after"), "{end}");
    assert!(gone(&text(&events, "output")));
}

#[test]
fn a_page_that_goes_ends_its_run() {
    let site = Site::new();
    let mut running = site.run("/run/02_lazy");
    let number = running.output();
    assert!(runs(&number));
    // Stop, a closed tab and a lost browser are the same: nobody reads on.
    drop(running);
    assert!(gone(&number));
}

#[test]
fn one_thing_runs_at_a_time() {
    let site = Site::new();
    let mut running = site.run("/run/02_lazy");
    running.output();
    let headers = format!("Host: localhost\r\n{OWN}");
    let second = site.ask("POST /run/01_hello_await", &headers);
    assert!(second.starts_with("HTTP/1.0 409"), "{second}");
    assert!(second.contains("Something runs already"), "{second}");
    drop(running);
    let events = site.run("/run/01_hello_await").rest();
    assert_eq!(events.last().unwrap()["good"], true);
}

#[test]
fn a_run_has_an_end() {
    let time = Duration::from_millis(300);
    let site = Site::with(Limits { time, ..Limits::default() });
    let events = site.run("/run/02_lazy").rest();
    assert_eq!(text(&events, "end"), "Stopped after 0.3 s, the most a run gets.");
    assert!(gone(&text(&events, "output")));
}

#[test]
fn output_has_an_end() {
    let site = Site::with(Limits { output: 1 << 16, ..Limits::default() });
    let events = site.run("/run/03_gather").rest();
    assert_eq!(text(&events, "end"), "Stopped: it printed more than 64 KiB.");
    let length = text(&events, "output").len();
    assert!((1 << 15..=1 << 16).contains(&length), "{length}");
}

#[test]
fn a_server_that_ends_leaves_nothing_behind() {
    let site = Site::new();
    let mut running = site.run("/run/02_lazy");
    let number = running.output();
    site.runtime.block_on(site.runner.close());
    assert!(gone(&number));
    assert_eq!(text(&running.rest(), "end"), "Stopped, as the server is.");
    let headers = format!("Host: localhost\r\n{OWN}");
    let late = site.ask("POST /run/01_hello_await", &headers);
    assert!(late.starts_with("HTTP/1.0 409"), "{late}");
}

#[test]
fn pages_hear_of_a_new_build() {
    let site = Site::new();
    let (_, mut news) = site.send("GET /live", "Host: localhost\r\n");
    let mut next = || {
        let mut line = String::new();
        while !line.starts_with("data: ") {
            line.clear();
            news.read_line(&mut line).unwrap();
        }
        let news: Value = serde_json::from_str(&line["data: ".len()..]).unwrap();
        news["build"].as_str().unwrap().to_owned()
    };
    let first = next();
    site.builds.send_replace(Build::of(with_page("new")));
    assert_ne!(next(), first);
    let page = site.ask("GET /", "Host: localhost\r\n");
    assert!(page.ends_with("new"), "{page}");
}

fn with_page(text: &str) -> TempDir {
    let pages = tempfile::tempdir().unwrap();
    fs::create_dir(pages.path().join("html")).unwrap();
    fs::write(pages.path().join("html/index.html"), text).unwrap();
    pages
}

#[test]
fn what_is_changed_is_built_anew_and_what_fails_is_told() {
    let root = tempfile::tempdir().unwrap();
    let book = root.path().join("book");
    for folder in ["book/chapters", "book/theme", "lessons/01", "tests/snapshots"] {
        fs::create_dir_all(root.path().join(folder)).unwrap();
    }
    let chapter = book.join("chapters/a.md");
    for (file, text) in [
        ("book.toml", "[book]\nsrc = \"chapters\"\n"),
        ("theme/run.js", ""),
        ("theme/run.css", ""),
        ("chapters/SUMMARY.md", "# Summary\n\n- [A](a.md)\n"),
        ("chapters/a.md", "# First\n"),
    ] {
        fs::write(book.join(file), text).unwrap();
    }

    let runtime = Runtime::new().unwrap();
    let _inside = runtime.enter();
    let (builds, mut built) = watch::channel(Build::new(&book).unwrap());
    let _watcher = serve::rebuild(&book, builds).unwrap();
    let mut next = || {
        let changed = tokio::time::timeout(Duration::from_secs(60), built.changed());
        runtime.block_on(changed).unwrap().unwrap();
        let build = built.borrow_and_update().clone();
        let page = fs::read_to_string(build.pages().join("a.html")).unwrap();
        (page, build.fault().map(str::to_owned))
    };
    fs::write(root.path().join("lessons/01/exercise.rs"), "the learner's").unwrap();
    fs::write(&chapter, "# Second\n").unwrap();
    let (page, fault) = next();
    assert!(page.contains("Second") && fault.is_none(), "{fault:?}");
    fs::write(&chapter, "# Third\n\n{{#nonsense}}\n").unwrap();
    let (page, fault) = next();
    assert!(page.contains("Second"), "{page}");
    assert!(fault.unwrap().contains("no directive `nonsense`"));
    fs::write(&chapter, "# Fourth\n").unwrap();
    let (page, fault) = next();
    assert!(page.contains("Fourth") && fault.is_none(), "{fault:?}");
}

#[test]
fn the_command_serves_until_it_is_told_to_end() {
    let start = |port: u16| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_book"));
        command.args(["serve", "--port", &port.to_string()]).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut said = String::new();
        while !said.contains("The book is at") {
            said += &lines.next().unwrap().unwrap();
        }
        let port = said.rsplit_once("localhost:").unwrap().1;
        let port: u16 = port.split('/').next().unwrap().parse().unwrap();
        (child, port, said)
    };
    let (mut first, port, _) = start(0);
    let (mut second, next, said) = start(port);
    assert!(
        said.contains(&format!("Port {port} is busy, so the book takes {next}"))
    );
    assert!(next > port);
    for child in [&mut first, &mut second] {
        let pid = rustix::process::Pid::from_child(child);
        rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
        assert!(child.wait().unwrap().success());
    }
}

#[test]
fn pages_without_a_server_have_no_buttons() {
    let dir = tempfile::tempdir().unwrap();
    let book = book::render::book_dir();
    let scripts = |pages: &Path| {
        let page = fs::read_to_string(pages.join("03_gather.html")).unwrap();
        page.matches("theme/run-").count()
    };
    let still = book::render::build(&book, Some(&dir.path().join("still"))).unwrap();
    assert_eq!(scripts(&still), 0);
    let live = book::render::build_live(&book, &dir.path().join("live")).unwrap();
    assert_eq!(scripts(&live), 2);
}

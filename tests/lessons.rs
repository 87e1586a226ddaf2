//! Runs each lesson's program as a learner does, and compares its output and its timeline
//! with snapshots. The book shows these snapshots.

#[path = "common/cargo.rs"]
mod cargo;
mod common;
#[path = "../lessons/06_errors/failure.rs"]
mod failure;

use std::collections::HashMap;
use std::io::{Read, Write};
use std::iter;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock};
use std::thread;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection};
use serde_json::json;

use async_workbook::timeline::Recording;
use async_workbook::{Knob, LESSONS, Lesson};
use common::Limit;

/// The executables of all lessons, by name.
static PROGRAMS: LazyLock<HashMap<String, PathBuf>> = LazyLock::new(|| {
    let mut args = vec!["build"];
    args.extend(LESSONS.iter().flat_map(|lesson| ["--example", lesson.name]));
    cargo::built(&args)
});

/// Returns a path for a temporary file. The name must be different in each test.
fn temporary(name: &str) -> PathBuf {
    // The tests may run twice at the same time.
    let file = format!("{}_{name}", std::process::id());
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(file)
}

/// Reads a temporary file, if there is one, and removes it.
fn take(path: &Path) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    std::fs::remove_file(path).expect("the file can be removed");
    Some(text)
}

/// Returns the program that `cargo run --example NAME` starts, with the width of the
/// book's pages, on tokio's paused clock, and without environment variables that change
/// its output. `RUST_BACKTRACE`, which many developers set, must not change it, because
/// `.cargo/config.toml` sets `RUST_LIB_BACKTRACE`.
fn program(name: &str) -> Command {
    let mut program = Command::new(&PROGRAMS[name]);
    for variable in ["NO_COLOR", "TERM", "WORKBOOK_TIMELINE"] {
        program.env_remove(variable);
    }
    program.env("COLUMNS", "59").env("WORKBOOK_CLOCK", "virtual");
    program.env("RUST_BACKTRACE", "1");
    program
}

fn run(program: &mut Command) -> Output {
    // More of them on the real clock would disturb each other.
    static RUNNING: Limit = Limit::new();
    let _permit = RUNNING.permit(16);
    program.output().expect("the program starts")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("the program prints UTF-8")
}

/// The names of snapshots, and what a run recorded for each of them.
type Recorded = Vec<(String, String)>;

/// Records a run. Repeats it while it differs from its snapshots, up to `limit` runs: on the
/// real clock, other processes make some runs longer than the rounding allows for, or make
/// them miss a deadline, whereas a change of the program is in every run. The timeline of a
/// run on the paused clock has an order; such a run is not repeated, except that of lesson
/// 07, which also blocks a thread.
///
/// When the limit is reached, sets it to 1: after a change, other runs are not repeated.
fn undisturbed(limit: &AtomicU32, record: impl Fn() -> Recorded) -> Recorded {
    let is_accepted = |(snapshot, recorded): &(String, String)| {
        let file = format!("tests/snapshots/lessons__{snapshot}.snap");
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        let accepted = std::fs::read_to_string(file).unwrap_or_default();
        accepted.contains(recorded.trim_end())
    };
    let mut runs = 1;
    while runs < limit.load(Ordering::Relaxed) {
        let recorded = record();
        let is_paused = recorded.iter().any(|(name, json)| {
            json.contains("\"order\"") && !name.starts_with("07_pitfalls")
        });
        if is_paused || recorded.iter().all(is_accepted) {
            return recorded;
        }
        runs += 1;
    }
    limit.store(1, Ordering::Relaxed);
    record()
}

/// The usual limit.
const RUNS: u32 = 10;

/// Runs a lesson and compares its stdout and its timeline with the snapshots.
fn assert_prints_snapshot(name: &str) {
    let lesson = Lesson::named(name).expect("a lesson with this name");
    if lesson.postgres && common::postgres_missing() {
        return;
    }
    let recorded = undisturbed(&AtomicU32::new(RUNS), || {
        let saved = temporary(&format!("{name}.json"));
        let output = run(program(name).env("WORKBOOK_TIMELINE", &saved));
        let is_good = output.status.success() && output.stderr.is_empty();
        let printed = match is_good {
            true => text(&output.stdout).to_owned(),
            false => transcript(&output),
        };
        let printed = (name.to_owned(), printed);
        // Lesson 01 records no timeline.
        let timeline = take(&saved).map(|json| (format!("{name}_timeline"), json));
        iter::once(printed).chain(timeline).collect()
    });
    for (snapshot, recorded) in recorded {
        insta::assert_snapshot!(snapshot, recorded);
    }
}

/// Runs a lesson with each position of its knob, and compares its blocks of the output and
/// the timeline with a snapshot of all of them, one JSON object in a line, for the slider
/// in the book.
fn assert_records_its_knob(name: &str) {
    let lesson = Lesson::named(name).expect("a lesson with this name");
    let Some(Knob { argument, least, most, values, blocks }) = lesson.knob else {
        return;
    };
    for outside in [least - 1, most + 1] {
        let output = run(program(name).args([argument, &outside.to_string()]));
        let expected = format!(", with {least} to {most} ");
        assert!(text(&output.stderr).contains(&expected), "{}", transcript(&output));
    }
    if lesson.postgres && common::postgres_missing() {
        return;
    }
    let knob = format!("{name}_knob");
    let record = |value: &u32| {
        let saved = temporary(&format!("{name}{argument}_{value}.json"));
        let args = [argument, &value.to_string()];
        let mut program = program(name);
        let output = run(program.env("WORKBOOK_TIMELINE", &saved).args(args));
        if !output.status.success() {
            return vec![(knob.clone(), transcript(&output))];
        }
        let shown = |block: &&str| {
            let first = block.lines().next().unwrap_or_default();
            blocks.iter().any(|words| first.contains(words))
        };
        let shown: Vec<_> =
            text(&output.stdout).split("\n\n").filter(shown).collect();
        assert_eq!(shown.len(), blocks.len(), "{}", transcript(&output));
        let recording = recording(&saved);
        let timeline = match name {
            "07_pitfalls" => blocked_recording(&args),
            _ => recording,
        };
        let output = shown.join("\n\n");
        let line = json!({ "value": value, "output": output, "timeline": timeline });
        vec![(knob.clone(), line.to_string())]
    };
    let limit = AtomicU32::new(RUNS);
    let lines: Vec<_> = thread::scope(|scope| {
        let record = |value| undisturbed(&limit, || record(value));
        let runs = values.iter().map(|value| scope.spawn(move || record(value)));
        let runs: Vec<_> = runs.collect();
        let recorded = runs.into_iter().flat_map(|run| run.join().unwrap());
        recorded.map(|(_, line)| line).collect()
    });
    insta::assert_snapshot!(knob, lines.join("\n"));
}

fn recording(saved: &Path) -> Recording {
    let json = take(saved).expect("a saved timeline");
    serde_json::from_str(&json).unwrap()
}

macro_rules! test_lesson {
    ($test:ident $name:literal) => {
        #[test]
        fn $test() {
            thread::scope(|scope| {
                scope.spawn(|| assert_records_its_knob($name));
                assert_prints_snapshot($name);
            });
        }
    };
}

async_workbook::for_each_lesson!(test_lesson);

/// Runs lesson 07, and returns the timeline of its blocking call. A paused clock does not
/// move while code blocks the thread, so this is on the real clock, with times rounded to
/// 200 ms.
fn blocked_recording(args: &[&str]) -> Recording {
    const UNIT: u64 = 200_000; // microseconds
    let saved = temporary(&format!("07_pitfalls_blocking{}.json", args.concat()));
    let mut program = program("07_pitfalls");
    program.env_remove("WORKBOOK_CLOCK").env("WORKBOOK_TIMELINE", &saved);
    assert!(run(program.args(args)).status.success());
    let mut recording = recording(&saved);
    let blocking = ["blocking call", "spawn_blocking"];
    recording.sections.retain(|section| blocking.contains(&&*section.title));
    // Rounds down, but up if less than 25 ms are missing: most noise adds time.
    let round = |time: &mut u64| *time = (*time + UNIT / 8) / UNIT * UNIT;
    for section in &mut recording.sections {
        section.order.clear();
        round(&mut section.micros);
        for row in &mut section.rows {
            // On the real clock a future that has returned is dropped a little later, as
            // if it had not.
            row.outcome = None;
            // Their indices are those of polls that become one below.
            row.for_nothing.clear();
            let (life, polls) = (&mut row.life, &mut row.polls);
            for span in polls.iter_mut().chain([life]) {
                round(&mut span.0);
                round(&mut span.1);
            }
            polls.dedup();
        }
    }
    recording
}

#[test]
fn a_blocked_thread_is_drawn_as_a_solid_bar() {
    let name = "07_pitfalls_blocking_timeline";
    let recorded = undisturbed(&AtomicU32::new(RUNS), || {
        let json = serde_json::to_string_pretty(&blocked_recording(&[])).unwrap();
        vec![(name.to_owned(), json)]
    });
    insta::assert_snapshot!(name, recorded[0].1);
}

#[test]
fn the_chapter_has_the_number_of_polls_for_nothing() {
    let recording: Recording =
        serde_json::from_str(&common::snapshot("lessons__06_errors_timeline"))
            .unwrap();
    let polls = recording.sections.iter().map(|section| {
        section.rows.iter().map(|row| row.for_nothing.len()).sum::<usize>()
    });
    let [join_all, try_join_all, 0, 0] = polls.collect::<Vec<_>>()[..] else {
        panic!("a poll of a task is for nothing");
    };
    let words = format!("have {} polls for nothing", join_all + try_join_all);
    let chapter = include_str!("../book/chapters/06_errors.md");
    assert!(chapter.contains(&words), "{words}");
}

/// Returns everything that a run prints, and its exit code.
fn transcript(output: &Output) -> String {
    let code = output.status.code().expect("no signal ended the program");
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    format!("{stdout}--- standard error ---\n{stderr}--- exit code {code} ---\n")
}

#[test]
fn gather_reports_failed_pages_and_shows_the_others() {
    let pages = [
        "/page/7",
        "/api/weather/oslo",
        "/page/1?status=500",
        "/nowhere",
        "/page/1?delay=60000",
        "/broken.json",
        "example.org",
        "http://",
        "gopher://example.org/",
        "http://127.0.0.1:1/",
        "http://no-such-host.invalid/",
    ];
    let output = run(program("03_gather").args(pages));
    // The resolver's message depends on whether there is a network.
    let (offline, online) =
        ("Temporary failure in name resolution", "Name or service not known");
    let text = transcript(&output).replace(offline, online);
    insta::assert_snapshot!("03_gather_named", text);
}

#[test]
fn gather_succeeds_if_no_page_fails() {
    let output = run(program("03_gather").args(["/page/1", "/health"]));
    insta::assert_snapshot!("03_gather_named_well", transcript(&output));
}

#[test]
fn a_lesson_exits_without_a_panic_on_a_broken_pipe() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader); // as `| head` does
    let output = run(program("02_lazy").stdout(writer));
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(1), ""));
}

/// Starts a server that passes each connection to `respond`, and returns its port.
fn serve(respond: impl Fn(TcpStream) + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || listener.incoming().flatten().for_each(respond));
    port
}

/// Sends the head of a response for a page of 1 GB, and then `pieces`.
fn respond(
    mut stream: TcpStream,
    kind: &str,
    mut pieces: impl Iterator<Item = &'static [u8]>,
) {
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: 1000000000\r\n\r\n"
    );
    let mut begin = [0; 1024];
    let _ = stream.read(&mut begin).and_then(|_| stream.write_all(head.as_bytes()));
    // Fails when the client closes the connection.
    let _ = pieces.try_for_each(|piece| stream.write_all(piece));
}

#[test]
fn gather_names_the_fault_of_other_servers() {
    let hello = || std::iter::once(&b"hello"[..]);
    let text = serve(move |stream| respond(stream, "text/html", hello()));
    let json = serve(move |stream| respond(stream, "application/json", hello()));
    let endless = std::iter::repeat(&[b'x'; 1 << 16][..]);
    let endless = serve(move |stream| respond(stream, "text/html", endless.clone()));
    let tls = serve(present_self_signed_certificate);

    // Another process takes part, so on the real clock.
    let output = run(program("03_gather").env_remove("WORKBOOK_CLOCK").args([
        format!("http://127.0.0.1:{text}/"),
        format!("http://127.0.0.1:{json}/"),
        format!("http://127.0.0.1:{endless}/"),
        format!("https://127.0.0.1:{tls}/"),
    ]));
    let lines: Vec<&str> = self::text(&output.stdout).lines().collect();
    let cut = "the connection closed before the response was complete: end of file \
               before message length reached";
    assert_eq!(lines[0], format!("http://127.0.0.1:{text}/: {cut}"));
    assert_eq!(lines[1], format!("http://127.0.0.1:{json}/: {cut}"));
    let long = "longer than 10000000 bytes, the limit";
    assert_eq!(lines[2], format!("http://127.0.0.1:{endless}/: {long}"));
    let untrusted = "its certificate is not trusted";
    assert_eq!(lines[3], format!("https://127.0.0.1:{tls}/: {untrusted}"));
}

/// Starts a TLS handshake with a self-signed certificate.
fn present_self_signed_certificate(mut stream: TcpStream) {
    // A certificate and its key: `openssl req -x509 -newkey ec ...`.
    const PEM: &[u8] = include_bytes!("common/self_signed.pem");
    let _ = rustls::crypto::ring::default_provider().install_default();
    let certificate = CertificateDer::from_pem_slice(PEM).unwrap();
    let key = PrivateKeyDer::from_pem_slice(PEM).unwrap();
    let config = ServerConfig::builder().with_no_client_auth();
    let config = config.with_single_cert(vec![certificate], key).unwrap();
    let mut server = ServerConnection::new(Arc::new(config)).unwrap();
    // The client refuses it.
    server.complete_io(&mut stream).unwrap_err();
}

#[tokio::test]
async fn a_truncated_response_is_not_reported_as_invalid_json() {
    let hello = || std::iter::once(&b"hello"[..]);
    let port = serve(move |stream| respond(stream, "application/json", hello()));
    let client = reqwest::Client::builder().no_proxy();
    // Installs rustls's crypto provider, which the client needs.
    let server = async_workbook::web::Server::start().await.unwrap();
    let client = client.build().unwrap();
    let url = format!("http://127.0.0.1:{port}/");
    let failure = failure::get_json(&client, url).await.unwrap_err();
    assert!(matches!(failure, failure::Failure::Other), "{failure:?}");
    let broken = server.url("/broken.json");
    let failure = failure::get_json(&client, broken).await.unwrap_err();
    assert!(matches!(failure, failure::Failure::NotJson), "{failure:?}");
    assert!(!failure.is_retryable());
}

/// Checks that a lesson refuses these arguments, and reports what it expects.
fn assert_refuses(name: &str, wrong: &[&str], expected: &str) {
    for given in wrong {
        let output = run(program(name).args(given.split(' ')));
        assert!(!output.status.success() && output.stdout.is_empty());
        let error = format!("Error: `{given}`: expected {expected}\n");
        assert_eq!(text(&output.stderr), error);
    }
}

/// Runs a lesson on the real clock, up to [`RUNS`] times as in [`undisturbed`], until
/// `is_right` accepts its stdout.
fn assert_prints(name: &str, args: &[&str], is_right: impl Fn(&str) -> bool) {
    let record = || run(program(name).args(args));
    let mut output = record();
    for _ in 1..RUNS {
        if is_right(text(&output.stdout)) {
            return;
        }
        output = record();
    }
    assert!(is_right(text(&output.stdout)), "{}", transcript(&output));
}

#[test]
fn gather_bounded_and_errors_refuse_wrong_arguments() {
    assert_refuses(
        "03_gather",
        &["--delay soon", "--delay 0", "--delay 1 2", "--delay"],
        "`--delay MS`, with 1 to 1000 milliseconds",
    );
    assert_refuses(
        "04_bounded",
        &["--limit 0", "--limit 13", "--limit", "4"],
        "`--limit N`, with 1 to 12 requests",
    );
    assert_refuses(
        "06_errors",
        &["--fails 0", "--fails 4", "--fails", "2"],
        "`--fails PAGE`, with 1 to 3 as the page",
    );
}

#[test]
fn blocking_takes_the_size_of_the_pool() {
    let expected =
        "a pool of 6, and six calls of 200 ms\n  at most 6: 200 ms, peak 6,";
    assert_prints("08_blocking", &["--threads", "6"], |out| out.contains(expected));
    assert_refuses(
        "08_blocking",
        &["--threads 0", "--threads 65", "--threads", "6"],
        "`--threads N`, with 1 to 64 threads",
    );
}

#[test]
fn bridging_takes_the_number_of_threads() {
    assert_prints("09_bridging", &["--threads", "2"], |stdout| {
        let is_42 = |call: &&str| {
            let mut lines = stdout.lines();
            let row = lines.find(|line| line.trim_start().starts_with(call));
            row.is_some_and(|row| row.ends_with(" 42"))
        };
        let calls = ["handle.block_on", "executor::block_on", "block_in_place"];
        calls.iter().all(is_42) && !stdout.contains("HUNG")
    });
    assert_refuses(
        "09_bridging",
        &["--threads 0", "--threads 65", "--threads", "6"],
        "`--threads N`, with 1 to 64 threads",
    );
}

#[test]
fn tasks_gives_up_after_the_given_time() {
    let finished = |millis| {
        let output = run(program("10_tasks").args(["--after", millis]));
        let rows = text(&output.stdout).lines().skip(1).take(7);
        rows.filter(|row| row.ends_with("finished  100 ms")).count()
    };
    assert_eq!((finished("1"), finished("150")), (3, 7));
    assert_refuses(
        "10_tasks",
        &["--after soon", "--after 0", "--after", "150"],
        "`--after MS`, with 1 to 1000 milliseconds",
    );
}

#[test]
fn cancellation_drops_at_the_given_time() {
    let output = |millis| {
        let output = run(program("12_cancellation").args(["--after", millis]));
        text(&output.stdout).to_owned()
    };
    let (early, late) = (output("1"), output("150"));
    assert_eq!(early.matches("= 100\n").count(), 3, "{early}");
    assert_eq!(early.matches("started 1, saved 1\n").count(), 1, "{early}");
    assert_eq!(late.matches("90 + 10 = 100\n").count(), 4, "{late}");
    assert_eq!(late.matches("started 1, saved 1\n").count(), 2, "{late}");
    assert_refuses(
        "12_cancellation",
        &["--after soon", "--after 0", "--after", "150"],
        "`--after MS`, with 1 to 1000 milliseconds",
    );
}

#[test]
fn send_takes_the_number_of_tasks() {
    for (tasks, millis, copies) in
        [("10", "1000 ms", " 40 copies"), ("40", "4000 ms", "160 copies")]
    {
        let output = run(program("11_send").args(["--tasks", tasks]));
        let line = |words: &str| {
            text(&output.stdout).lines().find(|line| line.contains(words))
        };
        assert!(line("tokio's Mutex").unwrap().contains(millis));
        assert!(line("ends in a block").unwrap().contains(" 100 ms"));
        assert!(line("owns copies").unwrap().contains(copies));
    }
    assert_refuses(
        "11_send",
        &["--tasks 0", "--tasks 101", "--tasks", "4"],
        "`--tasks N`, with 1 to 100 tasks",
    );
}

#[test]
fn transactions_takes_the_limit_of_the_query() {
    assert_refuses(
        "14_transactions",
        &["--limit soon", "--limit 99", "--limit", "400"],
        "`--limit MS`, with 100 to 10000 milliseconds",
    );
    if common::postgres_missing() {
        return;
    }
    thread::scope(|scope| {
        for (limit, done) in [("200", 0), ("5000", 3)] {
            scope.spawn(move || {
                assert_prints("14_transactions", &["--limit", limit], |stdout| {
                    stdout.lines().filter(|line| line.contains(" done ")).count()
                        == done
                });
            });
        }
    });
}

#[test]
fn two_lessons_with_a_server_can_run_at_once() {
    let start = || program("03_gather").stdout(Stdio::piped()).spawn().unwrap();
    let outputs = [start(), start()].map(|child| child.wait_with_output().unwrap());
    assert!(outputs.iter().all(|output| output.status.success()));
    assert_eq!(outputs[0].stdout, outputs[1].stdout);
}

#[test]
fn without_a_terminal_the_timeline_fits_columns_and_has_no_color() {
    let output = run(program("03_gather").env("COLUMNS", "40"));
    let stdout = text(&output.stdout);
    assert!(!stdout.contains('\x1b'));
    assert!(stdout.lines().all(|line| line.chars().count() < 40), "{stdout}");
}

#[test]
fn lessons_bypass_a_proxy_for_their_own_server() {
    // Nothing listens on port 1, so a request through this proxy would fail.
    let dead_proxy = "http://127.0.0.1:1";
    for name in ["03_gather", "04_bounded", "06_errors", "07_pitfalls"] {
        let output = run(program(name).env("HTTP_PROXY", dead_proxy));
        assert!(output.status.success(), "{name}: {}", text(&output.stderr));
    }
}

#[test]
fn failing_to_save_the_timeline_is_reported_but_not_fatal() {
    let file = temporary("no-such-folder").join("timeline.json");
    let output = run(program("02_lazy").env("WORKBOOK_TIMELINE", file));
    assert!(output.status.success());
    assert!(text(&output.stderr).starts_with("could not save the timeline to "));
}

#[cfg(unix)]
#[test]
fn a_timeline_is_not_saved_to_a_fifo() {
    let fifo = temporary("fifo");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let output = run(program("02_lazy").env("WORKBOOK_TIMELINE", &fifo));
    std::fs::remove_file(&fifo).unwrap();
    assert!(output.status.success());
    let refused = "fifo: it is not a regular file; move it away\n";
    assert!(text(&output.stderr).ends_with(refused), "{output:?}");
}

#[test]
fn an_unknown_clock_is_reported_but_not_fatal() {
    let output = run(program("02_lazy").env("WORKBOOK_CLOCK", "fast"));
    assert!(output.status.success());
    assert_eq!(
        text(&output.stderr),
        "WORKBOOK_CLOCK=fast: unknown clock, expected `virtual`\n"
    );
}

//! `watch`: saves, keys and signals, without a terminal.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::fixture::{Fixture, alive, source};

/// Fails a test that hangs. No test depends on its length.
const TIMEOUT: Duration = Duration::from_secs(120);

/// A running `cargo workbook watch`.
struct Watch {
    child: Child,
    lines: Receiver<String>,
    seen: Vec<String>,
    /// The command's stdin; `None` once it is closed.
    keys: Option<ChildStdin>,
}

impl Watch {
    fn start(fixture: &Fixture, arguments: &[&str]) -> Watch {
        let arguments = [&["watch"], arguments].concat();
        let mut command = fixture.command(&arguments);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit());
        let mut child = command.spawn().expect("the command starts");
        let out = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let keys = child.stdin.take();
        Watch { child, lines, seen: Vec::new(), keys }
    }

    /// Waits for a line that contains `part`, and returns it.
    #[track_caller]
    fn until(&mut self, part: &str) -> String {
        let deadline = Instant::now() + TIMEOUT;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(line) = self.lines.recv_timeout(left) else {
                panic!("no {part:?} after\n{}", self.seen.join("\n"));
            };
            self.seen.push(line.clone());
            if line.contains(part) {
                return line;
            }
        }
    }

    /// Waits for the end of a check whose verdict contains `part`.
    #[track_caller]
    fn verdict(&mut self, part: &str) {
        self.until(part);
        self.until("watching lessons/");
    }

    fn key(&mut self, key: &str) {
        writeln!(self.keys.as_mut().unwrap(), "{key}").unwrap();
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for the command to exit.
    fn wait(mut self) -> Option<i32> {
        let deadline = Instant::now() + TIMEOUT;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(Instant::now() < deadline, "the command did not exit");
            thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn every_save_starts_a_check() {
    let fixture = Fixture::new("saves");
    let mut watch = Watch::start(&fixture, &[]);
    watch.until("checking 01_hello_await ...");
    watch.until("✗ 01_hello_await: 0 of 1 check passed");
    let keys = "keys, one per line: h hint · n next · r run again · l list · q quit";
    watch.until(keys);
    watch.until("watching lessons/");
    // After an answer and after an unknown key, too.
    for key in ["l", "?"] {
        watch.key(key);
        watch.verdict(keys);
    }
    fixture.write(1, "42");
    watch.verdict("✓ 01_hello_await is solved");
    assert_eq!(fixture.states()[0], "solved");
    // Many editors save by writing a new file and renaming it.
    let new = fixture.root.join("new.rs");
    fs::write(&new, source("43")).unwrap();
    fs::rename(&new, fixture.file(1)).unwrap();
    watch.verdict("✗ 01_hello_await: 0 of 1");
    // Others rename the old file and write a new one.
    let away = fixture.root.join("lessons/01_hello_await/exercise.rs~");
    fs::rename(fixture.file(1), &away).unwrap();
    fixture.write(1, "40 + 2");
    watch.verdict("is solved");
    // A deleted file is created again.
    fs::remove_file(fixture.file(1)).unwrap();
    watch.until("created lessons/01_hello_await/exercise.rs from starter.rs");
    watch.verdict("✗ 01_hello_await: 0 of 1");
    fixture.write(1, "\"42\"");
    watch.verdict("✗ 01_hello_await does not compile");
    // Saving the same text again is a save, too.
    let before = watch.seen.len();
    fixture.write(1, "\"42\"");
    watch.verdict("✗ 01_hello_await does not compile");
    assert!(watch.seen[before..].iter().any(|line| line.contains("error[E0308]")));
    watch.key("q");
    assert_eq!(watch.wait(), Some(0));
}

#[test]
fn a_save_during_a_check_restarts_it() {
    let hangs = "println!(\"pid {}\", std::process::id());\n    loop {}";
    let fixture = Fixture::with("restart", hangs);
    let mut watch = Watch::start(&fixture, &["--limit", "1000"]);
    let pid = watch.until("pid ").split_whitespace().last().unwrap().to_owned();
    assert!(alive(&pid));
    fixture.write(1, "42");
    watch.until("restarting the check");
    assert!(!alive(&pid));
    watch.verdict("is solved");
    assert!(!watch.seen.iter().any(|line| line.contains("timed out after")));
    watch.key("q");
    assert_eq!(watch.wait(), Some(0));
}

#[test]
fn keys_work_during_a_check_and_after_it() {
    let fixture = Fixture::with("keys", "println!(\"hanging\");\n    loop {}");
    let mut watch = Watch::start(&fixture, &["--limit", "1000"]);
    watch.until("│ hanging");
    watch.key("h");
    watch.until("01_hello_await - hint 1 of 3: A nudge");
    watch.key("l");
    watch.until("> · 01_hello_await");
    watch.key("r");
    watch.until("checking 01_hello_await ...");
    watch.until("│ hanging");
    watch.key("n");
    watch.until("01_hello_await is still unsolved; `cargo workbook watch 01`");
    watch.until("checking 02_lazy ...");
    watch.verdict("✗ 02_lazy: 0 of 1");
    watch.key("h");
    watch.until("02_lazy - hint 1 of 3");
    watch.key("n");
    watch.verdict("✗ 03_gather: 0 of 1");
    fixture.write(3, "42");
    watch.verdict("✓ 03_gather is solved");
    watch.key("n");
    watch.until("checking 01_hello_await ...");
    watch.until("│ hanging");
    watch.key("q");
    assert_eq!(watch.wait(), Some(0));
    fixture.run(&[]).prints(0, &["· · ✓ 1 of 3", "01_hello_await  The answer"]);
}

#[test]
fn watching_a_named_exercise_makes_it_the_current_one() {
    let fixture = Fixture::new("goes");
    let mut watch = Watch::start(&fixture, &["3"]);
    watch.verdict("✗ 03_gather: 0 of 1");
    watch.key("q");
    assert_eq!(watch.wait(), Some(0));
    fixture.run(&[]).prints(0, &["03_gather  The answer"]);
}

#[test]
fn watch_continues_after_the_end_of_stdin() {
    let fixture = Fixture::new("no keys");
    let mut watch = Watch::start(&fixture, &[]);
    watch.keys = None;
    watch.verdict("✗ 01_hello_await: 0 of 1");
    fixture.write(1, "42");
    watch.verdict("is solved");
    watch.signal(Signal::TERM);
    assert_eq!(watch.wait(), Some(128 + 15));
}

#[test]
fn signals_leave_no_process_running() {
    for (signal, code) in [
        (Signal::INT, 130),
        (Signal::HUP, 129),
        (Signal::TERM, 143),
        (Signal::QUIT, 131),
    ] {
        let hangs = "println!(\"pid {}\", std::process::id());\n    loop {}";
        let fixture = Fixture::with(&format!("signal {code}"), hangs);
        let mut watch = Watch::start(&fixture, &["--limit", "1000"]);
        let pid = watch.until("pid ").split_whitespace().last().unwrap().to_owned();
        watch.signal(signal);
        assert_eq!(watch.wait(), Some(code));
        assert!(!alive(&pid));
    }
}

#[test]
fn suspended_time_does_not_count_towards_the_limit() {
    let naps = "println!(\"napping\");\n    \
                std::thread::sleep(std::time::Duration::from_millis(300));\n    42";
    let fixture = Fixture::with("suspended", naps);
    let mut watch = Watch::start(&fixture, &["--limit", "3"]);
    watch.until("│ napping");
    watch.signal(Signal::TSTP);
    thread::sleep(Duration::from_secs(4));
    watch.signal(Signal::CONT);
    watch.verdict("✓ 01_hello_await is solved");
    watch.key("q");
    assert_eq!(watch.wait(), Some(0));
}

#[test]
fn without_a_next_exercise_the_check_continues() {
    let fixture = Fixture::with("alone", "println!(\"hanging\");\n    loop {}");
    for number in [2, 3] {
        fixture.write(number, "42");
    }
    fixture.run(&["check", "--all", "--limit", "0.5"]);
    let mut watch = Watch::start(&fixture, &["--limit", "2"]);
    watch.until("│ hanging");
    watch.key("n");
    watch.until("there is no other unsolved exercise");
    watch.verdict("timed out after 2 s");
    watch.key("q");
    assert_eq!(watch.wait(), Some(0));
}

#[test]
fn two_commands_can_watch_the_same_exercise() {
    let fixture = Fixture::new("two");
    let mut watches = [1, 2].map(|_| Watch::start(&fixture, &["1"]));
    for watch in &mut watches {
        watch.verdict("✗ 01_hello_await: 0 of 1");
    }
    fixture.write(1, "42");
    for watch in &mut watches {
        watch.verdict("✓ 01_hello_await is solved");
    }
    for mut watch in watches {
        watch.key("q");
        assert_eq!(watch.wait(), Some(0));
    }
    assert_eq!(fixture.states()[0], "solved");
}

#[test]
fn flooded_output_takes_constant_memory_and_keys_still_work() {
    let fixture = Fixture::with(
        "flood in watch",
        "loop { println!(\"{}\", \"x\".repeat(99)) }",
    );
    let mut watch = Watch::start(&fixture, &["--limit", "1000"]);
    watch.until("│ xxx");
    watch.key("h");
    watch.until("hint 1 of 3");
    watch.key("h");
    watch.until("hint 2 of 3");
    if let Ok(status) =
        fs::read_to_string(format!("/proc/{}/status", watch.child.id()))
    {
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let peak: u64 =
            peak.unwrap().trim().trim_end_matches(" kB").parse().expect("kilobytes");
        assert!(peak < 64_000, "{peak} kB");
    }
    watch.key("q");
    assert_eq!(watch.wait(), Some(0));
}

#[test]
fn progress_that_becomes_unreadable_is_left_untouched() {
    let fixture = Fixture::new("breaks");
    let mut watch = Watch::start(&fixture, &[]);
    watch.verdict("✗ 01_hello_await: 0 of 1");
    fs::create_dir_all(fixture.root.join(".workbook")).unwrap();
    fs::write(fixture.progress(), "{").unwrap();
    fixture.write(1, "42");
    watch.verdict("is solved");
    watch.key("n");
    watch.key("h");
    watch.key("q");
    assert_eq!(watch.wait(), Some(0));
    assert_eq!(fs::read_to_string(fixture.progress()).unwrap(), "{");
}

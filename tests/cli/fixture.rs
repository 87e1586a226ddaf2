//! A repository to run the command in.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

pub const NAMES: [&str; 3] = ["01_hello_await", "02_lazy", "03_gather"];

/// A repository whose exercises expect a function `answer` that returns 42. The starters
/// return 41, and there is no `exercise.rs`.
pub struct Fixture {
    pub root: PathBuf,
}

/// The result of running the command.
#[derive(Debug)]
pub struct Run {
    pub code: Option<i32>,
    pub out: String,
    pub error: String,
}

/// The check of an exercise. It writes the events of the kit itself, which these
/// packages do not depend on.
const CHECK: &str = r##"
struct Exercise {
    token: String,
}

impl Exercise {
    fn new() -> Self {
        let mut token = String::new();
        std::io::stdin().read_line(&mut token).unwrap();
        let exercise = Self { token: token.trim().to_owned() };
        exercise.emit(&format!(r#""opened","file":{:?}"#, file!()));
        exercise
    }

    fn emit(&self, event: &str) {
        println!("\u{1e}{{\"token\":\"{}\",\"event\":{event}}}", self.token);
    }

    fn check(&self, title: &str, skip: bool) -> bool {
        if skip {
            self.emit(&format!(r#""skipped","check":"{title}""#));
            return false;
        }
        self.emit(&format!(r#""began","check":"{title}""#));
        let answer = std::panic::catch_unwind(super::answer).ok();
        if answer == Some(42) {
            self.emit(&format!(r#""passed","check":"{title}""#));
            return true;
        }
        let diagnosis = format!("{answer:?} is not Some(42)\\nAn explanation on a line \
            of its own that is longer than a narrow screen is wide, so that it wraps.");
        self.emit(&format!(r#""failed","check":"{title}","diagnosis":"{diagnosis}""#));
        self.emit(r#""verdict","passed":0,"checks":1"#);
        panic!("the check failed");
    }
}

#[test]
fn check() {
    let exercise = Exercise::new();
    exercise.check("the answer is right", false);
    exercise.check("so is the question", true);
    exercise.emit(r#""verdict","passed":1,"checks":1"#);
}
"##;

const HINTS: &str = "# The answer\n\nFind the answer to everything.\n\n\
    ## A nudge\n\nIt is a number.\n\n## The concept\n\n\
    It is in [the program](01_hello_await.md#the-program).\n\n\
    ## The shape\n\n```rust\n40 + 2\n```\n\n## Why it works\n\nSix by nine.\n";

/// Returns the text of an exercise whose function `answer` has this body.
pub fn source(body: &str) -> String {
    format!(
        "pub fn answer() -> u32 {{\n    {body}\n}}\n\nfn main() {{\n    \
         println!(\"{{}}\", answer());\n}}\n\n#[cfg(test)]\nmod check;\n"
    )
}

impl Fixture {
    /// Creates a repository. The name must be different in each test.
    pub fn new(name: &str) -> Fixture {
        // Every test runs in a path with spaces and non-ASCII characters.
        let root = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("workbook of zoë/{name}"));
        let _ = fs::remove_dir_all(&root);
        let mut manifest =
            "[package]\nname = \"async-workbook\"\nversion = \"0.1.0\"\n\
            edition = \"2024\"\nautoexamples = false\n[workspace]\n\
            [features]\ncli = []\nexercises = []\n\
            [profile.dev]\ndebug = false\n"
                .to_owned();
        fs::create_dir_all(root.join("src")).unwrap();
        fs::write(root.join("src/lib.rs"), "").unwrap();
        for name in NAMES {
            let folder = root.join("lessons").join(name);
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join("starter.rs"), source("41")).unwrap();
            fs::write(folder.join("solution.rs"), source("42")).unwrap();
            fs::write(folder.join("check.rs"), CHECK).unwrap();
            fs::write(folder.join("hints.md"), HINTS).unwrap();
            // Editors leave these next to an open file; the last is Emacs's lock.
            for left in [".exercise.rs.swp", "4913", "exercise.rs~", "#exercise.rs#"]
            {
                fs::write(folder.join(left), [0xff]).unwrap();
            }
            #[cfg(unix)]
            std::os::unix::fs::symlink("ada@host.1:2", folder.join(".#exercise.rs"))
                .unwrap();
            let target = format!("name = \"{name}_exercise\"");
            let path = format!("path = \"lessons/{name}/exercise.rs\"");
            let features = "required-features = [\"exercises\"]";
            manifest
                .push_str(&format!("[[example]]\n{target}\n{path}\n{features}\n"));
        }
        fs::write(root.join("Cargo.toml"), manifest).unwrap();
        let lock = "version = 4\n\n[[package]]\nname = \"async-workbook\"\nversion = \"0.1.0\"\n";
        fs::write(root.join("Cargo.lock"), lock).unwrap();
        Fixture { root }
    }

    /// Creates a repository with this body of `answer` in the learner's file of exercise 01.
    pub fn with(name: &str, body: &str) -> Fixture {
        let fixture = Fixture::new(name);
        fixture.write(1, body);
        fixture
    }

    pub fn file(&self, number: usize) -> PathBuf {
        self.root.join("lessons").join(NAMES[number - 1]).join("exercise.rs")
    }

    pub fn write(&self, number: usize, body: &str) {
        fs::write(self.file(number), source(body)).unwrap();
    }

    pub fn progress(&self) -> PathBuf {
        self.root.join(".workbook/progress.json")
    }

    /// Reads the progress file.
    pub fn saved(&self) -> serde_json::Value {
        serde_json::from_slice(&fs::read(self.progress()).unwrap()).unwrap()
    }

    /// Returns the command, without environment variables that change what it does.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_workbook"));
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy().into_owned();
            if name.starts_with("CARGO") && name != "CARGO_HOME"
                || name.starts_with("WORKBOOK_")
                || name.starts_with("RUST_")
                || ["NO_COLOR", "TERM", "VISUAL", "EDITOR", "DATABASE_URL"]
                    .contains(&name.as_str())
            {
                command.env_remove(name);
            }
        }
        command
            .args(arguments)
            .current_dir(&self.root)
            .env("CARGO", env!("CARGO"))
            .env("COLUMNS", "80")
            .stdin(Stdio::null());
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Run {
        Run::of(&mut self.command(arguments))
    }

    /// Returns the state of each exercise, from `list --json`.
    pub fn states(&self) -> Vec<String> {
        let run = self.run(&["list", "--json"]);
        assert_eq!(run.code, Some(0), "{run:?}");
        let list: serde_json::Value = serde_json::from_str(&run.out).unwrap();
        let lessons = list["lessons"].as_array().unwrap();
        let states = lessons.iter().filter_map(|lesson| lesson["state"].as_str());
        states.map(str::to_owned).collect()
    }
}

impl Run {
    pub fn of(command: &mut Command) -> Run {
        let Output { status, stdout, stderr } =
            command.output().expect("the command starts");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Run { code: status.code(), out: text(stdout), error: text(stderr) }
    }

    /// Asserts that the exit status is `code` and that stdout contains all parts.
    #[track_caller]
    pub fn prints(&self, code: i32, parts: &[&str]) -> &Run {
        assert_eq!(self.code, Some(code), "{}\n{}", self.out, self.error);
        for part in parts {
            // Ignore line breaks, which the width of the terminal changes.
            let flat =
                |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(
                flat(&self.out).contains(&flat(part)),
                "{part:?} in\n{}",
                self.out
            );
        }
        self
    }

    /// Asserts that the exit status is `code` and that stderr contains all parts.
    #[track_caller]
    pub fn fails(&self, code: i32, parts: &[&str]) -> &Run {
        assert_eq!(self.code, Some(code), "{}\n{}", self.out, self.error);
        for part in parts {
            assert!(self.error.contains(part), "{part:?} in\n{}", self.error);
        }
        self
    }
}

/// Returns true if a process exists and is not a zombie.
#[cfg(unix)]
pub fn alive(pid: &str) -> bool {
    let ps =
        Command::new("ps").args(["-o", "stat=", "-p", pid]).output().expect("ps");
    let state = String::from_utf8_lossy(&ps.stdout).trim().to_owned();
    !state.is_empty() && !state.starts_with('Z')
}

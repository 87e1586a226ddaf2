//! Runs a lesson, or the check of its exercise, and streams its progress to a page.
//!
//! A run is one `cargo run` in a process group of its own. Cargo compiles first and
//! then replaces itself with the program, so both print into one pipe; the line
//! "Running ..." separates cargo's output from the program's.
//!
//! A run ends in one of these ways, and in all of them the whole process group is
//! dead before the permit for the next run is released:
//!
//! - the program exits;
//! - the page closes the response: Stop, a closed tab, a lost connection. Then the
//!   receiver of the events is dropped, and `events.closed()` resolves;
//! - a limit is reached: time to compile, time to run, bytes of output;
//! - the server shuts down.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Result, ensure};
use futures::Stream;
use serde_json::{Value, json};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use async_workbook::timeline::Recording;
use async_workbook::{Lesson, cargo};

use crate::process::{Process, ProcessEvent};
use crate::render;

/// The limit for compiling, which may be a first build of everything.
const COMPILE_LIMIT: Duration = Duration::from_secs(15 * 60);

/// The time that a new run waits for the processes of the previous one to end.
const STOP_TIMEOUT: Duration = Duration::from_secs(1);

/// The limit in bytes for a recording, and for its picture.
const MAX_TIMELINE: usize = 1 << 20;

/// The start of the line that cargo prints before it starts the program.
const RUNNING: &str = "     Running `";

/// The limits of a run.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Running time, without compiling.
    pub time: Duration,
    /// Bytes of output.
    pub output: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { time: Duration::from_secs(60), output: 1 << 20 }
    }
}

/// A lesson's program or check, which a page can request to run.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The lesson to run.
    pub lesson: &'static Lesson,
    /// True for the check of its exercise, false for its program.
    pub is_check: bool,
    /// The number for the argument of the lesson's knob.
    pub value: Option<u32>,
}

/// Runs one target at a time.
#[derive(Debug)]
pub struct Runner {
    root: PathBuf,
    limits: Limits,
    permit: Arc<Semaphore>,
    closed: watch::Sender<bool>,
}

/// The events of a run, each a JSON object: `{"build": text}` from cargo,
/// `{"output": text}` from the program (for a check, its `--json` document),
/// `{"timeline": svg}` once per recorded run, and last `{"end": text, "good": bool}`.
type Events = mpsc::Sender<Value>;

/// The last event: a message, and whether the run was successful.
type RunEnd = (String, bool);

impl Runner {
    /// Creates a runner for the workbook in `root`.
    pub fn new(root: impl Into<PathBuf>, limits: Limits) -> Self {
        let permit = Arc::new(Semaphore::new(1));
        Self { root: root.into(), limits, permit, closed: watch::channel(false).0 }
    }

    /// Starts a run and returns its events as lines of JSON, or `None` if another run is
    /// in progress. Dropping the stream stops the run.
    pub async fn start(
        self: &Arc<Self>,
        target: Target,
    ) -> Option<impl Stream<Item = Result<String>> + use<>> {
        let permit = Arc::clone(&self.permit).acquire_owned();
        let permit = timeout(STOP_TIMEOUT, permit).await.ok()?.ok()?;
        let (events, received) = mpsc::channel(64);
        let runner = Arc::clone(self);
        tokio::spawn(async move {
            let (message, good) = runner.run(target, &events).await;
            // Before the last event: a page may start the next run as soon as it
            // receives that.
            drop(permit);
            // Fails if the page is gone.
            let _ = events.send(json!({ "end": message, "good": good })).await;
        });
        Some(futures::stream::unfold(received, async |mut received| {
            let event: Value = received.recv().await?;
            Some((Ok(format!("{event}\n")), received))
        }))
    }

    /// Reads the progress of `cargo workbook`, whose format is in `src/cli/progress.rs`.
    /// Returns nothing before the first exercise is solved.
    pub fn progress(&self) -> Vec<u8> {
        let path = self.root.join(".workbook/progress.json");
        // Reading a FIFO may take forever.
        let file = Some(path).filter(|path| path.is_file());
        file.and_then(|file| fs::read(file).ok()).unwrap_or_default()
    }

    /// Returns the time of the last change of the learner's file, if there is one.
    pub fn changed(&self, lesson: &Lesson) -> Option<SystemTime> {
        let file = self.root.join("lessons").join(lesson.name).join("exercise.rs");
        file.metadata().ok()?.modified().ok()
    }

    /// Stops the current run and refuses new ones.
    pub async fn close(&self) {
        self.closed.send_replace(true);
        // A run holds the permit until its processes are dead. Give up on processes
        // that cannot be killed.
        let _ = timeout(3 * STOP_TIMEOUT, self.permit.acquire()).await;
        self.permit.close();
    }

    async fn run(&self, target: Target, events: &Events) -> RunEnd {
        let mut closed = self.closed.subscribe();
        let mut process = None;
        let end = tokio::select! {
            biased;
            () = events.closed() => ("Stopped.".to_owned(), false),
            _ = closed.wait_for(|&closed| closed) => {
                ("Stopped: the server is shutting down.".to_owned(), false)
            }
            end = self.follow(target, &mut process, events) => match end {
                Ok(end) => end,
                Err(error) => {
                    let name = target.lesson.name;
                    (format!("Could not run {name}: {error:#}."), false)
                }
            },
        };
        if let Some(process) = process {
            process.terminate().await;
        }
        end
    }

    /// Runs a target to its end. Leaves the process in `process`, so that the caller
    /// can terminate it when this future is dropped.
    async fn follow(
        &self,
        target: Target,
        process: &mut Option<Process>,
        events: &Events,
    ) -> Result<RunEnd> {
        let stop = |message: String| Ok((message, false));
        let folder = render::work_folder()?;
        let timeline = folder.path().join("timeline.json");
        let process =
            process.insert(Process::spawn(self.command(target, &timeline))?);

        let Ok(compiled) = timeout(COMPILE_LIMIT, compile(process, events)).await
        else {
            let minutes = COMPILE_LIMIT.as_secs() / 60;
            return stop(format!("Stopped: compiling took over {minutes} min."));
        };
        let Some(first) = compiled? else {
            let name = target.lesson.name;
            return stop(format!("{name} does not compile; the error is above."));
        };
        let start = Instant::now();
        let Limits { time, output } = self.limits;
        let Ok(relayed) = timeout(time, self.relay(process, first, events)).await
        else {
            let seconds = time.as_secs_f32();
            return stop(format!("Stopped after {seconds} s, the limit for a run."));
        };
        let Some(status) = relayed? else {
            let size = format!("{} KiB", output >> 10);
            return stop(format!("Stopped: the program printed more than {size}."));
        };
        let seconds = start.elapsed().as_secs_f32();
        // The outer error is a panic.
        let drawn = spawn_blocking(move || draw(&timeline, target.is_check)).await;
        let note = match drawn.map_err(anyhow::Error::from).flatten() {
            Ok(pictures) => {
                for svg in pictures {
                    events.send(json!({ "timeline": svg })).await?;
                }
                String::new()
            }
            Err(error) => format!(" Its timeline cannot be shown: {error:#}."),
        };
        let (result, good) = match (target.is_check, status.code()) {
            (false, Some(0)) => ("Done".to_owned(), true),
            (true, Some(0)) => ("Solved".to_owned(), true),
            (true, Some(1)) => ("Not solved yet".to_owned(), false),
            _ => (format!("Failed ({status})"), false),
        };
        Ok((format!("{result} after {seconds:.1} s.{note}"), good))
    }

    /// Returns the command that a learner would type. It runs without a shell, and its
    /// only variable parts are a name and an argument from the list of lessons, and a
    /// number.
    fn command(&self, target: Target, timeline: &Path) -> Command {
        let Target { lesson, is_check, value } = target;
        let mut command = cargo::command();
        command.arg("run").arg("--manifest-path").arg(self.root.join("Cargo.toml"));
        if is_check {
            // The features of the alias `cargo workbook`, to share its builds.
            command
                .args(["--features", "cli,exercises", "--bin", "workbook", "--"])
                .args(["check", lesson.number(), "--json", "--limit"])
                .arg(self.limits.time.as_secs().to_string());
        } else {
            command.args(["--example", lesson.name]);
            if let (Some(knob), Some(value)) = (lesson.knob, value) {
                command.args(["--", knob.argument, &value.to_string()]);
            }
        }
        // Makes cargo print the line "Running ..." whatever the user's settings are.
        command
            .env("CARGO_TERM_QUIET", "false")
            .env("CARGO_TERM_VERBOSE", "false")
            .env("CARGO_TERM_COLOR", "never")
            .env("CARGO_TERM_PROGRESS_WHEN", "never");
        command.current_dir(&self.root);
        // The width of the outputs in the pages, so that the two can be compared. The
        // page wraps the report of a check.
        let columns = if is_check { "400" } else { "59" };
        command.env("COLUMNS", columns).env("WORKBOOK_TIMELINE", timeline);
        command
    }

    /// Relays the program's output, beginning with `first`, until the program exits.
    /// Returns `None` if the output exceeds the limit.
    async fn relay(
        &self,
        process: &mut Process,
        first: String,
        events: &Events,
    ) -> Result<Option<ExitStatus>> {
        let mut left = self.limits.output;
        let mut event = ProcessEvent::Output(first);
        loop {
            match event {
                ProcessEvent::Output(text) => {
                    let mut end = left.min(text.len());
                    while !text.is_char_boundary(end) {
                        end -= 1;
                    }
                    if end > 0 {
                        events.send(json!({ "output": text[..end] })).await?;
                    }
                    if end < text.len() {
                        return Ok(None);
                    }
                    left -= end;
                }
                ProcessEvent::Exited(status) => return Ok(Some(status)),
            }
            event = process.next().await?;
        }
    }
}

/// Draws the recording that a program saved, if it saved one. The program may have left
/// anything in its place. With `apart`, draws each section to its own scale: a check has
/// runs of some milliseconds and of minutes.
fn draw(timeline: &Path, apart: bool) -> Result<Vec<String>> {
    let Ok(metadata) = timeline.symlink_metadata() else {
        return Ok(Vec::new());
    };
    ensure!(metadata.is_file(), "it is not a regular file");
    let mut saved = String::new();
    let mut file = File::open(timeline)?.take(MAX_TIMELINE as u64 + 1);
    file.read_to_string(&mut saved)?;
    ensure!(saved.len() <= MAX_TIMELINE, "it is too large");
    let Recording { sections } = serde_json::from_str(&saved)?;
    let size = if apart { 1 } else { sections.len().max(1) };
    let parts =
        sections.chunks(size).map(|part| Recording { sections: part.to_vec() });
    let pictures: Vec<_> = parts.map(|part| part.svg()).collect();
    let total: usize = pictures.iter().map(String::len).sum();
    ensure!(total <= MAX_TIMELINE, "it is too large");
    Ok(pictures)
}

/// Relays cargo's output until the program starts, and returns the output of the
/// program that arrived with it. Returns `None` if cargo exits first.
async fn compile(process: &mut Process, events: &Events) -> Result<Option<String>> {
    let mut text = String::new();
    loop {
        let ProcessEvent::Output(more) = process.next().await? else {
            events.send(json!({ "build": text })).await?;
            return Ok(None);
        };
        text.push_str(&more);
        while let Some(end) = text.find('\n') {
            let line: String = text.drain(..=end).collect();
            let is_running = line.starts_with(RUNNING);
            events.send(json!({ "build": line })).await?;
            if is_running {
                return Ok(Some(text));
            }
        }
    }
}

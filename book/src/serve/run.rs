//! Runs a lesson, or the check of its exercise, and tells how it goes on: for a page
//! that shows it.

use crate::group::{Group, Seen};
use anyhow::{Context, Result};
use async_workbook::timeline::Recording;
use async_workbook::{Lesson, cargo};
use futures::Stream;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::time::timeout;

/// How long cargo may compile before the program begins: everything, the first time.
const COMPILING: Duration = Duration::from_secs(900);

/// How long it may take to end what was stopped.
const ENDING: Duration = Duration::from_secs(1);

/// Cargo's word, in its twelve columns, before the program takes over.
const RUNNING: &str = "     Running `";

/// What one run may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// From the program's first moment; compiling it does not count.
    pub time: Duration,
    /// Bytes of output.
    pub output: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { time: Duration::from_secs(60), output: 1 << 20 }
    }
}

/// What a page can have run.
#[derive(Clone, Copy, Debug)]
pub enum Job {
    /// The program of a lesson.
    Lesson(&'static Lesson),
    /// What decides whether its exercise is solved.
    Check(&'static Lesson),
}

/// Runs one thing at a time.
#[derive(Debug)]
pub struct Runner {
    root: PathBuf,
    limits: Limits,
    free: Arc<Semaphore>,
    closed: watch::Sender<bool>,
}

/// What a page is told, one JSON object each: `{"build": text}` from cargo,
/// `{"output": text}` from the program, `{"timeline": svg}` of this very run,
/// `{"end": text, "good": bool}`.
type Events = mpsc::Sender<Value>;

impl Runner {
    /// Runs the programs of the workbook in `root`.
    pub fn new(root: impl Into<PathBuf>, limits: Limits) -> Self {
        let free = Arc::new(Semaphore::new(1));
        Self { root: root.into(), limits, free, closed: watch::channel(false).0 }
    }

    /// Begins to run it, and tells how it goes on: lines of JSON. None if something
    /// else runs, and goes on running.
    ///
    /// Dropping the stream ends the run, with every program of its process group.
    pub async fn start(
        self: &Arc<Self>,
        job: Job,
    ) -> Option<impl Stream<Item = Result<String>> + use<>> {
        // Of a run that somebody has just stopped, the last programs may be ending.
        let free = Arc::clone(&self.free).acquire_owned();
        let permit = timeout(ENDING, free).await.ok()?.ok()?;
        let (events, received) = mpsc::channel(64);
        let runner = Arc::clone(self);
        tokio::spawn(async move {
            let (said, good) = runner.run(job, &events).await;
            // Whoever hears of the end may begin the next run at once.
            drop(permit);
            // Fails when nobody listens any more.
            let _ = events.send(json!({ "end": said, "good": good })).await;
        });
        Some(futures::stream::unfold(received, async |mut received| {
            let event: Value = received.recv().await?;
            Some((Ok(format!("{event}\n")), received))
        }))
    }

    /// Ends what runs, and runs nothing more.
    pub async fn close(&self) {
        self.closed.send_replace(true);
        // Whoever runs has the permit until all of it is over. What cannot be ended is
        // not waited for.
        let _ = timeout(3 * ENDING, self.free.acquire()).await;
        self.free.close();
    }

    /// Says how it ended, and whether well. All of it is over then.
    async fn run(&self, job: Job, events: &Events) -> (String, bool) {
        let mut closed = self.closed.subscribe();
        let mut group = None;
        let end = tokio::select! {
            biased;
            () = events.closed() => ("Stopped.".to_owned(), false),
            _ = closed.wait_for(|&closed| closed) => {
                ("Stopped, as the server is.".to_owned(), false)
            }
            end = self.follow(job, &mut group, events) => match end {
                Ok(end) => end,
                Err(error) => (format!("It could not be run: {error:#}."), false),
            },
        };
        if let Some(group) = group {
            group.end().await;
        }
        end
    }

    async fn follow(
        &self,
        job: Job,
        group: &mut Option<Group>,
        events: &Events,
    ) -> Result<(String, bool)> {
        let folder = tempfile::tempdir().context("no place for the timeline")?;
        let timeline = folder.path().join("timeline.json");
        let group = group.insert(Group::start(self.command(job, &timeline))?);

        let compiled = timeout(COMPILING, compiled(group, events)).await;
        let Ok(compiled) = compiled else {
            return Ok((format!("Stopped: {} min of compiling.", minutes()), false));
        };
        let Some(first) = compiled? else {
            return Ok(("It does not compile.".to_owned(), false));
        };
        let began = Instant::now();
        let Ok(relayed) =
            timeout(self.limits.time, self.relay(group, first, events)).await
        else {
            let most = self.limits.time.as_secs_f32();
            return Ok((
                format!("Stopped after {most} s, the most a run gets."),
                false,
            ));
        };
        let Some(status) = relayed? else {
            let most = self.limits.output >> 10;
            let said = format!("Stopped: it printed more than {most} KiB.");
            return Ok((said, false));
        };
        if let Ok(saved) = std::fs::read_to_string(&timeline) {
            let recording: Recording = serde_json::from_str(&saved)
                .context("the timeline is no recording")?;
            let svg = recording.svg();
            if !svg.is_empty() {
                events.send(json!({ "timeline": svg })).await?;
            }
        }
        let took = began.elapsed().as_secs_f32();
        let (said, good) = match (job, status.code()) {
            (Job::Lesson(_), Some(0)) => ("Done".to_owned(), true),
            (Job::Check(_), Some(0)) => ("Solved".to_owned(), true),
            (Job::Check(_), Some(1)) => ("Not solved yet".to_owned(), false),
            _ => (format!("Ended with {status}"), false),
        };
        Ok((format!("{said}, after {took:.1} s."), good))
    }

    /// What a learner would type. Names come from the list of lessons, and no shell
    /// reads them.
    fn command(&self, job: Job, timeline: &Path) -> Command {
        let mut command = cargo::command();
        command.arg("run").arg("--manifest-path").arg(self.root.join("Cargo.toml"));
        match job {
            Job::Lesson(lesson) => command.args(["--example", lesson.name]),
            Job::Check(lesson) => command
                .args(["--features", "cli", "--bin", "workbook", "--"])
                .args(["check", lesson.number(), "--color", "never", "--limit"])
                .arg(self.limits.time.as_secs().to_string()),
        };
        // One line says when the program begins, whatever cargo's settings are.
        command
            .env("CARGO_TERM_QUIET", "false")
            .env("CARGO_TERM_VERBOSE", "false")
            .env("CARGO_TERM_COLOR", "never")
            .env("CARGO_TERM_PROGRESS_WHEN", "never");
        command.current_dir(&self.root);
        // As wide as the output in the pages, so that the two can be compared.
        command.env("COLUMNS", "59").env("WORKBOOK_TIMELINE", timeline);
        command
    }

    /// Sends what the program prints, `first` before all; says how it ended, or None if
    /// it printed too much.
    async fn relay(
        &self,
        group: &mut Group,
        first: String,
        events: &Events,
    ) -> Result<Option<std::process::ExitStatus>> {
        let mut left = self.limits.output;
        let mut next = Seen::Output(first);
        loop {
            match next {
                Seen::Output(text) => {
                    let Some(rest) = left.checked_sub(text.len()) else {
                        return Ok(None);
                    };
                    left = rest;
                    if !text.is_empty() {
                        events.send(json!({ "output": text })).await?;
                    }
                }
                Seen::Over(status) => return Ok(Some(status)),
            }
            next = group.next().await?;
        }
    }
}

/// Sends what cargo says, until the program begins; returns what the program has
/// printed by then. None if cargo ends before, which has then said why.
async fn compiled(group: &mut Group, events: &Events) -> Result<Option<String>> {
    let mut text = String::new();
    loop {
        let Seen::Output(more) = group.next().await? else {
            events.send(json!({ "build": text })).await?;
            return Ok(None);
        };
        text.push_str(&more);
        while let Some((line, rest)) = text.split_once('\n') {
            let running = line.starts_with(RUNNING);
            let (line, rest) = (format!("{line}\n"), rest.to_owned());
            events.send(json!({ "build": line })).await?;
            text = rest;
            if running {
                return Ok(Some(text));
            }
        }
    }
}

fn minutes() -> u64 {
    COMPILING.as_secs() / 60
}

//! A running program, whose events are read from the inbox.
//!
//! [`Job::next`] returns one event at a time, including messages unrelated to the job (a
//! key, Ctrl-C). So the caller's loop stays in control. It cancels the job by dropping it,
//! which kills the program's process group, as [`process`] explains.
//!
//! After the program has exited, or was killed at its time limit, the job still delivers
//! the rest of the output. It stops reading after [`DRAIN_TIMEOUT`], because a daemon that
//! the program started in another process group may hold a pipe open forever.

use std::process::{Command, ExitStatus};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use async_workbook::process::{self, ProcessGroup, Signal, Stdin};

use super::inbox::{Inbox, Message, suspend};

const DRAIN_TIMEOUT: Duration = Duration::from_millis(500);

/// A running program.
#[derive(Debug)]
pub struct Job {
    id: u64,
    pub group: ProcessGroup,
    /// True once the output has ended.
    closed: bool,
    /// The time limit; after the end, the deadline for reading output.
    deadline: Option<Instant>,
    /// The last event; `None` while the program runs.
    end: Option<JobEvent>,
}

/// Something that happened while a job ran. `Exited` and `TimedOut` come last, when the
/// whole process group is dead.
#[derive(Debug)]
pub enum JobEvent {
    Output(Vec<u8>),
    Exited(ExitStatus),
    TimedOut,
    /// A message unrelated to the job.
    Message(Message),
}

impl Job {
    /// Starts a program.
    pub fn start(
        command: Command,
        stdin: Stdin,
        limit: Option<Duration>,
        inbox: &Inbox,
    ) -> Result<Job> {
        static NEXT_ID: AtomicU64 = AtomicU64::new(0);
        let id = NEXT_ID.fetch_add(1, Ordering::Relaxed);
        let program = command.get_program().display().to_string();
        let sender = inbox.sender();
        let send =
            move |event| sender.send(Message::Process { job: id, event }).is_ok();
        let group = ProcessGroup::spawn(command, stdin, send)
            .with_context(|| format!("could not start {program}"))?;
        let deadline = limit.map(|limit| Instant::now() + limit);
        Ok(Job { id, group, closed: false, deadline, end: None })
    }

    /// Waits for the next event.
    pub fn next(&mut self, inbox: &Inbox) -> Result<JobEvent> {
        loop {
            // Checked before each message: a program that floods its output must not
            // postpone its time limit.
            let late = self.deadline.is_some_and(|at| Instant::now() >= at);
            if self.end.is_none() && late {
                self.kill()?;
                self.end = Some(JobEvent::TimedOut);
            } else if (late || self.closed)
                && let Some(end) = self.end.take()
            {
                return Ok(end);
            }
            match inbox.next(self.deadline) {
                Some(Message::Process { job, event }) if job == self.id => {
                    match event {
                        process::Event::Output(bytes) => {
                            return Ok(JobEvent::Output(bytes));
                        }
                        process::Event::Closed => self.closed = true,
                        process::Event::Exited if self.end.is_none() => {
                            self.end = Some(JobEvent::Exited(self.kill()?));
                        }
                        process::Event::Exited => {}
                    }
                }
                // From a job that was cancelled.
                Some(Message::Process { .. }) | None => {}
                Some(message) => return Ok(JobEvent::Message(message)),
            }
        }
    }

    /// Kills the group, and sets the deadline for reading the rest of its output.
    fn kill(&mut self) -> Result<ExitStatus> {
        self.deadline = Some(Instant::now() + DRAIN_TIMEOUT);
        self.group.kill().context("could not get a program's exit status")
    }

    /// Suspends the program and this process, as Ctrl-Z does, until the shell resumes
    /// it. That time does not count towards the program's limit.
    pub fn suspend(&mut self) {
        self.group.signal(Signal::Stop);
        let start = Instant::now();
        suspend();
        self.deadline = self.deadline.map(|at| at + start.elapsed());
        self.group.signal(Signal::Continue);
    }
}

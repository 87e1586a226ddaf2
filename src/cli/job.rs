//! A running program, whose events are read from the inbox.
//!
//! [`Job::next`] returns one event at a time, and events that have nothing to do with
//! the job (a key, Ctrl-C) as they come. The caller's loop stays in charge: to cancel
//! the job, it drops it, which kills the program's process group. [`process`] explains
//! that part.
//!
//! After the program has exited, or was killed at its time limit, the job still delivers
//! what is left in the pipes. It gives up after [`DRAIN_TIMEOUT`], because a daemon that
//! the program started in another process group may hold a pipe open for ever.

use std::process::{Command, ExitStatus};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use async_workbook::process::{self, Output, ProcessGroup, Signal, Stdin, Stream};

use super::inbox::{Inbox, Message, suspend};

const DRAIN_TIMEOUT: Duration = Duration::from_millis(500);

/// A running program.
#[derive(Debug)]
pub struct Job {
    id: u64,
    group: ProcessGroup,
    /// Output streams that are still open.
    open: usize,
    /// The time limit; after the end, when to stop reading output.
    deadline: Option<Instant>,
    /// None while the program runs.
    end: Option<End>,
}

#[derive(Clone, Copy, Debug)]
enum End {
    Exited(ExitStatus),
    TimedOut,
}

/// Something to be handled while a job runs. `Exited` and `TimedOut` come last; the
/// whole process group is gone then.
#[derive(Debug)]
pub enum JobEvent {
    Output(Stream, Vec<u8>),
    Exited(ExitStatus),
    TimedOut,
    /// A message that has nothing to do with the job.
    Message(Message),
}

impl Job {
    /// Starts a program.
    pub fn start(
        command: Command,
        stdin: Stdin,
        output: Output,
        limit: Option<Duration>,
        inbox: &Inbox,
    ) -> Result<Job> {
        static NEXT_ID: AtomicU64 = AtomicU64::new(0);
        let id = NEXT_ID.fetch_add(1, Ordering::Relaxed);
        let program = command.get_program().display().to_string();
        let sender = inbox.sender();
        let send =
            move |event| sender.send(Message::Process { job: id, event }).is_ok();
        let group = ProcessGroup::spawn(command, stdin, output, send)
            .with_context(|| format!("could not start {program}"))?;
        let open = if output == Output::Merged { 1 } else { 2 };
        let deadline = limit.map(|limit| Instant::now() + limit);
        Ok(Job { id, group, open, deadline, end: None })
    }

    /// Writes a short text to the program's stdin. A program that does not read it is
    /// not an error: its exit is the next event.
    pub fn write(&self, text: &str) {
        let _ = self.group.write(text);
    }

    /// Waits for the next event.
    pub fn next(&mut self, inbox: &Inbox) -> Result<JobEvent> {
        loop {
            // Checked each time: a program that prints without end must not keep its
            // time limit from being noticed.
            let late = self.deadline.is_some_and(|at| Instant::now() >= at);
            match self.end {
                None if late => {
                    self.end()?;
                    self.end = Some(End::TimedOut);
                }
                Some(end) if late || self.open == 0 => {
                    return Ok(match end {
                        End::Exited(status) => JobEvent::Exited(status),
                        End::TimedOut => JobEvent::TimedOut,
                    });
                }
                _ => {}
            }
            match inbox.next(self.deadline) {
                Some(Message::Process { job, event }) if job == self.id => {
                    match event {
                        process::Event::Output(stream, bytes) => {
                            return Ok(JobEvent::Output(stream, bytes));
                        }
                        process::Event::Closed(_) => self.open -= 1,
                        process::Event::Exited if self.end.is_none() => {
                            self.end = Some(End::Exited(self.end()?));
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

    /// Kills the group, and sets the deadline for what is left of its output.
    fn end(&mut self) -> Result<ExitStatus> {
        self.deadline = Some(Instant::now() + DRAIN_TIMEOUT);
        self.group.kill().context("could not get a program's exit status")
    }

    /// Suspends the program and this process, as Ctrl-Z does, until the shell resumes
    /// it. That time does not count towards the program's limit.
    pub fn suspend(&mut self) {
        self.group.signal(Signal::Stop);
        let since = Instant::now();
        suspend();
        self.deadline = self.deadline.map(|at| at + since.elapsed());
        self.group.signal(Signal::Continue);
    }
}

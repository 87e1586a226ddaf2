//! An async adapter for [`ProcessGroup`]: [`Process::next`] returns the next event.
//!
//! The threads of `ProcessGroup` send into a bounded tokio channel. While the
//! channel is full, they block, and then the program blocks in `write`: a program
//! that floods its output costs no memory.

use std::process::{Command, ExitStatus};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout, timeout_at};

use async_workbook::Utf8Decoder;
use async_workbook::process::{Event, ProcessGroup, Signal, Stdin};

/// Time between SIGTERM and SIGKILL.
const GRACE: Duration = Duration::from_millis(500);

/// Time for the rest of the output to arrive after the program has exited. The group
/// is dead by then, so this matters only if a process left the group and holds the
/// pipe.
const DRAIN: Duration = Duration::from_millis(200);

/// A running program. Dropping it kills its process group.
#[derive(Debug)]
pub struct Process {
    group: ProcessGroup,
    events: mpsc::Receiver<Event>,
    decoder: Utf8Decoder,
    /// The exit status, and the deadline for the rest of the output.
    exited: Option<(ExitStatus, Instant)>,
    closed: bool,
}

/// Something that a [`Process`] did.
#[derive(Debug)]
pub enum ProcessEvent {
    /// It wrote to stdout or stderr.
    Output(String),
    /// It exited, and its process group was killed. This is the last event.
    Exited(ExitStatus),
}

impl Process {
    /// Starts a program in its own process group, without stdin.
    pub fn spawn(command: Command) -> Result<Self> {
        let program = command.get_program().display().to_string();
        let (sender, events) = mpsc::channel(16);
        let send = move |event| sender.blocking_send(event).is_ok();
        let group = ProcessGroup::spawn(command, Stdin::Null, send)
            .with_context(|| format!("could not start {program}"))?;
        let decoder = Utf8Decoder::default();
        Ok(Self { group, events, decoder, exited: None, closed: false })
    }

    /// Waits for the next event. Cancel safe.
    pub async fn next(&mut self) -> Result<ProcessEvent> {
        loop {
            let event = match self.exited {
                Some((status, _)) if self.closed => {
                    return Ok(ProcessEvent::Exited(status));
                }
                Some((status, deadline)) => {
                    match timeout_at(deadline, self.events.recv()).await {
                        Ok(event) => event,
                        Err(_) => return Ok(ProcessEvent::Exited(status)),
                    }
                }
                None => self.events.recv().await,
            };
            match event {
                Some(Event::Output(bytes)) => {
                    return Ok(ProcessEvent::Output(self.decoder.decode(&bytes)));
                }
                // Processes that the program left behind end with it.
                Some(Event::Exited) => {
                    let status =
                        self.group.kill().context("could not get an exit status")?;
                    self.exited = Some((status, Instant::now() + DRAIN));
                }
                Some(Event::Closed) => self.closed = true,
                None => bail!("lost track of a program"),
            }
        }
    }

    /// Terminates the whole group: SIGTERM, a grace period, SIGKILL.
    pub async fn terminate(mut self) {
        self.group.signal(Signal::Terminate);
        let exited =
            async { while let Ok(ProcessEvent::Output(_)) = self.next().await {} };
        let _ = timeout(GRACE, exited).await;
    }
}

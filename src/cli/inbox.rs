//! One channel for everything that happens while the command waits.

use anyhow::{Context, Result};
use std::fmt;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

/// Something that happened.
#[derive(Debug)]
pub enum Message {
    /// A program said something.
    Output { job: u64, stream: Stream, bytes: Vec<u8> },
    /// A program will say no more on that stream.
    Closed { job: u64 },
    /// A program is over, and not yet reaped.
    Ended { job: u64 },
    /// This process was asked to end.
    Interrupt(u8),
    /// The terminal asks to be given back, to a shell.
    Suspend,
    /// A key was pressed.
    Key(char),
    /// It is time to look whether something was saved.
    Look,
}

/// Which of a program's outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    Out,
    Error,
}

/// Where messages arrive. It is short: a program that prints without end waits until
/// its output is dealt with, and memory stays flat.
#[derive(Debug)]
pub struct Inbox {
    sender: SyncSender<Message>,
    receiver: Receiver<Message>,
}

/// The command was asked to end, by that signal.
#[derive(Debug)]
pub struct Interrupted(pub u8);

impl fmt::Display for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "interrupted by signal {}", self.0)
    }
}

impl std::error::Error for Interrupted {}

impl Inbox {
    pub fn new() -> Inbox {
        let (sender, receiver) = sync_channel(16);
        Inbox { sender, receiver }
    }

    pub fn sender(&self) -> SyncSender<Message> {
        self.sender.clone()
    }

    /// The next message, or none before the deadline.
    pub fn next(&self, deadline: Option<Instant>) -> Option<Message> {
        // Only a channel without senders has nothing more to come; this one keeps one.
        let Some(deadline) = deadline else { return self.receiver.recv().ok() };
        // Even when it is late, what is there already comes first.
        let left = deadline.saturating_duration_since(Instant::now());
        self.receiver.recv_timeout(left.max(Duration::from_micros(1))).ok()
    }

    /// Turns Ctrl-C and other wishes that the command end into messages.
    ///
    /// # Errors
    ///
    /// When the system refuses.
    #[cfg(unix)]
    pub fn listen_for_signals(&self) -> Result<()> {
        use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP};
        let mut signals = signal_hook::iterator::Signals::new([
            SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGTSTP,
        ])
        .context("cannot listen for Ctrl-C")?;
        let sender = self.sender();
        std::thread::spawn(move || {
            for signal in signals.forever() {
                let message = match signal {
                    SIGTSTP => Message::Suspend,
                    _ => Message::Interrupt(u8::try_from(signal).unwrap_or(2)),
                };
                if sender.send(message).is_err() {
                    return;
                }
            }
        });
        Ok(())
    }

    /// On this system, Ctrl-C ends every program of the console at once.
    ///
    /// # Errors
    ///
    /// Never.
    #[cfg(not(unix))]
    pub fn listen_for_signals(&self) -> Result<()> {
        Ok(())
    }
}

/// Stops this process, as Ctrl-Z asks, until the shell has it go on.
pub fn suspend() {
    #[cfg(unix)]
    {
        use rustix::process::{Signal, getpid, kill_process};
        // Nothing is lost if it does not stop.
        let _ = kill_process(getpid(), Signal::STOP);
    }
}

//! The channel for all events that the command waits for: a program's output and exit,
//! keys, signals, and the ticks at which `watch` polls for a save.
//!
//! Each source is a thread that blocks in `read`, `waitid` or `sigwait` and sends a
//! [`Message`]. The main thread blocks only in [`Inbox::next`], and needs no locks, no
//! `select` and no async runtime.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use anyhow::Result;
use async_workbook::process;

/// An event.
#[derive(Debug)]
pub enum Message {
    /// An event of a program that a job runs.
    Process { job: u64, event: process::Event },
    /// A signal that ends this process, such as Ctrl-C.
    Interrupt(u8),
    /// Ctrl-Z: suspend this process.
    Suspend,
    /// A key, in lower case.
    Key(char),
    /// Poll for a save now.
    Tick,
}

/// A bounded channel. When it is full, the threads that read a program's output block, so
/// a program that floods its output does not fill the memory.
#[derive(Debug)]
pub struct Inbox {
    sender: SyncSender<Message>,
    receiver: Receiver<Message>,
}

impl Inbox {
    pub fn new() -> Inbox {
        let (sender, receiver) = sync_channel(16);
        Inbox { sender, receiver }
    }

    pub fn sender(&self) -> SyncSender<Message> {
        self.sender.clone()
    }

    /// Waits for the next message. Returns `None` at the deadline, if there is one.
    pub fn next(&self, deadline: Option<Instant>) -> Option<Message> {
        // `recv` fails only if all senders are gone, and `self` holds one.
        let Some(deadline) = deadline else { return self.receiver.recv().ok() };
        let left = deadline.saturating_duration_since(Instant::now());
        // Not zero: a message that is already in the channel precedes the deadline.
        self.receiver.recv_timeout(left.max(Duration::from_micros(1))).ok()
    }

    /// Turns Ctrl-C, Ctrl-Z and termination signals into messages. Their default action
    /// would end the command but not the exercise, which is in another process group.
    /// (Outside Unix, Ctrl-C ends every program of the console.)
    pub fn listen_for_signals(&self) -> Result<()> {
        #[cfg(unix)]
        {
            use anyhow::Context as _;
            use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP};
            let signals = [SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGTSTP];
            let mut signals = signal_hook::iterator::Signals::new(signals)
                .context("could not install the signal handlers")?;
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
        }
        Ok(())
    }
}

/// Suspends this process, as Ctrl-Z does, until the shell resumes it.
pub fn suspend() {
    #[cfg(unix)]
    {
        use rustix::process::{Signal, getpid, kill_process};
        // If it fails, the command just continues.
        let _ = kill_process(getpid(), Signal::STOP);
    }
}

//! A program in a process group of its own, both its outputs in one, so that their
//! order is kept.

use anyhow::{Context, Result};
use async_workbook::Utf8Decoder;
use std::io::{PipeReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout_at};

/// How often to ask whether the program is over. (Its output may be kept open by others,
/// and to wait for it in the usual way would free the group's number too soon.)
const ASKED: Duration = Duration::from_millis(10);

/// How long a program that is asked to end has for it.
const GRACE: Duration = Duration::from_millis(500);

/// How long output of a program that is over is waited for: all there is lies ready.
const AFTERWARDS: Duration = Duration::from_millis(200);

#[derive(Debug)]
pub struct Group {
    child: Child,
    output: mpsc::Receiver<Vec<u8>>,
    decoder: Utf8Decoder,
    /// Whether the group's number may be another's by now.
    reaped: bool,
}

#[derive(Debug)]
pub enum Seen {
    Output(String),
    Over(ExitStatus),
}

impl Group {
    /// Starts a program without input. Fails if that cannot be done.
    pub fn start(mut command: Command) -> Result<Self> {
        let (reader, writer) = std::io::pipe().context("cannot make a pipe")?;
        let again = writer.try_clone().context("cannot make a pipe")?;
        command.stdin(Stdio::null()).stdout(writer).stderr(again);
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let child = command.spawn().with_context(|| {
            format!("cannot start {}", command.get_program().display())
        })?;
        let decoder = Utf8Decoder::default();
        Ok(Self { child, output: read(reader), decoder, reaped: false })
    }

    /// The next piece of output, and after the last one, how the program ended. All of
    /// its group is gone then.
    ///
    /// Fails if the system does not tell.
    pub async fn next(&mut self) -> Result<Seen> {
        let mut deadline = None;
        loop {
            let over = deadline.unwrap_or(Instant::now() + ASKED);
            match timeout_at(over, self.output.recv()).await {
                Ok(Some(bytes)) => {
                    let text = self.decoder.decode(&bytes);
                    return Ok(Seen::Output(text));
                }
                Err(_) if deadline.is_none() && self.over()? => {
                    self.signal(Signal::Kill);
                    deadline = Some(Instant::now() + AFTERWARDS);
                }
                Err(_) if deadline.is_none() => {}
                Ok(None) if !self.over()? => sleep(ASKED).await,
                Ok(None) | Err(_) => return Ok(Seen::Over(self.reap()?)),
            }
        }
    }

    /// Ends every program of the group: asks it to end, and then does it.
    pub async fn end(mut self) {
        if self.reaped {
            return;
        }
        self.signal(Signal::Terminate);
        let until = Instant::now() + GRACE;
        while Instant::now() < until && self.over().is_ok_and(|over| !over) {
            sleep(ASKED).await;
        }
        // The rest is done as it is dropped.
    }

    /// Whether the program is over, which leaves its number its own.
    #[cfg(unix)]
    fn over(&mut self) -> Result<bool> {
        use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
        let seen =
            WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
        let ended = waitid(WaitId::Pid(Pid::from_child(&self.child)), seen);
        Ok(ended.context("cannot ask for a program's end")?.is_some())
    }

    #[cfg(not(unix))]
    fn over(&mut self) -> Result<bool> {
        let ended =
            self.child.try_wait().context("cannot ask for a program's end")?;
        Ok(ended.is_some())
    }

    fn reap(&mut self) -> Result<ExitStatus> {
        self.signal(Signal::Kill);
        let status = self.child.wait().context("cannot tell how a program ended")?;
        self.reaped = true;
        Ok(status)
    }

    fn signal(&mut self, signal: Signal) {
        if self.reaped {
            return;
        }
        // Where nothing of it is left, there is nobody to tell.
        #[cfg(unix)]
        {
            use rustix::process::{Pid, kill_process_group};
            let signal = match signal {
                Signal::Terminate => rustix::process::Signal::TERM,
                Signal::Kill => rustix::process::Signal::KILL,
            };
            let _ = kill_process_group(Pid::from_child(&self.child), signal);
        }
        #[cfg(not(unix))]
        if matches!(signal, Signal::Kill) {
            let _ = self.child.kill();
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if !self.reaped {
            let _ = self.reap();
        }
    }
}

enum Signal {
    Terminate,
    Kill,
}

/// Reads in a thread, which ends with the output.
fn read(mut from: PipeReader) -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel(16);
    std::thread::spawn(move || {
        let mut buffer = vec![0; 1 << 14];
        while let Ok(length @ 1..) = from.read(&mut buffer) {
            if sender.blocking_send(buffer[..length].to_vec()).is_err() {
                break;
            }
        }
    });
    receiver
}

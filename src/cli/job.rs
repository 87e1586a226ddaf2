//! A program that runs beside the command: in a process group of its own, its output
//! sent to the inbox, gone when it is no longer wanted.

use super::inbox::{Inbox, Message, Stream};
use anyhow::{Context, Result};
use std::io::Read;
use std::ops::ControlFlow;
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::SyncSender;
use std::thread;
use std::time::{Duration, Instant};

/// How long output may keep coming after the program is over: from a program that it
/// started and that left its process group.
const AFTERWARDS: Duration = Duration::from_millis(500);

/// A program that runs.
#[derive(Debug)]
pub struct Job {
    id: u64,
    child: Child,
    /// How many outputs are still open.
    open: usize,
    /// Whether the program was waited for. Its number may be another's since.
    reaped: bool,
}

/// What a job, or the world around it, did.
#[derive(Debug)]
pub enum Seen {
    Output(Stream, Vec<u8>),
    /// Something that has nothing to do with the job.
    Other(Message),
}

/// How a job came to its end.
#[derive(Debug)]
pub enum End<Reason> {
    /// By itself.
    Ended(ExitStatus),
    /// It ran longer than it may.
    TooLong,
    /// Whoever looked on had a reason to stop it.
    Stopped(Reason),
}

impl Job {
    /// Starts a program without input, both outputs apart.
    ///
    /// # Errors
    ///
    /// When it does not start.
    pub fn start(mut command: Command, inbox: &Inbox) -> Result<Job> {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut job = Job::spawn(command, inbox)?;
        let out = job.child.stdout.take();
        let error = job.child.stderr.take();
        if let Some(out) = out {
            job.read(out, Stream::Out, inbox.sender());
        }
        if let Some(error) = error {
            job.read(error, Stream::Error, inbox.sender());
        }
        Ok(job)
    }

    /// Starts a program without input, both outputs in one, so that their order is
    /// kept.
    ///
    /// # Errors
    ///
    /// When it does not start.
    pub fn start_in_order(mut command: Command, inbox: &Inbox) -> Result<Job> {
        let (reader, writer) = std::io::pipe().context("cannot make a pipe")?;
        let again = writer.try_clone().context("cannot make a pipe")?;
        // Standard input says nothing, and ends when this process does, however it does.
        command.stdin(Stdio::piped()).stdout(writer).stderr(again);
        // The command, and with it this process's ends for writing, is gone after it.
        let mut job = Job::spawn(command, inbox)?;
        job.read(reader, Stream::Out, inbox.sender());
        Ok(job)
    }

    fn spawn(mut command: Command, inbox: &Inbox) -> Result<Job> {
        static JOBS: AtomicU64 = AtomicU64::new(0);
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let child = command.spawn().with_context(|| {
            format!("cannot start {}", command.get_program().display())
        })?;
        let id = JOBS.fetch_add(1, Ordering::Relaxed);
        let job = Job { id, child, open: 0, reaped: false };
        job.wait_in_a_thread(inbox.sender());
        Ok(job)
    }

    fn read(
        &mut self,
        mut from: impl Read + Send + 'static,
        stream: Stream,
        sender: SyncSender<Message>,
    ) {
        let job = self.id;
        self.open += 1;
        thread::spawn(move || {
            let mut buffer = vec![0; 1 << 16];
            loop {
                let bytes = match from.read(&mut buffer) {
                    Ok(0) | Err(_) => break,
                    Ok(length) => buffer[..length].to_vec(),
                };
                if sender.send(Message::Output { job, stream, bytes }).is_err() {
                    return;
                }
            }
            let _ = sender.send(Message::Closed { job });
        });
    }

    /// Tells when the program is over, and leaves it unreaped: until [`Job::end`],
    /// its number means this program and no other.
    #[cfg(unix)]
    fn wait_in_a_thread(&self, sender: SyncSender<Message>) {
        use rustix::process::{WaitId, WaitIdOptions, waitid};
        let (job, pid) = (self.id, self.pid());
        thread::spawn(move || {
            let over = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
            while waitid(WaitId::Pid(pid), over)
                .is_err_and(|error| error == rustix::io::Errno::INTR)
            {}
            let _ = sender.send(Message::Ended { job });
        });
    }

    #[cfg(not(unix))]
    fn wait_in_a_thread(&self, _: SyncSender<Message>) {}

    #[cfg(unix)]
    fn pid(&self) -> rustix::process::Pid {
        rustix::process::Pid::from_child(&self.child)
    }

    /// Follows the program to its end, or until the limit, or until `see` has a
    /// reason to stop it. Nothing of it runs afterwards.
    ///
    /// # Errors
    ///
    /// When the system does not tell how it ended.
    pub fn follow<Reason>(
        mut self,
        inbox: &Inbox,
        limit: Option<Duration>,
        mut see: impl FnMut(Seen) -> ControlFlow<Reason>,
    ) -> Result<End<Reason>> {
        let mut deadline = limit.map(|limit| Instant::now() + limit);
        let mut end = None;
        loop {
            if self.open == 0 && end.is_some() {
                break;
            }
            let until = self.until(deadline, end.is_some());
            let seen = match inbox.next(until) {
                Some(Message::Output { job, stream, bytes }) if job == self.id => {
                    Seen::Output(stream, bytes)
                }
                Some(Message::Closed { job }) if job == self.id => {
                    self.open -= 1;
                    continue;
                }
                Some(Message::Ended { job }) if job == self.id => {
                    if end.is_none() {
                        end = Some(End::Ended(self.end()?));
                        deadline = Some(Instant::now() + AFTERWARDS);
                    }
                    continue;
                }
                // Of a job that was stopped before.
                Some(
                    Message::Output { .. }
                    | Message::Closed { .. }
                    | Message::Ended { .. },
                ) => continue,
                Some(message) => Seen::Other(message),
                None if end.is_some() => break,
                None => {
                    if self.over()? {
                        end = Some(End::Ended(self.end()?));
                    } else if deadline.is_some_and(|at| Instant::now() >= at) {
                        // What it printed before it was stopped is still to come.
                        self.end()?;
                        end = Some(End::TooLong);
                    } else {
                        continue;
                    }
                    deadline = Some(Instant::now() + AFTERWARDS);
                    continue;
                }
            };
            // Messages that never cease must not keep the limit from being seen.
            let late = deadline.is_some_and(|at| Instant::now() >= at);
            if late && end.is_some() {
                break;
            }
            if late {
                self.end()?;
                end = Some(End::TooLong);
                deadline = Some(Instant::now() + AFTERWARDS);
            }
            let suspends = matches!(seen, Seen::Other(Message::Suspend));
            let before = Instant::now();
            if suspends {
                self.hold();
            }
            if let ControlFlow::Break(reason) = see(seen) {
                self.end()?;
                return Ok(End::Stopped(reason));
            }
            if suspends {
                self.release();
                // Time in which it stood still does not count.
                deadline = deadline.map(|at| at + before.elapsed());
            }
        }
        end.context("a program came to no end")
    }

    /// Until when to wait for a message.
    #[cfg(unix)]
    fn until(&self, deadline: Option<Instant>, _: bool) -> Option<Instant> {
        deadline
    }

    /// No thread tells the end of the program here, so it is asked now and then.
    #[cfg(not(unix))]
    fn until(&self, deadline: Option<Instant>, ended: bool) -> Option<Instant> {
        let soon = Instant::now() + Duration::from_millis(20);
        if ended { deadline } else { Some(deadline.map_or(soon, |at| at.min(soon))) }
    }

    #[cfg(unix)]
    fn over(&mut self) -> Result<bool> {
        Ok(false)
    }

    #[cfg(not(unix))]
    fn over(&mut self) -> Result<bool> {
        Ok(self
            .child
            .try_wait()
            .context("cannot ask for a program's end")?
            .is_some())
    }

    /// Ends the program, and every program of its group, and says how it ended.
    fn end(&mut self) -> Result<ExitStatus> {
        self.kill();
        let status = self.child.wait().context("cannot tell how a program ended")?;
        self.reaped = true;
        Ok(status)
    }

    fn kill(&mut self) {
        #[cfg(unix)]
        self.signal(rustix::process::Signal::KILL);
        let _ = self.child.kill();
    }

    /// Stops the program, until [`Job::release`].
    fn hold(&self) {
        #[cfg(unix)]
        self.signal(rustix::process::Signal::STOP);
    }

    fn release(&self) {
        #[cfg(unix)]
        self.signal(rustix::process::Signal::CONT);
    }

    /// Sends a signal to every program of the group.
    #[cfg(unix)]
    fn signal(&self, signal: rustix::process::Signal) {
        if !self.reaped {
            // Where nothing of it is left, there is nobody to tell.
            let _ = rustix::process::kill_process_group(self.pid(), signal);
        }
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        if !self.reaped {
            self.kill();
            let _ = self.child.wait();
        }
    }
}

/// Becomes another program, or runs it where the system has no such thing, and ends
/// with its exit code.
///
/// # Errors
///
/// When it does not start.
pub fn replace_with(mut command: Command) -> Result<ExitCode> {
    let name = command.get_program().display().to_string();
    #[cfg(unix)]
    {
        let error = std::os::unix::process::CommandExt::exec(&mut command);
        Err(error).with_context(|| format!("cannot start {name}"))
    }
    #[cfg(not(unix))]
    {
        let status =
            command.status().with_context(|| format!("cannot start {name}"))?;
        let code = status.code().and_then(|code| u8::try_from(code).ok());
        Ok(ExitCode::from(code.unwrap_or(1)))
    }
}

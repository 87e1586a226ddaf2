//! Runs a program in a process group of its own, so that the program and everything it
//! starts can be stopped together.
//!
//! ```text
//! ProcessGroup::spawn
//!   ├── guard, a shell that leads the process group
//!   ├── program ─── stdout, stderr ──> reader thread ───> Event::Output, Event::Closed
//!   │     └── its children, in the same process group
//!   └── waitid(WNOWAIT) ─────────────> exit thread ─────> Event::Exited
//! ```
//!
//! All events go to one callback, which sends them to whatever channel the caller reads:
//! `std::sync::mpsc` in a synchronous program, `tokio::sync::mpsc` with `blocking_send`
//! in an asynchronous one. When a bounded channel is full, the callback blocks, the
//! reader thread stops reading, and a program that floods its output blocks in `write`:
//! memory use stays constant.
//!
//! **The guard ends the group when this process is killed**, even by SIGKILL: the kernel
//! then closes the pipe that is the guard's stdin, and the guard kills its group. A
//! program that exits at end-of-file on its own stdin ([`Stdin::Lifeline`]) would be
//! enough for one process, but not for its children.
//!
//! **The guard is reaped last.** A process group's ID is the process ID of its first
//! process. Once that is reaped, the kernel may give the same ID to an unrelated process
//! or group, which a later `kill(-id, SIGKILL)` would hit. A guard is reaped when its
//! [`ProcessGroup`] is dropped. The exit thread calls `waitid` with `WNOWAIT`, which reports
//! the program's exit but leaves its status to [`ProcessGroup::kill`].
//!
//! **The end of the output is not the end of the program**, and vice versa: a program may
//! close its stdout and keep running, and a daemon that it started may hold the pipe open
//! for hours. So the two are separate events. After `Exited`, call `kill`, and wait a
//! moment for the rest of the output, until `Closed`.
//!
//! **Ctrl-C and Ctrl-Z do not reach the group**, because it is not the terminal's
//! foreground process group. The caller handles those signals and passes them on with
//! [`ProcessGroup::signal`].
//!
//! Outside Unix there are no process groups: only the program itself is killed, and the
//! exit thread polls.

use std::io::{self, PipeReader, Read as _, Write as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

/// A running program and the processes it started. Dropping it kills all of them.
#[derive(Debug)]
pub struct ProcessGroup {
    // Shared with the exit thread outside Unix, where polling needs the handle.
    child: Arc<Mutex<Child>>,
    #[cfg(unix)]
    guard: Guard,
}

/// A program's stdin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stdin {
    /// Reading returns end-of-file at once.
    Null,
    /// A pipe which the kernel closes when this process ends, even by SIGKILL. A program
    /// that exits at end-of-file on stdin thus cannot outlive this process.
    /// [`ProcessGroup::write`] writes to it.
    Lifeline,
}

/// Something that a program did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// It wrote some bytes, which may end in the middle of a UTF-8 character.
    Output(Vec<u8>),
    /// The output has reached its end: no process holds the pipe open.
    Closed,
    /// The program has exited, but is not reaped yet. [`ProcessGroup::kill`] returns its
    /// exit status.
    Exited,
}

/// A signal to every process of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Asks the processes to end (SIGTERM).
    Terminate,
    /// Ends them (SIGKILL). The only one that works outside Unix.
    Kill,
    /// Suspends them (SIGSTOP).
    Stop,
    /// Resumes them (SIGCONT).
    Continue,
}

impl ProcessGroup {
    /// Starts `command` in a new process group. Two threads pass its events to `send`. If
    /// `send` returns false, no more output is read.
    ///
    /// # Errors
    ///
    /// If the program cannot be started, or no pipe can be made for its output.
    pub fn spawn<F>(mut command: Command, stdin: Stdin, send: F) -> io::Result<Self>
    where
        F: Fn(Event) -> bool + Clone + Send + 'static,
    {
        command.stdin(match stdin {
            Stdin::Null => Stdio::null(),
            Stdin::Lifeline => Stdio::piped(),
        });
        let (reader, writer) = io::pipe()?;
        command.stdout(writer.try_clone()?).stderr(writer);
        #[cfg(unix)]
        let guard = Guard::start(&mut command)?;
        let child = command.spawn()?;
        // `command` holds write ends of the pipe, and the reader sees end-of-file only when
        // all are closed.
        drop(command);

        let group = Self {
            child: Arc::new(Mutex::new(child)),
            #[cfg(unix)]
            guard,
        };
        read_in_thread(reader, send.clone());
        group.report_exit_in_thread(send);
        Ok(group)
    }

    /// Writes a short text to the program's stdin, which must be a [`Stdin::Lifeline`]. (A
    /// long one blocks until the program reads it.)
    ///
    /// # Errors
    ///
    /// If the program has another stdin, or has closed it.
    pub fn write(&self, text: &str) -> io::Result<()> {
        match &mut self.child().stdin {
            Some(stdin) => stdin.write_all(text.as_bytes()),
            None => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    /// Sends a signal to every process of the group. [`Signal::Stop`] does not suspend the
    /// guard, so that it kills the group if this process is killed in the meantime.
    pub fn signal(&self, signal: Signal) {
        // Fails if all processes have exited, which is fine.
        #[cfg(unix)]
        {
            use rustix::process::{Pid, Signal as Unix};
            let unix = match signal {
                Signal::Terminate => Unix::TERM,
                Signal::Kill => Unix::KILL,
                Signal::Stop => Unix::STOP,
                Signal::Continue => Unix::CONT,
            };
            let guard = Pid::from_child(&self.guard.0);
            let _ = rustix::process::kill_process_group(guard, unix);
            if signal == Signal::Stop {
                let _ = rustix::process::kill_process(guard, Unix::CONT);
            }
        }
        #[cfg(not(unix))]
        if signal == Signal::Kill {
            let _ = self.child().kill();
        }
    }

    /// Kills every process of the group, reaps the program and returns its exit status.
    /// Output that is already in the pipe is still delivered.
    ///
    /// # Errors
    ///
    /// If waiting for the program fails.
    pub fn kill(&mut self) -> io::Result<ExitStatus> {
        self.signal(Signal::Kill);
        self.child().wait()
    }

    fn child(&self) -> MutexGuard<'_, Child> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(unix)]
    fn report_exit_in_thread<F: Fn(Event) -> bool + Send + 'static>(&self, send: F) {
        use rustix::process::{WaitId, WaitIdOptions, waitid};
        let pid = rustix::process::Pid::from_child(&self.child());
        thread::spawn(move || {
            let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
            let interrupted = |error| error == rustix::io::Errno::INTR;
            while waitid(WaitId::Pid(pid), options).is_err_and(interrupted) {}
            send(Event::Exited);
        });
    }

    #[cfg(not(unix))]
    fn report_exit_in_thread<F: Fn(Event) -> bool + Send + 'static>(&self, send: F) {
        let child = Arc::clone(&self.child);
        thread::spawn(move || {
            let running = || {
                let mut child = child.lock().unwrap_or_else(PoisonError::into_inner);
                matches!(child.try_wait(), Ok(None))
            };
            while running() {
                thread::sleep(std::time::Duration::from_millis(10));
            }
            send(Event::Exited);
        });
    }
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}

/// The first process of a group. Ignores SIGHUP, SIGINT, SIGQUIT and SIGTERM. At end-of-file
/// on its stdin, kills the whole group, itself included.
#[cfg(unix)]
#[derive(Debug)]
struct Guard(Child);

#[cfg(unix)]
impl Guard {
    /// Starts a guard, and makes `command` run in its process group.
    fn start(command: &mut Command) -> io::Result<Self> {
        use std::os::unix::process::CommandExt;
        let mut guard = Command::new("/bin/sh");
        guard
            .args(["-c", "trap '' HUP INT QUIT TERM; read -r end; kill -s KILL 0"])
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0);
        let guard = guard.spawn()?;
        command.process_group(rustix::process::Pid::from_child(&guard).as_raw_pid());
        Ok(Self(guard))
    }
}

#[cfg(unix)]
impl Drop for Guard {
    fn drop(&mut self) {
        let _ = self.0.kill().and_then(|()| self.0.wait());
    }
}

/// Sends everything that `reader` returns, and then `Closed`.
fn read_in_thread<F>(mut reader: PipeReader, send: F)
where
    F: Fn(Event) -> bool + Send + 'static,
{
    thread::spawn(move || {
        let mut buffer = vec![0; 1 << 16];
        loop {
            match reader.read(&mut buffer) {
                Ok(0) => break,
                Ok(length) => {
                    if !send(Event::Output(buffer[..length].to_vec())) {
                        return;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => break,
            }
        }
        send(Event::Closed);
    });
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::sync::mpsc::{Receiver, channel};

    fn spawn(script: &str, stdin: Stdin) -> (ProcessGroup, Receiver<Event>) {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        let (sender, receiver) = channel();
        let send = move |event| sender.send(event).is_ok();
        (ProcessGroup::spawn(command, stdin, send).unwrap(), receiver)
    }

    /// Reads events until `last`; returns the output.
    fn read_until(receiver: &Receiver<Event>, last: &Event) -> String {
        let mut output = Vec::new();
        for event in receiver {
            if let Event::Output(bytes) = &event {
                output.extend(bytes);
            }
            if event == *last {
                break;
            }
        }
        String::from_utf8(output).unwrap()
    }

    #[test]
    fn stdout_and_stderr_keep_their_order() {
        let script = "echo 1; echo 2 >&2; echo 3; exit 7";
        let (mut group, events) = spawn(script, Stdin::Null);
        assert_eq!(read_until(&events, &Event::Closed), "1\n2\n3\n");
        // Wait for the exit: `kill` right after the last output would win the race.
        read_until(&events, &Event::Exited);
        assert_eq!(group.kill().unwrap().code(), Some(7));
    }

    #[test]
    fn exit_is_reported_while_a_child_holds_the_output_open() {
        let (mut group, events) = spawn("sleep 1000 & exit 3", Stdin::Null);
        read_until(&events, &Event::Exited);
        assert_eq!(group.kill().unwrap().code(), Some(3));
        // The pipe closes only when the sleeping child is dead, too.
        read_until(&events, &Event::Closed);
    }

    #[test]
    fn drop_kills_every_process_of_the_group() {
        let (group, events) = spawn("sleep 1000 & wait", Stdin::Null);
        drop(group);
        read_until(&events, &Event::Closed);
    }

    #[test]
    fn the_guard_kills_every_process_of_the_group() {
        let script = "trap '' HUP; sleep 1000 & echo; wait";
        let (mut group, events) = spawn(script, Stdin::Null);
        assert_eq!(events.iter().next(), Some(Event::Output(b"\n".to_vec())));
        group.signal(Signal::Stop);
        // As the kernel does when this process is killed.
        drop(group.guard.0.stdin.take());
        read_until(&events, &Event::Closed);
    }

    #[test]
    fn a_stopped_group_can_be_resumed_and_terminated() {
        let (mut group, events) =
            spawn("echo started; exec sleep 1000", Stdin::Null);
        let started = events.iter().next();
        assert_eq!(started, Some(Event::Output(b"started\n".to_vec())));
        group.signal(Signal::Stop);
        group.signal(Signal::Continue);
        group.signal(Signal::Terminate);
        read_until(&events, &Event::Exited);
        assert_eq!(
            std::os::unix::process::ExitStatusExt::signal(&group.kill().unwrap()),
            Some(15)
        );
    }

    #[test]
    fn text_can_be_written_to_a_lifeline_only() {
        let echo = "read line; echo $line";
        let (group, events) = spawn(echo, Stdin::Lifeline);
        group.write("hello\n").unwrap();
        assert_eq!(read_until(&events, &Event::Closed), "hello\n");
        let (null, _events) = spawn(echo, Stdin::Null);
        assert!(null.write("hello\n").is_err());
    }

    #[test]
    fn a_lifeline_stays_open_until_the_group_is_dropped() {
        let (group, events) = spawn("read line; echo end", Stdin::Lifeline);
        assert!(events.try_recv().is_err());
        drop(group);
        assert_eq!(read_until(&events, &Event::Closed), "");
        let (_group, events) = spawn("read line; echo end", Stdin::Null);
        assert_eq!(read_until(&events, &Event::Closed), "end\n");
    }
}

//! Child processes with a deadline.
//!
//! Unlike `async_workbook::process`, they stay in this process's group, so that
//! Ctrl-C reaches all of them directly.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};

/// Runs a program to its end and returns its stdout.
///
/// Fails with the last line of its stderr if the exit status is not 0, and kills the
/// program if it is still running after `limit`.
pub fn output(command: &mut Command, limit: Duration) -> Result<String> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = KillOnDrop::spawn(command)?;
    let stdout = read_to_end(child.0.stdout.take());
    let stderr = read_to_end(child.0.stderr.take());
    let Ok(text) = stdout.recv_timeout(limit) else {
        bail!("timed out after {} s", limit.as_secs());
    };
    let status = child.0.wait().context("could not get its exit status")?;
    if status.success() {
        return Ok(text);
    }
    let stderr = stderr.recv_timeout(Duration::from_secs(1)).unwrap_or_default();
    match stderr.trim().lines().last() {
        Some(line) => bail!("{line}"),
        None => bail!("it failed with {status}"),
    }
}

/// Reads in a thread, and sends the text once the pipe is closed.
fn read_to_end(from: Option<impl Read + Send + 'static>) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut from) = from {
            let _ = from.read_to_end(&mut bytes);
        }
        let _ = sender.send(String::from_utf8_lossy(&bytes).into_owned());
    });
    receiver
}

struct KillOnDrop(Child);

impl KillOnDrop {
    fn spawn(command: &mut Command) -> Result<Self> {
        let child = command.spawn().with_context(|| {
            format!("could not start {}", command.get_program().display())
        })?;
        Ok(Self(child))
    }
}

impl Drop for KillOnDrop {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The HTTP server as a child process. It exits when this is dropped, or when its
/// stdin is closed because this process died.
pub struct Server {
    pub url: String,
    _stdin: Option<ChildStdin>,
    _child: KillOnDrop,
}

impl Server {
    pub fn start(mut command: Command) -> Result<Self> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = KillOnDrop::spawn(&mut command)?;
        let mut url = String::new();
        if let Some(stdout) = child.0.stdout.take() {
            BufReader::new(stdout).read_line(&mut url)?;
        }
        if !url.starts_with("http://") {
            bail!("the web server did not start");
        }
        let url = url.trim_end().to_owned();
        Ok(Self { url, _stdin: child.0.stdin.take(), _child: child })
    }
}

/// A command whose soft limit of open files is raised to the hard limit.
pub fn with_all_files(program: impl AsRef<OsStr>) -> Command {
    if cfg!(not(unix)) {
        return Command::new(program);
    }
    let mut command = Command::new("sh");
    command.args(["-c", &format!("{RAISE_LIMIT} exec \"$@\""), "sh"]).arg(program);
    command
}

/// On macOS the hard limit is "unlimited", but the kernel refuses more than 10,240.
const RAISE_LIMIT: &str = "ulimit -S -n \"$(ulimit -H -n)\" 2>/dev/null \
                           || ulimit -S -n 10240 2>/dev/null;";

/// The number of files and sockets that such a command may have open.
pub fn max_open_files() -> usize {
    let command = format!("{RAISE_LIMIT} ulimit -n");
    let limit =
        output(Command::new("sh").args(["-c", &command]), Duration::from_secs(5));
    match limit.as_deref().map(str::trim) {
        Ok("unlimited") => usize::MAX,
        Ok(number) => number.parse().unwrap_or(256),
        // No shell, so this is Windows, which does not limit sockets.
        Err(_) => usize::MAX,
    }
}

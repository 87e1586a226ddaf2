//! Programs that are run to their end, or to their deadline. They stay in this
//! process's group, so that Ctrl-C ends all.

use anyhow::{Context, Result, bail};
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// What the program prints on its way to a good end.
///
/// Fails, with the last line it has to say, if its end is a bad one, or if it is
/// still there after `limit`: then it is killed.
pub fn output(command: &mut Command, limit: Duration) -> Result<String> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = Running::spawn(command)?;
    let (out, error) = (read(child.0.stdout.take()), read(child.0.stderr.take()));
    let Ok(text) = out.recv_timeout(limit) else {
        bail!("it was stopped after {} s", limit.as_secs());
    };
    let status = child.0.wait().context("cannot tell how it ended")?;
    if status.success() {
        return Ok(text);
    }
    let said = error.recv_timeout(Duration::from_secs(1)).unwrap_or_default();
    match said.trim().lines().last() {
        Some(line) => bail!("{line}"),
        None => bail!("it ended with {status}"),
    }
}

/// Reads in a thread, and sends all of it at the end.
fn read(from: Option<impl Read + Send + 'static>) -> mpsc::Receiver<String> {
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

/// A program that does not outlive this.
struct Running(Child);

impl Running {
    fn spawn(command: &mut Command) -> Result<Self> {
        let name = command.get_program().to_owned();
        let child = command.spawn();
        let child =
            child.with_context(|| format!("cannot start {}", name.display()))?;
        Ok(Self(child))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A web server, gone when this is dropped, or when this process is.
pub struct Server {
    pub url: String,
    _input: Option<ChildStdin>,
    _child: Running,
}

impl Server {
    pub fn start(mut command: Command) -> Result<Self> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = Running::spawn(&mut command)?;
        let mut url = String::new();
        if let Some(out) = child.0.stdout.take() {
            BufReader::new(out).read_line(&mut url)?;
        }
        if !url.starts_with("http://") {
            bail!("the web server did not start");
        }
        let url = url.trim_end().to_owned();
        Ok(Self { url, _input: child.0.stdin.take(), _child: child })
    }
}

/// A command that may have as many files and sockets open as this user may.
pub fn with_all_files(program: impl AsRef<OsStr>) -> Command {
    if cfg!(not(unix)) {
        return Command::new(program);
    }
    let mut command = Command::new("sh");
    command.args(["-c", &format!("{RAISE} exec \"$@\""), "sh"]).arg(program);
    command
}

/// Where the hard limit is more than the system really allows, as on macOS, as many
/// as it does.
const RAISE: &str = "ulimit -S -n \"$(ulimit -H -n)\" 2>/dev/null \
                     || ulimit -S -n 10240 2>/dev/null;";

/// How many files and sockets such a command may have open.
pub fn files() -> usize {
    let command = format!("{RAISE} ulimit -n");
    let answer =
        output(Command::new("sh").args(["-c", &command]), Duration::from_secs(5));
    match answer.as_deref().map(str::trim) {
        Ok("unlimited") => usize::MAX,
        Ok(number) => number.parse().unwrap_or(256),
        // No shell, so no Unix: sockets are not counted there.
        Err(_) => usize::MAX,
    }
}

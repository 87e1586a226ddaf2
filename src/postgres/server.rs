//! A private server and the shell script that guards it.
//!
//! The life of a server:
//!
//! ```text
//! lesson                          guard.sh
//! spawn ------------------------> mkdir DIR
//! read stdout until it closes <-- close stdout
//! copy a template to DIR/data,
//!   or write "initdb\n" --------> run initdb
//! write "start\n" --------------> run postgres
//! poll DIR/data/postmaster.pid
//! ... query ...
//! close stdin, or die ----------> kill -QUIT postgres, rm -r DIR
//! wait for the guard to exit <--- exit
//! ```
//!
//! The guard creates the directory itself, before anything is in it, so there is no
//! moment in which a killed lesson could leave one behind. It runs in a process
//! group of its own: a Ctrl-C in the terminal goes to the lesson, and reaches the
//! guard as the end of stdin. If the guard itself is killed, a second shell does its
//! work, and if that is killed as well, `Drop` does.

use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::path::{self, Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};

use super::programs::{Programs, User, command};
use super::{Problem, template};

/// A start takes 0.2 s, but a machine that is swapping may take much longer.
const START_TIMEOUT: Duration = Duration::from_secs(30);
const STOP_TIMEOUT: Duration = Duration::from_secs(5);
const POLL_INTERVAL: Duration = Duration::from_millis(5);

/// The limit on macOS and the BSDs, where the path and its NUL byte take up to 104
/// bytes.
const SOCKET_PATH_MAX: usize = 103;
const SOCKET: &str = ".s.PGSQL.5432";

/// Settings for a server that lives for seconds and whose data need not survive a
/// crash.
const SETTINGS: &[&str] = &[
    "listen_addresses=", // no network port
    "fsync=off",
    "full_page_writes=off",
    "synchronous_commit=off",
    "shared_buffers=16MB",
    "dynamic_shared_memory_type=mmap", // in its directory, to be removed with it
    "autovacuum=off",
    "jit=off", // compiling takes longer than our queries
    "max_connections=100",
    "logging_collector=off",
];

/// The source of a server's data directory.
pub(super) enum Data {
    /// A copy of this template.
    Copy(PathBuf),
    /// A run of `initdb`, to be saved as a template.
    New { save_as: Option<PathBuf> },
}

/// A running server. Dropping it stops the server and removes its directory.
pub(super) struct Server {
    dir: PathBuf,
    guard: Child,
    user: Option<User>,
}

impl Server {
    /// Starts a server, and blocks until it accepts connections.
    pub fn start(programs: &Programs, data: &Data) -> Result<Server, Problem> {
        let (mut failure, mut unusable) = (None, String::new());
        for parent in parents() {
            match Server::guarded_in(&parent, programs) {
                Ok(mut server) => match server.run(programs, data) {
                    Ok(()) => return Ok(server),
                    // The disk may be full, so try the next directory.
                    Err(problem) => failure = Some(problem),
                },
                Err(why) => unusable += &format!("{}: {why}\n", parent.display()),
            }
        }
        Err(failure.unwrap_or_else(|| {
            let what = "could not create a directory for it";
            Problem::private_server(what, &unusable)
        }))
    }

    /// Creates the data directory and runs the server on it.
    fn run(&mut self, programs: &Programs, data: &Data) -> Result<(), Problem> {
        let dir = self.dir.join("data");
        match data {
            Data::Copy(template) => {
                template::copy(template, &dir, programs.user).map_err(|error| {
                    let what = "could not copy its data directory";
                    Problem::private_server(what, &error.to_string())
                })?;
            }
            Data::New { save_as } => {
                self.initdb()?;
                if let Some(template) = save_as {
                    // Without a template, as in a read-only target directory, each
                    // start only takes a second longer.
                    let _ = template::save(&dir, template);
                }
            }
        }
        self.command("start");
        self.wait_until_ready()
    }

    /// Sends a command to the guard. If the guard has exited, `poll` notices.
    fn command(&mut self, command: &str) {
        if let Some(stdin) = &mut self.guard.stdin {
            let _ = stdin.write_all(format!("{command}\n").as_bytes());
        }
    }

    /// Creates a new data directory.
    fn initdb(&mut self) -> Result<(), Problem> {
        self.command("initdb");
        self.poll(|dir| {
            let status = fs::read_to_string(dir.join("initdb")).ok()?;
            match status.strip_suffix('\n')? {
                "0" => Some(Ok(())),
                _ => Some(Err("initdb failed".to_owned())),
            }
        })
    }

    /// Returns a URL such as `postgresql://workbook@%2Ftmp%2F.../postgres`, with the
    /// percent-encoded directory as the host. The alternative,
    /// `?host=...&options=...`, contains an `&` and cannot be pasted into a shell.
    pub fn url(&self) -> String {
        const RESERVED: &AsciiSet =
            &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_');
        let host = percent_encode(self.dir.as_os_str().as_bytes(), RESERVED);
        format!("postgresql://workbook@{host}/postgres")
    }

    /// Starts a guard, which creates a directory for itself and the server.
    fn guarded_in(parent: &Path, programs: &Programs) -> Result<Server, String> {
        let parent = path::absolute(parent).map_err(|error| error.to_string())?;
        let dir = parent.join(template::unique("workbook-pg"));
        if dir.as_os_str().len() + 1 + SOCKET.len() > SOCKET_PATH_MAX {
            return Err("the path is too long for a Unix socket".into());
        }
        // Clients parse a comma in a URL as the separator of two hosts.
        if dir.to_str().is_none_or(|name| name.contains(',')) {
            return Err("the path has a comma or is not valid UTF-8".into());
        }
        let mut guard = guard(&dir, programs.user)
            .arg(&programs.dir)
            .arg("-D")
            .arg(dir.join("data"))
            // Relative to the data directory, so it needs no quoting in the setting.
            .args(["-k", "..", "-p", "5432"])
            .args(SETTINGS.iter().flat_map(|setting| ["-c", setting]))
            .stdin(Stdio::piped())
            // Not inherited: a program that reads the lesson's output through a pipe
            // would otherwise wait for the guard to exit, too.
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("could not run /bin/sh: {error}"))?;
        // Returns when the directory exists, or with the reason why it does not.
        let mut why = String::new();
        if let Some(mut stdout) = guard.stdout.take() {
            stdout.read_to_string(&mut why).map_err(|error| error.to_string())?;
        }
        match why.trim() {
            "" => Ok(Server { dir, guard, user: programs.user }),
            why => {
                let _ = guard.wait();
                Err(why.to_owned())
            }
        }
    }

    fn wait_until_ready(&mut self) -> Result<(), Problem> {
        let deadline = Instant::now() + START_TIMEOUT;
        self.poll(|dir| {
            // The eighth line of this file is the state of the server.
            let state = fs::read_to_string(dir.join("data/postmaster.pid"));
            if state.is_ok_and(|text| {
                text.lines().nth(7).map(str::trim) == Some("ready")
            }) {
                Some(Ok(()))
            } else if dir.join("exited").exists() {
                Some(Err("it exited during startup".to_owned()))
            } else if Instant::now() > deadline {
                let seconds = START_TIMEOUT.as_secs();
                Some(Err(format!("it was not ready after {seconds} s")))
            } else {
                None
            }
        })
    }

    /// Waits until `done` returns `Some`; its error names the step that failed. Also
    /// fails if the guard exits.
    fn poll(
        &mut self,
        done: impl Fn(&Path) -> Option<Result<(), String>>,
    ) -> Result<(), Problem> {
        let failed = loop {
            let exited = !matches!(self.guard.try_wait(), Ok(None));
            match done(&self.dir) {
                Some(Ok(())) => return Ok(()),
                Some(Err(failed)) => break failed,
                None if exited => {
                    break "the shell that guards it exited".to_owned();
                }
                None => thread::sleep(POLL_INTERVAL),
            }
        };
        let log = match last_lines(&self.dir.join("log")) {
            log if log.is_empty() => {
                format!("No log in {}; the disk may be full.", self.dir.display())
            }
            log => log,
        };
        Err(Problem::private_server(&failed, &log))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The guard waits for the end of this pipe.
        drop(self.guard.stdin.take());
        let deadline = Instant::now() + STOP_TIMEOUT;
        while matches!(self.guard.try_wait(), Ok(None)) && Instant::now() < deadline
        {
            thread::sleep(POLL_INTERVAL);
        }
        // The guard was killed or did not finish in time: let another one remove the
        // directory.
        if self.dir.exists() {
            let _ = guard(&self.dir, self.user).status();
        }
    }
}

/// Returns the command that runs `guard.sh` for a directory.
fn guard(dir: &Path, user: Option<User>) -> Command {
    let mut guard = command("/bin/sh", user);
    guard
        .args(["-c", include_str!("guard.sh"), "guard"])
        .arg(dir)
        .stderr(Stdio::null())
        .process_group(0);
    guard
}

/// Returns the possible parents of a server's directory: `TMPDIR`, or a file system
/// in memory, then `/tmp`. A server creates and removes some 400 files, which can
/// take seconds on a disk (as on an ext4 without a journal).
fn parents() -> Vec<PathBuf> {
    let tmpdir = env::var_os("TMPDIR").filter(|dir| !dir.is_empty());
    let first = tmpdir.map_or_else(|| PathBuf::from("/dev/shm"), PathBuf::from);
    vec![first, PathBuf::from("/tmp")]
}

/// Returns the last ten lines of a log, without those that continue a message, such
/// as the SQL of a statement.
fn last_lines(log: &Path) -> String {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> =
        text.lines().filter(|line| !line.starts_with('\t')).collect();
    lines[lines.len().saturating_sub(10)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_do_not_fit_a_socket_or_a_url_are_rejected() {
        // Rejected before any program runs.
        let dir = PathBuf::from("/no/such/programs");
        let programs = Programs { dir, version: "15".into(), user: None };
        let rejected = |parent: &str| {
            Server::guarded_in(Path::new(parent), &programs).map(|_| ()).unwrap_err()
        };
        assert_eq!(
            rejected("/tmp/a,b"),
            "the path has a comma or is not valid UTF-8"
        );
        let long = format!("/tmp/{}", "x".repeat(90));
        assert_eq!(rejected(&long), "the path is too long for a Unix socket");
    }
}

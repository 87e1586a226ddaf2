//! A private server and the `sh` that watches over it.

use std::{
    env, fs,
    io::{self, Read, Write},
    os::unix::process::CommandExt,
    path::{self, Path, PathBuf},
    process::{Child, Stdio},
    thread,
    time::{Duration, Instant},
};

use super::{
    Problem,
    programs::{Programs, command, output},
    template,
};

/// A server takes a fifth of a second; a machine that swaps may take much longer.
const START_WITHIN: Duration = Duration::from_secs(30);
const STOP_WITHIN: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(5);

/// The address of a Unix socket has 104 bytes on macOS and the BSDs, the last one
/// zero.
const SOCKET_PATH_MAX: usize = 103;
const SOCKET: &str = ".s.PGSQL.5432";

/// What suits a server that lives for seconds and whose data nobody will miss.
const SETTINGS: &[&str] = &[
    "listen_addresses=", // no network port
    "fsync=off",
    "full_page_writes=off",
    "synchronous_commit=off",
    "shared_buffers=16MB",
    "dynamic_shared_memory_type=mmap", // in its folder, so that it goes with it
    "autovacuum=off",
    "jit=off", // takes longer than our queries
    "max_connections=100",
    "logging_collector=off",
];

/// Where a server's data comes from.
pub(super) enum Data {
    /// A template made earlier.
    Copy(PathBuf),
    /// A run of `initdb`, kept as a template if there is a place for it.
    New { save_as: Option<PathBuf> },
}

/// A running server. Dropping it stops the server and removes its folder.
pub(super) struct Server {
    folder: PathBuf,
    guard: Child,
}

impl Server {
    /// Blocks until the server takes connections.
    pub fn start(programs: &Programs, data: &Data) -> Result<Server, Problem> {
        let (mut failure, mut no_place) = (None, String::new());
        for parent in parents() {
            // The guard comes first, so that there is never a folder without one.
            match Server::guarded_in(&parent, programs) {
                Ok(mut server) => match server.run(programs, data) {
                    Ok(()) => return Ok(server),
                    // The next place may have more room.
                    Err(problem) => failure = Some(problem),
                },
                Err(why) => no_place += &format!("{}: {why}\n", parent.display()),
            }
        }
        Err(failure.unwrap_or_else(|| {
            problem("there is no place for its folder", no_place)
        }))
    }

    /// Fills the folder and runs the server on it.
    fn run(&mut self, programs: &Programs, data: &Data) -> Result<(), Problem> {
        let folder = self.folder.join("data");
        match data {
            Data::Copy(template) => {
                template::copy(template, &folder, programs.user).map_err(
                    |error| {
                        problem("copying its data folder failed", error.to_string())
                    },
                )?;
            }
            Data::New { save_as } => {
                initdb(programs, &folder)?;
                if let Some(template) = save_as {
                    // A read-only or full target folder costs a second at each
                    // start.
                    let _ = template::save(&folder, template);
                }
            }
        }
        if let Some(pipe) = &mut self.guard.stdin {
            // If the guard is gone, that is noticed at once below.
            let _ = pipe.write_all(b"start\n");
        }
        self.wait_until_ready()
    }

    /// `postgresql://workbook@%2Ftmp%2F.../postgres`: a percent-encoded folder in
    /// the host's place. The other form, `?host=...&options=...`, has an `&`, and
    /// does not survive being pasted into a shell.
    pub fn url(&self) -> String {
        let mut url = String::from("postgresql://workbook@");
        for byte in self.folder.to_string_lossy().bytes() {
            match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' => {
                    url.push(byte.into());
                }
                _ => url += &format!("%{byte:02X}"),
            }
        }
        url + "/postgres"
    }

    /// Starts a guard, which makes a folder for itself and the server.
    fn guarded_in(parent: &Path, programs: &Programs) -> Result<Server, String> {
        let parent = path::absolute(parent).map_err(|error| error.to_string())?;
        let folder = parent.join(template::unique("workbook-pg"));
        if folder.as_os_str().len() + 1 + SOCKET.len() > SOCKET_PATH_MAX {
            return Err("too long for the path of a socket".into());
        }
        // Clients read a comma as the end of one host and the start of the next.
        if folder.to_str().is_none_or(|name| name.contains(',')) {
            return Err("not a name that fits in a URL".into());
        }
        let mut guard = command("/bin/sh", programs.user)
            .args(["-c", include_str!("guard.sh"), "guard"])
            .arg(&folder)
            .arg(programs.folder.join("postgres"))
            .arg("-D")
            .arg(folder.join("data"))
            // Relative to the data folder: no quoting, and no limit to its length.
            .args(["-k", "..", "-p", "5432"])
            .args(SETTINGS.iter().flat_map(|setting| ["-c", setting]))
            .stdin(Stdio::piped())
            // Not ours: whoever reads this program's output from a pipe would wait
            // for the guard to end, too.
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            // Out of reach of a Ctrl-C in the terminal, which goes to a whole group.
            .process_group(0)
            .spawn()
            .map_err(|error| format!("/bin/sh does not run: {error}"))?;
        let stdout = guard.stdout.take();
        let server = Server { folder, guard };
        // Ends once there is a folder, or a reason why there is none.
        let mut why = String::new();
        if let Some(mut stdout) = stdout {
            stdout.read_to_string(&mut why).map_err(|error| error.to_string())?;
        }
        match why.trim() {
            "" => Ok(server),
            why => Err(why.to_owned()),
        }
    }

    fn wait_until_ready(&mut self) -> Result<(), Problem> {
        let deadline = Instant::now() + START_WITHIN;
        loop {
            // The eighth line is the server's state, written for programs to read.
            let state = fs::read_to_string(self.folder.join("data/postmaster.pid"));
            if state.is_ok_and(|text| {
                text.lines().nth(7).map(str::trim) == Some("ready")
            }) {
                return Ok(());
            }
            let what = if self.folder.join("exited").exists() {
                "it ended as soon as it was started"
            } else if !matches!(self.guard.try_wait(), Ok(None)) {
                "the shell that runs it ended"
            } else if Instant::now() > deadline {
                "it is not ready after 30 s"
            } else {
                thread::sleep(POLL);
                continue;
            };
            return Err(problem(what, last_lines(&self.folder.join("log"))));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The end of this pipe is what the guard waits for.
        drop(self.guard.stdin.take());
        let deadline = Instant::now() + STOP_WITHIN;
        while matches!(self.guard.try_wait(), Ok(None)) && Instant::now() < deadline
        {
            thread::sleep(POLL);
        }
    }
}

/// Where a server's folder may go, the best place first: where `TMPDIR` says, or in
/// memory. A start makes and removes some 400 files, and a disk can take seconds
/// over that (seen on an ext4 without a journal).
fn parents() -> Vec<PathBuf> {
    let wished = env::var_os("TMPDIR").filter(|folder| !folder.is_empty());
    let best = wished.map_or_else(|| PathBuf::from("/dev/shm"), PathBuf::from);
    vec![best, PathBuf::from("/tmp")]
}

fn initdb(programs: &Programs, data: &Path) -> Result<(), Problem> {
    let mut initdb = command(programs.folder.join("initdb"), programs.user);
    initdb
        .arg("-D")
        .arg(data)
        .args(["--username=workbook", "--auth=trust"]) // the folder keeps others out
        .args(["--encoding=UTF8", "--locale=C"])
        .args(["--wal-segsize=1", "--no-sync"]); // quick to make, small to copy
    output(&mut initdb).map_err(|why| problem("initdb failed", why))?;
    // If it fails, each start is slower, and no more.
    let _ = keep_one_database(programs, data);
    Ok(())
}

/// `initdb` makes three databases. Lessons need none to make others from, and
/// without the two templates there are 400 files to copy and remove at each start,
/// not 1,000.
fn keep_one_database(programs: &Programs, data: &Path) -> io::Result<()> {
    const COMMANDS: &str = "\
        UPDATE pg_database SET datistemplate = false\n\
        DROP DATABASE template0\n\
        DROP DATABASE template1\n";
    let mut postgres = command(programs.folder.join("postgres"), programs.user)
        .args(["--single", "-F", "-D"])
        .arg(data)
        .arg("postgres")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let written = match postgres.stdin.take() {
        Some(mut stdin) => stdin.write_all(COMMANDS.as_bytes()),
        None => Ok(()),
    };
    postgres.wait()?;
    written
}

fn last_lines(log: &Path) -> String {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(10)..].join("\n")
}

fn problem(what: &str, why: String) -> Problem {
    Problem::NoServer { what: what.into(), why: why.trim_end().to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_folders_cannot_hold_a_socket() {
        // Refused before anything is run.
        let folder = PathBuf::from("/no/such/programs");
        let programs = Programs { folder, version: "15".into(), user: None };
        let refused = |parent: &str| {
            Server::guarded_in(Path::new(parent), &programs).map(|_| ()).unwrap_err()
        };
        assert_eq!(refused("/tmp/a,b"), "not a name that fits in a URL");
        let long = format!("/tmp/{}", "x".repeat(90));
        assert_eq!(refused(&long), "too long for the path of a socket");
    }
}

//! Finds the PostgreSQL programs, and a user who may run them.

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

use super::Problem;

/// Installation directories that contain a version number, as
/// `{parent}/{prefix}*/{bin}`.
const VERSIONED: &[(&str, &str, &str)] = &[
    ("/usr/lib/postgresql", "", "bin"),
    ("/usr", "pgsql-", "bin"),
    ("/opt/homebrew/opt", "postgresql@", "bin"),
    ("/usr/local/opt", "postgresql@", "bin"),
    ("/Applications/Postgres.app/Contents/Versions", "", "bin"),
];

/// Other installation directories.
const PLAIN: &[&str] = &[
    "/opt/homebrew/bin",
    "/usr/local/opt/postgresql/bin",
    "/usr/local/bin",
    "/usr/local/pgsql/bin",
    "/usr/bin",
];

/// A PostgreSQL installation.
#[derive(Clone)]
pub(super) struct Programs {
    /// The directory of `initdb` and `postgres`.
    pub dir: PathBuf,
    /// The version, such as `15.18`.
    pub version: String,
    /// The user who runs them, if it is not the current one.
    pub user: Option<User>,
}

/// A user and their primary group.
#[derive(Clone, Copy)]
pub(super) struct User {
    pub uid: u32,
    pub gid: u32,
}

impl Programs {
    /// Returns the first installation whose programs run: from `PATH`, from
    /// `pg_config`, then the highest version in the usual directories.
    pub fn find() -> Result<Programs, Problem> {
        let user = user()?;
        let (dirs, searched) = match env::var_os("WORKBOOK_POSTGRES_BIN") {
            Some(dir) if !dir.is_empty() => {
                let dir = PathBuf::from(dir);
                let text = format!("{} (WORKBOOK_POSTGRES_BIN)", dir.display());
                (vec![dir], text)
            }
            _ => (candidates(), describe_candidates()),
        };
        let mut broken = String::new();
        for dir in dirs {
            if !["initdb", "postgres"].iter().all(|p| dir.join(p).is_file()) {
                continue;
            }
            match version(&dir, user) {
                Ok(version) => return Ok(Programs { dir, version, user }),
                Err(why) => {
                    broken += &format!(
                        "Could not run {}/postgres: {why}\n",
                        dir.display()
                    );
                }
            }
        }
        Err(Problem::no_programs(&searched, &broken))
    }
}

/// Creates a command to run as the server's user: in a directory which that user can
/// enter, with messages in English, and with the system's tools on `PATH`.
pub(super) fn command(program: impl AsRef<Path>, user: Option<User>) -> Command {
    let mut path = env::var_os("PATH").unwrap_or_default();
    path.push(":/usr/bin:/bin");
    let mut command = Command::new(program.as_ref());
    command
        .current_dir("/")
        .env("PATH", path)
        .env("LC_ALL", "C")
        .stdin(Stdio::null());
    if let Some(User { uid, gid }) = user {
        command.uid(uid).gid(gid);
    }
    command
}

/// Runs a command and returns its stdout.
///
/// # Errors
///
/// If it cannot be started; or its stderr, if it fails.
pub(super) fn output(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
    }
    match String::from_utf8_lossy(&output.stderr).trim() {
        "" => Err(output.status.to_string()),
        text => Err(text.to_owned()),
    }
}

/// Parses the version from the output of `postgres --version`, such as
/// `postgres (PostgreSQL) 15.18 (Debian 15.18-1)`.
fn version(dir: &Path, user: Option<User>) -> Result<String, String> {
    let line = output(command(dir.join("postgres"), user).arg("--version"))?;
    let number = line.split(' ').find(|word| {
        word.starts_with(|first: char| first.is_ascii_digit()) && !word.contains('/')
    });
    number.map(str::to_owned).ok_or(line)
}

fn describe_candidates() -> String {
    let mut text = String::from("PATH, pg_config --bindir");
    for (parent, prefix, bin) in VERSIONED {
        text += &format!(", {parent}/{prefix}*/{bin}");
    }
    for dir in PLAIN {
        text += &format!(", {dir}");
    }
    text
}

/// Returns the directories to search, in order.
fn candidates() -> Vec<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut dirs: Vec<PathBuf> =
        env::split_paths(&path).filter(|dir| dir.is_absolute()).collect();
    if let Ok(dir) = output(command("pg_config", None).arg("--bindir")) {
        dirs.push(dir.into());
    }
    let mut versioned = Vec::new();
    for (parent, prefix, bin) in VERSIONED {
        for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
            let name = entry.file_name();
            if let Some(version) =
                name.to_str().and_then(|name| name.strip_prefix(prefix))
            {
                versioned.push((numbers(version), entry.path().join(bin)));
            }
        }
    }
    versioned.sort_by(|(left, _), (right, _)| right.cmp(left));
    dirs.extend(versioned.into_iter().map(|(_, dir)| dir));
    dirs.extend(PLAIN.iter().map(PathBuf::from));
    dirs
}

/// Parses a version into its numbers, so that 15 is higher than 9.6.
fn numbers(version: &str) -> Vec<u32> {
    version.split('.').map_while(|part| part.parse().ok()).collect()
}

/// Returns the user to run the programs as, if it is not the current one: PostgreSQL
/// refuses to run as root, so for root this is `postgres` or `nobody`.
fn user() -> Result<Option<User>, Problem> {
    match output(command("id", None).arg("-u")) {
        Ok(uid) if uid != "0" => return Ok(None),
        Ok(_) => {}
        Err(why) => return Err(Problem::private_server("id -u failed", &why)),
    }
    let what =
        "PostgreSQL refuses to run as root, and there is no other user for it";
    let passwd = fs::read_to_string("/etc/passwd").map_err(|error| {
        Problem::private_server(
            what,
            &format!("could not read /etc/passwd: {error}"),
        )
    })?;
    ["postgres", "_postgres", "nobody"]
        .iter()
        .find_map(|name| look_up(&passwd, name))
        .map(Some)
        .ok_or_else(|| {
            let why = "/etc/passwd has neither a user postgres nor a user nobody.";
            Problem::private_server(what, why)
        })
}

/// Finds a user in `/etc/passwd`, which has lines of the form
/// `name:password:uid:gid:...`.
fn look_up(passwd: &str, name: &str) -> Option<User> {
    let line = passwd.lines().find(|line| line.split(':').next() == Some(name))?;
    // On macOS the ids of `nobody` are -2, which is the same bits.
    let mut ids = line.split(':').skip(2).map(|id| id.parse::<i64>());
    Some(User { uid: ids.next()?.ok()? as u32, gid: ids.next()?.ok()? as u32 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_numerically() {
        assert!(numbers("15") > numbers("9.6"));
        assert!(numbers("17") > numbers("latest"));
    }

    #[test]
    fn users_are_looked_up_by_their_full_name() {
        let passwd = "postgresql:x:1:2::/:/bin/sh\npostgres:x:101:104::/:/bin/sh\n\
                      nobody:*:-2:-2::/:/bin/false\n";
        let postgres = look_up(passwd, "postgres").unwrap();
        assert_eq!((postgres.uid, postgres.gid), (101, 104));
        assert_eq!(look_up(passwd, "nobody").unwrap().uid, u32::MAX - 1);
        assert!(look_up(passwd, "ada").is_none());
    }
}

//! Finds the PostgreSQL programs, and the user who may run them.

use std::{
    env, fs,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::Problem;

/// Where packages put one folder a version: parent, what its name begins with, and
/// what follows it.
const VERSIONED: &[(&str, &str, &str)] = &[
    ("/usr/lib/postgresql", "", "bin"),
    ("/usr", "pgsql-", "bin"),
    ("/opt/homebrew/opt", "postgresql@", "bin"),
    ("/usr/local/opt", "postgresql@", "bin"),
    ("/Applications/Postgres.app/Contents/Versions", "", "bin"),
];

/// Where other installations put them.
const PLAIN: &[&str] = &[
    "/opt/homebrew/bin",
    "/usr/local/opt/postgresql/bin",
    "/usr/local/bin",
    "/usr/local/pgsql/bin",
    "/usr/bin",
];

/// An installed PostgreSQL that can be run here.
#[derive(Clone)]
pub(super) struct Programs {
    /// Holds `initdb` and `postgres`.
    pub folder: PathBuf,
    /// Such as `15.18`.
    pub version: String,
    /// Who runs them, when it cannot be us.
    pub user: Option<User>,
}

/// A user of this machine.
#[derive(Clone, Copy)]
pub(super) struct User {
    pub uid: u32,
    pub gid: u32,
}

impl Programs {
    /// Takes the first folder whose programs run: on `PATH`, by `pg_config`, then
    /// the highest version in the usual places.
    pub fn find() -> Result<Programs, Problem> {
        let user = user()?;
        let (folders, looked_in) = match env::var_os("WORKBOOK_POSTGRES_BIN") {
            Some(folder) if !folder.is_empty() => {
                let folder = PathBuf::from(folder);
                let text = format!("{} (WORKBOOK_POSTGRES_BIN)", folder.display());
                (vec![folder], text)
            }
            _ => (folders(), looked_in()),
        };
        let mut broken = String::new();
        for folder in folders {
            if !["initdb", "postgres"].iter().all(|p| folder.join(p).is_file()) {
                continue;
            }
            match version(&folder, user) {
                Ok(version) => {
                    return Ok(Programs { folder, version, user });
                }
                Err(why) => {
                    broken +=
                        &format!("Does not run: {}: {why}\n", folder.display());
                }
            }
        }
        Err(Problem::NoPrograms { looked_in, broken })
    }
}

/// A command that the server's user runs: from a folder that user can enter, in
/// English, and with the system's own tools at hand whatever `PATH` is.
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

/// Runs a command to its end.
///
/// # Errors
///
/// Why it could not be started, or what it wrote to standard error if it failed.
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

/// The version, from a line such as `postgres (PostgreSQL) 15.18 (Debian 15.18-1)`.
fn version(folder: &Path, user: Option<User>) -> Result<String, String> {
    let line = output(command(folder.join("postgres"), user).arg("--version"))?;
    let number = line.split(' ').find(|word| {
        word.starts_with(|first: char| first.is_ascii_digit()) && !word.contains('/')
    });
    number.map(str::to_owned).ok_or(line)
}

fn looked_in() -> String {
    let mut text = String::from("PATH, pg_config --bindir");
    for (parent, prefix, bin) in VERSIONED {
        text += &format!(", {parent}/{prefix}*/{bin}");
    }
    for folder in PLAIN {
        text += &format!(", {folder}");
    }
    text
}

fn folders() -> Vec<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> =
        env::split_paths(&path).filter(|folder| folder.is_absolute()).collect();
    if let Ok(folder) = output(command("pg_config", None).arg("--bindir")) {
        folders.push(folder.into());
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
    folders.extend(versioned.into_iter().map(|(_, folder)| folder));
    folders.extend(PLAIN.iter().map(PathBuf::from));
    folders
}

/// A version as numbers, so that 15 is higher than 9.6.
fn numbers(version: &str) -> Vec<u32> {
    version.split('.').map_while(|part| part.parse().ok()).collect()
}

/// Nobody in particular for an ordinary user; for root, whom PostgreSQL refuses to
/// serve, `postgres` or `nobody`.
fn user() -> Result<Option<User>, Problem> {
    let problem =
        |what: &str, why: String| Problem::NoServer { what: what.into(), why };
    match output(command("id", None).arg("-u")) {
        Ok(uid) if uid != "0" => return Ok(None),
        Ok(_) => {}
        Err(why) => return Err(problem("id -u failed", why)),
    }
    let what = "PostgreSQL does not run as root, and there is no other user for it";
    let passwd = fs::read_to_string("/etc/passwd")
        .map_err(|error| problem(what, format!("/etc/passwd: {error}")))?;
    ["postgres", "_postgres", "nobody"]
        .iter()
        .find_map(|name| look_up(&passwd, name))
        .map(Some)
        .ok_or_else(|| {
            let why = "Neither postgres nor nobody is in /etc/passwd.";
            problem(what, why.into())
        })
}

/// Finds a user in `/etc/passwd`, whose lines are `name:password:uid:gid:...`.
fn look_up(passwd: &str, name: &str) -> Option<User> {
    let line = passwd.lines().find(|line| line.split(':').next() == Some(name))?;
    // macOS writes nobody's as -2, and means the same bits.
    let mut ids = line.split(':').skip(2).map(|id| id.parse::<i64>());
    Some(User { uid: ids.next()?.ok()? as u32, gid: ids.next()?.ok()? as u32 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_as_numbers() {
        assert!(numbers("15") > numbers("9.6"));
        assert!(numbers("17") > numbers("latest"));
    }

    #[test]
    fn users_are_found_by_their_whole_name() {
        let passwd = "postgresql:x:1:2::/:/bin/sh\npostgres:x:101:104::/:/bin/sh\n\
                      nobody:*:-2:-2::/:/bin/false\n";
        let postgres = look_up(passwd, "postgres").unwrap();
        assert_eq!((postgres.uid, postgres.gid), (101, 104));
        assert_eq!(look_up(passwd, "nobody").unwrap().uid, u32::MAX - 1);
        assert!(look_up(passwd, "ada").is_none());
    }
}

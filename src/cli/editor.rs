//! `open`: the exercise in the learner's editor.

use super::job;
use super::learner;
use super::progress::Progress;
use super::repo::Repo;
use super::screen::Screen;
use anyhow::{Context, Result, bail};
use async_workbook::Lesson;
use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

/// Editors with windows of their own. They are started, and not waited for.
const WITH_WINDOWS: &[&str] = &[
    "code",
    "code-insiders",
    "codium",
    "cursor",
    "windsurf",
    "zed",
    "zeditor",
    "subl",
    "rustrover",
    "idea",
    "clion",
    "fleet",
    "lapce",
    "gvim",
    "kate",
    "gedit",
    "gnome-text-editor",
    "mate",
    "bbedit",
    "notepad",
];

/// Where nothing is set, the first of these that is there.
const USUAL: &[&str] = &[
    "code", "codium", "cursor", "zed", "zeditor", "hx", "helix", "nvim", "vim",
    "emacs", "nano", "micro", "vi",
];

/// An editor, as a shell would be told to start it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Editor {
    command: OsString,
    /// Whether the terminal is its window.
    in_terminal: bool,
}

impl Editor {
    fn new(command: OsString) -> Editor {
        let text = command.to_string_lossy();
        let has_window = |program: &str| {
            let program = program.trim_matches(['"', '\'']);
            let name = Path::new(program).file_stem().unwrap_or_default();
            WITH_WINDOWS.iter().any(|window| name == OsStr::new(window))
        };
        let in_terminal = !text.split_whitespace().take(1).any(has_window);
        Editor { in_terminal, command }
    }

    /// The learner's, or a usual one.
    fn find(
        variable: impl Fn(&str) -> Option<OsString>,
        is_there: impl Fn(&str) -> bool,
    ) -> Option<Editor> {
        let set = ["VISUAL", "EDITOR"].into_iter().find_map(|name| {
            variable(name).filter(|value| !value.to_string_lossy().trim().is_empty())
        });
        let usual = || USUAL.iter().find(|name| is_there(name)).map(OsString::from);
        set.or_else(usual).map(Editor::new)
    }

    /// The command that opens a file. A shell takes what is set apart, as it does for
    /// git: it may have arguments, and spaces in quotes.
    fn open(&self, file: &Path) -> Command {
        if cfg!(windows) {
            let text = self.command.to_string_lossy();
            let mut words = text.split_whitespace();
            let mut command = Command::new("cmd");
            command.arg("/c").args(words.by_ref()).arg(file);
            return command;
        }
        let mut script = self.command.clone();
        script.push(" \"$@\"");
        let mut command = Command::new("sh");
        command.arg("-c").arg(script).arg(&self.command).arg(file);
        command
    }
}

/// Opens an exercise; where none is named, the current one.
///
/// # Errors
///
/// When there is no editor, or it does not start.
pub fn open(
    repo: &Repo,
    screen: &Screen,
    lesson: Option<&'static Lesson>,
) -> Result<ExitCode> {
    let exercise = match lesson {
        Some(lesson) => repo.need_exercise(lesson)?,
        None => learner::current(repo, &Progress::load(repo)?)?,
    };
    let exercise = repo.present_exercise(exercise.lesson)?;
    let file = exercise.file();
    let Some(editor) = Editor::find(|name| env::var_os(name), on_path) else {
        bail!(
            "no editor found; set $VISUAL or $EDITOR, or open {} yourself",
            file.display()
        );
    };
    let shown = repo.shown(&file);
    screen.line(&format!("{} {shown}", editor.command.display()))?;
    let mut command = editor.open(&file);
    if editor.in_terminal {
        return job::replace_with(command);
    }
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command
        .spawn()
        .with_context(|| format!("cannot start {}", editor.command.display()))?;
    // A program that is not there says so at once, by the shell.
    std::thread::sleep(std::time::Duration::from_millis(200));
    if let Some(status) = child.try_wait()?.filter(|status| !status.success()) {
        bail!(
            "{} failed: {status}; open {shown} yourself",
            editor.command.display()
        );
    }
    Ok(ExitCode::SUCCESS)
}

/// Whether a program can be started by that name.
fn on_path(name: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    let names = if cfg!(windows) {
        vec![format!("{name}.exe"), format!("{name}.cmd")]
    } else {
        vec![name.to_owned()]
    };
    env::split_paths(&path)
        .flat_map(|folder| names.iter().map(move |name| folder.join(name)))
        .any(|path: PathBuf| is_program(&path))
}

#[cfg(unix)]
fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    let data = std::fs::metadata(path);
    data.is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(path: &Path) -> bool {
    path.is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(set: &[(&str, &str)], there: &[&str]) -> Option<(String, bool)> {
        let variable = |name: &str| {
            let found = set.iter().find(|(set, _)| *set == name);
            found.map(|(_, value)| OsString::from(value))
        };
        let editor = Editor::find(variable, |name| there.contains(&name))?;
        Some((editor.command.into_string().unwrap(), editor.in_terminal))
    }

    #[test]
    fn what_is_set_comes_first() {
        let both = [("EDITOR", "vim"), ("VISUAL", "code --wait")];
        assert_eq!(find(&both, &["zed"]), Some(("code --wait".to_owned(), false)));
        assert_eq!(find(&both[..1], &["zed"]), Some(("vim".to_owned(), true)));
        let empty = [("VISUAL", " "), ("EDITOR", "")];
        assert_eq!(find(&empty, &["nano", "zed"]), Some(("zed".to_owned(), false)));
        assert_eq!(find(&[], &[]), None);
    }

    #[test]
    fn a_window_is_known_by_the_programs_name() {
        let in_terminal = |command: &str| Editor::new(command.into()).in_terminal;
        assert!(!in_terminal("/usr/bin/code --reuse-window"));
        assert!(in_terminal("/opt/code/bin/hx"));
    }
}

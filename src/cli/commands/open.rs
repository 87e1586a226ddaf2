//! `open`: opens an exercise in the learner's editor.

use std::env;
use std::ffi::OsString;
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result};

use super::run::exec;
use crate::cli::context::Context;
use crate::cli::repo::Exercise;

/// The end of a script that runs the editor: the shell exits with 127 if there is no such
/// program.
const NOT_FOUND: &str = r#" "$1"; code=$?
[ $code != 127 ] ||
printf 'error: could not start `%s`: not found; set EDITOR, or open %s yourself\n' "$2" "$1" >&2
exit $code"#;

pub fn run(cx: &Context, exercise: &Exercise) -> Result<ExitCode> {
    cx.create_if_missing(exercise)?;
    let file = exercise.file();
    cx.screen.line(&format!("opening {}", cx.repo.display_path(&file)));
    let set = |name| env::var_os(name).filter(|value: &OsString| !value.is_empty());
    let code = if cfg!(windows) { "code.cmd" } else { "code" };
    let editor = set("VISUAL").or_else(|| set("EDITOR"));
    let editor = editor.unwrap_or_else(|| code.into());
    if cfg!(unix) {
        // The value may have arguments and quotes, as in `code --wait`: let the shell
        // split it.
        let mut script = editor.clone();
        script.push(NOT_FOUND);
        let mut shell = Command::new("sh");
        return exec(shell.arg("-c").arg(script).arg("sh").arg(&file).arg(editor));
    }
    let advice = format!("set EDITOR, or open {} yourself", file.display());
    exec(Command::new(editor).arg(&file)).context(advice)
}

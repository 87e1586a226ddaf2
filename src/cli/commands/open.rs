//! `open`: opens an exercise in the learner's editor.

use std::env;
use std::ffi::OsString;
use std::process::{Command, ExitCode};

use anyhow::{Result, anyhow};

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
    match set("VISUAL").or_else(|| set("EDITOR")) {
        // The value may have arguments and quotes, as in `code --wait`: let the shell
        // split it.
        Some(editor) if cfg!(unix) => {
            let mut script = editor.clone();
            script.push(NOT_FOUND);
            let mut shell = Command::new("sh");
            exec(shell.arg("-c").arg(script).arg("sh").arg(&file).arg(editor))
        }
        Some(editor) => exec(Command::new(editor).arg(&file)),
        None => {
            let code = if cfg!(windows) { "code.cmd" } else { "code" };
            exec(Command::new(code).arg(&file)).map_err(|error| {
                let file = file.display();
                anyhow!("{error:#}; set EDITOR, or open {file} yourself")
            })
        }
    }
}

//! The errors that decide the exit status.

use std::fmt;
use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::process::ExitCode;

/// Wrong usage: exit status 2.
#[derive(Debug)]
pub struct UsageError(pub String);

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for UsageError {}

/// A signal that ends the command: exit status 128 plus its number.
#[derive(Debug)]
pub struct Interrupted(pub u8);

impl fmt::Display for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "interrupted by signal {}", self.0)
    }
}

impl std::error::Error for Interrupted {}

/// A progress file that this program did not write, or not completely: exit status 2.
#[derive(Debug)]
pub struct UnreadableProgress {
    pub path: PathBuf,
    pub backup: Option<PathBuf>,
    pub reason: String,
}

impl fmt::Display for UnreadableProgress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        writeln!(f, "could not read your progress from {path}: {}", self.reason)?;
        f.write_str("The file was left untouched. ")?;
        match &self.backup {
            Some(backup) => write!(
                f,
                "The previous version is {}: copy it over the file, or delete the \
                 file to start over.",
                backup.display()
            ),
            None => f.write_str("Fix it, or delete it to start over."),
        }
    }
}

impl std::error::Error for UnreadableProgress {}

/// Prints an error on stderr and returns its exit status.
pub fn report(error: &anyhow::Error) -> ExitCode {
    if let Some(Interrupted(signal)) = error.downcast_ref() {
        return ExitCode::from(128 + signal);
    }
    // The reader has seen enough, as in `cargo workbook list | head -n 1`.
    let broken_pipe = error.chain().any(|cause| {
        let error = cause.downcast_ref::<io::Error>();
        error.is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
    });
    if broken_pipe {
        return ExitCode::FAILURE;
    }
    eprintln!("error: {error:#}");
    if error.is::<UsageError>() || error.is::<UnreadableProgress>() {
        return ExitCode::from(2);
    }
    ExitCode::FAILURE
}

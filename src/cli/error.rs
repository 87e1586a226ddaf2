//! Errors with an exit status of their own.

use std::fmt;
use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::process::ExitCode;

/// An error whose exit status is not 1.
#[derive(Debug)]
pub enum Error {
    /// Wrong usage: exit status 2.
    Usage(String),
    /// The progress file is damaged, or another version wrote it: exit status 2.
    UnreadableProgress { path: PathBuf, backup: Option<PathBuf>, reason: String },
    /// A signal ended the command: exit status 128 plus its number.
    Interrupted(u8),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Usage(message) => f.write_str(message),
            Error::UnreadableProgress { path, backup, reason } => {
                let path = path.display();
                writeln!(f, "could not read your progress from {path}: {reason}")?;
                f.write_str("The file was left untouched. ")?;
                match backup.as_ref().map(|path| path.display()) {
                    Some(backup) => write!(
                        f,
                        "The previous version is {backup}: copy it over the file, or \
                         delete the file to start over."
                    ),
                    None => f.write_str("Fix it, or delete it to start over."),
                }
            }
            Error::Interrupted(signal) => {
                write!(f, "interrupted by signal {signal}")
            }
        }
    }
}

impl std::error::Error for Error {}

/// Prints an error on stderr and returns its exit status.
///
/// A broken pipe is a success, as in ripgrep.
pub fn report(error: &anyhow::Error) -> ExitCode {
    // Broken pipe: the reader, such as `head`, has exited. Not an error.
    let broken_pipe = error.chain().any(|cause| {
        let error = cause.downcast_ref::<io::Error>();
        error.is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
    });
    if broken_pipe {
        return ExitCode::SUCCESS;
    }
    let status = match error.downcast_ref() {
        Some(Error::Interrupted(signal)) => return ExitCode::from(128 + signal),
        Some(Error::Usage(_) | Error::UnreadableProgress { .. }) => 2,
        None => 1,
    };
    eprintln!("error: {error:#}");
    ExitCode::from(status)
}

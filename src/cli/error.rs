//! Errors with an exit status of their own.

use std::fmt;
use std::process::ExitCode;

/// An error whose exit status is not 1.
#[derive(Debug)]
pub enum Error {
    /// Wrong usage, or progress that cannot be read: exit status 2.
    Usage(String),
    /// No exercise is left for a command without a name: exit status 0.
    AllSolved(String),
    /// A signal ended the command: exit status 128 plus its number.
    Interrupted(u8),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Usage(text) | Error::AllSolved(text) => f.write_str(text),
            Error::Interrupted(signal) => write!(f, "ended by signal {signal}"),
        }
    }
}

impl std::error::Error for Error {}

/// Prints an error on stderr and returns its exit status.
pub fn report(error: &anyhow::Error) -> ExitCode {
    let status = match error.downcast_ref() {
        Some(Error::Interrupted(signal)) => return ExitCode::from(128 + signal),
        Some(error @ Error::AllSolved(_)) => {
            eprintln!("{error}");
            return ExitCode::SUCCESS;
        }
        Some(Error::Usage(_)) => 2,
        None => 1,
    };
    eprintln!("error: {error:#}");
    ExitCode::from(status)
}

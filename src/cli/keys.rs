//! Reads keys: from a terminal as they are pressed, else one per line.
//!
//! A terminal in its usual "canonical" mode hands over whole lines. `watch` wants single
//! keys, so it turns that mode and the echo off, and restores both when it ends or
//! suspends itself. Signals stay on: Ctrl-C and Ctrl-Z are not keys.

use std::io::{self, IsTerminal, Read};
use std::thread;

use super::inbox::{Inbox, Message};

/// The terminal's settings. Dropping this restores them.
#[derive(Debug)]
pub struct Keys {
    /// The original settings, while they are changed.
    #[cfg(unix)]
    original: Option<rustix::termios::Termios>,
}

impl Keys {
    /// Takes the terminal, and sends keys to the inbox from a thread until stdin ends.
    pub fn listen(inbox: &Inbox) -> Keys {
        let mut keys = Keys {
            #[cfg(unix)]
            original: None,
        };
        keys.take();
        let (sender, single) = (inbox.sender(), keys.are_single());
        thread::spawn(move || {
            let mut buffer = [0; 64];
            let mut lines = LineKeys::default();
            loop {
                let bytes = match io::stdin().read(&mut buffer) {
                    Ok(0) => return,
                    Ok(length) => &buffer[..length],
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                        continue;
                    }
                    Err(_) => return,
                };
                let keys =
                    if single { letters(bytes) } else { lines.letters(bytes) };
                for key in keys {
                    if sender.send(Message::Key(key)).is_err() {
                        return;
                    }
                }
            }
        });
        keys
    }

    /// Returns true if keys arrive as they are pressed, without Enter.
    pub fn are_single(&self) -> bool {
        #[cfg(unix)]
        return self.original.is_some();
        #[cfg(not(unix))]
        return false;
    }

    /// Asks the terminal for single keys, unless this process is in the background.
    #[cfg(unix)]
    pub fn take(&mut self) {
        use rustix::termios::{
            LocalModes, OptionalActions, SpecialCodeIndex, tcgetattr, tcgetpgrp,
            tcsetattr,
        };
        let stdin = io::stdin();
        let foreground = stdin.is_terminal()
            && tcgetpgrp(&stdin) == Ok(rustix::process::getpgrp());
        if !foreground || self.original.is_some() {
            return;
        }
        let Ok(original) = tcgetattr(&stdin) else { return };
        let mut settings = original.clone();
        settings.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
        settings.special_codes[SpecialCodeIndex::VMIN] = 1;
        settings.special_codes[SpecialCodeIndex::VTIME] = 0;
        if tcsetattr(&stdin, OptionalActions::Now, &settings).is_ok() {
            self.original = Some(original);
        }
    }

    #[cfg(not(unix))]
    pub fn take(&mut self) {
        let _ = io::stdin().is_terminal();
    }

    /// Restores the terminal's settings.
    pub fn restore(&mut self) {
        #[cfg(unix)]
        if let Some(original) = self.original.take() {
            use rustix::termios::{OptionalActions, tcsetattr};
            // Fails if the terminal is gone, which is fine.
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, &original);
        }
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        self.restore();
    }
}

/// Returns the letters among the bytes that a terminal sent, in lower case. An arrow or
/// function key is an escape sequence; its letters do not count.
fn letters(bytes: &[u8]) -> Vec<char> {
    let mut letters = Vec::new();
    let mut bytes = bytes.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        if byte.is_ascii_graphic() {
            letters.push(char::from(byte.to_ascii_lowercase()));
        } else if byte == b'\x1b' {
            match bytes.next_if(|next| matches!(next, b'[' | b'O')) {
                Some(b'[') => {
                    bytes.find(|byte| (b'@'..=b'~').contains(byte));
                }
                Some(_) => {
                    bytes.next();
                }
                None => {}
            }
        }
    }
    letters
}

/// Takes the first letter of each line.
#[derive(Debug, Default)]
struct LineKeys {
    /// The line's first letter has been seen.
    seen: bool,
}

impl LineKeys {
    fn letters(&mut self, bytes: &[u8]) -> Vec<char> {
        let mut letters = Vec::new();
        for &byte in bytes {
            if byte == b'\n' {
                self.seen = false;
            } else if byte.is_ascii_graphic() && !self.seen {
                self.seen = true;
                letters.push(char::from(byte.to_ascii_lowercase()));
            }
        }
        letters
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_are_not_letters() {
        assert_eq!(letters(b"h\x1b[AQ\x1b[1;5Cn\x1bOqr \r"), ['h', 'q', 'n', 'r']);
        assert_eq!(letters(b"\x1b"), [' '; 0]);
    }

    #[test]
    fn the_first_letter_of_a_line_counts() {
        let mut lines = LineKeys::default();
        assert_eq!(lines.letters(b"hint\n\n q"), ['h', 'q']);
        assert_eq!(lines.letters(b"uit\r\nR"), ['r']);
    }
}

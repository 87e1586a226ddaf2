//! Reads keys: from a terminal as they are pressed, otherwise one per line.
//!
//! In canonical mode, the default, a terminal delivers input line by line. `watch` puts it
//! in cbreak mode instead, without echo, and restores the original mode when it ends or is
//! suspended. Unlike raw mode, cbreak mode keeps Ctrl-C and Ctrl-Z as signals.

#[cfg(unix)]
use std::io::IsTerminal;
use std::io::{self, Read};
use std::thread;

use super::inbox::{Inbox, Message};

/// The terminal's settings. Dropping this restores them.
#[derive(Debug, Default)]
pub struct Keys {
    /// The original settings, while the terminal is in cbreak mode.
    #[cfg(unix)]
    original: Option<rustix::termios::Termios>,
}

impl Keys {
    /// Enters cbreak mode, and sends keys to the inbox from a thread until stdin ends.
    pub fn listen(inbox: &Inbox) -> Keys {
        let mut keys = Keys::default();
        keys.enter_cbreak();
        let (sender, single) = (inbox.sender(), keys.are_single());
        let send = move |letters: Vec<char>| {
            letters.into_iter().all(|key| sender.send(Message::Key(key)).is_ok())
        };
        thread::spawn(move || {
            if single {
                let mut buffer = [0; 64];
                loop {
                    match io::stdin().read(&mut buffer) {
                        Ok(length @ 1..) if send(letters(&buffer[..length])) => {}
                        Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                        _ => return,
                    }
                }
            }
            for line in io::stdin().lines().map_while(Result::ok) {
                let first = letters(line.as_bytes()).into_iter().take(1);
                if !send(first.collect()) {
                    return;
                }
            }
        });
        keys
    }

    /// Returns whether keys arrive as they are pressed, without Enter.
    pub fn are_single(&self) -> bool {
        #[cfg(unix)]
        return self.original.is_some();
        #[cfg(not(unix))]
        return false;
    }

    /// Puts the terminal in cbreak mode, unless this process is in the background.
    pub fn enter_cbreak(&mut self) {
        #[cfg(unix)]
        {
            use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex};
            use rustix::termios::{tcgetattr, tcgetpgrp, tcsetattr};
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
    }

    /// Restores the terminal's settings.
    pub fn restore(&mut self) {
        #[cfg(unix)]
        if let Some(original) = self.original.take() {
            use rustix::termios::{OptionalActions, tcsetattr};
            // Fails if the terminal was closed, which is fine.
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, &original);
        }
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        self.restore();
    }
}

/// Parses input into letters, in lower case. Stops at an escape sequence, which an arrow
/// or function key sends: its letters are not keys.
fn letters(bytes: &[u8]) -> Vec<char> {
    let letters = bytes.iter().take_while(|byte| **byte != b'\x1b');
    let letters = letters.filter(|byte| byte.is_ascii_graphic());
    letters.map(|byte| char::from(byte.to_ascii_lowercase())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_are_not_letters() {
        assert_eq!(letters(b" hQ\r\x1b[1;5C"), ['h', 'q']);
    }
}

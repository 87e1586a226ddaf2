//! Keys, one at a time: from a terminal as they are pressed, else a line each.

use super::inbox::{Inbox, Message};
use std::io::{self, IsTerminal, Read};
use std::thread;

/// A terminal that hands over each key, and does not show it, until this is dropped.
#[derive(Debug)]
pub struct Keys {
    /// What the terminal was like before.
    #[cfg(unix)]
    before: Option<rustix::termios::Termios>,
}

impl Keys {
    /// Begins to send keys to the inbox.
    ///
    /// Where standard input is closed, there are none.
    pub fn listen(inbox: &Inbox) -> Keys {
        let mut keys = Keys::none();
        keys.take();
        let (sender, each) = (inbox.sender(), keys.each());
        thread::spawn(move || {
            let mut buffer = [0; 64];
            let mut lines = Lines::default();
            loop {
                let bytes = match io::stdin().read(&mut buffer) {
                    Ok(0) => return,
                    Ok(length) => &buffer[..length],
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                        continue;
                    }
                    Err(_) => return,
                };
                let pressed = if each { pressed(bytes) } else { lines.keys(bytes) };
                for key in pressed {
                    if sender.send(Message::Key(key)).is_err() {
                        return;
                    }
                }
            }
        });
        keys
    }

    /// Whether keys arrive as they are pressed.
    #[cfg(unix)]
    pub fn each(&self) -> bool {
        self.before.is_some()
    }

    #[cfg(not(unix))]
    pub fn each(&self) -> bool {
        false
    }

    #[cfg(unix)]
    fn none() -> Keys {
        Keys { before: None }
    }

    #[cfg(not(unix))]
    fn none() -> Keys {
        Keys {}
    }

    /// Takes the terminal. Ctrl-C and Ctrl-Z stay signals, and what is printed is
    /// treated as ever.
    #[cfg(unix)]
    pub fn take(&mut self) {
        use rustix::termios::{
            LocalModes, OptionalActions, SpecialCodeIndex, tcgetattr, tcgetpgrp,
            tcsetattr,
        };
        let stdin = io::stdin();
        // In the background, the terminal is another's.
        let ours = stdin.is_terminal()
            && tcgetpgrp(&stdin) == Ok(rustix::process::getpgrp());
        if !ours || self.before.is_some() {
            return;
        }
        let Ok(before) = tcgetattr(&stdin) else { return };
        let mut keys = before.clone();
        keys.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
        keys.special_codes[SpecialCodeIndex::VMIN] = 1;
        keys.special_codes[SpecialCodeIndex::VTIME] = 0;
        if tcsetattr(&stdin, OptionalActions::Now, &keys).is_ok() {
            self.before = Some(before);
        }
    }

    /// Here a key arrives with its line.
    #[cfg(not(unix))]
    pub fn take(&mut self) {
        let _ = io::stdin().is_terminal();
    }

    /// Gives the terminal back as it was.
    #[cfg(unix)]
    pub fn give_back(&mut self) {
        use rustix::termios::{OptionalActions, tcsetattr};
        if let Some(before) = self.before.take() {
            // Where the terminal is gone, there is nothing to give back.
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, &before);
        }
    }

    #[cfg(not(unix))]
    pub fn give_back(&mut self) {}
}

impl Drop for Keys {
    fn drop(&mut self) {
        self.give_back();
    }
}

/// The letters among the keys that were pressed. An arrow or another special key
/// arrives as several bytes, and is none.
fn pressed(bytes: &[u8]) -> Vec<char> {
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

/// Input that comes in lines, of which the first letter counts.
#[derive(Debug, Default)]
struct Lines {
    within: bool,
}

impl Lines {
    fn keys(&mut self, bytes: &[u8]) -> Vec<char> {
        let mut letters = Vec::new();
        for &byte in bytes {
            if byte == b'\n' {
                self.within = false;
            } else if byte.is_ascii_graphic() && !self.within {
                self.within = true;
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
    fn special_keys_are_no_letters() {
        assert_eq!(pressed(b"h\x1b[AQ\x1b[1;5Cn\x1bOqr \r"), ['h', 'q', 'n', 'r']);
        assert_eq!(pressed(b"\x1b"), [' '; 0]);
    }

    #[test]
    fn of_a_line_the_first_letter_counts() {
        let mut lines = Lines::default();
        assert_eq!(lines.keys(b"hint\n\n q"), ['h', 'q']);
        assert_eq!(lines.keys(b"uit\r\nR"), ['r']);
    }
}

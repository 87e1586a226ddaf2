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
            let mut line_begins = true;
            loop {
                let bytes = match io::stdin().read(&mut buffer) {
                    Ok(0) => return,
                    Ok(length) => &buffer[..length],
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                        continue;
                    }
                    Err(_) => return,
                };
                // An arrow or another special key is several bytes, and none of ours.
                if each && bytes.starts_with(b"\x1b") {
                    continue;
                }
                for &byte in bytes {
                    let key = char::from(byte);
                    let wanted = each || line_begins;
                    line_begins = key == '\n';
                    if wanted
                        && key.is_ascii_graphic()
                        && sender
                            .send(Message::Key(key.to_ascii_lowercase()))
                            .is_err()
                    {
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

//! Text of bytes that come in pieces.

/// Turns bytes, which may end within a character, into text.
#[derive(Debug, Default)]
pub struct Decoder {
    rest: Vec<u8>,
}

impl Decoder {
    /// The text so far; what is not UTF-8 becomes U+FFFD.
    pub fn text(&mut self, bytes: &[u8]) -> String {
        self.rest.extend_from_slice(bytes);
        let complete = match std::str::from_utf8(&self.rest) {
            Ok(_) => self.rest.len(),
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            // Something is wrong before the end; so look at the end alone.
            Err(_) => self.rest.len() - unfinished(&self.rest),
        };
        let rest = self.rest.split_off(complete);
        let text = String::from_utf8_lossy(&self.rest).into_owned();
        self.rest = rest;
        text
    }
}

/// How many bytes at the end begin a character that is not complete.
fn unfinished(bytes: &[u8]) -> usize {
    for length in 1..=bytes.len().min(3) {
        let end = &bytes[bytes.len() - length..];
        if let Err(error) = std::str::from_utf8(end)
            && error.error_len().is_none()
            && error.valid_up_to() == 0
        {
            return length;
        }
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_may_arrive_in_pieces() {
        let mut decoder = Decoder::default();
        let text: String =
            "zoë ✓ 🦀".bytes().map(|byte| decoder.text(&[byte])).collect();
        assert_eq!(text, "zoë ✓ 🦀");
        assert_eq!(decoder.text(b"\xffa\xe2\x9c"), "\u{fffd}a");
        assert_eq!(decoder.text(b"\x93"), "✓");
    }
}

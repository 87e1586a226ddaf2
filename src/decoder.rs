//! Decodes UTF-8 that arrives in chunks, such as the output of a child process.

/// Decodes UTF-8 incrementally: a character may be split across two chunks.
#[derive(Debug, Default)]
pub struct Utf8Decoder {
    /// The bytes of an incomplete character at the end of the input.
    rest: Vec<u8>,
}

impl Utf8Decoder {
    /// Decodes the next chunk. Invalid bytes become U+FFFD; an incomplete character
    /// at the end is kept for the next call.
    pub fn decode(&mut self, bytes: &[u8]) -> String {
        self.rest.extend_from_slice(bytes);
        let complete = match std::str::from_utf8(&self.rest) {
            Ok(_) => self.rest.len(),
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            // The error is before the end, so check the end separately.
            Err(_) => self.rest.len() - incomplete_len(&self.rest),
        };
        let rest = self.rest.split_off(complete);
        let text = String::from_utf8_lossy(&self.rest).into_owned();
        self.rest = rest;
        text
    }
}

/// Returns the length of the incomplete character at the end of `bytes`.
fn incomplete_len(bytes: &[u8]) -> usize {
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
    fn characters_may_be_split_across_chunks() {
        let mut decoder = Utf8Decoder::default();
        let text: String =
            "zoë ✓ 🦀".bytes().map(|byte| decoder.decode(&[byte])).collect();
        assert_eq!(text, "zoë ✓ 🦀");
        assert_eq!(decoder.decode(b"\xffa\xe2\x9c"), "\u{fffd}a");
        assert_eq!(decoder.decode(b"\x93"), "✓");
    }
}

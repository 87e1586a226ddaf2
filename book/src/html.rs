//! What every piece of HTML needs.

/// The text as it stands in HTML, between tags or in a quoted attribute.
pub fn escaped(text: &str) -> String {
    let amp = text.replace('&', "&amp;").replace('"', "&quot;");
    amp.replace('<', "&lt;").replace('>', "&gt;")
}

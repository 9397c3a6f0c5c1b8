//! What the formats of CI systems have in common: references to files, escapes.

/// A path as a reference (RFC 3986): relative ones stay relative, as code scanning wants them.
#[must_use]
pub(crate) fn uri(path: &str) -> String {
    let path = path.strip_prefix("./").unwrap_or(path);
    let mut out = String::new();
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => out.push(char::from(byte)),
            other => out += &format!("%{other:02X}"),
        }
    }
    if path.starts_with('/') {
        format!("file://{out}")
    } else {
        out
    }
}

/// A text on one line, without what a terminal would obey.
#[must_use]
pub(crate) fn line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// The message of a workflow command of GitHub.
#[must_use]
pub(crate) fn message(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property of a workflow command of GitHub.
#[must_use]
pub(crate) fn property(text: &str) -> String {
    message(&line(text)).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_names_stay_names() {
        assert_eq!(uri("./a b/ü%.yaml"), "a%20b/%C3%BC%25.yaml");
        assert_eq!(uri("/etc/x"), "file:///etc/x");
        assert_eq!(uri("<stdin>"), "%3Cstdin%3E");
        assert_eq!(property("a,b:c\n::error::%"), "a%2Cb%3Ac %3A%3Aerror%3A%3A%25");
        assert_eq!(message("a\n::error::b\r"), "a%0A::error::b%0D");
        assert_eq!(line("a\u{1b}[31m\u{7}"), "a [31m ");
    }
}

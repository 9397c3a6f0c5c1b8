//! What Markdown views share.

/// Text that is not taken for markup.
pub(crate) fn plain(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '|' | '*' | '_' | '`' | '<' | '>' | '\\' | '[' | ']' => out.extend(['\\', c]),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_do_not_become_markup() {
        assert_eq!(plain("a|b*c_<img>\n`x`[y]"), "a\\|b\\*c\\_\\<img\\> \\`x\\`\\[y\\]");
    }
}

//! Where the documents of a source are: at lines that begin with `---`, as kubectl splits them.

/// A piece of a source that holds one YAML document or some JSON values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Chunk {
    /// Its first byte.
    pub(crate) start: usize,
    /// The byte after its last one.
    pub(crate) end: usize,
    /// How it is written.
    pub(crate) form: Form,
}

/// How a document is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// JSON.
    Json,
    /// YAML.
    Yaml,
}

/// The chunks of a source that are not empty.
pub(crate) fn chunks(text: &str) -> Vec<Chunk> {
    let mut found = Vec::new();
    let mut start = if text.starts_with('\u{feff}') { 3 } else { 0 };
    let mut from = start;
    while let Some(at) = next_separator(text, from) {
        push(text, start, at, &mut found);
        start = at;
        from = at + 3;
    }
    push(text, start, text.len(), &mut found);
    found
}

/// The next line from `from` on that begins with `---` and a blank.
fn next_separator(text: &str, from: usize) -> Option<usize> {
    let mut from = from;
    loop {
        let at = from + text.get(from..)?.find("---")?;
        let line_start = at == 0 || text.as_bytes()[at - 1] == b'\n' || is_bom(text, at);
        let ended = text.as_bytes().get(at + 3).is_none_or(u8::is_ascii_whitespace);
        if line_start && ended {
            return Some(at);
        }
        from = at + 3;
    }
}

fn is_bom(text: &str, at: usize) -> bool {
    at == 3 && text.starts_with('\u{feff}')
}

fn push(text: &str, start: usize, end: usize, found: &mut Vec<Chunk>) {
    let body = text[start..end].strip_prefix("---").unwrap_or(&text[start..end]);
    let mut lines = body.lines().map(str::trim);
    if lines.all(|line| line.is_empty() || line == "..." || line.starts_with(['#', '%'])) {
        return;
    }
    let from = end - body.len();
    let inner = body.trim_start();
    let mut signs = inner.chars().filter(|c| !c.is_whitespace());
    let json = match signs.next() {
        Some('{') => matches!(signs.next(), Some('"' | '}') | None),
        Some('[') => matches!(signs.next(), Some('"' | '{' | '[' | ']') | None),
        _ => false,
    };
    found.push(if json {
        Chunk {
            start: from + (body.len() - inner.len()),
            end,
            form: Form::Json,
        }
    } else {
        Chunk {
            start,
            end,
            form: Form::Yaml,
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forms(text: &str) -> Vec<(Form, &str)> {
        chunks(text)
            .into_iter()
            .map(|c| (c.form, text[c.start..c.end].trim()))
            .collect()
    }

    #[test]
    fn documents_are_split_as_kubectl_does() {
        assert_eq!(forms(""), []);
        assert_eq!(forms("# only\n---\n  # comments\n---\n"), []);
        assert_eq!(
            forms("---\na: 1\n---\n{\"b\": 2}\n--- # x\nc: '---'\n"),
            [
                (Form::Yaml, "---\na: 1"),
                (Form::Json, "{\"b\": 2}"),
                (Form::Yaml, "--- # x\nc: '---'")
            ]
        );
        assert_eq!(forms("{a: 1}"), [(Form::Yaml, "{a: 1}")]);
        assert_eq!(forms("\u{feff}---\na: 1"), [(Form::Yaml, "---\na: 1")]);
    }
}

//! A JSON reader that keeps positions.

use super::stream::DEEPEST;
use super::{Member, Place, Tree, Value};
use crate::scenario::diagnostic::Problem;

/// What is never looked at, as kind of a path: it is passed over, brackets counted.
const PASSED: [(&str, &str); 5] = [
    ("metadata", "managedFields"),
    ("status", "containerStatuses"),
    ("status", "initContainerStatuses"),
    ("status", "images"),
    ("status", "volumesAttached"),
];

/// The JSON object that a text is; `base` is where it stands in its source.
pub(super) fn value(text: &str, file: u32, base: usize) -> Result<Tree, Problem> {
    whole(text, file, base, 0, "")
}

/// The value of a member of an object.
pub(super) fn member(text: &str, file: u32, base: usize, key: &str) -> Result<Tree, Problem> {
    whole(text, file, base, 1, key)
}

fn whole(text: &str, file: u32, base: usize, depth: u32, key: &str) -> Result<Tree, Problem> {
    let at = 0;
    let mut reader = Reader { text, file, base, at };
    let tree = reader.value(depth, key)?;
    if reader.at < text.len() {
        return Err(reader.wrong("`,` or the end"));
    }
    Ok(tree)
}

/// A text in double quotes; `base` is where it stands in its source.
pub(super) fn string(text: &str, file: u32, base: usize) -> Result<Box<str>, Problem> {
    let at = 0;
    Reader { text, file, base, at }.string()
}

struct Reader<'a> {
    text: &'a str,
    file: u32,
    base: usize,
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn place(&self, start: usize) -> Place {
        self.between(start, self.at)
    }

    fn between(&self, start: usize, end: usize) -> Place {
        Place::new(self.file, self.base + start, self.base + end)
    }

    fn wrong(&self, expected: &str) -> Problem {
        let found = self.text[self.at..].chars().next();
        let end = self.at + found.map_or(0, char::len_utf8);
        let found = found.map_or("the end of the document".to_owned(), |c| format!("{c:?}"));
        Problem::at(
            self.between(self.at, end),
            format!("invalid JSON: expected {expected}, found {found}"),
        )
    }

    fn expect(&mut self, byte: u8, what: &str) -> Result<(), Problem> {
        self.blanks();
        if self.peek() != Some(byte) {
            return Err(self.wrong(what));
        }
        self.at += 1;
        Ok(())
    }

    /// A value; `key` is the one that it stands behind, where that is at the top.
    fn value(&mut self, depth: u32, key: &str) -> Result<Tree, Problem> {
        let start = self.at;
        if depth > DEEPEST {
            let place = self.between(start, start + 1);
            return Err(Problem::at(place, "nested more than 100 levels deep"));
        }
        let value = match self.peek() {
            Some(b'{') => self.map(depth, key)?,
            Some(b'[') => self.list(depth)?,
            Some(b'"') => Value::Text(self.string()?),
            Some(b'-' | b'0'..=b'9') => self.number()?,
            _ => self.word()?,
        };
        let place = match value {
            Value::Map(_) | Value::List(_) => self.between(start, start + 1),
            _ => self.place(start),
        };
        Ok(Tree { place, value })
    }

    fn word(&mut self) -> Result<Value, Problem> {
        for (word, value) in [
            ("null", Value::Null),
            ("true", Value::Bool(true)),
            ("false", Value::Bool(false)),
        ] {
            if self.text[self.at..].starts_with(word) {
                self.at += word.len();
                return Ok(value);
            }
        }
        Err(self.wrong("a value"))
    }

    fn number(&mut self) -> Result<Value, Problem> {
        let start = self.at;
        while matches!(self.peek(), Some(b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9')) {
            self.at += 1;
        }
        let raw = &self.text[start..self.at];
        if raw.len() > 400 || raw.parse::<f64>().is_err() {
            return Err(Problem::at(self.place(start), "invalid JSON: not a number"));
        }
        Ok(Value::Number(raw.into()))
    }

    fn list(&mut self, depth: u32) -> Result<Value, Problem> {
        let mut values = Vec::new();
        self.at += 1;
        self.blanks();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Value::List(values));
        }
        loop {
            self.blanks();
            values.push(self.value(depth + 1, "")?);
            self.blanks();
            if self.peek() == Some(b']') {
                self.at += 1;
                return Ok(Value::List(values));
            }
            self.expect(b',', "`,` or `]`")?;
        }
    }

    fn map(&mut self, depth: u32, parent: &str) -> Result<Value, Problem> {
        let mut members: Vec<Member> = Vec::new();
        let mut keys = Keys::default();
        self.at += 1;
        self.blanks();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Value::Map(members));
        }
        loop {
            self.blanks();
            let start = self.at;
            if self.peek() != Some(b'"') {
                return Err(self.wrong("a key in double quotes"));
            }
            let key = self.string()?;
            let key_place = self.place(start);
            if !keys.insert(&key, &members) {
                return Err(Problem::at(key_place, format!("the key `{key}` stands here twice")));
            }
            self.expect(b':', "`:`")?;
            self.blanks();
            if depth == 1 && PASSED.contains(&(parent, &*key)) {
                self.skip_value()?;
            } else {
                let below = if depth == 0 { &*key } else { "" };
                let value = self.value(depth + 1, below)?;
                members.push(Member::new(key, key_place, value));
            }
            self.blanks();
            if self.peek() == Some(b'}') {
                self.at += 1;
                return Ok(Value::Map(members));
            }
            self.expect(b',', "`,` or `}`")?;
        }
    }

    /// Goes to the end of a value by counting brackets.
    fn skip_value(&mut self) -> Result<(), Problem> {
        let mut open = 0_u64;
        while let Some(byte) = self.peek() {
            match byte {
                b'"' => {
                    self.skip_string()?;
                }
                b'{' | b'[' => {
                    open += 1;
                    self.at += 1;
                }
                b'}' | b']' | b',' if open == 0 => return Ok(()),
                b'}' | b']' => {
                    open -= 1;
                    self.at += 1;
                }
                _ => self.at += 1,
            }
        }
        Ok(())
    }

    /// Goes behind a string; returns whether it has escapes.
    fn skip_string(&mut self) -> Result<bool, Problem> {
        let start = self.at;
        let mut escapes = false;
        self.at += 1;
        let bytes = self.text.as_bytes();
        while let Some(found) = memchr::memchr2(b'"', b'\\', &bytes[self.at..]) {
            self.at += found + 1;
            if bytes[self.at - 1] == b'"' {
                let inner = &bytes[start + 1..self.at - 1];
                if inner.iter().any(|&b| b < 0x20) {
                    break;
                }
                return Ok(escapes);
            }
            escapes = true;
            self.at = (self.at + 1).min(bytes.len());
        }
        let place = self.between(start, start + 1);
        Err(Problem::at(place, "invalid JSON: this text never ends"))
    }

    fn string(&mut self) -> Result<Box<str>, Problem> {
        let start = self.at;
        let escapes = self.skip_string()?;
        let quoted = &self.text[start..self.at];
        if !escapes {
            return Ok(quoted[1..quoted.len() - 1].into());
        }
        serde_json::from_str(quoted)
            .map_err(|_| Problem::at(self.place(start), "invalid JSON: a wrong escape in this text"))
    }
}

/// The keys of a map, to tell those that stand there twice. Maps with few keys need no set.
#[derive(Default)]
struct Keys(std::collections::BTreeSet<Box<str>>);

impl Keys {
    const FEW: usize = 16;

    /// Whether a key is new beside the members so far.
    fn insert(&mut self, key: &str, members: &[Member]) -> bool {
        if members.len() < Self::FEW {
            return members.iter().all(|m| *m.key != *key);
        }
        if self.0.is_empty() {
            self.0.extend(members.iter().map(|m| m.key.clone()));
        }
        self.0.insert(key.into())
    }
}

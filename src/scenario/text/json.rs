//! A JSON reader that keeps positions.

use super::{Member, Parsed, Place, Tree, Value};
use crate::scenario::diagnostic::Problem;

/// Deeper documents are refused; those of Kubernetes are about 15 deep.
const DEEPEST: u32 = 100;

/// All JSON values in `start..end`, and what stopped the reading.
pub(super) fn documents(text: &str, file: u32, start: usize, end: usize) -> (Vec<Parsed>, Option<Problem>) {
    let mut reader = Reader {
        text: &text[..end],
        file,
        at: start,
    };
    let mut found = Vec::new();
    loop {
        reader.blanks();
        if reader.at == end {
            return (found, None);
        }
        let mut items = Vec::new();
        match reader.value(0, Some(&mut items)) {
            Ok(tree) => found.push(Parsed { tree, items }),
            Err(problem) => return (found, Some(problem)),
        }
    }
}

/// The one JSON value in `start..end`.
pub(super) fn value(text: &str, file: u32, start: usize, end: usize) -> Result<Tree, Problem> {
    let mut reader = Reader {
        text: &text[..end],
        file,
        at: start,
    };
    reader.blanks();
    reader.value(0, None)
}

struct Reader<'a> {
    text: &'a str,
    file: u32,
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
        Place::new(self.file, start, self.at)
    }

    fn wrong(&self, expected: &str) -> Problem {
        let found = self.text[self.at..].chars().next();
        let end = self.at + found.map_or(0, char::len_utf8);
        let found = found.map_or("the end of the document".to_owned(), |c| format!("{c:?}"));
        Problem::at(
            Place::new(self.file, self.at, end),
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

    fn value(&mut self, depth: u32, items: Option<&mut Vec<(usize, usize)>>) -> Result<Tree, Problem> {
        let start = self.at;
        if depth > DEEPEST {
            let place = Place::new(self.file, start, start + 1);
            return Err(Problem::at(place, "nested more than 100 levels deep"));
        }
        let value = match self.peek() {
            Some(b'{') => self.map(depth, items)?,
            Some(b'[') => self.list(depth)?,
            Some(b'"') => Value::Text(self.string()?),
            Some(b'-' | b'0'..=b'9') => self.number()?,
            _ => self.word()?,
        };
        let place = match value {
            Value::Map(_) | Value::List(_) => Place::new(self.file, start, start + 1),
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
            values.push(self.value(depth + 1, None)?);
            self.blanks();
            if self.peek() == Some(b']') {
                self.at += 1;
                return Ok(Value::List(values));
            }
            self.expect(b',', "`,` or `]`")?;
        }
    }

    fn map(&mut self, depth: u32, mut items: Option<&mut Vec<(usize, usize)>>) -> Result<Value, Problem> {
        let mut members: Vec<Member> = Vec::new();
        let mut keys = std::collections::BTreeSet::new();
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
            if !keys.insert(key.clone()) {
                return Err(Problem::at(key_place, format!("the key `{key}` stands here twice")));
            }
            self.expect(b':', "`:`")?;
            self.blanks();
            if let (Some(items), "items", Some(b'[')) = (&mut items, &*key, self.peek()) {
                self.skip_items(items)?;
            } else {
                let value = self.value(depth + 1, None)?;
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

    /// Notes where the items of a list are, without reading them.
    fn skip_items(&mut self, items: &mut Vec<(usize, usize)>) -> Result<(), Problem> {
        self.at += 1;
        self.blanks();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.blanks();
            let start = self.at;
            self.skip_item()?;
            items.push((start, self.at));
            self.blanks();
            if self.peek() == Some(b']') {
                self.at += 1;
                return Ok(());
            }
            self.expect(b',', "`,` or `]`")?;
        }
    }

    /// Goes to the end of an object by counting brackets; it is read in earnest later.
    fn skip_item(&mut self) -> Result<(), Problem> {
        if self.peek() != Some(b'{') {
            return Err(self.wrong("an object"));
        }
        let start = self.at;
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
                b'}' | b']' => {
                    open -= 1;
                    self.at += 1;
                    if open == 0 {
                        return Ok(());
                    }
                }
                _ => self.at += 1,
            }
        }
        let place = Place::new(self.file, start, start + 1);
        Err(Problem::at(place, "invalid JSON: this object never ends"))
    }

    /// Goes behind a string; returns whether it has escapes.
    fn skip_string(&mut self) -> Result<bool, Problem> {
        let start = self.at;
        let mut escapes = false;
        self.at += 1;
        while let Some(byte) = self.peek() {
            self.at += 1;
            match byte {
                b'"' => return Ok(escapes),
                b'\\' => {
                    escapes = true;
                    self.at += 1;
                }
                0..0x20 => break,
                _ => {}
            }
        }
        let place = Place::new(self.file, start, start + 1);
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

//! YAML, read by serde-saphyr into trees. No other file knows that crate.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{Location, Spanned};

use super::{Member, Place, Tree, Value};
use crate::scenario::diagnostic::Problem;

/// The document that a text is; `None` where there is nothing but comments. `start` is where it stands in its source.
pub(super) fn document(text: &str, file: u32, start: usize) -> Result<Option<Tree>, Problem> {
    let source = YamlSource { text, file, start };
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_events: 50_000_000,
            max_nodes: 50_000_000,
            max_depth: 100,
            max_total_scalar_bytes: 2 << 30,
        },
        with_snippet: false,
        strict_booleans: true,
    };
    match serde_saphyr::from_str_with_options::<Raw>(source.text, options) {
        Ok(raw) => Ok(match source.tree(raw) {
            Tree { value: Value::Null, .. } => None,
            tree => Some(tree),
        }),
        Err(error) => Err(source.problem(&error)),
    }
}

struct YamlSource<'a> {
    text: &'a str,
    file: u32,
    start: usize,
}

impl YamlSource<'_> {
    fn range(&self, location: &Location) -> (usize, usize) {
        let span = location.span();
        let small = |n: Option<u64>| n.and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
        let from = self.floor(small(span.byte_offset()));
        let to = self.floor(from.saturating_add(small(span.byte_len())));
        (from, to)
    }

    /// The nearest character boundary at or before an offset.
    fn floor(&self, offset: usize) -> usize {
        self.text.floor_char_boundary(offset.min(self.text.len()))
    }

    fn place(&self, location: &Location) -> Place {
        let (from, to) = self.range(location);
        let raw = &self.text[from..to];
        let shown = raw.lines().next().unwrap_or("").trim_end();
        Place::new(self.file, self.start + from, self.start + from + shown.len())
    }

    fn problem(&self, error: &serde_saphyr::Error) -> Problem {
        let message = error.without_snippet().to_string();
        let message = message.split(" at line ").next().unwrap_or("").trim();
        let message = message.lines().next().unwrap_or("");
        let place = error.location().map_or_else(
            || Place::new(self.file, self.start, self.start),
            |location| self.place_by_line(&location),
        );
        Problem::at(place, format!("invalid YAML: {message}"))
    }

    /// Errors of the scanner know line and column only.
    fn place_by_line(&self, location: &Location) -> Place {
        if location.span().byte_len().unwrap_or(0) > 0 {
            return self.place(location);
        }
        let line = usize::try_from(location.line()).unwrap_or(1).max(1);
        let column = usize::try_from(location.column()).unwrap_or(1).max(1);
        let before: usize = self.text.split_inclusive('\n').take(line - 1).map(str::len).sum();
        let rest = self.text.get(before..).unwrap_or("");
        let inside: usize = rest
            .chars()
            .take(column - 1)
            .take_while(|&c| c != '\n')
            .map(char::len_utf8)
            .sum();
        let at = (self.start + before + inside).min(self.start + self.text.len());
        Place::new(self.file, at, at)
    }

    fn tree(&self, raw: Raw) -> Tree {
        let place = self.place(&raw.0.referenced);
        let value = match raw.0.value {
            Scalar::Null => Value::Null,
            Scalar::Bool(value) => Value::Bool(value),
            Scalar::Text(text) => Value::Text(text),
            Scalar::Number(number) => {
                let (from, to) = self.range(&raw.0.defined);
                let written = self.text[from..to].trim();
                let same = |a: f64, b: f64| a.to_bits() == b.to_bits();
                match (written.parse::<f64>(), number.parse::<f64>()) {
                    (Ok(a), Ok(b)) if same(a, b) => Value::Number(written.into()),
                    _ => Value::Number(number),
                }
            }
            Scalar::List(items) => Value::List(items.into_iter().map(|i| self.tree(i)).collect()),
            Scalar::Map(members) => Value::Map(
                members
                    .into_iter()
                    .map(|(key, value)| self.member(key, value))
                    .collect(),
            ),
        };
        Tree { place, value }
    }

    fn member(&self, key: Raw, value: Raw) -> Member {
        let place = self.place(&key.0.referenced);
        let text = match self.tree(key).value {
            Value::Text(text) | Value::Number(text) => text,
            Value::Bool(value) => value.to_string().into(),
            _ => "null".into(),
        };
        Member::new(text, place, self.tree(value))
    }
}

/// A value as the parser reports it.
#[derive(serde::Deserialize)]
#[serde(transparent)]
struct Raw(Spanned<Scalar>);

enum Scalar {
    Null,
    Bool(bool),
    Number(Box<str>),
    Text(Box<str>),
    List(Vec<Raw>),
    Map(Vec<(Raw, Raw)>),
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Scalar;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }
    fn visit_unit<E>(self) -> Result<Scalar, E> {
        Ok(Scalar::Null)
    }
    fn visit_none<E>(self) -> Result<Scalar, E> {
        Ok(Scalar::Null)
    }
    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Scalar, D::Error> {
        Scalar::deserialize(deserializer)
    }
    fn visit_bool<E>(self, value: bool) -> Result<Scalar, E> {
        Ok(Scalar::Bool(value))
    }
    fn visit_i64<E>(self, value: i64) -> Result<Scalar, E> {
        Ok(Scalar::Number(value.to_string().into()))
    }
    fn visit_u64<E>(self, value: u64) -> Result<Scalar, E> {
        Ok(Scalar::Number(value.to_string().into()))
    }
    fn visit_i128<E>(self, value: i128) -> Result<Scalar, E> {
        Ok(Scalar::Number(value.to_string().into()))
    }
    fn visit_u128<E>(self, value: u128) -> Result<Scalar, E> {
        Ok(Scalar::Number(value.to_string().into()))
    }
    fn visit_f64<E>(self, value: f64) -> Result<Scalar, E> {
        Ok(Scalar::Number(value.to_string().into()))
    }
    fn visit_str<E>(self, value: &str) -> Result<Scalar, E> {
        Ok(Scalar::Text(value.into()))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Scalar, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Scalar::List(items))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Scalar, A::Error> {
        let mut members = Vec::new();
        while let Some(entry) = map.next_entry()? {
            members.push(entry);
        }
        Ok(Scalar::Map(members))
    }
}

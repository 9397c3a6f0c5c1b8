//! A document as a tree in which every value knows where it stands.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};

/// Bytes of a source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    /// Which source.
    pub(crate) file: u32,
    /// The first byte.
    pub(crate) start: u32,
    /// The byte after the last one.
    pub(crate) end: u32,
}

impl Place {
    /// The bytes `start..end` of a source; offsets beyond 4 GiB do not occur, as sources are smaller.
    pub(crate) fn new(file: u32, start: usize, end: usize) -> Self {
        let small = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        Self {
            file,
            start: small(start),
            end: small(end.max(start)),
        }
    }
}

/// A value and where it stands. A map or a list stands where its key stands.
#[derive(Clone, Debug)]
pub(crate) struct Tree {
    pub(crate) place: Place,
    pub(crate) value: Value,
}

/// A value.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    /// A number as written.
    Number(Box<str>),
    Text(Box<str>),
    List(Vec<Tree>),
    Map(Vec<Member>),
}

/// A key and its value.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) key: Box<str>,
    pub(crate) key_place: Place,
    pub(crate) value: Tree,
}

impl Member {
    /// Joins a key and its value.
    pub(crate) fn new(key: Box<str>, key_place: Place, mut value: Tree) -> Self {
        if matches!(value.value, Value::List(_) | Value::Map(_)) {
            value.place = key_place;
        }
        Self { key, key_place, value }
    }
}

impl Tree {
    /// The value of a key, if this is a map that has it.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        let Value::Map(members) = &self.value else {
            return None;
        };
        members.iter().find(|m| &*m.key == key).map(|m| &m.value)
    }

    /// The text of a key, if this is a map that has it.
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        match &self.get(key)?.value {
            Value::Text(text) | Value::Number(text) => Some(text),
            _ => None,
        }
    }

    /// Takes a key and its value out of a map.
    pub(crate) fn remove(&mut self, key: &str) -> Option<Self> {
        let Value::Map(members) = &mut self.value else {
            return None;
        };
        let at = members.iter().position(|m| &*m.key == key)?;
        Some(members.remove(at).value)
    }

    /// The value of a key of a map, to be changed; an empty map where there is none.
    pub(crate) fn entry(&mut self, key: &str) -> Option<&mut Self> {
        if self.get(key).is_none() {
            self.set(key, Value::Map(Vec::new()));
        }
        let Value::Map(members) = &mut self.value else {
            return None;
        };
        members.iter_mut().find(|m| &*m.key == key).map(|m| &mut m.value)
    }

    /// Gives a key of a map a value, which stands where the map stands.
    pub(crate) fn set(&mut self, key: &str, value: Value) {
        let place = self.place;
        let Value::Map(members) = &mut self.value else {
            return;
        };
        let tree = Self { place, value };
        match members.iter_mut().find(|m| &*m.key == key) {
            Some(member) => member.value = tree,
            None => members.push(Member::new(key.into(), place, tree)),
        }
    }

    /// Whether this is a map without keys.
    pub(crate) fn is_empty_map(&self) -> bool {
        matches!(&self.value, Value::Map(members) if members.is_empty())
    }

    /// Where the value at a path stands; the path may hold list indices. The nearest ancestor that exists otherwise.
    pub(crate) fn find(&self, path: &[&str]) -> Place {
        let Some((first, rest)) = path.split_first() else {
            return self.place;
        };
        let next = match &self.value {
            Value::List(items) => first.parse().ok().and_then(|i: usize| items.get(i)),
            _ => self.get(first),
        };
        next.map_or(self.place, |tree| tree.find(rest))
    }
}

/// The name by which [`At`] asks the decoder for positions.
pub(super) const AT: &str = "$seatrial::At";

/// A value of an own document and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct At<T> {
    /// The value.
    pub(crate) value: T,
    /// Where.
    pub(crate) place: Place,
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for At<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Parts<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Parts<T> {
            type Value = At<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<At<T>, A::Error> {
                let mut number = || -> Result<u32, A::Error> {
                    seq.next_element()?
                        .ok_or_else(|| A::Error::custom("a position is missing"))
                };
                let place = Place {
                    file: number()?,
                    start: number()?,
                    end: number()?,
                };
                let value = seq
                    .next_element()?
                    .ok_or_else(|| A::Error::custom("a value is missing"))?;
                Ok(At { value, place })
            }
        }
        deserializer.deserialize_newtype_struct(AT, Parts(std::marker::PhantomData))
    }
}

impl<T: Serialize> Serialize for At<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(serializer)
    }
}

impl<T: JsonSchema> JsonSchema for At<T> {
    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }
    fn schema_id() -> Cow<'static, str> {
        T::schema_id()
    }
    fn inline_schema() -> bool {
        T::inline_schema()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

//! From trees to typed values, with the position of whatever does not fit.

use std::cell::RefCell;

use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Error as _, IntoDeserializer, MapAccess, SeqAccess,
    VariantAccess, Visitor,
};

use super::tree::AT;
use super::wrong::Wrong;
use super::{Member, Place, Tree, Value};
use crate::scenario::diagnostic::Problem;

/// Reads an object of Kubernetes; unknown fields are passed over.
pub(crate) fn decode<T: DeserializeOwned>(tree: &Tree) -> Result<T, Problem> {
    let decoder = Decoder {
        tree,
        unknown: None,
        text: false,
    };
    T::deserialize(decoder).map_err(|wrong| wrong.problem(tree.place))
}

/// Reads a document of our own; unknown fields are errors, all of them.
pub(crate) fn decode_strict<T: DeserializeOwned>(tree: &Tree) -> (Option<T>, Vec<Problem>) {
    let (result, mut problems) = attempt(tree);
    let mut wrong = match result {
        Ok(value) if problems.is_empty() => return (Some(value), problems),
        Ok(_) => return (None, problems),
        Err(wrong) => wrong,
    };
    let mut rest = tree.clone();
    let mut cut = Vec::new();
    loop {
        let place = wrong.place.unwrap_or(tree.place);
        if !wrong.missing || !cut.contains(&place) {
            problems.push(wrong.problem(tree.place));
        }
        // Read on without the value that does not fit, for what else is wrong.
        match prune(&mut rest, place) {
            Some(container) if cut.len() < MOST_CUTS => cut.push(container),
            _ => break,
        }
        let (result, more) = attempt::<T>(&rest);
        problems.extend(more);
        match result {
            Ok(_) => break,
            Err(next) => wrong = next,
        }
    }
    problems.sort_by_key(|p| p.place);
    problems.dedup_by(|a, b| a.place == b.place && a.message == b.message);
    (None, problems)
}

/// So many values of a document are left out in search of further errors.
const MOST_CUTS: usize = 50;

fn attempt<T: DeserializeOwned>(tree: &Tree) -> (Result<T, Wrong>, Vec<Problem>) {
    let unknown = RefCell::new(Vec::new());
    let decoder = Decoder {
        tree,
        unknown: Some(&unknown),
        text: true,
    };
    let result = T::deserialize(decoder);
    (result, unknown.into_inner())
}

/// Takes the innermost value at a place out of its map or list, and maps that are empty then; returns where the
/// container of what is gone stands.
fn prune(tree: &mut Tree, place: Place) -> Option<Place> {
    let here = tree.place;
    match &mut tree.value {
        Value::Map(members) => {
            let inner = members.iter_mut().find_map(|m| prune(&mut m.value, place));
            let before = members.len();
            match inner {
                Some(_) => {
                    members.retain(|m| Some(m.value.place) != inner || !m.value.is_empty_map());
                }
                None => members.retain(|m| m.value.place != place && m.key_place != place),
            }
            if members.len() < before { Some(here) } else { inner }
        }
        Value::List(items) => {
            let inner = items.iter_mut().find_map(|item| prune(item, place));
            let before = items.len();
            match inner {
                Some(_) => items.retain(|i| Some(i.place) != inner || !i.is_empty_map()),
                None => items.retain(|item| item.place != place),
            }
            if items.len() < before { Some(here) } else { inner }
        }
        _ => None,
    }
}

/// Reads one tree.
#[derive(Clone, Copy)]
struct Decoder<'t, 's> {
    tree: &'t Tree,
    /// Where unknown fields are noted; `None`: they are passed over.
    unknown: Option<&'s RefCell<Vec<Problem>>>,
    /// Whether a number may stand where a text is expected.
    text: bool,
}

impl<'t, 's> Decoder<'t, 's> {
    fn on(self, tree: &'t Tree) -> Self {
        Self { tree, ..self }
    }

    fn members(self, members: &'t [Member]) -> Members<'t, 's> {
        Members {
            decoder: self,
            rest: members.iter(),
            fields: None,
            value: None,
        }
    }

    fn number<'de, V: Visitor<'de>>(raw: &str, visitor: V) -> Result<V::Value, Wrong> {
        if let Ok(value) = raw.parse::<i64>() {
            visitor.visit_i64(value)
        } else if let Ok(value) = raw.parse::<u64>() {
            visitor.visit_u64(value)
        } else {
            visitor.visit_f64(raw.parse().map_err(|_| Wrong::custom("not a number"))?)
        }
    }

    fn any<'de, V: Visitor<'de>>(self, fields: Option<&'static [&'static str]>, visitor: V) -> Result<V::Value, Wrong> {
        match &self.tree.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Number(raw) => Self::number(raw, visitor),
            Value::Text(text) => visitor.visit_str(text),
            Value::List(items) => visitor.visit_seq(Items {
                decoder: self,
                rest: items.iter(),
            }),
            Value::Map(members) => visitor.visit_map(Members {
                fields,
                ..self.members(members)
            }),
        }
    }
}

impl<'de> Deserializer<'de> for Decoder<'_, '_> {
    type Error = Wrong;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        self.any(None, visitor).map_err(|e| e.or_at(self.tree.place))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        match self.tree.value {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        match &self.tree.value {
            Value::Number(raw) if self.text => visitor.visit_str(raw),
            Value::Bool(value) if self.text => visitor.visit_str(&value.to_string()),
            _ => return self.deserialize_any(visitor),
        }
        .map_err(|e: Wrong| e.or_at(self.tree.place))
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        self.deserialize_str(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        self.any(Some(fields), visitor).map_err(|e| e.or_at(self.tree.place))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Wrong> {
        match name {
            AT => visitor.visit_seq(Parts { decoder: self, next: 0 }),
            "Quantity" => visitor.visit_newtype_struct(Self { text: true, ..self }),
            _ => visitor.visit_newtype_struct(self),
        }
        .map_err(|e| e.or_at(self.tree.place))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        match &self.tree.value {
            Value::Text(name) => visitor.visit_enum(Choice {
                name,
                name_place: self.tree.place,
                decoder: self,
                content: None,
            }),
            Value::Map(members) if members.len() == 1 => visitor.visit_enum(Choice {
                name: &members[0].key,
                name_place: members[0].key_place,
                decoder: self,
                content: Some(&members[0].value),
            }),
            _ => Err(Wrong::custom(format!(
                "expected exactly one of: {}",
                variants.join(", ")
            ))),
        }
        .map_err(|e| e.or_at(self.tree.place))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char bytes byte_buf unit unit_struct seq tuple
        tuple_struct map identifier ignored_any
    }
}

struct Items<'t, 's> {
    decoder: Decoder<'t, 's>,
    rest: std::slice::Iter<'t, Tree>,
}

impl<'de> SeqAccess<'de> for Items<'_, '_> {
    type Error = Wrong;
    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Wrong> {
        let Some(tree) = self.rest.next() else {
            return Ok(None);
        };
        seed.deserialize(self.decoder.on(tree)).map(Some)
    }
}

struct Members<'t, 's> {
    decoder: Decoder<'t, 's>,
    rest: std::slice::Iter<'t, Member>,
    fields: Option<&'static [&'static str]>,
    value: Option<&'t Member>,
}

impl<'de> MapAccess<'de> for Members<'_, '_> {
    type Error = Wrong;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Wrong> {
        for member in self.rest.by_ref() {
            if let (Some(fields), Some(unknown)) = (self.fields, self.decoder.unknown)
                && !fields.contains(&&*member.key)
            {
                let wrong = Wrong::unknown_field(&member.key, fields);
                unknown.borrow_mut().push(wrong.problem(member.key_place));
                continue;
            }
            self.value = Some(member);
            let key: serde::de::value::StrDeserializer<'_, Wrong> = (*member.key).into_deserializer();
            return seed.deserialize(key).map(Some).map_err(|e| e.or_at(member.key_place));
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Wrong> {
        let member = self.value.take().ok_or_else(|| Wrong::custom("a value is missing"))?;
        seed.deserialize(self.decoder.on(&member.value))
            .map_err(|e| e.or_at(member.value.place))
    }
}

/// The parts of an [`At`](super::At): position and value.
struct Parts<'t, 's> {
    decoder: Decoder<'t, 's>,
    next: u8,
}

impl<'de> SeqAccess<'de> for Parts<'_, '_> {
    type Error = Wrong;
    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Wrong> {
        let place = self.decoder.tree.place;
        self.next += 1;
        let number = match self.next {
            1 => place.file,
            2 => place.start,
            3 => place.end,
            _ => return seed.deserialize(self.decoder).map(Some),
        };
        seed.deserialize(number.into_deserializer()).map(Some)
    }
}

/// A value that is one of several: `Name`, or `{name: content}`.
struct Choice<'t, 's> {
    name: &'t str,
    name_place: Place,
    decoder: Decoder<'t, 's>,
    content: Option<&'t Tree>,
}

static NOTHING: Tree = Tree {
    place: Place {
        file: 0,
        start: 0,
        end: 0,
    },
    value: Value::Null,
};

impl<'de> EnumAccess<'de> for Choice<'_, '_> {
    type Error = Wrong;
    type Variant = Self;
    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Wrong> {
        let name: serde::de::value::StrDeserializer<'_, Wrong> = self.name.into_deserializer();
        let value = seed.deserialize(name).map_err(|e| e.or_at(self.name_place))?;
        Ok((value, self))
    }
}

impl<'de> VariantAccess<'de> for Choice<'_, '_> {
    type Error = Wrong;
    fn unit_variant(self) -> Result<(), Wrong> {
        match self.content {
            None => Ok(()),
            Some(tree) if matches!(tree.value, Value::Null) => Ok(()),
            Some(_) => Err(Wrong::custom("expected nothing behind this name").or_at(self.name_place)),
        }
    }
    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Wrong> {
        seed.deserialize(self.decoder.on(self.content.unwrap_or(&NOTHING)))
            .map_err(|mut e| {
                if self.content.is_none() {
                    e.place = Some(self.name_place);
                }
                e.or_at(self.name_place)
            })
    }
    fn tuple_variant<V: Visitor<'de>>(self, _len: usize, visitor: V) -> Result<V::Value, Wrong> {
        self.decoder
            .on(self.content.unwrap_or(&NOTHING))
            .deserialize_any(visitor)
    }
    fn struct_variant<V: Visitor<'de>>(self, fields: &'static [&'static str], visitor: V) -> Result<V::Value, Wrong> {
        self.decoder
            .on(self.content.unwrap_or(&NOTHING))
            .deserialize_struct("", fields, visitor)
    }
}

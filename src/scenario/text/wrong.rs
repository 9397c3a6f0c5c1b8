//! Why a tree does not fit a type, in words for people.

use std::fmt::Display;

use serde::de::{Expected, Unexpected};

use super::Place;
use crate::scenario::diagnostic::Problem;
use crate::scenario::nearest::did_you_mean;

/// What does not fit.
#[derive(Debug)]
pub(super) struct Wrong {
    message: String,
    help: Option<String>,
    pub(super) place: Option<Place>,
    /// A field is missing.
    pub(super) missing: bool,
}

impl Wrong {
    /// The same as an error of the input; `otherwise` where it does not know its place.
    pub(super) fn problem(self, otherwise: Place) -> Problem {
        let mut problem = Problem::at(self.place.unwrap_or(otherwise), self.message);
        problem.help = self.help;
        problem
    }

    /// The same at a place, unless it knows its own.
    pub(super) fn or_at(mut self, place: Place) -> Self {
        self.place.get_or_insert(place);
        self
    }
}

impl Display for Wrong {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Wrong {}

impl serde::de::Error for Wrong {
    fn custom<T: Display>(message: T) -> Self {
        Self {
            message: message.to_string(),
            help: None,
            place: None,
            missing: false,
        }
    }

    fn missing_field(field: &'static str) -> Self {
        let mut wrong = Self::custom(format!("the field `{field}` is missing"));
        wrong.missing = true;
        wrong
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let found = match found {
            Unexpected::Unit | Unexpected::Option => "nothing".to_owned(),
            Unexpected::Seq => "a list".to_owned(),
            Unexpected::Map => "a map".to_owned(),
            Unexpected::Str(text) => format!("the text {:?}", shortened(text)),
            Unexpected::Bool(value) => format!("`{value}`"),
            Unexpected::Unsigned(_) | Unexpected::Signed(_) | Unexpected::Float(_) => {
                format!("the {found}")
            }
            _ => found.to_string(),
        };
        Self::custom(format!("expected {}, found {found}", plain(expected)))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let found = match found {
            Unexpected::Str(text) => format!("{:?}", shortened(text)),
            Unexpected::Unsigned(value) => value.to_string(),
            Unexpected::Signed(value) => value.to_string(),
            _ => found.to_string(),
        };
        Self::custom(format!("{found} is not {}", plain(expected)))
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        let mut wrong = Self::custom(format!("unknown value `{}`", shortened(variant)));
        wrong.help = suggestion(variant, expected);
        wrong
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        let mut wrong = Self::custom(format!("unknown field `{}`", shortened(field)));
        wrong.help = suggestion(field, expected);
        wrong
    }
}

fn shortened(text: &str) -> String {
    let mut short: String = text.chars().take(60).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

fn suggestion(name: &str, known: &[&str]) -> Option<String> {
    did_you_mean(name, known.iter().copied())
        .or_else(|| (known.len() <= 40).then(|| format!("expected one of: {}", known.join(", "))))
}

/// What serde's own expectations mean to a person.
fn plain(expected: &dyn Expected) -> String {
    let text = expected.to_string();
    match text.as_str() {
        "i32" | "a 32-bit integer" => "a whole number of at most 32 bits".into(),
        "i64" => "a whole number".into(),
        "u8" | "u16" | "u32" | "u64" => "a whole number that is not negative".into(),
        "f32" | "f64" => "a number".into(),
        "a string" | "string" => "a text".into(),
        "a boolean" => "true or false".into(),
        "a sequence" => "a list".into(),
        _ if text.starts_with("struct ") => "a map".into(),
        _ => text,
    }
}

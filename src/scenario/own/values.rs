//! Values that are written as texts: durations, latencies, versions, quantities, counts or percentages.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use crate::units::{Dist, IntOrPercent, KubeVersion, Span};

/// Declares a value that is read from a text (or from a number as it is written).
macro_rules! written {
    ($(#[$doc:meta])* $name:ident($inner:ty), $expected:literal, $schema:tt) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq)]
        pub(crate) struct $name(pub(crate) $inner);

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Text;
                impl Visitor<'_> for Text {
                    type Value = $name;
                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str($expected)
                    }
                    fn visit_str<E: Error>(self, text: &str) -> Result<$name, E> {
                        <$inner>::from_str(text).map($name).map_err(|why| wrong(text, &why))
                    }
                }
                deserializer.deserialize_str(Text)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let text = self.0.to_string();
                match text.parse::<u32>() {
                    Ok(count) => serializer.serialize_u32(count),
                    Err(_) => serializer.serialize_str(&text),
                }
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    };
}

fn wrong<E: Error>(text: &str, why: &dyn fmt::Display) -> E {
    let short: String = text.chars().take(60).collect();
    E::custom(format!("{short:?}: {why}"))
}

written! {
    /// A duration in Go's syntax.
    Duration(Span), "a duration such as 90s", {
        "type": "string", "description": "A duration: 90s, 1m30s, 250ms, 2h.", "examples": ["90s", "1m30s"]
    }
}
written! {
    /// A version of Kubernetes.
    Version(KubeVersion), "a Kubernetes version such as v1.34.2", {
        "type": ["string", "number"], "description": "A version of Kubernetes: v1.34.2 or 1.34.", "examples": ["v1.34.2"]
    }
}
written! {
    /// A count or a percentage.
    Share(IntOrPercent), "a whole number or a percentage such as 25%", {
        "type": ["integer", "string"], "description": "A whole number or a percentage.", "examples": [1, "25%"]
    }
}
written! {
    /// A quantity; what it counts depends on the field.
    Quantity(String), "a quantity such as 500m or 8Gi", {
        "type": ["string", "number"], "description": "A quantity of Kubernetes: 500m, 2, 8Gi."
    }
}

/// How long something takes: a duration or a distribution.
#[derive(Clone, Debug)]
pub(crate) struct Latency(pub(crate) Dist);

impl<'de> Deserialize<'de> for Latency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Form;
        impl<'de> Visitor<'de> for Form {
            type Value = Latency;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a duration such as 90s, or a distribution such as {lognormal: {median: 3s, p95: 8s}}")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Latency, E> {
                let span = text.parse().map_err(|why| wrong(text, &why))?;
                Ok(Latency(Dist::Constant(span)))
            }
            fn visit_i64<E: Error>(self, number: i64) -> Result<Latency, E> {
                self.visit_str(&number.to_string())
            }
            fn visit_u64<E: Error>(self, number: u64) -> Result<Latency, E> {
                self.visit_str(&number.to_string())
            }
            fn visit_f64<E: Error>(self, number: f64) -> Result<Latency, E> {
                self.visit_str(&number.to_string())
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Latency, A::Error> {
                let form = Distribution::deserialize(MapAccessDeserializer::new(map))?;
                form.check().map(Latency).map_err(A::Error::custom)
            }
        }
        deserializer.deserialize_any(Form)
    }
}

impl JsonSchema for Latency {
    fn schema_name() -> Cow<'static, str> {
        "Latency".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let duration = generator.subschema_for::<Duration>();
        let distribution = generator.subschema_for::<Distribution>();
        json_schema!({
            "description": "How long something takes: a duration or a distribution.",
            "anyOf": [duration, distribution]
        })
    }
}

/// A distribution of durations.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Distribution {
    /// Always the same.
    Constant(Duration),
    /// The least and the greatest value.
    Uniform(Vec<Duration>),
    /// The normal distribution, cut off at zero.
    Normal(Normal),
    /// The log-normal distribution by two quantiles.
    Lognormal(Lognormal),
    /// The exponential distribution with this mean.
    Exponential(Mean),
    /// The value at each probability, as p0, p50, p95, p99.9, p100: linear in between.
    Quantiles(Quantiles),
    /// Measured values, each equally likely.
    Empirical(Vec<Duration>),
}

/// Mean and standard deviation.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Normal {
    mean: Duration,
    sd: Duration,
}

/// Median and 95 % quantile.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Lognormal {
    median: Duration,
    p95: Duration,
}

/// A mean, bare or as `{mean: …}`.
#[derive(Debug)]
struct Mean(Duration);

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct MeanForm {
    mean: Duration,
}

impl<'de> Deserialize<'de> for Mean {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Form;
        impl<'de> Visitor<'de> for Form {
            type Value = Mean;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a duration such as 90s, or {mean: 90s}")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Mean, E> {
                let span = text.parse().map_err(|why| wrong(text, &why))?;
                Ok(Mean(Duration(span)))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Mean, A::Error> {
                let form = MeanForm::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Mean(form.mean))
            }
        }
        deserializer.deserialize_any(Form)
    }
}

impl JsonSchema for Mean {
    fn schema_name() -> Cow<'static, str> {
        "Mean".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let duration = generator.subschema_for::<Duration>();
        let form = generator.subschema_for::<MeanForm>();
        json_schema!({"anyOf": [duration, form]})
    }
}

/// Values by their probabilities, ascending.
#[derive(Debug)]
struct Quantiles(Vec<(f64, Span)>);

impl<'de> Deserialize<'de> for Quantiles {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Form;
        impl<'de> Visitor<'de> for Form {
            type Value = Quantiles;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map such as {p0: 1s, p50: 3s, p95: 8s, p100: 20s}")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Quantiles, A::Error> {
                let mut points = Vec::new();
                while let Some((key, Duration(span))) = map.next_entry::<String, Duration>()? {
                    let percent = key.strip_prefix('p').and_then(|p| f64::from_str(p).ok());
                    let percent = percent.filter(|p| (0.0..=100.0).contains(p));
                    let percent = percent.ok_or_else(|| {
                        let short: String = key.chars().take(60).collect();
                        A::Error::custom(format!("`{short}` is not a quantile from p0 to p100"))
                    })?;
                    points.push((percent / 100.0, span));
                }
                points.sort_by(|a, b| a.0.total_cmp(&b.0));
                Ok(Quantiles(points))
            }
        }
        deserializer.deserialize_map(Form)
    }
}

impl JsonSchema for Quantiles {
    fn schema_name() -> Cow<'static, str> {
        "Quantiles".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let duration = generator.subschema_for::<Duration>();
        json_schema!({
            "type": "object",
            "patternProperties": {r"^p[0-9.]+$": duration},
            "additionalProperties": false
        })
    }
}

impl Distribution {
    /// The distribution, or why there is none of that kind.
    fn check(self) -> Result<Dist, String> {
        Ok(match self {
            Self::Constant(Duration(span)) => Dist::Constant(span),
            Self::Uniform(bounds) => match bounds[..] {
                [Duration(low), Duration(high)] if low <= high => Dist::Uniform(low, high),
                [Duration(low), Duration(high)] => {
                    return Err(format!("uniform: the low end {low} is above the high end {high}"));
                }
                _ => return Err("uniform: expected two durations, [low, high]".into()),
            },
            Self::Normal(Normal { mean, sd }) => Dist::Normal { mean: mean.0, sd: sd.0 },
            Self::Lognormal(Lognormal { median, p95 }) => {
                let (median, p95) = (median.0, p95.0);
                if p95 < median {
                    return Err(format!("lognormal: p95 ({p95}) is below the median ({median})"));
                }
                Dist::LogNormal { median, p95 }
            }
            Self::Exponential(Mean(Duration(mean))) => Dist::Exponential(mean),
            Self::Quantiles(Quantiles(points)) => quantiles(points)?,
            Self::Empirical(values) if values.is_empty() => {
                return Err("empirical: the list is empty".into());
            }
            Self::Empirical(values) => Dist::Empirical(values.into_iter().map(|v| v.0).collect()),
        })
    }
}

fn quantiles(points: Vec<(f64, Span)>) -> Result<Dist, String> {
    if points.is_empty() {
        return Err("quantiles: there are none".into());
    }
    for pair in points.windows(2) {
        if pair[0].0.to_bits() == pair[1].0.to_bits() {
            return Err(format!("quantiles: p{} stands here twice", pair[0].0 * 100.0));
        }
        if pair[0].1 > pair[1].1 {
            return Err(format!(
                "quantiles: p{} ({}) is above p{} ({})",
                pair[0].0 * 100.0,
                pair[0].1,
                pair[1].0 * 100.0,
                pair[1].1
            ));
        }
    }
    Ok(Dist::Quantiles(points.into()))
}

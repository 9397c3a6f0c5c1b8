//! Axes: what is measured, in which unit, and where its numbers are on the sheet.

use std::ops::Range;

use plotters::coord::combinators::{IntoLogRange, LogCoord};
use plotters::coord::ranged1d::Ranged;
use plotters::coord::types::RangedCoordf64;

use super::sheet::{Sheet, Words};
use super::text;
use super::theme::Paint;
use crate::units::Span;

/// What an axis shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Axis {
    /// What is measured, without its unit.
    pub title: String,
    /// The unit of the numbers.
    pub unit: Unit,
    /// How they are spread over the axis.
    pub scale: Scale,
}

impl Axis {
    /// A linear axis of durations in seconds.
    #[must_use]
    pub fn seconds(title: &str) -> Self {
        Self {
            title: title.into(),
            unit: Unit::Seconds,
            scale: Scale::Linear,
        }
    }

    /// A linear axis of numbers.
    #[must_use]
    pub fn number(title: &str) -> Self {
        Self {
            title: title.into(),
            unit: Unit::Number,
            scale: Scale::Linear,
        }
    }

    /// The same in another unit.
    #[must_use]
    pub fn unit(self, unit: Unit) -> Self {
        Self { unit, ..self }
    }

    /// The same with every tenfold equally far.
    #[must_use]
    pub fn log(self) -> Self {
        Self {
            scale: Scale::Log,
            ..self
        }
    }
}

impl Axis {
    /// Its title, with its scale where that is not the usual one.
    pub(super) fn said(&self) -> String {
        match self.scale {
            Scale::Linear => self.title.clone(),
            Scale::Log => format!("{} (log scale)", self.title),
        }
    }
}

/// The unit of an axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Numbers are durations in seconds; labels say `250ms`, `30s`, `5m`.
    Seconds,
    /// Things that are counted.
    Number,
    /// Percent of something; numbers are 0 to 100.
    Percent,
    /// Another unit, said after each number.
    Of(String),
}

impl Unit {
    /// A number in this unit, as a label says it.
    #[must_use]
    pub fn say(&self, value: f64) -> String {
        match self {
            Self::Seconds => duration(value),
            Self::Number => number(value),
            Self::Percent => format!("{}%", number(value)),
            Self::Of(unit) => format!("{} {unit}", number(value)),
        }
    }
}

/// How numbers are spread over an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Equal differences are equally far; begins at zero.
    Linear,
    /// Equal ratios are equally far; what is not above zero stands at the edge.
    Log,
}

/// `250ms`, `1.5s`, `5m`, `1h30m`.
fn duration(seconds: f64) -> String {
    if seconds > 0.0 && seconds < 0.001 {
        return format!("{}us", number(seconds * 1e6));
    }
    let mut text = Span::from_secs_f64(seconds).to_string();
    for (zero, without) in [("m0s", "m"), ("h0m", "h")] {
        if text.ends_with(zero) {
            text.truncate(text.len() - zero.len());
            text.push_str(without);
        }
    }
    text
}

/// `0.25`, `40`, `1,000`, `150k`, `2M`.
fn number(value: f64) -> String {
    let short = |value: f64, unit: &str| {
        let text = format!("{value:.3}");
        format!("{}{unit}", text.trim_end_matches('0').trim_end_matches('.'))
    };
    match value.abs() {
        v if v >= 1e6 => short(value / 1e6, "M"),
        v if v >= 1e4 => short(value / 1e3, "k"),
        v if v >= 1e3 => {
            let text = short(value, "");
            format!("{},{}", &text[..text.len().min(1)], &text[1..])
        }
        v if (1e-12..0.01).contains(&v) => format!("{value:e}"),
        _ => short(value, ""),
    }
}

/// Steps of durations that people count in: seconds, minutes, hours, days.
const CLOCK: [f64; 21] = [
    1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1_800.0, 3_600.0, 7_200.0, 10_800.0, 21_600.0,
    43_200.0, 86_400.0, 172_800.0, 432_000.0, 864_000.0,
];

/// The same where each is about twice the one before.
const CLOCK_LOG: [f64; 19] = [
    1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1_200.0, 1_800.0, 3_600.0, 7_200.0, 14_400.0, 28_800.0,
    86_400.0, 172_800.0, 432_000.0,
];

/// The smallest step people count in that takes at most `most` steps over a range.
fn step(unit: &Unit, range: f64, most: f64) -> f64 {
    let wanted = (range / most).max(1e-9);
    if *unit == Unit::Seconds && wanted > 0.5 {
        return CLOCK.into_iter().find(|s| *s >= wanted).unwrap_or(wanted);
    }
    let ten = libm::pow(10.0, libm::floor(libm::log10(wanted)));
    let nice = [1.0, 2.0, 5.0]
        .map(|n| n * ten)
        .into_iter()
        .find(|s| *s >= wanted * 0.999);
    nice.unwrap_or(10.0 * ten)
}

/// An axis on a sheet: from a number to a place in pixels.
pub(super) struct Ruler {
    unit: Unit,
    coord: Coord,
    from: f64,
    pixels: (i32, i32),
    /// Where numbers are written.
    pub(super) ticks: Vec<f64>,
}

enum Coord {
    Linear(RangedCoordf64),
    Log(LogCoord<f64>),
}

impl Ruler {
    /// Lays out an axis for values; `most` is the number of ticks that have room.
    pub(super) fn new(axis: &Axis, values: impl Iterator<Item = f64>, pixels: (i32, i32), most: f64) -> Self {
        let finite: Vec<f64> = values.filter(|v| v.is_finite()).collect();
        let top = finite.iter().copied().fold(0.0, f64::max);
        match axis.scale {
            Scale::Linear => {
                let top = if top > 0.0 { top } else { 1.0 };
                let by = step(&axis.unit, top, most);
                let steps = libm::ceil(top / by - 1e-9);
                let ticks = (0..=count(steps)).map(|n| f64::from(n) * by).collect();
                let coord = Coord::Linear((0.0..steps * by).into());
                Self {
                    unit: axis.unit.clone(),
                    coord,
                    from: 0.0,
                    pixels,
                    ticks,
                }
            }
            Scale::Log => {
                let above = finite.iter().copied().filter(|v| *v > 0.0);
                let low = above
                    .fold(f64::INFINITY, f64::min)
                    .min(if top > 0.0 { top } else { 1.0 });
                let clock = (axis.unit == Unit::Seconds).then(|| on_the_clock(low, top)).flatten();
                let (range, ticks) = clock.unwrap_or_else(|| {
                    let range = decades(low, top.max(low));
                    let ticks = log_ticks(&range, most);
                    (range, ticks)
                });
                Self {
                    unit: axis.unit.clone(),
                    from: range.start,
                    coord: Coord::Log(range.log_scale().into()),
                    pixels,
                    ticks,
                }
            }
        }
    }

    /// Lays out a linear axis from zero that ends at a number.
    pub(super) fn up_to(unit: &Unit, end: f64, pixels: (i32, i32), most: f64) -> Self {
        Self::between(unit, (0.0, end), pixels, most)
    }

    /// Lays out a linear axis between two numbers.
    pub(super) fn between(unit: &Unit, (from, to): (f64, f64), pixels: (i32, i32), most: f64) -> Self {
        let to = if to > from { to } else { from + 1.0 };
        let by = step(unit, to - from, most);
        let first = libm::ceil(from / by - 1e-9);
        let ticks = (0..=count(libm::floor(to / by + 1e-9) - first)).map(|n| (first + f64::from(n)) * by);
        Self {
            unit: unit.clone(),
            coord: Coord::Linear((from..to).into()),
            from,
            pixels,
            ticks: ticks.filter(|t| *t <= to * 1.000_001).collect(),
        }
    }

    /// Where a number is.
    pub(super) fn place(&self, value: f64) -> i32 {
        let value = value.max(self.from);
        match &self.coord {
            Coord::Linear(coord) => coord.map(&value, self.pixels),
            Coord::Log(coord) => coord.map(&value, self.pixels),
        }
    }

    /// A number as the axis says it.
    pub(super) fn say(&self, value: f64) -> String {
        self.unit.say(value)
    }
}

fn count(steps: f64) -> u32 {
    (0..1000).find(|n| f64::from(*n) >= steps).unwrap_or(1000)
}

/// The tenfolds around two numbers, to a factor of one, two or five.
fn decades(low: f64, high: f64) -> Range<f64> {
    let round = |value: f64, up: bool| {
        let ten = libm::pow(10.0, libm::floor(libm::log10(value) + 1e-9));
        let marks = [1.0, 2.0, 5.0, 10.0].map(|n| n * ten);
        if up {
            marks.into_iter().find(|m| *m >= value * 0.999)
        } else {
            marks.into_iter().rev().find(|m| *m <= value * 1.001)
        }
    };
    let from = round(low * 0.95, false).unwrap_or(low);
    let to = round(high * 1.05, true).unwrap_or(high);
    from..to.max(from * 10.0)
}

/// The durations people count in around two numbers, for a log axis; `None`: they are too short or too long for that.
fn on_the_clock(low: f64, high: f64) -> Option<(Range<f64>, Vec<f64>)> {
    let from = CLOCK_LOG.into_iter().rfind(|c| *c <= low * 0.95)?;
    let to = CLOCK_LOG.into_iter().find(|c| *c >= high * 1.05)?;
    let ticks = CLOCK_LOG.into_iter().filter(|c| (from..=to).contains(c));
    Some((from..to, ticks.collect()))
}

/// Powers of ten, and twice and five times them where there is room.
fn log_ticks(range: &Range<f64>, most: f64) -> Vec<f64> {
    let first = libm::floor(libm::log10(range.start) + 1e-9);
    let last = libm::ceil(libm::log10(range.end) - 1e-9);
    let spread = last - first;
    let decades = libm::log10(range.end / range.start);
    let factors: &[f64] = if spread * 3.0 <= most || decades < 2.0 {
        &[1.0, 2.0, 5.0]
    } else {
        &[1.0]
    };
    let every = libm::ceil(spread / most).max(1.0);
    let mut ticks = Vec::new();
    for n in 0..=count(spread / every) {
        let ten = libm::pow(10.0, first + f64::from(n) * every);
        ticks.extend(factors.iter().map(|f| f * ten));
    }
    ticks.retain(|t| *t >= range.start * 0.999 && *t <= range.end * 1.001);
    ticks
}

/// The part of a sheet between two axes.
pub(super) struct Frame {
    /// Across.
    pub(super) x: Ruler,
    /// From the bottom to the top.
    pub(super) y: Ruler,
}

impl Frame {
    /// Draws the axes with their numbers, titles and grid.
    pub(super) fn draw(&self, sheet: &Sheet<'_>, x_title: &str, y_title: &str) {
        let (left, right) = self.x.pixels;
        let (bottom, top) = self.y.pixels;
        for tick in &self.y.ticks {
            let y = self.y.place(*tick);
            sheet.line(vec![(left, y), (right, y)], Paint::Grid, 1);
            sheet.words(
                &Words::new(&self.y.say(*tick)).size(12.0).paint(Paint::Muted).ends(),
                (left - 8, y),
            );
        }
        // Numbers that would run into the one before are left out.
        let mut taken = f64::NEG_INFINITY;
        for tick in &self.x.ticks {
            let x = self.x.place(*tick);
            sheet.line(vec![(x, bottom), (x, top)], Paint::Grid, 1);
            let said = self.x.say(*tick);
            let half = text::width(&said, 12.0) / 2.0;
            if f64::from(x) - half > taken {
                sheet.words(
                    &Words::new(&said).size(12.0).paint(Paint::Muted).centred().below(),
                    (x, bottom + 8),
                );
                taken = f64::from(x) + half + 6.0;
            }
        }
        sheet.line(vec![(left, top), (left, bottom), (right, bottom)], Paint::Muted, 1);
        sheet.words(
            &Words::new(x_title).centred().below(),
            (i32::midpoint(left, right), bottom + 28),
        );
        sheet.words(
            &Words::new(y_title).centred().turned(),
            (left - 82, i32::midpoint(top, bottom)),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_said_as_people_do() {
        let seconds = [0.0, 0.25, 1.5, 30.0, 90.0, 300.0, 3600.0, 5400.0].map(|s| Unit::Seconds.say(s));
        assert_eq!(seconds, ["0s", "250ms", "1.5s", "30s", "1m30s", "5m", "1h", "1h30m"]);
        let numbers = [0.0, 0.25, 40.0, 1000.0, 2500.0, 150_000.0, 2e6].map(|v| Unit::Number.say(v));
        assert_eq!(numbers, ["0", "0.25", "40", "1,000", "2,500", "150k", "2M"]);
        assert_eq!(Unit::Of("MiB".into()).say(150.0), "150 MiB");
        assert_eq!(Unit::Percent.say(5.0), "5%");
    }

    #[test]
    fn ticks_cover_the_values() {
        let ruler = Ruler::new(&Axis::seconds("t"), [0.0, 259.0].into_iter(), (0, 600), 8.0);
        assert_eq!(ruler.ticks, [0.0, 60.0, 120.0, 180.0, 240.0, 300.0]);
        assert_eq!((ruler.place(0.0), ruler.place(300.0)), (0, 600));
        let ruler = Ruler::new(&Axis::number("n").log(), [100.0, 5000.0].into_iter(), (0, 300), 4.0);
        assert_eq!(ruler.ticks, [100.0, 1000.0, 10_000.0]);
        assert_eq!(ruler.place(0.0), 0);
        let ruler = Ruler::new(&Axis::seconds("t").log(), [70.0, 4000.0].into_iter(), (0, 300), 10.0);
        let said: Vec<String> = ruler.ticks.iter().map(|t| ruler.say(*t)).collect();
        assert_eq!(said, ["1m", "2m", "5m", "10m", "20m", "30m", "1h", "2h"]);
    }

    /// Nothing to show, or the same all the time, still has an axis.
    #[test]
    fn an_axis_needs_no_values() {
        for axis in [Axis::number("n"), Axis::number("n").log()] {
            for values in [&[][..], &[0.0], &[7.0], &[f64::NAN]] {
                let ruler = Ruler::new(&axis, values.iter().copied(), (0, 100), 5.0);
                assert!(ruler.ticks.len() >= 2, "{values:?} {:?}", ruler.ticks);
                let at = ruler.place(values.first().copied().unwrap_or(1.0));
                assert!((0..=100).contains(&at), "{values:?}: {at}");
            }
        }
    }
}

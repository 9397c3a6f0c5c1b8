//! How numbers are spread over trials.

use super::axis::{Axis, Frame, Ruler};
use super::sheet::{Sheet, Words};
use super::text::{shorten, width};
use super::theme::Paint;
use super::{Unit, WIDTH};

/// Distributions below each other.
#[derive(Clone, Debug, PartialEq)]
pub struct Histograms {
    /// What the chart is about.
    pub title: String,
    /// How it went, in a line.
    pub subtitle: String,
    /// From the top down.
    pub distributions: Vec<Distribution>,
}

/// Values, and how often each occurred.
#[derive(Clone, Debug, PartialEq)]
pub struct Distribution {
    /// What was counted.
    pub axis: Axis,
    /// Values in ascending order with their counts.
    pub values: Vec<(f64, u64)>,
}

const LEFT: i32 = 90;
const RIGHT: i32 = WIDTH - 24;
const HEAD: i32 = 60;
/// Room for the words above a plot, the plot, and its axis.
const ABOVE: i32 = 40;
const PLOT: i32 = 150;
const BELOW: i32 = 62;
const BINS: f64 = 60.0;

impl Histograms {
    /// The chart as SVG.
    #[must_use]
    pub fn draw(&self) -> String {
        let panel = ABOVE + PLOT + BELOW;
        let height = (0..)
            .zip(&self.distributions)
            .map(|(n, _)| HEAD + (n + 1) * panel)
            .last();
        let description: Vec<String> = self.distributions.iter().map(Distribution::description).collect();
        let description = format!("{} {}", self.subtitle, description.join(" "));
        Sheet::draw(height.unwrap_or(HEAD), &self.title, &description, |sheet| {
            let title = shorten(&self.title, 17.0, 780.0);
            sheet.words(&Words::new(&title).size(17.0).bold(true), (24, 24));
            let subtitle = shorten(&self.subtitle, 12.0, 850.0);
            sheet.words(&Words::new(&subtitle).size(12.0).paint(Paint::Muted), (24, 46));
            for (n, distribution) in (0..).zip(&self.distributions) {
                distribution.draw(sheet, HEAD + n * panel);
            }
        })
    }
}

impl Distribution {
    /// The least value that so many of a hundred do not exceed: one that occurred.
    fn quantile(&self, percent: u64) -> f64 {
        let all: u64 = self.values.iter().map(|v| v.1).sum();
        let mut so_far = 0;
        for (value, count) in &self.values {
            so_far += count;
            if so_far * 100 >= all * percent {
                return *value;
            }
        }
        0.0
    }

    /// p50, p95 and the greatest.
    fn marks(&self) -> [(&'static str, f64); 3] {
        let greatest = self.values.last().map_or(0.0, |v| v.0);
        [
            ("p50", self.quantile(50)),
            ("p95", self.quantile(95)),
            ("max", greatest),
        ]
    }

    fn description(&self) -> String {
        let marks = self
            .marks()
            .map(|(name, value)| format!("{name} {}", self.axis.unit.say(hundredths(value))));
        format!("{}: {}.", self.axis.title, marks.join(", "))
    }

    /// Edges of the bins: from a round number below the least to the greatest.
    fn bins(&self) -> Vec<(f64, f64, f64)> {
        let (least, most) = (
            self.values.first().map_or(0.0, |v| v.0),
            self.values.last().map_or(0.0, |v| v.0),
        );
        let ruler = Ruler::up_to(&Unit::Number, (most - least).max(0.001), (0, 1), BINS);
        let by = ruler.ticks.get(1).copied().unwrap_or(most - least).max(0.001);
        let first = libm::floor(least / by) * by;
        let all: u64 = self.values.iter().map(|v| v.1).sum();
        let mut bins: Vec<(f64, f64, f64)> = Vec::new();
        for (value, count) in &self.values {
            let from = first + libm::floor((value - first) / by + 1e-9) * by;
            #[expect(clippy::cast_precision_loss, reason = "shares of trials")]
            let share = 100.0 * *count as f64 / all.max(1) as f64;
            match bins.last_mut() {
                Some(last) if (last.0 - from).abs() < by / 2.0 => last.2 += share,
                _ => bins.push((from, from + by, share)),
            }
        }
        bins
    }

    fn draw(&self, sheet: &Sheet<'_>, top: i32) {
        let bins = self.bins();
        let marks = self.marks();
        self.words(sheet, top + 14, &marks);
        let top = top + ABOVE;
        let share = Axis::number("Trials").unit(Unit::Percent);
        let (low, high) = (bins.first().map_or(0.0, |b| b.0), bins.last().map_or(1.0, |b| b.1));
        // Bars far from zero are not pressed to the edge.
        let from = if low < 0.6 * high { 0.0 } else { low };
        let frame = Frame {
            x: Ruler::between(&self.axis.unit, (from, high), (LEFT, RIGHT), 9.0),
            y: Ruler::new(&share, bins.iter().map(|b| b.2), (top + PLOT, top), 3.0),
        };
        frame.draw(sheet, &self.axis.title, &share.title);
        for (from, to, share) in &bins {
            let (from, to) = (frame.x.place(*from), frame.x.place(*to));
            let high = frame.y.place(*share).min(top + PLOT - 1);
            sheet.block((from, high), ((to - 1).max(from + 1), top + PLOT), Paint::Series(0));
        }
        for (n, (_, value)) in marks.into_iter().enumerate() {
            let x = frame.x.place(value);
            let dashes = [(6, 3), (2, 3), (9, 2)][n];
            sheet.dashes(vec![(x, top + PLOT), (x, top - 4)], Paint::Series(1), dashes);
        }
    }

    /// What the dashed lines are, in a row above the plot.
    fn words(&self, sheet: &Sheet<'_>, middle: i32, marks: &[(&'static str, f64)]) {
        let mut x = LEFT;
        for (n, (name, value)) in marks.iter().enumerate() {
            let dashes = [(6, 3), (2, 3), (9, 2)][n % 3];
            sheet.dashes(vec![(x, middle), (x + 26, middle)], Paint::Series(1), dashes);
            let text = format!("{name} {}", self.axis.unit.say(hundredths(*value)));
            sheet.words(&Words::new(&text).size(12.0), (x + 32, middle));
            x += 32 + super::pixels(width(&text, 12.0)) + 24;
        }
    }
}

/// Nobody reads more.
fn hundredths(value: f64) -> f64 {
    libm::round(value * 100.0) / 100.0
}

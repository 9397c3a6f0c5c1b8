//! Things that can be had against each other: less of both is better.

use super::axis::{Axis, Frame, Ruler, Unit};
use super::sheet::{Place, Sheet, Words};
use super::text::{overlap, shorten, width};
use super::theme::Paint;
use super::{WIDTH, pixels};

/// A chart of points with names.
///
/// Both axes are costs. Points that no other one beats in both are filled and joined by a line; the others are rings.
#[derive(Clone, Debug, PartialEq)]
pub struct Scatter {
    /// What the chart is about.
    pub title: String,
    /// From left to right.
    pub x: Axis,
    /// From the bottom to the top.
    pub y: Axis,
    /// What the area of a point stands for, with its unit: `evictions`.
    pub size: String,
    /// The points.
    pub points: Vec<Point>,
}

/// A point.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// Its name.
    pub label: String,
    /// Its cost on the axis across.
    pub x: f64,
    /// Its cost on the other axis.
    pub y: f64,
    /// What its area stands for; not below 0.
    pub size: f64,
    /// Whether it is the one that a reader should find: a diamond, its name in bold.
    pub marked: bool,
}

const LEFT: i32 = 90;
const RIGHT: i32 = WIDTH - 24;
const TOP: i32 = 84;
const BOTTOM: i32 = 464;
const FONT: f64 = 13.0;
const ROW: i32 = 20;

/// A point on the sheet.
struct Spot {
    at: Place,
    radius: i32,
    name: String,
    front: bool,
}

impl Spot {
    fn room(&self) -> [f64; 4] {
        let (x, y, r) = (f64::from(self.at.0), f64::from(self.at.1), f64::from(self.radius) + 2.0);
        [x - r, y - r, x + r, y + r]
    }
}

impl Scatter {
    /// The chart as SVG.
    #[must_use]
    pub fn draw(&self) -> String {
        let frame = Frame {
            x: Ruler::new(&self.x, self.points.iter().map(|p| p.x), (LEFT, RIGHT), 10.0),
            y: Ruler::new(&self.y, self.points.iter().map(|p| p.y), (BOTTOM, TOP), 7.0),
        };
        let spots = self.spots(&frame);
        let line = self.front(&frame);
        let names = place_names(&spots, &self.points, &line);
        let left_out: Vec<&str> = (self.points.iter().zip(&names))
            .filter_map(|(point, place)| place.is_none().then_some(point.label.as_str()))
            .collect();
        let notes = left_out.chunks(4).count();
        let height = BOTTOM + 56 + ROW * i32::try_from(notes).unwrap_or(0);
        Sheet::draw(height, &self.title, &self.description(), |sheet| {
            sheet.words(
                &Words::new(&shorten(&self.title, 17.0, 780.0)).size(17.0).bold(true),
                (24, 26),
            );
            self.legend(sheet);
            frame.draw(sheet, &self.x.said(), &self.y.said());
            if line.len() > 1 {
                sheet.line(line, Paint::Series(0), 1);
            }
            for marked in [false, true] {
                for (spot, _) in spots.iter().zip(&self.points).filter(|(_, p)| p.marked == marked) {
                    mark(sheet, spot.at, spot.radius, spot.front, marked);
                }
            }
            for ((spot, point), name) in spots.iter().zip(&self.points).zip(&names) {
                if let Some(at) = name {
                    name_it(sheet, spot, point, *at);
                }
            }
            for (row, names) in (0..).zip(left_out.chunks(4)) {
                let names: Vec<String> = names.iter().map(|n| shorten(n, FONT, 180.0)).collect();
                let line = format!("Too close to name: {}", names.join(", "));
                sheet.words(
                    &Words::new(&line).size(12.0).paint(Paint::Muted),
                    (24, BOTTOM + 58 + row * ROW),
                );
            }
        })
    }

    /// Which points no other one beats: as good in both, and better in one.
    fn is_front(&self, point: &Point) -> bool {
        let beats = |p: &Point| p.x <= point.x && p.y <= point.y && (p.x < point.x || p.y < point.y);
        !self.points.iter().any(beats)
    }

    fn spots(&self, frame: &Frame) -> Vec<Spot> {
        let largest = self.points.iter().map(|p| p.size).fold(0.0, f64::max);
        let spot = |point: &Point| Spot {
            at: (frame.x.place(point.x), frame.y.place(point.y)),
            radius: radius(point.size, largest),
            name: shorten(&point.label, FONT, 240.0),
            front: self.is_front(point),
        };
        self.points.iter().map(spot).collect()
    }

    /// What the marks mean, in one row below the title.
    fn legend(&self, sheet: &Sheet<'_>) {
        let mut x = 32;
        let mut entry = |text: &str, front: bool, marked: bool, radius: i32| {
            mark(sheet, (x, 54), radius, front, marked);
            let words = Words::new(text).size(12.0).paint(Paint::Muted);
            sheet.words(&words, (x + radius + 6, 54));
            x += pixels(words.width()) + 2 * radius + 24;
        };
        entry("best: nothing beats it in both", true, false, 6);
        entry("beaten", false, false, 6);
        if let Some(marked) = self.points.iter().find(|p| p.marked) {
            entry(&shorten(&marked.label, 12.0, 160.0), true, true, 6);
        }
        let largest = self.points.iter().map(|p| p.size).fold(0.0, f64::max);
        let say = |size| Unit::Number.say(size);
        entry(
            &format!("{} {}", say(largest), self.size),
            false,
            false,
            radius(largest, largest),
        );
    }

    /// The line along the best points.
    fn front(&self, frame: &Frame) -> Vec<Place> {
        let mut best: Vec<&Point> = self.points.iter().filter(|p| self.is_front(p)).collect();
        best.sort_by(|a, b| a.x.total_cmp(&b.x).then(b.y.total_cmp(&a.y)));
        let mut line: Vec<Place> = Vec::new();
        for point in best {
            let at = (frame.x.place(point.x), frame.y.place(point.y));
            if let Some(last) = line.last().copied() {
                line.push((at.0, last.1));
            }
            line.push(at);
        }
        line
    }

    fn description(&self) -> String {
        let mut text = format!("{} against {}.", self.y.title, self.x.title);
        for point in &self.points {
            let best = if self.is_front(point) { ", best" } else { "" };
            text.push_str(&format!(
                " {}: {}, {}, {} {}{best}.",
                point.label,
                self.x.unit.say(round(point.x)),
                self.y.unit.say(round(point.y)),
                Unit::Number.say(round(point.size)),
                self.size
            ));
        }
        text
    }
}

fn round(value: f64) -> f64 {
    libm::round(value * 10.0) / 10.0
}

/// Areas are in proportion to sizes.
fn radius(size: f64, largest: f64) -> i32 {
    let share = if largest > 0.0 {
        (size / largest).clamp(0.0, 1.0)
    } else {
        0.0
    };
    pixels(4.0 + 10.0 * share.sqrt())
}

fn mark(sheet: &Sheet<'_>, at: Place, radius: i32, front: bool, marked: bool) {
    let (x, y) = at;
    if marked {
        let r = radius + 2;
        sheet.shape(vec![(x, y - r), (x + r, y), (x, y + r), (x - r, y)], Paint::Series(1));
    } else if front {
        sheet.disc(at, radius, Paint::Series(0));
    } else {
        sheet.ring(at, radius, Paint::Series(5));
    }
}

/// Where each name goes: beside its point if there is room, else as near as there is; `None`: nowhere.
fn place_names(spots: &[Spot], points: &[Point], line: &[Place]) -> Vec<Option<Place>> {
    let stretch = |ends: &[Place]| {
        let (a, b) = (ends[0], ends[1]);
        [a.0.min(b.0) - 2, a.1.min(b.1) - 2, a.0.max(b.0) + 2, a.1.max(b.1) + 2].map(f64::from)
    };
    let mut taken: Vec<[f64; 4]> = spots
        .iter()
        .map(Spot::room)
        .chain(line.windows(2).map(stretch))
        .collect();
    let mut named = Vec::new();
    let mut names = vec![None; spots.len()];
    // The ones that matter choose first.
    let mut order: Vec<usize> = (0..spots.len()).collect();
    order.sort_by_key(|n| (!points[*n].marked, !spots[*n].front, *n));
    for n in order {
        let spot = &spots[n];
        let wide = width(&spot.name, FONT) * if points[n].marked { 1.1 } else { 1.0 };
        let fits = |at: &Place| {
            let room = room(*at, wide);
            let inside = room[0] >= f64::from(LEFT + 4)
                && room[2] <= f64::from(RIGHT + 20)
                && room[1] >= f64::from(TOP - 8)
                && room[3] <= f64::from(BOTTOM - 2);
            inside && !taken.iter().any(|other| overlap(room, *other))
        };
        let crosses = |at: &Place| {
            let line = leader(spot, *at, pixels(wide));
            along(&line).any(|bit| named.iter().any(|other| overlap(bit, *other)))
        };
        let all: Vec<Place> = candidates(spot, wide).into_iter().filter(fits).collect();
        // Better a line across a name than none.
        let free = all.iter().copied().find(|at| !crosses(at)).or(all.first().copied());
        if let Some(at) = free {
            taken.push(room(at, wide));
            named.push(room(at, wide));
            taken.extend(along(&leader(spot, at, pixels(wide))));
            names[n] = Some(at);
        }
    }
    names
}

/// The room of a name whose left end is at a place.
fn room(at: Place, wide: f64) -> [f64; 4] {
    let (x, y) = (f64::from(at.0), f64::from(at.1));
    [x - 1.0, y - 0.62 * FONT, x + wide + 1.0, y + 0.62 * FONT]
}

/// Left ends of names around a point, the best first: right, left, above, below, then farther and farther out.
fn candidates(spot: &Spot, wide: f64) -> Vec<Place> {
    let (x, y) = spot.at;
    let (wide, r) = (pixels(wide), spot.radius);
    let mut all = Vec::new();
    for far in 0..20 {
        let out = r + 6 + far * 9;
        let (right, left, middle) = (x + out, x - out - wide, x - wide / 2);
        all.extend([(right, y), (left, y), (middle, y - out - 6), (middle, y + out + 6)]);
        for up in [-1, 1] {
            all.push((x + r + 4, y + up * (out + 4)));
            all.push((x - r - 4 - wide, y + up * (out + 4)));
            all.push((x + out, y + up * (out + 4)));
            all.push((x - out - wide, y + up * (out + 4)));
        }
    }
    all
}

/// The line from a point to its name; empty where they are side by side.
fn leader(spot: &Spot, at: Place, wide: i32) -> Vec<Place> {
    let near = (
        spot.at.0.clamp(at.0, at.0 + wide),
        at.1 + 8 * (spot.at.1 - at.1).signum(),
    );
    let (dx, dy) = (near.0 - spot.at.0, near.1 - spot.at.1);
    if dx * dx + dy * dy > (spot.radius + 14) * (spot.radius + 14) {
        vec![spot.at, near]
    } else {
        Vec::new()
    }
}

/// Small squares along a line, to keep names off it.
fn along(line: &[Place]) -> impl Iterator<Item = [f64; 4]> + '_ {
    let bits = |ends: &[Place]| {
        let (a, b) = (ends[0], ends[1]);
        (0..=16).map(move |n| {
            let x = f64::from(a.0 * (16 - n) + b.0 * n) / 16.0;
            let y = f64::from(a.1 * (16 - n) + b.1 * n) / 16.0;
            [x - 2.0, y - 2.0, x + 2.0, y + 2.0]
        })
    };
    line.windows(2).flat_map(bits)
}

/// Writes a name, with a line to its point where they are apart.
fn name_it(sheet: &Sheet<'_>, spot: &Spot, point: &Point, at: Place) {
    let words = Words::new(&spot.name).size(FONT).bold(point.marked);
    let line = leader(spot, at, pixels(words.width()));
    if !line.is_empty() {
        sheet.line(line, Paint::Muted, 1);
    }
    sheet.words(&words, at);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::plot::boxes;

    fn chart(points: Vec<Point>) -> Scatter {
        Scatter {
            title: "Strategies".into(),
            x: Axis::seconds("Makespan"),
            y: Axis::seconds("Downtime"),
            size: "evictions".into(),
            points,
        }
    }

    fn point(label: &str, x: f64, y: f64) -> Point {
        Point {
            label: label.into(),
            x,
            y,
            size: x,
            marked: false,
        }
    }

    #[test]
    fn the_front_is_what_nothing_beats() {
        let chart = chart(vec![
            point("a", 1.0, 5.0),
            point("b", 2.0, 5.0),
            point("c", 3.0, 0.0),
            point("d", 1.0, 5.0),
        ]);
        let front: Vec<bool> = chart.points.iter().map(|p| chart.is_front(p)).collect();
        assert_eq!(front, [true, false, true, true]);
    }

    /// Names of many points, some of them in the same place, never run into each other.
    #[test]
    fn names_keep_clear_of_each_other() {
        let mut points: Vec<Point> = (0..24)
            .map(|n| {
                point(
                    &format!("strategy number {n}"),
                    f64::from(n % 5) * 100.0,
                    f64::from(n % 3),
                )
            })
            .collect();
        points[3].marked = true;
        let found = boxes(&chart(points).draw());
        assert!(found.len() > 24, "{}", found.len());
        for (n, a) in found.iter().enumerate() {
            assert!(a.room[0] >= 0.0 && a.room[2] <= 900.0, "{a:?}");
            for b in &found[n + 1..] {
                assert!(!a.overlaps(b), "{a:?} {b:?}");
            }
        }
    }

    #[test]
    fn no_points_are_no_reason_to_fail() {
        assert!(chart(Vec::new()).draw().ends_with("</svg>\n"));
        let odd = chart(vec![point("nan", f64::NAN, f64::INFINITY)]).draw();
        assert!(odd.ends_with("</svg>\n"));
    }
}

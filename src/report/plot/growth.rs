//! How cost grows: lines in panels, two in a row.

use super::axis::{Axis, Frame, Ruler};
use super::sheet::{Place, Sheet, Words};
use super::text::{shorten, width};
use super::theme::Paint;
use super::{WIDTH, pixels};

/// A chart of panels.
#[derive(Clone, Debug, PartialEq)]
pub struct Growth {
    /// What the chart is about.
    pub title: String,
    /// From left to right, then down.
    pub panels: Vec<Panel>,
}

/// Lines between two axes.
#[derive(Clone, Debug, PartialEq)]
pub struct Panel {
    /// What the panel shows.
    pub title: String,
    /// From left to right.
    pub x: Axis,
    /// From the bottom to the top.
    pub y: Axis,
    /// The lines; up to six can be told apart.
    pub lines: Vec<Line>,
}

/// A line: told from the others by colour, marks and dashes.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Its name.
    pub name: String,
    /// Its points, from left to right.
    pub points: Vec<(f64, f64)>,
}

const SIDE: i32 = WIDTH / 2;
const LEGEND: f64 = 12.0;
const ROW: i32 = 20;
/// From the top of a panel to its plot without a legend, the plot, and what stands below it.
const HEAD: i32 = 40;
const PLOT: i32 = 230;
const FOOT: i32 = 66;

impl Growth {
    /// The chart as SVG.
    #[must_use]
    pub fn draw(&self) -> String {
        let rows: Vec<&[Panel]> = self.panels.chunks(2).collect();
        let legends: Vec<i32> = rows
            .iter()
            .map(|row| row.iter().map(legend_rows).max().unwrap_or(0))
            .collect();
        let height = 48 + legends.iter().map(|l| HEAD + l * ROW + PLOT + FOOT).sum::<i32>();
        Sheet::draw(height, &self.title, &self.description(), |sheet| {
            let title = shorten(&self.title, 17.0, 780.0);
            sheet.words(&Words::new(&title).size(17.0).bold(true), (24, 26));
            let mut top = 48;
            for (row, legend) in rows.iter().zip(&legends) {
                for (panel, left) in row.iter().zip([0, SIDE]) {
                    panel.draw(sheet, (left, top), *legend);
                }
                top += HEAD + legend * ROW + PLOT + FOOT;
            }
        })
    }

    fn description(&self) -> String {
        let mut text = String::new();
        for panel in &self.panels {
            let names: Vec<&str> = panel.lines.iter().map(|l| l.name.as_str()).collect();
            text.push_str(&format!(
                "{}: {} against {} of {}. ",
                panel.title,
                panel.y.title,
                panel.x.title,
                names.join(", ")
            ));
        }
        text.trim_end().to_owned()
    }
}

impl Panel {
    fn draw(&self, sheet: &Sheet<'_>, (left, top): Place, legend: i32) {
        let title = shorten(&self.title, 13.0, f64::from(SIDE - 60));
        sheet.words(&Words::new(&title).bold(true), (left + 24, top + 14));
        for (n, at) in places(&self.lines) {
            let at = (left + at.0, top + 36 + at.1 * ROW);
            sample(sheet, n, at);
            let name = shorten(&self.lines[n].name, LEGEND, NAME);
            sheet.words(&Words::new(&name).size(LEGEND).paint(Paint::Muted), (at.0 + 38, at.1));
        }
        let points = || self.lines.iter().flat_map(|l| &l.points);
        let top = top + HEAD + legend * ROW;
        let frame = Frame {
            x: Ruler::new(&self.x, points().map(|p| p.0), (left + 86, left + SIDE - 28), 6.0),
            y: Ruler::new(&self.y, points().map(|p| p.1), (top + PLOT, top), 6.0),
        };
        frame.draw(sheet, &self.x.said(), &self.y.said());
        for (n, line) in self.lines.iter().enumerate() {
            let places: Vec<Place> = line
                .points
                .iter()
                .map(|p| (frame.x.place(p.0), frame.y.place(p.1)))
                .collect();
            stroke(sheet, n, places.clone());
            for at in places {
                mark(sheet, n, at);
            }
        }
    }
}

/// How wide a name of the legend may be.
const NAME: f64 = 340.0;

/// Where the entries of a legend are: pixels from the left of the panel, and the row.
fn places(lines: &[Line]) -> Vec<(usize, (i32, i32))> {
    let (mut x, mut row) = (24, 0);
    let mut all = Vec::new();
    for (n, line) in lines.iter().enumerate() {
        let wide = 38 + pixels(width(&shorten(&line.name, LEGEND, NAME), LEGEND)) + 16;
        if x > 24 && x + wide > SIDE - 16 {
            (x, row) = (24, row + 1);
        }
        all.push((n, (x, row)));
        x += wide;
    }
    all
}

fn legend_rows(panel: &Panel) -> i32 {
    places(&panel.lines).last().map_or(0, |(_, at)| at.1 + 1)
}

fn sample(sheet: &Sheet<'_>, n: usize, (x, y): Place) {
    stroke(sheet, n, vec![(x, y), (x + 30, y)]);
    mark(sheet, n, (x + 15, y));
}

fn stroke(sheet: &Sheet<'_>, n: usize, points: Vec<Place>) {
    match n % 3 {
        0 => sheet.line(points, Paint::Series(n), 2),
        1 => sheet.dashes(points, Paint::Series(n), (8, 4)),
        _ => sheet.dashes(points, Paint::Series(n), (2, 3)),
    }
}

fn mark(sheet: &Sheet<'_>, n: usize, (x, y): Place) {
    let paint = Paint::Series(n);
    let r = 5;
    match n % 6 {
        0 => sheet.disc((x, y), 4, paint),
        1 => sheet.block((x - 4, y - 4), (x + 4, y + 4), paint),
        2 => sheet.shape(vec![(x, y - r), (x + r, y + 4), (x - r, y + 4)], paint),
        3 => sheet.shape(vec![(x, y - r), (x + r, y), (x, y + r), (x - r, y)], paint),
        4 => sheet.shape(vec![(x, y + r), (x + r, y - 4), (x - r, y - 4)], paint),
        _ => {
            sheet.line(vec![(x - 4, y - 4), (x + 4, y + 4)], paint, 2);
            sheet.line(vec![(x - 4, y + 4), (x + 4, y - 4)], paint, 2);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::plot::boxes;

    #[test]
    fn legends_and_axes_keep_clear_of_each_other() {
        let line = |n: u32| Line {
            name: format!("the engine number {n} of its kind"),
            points: (0..6)
                .map(|k| (f64::from(10u32.pow(k)), f64::from(n + k) * 0.01))
                .collect(),
        };
        let panel = Panel {
            title: "By pods, at 1,000 nodes".into(),
            x: Axis::number("Pods").log(),
            y: Axis::seconds("CPU time").log(),
            lines: (0..6).map(line).collect(),
        };
        let growth = Growth {
            title: "Growth".into(),
            panels: vec![panel.clone(), panel.clone(), panel],
        };
        let found = boxes(&growth.draw());
        for (n, a) in found.iter().enumerate() {
            assert!(a.room[0] >= 0.0 && a.room[2] <= 900.0, "{a:?}");
            for b in &found[n + 1..] {
                assert!(!a.overlaps(b), "{a:?} {b:?}");
            }
        }
    }
}

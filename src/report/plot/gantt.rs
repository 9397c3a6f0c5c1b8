//! What happened to many things on one time axis: bars in rows, rows in groups.

use super::axis::{Axis, Ruler};
use super::sheet::{Place, Sheet, Words};
use super::text::{shorten, width};
use super::theme::Paint;
use super::{WIDTH, pixels};

/// A chart of rows over time. Times are seconds.
#[derive(Clone, Debug, PartialEq)]
pub struct Gantt {
    /// What the chart is about.
    pub title: String,
    /// How it went, in a line.
    pub subtitle: String,
    /// Where the time axis ends.
    pub end: f64,
    /// Times that are shaded over all rows.
    pub shaded: Vec<(f64, f64)>,
    /// What the shade means.
    pub shade: String,
    /// The rows.
    pub groups: Vec<Group>,
}

/// Rows with a heading.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// The heading.
    pub title: String,
    /// What its marks mean, in this order.
    pub marks: Vec<(Mark, &'static str)>,
    /// The rows.
    pub rows: Vec<Row>,
    /// What is not shown; empty: everything is.
    pub note: String,
}

/// One thing, or many in a band.
#[derive(Clone, Debug, PartialEq)]
pub enum Row {
    /// One thing: what it went through, from when to when.
    Bars {
        /// Its name.
        label: String,
        /// From, to, what. Where there is none, nothing is drawn.
        spans: Vec<(f64, f64, Mark)>,
    },
    /// Many things: how many are in which state.
    Band {
        /// What they have in common.
        label: String,
        /// How many there are.
        of: u32,
        /// From when on how many are in each state; sorted.
        steps: Vec<(f64, Vec<(Mark, u32)>)>,
    },
}

/// How a state looks: each differs in colour, and in height or pattern too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// A thin grey line: nothing special, as it was.
    Before,
    /// A green line: well, or done.
    Fine,
    /// Dots: held back.
    Held,
    /// Stripes: something is being taken away.
    Leaving,
    /// Solid blue: work goes on.
    Working,
    /// A low bar of amber stripes: less than there should be.
    Reduced,
    /// Crossed vermilion: not there.
    Away,
}

impl Mark {
    const fn paint(self) -> Paint {
        match self {
            Self::Before => Paint::Muted,
            Self::Fine => Paint::Series(2),
            Self::Held => Paint::Dots,
            Self::Leaving => Paint::Stripes,
            Self::Working => Paint::Series(0),
            Self::Reduced => Paint::Slant,
            Self::Away => Paint::Cross,
        }
    }

    /// Height in pixels of a bar in a row.
    const fn height(self) -> i32 {
        match self {
            Self::Before => 1,
            Self::Fine => 4,
            Self::Reduced => 8,
            Self::Held | Self::Leaving | Self::Working | Self::Away => 13,
        }
    }
}

const LEFT: i32 = 206;
const RIGHT: i32 = WIDTH - 24;
const HEAD: i32 = 66;
const ROW: i32 = 20;
const BAND: i32 = 56;
/// Heading and legend of a group.
const CAPTION: i32 = 46;
const GAP: i32 = 12;
const NOTE: i32 = 22;
const AXIS: i32 = 56;

impl Row {
    const fn height(&self) -> i32 {
        match self {
            Self::Bars { .. } => ROW,
            Self::Band { .. } => BAND,
        }
    }
}

impl Group {
    fn height(&self) -> i32 {
        let note = if self.note.is_empty() { 0 } else { NOTE };
        CAPTION + self.rows.iter().map(Row::height).sum::<i32>() + note + GAP
    }

    /// Where its rows are, of a group that begins at `top`.
    fn rows_at(&self, top: i32) -> (i32, i32) {
        let first = top + CAPTION - 14;
        (first, first + self.rows.iter().map(Row::height).sum::<i32>())
    }
}

impl Gantt {
    /// The chart as SVG.
    #[must_use]
    pub fn draw(&self) -> String {
        let rows = self.groups.iter().map(Group::height).sum::<i32>();
        let bottom = HEAD + rows;
        Sheet::draw(bottom + AXIS, &self.title, &self.description(), |sheet| {
            let title = shorten(&self.title, 17.0, 780.0);
            sheet.words(&Words::new(&title).size(17.0).bold(true), (24, 24));
            let subtitle = shorten(&self.subtitle, 12.0, 850.0);
            sheet.words(&Words::new(&subtitle).size(12.0).paint(Paint::Muted), (24, 46));
            let ruler = Ruler::up_to(&Axis::seconds("").unit, self.end, (LEFT, RIGHT), 9.0);
            self.axis(sheet, &ruler, bottom);
            let mut top = HEAD;
            for group in &self.groups {
                self.ground(sheet, &ruler, group.rows_at(top));
                group.draw(sheet, &ruler, top);
                top += group.height();
            }
        })
    }

    /// The shade, and the lines of the time axis, behind the rows of a group; words above them stay clear.
    fn ground(&self, sheet: &Sheet<'_>, ruler: &Ruler, (top, bottom): (i32, i32)) {
        for (from, to) in &self.shaded {
            let (from, to) = (ruler.place(*from), ruler.place(*to));
            sheet.shade((from, top), (to.max(from + 1), bottom), Paint::Ink);
        }
        for tick in &ruler.ticks {
            let x = ruler.place(*tick);
            sheet.line(vec![(x, top), (x, bottom)], Paint::Grid, 1);
        }
    }

    /// The time axis, and what the shade means.
    fn axis(&self, sheet: &Sheet<'_>, ruler: &Ruler, bottom: i32) {
        let mut taken = f64::NEG_INFINITY;
        for tick in &ruler.ticks {
            let x = ruler.place(*tick);
            let said = ruler.say(*tick);
            let half = width(&said, 12.0) / 2.0;
            if f64::from(x) - half > taken {
                let words = Words::new(&said).size(12.0).paint(Paint::Muted).centred().below();
                sheet.words(&words, (x, bottom + 6));
                taken = f64::from(x) + half + 6.0;
            }
        }
        sheet.line(vec![(LEFT, bottom), (RIGHT, bottom)], Paint::Muted, 1);
        let axis = Words::new("Time since the start of the run")
            .size(12.0)
            .centred()
            .below();
        sheet.words(&axis, (i32::midpoint(LEFT, RIGHT), bottom + 26));
        if !self.shaded.is_empty() {
            sheet.shade((24, bottom + 8), (46, bottom + 20), Paint::Ink);
            let shade = shorten(&self.shade, 12.0, f64::from(LEFT - 70));
            sheet.words(&Words::new(&shade).size(12.0).paint(Paint::Muted), (52, bottom + 14));
        }
    }

    fn description(&self) -> String {
        let mut text = format!("{} ", self.subtitle);
        for group in &self.groups {
            text.push_str(&format!("{}: {} rows. {} ", group.title, group.rows.len(), group.note));
        }
        text.trim_end().to_owned()
    }
}

impl Group {
    fn draw(&self, sheet: &Sheet<'_>, ruler: &Ruler, top: i32) {
        sheet.words(&Words::new(&self.title).bold(true), (24, top + 12));
        let mut x = LEFT;
        for (mark, meaning) in &self.marks {
            let middle = top + 12;
            bar(sheet, (x, x + 24), middle, *mark);
            let words = Words::new(meaning).size(12.0).paint(Paint::Muted);
            sheet.words(&words, (x + 30, middle));
            x += 30 + pixels(words.width()) + 14;
        }
        let mut top = self.rows_at(top).0;
        for row in &self.rows {
            row.draw(sheet, ruler, top);
            top += row.height();
        }
        if !self.note.is_empty() {
            let note = shorten(&self.note, 12.0, f64::from(WIDTH - 60));
            sheet.words(&Words::new(&note).size(12.0).paint(Paint::Muted), (24, top + NOTE / 2));
        }
    }
}

impl Row {
    fn draw(&self, sheet: &Sheet<'_>, ruler: &Ruler, top: i32) {
        match self {
            Self::Bars { label, spans } => {
                let middle = top + ROW / 2;
                name(sheet, label, middle);
                for (from, to, mark) in spans {
                    // What is short is still seen.
                    let from = ruler.place(*from);
                    let to = ruler.place(*to).max(from + if *mark < Mark::Held { 0 } else { 2 });
                    bar(sheet, (from, to), middle, *mark);
                }
            }
            Self::Band { label, of, steps } => {
                name(sheet, label, top + BAND / 2 - 8);
                let count = format!("{of} in all");
                let words = Words::new(&count).size(12.0).paint(Paint::Muted).ends();
                sheet.words(&words, (LEFT - 10, top + BAND / 2 + 9));
                band(sheet, ruler, (top + 4, top + BAND - 6), *of, steps);
            }
        }
    }
}

fn name(sheet: &Sheet<'_>, label: &str, middle: i32) {
    let label = shorten(label, 12.0, f64::from(LEFT - 34));
    sheet.words(&Words::new(&label).size(12.0).ends(), (LEFT - 10, middle));
}

fn bar(sheet: &Sheet<'_>, (from, to): (i32, i32), middle: i32, mark: Mark) {
    if to > from {
        let top = middle - mark.height() / 2;
        sheet.block((from, top), (to, top + mark.height()), mark.paint());
    }
}

/// Columns of counts, stacked from the bottom. Changes that fall on the same two pixels show their busiest moment there.
fn band(sheet: &Sheet<'_>, ruler: &Ruler, rows: Place, of: u32, steps: &[(f64, Vec<(Mark, u32)>)]) {
    sheet.line(vec![(LEFT, rows.1), (RIGHT, rows.1)], Paint::Muted, 1);
    let busy = |n: &usize| -> u32 { steps[*n].1.iter().filter(|c| c.0 > Mark::Fine).map(|c| c.1).sum() };
    let mut n = 0;
    while n < steps.len() {
        let from = ruler.place(steps[n].0);
        let mut next = n + 1;
        while next < steps.len() && ruler.place(steps[next].0) < from + 2 {
            next += 1;
        }
        let to = steps.get(next).map_or(RIGHT, |step| ruler.place(step.0));
        let busiest = (n..next).rev().max_by_key(busy).unwrap_or(n);
        let middle = if next - n > 1 { (from + 2).min(to) } else { from };
        column(sheet, (from, middle), rows, of, &steps[busiest].1);
        column(sheet, (middle, to), rows, of, &steps[next - 1].1);
        n = next;
    }
}

fn column(sheet: &Sheet<'_>, (from, to): (i32, i32), (top, bottom): Place, of: u32, counts: &[(Mark, u32)]) {
    if to <= from {
        return;
    }
    let mut low = bottom;
    for (mark, count) in counts.iter().filter(|c| c.1 > 0 && c.0 != Mark::Before) {
        let share = f64::from(*count) / f64::from(of.max(1));
        // One of thousands is seen, too.
        let high = (low - pixels(share * f64::from(bottom - top)).max(2)).max(top - 2);
        sheet.block((from, high), (to, low), mark.paint());
        low = high;
    }
}

//! What is wrong with the input, and where.

use std::fmt;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::text::{Place, Point, Spots};

/// So many errors are reported; the rest is counted.
const MOST: usize = 100;
/// Bytes of a long line that are shown on either side of an error.
const AROUND: usize = 100;

/// An error at a place of the sources.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    pub(crate) place: Option<Place>,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
    /// Another place that belongs to it, and what it is.
    pub(crate) other: Option<(Place, String)>,
    /// Where they are, once that is known.
    spots: Box<[Option<Spot>; 2]>,
}

impl Problem {
    /// An error at a place.
    pub(crate) fn at(place: Place, message: impl Into<String>) -> Self {
        Self {
            place: Some(place),
            message: message.into(),
            help: None,
            other: None,
            spots: Box::default(),
        }
    }

    /// An error of the input as a whole.
    pub(crate) fn general(message: impl Into<String>) -> Self {
        Self {
            place: None,
            message: message.into(),
            help: None,
            other: None,
            spots: Box::default(),
        }
    }

    /// The same with advice.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same with advice, if there is any.
    pub(crate) fn maybe_help(mut self, help: Option<String>) -> Self {
        self.help = help;
        self
    }

    /// The same with another place.
    pub(crate) fn and(mut self, place: Place, label: impl Into<String>) -> Self {
        self.other = Some((place, label.into()));
        self
    }
}

/// Errors as they are found.
#[derive(Debug, Default)]
pub(crate) struct Problems {
    list: Vec<Problem>,
    more: usize,
    /// How many of them know their lines already.
    settled: usize,
}

impl Problems {
    /// Adds one.
    pub(crate) fn push(&mut self, problem: Problem) {
        if self.list.len() < MOST {
            self.list.push(problem);
        } else {
            self.more += 1;
        }
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Finds lines, columns and excerpts of what is in this part of a source, which is about to be let go.
    pub(crate) fn settle(&mut self, file: u32, part: &Spots<'_>, texts: &Texts) {
        let name = texts.name(file);
        for problem in &mut self.list[self.settled..] {
            let find = |place: Option<Place>| spot(name, part, place.filter(|p| p.file == file)?);
            let other = problem.other.as_ref().map(|(place, _)| *place);
            *problem.spots = [find(problem.place), find(other)];
        }
        self.settled = self.list.len();
    }

    /// Finds lines, columns and excerpts.
    pub(crate) fn finish(mut self, texts: &Texts) -> Diagnostics {
        self.list.sort_by_key(|problem| problem.place);
        self.list.dedup_by(|a, b| a.place == b.place && a.message == b.message);
        let list = self
            .list
            .into_iter()
            .map(|problem| {
                let [own, other] = *problem.spots;
                let other = problem
                    .other
                    .map(|(place, label)| (other.or_else(|| texts.spot(place)), label));
                Diagnostic {
                    spot: own.or_else(|| texts.spot(problem.place?)),
                    message: problem.message,
                    help: problem.help,
                    other: other.and_then(|(spot, label)| Some((spot?, label))),
                }
            })
            .collect();
        Diagnostics { list, more: self.more }
    }
}

/// What is known of the sources when they have been read: all of a small one; of a large one own documents, and the lines
/// of objects.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    names: Vec<String>,
    /// Source, text, its offset, line and column.
    kept: Vec<(u32, Vec<u8>, usize, Point)>,
    /// Source, offset, line and column of objects, in the order in which they stand there.
    points: Vec<(u32, u32, Point)>,
}

impl Texts {
    /// The next source.
    pub(crate) fn add(&mut self, name: &str) {
        let shown = if name == "-" { "<stdin>" } else { name };
        self.names.push(shown.to_owned());
    }

    fn name(&self, file: u32) -> &str {
        self.names.get(file as usize).map_or("", String::as_str)
    }

    /// Keeps a part of a source.
    pub(crate) fn keep(&mut self, file: u32, (text, base, first): (Vec<u8>, usize, Point)) {
        self.kept.push((file, text, base, first));
    }

    /// Notes where an object stands.
    pub(crate) fn note(&mut self, place: Place, point: Point) {
        self.points.push((place.file, place.start, point));
    }

    /// File, line and column of a place, both counted from 1.
    pub(crate) fn position(&self, place: Place) -> Option<(String, usize, usize)> {
        self.spot(place).map(|spot| (spot.file, spot.line, spot.column))
    }

    /// The line of a place and the bytes of it that are meant, where the text is still there.
    pub(crate) fn excerpt(&self, place: Place) -> Option<(String, usize, usize)> {
        let excerpt = self.spot(place)?.excerpt?;
        Some((excerpt.text, excerpt.from, excerpt.to))
    }

    fn spot(&self, place: Place) -> Option<Spot> {
        let name = self.name(place.file);
        let kept = self.kept.iter().filter(|k| k.0 == place.file);
        let mut parts = kept.map(|(_, text, base, first)| Spots {
            text,
            base: *base,
            first: *first,
        });
        if let Some(found) = parts.find_map(|part| spot(name, &part, place)) {
            return Some(found);
        }
        // The text is gone: the line is that of the object.
        let after = self.points.partition_point(|p| (p.0, p.1) <= (place.file, place.start));
        let &(file, _, point) = self.points.get(after.checked_sub(1)?)?;
        (file == place.file).then(|| Spot {
            file: name.to_owned(),
            line: point.line as usize + 1,
            column: point.column as usize + 1,
            excerpt: None,
        })
    }
}

/// A place in a part of a source, as a person finds it.
fn spot(name: &str, part: &Spots<'_>, place: Place) -> Option<Spot> {
    let point = part.point(place.start as usize)?;
    let text = part.text;
    let start = place.start as usize - part.base;
    let begin = memchr::memrchr(b'\n', &text[..start]).map_or(0, |last| last + 1);
    let end = memchr::memchr(b'\n', &text[start..]).map_or(text.len(), |next| start + next);
    let cut_off = begin == 0 && part.first.column > 0;
    let mut excerpt = excerpt(text, begin, end, start, (place.end as usize).saturating_sub(part.base));
    excerpt.whole &= !cut_off;
    Some(Spot {
        file: name.to_owned(),
        line: point.line as usize + 1,
        column: point.column as usize + 1,
        excerpt: Some(excerpt),
    })
}

/// The part of a line around an error.
fn excerpt(text: &[u8], begin: usize, end: usize, from: usize, to: usize) -> Excerpt {
    let clean = |bytes: &[u8]| -> String {
        String::from_utf8_lossy(bytes)
            .chars()
            .map(|c| if c.is_control() || c == '\u{feff}' { ' ' } else { c })
            .collect()
    };
    let from = from.clamp(begin, end);
    let to = to.clamp(from, end).min(from + AROUND);
    let left = cut(text, from.saturating_sub(AROUND).max(begin));
    let right = cut(text, (to + AROUND).min(end)).max(to);
    let ellipsis = |cut: bool| if cut { "…" } else { "" };
    let head = format!("{}{}", ellipsis(left > begin), clean(&text[left..from]));
    let marked = clean(&text[from..cut(text, to).max(from)]);
    let tail = clean(&text[cut(text, to).max(from)..right]);
    Excerpt {
        whole: left == begin,
        from: head.len(),
        to: head.len() + marked.len(),
        text: format!("{head}{marked}{tail}{}", ellipsis(right < end)),
    }
}

/// The nearest start of a character at or before an offset.
fn cut(text: &[u8], offset: usize) -> usize {
    let is_inside = |i: &usize| text.get(*i).is_some_and(|b| b & 0xC0 == 0x80);
    (offset.saturating_sub(3)..=offset)
        .rev()
        .find(|i| !is_inside(i))
        .unwrap_or(offset)
}

/// A place as a person finds it.
#[derive(Clone, Debug)]
struct Spot {
    file: String,
    line: usize,
    column: usize,
    /// `None`: the text is gone.
    excerpt: Option<Excerpt>,
}

#[derive(Clone, Debug)]
struct Excerpt {
    text: String,
    from: usize,
    to: usize,
    /// Whether the text begins where the line begins, so that columns are right.
    whole: bool,
}

/// One thing that is wrong with the input.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    spot: Option<Spot>,
    message: String,
    help: Option<String>,
    other: Option<(Spot, String)>,
}

impl Diagnostic {
    /// File, line and column, both counted from 1; `None` where the input as a whole is meant.
    #[must_use]
    pub fn position(&self) -> Option<(&str, usize, usize)> {
        self.spot.as_ref().map(|s| (s.file.as_str(), s.line, s.column))
    }

    /// What is wrong.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<&str> {
        self.help.as_deref()
    }

    fn report(&self) -> Vec<Group<'_>> {
        let mut group = Group::with_title(Level::ERROR.primary_title(&self.message));
        if let Some(spot) = &self.spot {
            group = spot.show(group, AnnotationKind::Primary, None);
        }
        if let Some((spot, label)) = &self.other {
            group = spot.show(group, AnnotationKind::Context, Some(label));
        }
        if let Some(help) = &self.help {
            group = group.element(Level::HELP.message(help));
        }
        vec![group]
    }
}

impl Spot {
    fn show<'a>(&'a self, group: Group<'a>, kind: AnnotationKind, label: Option<&'a String>) -> Group<'a> {
        let origin = Origin::path(&self.file).line(self.line).char_column(self.column);
        let Some(excerpt) = &self.excerpt else {
            return group.element(origin);
        };
        let mark = kind.span(excerpt.from..excerpt.to).label(label.map(String::as_str));
        let snippet = Snippet::source(&excerpt.text).line_start(self.line).annotation(mark);
        if excerpt.whole {
            return group.element(snippet.path(&self.file));
        }
        group.element(origin).element(snippet)
    }
}

/// `file:line:column: message`, and the help.
impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(spot) = &self.spot {
            write!(f, "{}:{}:{}: ", spot.file, spot.line, spot.column)?;
        }
        f.write_str(&self.message)?;
        if let Some((spot, label)) = &self.other {
            write!(f, " ({label}: {}:{}:{})", spot.file, spot.line, spot.column)?;
        }
        if let Some(help) = &self.help {
            write!(f, "; {help}")?;
        }
        Ok(())
    }
}

/// Everything that is wrong with the input, in the order of files and positions.
#[derive(Clone, Debug)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
    more: usize,
}

impl Diagnostics {
    /// The single errors, at least one, at most a hundred.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.list.iter()
    }

    /// How many errors there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.list.len() + self.more
    }

    /// With excerpts of the sources, for people; with colours if asked.
    #[must_use]
    pub fn render(&self, color: bool) -> String {
        let renderer = if color { Renderer::styled() } else { Renderer::plain() };
        let renderer = renderer.decor_style(DecorStyle::Ascii);
        let mut out = String::new();
        for diagnostic in &self.list {
            out.push_str(renderer.render(&diagnostic.report()).trim_end());
            out.push_str("\n\n");
        }
        let count = self.count();
        if count > 1 {
            let title = match self.more {
                0 => format!("{count} errors in the input"),
                _ => format!("{count} errors in the input, of which {MOST} are shown"),
            };
            let group = Group::with_title(Level::ERROR.primary_title(title));
            out.push_str(renderer.render(&[group]).trim_end());
            out.push('\n');
        }
        out
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// One line for each error.
impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, diagnostic) in self.list.iter().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{diagnostic}")?;
        }
        if self.more > 0 {
            write!(f, "\n… and {} more errors", self.more)?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostics {}

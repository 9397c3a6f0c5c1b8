//! A source as it is read: a window that moves over it, so that a large one is never in memory as a whole.

use std::io::{self, Read};

use super::lines::{Point, Spots};
use super::{Form, Place};
use crate::scenario::diagnostic::Problem;

/// Bytes that are read at once.
const BLOCK: usize = 256 << 10;
/// A source of at most so many bytes stays in the window as a whole: errors that are found late show their lines, too.
const SMALL: usize = 4 << 20;
/// Bytes before the next piece that stay, so that errors can show the beginning of their lines.
const CONTEXT: usize = 512;
/// Larger sources are refused.
const LARGEST: usize = 2 << 30;
/// Larger JSON values are refused: no object of Kubernetes is, for etcd takes 1.5 MiB.
const LARGEST_VALUE: usize = 32 << 20;
/// A YAML document is in memory as a whole.
const LARGEST_YAML: usize = 256 << 20;
/// So far into a YAML document its version stands, if it is one of Kubernetes.
const PLAUSIBLE: usize = 1 << 20;
/// Deeper documents are refused; those of Kubernetes are about 15 deep.
pub(super) const DEEPEST: u32 = 100;

/// What ends the reading.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The source cannot be read.
    Read(io::Error),
    /// What it says is wrong.
    Wrong(Problem),
}

impl From<Problem> for Stop {
    fn from(problem: Problem) -> Self {
        Self::Wrong(problem)
    }
}

/// A source that is being read. Positions are counted from the beginning of the window.
pub(crate) struct Stream<'r> {
    from: &'r mut dyn Read,
    pub(super) file: u32,
    pub(super) window: Vec<u8>,
    /// How many bytes of the window are text for sure.
    checked: usize,
    /// Where the window begins in the source.
    pub(super) base: usize,
    /// The line and column of the window's first byte.
    first: Point,
    /// An offset of the source, and its line and column.
    last: (usize, Point),
    /// The next byte to look at.
    pub(super) at: usize,
    /// What is before this is not needed any more.
    done: usize,
    ended: bool,
    /// It is no text.
    pub(crate) broken: bool,
}

impl<'r> Stream<'r> {
    pub(crate) fn new(from: &'r mut dyn Read, file: u32) -> Self {
        Self {
            from,
            file,
            window: Vec::new(),
            checked: 0,
            base: 0,
            first: Point::default(),
            last: (0, Point::default()),
            at: 0,
            done: 0,
            ended: false,
            broken: false,
        }
    }

    /// Reads on; false at the end.
    pub(super) fn fill(&mut self) -> Result<bool, Stop> {
        if self.ended {
            return Ok(false);
        }
        self.shrink();
        let before = self.window.len();
        // A block more, and as much again as is there: a long piece is not copied again and again.
        let room = BLOCK.max(before.saturating_sub(self.done) / 2);
        self.window.reserve(room);
        let read = self
            .from
            .take(room as u64)
            .read_to_end(&mut self.window)
            .map_err(Stop::Read)?;
        self.ended = read == 0;
        self.check()?;
        if self.base + self.window.len() > LARGEST {
            return Err(self.wrong_at(0, 0, "larger than 2 GiB").into());
        }
        Ok(!self.ended)
    }

    /// Whether all of the source so far is still there.
    pub(crate) const fn is_whole(&self) -> bool {
        self.base == 0
    }

    /// Lets go of what is done with, where the source is large.
    fn shrink(&mut self) {
        let free = self.done.saturating_sub(CONTEXT);
        if self.base + self.window.len() <= SMALL || free < BLOCK {
            return;
        }
        self.first.advance(&self.window[..free]);
        self.window.drain(..free);
        self.base += free;
        self.checked -= free;
        self.at -= free;
        self.done -= free;
    }

    /// Looks whether what was read is text.
    fn check(&mut self) -> Result<(), Stop> {
        let new = &self.window[self.checked..];
        if let Some(at) = memchr::memchr(0, new) {
            let at = self.checked + at;
            return Err(self.not_text(at, "it holds a NUL byte"));
        }
        match std::str::from_utf8(new) {
            Ok(_) => self.checked = self.window.len(),
            Err(error) => {
                self.checked += error.valid_up_to();
                if error.error_len().is_some() || self.ended {
                    return Err(self.not_text(self.checked, "it is not UTF-8"));
                }
            }
        }
        Ok(())
    }

    fn not_text(&mut self, at: usize, why: &str) -> Stop {
        // Nothing of it can be trusted.
        (self.ended, self.broken) = (true, true);
        self.window.truncate(self.window.len().min(at + 4));
        self.at = self.checked;
        self.wrong_at(at, at, &format!("not a text document: {why}")).into()
    }

    /// The next byte; `None` at the end.
    pub(super) fn peek(&mut self) -> Result<Option<u8>, Stop> {
        self.ahead(0)
    }

    /// A byte further on; `None` behind the end.
    pub(super) fn ahead(&mut self, distance: usize) -> Result<Option<u8>, Stop> {
        while self.at + distance >= self.checked {
            if !self.fill()? {
                break;
            }
        }
        Ok(self.window[..self.checked].get(self.at + distance).copied())
    }

    /// Passes blanks and line ends.
    pub(crate) fn blanks(&mut self) -> Result<(), Stop> {
        while let Some(b' ' | b'\t' | b'\r' | b'\n') = self.peek()? {
            self.at += 1;
        }
        Ok(())
    }

    /// Everything before this position has been dealt with.
    pub(crate) const fn release(&mut self) {
        self.done = self.at;
    }

    /// The text between two positions of the window.
    pub(super) fn text(&self, start: usize, end: usize) -> &str {
        std::str::from_utf8(&self.window[start..end]).unwrap_or_default()
    }

    /// A place of the source.
    pub(super) fn place(&self, start: usize, end: usize) -> Place {
        Place::new(self.file, self.base + start, self.base + end)
    }

    pub(super) fn wrong_at(&self, start: usize, end: usize, message: &str) -> Problem {
        Problem::at(self.place(start, end), message)
    }

    /// What stands here instead of what was expected.
    pub(super) fn wrong(&self, expected: &str) -> Problem {
        let found = self.text(self.at.min(self.checked), self.checked).chars().next();
        let end = self.at + found.map_or(0, char::len_utf8);
        let found = found.map_or("the end of the document".to_owned(), |c| format!("{c:?}"));
        self.wrong_at(
            self.at,
            end,
            &format!("invalid JSON: expected {expected}, found {found}"),
        )
    }

    /// Whether a line with a separator (`---` and a blank) begins at a position.
    pub(super) fn separates(&mut self, distance: usize) -> Result<bool, Stop> {
        for n in 0..3 {
            if self.ahead(distance + n)? != Some(b'-') {
                return Ok(false);
            }
        }
        let at = self.at + distance;
        let begins = at + self.base == 0
            || at > 0 && self.window[at - 1] == b'\n'
            || self.base == 0 && at == 3 && self.window.starts_with("\u{feff}".as_bytes());
        Ok(begins && self.ahead(distance + 3)?.is_none_or(|b| b.is_ascii_whitespace()))
    }

    /// Goes to the next separator, or to the end, and lets go of what is between.
    pub(crate) fn resume(&mut self) -> Result<(), Stop> {
        // A YAML document has been passed as a whole.
        if self.separates(0)? {
            return Ok(());
        }
        while !self.found_separator()? {
            self.release();
            if !self.fill()? {
                self.at = self.checked;
                return Ok(());
            }
        }
        Ok(())
    }

    /// Goes to the end of a YAML document that begins here; where it stands.
    pub(crate) fn skip_yaml(&mut self) -> Result<(usize, usize), Stop> {
        self.release();
        while !self.found_separator()? {
            let size = self.checked - self.done;
            let begin = &self.window[self.done..self.checked.min(self.done + PLAUSIBLE)];
            if size > PLAUSIBLE && memchr::memmem::find(begin, b"apiVersion").is_none() {
                let text = "not a Kubernetes document: there is no `apiVersion` in its first MiB";
                return Err(self.wrong_at(self.done, self.done, text).into());
            }
            if size > LARGEST_YAML {
                let problem = self.wrong_at(self.done, self.done, "a YAML document larger than 256 MiB");
                return Err(problem.help("give JSON, which is read item by item").into());
            }
            if !self.fill()? {
                self.at = self.checked;
                break;
            }
        }
        Ok((self.done, self.at))
    }

    /// Goes to the next separator as far as the window reaches; otherwise to where the search goes on.
    fn found_separator(&mut self) -> Result<bool, Stop> {
        while let Some(found) = memchr::memmem::find(&self.window[self.at..self.checked], b"\n---") {
            self.at += found + 1;
            if self.separates(0)? {
                return Ok(true);
            }
        }
        self.at = self.checked.saturating_sub(3).max(self.at);
        Ok(false)
    }

    /// Passes separators, empty lines and comments to the next document, and tells how it is written; `None` at the end.
    pub(crate) fn begin(&mut self) -> Result<Option<Form>, Stop> {
        if self.base + self.at == 0 && self.ahead(2)?.is_some() && self.window.starts_with("\u{feff}".as_bytes()) {
            self.at = 3;
        }
        loop {
            self.release();
            if self.separates(0)? {
                self.at += 3;
            }
            while let Some(b' ' | b'\t' | b'\r') = self.peek()? {
                self.at += 1;
            }
            match self.peek()? {
                None => return Ok(None),
                Some(b'#' | b'%' | b'\n') => self.skip_line()?,
                Some(b'.') if self.is_end_mark()? => self.skip_line()?,
                Some(first) => {
                    let json = self.looks_like_json(first)?;
                    if json {
                        self.release();
                        return Ok(Some(Form::Json));
                    }
                    // Indentation belongs to the document.
                    self.at = self.done;
                    return Ok(Some(Form::Yaml));
                }
            }
        }
    }

    /// Whether `...` stands here alone.
    fn is_end_mark(&mut self) -> Result<bool, Stop> {
        let dots = self.ahead(1)? == Some(b'.') && self.ahead(2)? == Some(b'.');
        Ok(dots && self.ahead(3)?.is_none_or(|b| b.is_ascii_whitespace()))
    }

    fn looks_like_json(&mut self, first: u8) -> Result<bool, Stop> {
        if first != b'{' && first != b'[' {
            return Ok(false);
        }
        let mut distance = 1;
        while distance < BLOCK && self.ahead(distance)?.is_some_and(|b| b.is_ascii_whitespace()) {
            distance += 1;
        }
        let next = self.ahead(distance)?;
        Ok(match first {
            b'{' => matches!(next, Some(b'"' | b'}') | None),
            _ => matches!(next, Some(b'"' | b'{' | b'[' | b']') | None),
        })
    }

    fn skip_line(&mut self) -> Result<(), Stop> {
        loop {
            if let Some(found) = memchr::memchr(b'\n', &self.window[self.at..self.checked]) {
                self.at += found + 1;
                return Ok(());
            }
            self.at = self.checked;
            self.release();
            if !self.fill()? {
                return Ok(());
            }
        }
    }

    /// Passes one JSON value by counting brackets; where it stands. Nothing is passed where none begins.
    pub(super) fn skip_value(&mut self) -> Result<(usize, usize), Stop> {
        self.release();
        let (mut open, mut scalar) = (0_u32, false);
        while let Some(byte) = self.peek()? {
            match byte {
                // Something begins right behind a number or word, which is not for here to judge.
                b'"' | b'{' | b'[' if scalar => break,
                b'"' => self.skip_string()?,
                b'{' | b'[' => {
                    open += 1;
                    if open > DEEPEST {
                        let problem = self.wrong_at(self.at, self.at + 1, "nested more than 100 levels deep");
                        return Err(problem.into());
                    }
                    self.at += 1;
                }
                b'}' | b']' if open > 0 => {
                    open -= 1;
                    self.at += 1;
                }
                _ if open > 0 => {
                    let rest = &self.window[self.at..self.checked];
                    let plain = |b: &u8| !matches!(b, b'"' | b'{' | b'}' | b'[' | b']');
                    self.at += rest.iter().take_while(|b| plain(b)).count();
                }
                b',' | b':' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n' => break,
                _ => {
                    self.at += 1;
                    scalar = true;
                }
            }
            if open == 0 && !scalar {
                return Ok((self.done, self.at));
            }
            if self.at - self.done > LARGEST_VALUE {
                return Err(self.too_large());
            }
        }
        if open == 0 {
            return Ok((self.done, self.at));
        }
        let what = if self.window[self.done] == b'{' {
            "object"
        } else {
            "list"
        };
        let text = format!("invalid JSON: this {what} never ends");
        Err(self.wrong_at(self.done, self.done + 1, &text).into())
    }

    fn too_large(&self) -> Stop {
        let text = "this value is larger than 32 MiB, which no object of Kubernetes is";
        self.wrong_at(self.done, self.done + 1, text).into()
    }

    /// Goes behind a string.
    pub(super) fn skip_string(&mut self) -> Result<(), Stop> {
        let begin = self.at - self.done;
        self.at += 1;
        loop {
            let rest = &self.window[self.at..self.checked];
            match memchr::memchr3(b'"', b'\\', b'\n', rest) {
                Some(found) => {
                    self.at += found;
                    match self.window[self.at] {
                        b'"' => {
                            self.at += 1;
                            return Ok(());
                        }
                        b'\\' => {
                            self.ahead(1)?;
                            self.at = (self.at + 2).min(self.checked);
                        }
                        _ => break,
                    }
                }
                None => {
                    self.at = self.checked;
                    if self.at - self.done > LARGEST_VALUE {
                        return Err(self.too_large());
                    }
                    if !self.fill()? {
                        break;
                    }
                }
            }
        }
        let begin = self.done + begin;
        Err(self
            .wrong_at(begin, begin + 1, "invalid JSON: this text never ends")
            .into())
    }

    /// Whether so much has been read that what is done with is let go soon.
    pub(crate) const fn is_large(&self) -> bool {
        self.base + self.window.len() > SMALL / 2
    }

    /// Line and column of a place in the window; faster where places come in order.
    pub(crate) fn point(&mut self, place: Place) -> Point {
        let at = (place.start as usize).saturating_sub(self.base).min(self.window.len());
        let (from, mut point) = match self.last {
            (offset, point) if (self.base..=self.base + at).contains(&offset) => (offset - self.base, point),
            _ => (0, self.first),
        };
        point.advance(&self.window[from..at]);
        self.last = (self.base + at, point);
        point
    }

    /// Which source it is.
    pub(crate) const fn file(&self) -> u32 {
        self.file
    }

    /// Whether a run of JSON documents ends here: at a separator, or at the end.
    pub(crate) fn is_over(&mut self) -> Result<bool, Stop> {
        Ok(self.peek()?.is_none() || self.separates(0)?)
    }

    /// The piece that was read last, to be kept.
    pub(crate) fn piece(&self) -> (Vec<u8>, usize, Point) {
        let mut first = self.first;
        first.advance(&self.window[..self.done]);
        (self.window[self.done..self.at].to_vec(), self.base + self.done, first)
    }

    /// Lines, columns and excerpts of what is in the window.
    pub(crate) fn spots(&self) -> Spots<'_> {
        Spots {
            text: &self.window,
            base: self.base,
            first: self.first,
        }
    }

    /// The window, to be kept.
    pub(crate) fn into_window(self) -> (Vec<u8>, usize, Point) {
        (self.window, self.base, self.first)
    }
}

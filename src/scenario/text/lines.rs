//! From offsets to lines and columns.

/// A line and a column, both counted from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Point {
    pub(crate) line: u32,
    pub(crate) column: u32,
}

impl Point {
    /// Moves over a text.
    pub(crate) fn advance(&mut self, text: &[u8]) {
        let ends = memchr::memchr_iter(b'\n', text).count();
        let rest = memchr::memrchr(b'\n', text).map_or(text, |last| {
            self.column = 0;
            &text[last + 1..]
        });
        self.line += u32::try_from(ends).unwrap_or(u32::MAX);
        self.column += u32::try_from(characters(rest)).unwrap_or(u32::MAX);
    }
}

/// Characters, without the mark at the beginning of a file.
fn characters(text: &[u8]) -> usize {
    let bytes = text.iter().filter(|&&b| b & 0xC0 != 0x80).count();
    bytes - usize::from(text.starts_with("\u{feff}".as_bytes()))
}

/// A part of a source, and where it stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spots<'t> {
    pub(crate) text: &'t [u8],
    /// Its first byte in the source.
    pub(crate) base: usize,
    /// Line and column of that.
    pub(crate) first: Point,
}

impl Spots<'_> {
    /// Line and column of an offset of the source, if it is in this part.
    pub(crate) fn point(&self, offset: usize) -> Option<Point> {
        let at = offset.checked_sub(self.base).filter(|&at| at <= self.text.len())?;
        let mut point = self.first;
        point.advance(&self.text[..at]);
        Some(point)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_move_in_steps_as_at_once() {
        let text = "\u{feff}a\nbé c\n\nd".as_bytes();
        for split in 0..=text.len() {
            let mut once = Point::default();
            once.advance(text);
            // A step never ends within the mark.
            if (1..3).contains(&split) {
                continue;
            }
            let mut steps = Point::default();
            steps.advance(&text[..split]);
            steps.advance(&text[split..]);
            assert_eq!(once, steps, "{split}");
            assert_eq!(once, Point { line: 3, column: 1 });
        }
    }
}

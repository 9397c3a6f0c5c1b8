//! How much room text takes.
//!
//! No font is asked: widths are those of DejaVu Sans, one of the widest that readers have, so that text never takes more.

/// The room that a text takes, in pixels.
#[derive(Clone, Debug, PartialEq)]
pub struct TextBox {
    /// The text.
    pub text: String,
    /// Left, top, right, bottom.
    pub room: [f64; 4],
}

impl TextBox {
    /// Whether two texts run into each other.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        overlap(self.room, other.room)
    }
}

/// Whether two rectangles (left, top, right, bottom) share more than an edge.
pub(super) fn overlap(a: [f64; 4], b: [f64; 4]) -> bool {
    a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3]
}

/// The width of a text in pixels at a font size in pixels.
pub(super) fn width(text: &str, size: f64) -> f64 {
    text.chars().map(advance).sum::<f64>() * size
}

/// The width of a character in em.
const fn advance(c: char) -> f64 {
    match c {
        'i' | 'j' | 'l' | '\'' | '|' | ' ' | '.' | ',' | 'I' => 0.33,
        'f' | 'r' | 't' | '-' | '(' | ')' | '[' | ']' | '/' | ':' | ';' | '!' | '·' => 0.41,
        's' | 'c' | 'k' | 'v' | 'x' | 'y' | 'z' | 'J' => 0.6,
        'm' | 'M' | 'W' | '%' | '→' | '…' => 1.0,
        'w' | '+' | '=' | '<' | '>' | '±' | '×' | 'O' | 'Q' | 'G' | 'D' | 'H' | 'N' | 'U' => 0.84,
        'A'..='Z' => 0.7,
        '\u{0}'..='\u{7f}' => 0.64,
        // Wide scripts and symbols.
        _ => 1.0,
    }
}

/// A text that is no wider than so many pixels: cut in the middle, where names differ least.
pub(super) fn shorten(text: &str, size: f64, room: f64) -> String {
    if width(text, size) <= room {
        return text.to_owned();
    }
    let letters: Vec<char> = text.chars().collect();
    for kept in (0..letters.len()).rev() {
        let head = kept.div_ceil(2);
        let tail = kept - head;
        let mut cut: String = letters[..head].iter().collect();
        cut.push('…');
        cut.extend(&letters[letters.len() - tail..]);
        if width(&cut, size) <= room {
            return cut;
        }
    }
    String::new()
}

/// The texts of an SVG that this module's charts are made of, with the room they take.
#[must_use]
pub fn boxes(svg: &str) -> Vec<TextBox> {
    svg.split("<text ").skip(1).filter_map(text_box).collect()
}

fn text_box(part: &str) -> Option<TextBox> {
    let (attributes, rest) = part.split_once('>')?;
    let raw = rest.split("</text>").next()?.trim_end_matches('\n');
    let text = raw
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&apos;", "'")
        .replace("&amp;", "&");
    let attribute = |name: &str| {
        let value = attributes.split_once(&format!("{name}=\""))?.1;
        value.split('"').next()
    };
    let number = |name: &str| attribute(name)?.parse::<f64>().ok();
    let (x, y) = (number(" x").or_else(|| number("x"))?, number(" y")?);
    let size = number("font-size")?;
    let bold = attribute("font-weight").is_some();
    let wide = width(&text, size) * if bold { BOLD } else { 1.0 };
    let left = match attribute("text-anchor")? {
        "middle" => -wide / 2.0,
        "end" => -wide,
        _ => 0.0,
    };
    let top = match attribute("dy")? {
        "0.76em" => -0.05 * size,
        "0.5ex" => -0.55 * size,
        _ => -1.05 * size,
    };
    let bottom = top + 1.1 * size;
    let turned = attribute("transform").is_some();
    let room = if turned {
        // A quarter turn against the clock about (x, y).
        [x + top, y - left - wide, x + bottom, y - left]
    } else {
        [x + left, y + top, x + left + wide, y + bottom]
    };
    Some(TextBox { text, room })
}

/// How much wider bold text is.
pub(super) const BOLD: f64 = 1.1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_in_the_middle() {
        assert_eq!(shorten("web", 12.0, 100.0), "web");
        let cut = shorten("checkout-frontend-canary", 12.0, 80.0);
        assert!(
            width(&cut, 12.0) <= 80.0 && cut.starts_with("che") && cut.ends_with("ry"),
            "{cut}"
        );
        assert_eq!(shorten("web", 12.0, 1.0), "");
    }

    #[test]
    fn boxes_are_where_the_text_is() {
        let svg = "<text x=\"10\" y=\"20\" dy=\"0.76em\" text-anchor=\"end\" font-size=\"10\" fill=\"#000000\">\na&amp;b</text>\n\
                   <text x=\"10\" y=\"80\" dy=\"0.76em\" text-anchor=\"middle\" font-size=\"10\" transform=\"rotate(270, 10, 80)\">\nii\n</text>";
        let found = boxes(svg);
        let text: Vec<&str> = found.iter().map(|b| b.text.trim()).collect();
        assert_eq!(text, ["a&b", "ii"]);
        assert!(found[0].room[2] <= 10.0 && found[0].room[1] >= 19.0, "{found:?}");
        assert!(
            found[1].room[0] >= 9.0 && found[1].room[1] < 80.0 && found[1].room[3] > 80.0,
            "{found:?}"
        );
        assert!(!found[0].overlaps(&found[1]));
    }
}

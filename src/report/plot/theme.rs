//! Colours and patterns.
//!
//! Elements carry the colour for light pages as an attribute; a style sheet in the file replaces it where the reader
//! prefers dark ones. Colours of series are those of Okabe and Ito, which people with any colour vision can tell apart,
//! darkened or lightened until they stand out from the paper.

use std::fmt::Write;

use plotters::style::RGBColor;

/// What something is drawn in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Paint {
    Paper,
    Ink,
    Muted,
    Grid,
    /// The n-th series; there are [`SERIES`] of them.
    Series(usize),
}

/// How many series can be told apart.
pub(super) const SERIES: usize = 6;

type Pair = (u32, u32);

const PAPER: Pair = (0xff_ff_ff, 0x0d_11_17);
const INK: Pair = (0x1f_23_28, 0xe6_ed_f3);
const MUTED: Pair = (0x59_63_6e, 0x91_98_a1);
const GRID: Pair = (0xe4_e7_eb, 0x26_2c_36);
const SERIES_PAIRS: [Pair; SERIES] = [
    (0x00_72_b2, 0x56_b4_e9),
    (0xc4_4e_00, 0xff_8f_40),
    (0x00_7f_5c, 0x2f_c5_96),
    (0x9a_3f_86, 0xe0_9b_cc),
    (0x7a_60_00, 0xe3_bf_3f),
    (0x4a_4a_52, 0xb4_b8_c0),
];

impl Paint {
    fn pair(self) -> Pair {
        match self {
            Self::Paper => PAPER,
            Self::Ink => INK,
            Self::Muted => MUTED,
            Self::Grid => GRID,
            Self::Series(n) => SERIES_PAIRS[n % SERIES],
        }
    }

    /// The colour on light pages.
    pub(super) fn color(self) -> RGBColor {
        let [_, r, g, b] = self.pair().0.to_be_bytes();
        RGBColor(r, g, b)
    }

    fn all() -> impl Iterator<Item = Self> {
        let plain = [Self::Paper, Self::Ink, Self::Muted, Self::Grid];
        plain.into_iter().chain((0..SERIES).map(Self::Series))
    }
}

/// What stands in a file before its first element: name, description, style sheet.
pub(super) fn head(title: &str, description: &str) -> String {
    let mut head = format!(
        "<title>{}</title>\n<desc>{}</desc>\n<style>\n\
         text{{font-family:system-ui,-apple-system,\"Segoe UI\",Helvetica,Arial,sans-serif}}\n\
         @media (prefers-color-scheme:dark){{\n",
        escape(title),
        escape(description)
    );
    for paint in Paint::all() {
        let (light, dark) = paint.pair();
        let _ = writeln!(
            head,
            "[fill=\"#{light:06X}\"]{{fill:#{dark:06X}}}[stroke=\"#{light:06X}\"]{{stroke:#{dark:06X}}}"
        );
    }
    head.push_str("}\n</style>\n");
    head
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Contrast after WCAG 2: 4.5 is legible text, 3 a visible shape.
    fn contrast(a: u32, b: u32) -> f64 {
        let light = |color: u32| {
            let [_, r, g, b] = color.to_be_bytes();
            let linear = |v: u8| {
                let v = f64::from(v) / 255.0;
                if v <= 0.04045 {
                    v / 12.92
                } else {
                    ((v + 0.055) / 1.055).powf(2.4)
                }
            };
            0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)
        };
        let (a, b) = (light(a), light(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn text_is_legible_on_light_and_dark_paper() {
        for paint in Paint::all().filter(|p| ![Paint::Paper, Paint::Grid].contains(p)) {
            let (light, dark) = paint.pair();
            assert!(contrast(light, PAPER.0) >= 4.5, "{paint:?} on light paper");
            assert!(contrast(dark, PAPER.1) >= 4.5, "{paint:?} on dark paper");
        }
    }

    /// The style sheet tells colours apart by their light value.
    #[test]
    fn no_colour_is_used_twice() {
        let mut colors: Vec<u32> = Paint::all().map(|p| p.pair().0).collect();
        colors.sort_unstable();
        let before = colors.len();
        colors.dedup();
        assert_eq!(colors.len(), before);
    }
}

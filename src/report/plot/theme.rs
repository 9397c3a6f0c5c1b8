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
    /// Grey dots.
    Dots,
    /// Purple, striped upwards.
    Stripes,
    /// Amber, striped downwards.
    Slant,
    /// Vermilion, crossed.
    Cross,
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
/// Patterned paints: colours, and the lines of an 8 by 8 tile.
const PATTERNS: [(Paint, Pair, &str); 4] = [
    (Paint::Dots, (0x8c_95_9f, 0x6e_76_81), "M2,2h2v2h-2zM6,6h2v2h-2z"),
    (
        Paint::Stripes,
        (0x9a_3f_87, 0xe0_9b_cd),
        "M-2,2l4,-4M0,8l8,-8M6,10l4,-4",
    ),
    (Paint::Slant, (0xb0_7a_00, 0xe3_bf_40), "M-2,6l4,4M0,0l8,8M6,-2l4,4"),
    (Paint::Cross, (0xc4_4e_01, 0xff_8f_41), "M0,8l8,-8M0,0l8,8"),
];
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
            Self::Dots => PATTERNS[0].1,
            Self::Stripes => PATTERNS[1].1,
            Self::Slant => PATTERNS[2].1,
            Self::Cross => PATTERNS[3].1,
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
        let patterned = PATTERNS.map(|p| p.0);
        plain.into_iter().chain(patterned).chain((0..SERIES).map(Self::Series))
    }
}

/// What stands in a file before its first element: name, description, patterns, style sheet.
pub(super) fn head(title: &str, description: &str, body: &str) -> String {
    let mut light_rules = String::new();
    let mut dark_rules = String::new();
    let mut tiles = String::new();
    for (n, (_, (light, dark), lines)) in PATTERNS.iter().enumerate() {
        if !body.contains(&format!("#{light:06X}")) {
            continue;
        }
        let _ = writeln!(
            light_rules,
            "[fill=\"#{light:06X}\"]{{fill:url(#p{n})}}.p{n}{{fill:#{light:06X}}}"
        );
        let _ = write!(dark_rules, ".p{n}{{fill:#{dark:06X}}}");
        let _ = writeln!(
            tiles,
            "<pattern id=\"p{n}\" width=\"8\" height=\"8\" patternUnits=\"userSpaceOnUse\"><rect class=\"p{n}\" \
             width=\"8\" height=\"8\"/><path class=\"pl\" d=\"{lines}\"/></pattern>"
        );
    }
    if !tiles.is_empty() {
        let (light, dark) = PAPER;
        let _ = writeln!(light_rules, ".pl{{stroke:#{light:06X};stroke-width:1.6;fill:none}}");
        let _ = writeln!(dark_rules, ".pl{{stroke:#{dark:06X}}}");
        tiles = format!("<defs>\n{tiles}</defs>\n");
    }
    for paint in Paint::all().filter(|p| !PATTERNS.iter().any(|pattern| pattern.0 == *p)) {
        let (light, dark) = paint.pair();
        if body.contains(&format!("#{light:06X}")) {
            let _ = writeln!(
                dark_rules,
                "[fill=\"#{light:06X}\"]{{fill:#{dark:06X}}}[stroke=\"#{light:06X}\"]{{stroke:#{dark:06X}}}"
            );
        }
    }
    format!(
        "<title>{}</title>\n<desc>{}</desc>\n{tiles}<style>\n\
         text{{font-family:system-ui,-apple-system,\"Segoe UI\",Helvetica,Arial,sans-serif}}\n{light_rules}\
         @media (prefers-color-scheme:dark){{\n{dark_rules}}}\n</style>\n",
        escape(title),
        escape(description)
    )
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
        for paint in Paint::all().filter(|p| ![Paint::Paper, Paint::Grid].contains(p) && !is_pattern(*p)) {
            let (light, dark) = paint.pair();
            assert!(contrast(light, PAPER.0) >= 4.5, "{paint:?} on light paper");
            assert!(contrast(dark, PAPER.1) >= 4.5, "{paint:?} on dark paper");
        }
    }

    fn is_pattern(paint: Paint) -> bool {
        PATTERNS.iter().any(|p| p.0 == paint)
    }

    #[test]
    fn patterns_are_visible_on_light_and_dark_paper() {
        for (paint, (light, dark), _) in PATTERNS {
            assert!(contrast(light, PAPER.0) >= 3.0, "{paint:?} on light paper");
            assert!(contrast(dark, PAPER.1) >= 3.0, "{paint:?} on dark paper");
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

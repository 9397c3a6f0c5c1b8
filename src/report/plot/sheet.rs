//! A sheet to draw on, in pixels.

use plotters::backend::SVGBackend;
use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, IntoDrawingArea};
use plotters::element::{Circle, DashedPathElement, Drawable, PathElement, PointCollection, Polygon, Rectangle};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontFamily, FontStyle, FontTransform, IntoFont, ShapeStyle, TextStyle};

use super::theme::{self, Paint};
use super::{WIDTH, text};

/// A place in pixels, from the left and from the top.
pub(super) type Place = (i32, i32);

/// Text and how it stands at its place.
#[derive(Clone, Copy)]
pub(super) struct Words<'a> {
    text: &'a str,
    size: f64,
    paint: Paint,
    bold: bool,
    turned: bool,
    across: HPos,
    down: VPos,
}

impl<'a> Words<'a> {
    /// Left of the place begins ordinary text, which is centred on it from top to bottom.
    pub(super) const fn new(text: &'a str) -> Self {
        Self {
            text,
            size: 13.0,
            paint: Paint::Ink,
            bold: false,
            turned: false,
            across: HPos::Left,
            down: VPos::Center,
        }
    }

    pub(super) const fn size(self, size: f64) -> Self {
        Self { size, ..self }
    }

    pub(super) const fn paint(self, paint: Paint) -> Self {
        Self { paint, ..self }
    }

    pub(super) const fn bold(self, bold: bool) -> Self {
        Self { bold, ..self }
    }

    pub(super) const fn centred(self) -> Self {
        Self {
            across: HPos::Center,
            ..self
        }
    }

    pub(super) const fn ends(self) -> Self {
        Self {
            across: HPos::Right,
            ..self
        }
    }

    pub(super) const fn below(self) -> Self {
        Self {
            down: VPos::Top,
            ..self
        }
    }

    /// From the bottom to the top, below its place in reading direction.
    pub(super) const fn turned(self) -> Self {
        Self {
            turned: true,
            down: VPos::Top,
            ..self
        }
    }

    /// Its width in pixels.
    pub(super) fn width(&self) -> f64 {
        text::width(self.text, self.size) * if self.bold { text::BOLD } else { 1.0 }
    }
}

/// A sheet of paper.
///
/// Drawing on it cannot fail: it is text in memory.
pub(super) struct Sheet<'s> {
    area: DrawingArea<SVGBackend<'s>, Shift>,
}

impl Sheet<'_> {
    /// Draws a picture of a height; returns its SVG. `description` tells what is seen to those who do not see it.
    pub(super) fn draw(height: i32, title: &str, description: &str, picture: impl FnOnce(&Sheet<'_>)) -> String {
        let mut body = String::new();
        {
            let size = (WIDTH.unsigned_abs(), height.unsigned_abs());
            let sheet = Sheet {
                area: SVGBackend::with_string(&mut body, size).into_drawing_area(),
            };
            sheet.block((0, 0), (WIDTH, height), Paint::Paper);
            picture(&sheet);
            let _ = sheet.area.present();
        }
        let body = body.replacen("<svg ", "<svg role=\"img\" ", 1);
        let head = format!(">\n{}", theme::head(title, description, &body));
        body.replacen(">\n", &head, 1)
    }

    pub(super) fn words(&self, words: &Words<'_>, at: Place) {
        let style = if words.bold { FontStyle::Bold } else { FontStyle::Normal };
        // The backend divides sizes by 1.24.
        let font = (FontFamily::SansSerif, words.size * 1.24, style).into_font();
        let font = if words.turned {
            font.transform(FontTransform::Rotate270)
        } else {
            font
        };
        let color = words.paint.color();
        let style = TextStyle::from(font)
            .color(&color)
            .pos(Pos::new(words.across, words.down));
        let _ = self.area.draw_text(words.text, &style, at);
    }

    /// A filled rectangle.
    pub(super) fn block(&self, from: Place, to: Place, paint: Paint) {
        self.put(&Rectangle::new([from, to], paint.color().filled()));
    }

    /// A veil over what is there.
    pub(super) fn shade(&self, from: Place, to: Place, paint: Paint) {
        self.put(&Rectangle::new([from, to], paint.color().mix(0.16).filled()));
    }

    pub(super) fn line(&self, points: Vec<Place>, paint: Paint, width: u32) {
        self.put(&PathElement::new(
            points,
            ShapeStyle::from(&paint.color()).stroke_width(width),
        ));
    }

    /// A line of dashes and gaps of so many pixels.
    pub(super) fn dashes(&self, points: Vec<Place>, paint: Paint, (dash, gap): (i32, i32)) {
        let style = ShapeStyle::from(&paint.color()).stroke_width(2);
        self.put(&DashedPathElement::new(points, dash, gap, style));
    }

    /// A filled shape.
    pub(super) fn shape(&self, points: Vec<Place>, paint: Paint) {
        self.put(&Polygon::new(points, paint.color().filled()));
    }

    pub(super) fn disc(&self, at: Place, radius: i32, paint: Paint) {
        self.put(&Circle::new(at, radius, paint.color().filled()));
    }

    pub(super) fn ring(&self, at: Place, radius: i32, paint: Paint) {
        self.put(&Circle::new(
            at,
            radius,
            ShapeStyle::from(&paint.color()).stroke_width(2),
        ));
    }

    fn put<E>(&self, element: &E)
    where
        for<'e> &'e E: PointCollection<'e, Place>,
        for<'e, 's> E: Drawable<SVGBackend<'s>>,
    {
        let _ = self.area.draw(element);
    }
}

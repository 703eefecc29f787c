//! A ticket to print: one A4 page with its barcode (PDF, ISO 32000-1).
//!
//! What the page uses of the font is embedded, so that every reader draws the same page.

use krilla::color::luma;
use krilla::geom::{PathBuilder, Rect, Transform};
use krilla::metadata::Metadata;
use krilla::page::PageSettings;
use krilla::paint::Fill;
use krilla::surface::Surface;
use krilla::{Document, SerializeSettings};

use crate::BarcodeText;
use crate::render::{QUIET_ZONE, code, dark_runs};
use crate::typeface::{Line, SANS};

/// A4, in points of 1/72 inch.
const PAGE: (f32, f32) = (595.0, 842.0);
const MARGIN: f32 = 56.0;
const LINE: f32 = PAGE.0 - 2.0 * MARGIN;
/// Where the values of the facts begin.
const VALUES: f32 = 110.0;
/// Side of a module of the barcode: 1.4 mm, three times what a scanner of tickets needs.
const MODULE: f32 = 4.0;
/// Characters of the barcode's text in a line.
const BARCODE_LINE: usize = 51;

/// What stands on the page.
#[derive(Debug)]
pub struct Sheet<'a> {
    /// The event's name.
    pub title: &'a str,
    /// Where and when, a paragraph each; at most two.
    pub subtitles: &'a [String],
    /// Such as `("Seat", "12")`, a paragraph each; at most seven, which fit the page at their longest.
    pub facts: &'a [(&'static str, String)],
}

impl Sheet<'_> {
    /// The page as a PDF document: the same bytes each time. About 16 KiB.
    pub fn pdf(&self, barcode: &BarcodeText) -> Vec<u8> {
        // The title stands in the document's information already, and nothing is tagged.
        let settings = SerializeSettings { xmp_metadata: false, enable_tagging: false, ..Default::default() };
        let mut document = Document::new_with(settings);
        document.set_metadata(Metadata::new().title(self.title.to_owned()));
        let size = PageSettings::from_wh(PAGE.0, PAGE.1).expect("A4 has an area");
        let mut page = document.start_page_with(size);
        self.draw(&mut Writer { surface: page.surface(), y: MARGIN }, barcode);
        page.finish();
        document.finish().expect("the font is ours, and a page without a standard to meet breaks none")
    }

    fn draw(&self, page: &mut Writer<'_>, barcode: &BarcodeText) {
        page.paragraph(MARGIN, 24.0, self.title);
        for subtitle in self.subtitles {
            page.paragraph(MARGIN, 13.0, subtitle);
        }
        page.y += 14.0;
        for (name, value) in self.facts {
            let top = page.y;
            page.paragraph(MARGIN, 11.0, name);
            page.y = top;
            page.paragraph(MARGIN + VALUES, 11.0, value);
        }
        page.y += 14.0;
        page.barcode(barcode);
        for start in (0..barcode.as_str().len()).step_by(BARCODE_LINE) {
            let text = &barcode.as_str()[start..];
            page.line(MARGIN, 8.0, &SANS.line(text.get(..BARCODE_LINE).unwrap_or(text)));
        }
    }
}

/// Writes from the top of the page downwards.
struct Writer<'a> {
    surface: Surface<'a>,
    /// Distance of the next line's top from the top of the page.
    y: f32,
}

impl Writer<'_> {
    fn paragraph(&mut self, x: f32, size: f32, text: &str) {
        for line in SANS.lines(text, size, MARGIN + LINE - x) {
            self.line(x, size, &line);
        }
    }

    fn line(&mut self, x: f32, size: f32, line: &Line) {
        self.y += size * 1.35;
        SANS.draw(&mut self.surface, (x, self.y), size, line);
    }

    fn barcode(&mut self, text: &BarcodeText) {
        let code = code(text);
        let (quiet, side) = (QUIET_ZONE as f32, code.size as f32);
        let corner = Transform::from_row(MODULE, 0.0, 0.0, MODULE, MARGIN, self.y + quiet * MODULE);
        self.surface.push_transform(&corner); // from here on in modules
        // White first: marks piled onto a letter above may reach down to here.
        let mut ground = PathBuilder::new();
        rectangle(&mut ground, -quiet, -quiet, side + 2.0 * quiet, side + 2.0 * quiet);
        self.fill(ground, luma::Color::white());
        let mut modules = PathBuilder::new();
        dark_runs(&code, |x, y, width| rectangle(&mut modules, x as f32, y as f32, width as f32, 1.0));
        self.fill(modules, luma::Color::black());
        self.surface.pop();
        self.y += (side + 2.0 * quiet) * MODULE;
    }

    fn fill(&mut self, path: PathBuilder, color: luma::Color) {
        self.surface.set_fill(Some(Fill { paint: color.into(), ..Fill::default() }));
        self.surface.draw_path(&path.finish().expect("the path holds a rectangle"));
    }
}

fn rectangle(path: &mut PathBuilder, left: f32, top: f32, width: f32, height: f32) {
    path.push_rect(Rect::from_xywh(left, top, width, height).expect("the rectangle has an area"));
}

//! A ticket to print: one A4 page with its barcode (PDF, ISO 32000-1).
//!
//! The page uses Helvetica and Courier, which every reader has, so nothing is embedded. They know
//! the letters of western Europe (WinAnsi); others are written as those that sound alike.

use deunicode::deunicode_char;
use pdf_writer::{Content, Finish, Name, Pdf, Rect, Ref, Str, TextStr};
use unicode_normalization::UnicodeNormalization;

use crate::BarcodeText;
use crate::render::{QUIET_ZONE, code, dark_runs};

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
/// Lines that one text may take; what is longer ends in an ellipsis.
const LINES_MAX: usize = 3;

const SANS: Name<'static> = Name(b"Sans");
const MONO: Name<'static> = Name(b"Mono");

/// What stands on the page.
#[derive(Debug)]
pub struct Sheet<'a> {
    /// The event's name.
    pub title: &'a str,
    /// Where and when, a line each.
    pub subtitles: &'a [String],
    /// Such as `("Seat", "12")`, a line each; at most ten.
    pub facts: &'a [(&'static str, String)],
}

impl Sheet<'_> {
    /// The page as a PDF document: the same bytes each time. About 10 KiB.
    pub fn pdf(&self, barcode: &BarcodeText) -> Vec<u8> {
        let [catalog, pages, page, contents, sans, mono, info] = [1, 2, 3, 4, 5, 6, 7].map(Ref::new);
        let mut pdf = Pdf::new();
        pdf.catalog(catalog).pages(pages);
        pdf.document_info(info).title(TextStr(self.title));
        pdf.pages(pages).kids([page]).count(1);
        let mut sheet = pdf.page(page);
        sheet.parent(pages).media_box(Rect::new(0.0, 0.0, PAGE.0, PAGE.1)).contents(contents);
        sheet.resources().fonts().pair(SANS, sans).pair(MONO, mono);
        sheet.finish();
        for (font, name) in [(sans, Name(b"Helvetica")), (mono, Name(b"Courier"))] {
            pdf.type1_font(font).base_font(name).encoding_predefined(Name(b"WinAnsiEncoding"));
        }
        pdf.stream(contents, &self.draw(barcode));
        pdf.finish()
    }

    fn draw(&self, barcode: &BarcodeText) -> Vec<u8> {
        let mut page = Writer { content: Content::new(), y: PAGE.1 - MARGIN };
        page.paragraph(MARGIN, 24.0, self.title);
        for subtitle in self.subtitles {
            page.paragraph(MARGIN, 13.0, subtitle);
        }
        page.y -= 14.0;
        for (name, value) in self.facts {
            let top = page.y;
            page.paragraph(MARGIN, 11.0, name);
            page.y = top;
            page.paragraph(MARGIN + VALUES, 11.0, value);
        }
        page.y -= 14.0;
        page.barcode(barcode);
        for line in barcode.as_str().as_bytes().chunks(BARCODE_LINE) {
            page.line(MONO, MARGIN, 8.0, line);
        }
        page.content.finish().to_vec()
    }
}

/// Writes from the top of the page downwards.
struct Writer {
    content: Content,
    /// Distance of the next line's top from the bottom of the page.
    y: f32,
}

impl Writer {
    fn paragraph(&mut self, x: f32, size: f32, text: &str) {
        for line in wrapped(&win_ansi(text), size, MARGIN + LINE - x) {
            self.line(SANS, x, size, &line);
        }
    }

    fn line(&mut self, font: Name<'_>, x: f32, size: f32, text: &[u8]) {
        self.y -= size * 1.35;
        self.content.begin_text().set_font(font, size).next_line(x, self.y).show(Str(text)).end_text();
    }

    fn barcode(&mut self, text: &BarcodeText) {
        let code = code(text);
        let quiet = QUIET_ZONE as f32 * MODULE;
        let (left, top) = (MARGIN, self.y - quiet);
        dark_runs(&code, |x, y, width| {
            let bottom = top - (y + 1) as f32 * MODULE;
            self.content.rect(left + x as f32 * MODULE, bottom, width as f32 * MODULE, MODULE);
        });
        self.content.fill_nonzero();
        self.y = top - code.size as f32 * MODULE - quiet;
    }
}

/// The letters of WinAnsi from 0x80 to 0x9f; a space stands where there is none.
const SPECIAL: &str = "€ ‚ƒ„…†‡ˆ‰Š‹Œ Ž  ‘’“”•–—˜™š›œ žŸ";

/// The text in WinAnsi. What that lacks is written as what sounds alike, and what has no sound is
/// left out.
fn win_ansi(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    for letter in text.nfc() {
        match u8::try_from(u32::from(letter)) {
            Ok(byte @ (0x20..=0x7e | 0xa0..=0xff)) => bytes.push(byte),
            _ => match SPECIAL.chars().position(|special| special == letter) {
                Some(at) => bytes.push(0x80 + at as u8),
                None => bytes.extend(deunicode_char(letter).unwrap_or_default().bytes().filter(|byte| *byte >= b' ')),
            },
        }
    }
    bytes
}

/// Lines of at most `width` points, broken at spaces where there are any.
fn wrapped(text: &[u8], size: f32, width: f32) -> Vec<Vec<u8>> {
    let mut lines: Vec<Vec<u8>> = vec![Vec::new()];
    let mut room = width;
    for word in text.split_inclusive(|byte| *byte == b' ') {
        let whole = width_of(word.trim_ascii_end(), size);
        if whole > room && whole <= width {
            lines.push(Vec::new());
            room = width;
        }
        for byte in word {
            let letter = width_of(&[*byte], size);
            if letter > room && *byte != b' ' {
                lines.push(Vec::new());
                room = width;
            }
            lines.last_mut().expect("there is a first line").push(*byte);
            room -= letter;
        }
    }
    if lines.len() > LINES_MAX {
        lines.truncate(LINES_MAX);
        let last = &mut lines[LINES_MAX - 1];
        while last.last() == Some(&b' ') || width_of(last, size) + width_of(b"\x85", size) > width {
            last.pop();
        }
        last.push(0x85);
    }
    lines
}

/// Widths of Helvetica from the space to the tilde, in thousandths of its size. Source: Adobe's
/// font metrics for the fourteen standard fonts.
#[rustfmt::skip]
const WIDTHS: [u16; 95] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278,
    556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556,
    1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778,
    667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556,
    333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556,
    556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
];
/// No letter beyond them is wider.
const WIDEST: u16 = 1_000;

fn width_of(text: &[u8], size: f32) -> f32 {
    let width = |byte: &u8| byte.checked_sub(b' ').and_then(|at| WIDTHS.get(usize::from(at)).copied());
    text.iter().map(|byte| f32::from(width(byte).unwrap_or(WIDEST))).sum::<f32>() * size / 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_that_the_font_lacks_are_written_as_they_sound() {
        for (text, wanted) in [
            ("Zoë & Søren – “Fête”", &b"Zo\xeb & S\xf8ren \x96 \x93F\xeate\x94"[..]),
            ("20 €", b"20 \x80"),
            ("Zoe\u{308}", b"Zo\xeb"),
            ("Łódź, Čapek, Ελένη", b"L\xf3dz, Capek, Elene"),
            ("Анна", b"Anna"),
            ("a\u{e000}\u{2060}\n", b"a"),
        ] {
            assert_eq!(win_ansi(text), wanted, "{text}");
        }
        assert_eq!(SPECIAL.chars().count(), 32);
    }

    #[test]
    fn long_texts_stay_on_the_page() {
        for text in ["W".repeat(500), "Wagner ".repeat(80), "\u{e4}".repeat(400)] {
            let lines = wrapped(&win_ansi(&text), 24.0, LINE);
            assert_eq!(lines.len(), LINES_MAX);
            assert!(lines.iter().all(|line| width_of(line.trim_ascii_end(), 24.0) <= LINE));
            assert_eq!(lines[LINES_MAX - 1].last(), Some(&0x85));
        }
        assert_eq!(wrapped(b"", 24.0, LINE), [b""]);
        assert_eq!(wrapped(b"one two", 10.0, 25.0), [&b"one "[..], b"two"]);
    }
}

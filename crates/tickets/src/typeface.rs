//! Text set in a font: which lines it takes, how wide they are, and the order in which they are read.
//!
//! The font is DejaVu Sans Condensed: Latin with every diacritic, Greek, Cyrillic, Armenian,
//! Georgian, Hebrew and Arabic. Of other scripts it prints how they sound in Latin letters, so that
//! someone at the door can read the name out; what has no sound is drawn as a box.

use std::ops::Range;
use std::sync::LazyLock;

use deunicode::deunicode_char;
use krilla::geom::Point;
use krilla::surface::Surface;
use krilla::text::{Font, TextDirection};
use rustybuzz::{Direction, Face, UnicodeBuffer};
use unicode_bidi::{Level, ParagraphBidiInfo, get_base_direction};
use unicode_normalization::char::is_combining_mark;

/// The one face of the page: a second one makes the file half as large again and takes as much
/// longer to write.
pub static SANS: LazyLock<Typeface> = LazyLock::new(|| Typeface::new(dejavu::sans_condensed::regular()));

/// Lines that one text may take; what is longer ends in an ellipsis.
const LINES_MAX: usize = 3;

/// A font, read once: by the shaper, which measures, and by the writer of the page.
pub struct Typeface {
    face: Face<'static>,
    font: Font,
}

/// A line ready to be drawn: its runs from left to right.
pub struct Line(Vec<Run>);

/// Text that runs in one direction.
struct Run {
    text: String,
    direction: TextDirection,
    /// In ems: times the size of the font it is in points.
    width: f32,
}

impl Typeface {
    fn new(file: &'static [u8]) -> Self {
        let face = Face::from_slice(file, 0).expect("the file holds a font");
        let font = Font::new(file.into(), 0).expect("the file holds a font");
        Self { face, font }
    }

    /// `text` as one line, however long, from left to right where its letters leave that open.
    pub fn line(&self, text: &str) -> Line {
        self.set(text, Level::ltr())
    }

    /// At most [`LINES_MAX`] lines of at most `width` points, broken at spaces where there are any.
    pub fn lines(&self, text: &str, size: f32, width: f32) -> Vec<Line> {
        let text = self.printable(text);
        // Of the whole text: a line of a Hebrew name runs to the left even when it begins in Latin.
        let base = match get_base_direction(text.as_str()) {
            unicode_bidi::Direction::Rtl => Level::rtl(),
            unicode_bidi::Direction::Ltr | unicode_bidi::Direction::Mixed => Level::ltr(),
        };
        let line = |text: &str| self.set(text.trim_end(), base);
        let fits = |line: &Line| line.width() * size <= width;
        let mut lines = Vec::new();
        let mut rest = text.trim();
        loop {
            let whole = line(rest);
            if fits(&whole) {
                lines.push(whole);
                return lines;
            }
            if lines.len() + 1 == LINES_MAX {
                let cut = |end: usize| line(&format!("{}…", rest[..end].trim_end()));
                lines.push(cut(longest(&letter_ends(rest), |end| fits(&cut(end)))));
                return lines;
            }
            let words = Vec::from_iter(rest.match_indices(' ').map(|(at, _)| at));
            let fits = |end: usize| fits(&line(&rest[..end]));
            let ends = if words.first().is_some_and(|end| fits(*end)) { words } else { letter_ends(rest) };
            let (first, others) = rest.split_at(longest(&ends, fits));
            lines.push(line(first));
            rest = others.trim_start();
        }
    }

    /// `text` without breaks, in letters the font has as far as there are any.
    fn printable(&self, text: &str) -> String {
        let mut printable = String::with_capacity(text.len());
        for letter in text.chars() {
            match deunicode_char(letter) {
                _ if is_break(letter) => printable.push(' '),
                Some(sound) if self.face.glyph_index(letter).is_none() => printable.push_str(sound),
                _ => printable.push(letter),
            }
        }
        printable
    }

    /// Draws to the right of `x`, in points from the left of the page, with the feet of the letters
    /// at `y` from its top.
    pub fn draw(&self, page: &mut Surface<'_>, (mut x, y): (f32, f32), size: f32, line: &Line) {
        for run in &line.0 {
            page.draw_text(Point::from_xy(x, y), self.font.clone(), size, &run.text, false, run.direction);
            x += run.width * size;
        }
    }

    /// Source of the order: UAX #9.
    fn set(&self, text: &str, base: Level) -> Line {
        if text.is_empty() {
            return Line(Vec::new());
        }
        let (levels, runs) = ParagraphBidiInfo::new(text, Some(base)).visual_runs(0..text.len());
        let run = |run: Range<usize>| {
            let (shaped, drawn) = match levels[run.start].is_rtl() {
                true => (Direction::RightToLeft, TextDirection::RightToLeft),
                false => (Direction::LeftToRight, TextDirection::LeftToRight),
            };
            let text = text[run].to_owned();
            Run { width: self.width(&text, shaped), direction: drawn, text }
        };
        Line(runs.into_iter().map(run).collect())
    }

    /// In ems. Shapes as the drawing does, so that what is measured is what is drawn.
    fn width(&self, text: &str, direction: Direction) -> f32 {
        let mut buffer = UnicodeBuffer::new();
        buffer.push_str(text);
        buffer.guess_segment_properties();
        buffer.set_direction(direction);
        let shaped = rustybuzz::shape(&self.face, &[], buffer);
        let units = shaped.glyph_positions().iter().map(|glyph| glyph.x_advance).sum::<i32>();
        units as f32 / self.font.units_per_em()
    }
}

impl Line {
    /// In ems.
    fn width(&self) -> f32 {
        self.0.iter().map(|run| run.width).sum()
    }
}

/// Whether it would end the line or the paragraph, or is nothing to print at all.
fn is_break(letter: char) -> bool {
    letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}')
}

/// Where a letter ends with the marks that belong to it, the last one too.
fn letter_ends(text: &str) -> Vec<usize> {
    let begins = text.char_indices().skip(1).filter(|(_, letter)| !is_combining_mark(*letter)).map(|(at, _)| at);
    begins.chain([text.len()]).collect()
}

/// The last of `ends` that fits; the first if none does, or a text would never end.
fn longest(ends: &[usize], fits: impl Fn(usize) -> bool) -> usize {
    ends[ends.partition_point(|end| fits(*end)).saturating_sub(1)]
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use krilla::Document;
    use proptest::prelude::*;
    use proptest::test_runner::{Config, TestRunner};

    use super::*;

    const WIDTH: f32 = 480.0;

    fn texts(text: &str, width: f32) -> Vec<String> {
        SANS.lines(text, 10.0, width).iter().map(|line| runs(line).concat()).collect()
    }

    fn runs(line: &Line) -> Vec<&str> {
        line.0.iter().map(|run| run.text.as_str()).collect()
    }

    #[test]
    fn long_texts_stay_on_the_page() {
        for text in ["W".repeat(500), "Wagner ".repeat(80), "\u{e4}".repeat(400), "שלום ".repeat(200), "王".repeat(300)]
        {
            let lines = SANS.lines(&text, 24.0, WIDTH);
            assert_eq!(lines.len(), LINES_MAX);
            for line in &lines {
                let width = line.width() * 24.0;
                assert!((WIDTH / 2.0..=WIDTH).contains(&width), "{:?} is {width} points wide", runs(line));
            }
            assert!(runs(&lines[LINES_MAX - 1]).concat().ends_with('…'));
        }
    }

    #[test]
    fn a_text_breaks_at_spaces_and_never_between_a_letter_and_its_mark() {
        for (text, width, wanted) in [
            ("", 50.0, &[""][..]),
            ("one two", 50.0, &["one two"]),
            ("one two", 25.0, &["one", "two"]),
            ("  one\ttwo\u{2029}\n", 50.0, &["one two"]),
            ("Zoe\u{308}Zoe\u{308}", 18.0, &["Zoe\u{308}", "Zoe\u{308}"]),
            ("mm mm mm mm", 20.0, &["mm", "mm", "m…"]),
            (&format!("e{}", "\u{301}".repeat(200)), 20.0, &[&format!("e{}", "\u{301}".repeat(200))]),
        ] {
            assert_eq!(texts(text, width), wanted, "{text}");
        }
    }

    #[test]
    fn runs_stand_in_the_order_in_which_they_are_read() {
        for (text, wanted) in [
            ("Zoë Żółć, Ελένη и Анна", &["Zoë Żółć, Ελένη и Анна"][..]),
            ("Noa נועה 12", &["Noa ", "12", "נועה "]),
            ("נועה Noa 12", &["Noa 12", "נועה "]),
            ("王芳 и สมชาย", &["Wang Fang  и smchaay"]),
            ("", &[]),
        ] {
            assert_eq!(runs(&SANS.lines(text, 10.0, WIDTH)[0]), wanted, "{text}");
        }
    }

    #[test]
    fn any_text_is_drawn() {
        // Letters of each direction, marks, joiners, digits, what the font lacks, and the characters
        // that turn the direction around.
        let text = "([aZ 0-9.,&\u{fffd}]|[א-ת]|[ء-ي]|[\u{300}-\u{36f}]|[\u{200b}-\u{200f}]|[\u{202a}-\u{202e}]\
                    |[\u{2066}-\u{2069}]|[王-玜]|[😀-😏]|[٠-٩]|\\PC){0,80}";
        let mut runner = TestRunner::new(Config::with_cases(100));
        let document = RefCell::new(Document::new());
        let drawn = runner.run(&text, |text| {
            let mut document = document.borrow_mut();
            let mut page = document.start_page();
            let mut surface = page.surface();
            for line in SANS.lines(&text, 24.0, WIDTH) {
                prop_assert!(line.width() * 24.0 <= WIDTH, "{:?} is too wide", runs(&line));
                SANS.draw(&mut surface, (0.0, 100.0), 24.0, &line);
            }
            Ok(())
        });
        drawn.unwrap();
        document.into_inner().finish().unwrap();
    }
}

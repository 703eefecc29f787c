//! The barcode as a picture: a QR code (ISO/IEC 18004) with the quiet zone the standard asks for.

use fast_qr::qr::QRBuilder;
use fast_qr::{ECL, Mode, QRCode, Version};
use std::fmt::Write;

use crate::{BarcodeText, LIVE_TEXT_LENGTH};

/// Light modules on each side. Source: ISO/IEC 18004, 9.1.
pub(crate) const QUIET_ZONE: usize = 4;
/// Pixels per module in a PNG: one is for machines, 40 gives 1,960 pixels, enough for print.
pub const PNG_SCALE_MAX: u32 = 40;
/// 392 pixels: two or three device pixels of a phone for each module.
pub const PNG_SCALE_DEFAULT: u32 = 8;

/// A drawing of 49 x 49 units, 53 x 53 for a live barcode, that scales to any size. About 6 KiB.
pub fn svg(text: &BarcodeText) -> String {
    let code = code(text);
    let side = code.size + 2 * QUIET_ZONE;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" shape-rendering=\"crispEdges\">\
         <path fill=\"#fff\" d=\"M0 0h{side}v{side}H0z\"/><path d=\""
    );
    dark_runs(&code, |left, top, width| {
        let (left, top) = (left + QUIET_ZONE, top + QUIET_ZONE);
        write!(out, "M{left} {top}h{width}v1h-{width}z").expect("a String takes any text");
    });
    out.push_str("\"/></svg>\n");
    out
}

/// Left, top and width of every run of dark modules, in modules: one rectangle each is shorter than
/// one per module, and has no seams inside.
pub(crate) fn dark_runs(code: &QRCode, mut draw: impl FnMut(usize, usize, usize)) {
    for y in 0..code.size {
        let mut x = 0;
        for run in code[y].chunk_by(|left, right| left.value() == right.value()) {
            if run[0].value() {
                draw(x, y, run.len());
            }
            x += run.len();
        }
    }
}

/// A black and white PNG; `scale` is pixels per module, brought into 1..=[`PNG_SCALE_MAX`].
pub fn png(text: &BarcodeText, scale: u32) -> Vec<u8> {
    let code = code(text);
    let scale = scale.clamp(1, PNG_SCALE_MAX) as usize;
    let side = (code.size + 2 * QUIET_ZONE) * scale;
    let row_bytes = side.div_ceil(8);
    let mut pixels = vec![0xff; row_bytes * side];
    for (y, row) in pixels.chunks_exact_mut(row_bytes).enumerate() {
        let Some(modules) = module(y, scale).filter(|at| *at < code.size).map(|at| &code[at]) else { continue };
        for x in 0..side {
            if module(x, scale).and_then(|at| modules.get(at)).is_some_and(|module| module.value()) {
                row[x / 8] &= !(0x80 >> (x % 8));
            }
        }
    }
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, side as u32, side as u32);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    let mut writer = encoder.write_header().expect("a Vec takes any bytes");
    writer.write_image_data(&pixels).expect("the rows have the length the header says");
    writer.finish().expect("a Vec takes any bytes");
    out
}

/// The module a pixel belongs to; `None` before the first.
fn module(pixel: usize, scale: usize) -> Option<usize> {
    (pixel / scale).checked_sub(QUIET_ZONE)
}

pub(crate) fn code(text: &BarcodeText) -> QRCode {
    QRBuilder::new(text.as_str())
        .mode(Mode::Alphanumeric)
        .ecl(ECL::M)
        .version(if text.as_str().len() == LIVE_TEXT_LENGTH { Version::V07 } else { Version::V06 })
        .build()
        .expect("with error correction M a version 6 code holds 154 characters, one of version 7 178")
}

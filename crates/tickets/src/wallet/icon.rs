//! The picture beside a pass's notice on a locked phone: an open door, and light behind it.

/// Drawn on a square of so many units, whatever the number of pixels.
const UNITS: u32 = 29;
const NIGHT: [u8; 3] = [0x0d, 0x0b, 0x16];
const FRAME: [u8; 3] = [0x2b, 0x25, 0x47];
const LIGHT: [u8; 3] = [0xff, 0xb3, 0x30];
const DOOR: [u8; 3] = [0xf4, 0xf1, 0xfb];

/// A PNG of `scale` pixels a unit: 29 x 29 pixels times `scale`.
pub(super) fn png(scale: u32) -> Vec<u8> {
    let side = UNITS * scale;
    let pixels = Vec::from_iter((0..side * side).flat_map(|at| color(at % side / scale, at / side / scale)));
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, side, side);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().expect("a Vec takes any bytes");
    writer.write_image_data(&pixels).expect("the rows have the length the header says");
    writer.finish().expect("a Vec takes any bytes");
    out
}

fn color(x: u32, y: u32) -> [u8; 3] {
    // The door stands ajar, so its upper and lower edges slant.
    let slant = x.saturating_sub(8) / 2;
    match (x, y) {
        (8..=13, _) if (4 + slant..=21 + slant).contains(&y) => DOOR,
        (14..=20, 4..=21) => LIGHT,
        (8..=13, 4..=21) => FRAME,
        // What falls through it lies on the ground.
        (14.., 22..=24) if x < y => LIGHT,
        _ => NIGHT,
    }
}

//! Readers we did not write decode what we draw.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use stagedoor_core::Timestamp;
use tempfile::TempDir;
use tickets::render::{self, PNG_SCALE_DEFAULT, PNG_SCALE_MAX};
use tickets::{Access, Cause, Sheet, Step, reissue};

use crate::House;

/// What `program` prints; fails with what to install when it is missing or unhappy.
fn run(program: &str, args: &[&str], install: &str) -> String {
    let done = Command::new(program).args(args).output();
    let done = done.unwrap_or_else(|error| panic!("{program} does not start ({error}); install it with: {install}"));
    let complaint = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{program} {args:?} failed: {complaint}\nit needs: {install}");
    String::from_utf8(done.stdout).expect("the program prints text")
}

fn zbar(picture: &Path) -> String {
    let args = ["--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", picture.to_str().unwrap()];
    run("zbarimg", &args, "apt-get install zbar-tools").trim_end_matches('\n').to_owned()
}

/// The reader in `tests/js`, which also checks the signatures with the public keys alone.
fn javascript(keys: &Path, pictures: &[&Path]) -> Vec<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/js");
    let install = format!("npm ci --prefix {}", folder.display());
    assert!(folder.join("node_modules/jsqr").exists(), "the JavaScript reader is not installed; run: {install}");
    let script = folder.join("read.mjs");
    let files = [script.as_path(), keys].into_iter().chain(pictures.iter().copied());
    let args = Vec::from_iter(files.map(|file| file.to_str().unwrap()));
    run("node", &args, &install).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// `svg` as a PNG of `pixels` a side.
fn rasterise(folder: &TempDir, svg: &str, pixels: u32) -> PathBuf {
    let (from, to) = (folder.path().join("code.svg"), folder.path().join(format!("svg-{pixels}.png")));
    std::fs::write(&from, svg).unwrap();
    let pixels = pixels.to_string();
    let args = ["--width", &pixels, "--height", &pixels, "--output", to.to_str().unwrap(), from.to_str().unwrap()];
    run("rsvg-convert", &args, "apt-get install librsvg2-bin");
    to
}

#[tokio::test]
async fn two_readers_decode_both_pictures_and_a_stranger_checks_the_signature() {
    let house = House::new().await;
    let first = house.ticket().await;
    let tx = house.db.begin_write().await.unwrap();
    let cause = Cause { by: None, reason: "test" };
    let ticket = reissue(&tx, Access::Owner(house.fan), first.id, cause).await.unwrap();
    tx.commit().await.unwrap();

    let folder = tempfile::tempdir().unwrap();
    let keys = folder.path().join("keys.json");
    let mut known = serde_json::to_value(house.signer.public_keys()).unwrap();
    known["live"] = serde_json::to_value(house.signer.event_keys(house.event)).unwrap();
    std::fs::write(&keys, known.to_string()).unwrap();
    let live = house.signer.live(&ticket).text(Step::of(Timestamp::from_micros(1_800_000_000_000_000)));
    for (text, step, smallest) in [(house.signer.sign(&ticket), Value::Null, 196), (live, 120_000_000.into(), 212)] {
        let mut pictures = Vec::new();
        for scale in [3, PNG_SCALE_DEFAULT, 13] {
            let file = folder.path().join(format!("{scale}.png"));
            std::fs::write(&file, render::png(&text, scale)).unwrap();
            pictures.push(file);
        }
        let svg = render::svg(&text);
        pictures.extend([smallest, 500].map(|pixels| rasterise(&folder, &svg, pixels)));

        for picture in &pictures {
            assert_eq!(zbar(picture), text.as_str(), "zbar reads {}", picture.display());
        }
        let pictures = Vec::from_iter(pictures.iter().map(PathBuf::as_path));
        let seen = javascript(&keys, &pictures);
        assert_eq!(seen.len(), pictures.len());
        for seen in seen {
            assert_eq!(seen["text"], text.as_str());
            assert_eq!(seen["ticket"], ticket.id.0.simple().to_string());
            assert_eq!(seen["event"], ticket.event.0.simple().to_string());
            assert_eq!(seen["generation"], 2);
            assert_eq!(seen["step"], step);
        }
    }
}

#[tokio::test]
async fn a_printed_ticket_is_one_page_that_a_scanner_and_a_person_read() {
    let house = House::new().await;
    let text = house.signer.sign(&house.ticket().await);
    let subtitles = ["Théâtre de la Ville, Paris".to_owned(), "Monday, 1 June 2026, 20:00".to_owned()];
    let long = "Čapek ".repeat(60);
    let facts = [("Price", "45.00 EUR".to_owned()), ("Attendee", "Zoë Żółć".to_owned()), ("Note", long)];
    let sheet = Sheet { title: "A Midsummer Night’s Dream (Opening)", subtitles: &subtitles, facts: &facts };
    let pdf = sheet.pdf(&text);
    assert_eq!(pdf, sheet.pdf(&text), "the same each time");
    let folder = tempfile::tempdir().unwrap();
    let (file, page) = (folder.path().join("ticket.pdf"), folder.path().join("page"));
    std::fs::write(&file, &pdf).unwrap();
    let (file, install) = (file.to_str().unwrap(), "apt-get install poppler-utils");
    let told = run("pdfinfo", &[file], install);
    for line in ["Pages:           1", "A4", "A Midsummer Night’s Dream (Opening)"] {
        assert!(told.contains(line), "{line:?} is not in\n{told}");
    }
    let words = run("pdftotext", &["-layout", file, "-"], install);
    for wanted in
        ["A Midsummer Night’s Dream (Opening)", "Théâtre de la Ville, Paris", "20:00", "45.00 EUR", "Zoë Żółć", "…"]
    {
        assert!(words.contains(wanted), "{wanted:?} is not in\n{words}");
    }
    assert!(words.contains(&text.as_str()[..12]), "{words}");
    for pixels_an_inch in ["72", "150"] {
        run("pdftoppm", &["-png", "-singlefile", "-r", pixels_an_inch, file, page.to_str().unwrap()], install);
        assert_eq!(zbar(&page.with_extension("png")), text.as_str(), "zbar reads it at {pixels_an_inch} dpi");
    }
}

#[tokio::test]
async fn names_are_printed_in_their_own_letters() {
    let house = House::new().await;
    let text = house.signer.sign(&house.ticket().await);
    let names = ["Ελένη Παπαδοπούλου", "Анна Ковальчук", "Nguyễn Thị Ánh Tuyết", "ქეთევან", "נועה 12", "مريم"];
    let facts = Vec::from_iter(names.map(|name| ("Attendee", name.to_owned())));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ticket.pdf");
    let install = "apt-get install poppler-utils";
    std::fs::write(&file, Sheet { title: "王 at the Opera", subtitles: &[], facts: &facts }.pdf(&text)).unwrap();
    let words = run("pdftotext", &["-layout", file.to_str().unwrap(), "-"], install);
    for wanted in ["Ελένη Παπαδοπούλου", "Анна Ковальчук", "Nguyễn Thị Ánh Tuyết", "ქეთევან", "נועה", "مريم"]
    {
        assert!(words.contains(wanted), "{wanted:?} is not in\n{words}");
    }
    // What stands on the page from left to right: the number, and then the Hebrew name, which is
    // read before it and begins at its right end.
    let boxes = run("pdftotext", &["-bbox", file.to_str().unwrap(), "-"], install);
    assert!(left_of(&boxes, ">12<") < left_of(&boxes, ">העונ<"), "{boxes}");
    // What the font lacks takes its place on the page, as a box.
    assert!(left_of(&boxes, ">at<") > 70.0, "{boxes}");
    let fonts = run("pdffonts", &[file.to_str().unwrap()], install);
    assert!(fonts.contains("+DejaVuSansCondensed"), "{fonts}");
    assert!(std::fs::metadata(&file).unwrap().len() < 40_000, "only the letters on the page are embedded");
}

/// Where the word that `needle` shows begins, in points from the left of the page.
fn left_of(boxes: &str, needle: &str) -> f32 {
    let line = boxes.lines().find(|line| line.contains(needle)).unwrap_or_else(|| panic!("no {needle} in\n{boxes}"));
    number(line, "xMin=\"")
}

fn number(line: &str, name: &str) -> f32 {
    line.split(name).nth(1).unwrap().split('"').next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn the_fullest_page_holds_everything() {
    let house = House::new().await;
    let text = house.signer.sign(&house.ticket().await);
    let folder = tempfile::tempdir().unwrap();
    let (file, page) = (folder.path().join("ticket.pdf"), folder.path().join("page"));
    for long in ["Władysławowo ".repeat(15), "W".repeat(200)] {
        let facts = Vec::from_iter((0..7).map(|_| ("Section", long.clone())));
        let pdf = Sheet { title: &long, subtitles: &[long.clone(), long.clone()], facts: &facts }.pdf(&text);
        std::fs::write(&file, pdf).unwrap();
        let (file, install) = (file.to_str().unwrap(), "apt-get install poppler-utils");
        run("pdftoppm", &["-png", "-singlefile", "-r", "150", file, page.to_str().unwrap()], install);
        assert_eq!(zbar(&page.with_extension("png")), text.as_str(), "zbar reads it below {long:?}");
        let boxes = run("pdftotext", &["-bbox", file, "-"], install);
        let mut words = boxes.lines().filter(|line| line.contains("<word")).peekable();
        assert!(words.peek().is_some());
        for word in words {
            assert!(number(word, "xMax=\"") < 595.0 - 40.0 && number(word, "yMax=\"") < 842.0, "{word}");
        }
        let last = &text.as_str()[text.as_str().len() - 6..];
        assert!(boxes.contains(last.split(' ').next_back().unwrap()), "{last} is not in\n{boxes}");
    }
}

#[tokio::test]
async fn marks_piled_onto_a_name_do_not_reach_the_barcode() {
    let house = House::new().await;
    let text = house.signer.sign(&house.ticket().await);
    let folder = tempfile::tempdir().unwrap();
    let (file, page) = (folder.path().join("ticket.pdf"), folder.path().join("page"));
    let (file, page) = (file.to_str().unwrap(), page.to_str().unwrap());
    // The barcode with its quiet zone, in points from the left and the top of the page; and all of it.
    let [barcode, whole] = [["40", "118", "196", "190"], ["0", "0", "595", "842"]];
    let [plain, piled] = ["", "\u{31c}"].map(|mark| {
        let title = format!("Щ{}", mark.repeat(40)).repeat(5);
        std::fs::write(file, Sheet { title: &title, subtitles: &[], facts: &[] }.pdf(&text)).unwrap();
        [barcode, whole].map(|[x, y, width, height]| {
            let part = ["-r", "72", "-x", x, "-y", y, "-W", width, "-H", height];
            let args = [&["-png", "-singlefile"], &part[..], &[file, page]].concat();
            run("pdftoppm", &args, "apt-get install poppler-utils");
            let picture = Path::new(page).with_extension("png");
            (zbar(&picture), std::fs::read(picture).unwrap())
        })
    });
    assert_eq!(plain[0].0, text.as_str(), "the part is the barcode");
    assert!(plain[0] == piled[0], "the barcode is another");
    assert!(plain[1] != piled[1], "the marks are drawn");
}

#[tokio::test]
async fn a_picture_has_its_quiet_zone_and_a_bounded_size() {
    let house = House::new().await;
    let text = house.signer.sign(&house.ticket().await);
    for (asked, scale) in [(0, 1), (1, 1), (5, 5), (PNG_SCALE_MAX, PNG_SCALE_MAX), (u32::MAX, PNG_SCALE_MAX)] {
        let bytes = render::png(&text, asked);
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
        let side = 49 * scale as usize;
        assert_eq!((reader.info().width as usize, reader.info().height as usize), (side, side));
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut pixels).unwrap();
        let row_bytes = side.div_ceil(8);
        let dark = |x: usize, y: usize| pixels[y * row_bytes + x / 8] & 0x80 >> (x % 8) == 0;
        let quiet = 4 * scale as usize;
        let inside = quiet..side - quiet;
        for y in 0..side {
            for x in (0..side).filter(|x| !inside.contains(&y) || !inside.contains(x)) {
                assert!(!dark(x, y), "({x}, {y}) at scale {scale} is in the quiet zone");
            }
        }
        assert!(dark(quiet, quiet) && dark(side - quiet - 1, quiet), "the finder patterns begin where it ends");
    }
    let svg = render::svg(&text);
    assert!(svg.starts_with("<svg xmlns") && svg.contains("viewBox=\"0 0 49 49\""));
    assert!(svg.len() < 16_384, "{} bytes", svg.len());
}

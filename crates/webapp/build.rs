//! Takes what Vite made of `web/` into the program: in a release as bytes, in a debug build as files that
//! are read when they are asked for.

use std::path::Path;

fn main() {
    // The folder above is there in every clone. Of one that is absent Cargo takes it that it has changed,
    // and would build this crate, and all above it, every time.
    println!("cargo::rerun-if-changed=../../web/dist");
    let built = Path::new("../../web/dist/app");
    let folder = if built.join("index.html").exists() { built } else { Path::new("absent") };
    memory_serve::load_directory(folder);
}

//! JSON written by hand, for the answers that are given most often: each function adds one member,
//! `"name":value`, with a comma where there is one before it.

use std::io::Write;

use stagedoor_core::{Id, Money, Timestamp};

/// An object with the members that `members` adds.
pub fn object(out: &mut Vec<u8>, members: impl FnOnce(&mut Vec<u8>)) {
    out.push(b'{');
    members(out);
    out.push(b'}');
}

/// A text in parts.
pub fn text(out: &mut Vec<u8>, name: &str, parts: &[&str]) {
    begin(out, name);
    out.push(b'"');
    parts.iter().for_each(|part| escape(out, part));
    out.push(b'"');
}

pub fn id(out: &mut Vec<u8>, name: &str, id: impl Id) {
    quoted(out, name, format_args!("{id}"));
}

pub fn null(out: &mut Vec<u8>, name: &str) {
    begin(out, name);
    out.extend_from_slice(b"null");
}

/// RFC 3339.
pub fn time(out: &mut Vec<u8>, name: &str, at: Timestamp) {
    quoted(out, name, format_args!("{at}"));
}

pub fn number(out: &mut Vec<u8>, name: &str, number: i64) {
    begin(out, name);
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// As [`Money`] looks on the wire.
pub fn money(out: &mut Vec<u8>, name: &str, Money { minor, currency }: Money) {
    begin(out, name);
    object(out, |out| {
        number(out, "amount", minor);
        text(out, "currency", &[currency.code()]);
    });
}

/// A list of objects whose members `write` adds.
pub fn list<T>(out: &mut Vec<u8>, name: &str, items: &[T], write: impl Fn(&T, &mut Vec<u8>)) {
    begin(out, name);
    out.push(b'[');
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        object(out, |out| write(item, out));
    }
    out.push(b']');
}

fn begin(out: &mut Vec<u8>, name: &str) {
    if out.last() != Some(&b'{') {
        out.push(b',');
    }
    out.push(b'"');
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
}

/// `text`: needs no escape.
fn quoted(out: &mut Vec<u8>, name: &str, text: std::fmt::Arguments<'_>) {
    begin(out, name);
    write!(out, "\"{text}\"").expect("memory takes what is written");
}

fn escape(out: &mut Vec<u8>, text: &str) {
    if text.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\') {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    let start = out.len();
    serde_json::to_writer(&mut *out, text).expect("a text is JSON");
    // Without the quotation marks.
    out.pop();
    out.remove(start);
}

//! JSON written by hand, for the answers that are given most often: each function adds one member,
//! `"name":value`, with a comma where there is one before it. Inlined wherever they stand, so that writing a name is a
//! few instructions: its text and length are known there.

use stagedoor_core::{Id, Money, Timestamp};

/// An object with the members that `members` adds.
pub fn object(out: &mut Vec<u8>, members: impl FnOnce(&mut Vec<u8>)) {
    out.push(b'{');
    members(out);
    out.push(b'}');
}

/// A member that is an object itself.
pub fn within(out: &mut Vec<u8>, name: &str, members: impl FnOnce(&mut Vec<u8>)) {
    begin(out, name);
    object(out, members);
}

/// What the library writes.
pub fn value(out: &mut Vec<u8>, name: &str, value: &serde_json::Value) {
    begin(out, name);
    serde_json::to_writer(out, value).expect("memory takes what is written");
}

/// A list of texts.
pub fn texts(out: &mut Vec<u8>, name: &str, texts: &[String]) {
    begin(out, name);
    out.push(b'[');
    for (at, text) in texts.iter().enumerate() {
        out.extend_from_slice(if at > 0 { b",\"" } else { b"\"" });
        escape(out, text);
        out.push(b'"');
    }
    out.push(b']');
}

/// A text in parts.
#[inline(always)]
pub fn text(out: &mut Vec<u8>, name: &str, parts: &[&str]) {
    begin(out, name);
    out.push(b'"');
    parts.iter().for_each(|part| escape(out, part));
    out.push(b'"');
}

#[inline(always)]
pub fn id(out: &mut Vec<u8>, name: &str, id: impl Id) {
    quoted(out, name, id.text().as_bytes());
}

pub fn null(out: &mut Vec<u8>, name: &str) {
    begin(out, name);
    out.extend_from_slice(b"null");
}

/// RFC 3339.
#[inline(always)]
pub fn time(out: &mut Vec<u8>, name: &str, at: Timestamp) {
    quoted(out, name, at.text().as_bytes());
}

#[inline(always)]
pub fn number(out: &mut Vec<u8>, name: &str, number: i64) {
    begin(out, name);
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// As [`Money`] looks on the wire.
#[inline(always)]
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

#[inline(always)]
fn begin(out: &mut Vec<u8>, name: &str) {
    if out.last() != Some(&b'{') {
        out.push(b',');
    }
    out.push(b'"');
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
}

/// `text`: needs no escape.
#[inline(always)]
fn quoted(out: &mut Vec<u8>, name: &str, text: &[u8]) {
    begin(out, name);
    out.push(b'"');
    out.extend_from_slice(text);
    out.push(b'"');
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

//! The few pages that a browser shows: plain HTML with one style and a policy that runs nothing else.

use std::sync::LazyLock;

use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

const STYLE: &str = ":root{color-scheme:light dark;--ink:#1d1d2b;--paper:#fff;--line:#595966;--warn:#b3261e}\
    @media(prefers-color-scheme:dark){:root{--ink:#ecebf5;--paper:#0d0b16;--line:#8f8ba6;--warn:#f2857d}}\
    body{font:1.125rem/1.5 system-ui,sans-serif;max-width:30rem;margin:3rem auto;padding:0 1rem;\
    color:var(--ink);background:var(--paper)}label{display:block;margin-top:1rem}\
    input{font:inherit;width:100%;box-sizing:border-box;padding:.5rem;color:var(--ink);background:var(--paper);\
    border:1px solid var(--line);border-radius:.25rem}button{font:inherit;margin:1.5rem 1rem 0 0;\
    padding:.5rem 1.5rem;color:var(--ink);background:var(--paper);border:1px solid var(--ink);border-radius:.25rem}\
    button[value=allow]{color:var(--paper);background:var(--ink)}\
    .said{border-left:.25rem solid var(--warn);padding-left:1rem}";

/// The policy names the style by its hash, so that nothing else that looks like one is taken.
static STYLE_HASH: LazyLock<String> = LazyLock::new(|| STANDARD.encode(Sha256::digest(STYLE)));

/// A page that works without scripts and that no cache keeps. `language`: of its texts; `title`: text of ours; `body`: HTML in which
/// whatever somebody typed went through [`escape`]; `target`: where its form may lead besides here, as a
/// source of the policy.
pub fn page(language: &str, status: StatusCode, title: &str, body: &str, target: &str) -> Response {
    let html = format!(
        "<!doctype html><html lang=\"{language}\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title><style>{STYLE}</style></head>\
         <body><main>{body}</main></body></html>"
    );
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; form-action 'self'{}{target}; frame-ancestors 'none'; base-uri 'none'",
        *STYLE_HASH,
        if target.is_empty() { "" } else { " " },
    );
    let headers = [
        (CONTENT_SECURITY_POLICY, HeaderValue::from_str(&policy).expect("an origin is visible ASCII")),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (status, headers, Html(html)).into_response()
}

/// A text that means nothing but itself, between tags and in quotation marks.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_typed_stays_text() {
        assert_eq!(escape("<b a=\"x\" c='y'>&amp;</b>"), "&lt;b a=&quot;x&quot; c=&#39;y&#39;&gt;&amp;amp;&lt;/b&gt;");
    }
}

//! What every answer tells a browser, so that it does nothing with it that we did not mean.

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};

/// No cache keeps an answer about somebody, not even that of the browser it was for: others sit down at it.
pub const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

macro_rules! safe {
    ($($name:literal: $value:literal,)*) => {
        /// Headers of every answer, unless its handler says something else. Source: ASVS 5.0, V3.4.
        static SAFE: [(HeaderName, HeaderValue); [$($name),*].len()] =
            [$((HeaderName::from_static($name), HeaderValue::from_static($value)),)*];

        /// The same as lines of a head, for who writes answers by hand.
        pub const LINES: &[u8] = concat!($($name, ": ", $value, "\r\n",)*).as_bytes();
    };
}

safe! {
    // An answer is what its content type says.
    "x-content-type-options": "nosniff",
    // What is no page runs, loads and frames nothing. Pages bring a policy of their own.
    "content-security-policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-frame-options": "DENY",
    // Addresses have ids of orders and people in them.
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}

/// Adds them to an answer that has not its own.
pub fn add(headers: &mut HeaderMap) {
    for (name, value) in &SAFE {
        headers.entry(name).or_insert_with(|| value.clone());
    }
}

/// Whether the answer to a request may be about somebody: it says who asks, or changes something. Only what
/// anybody may read without a word about themselves is left to its handler.
pub fn is_private(method: &Method, headers: &HeaderMap) -> bool {
    let is_read = matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
    !is_read || headers.contains_key(header::AUTHORIZATION) || headers.contains_key(header::COOKIE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_handler_says_stays() {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'self'"));
        add(&mut headers);
        assert_eq!(headers[header::CONTENT_SECURITY_POLICY], "default-src 'self'");
        assert_eq!(headers.len(), SAFE.len());
    }

    #[test]
    fn whoever_says_who_they_are_is_told_in_private() {
        let bare = HeaderMap::new();
        let with = |name| HeaderMap::from_iter([(name, HeaderValue::from_static("x"))]);
        assert!(!is_private(&Method::GET, &bare));
        assert!(is_private(&Method::POST, &bare));
        assert!(is_private(&Method::GET, &with(header::AUTHORIZATION)));
        assert!(is_private(&Method::GET, &with(header::COOKIE)));
    }
}

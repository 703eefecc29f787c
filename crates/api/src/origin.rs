//! Which web pages may open a live seat map. Browsers let any page open a WebSocket to anywhere, and say with
//! `Origin` which page it is. Source: RFC 6455, section 10.2; ASVS 5.0, V4.4.2.

use std::str::FromStr;

use axum::http::{HeaderMap, HeaderValue, header};
use serde::{Deserialize, Serialize};
use stagedoor_core::Code;
use url::{Origin, Url};

use crate::Problem;

/// Where a web page comes from, as browsers write it: `https://app.example` or `http://127.0.0.1:5173`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct WebOrigin(String);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no origin: a scheme, a host and perhaps a port, as in https://app.example")]
pub struct NoOrigin(String);

impl FromStr for WebOrigin {
    type Err = NoOrigin;

    fn from_str(text: &str) -> Result<Self, NoOrigin> {
        let error = || NoOrigin(text.to_owned());
        let url = Url::parse(text).map_err(|_| error())?;
        let is_bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        let is_anonymous = url.username().is_empty() && url.password().is_none();
        match url.origin() {
            origin @ Origin::Tuple(..) if is_bare && is_anonymous && url.scheme().starts_with("http") => {
                Ok(Self(origin.ascii_serialization()))
            }
            _ => Err(error()),
        }
    }
}

impl TryFrom<String> for WebOrigin {
    type Error = NoOrigin;

    fn try_from(text: String) -> Result<Self, NoOrigin> {
        text.parse()
    }
}

impl From<WebOrigin> for String {
    fn from(origin: WebOrigin) -> Self {
        origin.0
    }
}

/// The origins whose pages are let in.
#[derive(Debug, Clone, Default)]
pub struct Origins {
    own: Vec<WebOrigin>,
    others: Vec<WebOrigin>,
}

impl Origins {
    /// Pages of this server itself, found at `public_url`, and `others`.
    pub fn new(public_url: &str, others: impl IntoIterator<Item = WebOrigin>) -> Self {
        let own = Url::parse(public_url).ok().map(|url| WebOrigin(url.origin().ascii_serialization()));
        Self { own: own.into_iter().collect(), others: others.into_iter().collect() }
    }

    /// By which other `names` this server's own pages are found.
    pub fn also_called(mut self, names: impl IntoIterator<Item = WebOrigin>) -> Self {
        self.own.extend(names);
        self
    }

    /// Whether no page from elsewhere asks. Browsers send cookies along for pages of the same site, too, which
    /// are let in to look and not to be the person.
    pub fn is_own(&self, headers: &HeaderMap) -> bool {
        let mut named = headers.get_all(header::ORIGIN).iter();
        named.all(|origin| self.own.iter().any(|known| known.0.as_bytes() == origin.as_bytes()))
    }

    /// Refuses what a page from elsewhere asks for, with `origin_not_allowed`. Who names no origin is no
    /// browser and nobody's page: only browsers can be made to ask for somebody else.
    pub fn check(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let mut named = headers.get_all(header::ORIGIN).iter().map(HeaderValue::as_bytes);
        let is_allowed = match (named.next(), named.next()) {
            (None, _) => true,
            (Some(origin), None) => self.own.iter().chain(&self.others).any(|known| known.0.as_bytes() == origin),
            (Some(_), Some(_)) => false,
        };
        let refused = || Problem::new(Code::OriginNotAllowed, "pages from there may not open a live seat map");
        if is_allowed { Ok(()) } else { Err(refused()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_a_scheme_a_host_and_a_port() {
        for (text, expected) in [
            ("https://app.example", Some("https://app.example")),
            ("https://App.Example:443/", Some("https://app.example")),
            ("http://[::1]:5173", Some("http://[::1]:5173")),
            ("https://app.example/page", None),
            ("https://app.example?x", None),
            ("https://me@app.example", None),
            ("file:///tmp/page.html", None),
            ("ftp://app.example", None),
            ("app.example", None),
            ("null", None),
            ("*", None),
        ] {
            assert_eq!(text.parse().ok().map(|WebOrigin(text)| text), expected.map(str::to_owned), "{text}");
        }
    }

    #[test]
    fn only_known_pages_and_programs_are_let_in() {
        let origins = Origins::new("https://tickets.example", ["http://127.0.0.1:5173".parse().unwrap()]);
        let check = |named: &[&'static str]| {
            let headers = named.iter().map(|origin| (header::ORIGIN, HeaderValue::from_static(origin)));
            origins.check(&headers.collect()).is_ok()
        };
        for named in [&[][..], &["https://tickets.example"], &["http://127.0.0.1:5173"]] {
            assert!(check(named), "{named:?}");
        }
        for named in [
            &["null"][..],
            &[""],
            &["http://tickets.example"],
            &["https://tickets.example:8443"],
            &["https://tickets.example.evil.example"],
            &["https://TICKETS.example"],
            &["https://tickets.example", "https://tickets.example"],
            &["https://tickets.example https://evil.example"],
        ] {
            assert!(!check(named), "{named:?}");
        }
    }
}

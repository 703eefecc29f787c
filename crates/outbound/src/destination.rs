//! Which URLs are called at all. What is checked is what was typed, not what a lenient parser makes
//! of it: a host that two programs read differently is how such checks are got around.

use std::fmt;
use std::net::IpAddr;

use url::{Host, Url};

use crate::{Http, Policy, RedirectFault, Refused};

/// Bytes of a URL; more than servers commonly take.
pub const URL_MAX: usize = 2_048;

/// Names that no public name server knows. Source: RFC 6761, 6762, 7686, 8375, and ICANN's
/// reservation of `internal`.
const PRIVATE_SUFFIXES: &[&str] = &["localhost", "local", "internal", "home.arpa", "onion", "lan", "localdomain"];

/// A URL that may be called, as far as its text tells: the addresses of a name are checked when it
/// is looked up. Shown as scheme and host alone, so that no log has a secret of a path or query.
#[derive(Clone, PartialEq, Eq)]
pub struct Destination(Url);

impl Destination {
    pub(crate) fn url(&self) -> &Url {
        &self.0
    }

    /// The name, or the address without brackets.
    pub fn host(&self) -> Host<&str> {
        self.0.host().expect("a checked URL has a host")
    }

    pub(crate) fn same_origin(&self, other: &Destination) -> bool {
        self.0.origin() == other.0.origin()
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}://{}", self.0.scheme(), self.host())
    }
}

impl fmt::Debug for Destination {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

impl Policy {
    /// Checks the text of a URL, and the address when its host is one. No I/O.
    pub fn check(&self, text: &str) -> Result<Destination, Refused> {
        if text.len() > URL_MAX {
            return Err(Refused::TooLong);
        }
        check_characters(text)?;
        let authority = self.check_scheme(text)?;
        if authority.contains('@') {
            return Err(Refused::UserInfo);
        }
        let (host, port) = split(authority)?;
        let mut url = Url::parse(text).map_err(|_| Refused::Malformed)?;
        // The parser and the lines above agree on where the authority is, or nobody calls it.
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Refused::UserInfo);
        }
        let known = url.port_or_known_default().ok_or(Refused::Malformed)?;
        if port.is_some_and(|port| port != known) {
            return Err(Refused::Malformed);
        }
        self.check_host(host, url.host().ok_or(Refused::Malformed)?)?;
        if !self.ports.contains(&known) {
            return Err(Refused::Port(known));
        }
        url.set_fragment(None);
        Ok(Destination(url))
    }

    /// Checks where an answer of `from` redirects to.
    pub(crate) fn check_redirect(&self, from: &Destination, location: &str) -> Result<Destination, Refused> {
        check_characters(location)?;
        let destination = if location.starts_with("//") {
            self.check(&format!("{}:{location}", from.0.scheme()))
        } else if Url::parse(location).is_ok() {
            self.check(location)
        } else {
            let joined = from.0.join(location).map_err(|_| Refused::Malformed)?;
            self.check(joined.as_str())
        }?;
        if from.0.scheme() == "https" && destination.0.scheme() == "http" {
            return Err(Refused::Redirect(RedirectFault::Downgrade));
        }
        Ok(destination)
    }

    /// The authority: what stands between the scheme and the path.
    fn check_scheme<'a>(&self, text: &'a str) -> Result<&'a str, Refused> {
        let (scheme, rest) = text.split_once("://").ok_or(Refused::Malformed)?;
        let is = |name: &str| scheme.eq_ignore_ascii_case(name);
        if !(is("https") || is("http") && self.http == Http::Allowed) {
            return Err(Refused::Scheme);
        }
        Ok(&rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())])
    }

    /// `typed` is the host as in the text, `read` what the parser made of it.
    fn check_host(&self, typed: &str, read: Host<&str>) -> Result<(), Refused> {
        match read {
            // Decimal, octal, hexadecimal, short and full-width spellings all end here.
            Host::Ipv4(address) if typed != address.to_string() => Err(Refused::HostSpelling),
            Host::Ipv4(address) => self.check_address(IpAddr::V4(address)),
            Host::Ipv6(address) => self.check_address(IpAddr::V6(address)),
            Host::Domain(name) => {
                check_spelling(typed, name)?;
                self.check_name(name)
            }
        }
    }

    /// An operator who lets private networks in has names for them, too; their addresses decide.
    fn check_name(&self, name: &str) -> Result<(), Refused> {
        let ends_with =
            |suffix: &str| name.strip_suffix(suffix).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
        let known_private = !name.contains('.') || PRIVATE_SUFFIXES.iter().any(|suffix| ends_with(suffix));
        if known_private && self.allow_networks.is_empty() {
            return Err(Refused::PrivateName);
        }
        Ok(())
    }
}

/// Parsers drop tabs and line ends, trim spaces, and read `\` as `/`.
fn check_characters(text: &str) -> Result<(), Refused> {
    let plain = |c: char| c != '\\' && !c.is_control() && !c.is_whitespace() && !stagedoor_core::is_hidden(c);
    if text.chars().all(plain) { Ok(()) } else { Err(Refused::Malformed) }
}

/// Host and port of an authority without user information.
fn split(authority: &str) -> Result<(&str, Option<u16>), Refused> {
    let end_of_host = if authority.starts_with('[') {
        authority.find(']').ok_or(Refused::Malformed)? + 1
    } else {
        authority.find(':').unwrap_or(authority.len())
    };
    let (host, rest) = authority.split_at(end_of_host);
    if host.is_empty() {
        return Err(Refused::Malformed);
    }
    if rest.is_empty() {
        return Ok((host, None));
    }
    let digits = rest.strip_prefix(':').ok_or(Refused::Malformed)?;
    let port: u16 = digits.parse().map_err(|_| Refused::Malformed)?;
    if digits != port.to_string() {
        return Err(Refused::Malformed); // `+443`, `0443`
    }
    Ok((host, Some(port)))
}

/// `name` is `typed` in ASCII. It must be what a person who sees `typed` expects: the same letters,
/// or the encoding of the same letters, never a look-alike that IDNA folds into others.
fn check_spelling(typed: &str, name: &str) -> Result<(), Refused> {
    let is_label = |label: &str| {
        let inside = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        (1..=63).contains(&label.len()) && label.chars().all(inside) && !label.starts_with('-') && !label.ends_with('-')
    };
    if name.len() > 253 || !name.split('.').all(is_label) {
        return Err(Refused::HostSpelling);
    }
    let (shown, valid) = idna::domain_to_unicode(name);
    let typed = typed.to_lowercase();
    if valid.is_err() || typed != name && typed != shown {
        return Err(Refused::HostSpelling);
    }
    Ok(())
}

//! Where a request comes from: the peer of the socket, or whom a proxy of ours says it speaks for.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, header};
use serde::{Deserialize, Serialize};
use stagedoor_core::{Network, RequestId};
use store::Origin;

use crate::App;
use crate::auth::Caller;
use crate::headers::Headers;

/// The proxies in front of this server, and how they say whom they speak for.
#[derive(Debug, Clone, Default)]
pub struct Proxies {
    pub trusted: Vec<Network>,
    pub header: ForwardedHeader,
}

/// The header that every trusted proxy writes. A proxy passes on what it does not know, so the
/// other one may hold anything a client has put there, and is never looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ForwardedHeader {
    #[default]
    XForwardedFor,
    /// RFC 7239.
    Forwarded,
}

/// Who asks, from where and by which request: for limits of sign-in and for the audit log.
#[derive(Debug, Clone)]
pub struct RequestOrigin(pub Origin);

impl FromRequestParts<App> for RequestOrigin {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        let caller = parts.extensions.get::<Caller>().copied().unwrap_or(Caller::NOBODY);
        let id = parts.extensions.get::<RequestId>().copied().expect("the layer around all routes names requests");
        let ConnectInfo(peer) =
            parts.extensions.get::<ConnectInfo<SocketAddr>>().expect("the server says who is connected");
        let address = client(&app.proxies, peer.ip(), &parts.headers);
        Ok(Self(origin(caller, address, parts.headers.get(header::USER_AGENT).map(HeaderValue::as_bytes), id)))
    }
}

/// `agent`: the `User-Agent` of the request, of which as much is kept as is worth it.
pub(crate) fn origin(caller: Caller, address: IpAddr, agent: Option<&[u8]>, request: RequestId) -> Origin {
    let cut = |bytes: &[u8]| String::from_utf8_lossy(&bytes[..bytes.len().min(Origin::AGENT_MAX)]).into_owned();
    let agent = agent.map(cut).filter(|agent| !agent.is_empty()).map(String::into_boxed_str);
    let (actor, leave) = caller.actor();
    Origin { actor, leave, address: Some(address), agent, request: Some(request) }
}

impl Proxies {
    /// Whether it is one of ours.
    pub(crate) fn trusts(&self, address: IpAddr) -> bool {
        self.trusted.iter().any(|network| network.contains(address))
    }
}

/// Every proxy adds the peer it saw at the right, so from there on each hop is as good as the one
/// that named it. The first that is no proxy of ours is the client; what stands to its left is
/// what it says of itself.
pub(crate) fn client<H: Headers + ?Sized>(proxies: &Proxies, peer: IpAddr, headers: &H) -> IpAddr {
    let is_trusted = |address: IpAddr| proxies.trusts(address);
    let (name, read): (_, fn(&str) -> Option<IpAddr>) = match proxies.header {
        ForwardedHeader::XForwardedFor => (HeaderName::from_static("x-forwarded-for"), address),
        ForwardedHeader::Forwarded => (header::FORWARDED, forwarded_for),
    };
    let mut client = peer;
    if !is_trusted(client) {
        return client;
    }
    for hop in headers.values(&name).rev().flat_map(|line| from_the_right(line, b',')) {
        let Some(address) = std::str::from_utf8(hop).ok().and_then(|hop| read(hop.trim())) else { break };
        client = address;
        if !is_trusted(client) {
            break;
        }
    }
    client
}

/// The parts of a line between separators outside quotes. From the right, where our proxies wrote:
/// a quote that a client opens and never closes hides nothing of it.
fn from_the_right(line: &[u8], separator: u8) -> impl Iterator<Item = &[u8]> {
    let mut is_quoted = false;
    line.rsplit(move |byte| {
        is_quoted ^= *byte == b'"';
        *byte == separator && !is_quoted
    })
}

/// Some proxies add the port, some write brackets.
fn address(hop: &str) -> Option<IpAddr> {
    let bare = || hop.strip_prefix('[')?.strip_suffix(']')?.parse::<Ipv6Addr>().ok().map(IpAddr::V6);
    hop.parse().ok().or_else(|| hop.parse::<SocketAddr>().ok().map(|socket| socket.ip())).or_else(bare)
}

/// The node that one element of `Forwarded` is about; none when the proxy hides it.
/// Source: RFC 7239, section 6.
fn forwarded_for(element: &str) -> Option<IpAddr> {
    let mut pairs = from_the_right(element.as_bytes(), b';').filter_map(|pair| std::str::from_utf8(pair).ok());
    pairs.find_map(|pair| {
        let (name, node) = pair.split_once('=')?;
        let node = node.trim();
        let node = node.strip_prefix('"').and_then(|node| node.strip_suffix('"')).unwrap_or(node);
        name.trim().eq_ignore_ascii_case("for").then(|| address(node))?
    })
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderMap;

    use super::*;

    #[test]
    fn only_what_trusted_proxies_say_is_believed() {
        let proxies = proxies(ForwardedHeader::XForwardedFor);
        for (peer, lines, expected) in [
            ("203.0.113.9", &["198.51.100.1"][..], "203.0.113.9"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &["198.51.100.1"], "198.51.100.1"),
            ("10.0.0.1", &["1.1.1.1, 198.51.100.1"], "198.51.100.1"),
            ("10.0.0.1", &["1.1.1.1", "198.51.100.1, 10.9.9.9"], "198.51.100.1"),
            ("10.0.0.1", &["10.0.0.7,10.0.0.8"], "10.0.0.7"),
            ("10.0.0.1", &["198.51.100.1:4711"], "198.51.100.1"),
            ("2001:db8::1", &["[2001:db8:7::2]:4711"], "2001:db8:7::2"),
            ("10.0.0.1", &["1.1.1.1, unknown"], "10.0.0.1"),
            ("10.0.0.1", &["1.1.1.1, unknown, 10.0.0.2"], "10.0.0.2"),
            ("10.0.0.1", &[""], "10.0.0.1"),
            ("10.0.0.1", &["\"1.1.1.1, 198.51.100.1"], "198.51.100.1"),
        ] {
            let headers = lines.iter().map(|line| ("x-forwarded-for", *line));
            assert_client(&proxies, peer, headers, expected);
        }
    }

    #[test]
    fn the_standard_header_is_read_where_the_proxies_write_it() {
        let proxies = proxies(ForwardedHeader::Forwarded);
        for (peer, lines, expected) in [
            ("203.0.113.9", &["for=198.51.100.1"][..], "203.0.113.9"),
            ("10.0.0.1", &["for=198.51.100.1"], "198.51.100.1"),
            ("10.0.0.1", &["proto=https; FOR=\"198.51.100.1:4711\";by=10.0.0.1"], "198.51.100.1"),
            ("10.0.0.1", &["for=\"[2001:db8:7::2]\""], "2001:db8:7::2"),
            ("10.0.0.1", &["for=\"[2001:db8:7::2]:47\""], "2001:db8:7::2"),
            ("10.0.0.1", &["for=1.1.1.1", "for=198.51.100.1, for=10.9.9.9"], "198.51.100.1"),
            ("10.0.0.1", &["for=\"1.1.1.1, for=198.51.100.1"], "198.51.100.1"),
            ("10.0.0.1", &["for=\"1.1.1.1;for=198.51.100.7;by=\", for=198.51.100.1"], "198.51.100.1"),
            ("10.0.0.1", &["for=1.1.1.1, for=_hidden"], "10.0.0.1"),
            ("10.0.0.1", &["for=1.1.1.1, proto=https"], "10.0.0.1"),
            ("10.0.0.1", &[], "10.0.0.1"),
        ] {
            assert_client(&proxies, peer, lines.iter().map(|line| ("forwarded", *line)), expected);
        }
    }

    #[test]
    fn the_header_that_the_proxies_do_not_write_is_not_believed() {
        let headers = [("x-forwarded-for", "1.1.1.1"), ("forwarded", "for=2.2.2.2")];
        assert_client(&proxies(ForwardedHeader::XForwardedFor), "10.0.0.1", headers, "1.1.1.1");
        assert_client(&proxies(ForwardedHeader::Forwarded), "10.0.0.1", headers, "2.2.2.2");
        assert_client(&proxies(ForwardedHeader::Forwarded), "10.0.0.1", [headers[0]], "10.0.0.1");
    }

    fn proxies(header: ForwardedHeader) -> Proxies {
        Proxies { trusted: vec!["10.0.0.0/8".parse().unwrap(), "2001:db8::1".parse().unwrap()], header }
    }

    #[track_caller]
    fn assert_client<'a>(
        proxies: &Proxies,
        peer: &str,
        lines: impl IntoIterator<Item = (&'static str, &'a str)>,
        expected: &str,
    ) {
        let mut headers = HeaderMap::new();
        for (name, line) in lines {
            headers.append(name, line.parse().unwrap());
        }
        let found = client(proxies, peer.parse().unwrap(), &headers);
        assert_eq!(found, expected.parse::<IpAddr>().unwrap(), "{peer} {headers:?}");
    }
}

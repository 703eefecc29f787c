//! Why a call was not made, or its answer not taken.

use std::error::Error;
use std::io;
use std::time::Duration;

use crate::Range;

/// Why a call was refused or failed. Holds nothing the other side said, so it may be shown to who
/// typed the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// No URL, or written so that two readers could read it differently.
    #[error("the URL is not one that can be called")]
    Malformed,
    #[error("the URL is too long")]
    TooLong,
    #[error("the URL must begin with https://")]
    Scheme,
    #[error("the URL has a user name or password")]
    UserInfo,
    #[error("port {0} is not among those that may be called")]
    Port(u16),
    /// Numbers that only some programs read as an address, or letters that IDNA would change.
    #[error("the host must be a name, four decimal numbers, or an IPv6 address in brackets")]
    HostSpelling,
    /// `localhost`, a name without a dot, `.internal` and the like.
    #[error("the host is a name of private networks")]
    PrivateName,
    /// The host is such an address, or one of the addresses of its name is.
    #[error("the host is, or has, {0}")]
    Address(Range),
    #[error("the address of the host cannot be found: {0}")]
    Lookup(LookupFault),
    /// A header of the call that only the client itself may set.
    #[error("a header that may not be set")]
    Header,
    #[error("the host redirects {0}")]
    Redirect(RedirectFault),
    /// All calls that one host may get at a time are under way, and none ended in time.
    #[error("too many calls to the host at a time")]
    Busy,
    #[error("no connection to the host")]
    Connect,
    #[error("no secure connection to the host: {0}")]
    Tls(TlsFault),
    #[error("the host did not answer in time: {0}")]
    Timeout(Phase),
    /// Not HTTP, or HTTP that two readers could read differently.
    #[error("the host's answer is not valid HTTP")]
    BadResponse,
    #[error("the headers of the host's answer are too large")]
    HeadersTooLarge,
    #[error("the host's answer is too large")]
    BodyTooLarge,
    /// Compressed wrongly, or in a way nobody asked for.
    #[error("the host's answer cannot be decompressed")]
    Encoding,
    #[error("the host closed the connection before its answer was complete")]
    Cut,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LookupFault {
    #[error("there is none")]
    Absent,
    #[error("no name server answered")]
    Unanswered,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RedirectFault {
    #[error("too often")]
    TooMany,
    #[error("without saying where")]
    Nowhere,
    /// From https to http.
    #[error("to an insecure address")]
    Downgrade,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TlsFault {
    #[error("its certificate has expired or is not valid yet")]
    Expired,
    #[error("its certificate is for another name")]
    WrongName,
    #[error("its certificate is of an authority that is not trusted")]
    UnknownIssuer,
    #[error("the handshake failed")]
    Handshake,
}

/// Which of the [`Limits`](crate::Limits) was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Phase {
    #[error("connecting took too long")]
    Connect,
    #[error("nothing came for too long")]
    Idle,
    #[error("the whole took too long")]
    Total,
}

impl Refused {
    /// Whether the same call may succeed later although nobody changes its address: for retries.
    pub fn is_transient(self) -> bool {
        use Refused::*;
        match self {
            Lookup(LookupFault::Unanswered) | Busy | Connect | Timeout(_) | Cut => true,
            // Names come back, certificates are renewed, servers get repaired.
            Lookup(LookupFault::Absent) | Tls(_) | BadResponse | Encoding => true,
            Malformed | TooLong | Scheme | UserInfo | Port(_) | HostSpelling | PrivateName => false,
            Address(_) | Header | Redirect(_) | HeadersTooLarge | BodyTooLarge => false,
        }
    }

    /// For metrics and logs: a word of a fixed set.
    pub fn label(self) -> &'static str {
        match self {
            Refused::Malformed => "malformed",
            Refused::TooLong => "too_long",
            Refused::Scheme => "scheme",
            Refused::UserInfo => "user_info",
            Refused::Port(_) => "port",
            Refused::HostSpelling => "host_spelling",
            Refused::PrivateName => "private_name",
            Refused::Address(range) => range.label(),
            Refused::Lookup(LookupFault::Absent) => "lookup_absent",
            Refused::Lookup(LookupFault::Unanswered) => "lookup_unanswered",
            Refused::Header => "header",
            Refused::Redirect(RedirectFault::TooMany) => "redirect_too_many",
            Refused::Redirect(RedirectFault::Nowhere) => "redirect_nowhere",
            Refused::Redirect(RedirectFault::Downgrade) => "redirect_downgrade",
            Refused::Busy => "busy",
            Refused::Connect => "connect",
            Refused::Tls(TlsFault::Expired) => "tls_expired",
            Refused::Tls(TlsFault::WrongName) => "tls_wrong_name",
            Refused::Tls(TlsFault::UnknownIssuer) => "tls_unknown_issuer",
            Refused::Tls(TlsFault::Handshake) => "tls_handshake",
            Refused::Timeout(Phase::Connect) => "timeout_connect",
            Refused::Timeout(Phase::Idle) => "timeout_idle",
            Refused::Timeout(Phase::Total) => "timeout_total",
            Refused::BadResponse => "bad_response",
            Refused::HeadersTooLarge => "headers_too_large",
            Refused::BodyTooLarge => "body_too_large",
            Refused::Encoding => "encoding",
            Refused::Cut => "cut",
        }
    }
}

/// What an error of the HTTP library means. Its own text has the whole URL in it, and perhaps more.
pub(crate) fn of_transport(error: &reqwest::Error) -> Refused {
    let (mut tls, mut http) = (None, None);
    for cause in causes(error) {
        if let Some(refused) = cause.downcast_ref::<Refused>() {
            return *refused; // of our own resolver
        } else if let Some(error) = cause.downcast_ref::<rustls::Error>() {
            tls = Some(Refused::Tls(of_tls(error)));
        } else if let Some(error) = cause.downcast_ref::<hyper::Error>() {
            http = Some(of_http(error));
        } else if let Some(error) = cause.downcast_ref::<io::Error>()
            && http == Some(Refused::Cut)
            && matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData)
        {
            http = Some(Refused::BadResponse); // pieces of a body that are none
        }
    }
    match (tls, http) {
        _ if error.is_timeout() && error.is_connect() => Refused::Timeout(Phase::Connect),
        _ if error.is_timeout() => Refused::Timeout(Phase::Idle),
        (Some(refused), _) => refused,
        _ if error.is_connect() => Refused::Connect,
        (None, Some(refused)) => refused,
        (None, None) if error.is_decode() => Refused::Encoding,
        (None, None) => Refused::Cut,
    }
}

/// What caused `error`, from the outside in. An I/O error that wraps another one does not name it
/// as its source, but that one's source.
fn causes<'a>(error: &'a reqwest::Error) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(error.source(), |&cause| {
        match cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(wrapped) => Some(wrapped),
            None => cause.source(),
        }
    })
}

fn of_http(error: &hyper::Error) -> Refused {
    if error.is_parse_too_large() {
        Refused::HeadersTooLarge
    } else if error.is_parse() {
        Refused::BadResponse
    } else {
        Refused::Cut
    }
}

fn of_tls(error: &rustls::Error) -> TlsFault {
    use rustls::CertificateError::*;
    match error {
        rustls::Error::InvalidCertificate(reason) => match reason {
            Expired | ExpiredContext { .. } | NotValidYet | NotValidYetContext { .. } => TlsFault::Expired,
            NotValidForName | NotValidForNameContext { .. } => TlsFault::WrongName,
            UnknownIssuer => TlsFault::UnknownIssuer,
            _ => TlsFault::Handshake,
        },
        _ => TlsFault::Handshake,
    }
}

/// Why no client can be made: the operator's settings, never what a user typed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    #[error("{what} must be {from:?} to {to:?}, not {value:?}")]
    Duration { what: &'static str, value: Duration, from: Duration, to: Duration },
    #[error("{what} must be {from} to {to}, not {value}")]
    Count { what: &'static str, value: usize, from: usize, to: usize },
    #[error("{0} can never be called, so letting it in has no effect")]
    Network(stagedoor_core::Network),
    #[error("the trusted certificates cannot be read")]
    Certificates(#[source] reqwest::Error),
    #[error("there is no certificate among the trusted certificates")]
    NoCertificates,
    #[error("the system's name servers cannot be read")]
    NameServers(#[source] hickory_resolver::net::NetError),
    #[error("no secure connections can be made")]
    Tls(#[source] reqwest::Error),
}

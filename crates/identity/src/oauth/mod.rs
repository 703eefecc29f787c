//! The OAuth 2.1 authorization server, but for HTTP: registered clients, a person's leave, tokens.
//!
//! By hand rather than by a library, because each step has to be one transaction with the account it
//! is about, on the clock of the process, and because three grants are all there is. Source: OAuth 2.1
//! (draft-ietf-oauth-v2-1), RFC 9700; certified clients judge it in the tests of the binary.

mod approval;
mod authorize;
mod client;
mod grants;
mod token;

pub use approval::ClientOf;
pub use authorize::{Asked, AuthorizationRequest, ConsentError, Destination, Oddity, Refused};
pub use client::{ClientAuth, ClientKind, GrantType, NewClient, RegisteredClient, ShownClient};
pub use grants::Allowed;
pub use token::{Introspection, Issued};

/// Why a client was refused, in the words of the protocol. Source: RFC 6749, sections 4.1.2.1 and 5.2;
/// RFC 8707, section 2.
#[derive(Debug, thiserror::Error)]
pub enum OAuthError {
    #[error("{0}")]
    InvalidRequest(&'static str),
    /// Unknown, revoked or with a wrong secret; which of them is not said.
    #[error("the client is not known by this id and secret")]
    InvalidClient,
    /// A code or refresh token that is wrong, old, used or another's; which of them is not said.
    #[error("{0}")]
    InvalidGrant(&'static str),
    #[error("the client is not registered for this")]
    UnauthorizedClient,
    #[error("there is no such grant type here")]
    UnsupportedGrantType,
    #[error("only the response type code is known here")]
    UnsupportedResponseType,
    #[error("{0}")]
    InvalidScope(&'static str),
    #[error("there is no such resource here")]
    InvalidTarget,
    #[error("the person said no")]
    AccessDenied,
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl OAuthError {
    /// `error` of the answer; none for a fault, which is no word of the protocol.
    pub fn text(&self) -> Option<&'static str> {
        Some(match self {
            OAuthError::InvalidRequest(_) => "invalid_request",
            OAuthError::InvalidClient => "invalid_client",
            OAuthError::InvalidGrant(_) => "invalid_grant",
            OAuthError::UnauthorizedClient => "unauthorized_client",
            OAuthError::UnsupportedGrantType => "unsupported_grant_type",
            OAuthError::UnsupportedResponseType => "unsupported_response_type",
            OAuthError::InvalidScope(_) => "invalid_scope",
            OAuthError::InvalidTarget => "invalid_target",
            OAuthError::AccessDenied => "access_denied",
            OAuthError::Store(_) => return None,
        })
    }
}

impl crate::Identity {
    /// Tokens are for one resource, the API: it goes by `aud` and by the installation's own address.
    /// Source: RFC 8707.
    pub(crate) fn check_resource(&self, resource: Option<&str>) -> Result<(), OAuthError> {
        let (issuer, audience) = self.0.tokens.names();
        match resource {
            Some(other) if other != audience && other.trim_end_matches('/') != issuer.trim_end_matches('/') => {
                Err(OAuthError::InvalidTarget)
            }
            _ => Ok(()),
        }
    }
}

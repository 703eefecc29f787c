//! What a browser is asked to sign, kept until the answer comes, and the check of that answer.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use stagedoor_core::{SessionId, UserId};
use store::{Sealed, Tx};
use url::Url;
use uuid::Uuid;
use webauthn_rs::prelude::{
    AuthenticationResult, DiscoverableAuthentication, Passkey, PasskeyAuthentication, PasskeyRegistration, Webauthn,
    WebauthnBuilder, WebauthnError,
};

use super::{Assertion, Attestation, CEREMONY_TTL, PasskeyChallenge};
use crate::Identity;
use crate::account::{AccountError, corrupt};
use crate::sql;

/// Shown by browsers.
const NAME: &str = "Stagedoor";

/// This installation as authenticators know it: its host name, and the one origin that may ask.
pub(crate) struct RelyingParty(Webauthn);

/// What is signed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Add,
    SignIn,
    SecondFactor,
}

/// What is to be compared with the answer. Its format may change with the library: a ceremony that began
/// before an upgrade is refused, and the person begins again.
#[derive(Serialize, Deserialize)]
pub(super) enum Begun {
    Add { session: SessionId, state: PasskeyRegistration },
    SignIn(DiscoverableAuthentication),
    SecondFactor(PasskeyAuthentication),
}

/// A question to a browser, and what is to be compared with its answer.
pub(super) struct Ceremony {
    options: Value,
    begun: Begun,
}

/// How a signature turned out.
pub(super) enum Verdict {
    /// With the passkey as it is to be kept from now on.
    Good(Box<Passkey>),
    Bad,
    /// The signature is good and its counter is not beyond the last: somebody else has the key, too.
    Copied,
}

/// What the browser says it did.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClientData {
    challenge: String,
    #[serde(default)]
    cross_origin: bool,
}

impl Kind {
    fn text(self) -> &'static str {
        match self {
            Kind::Add => "add",
            Kind::SignIn => "sign_in",
            Kind::SecondFactor => "second_factor",
        }
    }
}

impl Begun {
    fn kind(&self) -> Kind {
        match self {
            Begun::Add { .. } => Kind::Add,
            Begun::SignIn(_) => Kind::SignIn,
            Begun::SecondFactor(_) => Kind::SecondFactor,
        }
    }
}

impl RelyingParty {
    /// None for an address without a host name, which browsers make no passkeys for.
    pub(crate) fn at(public_url: &str) -> Option<Self> {
        let url = Url::parse(public_url).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
        let builder = WebauthnBuilder::new(url.domain()?, &url).ok()?;
        builder.rp_name(NAME).timeout(CEREMONY_TTL).build().ok().map(Self)
    }

    /// `address` and `name` of the person: what authenticators show of the account.
    pub(super) fn registration(
        &self,
        user: UserId,
        session: SessionId,
        (address, name): (&str, &str),
        others: &[Passkey],
    ) -> Ceremony {
        let known = others.iter().map(|other| other.cred_id().clone()).collect();
        let asked = self.0.start_passkey_registration(user.0, address, name, Some(known));
        let (options, state) = asked.expect("an address is a name that authenticators take");
        let mut options = public_key(&options);
        // Found by the authenticator itself, so that it can sign in without anything being typed.
        options["authenticatorSelection"]["residentKey"] = "required".into();
        options["authenticatorSelection"]["requireResidentKey"] = true.into();
        Ceremony { options, begun: Begun::Add { session, state } }
    }

    pub(super) fn sign_in(&self) -> Ceremony {
        let asked = self.0.start_discoverable_authentication();
        let (options, state) = asked.expect("nothing is asked for that could be wrong");
        Ceremony { options: public_key(&options), begun: Begun::SignIn(state) }
    }

    pub(super) fn second_factor(&self, passkeys: &[Passkey]) -> Ceremony {
        let asked = self.0.start_passkey_authentication(passkeys);
        let (options, state) = asked.expect("nothing is asked for that could be wrong");
        Ceremony { options: public_key(&options), begun: Begun::SecondFactor(state) }
    }

    /// The new passkey, if it is what this session asked for.
    pub(super) fn finish_registration(&self, begun: Begun, asks: SessionId, made: &Attestation) -> Option<Passkey> {
        let Begun::Add { session, state } = begun else { return None };
        if session != asks || is_framed(&made.client_data) {
            return None;
        }
        let id = BASE64.encode(&made.id);
        let credential = json!({
            "id": id, "rawId": id, "type": "public-key",
            "response": {
                "attestationObject": BASE64.encode(&made.attestation_object),
                "clientDataJSON": BASE64.encode(&made.client_data),
            },
        });
        let credential = serde_json::from_value(credential).ok()?;
        let made = self.0.finish_passkey_registration(&credential, &state);
        made.inspect_err(|error| tracing::debug!(%error, "a new passkey does not fit")).ok()
    }

    pub(super) fn verify(&self, begun: Begun, passkey: &Passkey, shown: &Assertion) -> Verdict {
        let checked = if is_framed(&shown.client_data) {
            Err(WebauthnError::CredentialCrossOrigin)
        } else {
            self.check(begun, passkey, shown)
        };
        match checked {
            Ok(result) if result.user_verified() => {
                let mut passkey = passkey.clone();
                passkey.update_credential(&result);
                Verdict::Good(passkey.into())
            }
            Ok(_) => Verdict::Bad,
            Err(WebauthnError::CredentialPossibleCompromise) => Verdict::Copied,
            Err(error) => {
                tracing::debug!(%error, "a passkey's signature does not fit");
                Verdict::Bad
            }
        }
    }

    fn check(&self, begun: Begun, passkey: &Passkey, shown: &Assertion) -> Result<AuthenticationResult, WebauthnError> {
        let id = BASE64.encode(&shown.id);
        let credential = json!({
            "id": id, "rawId": id, "type": "public-key",
            "response": {
                "authenticatorData": BASE64.encode(&shown.authenticator_data),
                "clientDataJSON": BASE64.encode(&shown.client_data),
                "signature": BASE64.encode(&shown.signature),
                "userHandle": shown.user_handle.as_ref().map(|handle| BASE64.encode(handle)),
            },
        });
        let credential = serde_json::from_value(credential)?;
        match begun {
            Begun::SignIn(state) => self.0.finish_discoverable_authentication_v2(&credential, state, passkey),
            Begun::SecondFactor(state) => self.0.finish_passkey_authentication(&credential, &state),
            Begun::Add { .. } => Err(WebauthnError::ChallengeNotFound),
        }
    }
}

/// The part that browsers' `parseCreationOptionsFromJSON` and `parseRequestOptionsFromJSON` take.
fn public_key(options: &impl Serialize) -> Value {
    let mut options = serde_json::to_value(options).expect("options are plain data");
    options["publicKey"].take()
}

/// Whether the browser says that another site's page had ours in a frame.
fn is_framed(client_data: &[u8]) -> bool {
    serde_json::from_slice::<ClientData>(client_data).is_ok_and(|data| data.cross_origin)
}

const fn place(id: Uuid) -> Sealed {
    Sealed { table: "passkey_ceremony", column: "state", id }
}

impl Identity {
    /// Keeps what a browser is asked until the answer comes. `user`: whose answer alone will do.
    pub(super) async fn keep_ceremony(
        &self,
        tx: &Tx,
        ceremony: Ceremony,
        user: Option<UserId>,
    ) -> Result<PasskeyChallenge, AccountError> {
        let Ceremony { options, begun } = ceremony;
        let kind = begun.kind();
        if let Some(user) = user {
            sql::delete_ceremonies(tx, user, kind.text()).await?;
        }
        let id = self.ceremony_id(options["challenge"].as_str().expect("a question has a challenge"));
        let state = self.0.keyring.seal(place(id), &serde_json::to_vec(&begun).expect("a ceremony is plain data"));
        sql::insert_ceremony(tx, id, kind.text(), user, &state, tx.now() + CEREMONY_TTL).await?;
        Ok(PasskeyChallenge { options, expires_in: CEREMONY_TTL })
    }

    /// What the answer of a browser is to be compared with, once; none for an answer to nothing that was
    /// asked, of this account, for this purpose, and lately.
    pub(super) async fn take_ceremony(
        &self,
        tx: &Tx,
        client_data: &[u8],
        kind: Kind,
        user: Option<UserId>,
    ) -> Result<Option<Begun>, AccountError> {
        let Ok(ClientData { challenge, .. }) = serde_json::from_slice(client_data) else { return Ok(None) };
        let id = self.ceremony_id(&challenge);
        let Some(sealed) = sql::take_ceremony(tx, id, kind.text(), user).await? else { return Ok(None) };
        let state = self.0.keyring.open_sealed(place(id), &sealed).map_err(|_| corrupt("the ceremony", id))?;
        Ok(serde_json::from_slice(&state).ok())
    }

    fn ceremony_id(&self, challenge: &str) -> Uuid {
        let print = self.0.keyring.blind_index("identity/passkey-challenge", challenge);
        Uuid::from_bytes(*print.first_chunk().expect("a hash is longer"))
    }
}

impl fmt::Debug for RelyingParty {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("RelyingParty(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passkeys_are_bound_to_a_host_name() {
        for good in ["https://tickets.example.org", "http://localhost:8080", "https://example.org/shop/"] {
            assert!(RelyingParty::at(good).is_some(), "{good}");
        }
        for bad in ["http://127.0.0.1:8080", "https://[2001:db8::1]", "stagedoor", "ftp://example.org", ""] {
            assert!(RelyingParty::at(bad).is_none(), "{bad}");
        }
    }
}

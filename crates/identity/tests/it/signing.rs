//! Tokens while the key that signs them is replaced.

use aws_lc_rs::signature::Ed25519KeyPair;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use identity::{Identity, TokenError};
use serde_json::Value;
use store::{Keyring, Predecessors};
use testkit::TestStore;

use crate::{DAY, HOME, HOUR, Office, PASSWORD, config};

/// The server after `stagedoor keys rotate --signing` and its next start.
async fn rotated(office: &Office, before: Predecessors) -> Identity {
    let tx = office.db.begin_write().await.unwrap();
    Keyring::rotate_signing(&tx, &TestStore::master_key(), before).await.unwrap();
    tx.commit().await.unwrap();
    started(office).await
}

async fn started(office: &Office) -> Identity {
    let tx = office.db.begin_read().await.unwrap();
    let keyring = Keyring::open(&tx, &TestStore::master_key(), false).await.unwrap();
    let identity = Identity::new(office.db.store.clone(), keyring, config());
    identity.sync_revocations().await.unwrap();
    identity
}

fn part(token: &str, index: usize) -> Value {
    let text = token.split('.').nth(index).expect("a token has three parts");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap()
}

fn kids(identity: &Identity) -> Vec<String> {
    let jwks: Value = serde_json::from_str(identity.jwks()).unwrap();
    jwks["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

/// What the first key signs in other hands: claims of `token` that are good for an hour from now.
fn forged(office: &Office, token: &str) -> String {
    let pair = Ed25519KeyPair::from_seed_unchecked(&office.db.keyring.derive("identity/jwt/v1")).unwrap();
    let mut claims = part(token, 1);
    claims["exp"] = (office.db.env.now() + HOUR).seconds().into();
    let message = format!("{}.{}", token.split('.').next().unwrap(), URL_SAFE_NO_PAD.encode(claims.to_string()));
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(pair.sign(message.as_bytes())))
}

#[tokio::test]
async fn tokens_of_the_key_before_are_good_until_they_end_and_no_longer() {
    let office = Office::new().await;
    let ann = office.fan("ann").await;
    let node = rotated(&office, Predecessors::Trusted).await;
    assert!(node.verify(&ann.access_token).is_ok(), "nobody is signed out");
    let next = node.refresh(&HOME, &ann.refresh_token).await.unwrap();
    let [new, old] = &kids(&node)[..] else { panic!("both keys check: {}", node.jwks()) };
    assert_eq!((part(&next.access_token, 0)["kid"].as_str(), kids(&office)), (Some(&**new), vec![old.clone()]));
    assert!(node.verify(&next.access_token).is_ok());
    assert_eq!(office.verify(&next.access_token), Err(TokenError::Purpose), "who started before knows no newer key");
    // A refresh token says by itself which key made it.
    assert!(node.refresh(&HOME, &next.refresh_token).await.is_ok());

    office.advance(HOUR - crate::SECOND);
    let late = forged(&office, &ann.access_token);
    assert!(node.verify(&late).is_ok(), "the key is still checked with");
    office.advance(crate::SECOND);
    assert_eq!(node.verify(&late), Err(TokenError::Expired), "its key has ended, whatever the token says");
    assert_eq!(node.verify(&forged(&office, &ann.access_token)), Err(TokenError::Expired));
    let later = started(&office).await;
    assert_eq!(kids(&later), std::slice::from_ref(new));
    assert_eq!(later.verify(&forged(&office, &ann.access_token)), Err(TokenError::Purpose));
}

#[tokio::test]
async fn a_refresh_token_of_the_key_before_is_good_for_its_seven_days() {
    let office = Office::new().await;
    let (ann, bob) = (office.fan("ann").await, office.fan("bob").await);
    let node = rotated(&office, Predecessors::Trusted).await;
    office.advance(7 * DAY - crate::SECOND);
    node.refresh(&HOME, &ann.refresh_token).await.unwrap();
    office.advance(crate::SECOND);
    assert!(node.refresh(&HOME, &bob.refresh_token).await.is_err());
    // Not even to sign out: it is nobody's.
    assert!(node.logout(&HOME, &ann.refresh_token).await.is_err());
}

#[tokio::test]
async fn a_disowned_key_opens_nothing_from_then_on() {
    let office = Office::new().await;
    let ann = office.fan("ann").await;
    let node = rotated(&office, Predecessors::Disowned).await;
    assert_eq!(node.verify(&ann.access_token), Err(TokenError::Purpose));
    assert!(node.refresh(&HOME, &ann.refresh_token).await.is_err());
    assert_eq!(kids(&node).len(), 1);
    let again = identity::Credentials {
        contact: identity::Contact::Email("ann@example.org"),
        password: PASSWORD,
        otp: None,
        origin: &HOME,
    };
    let again = node.login(again).await.unwrap();
    assert!(node.verify(&again.access_token).is_ok());
}

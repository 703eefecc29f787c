//! Forgeries are put together here by hand, byte by byte, not with the library under test.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use identity::{Principal, TokenError};
use serde_json::{Value, json};
use sha2::{Sha256, Sha512};
use stagedoor_core::limits::ACCESS_TOKEN_TTL;

use crate::{HOUR, Office, SECOND};

fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn part(token: &str, index: usize) -> Value {
    let text = token.split('.').nth(index).expect("a token has three parts");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap()
}

/// A token of header and claims with whatever `sign` makes of them.
fn forge(header: &Value, claims: &Value, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
    let message = format!("{}.{}", encode(header.to_string()), encode(claims.to_string()));
    let signature = encode(sign(message.as_bytes()));
    format!("{message}.{signature}")
}

/// `changes` laid over `base`; null removes a member.
fn with(base: &Value, changes: Value) -> Value {
    let mut changed = base.clone();
    for (key, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => changed.as_object_mut().unwrap().remove(key),
            value => changed.as_object_mut().unwrap().insert(key.clone(), value.clone()),
        };
    }
    changed
}

/// A good token in its parts, and the key that signed it.
struct Genuine {
    token: String,
    header: Value,
    claims: Value,
    pair: Ed25519KeyPair,
    principal: Principal,
}

impl Genuine {
    async fn new(office: &Office) -> Self {
        let token = office.fan("ann").await.access_token;
        Self {
            header: part(&token, 0),
            claims: part(&token, 1),
            pair: Ed25519KeyPair::from_seed_unchecked(&office.db.keyring.derive("identity/jwt/v1")).unwrap(),
            principal: office.verify(&token).unwrap(),
            token,
        }
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.pair.sign(message).as_ref().to_vec()
    }

    /// Signed with the real key: only what the token says is wrong.
    fn signed(&self, header: Value, claims: Value) -> String {
        forge(&with(&self.header, header), &with(&self.claims, claims), |message| self.sign(message))
    }
}

#[tokio::test]
async fn a_token_says_what_its_profile_wants() {
    let office = Office::new().await;
    let genuine = Genuine::new(&office).await;
    assert_eq!(genuine.header["typ"], "at+jwt");
    assert_eq!(genuine.header["alg"], "EdDSA");
    assert_eq!(genuine.claims["iss"], "stagedoor");
    assert_eq!(genuine.claims["aud"], "stagedoor/api");
    assert_eq!(genuine.claims["sub"], genuine.principal.user.to_string());
    assert_eq!(genuine.claims["sid"], genuine.principal.session.to_string());
    let claim = |name: &str| genuine.claims[name].as_i64().unwrap();
    assert_eq!(claim("iat"), office.db.env.now().seconds());
    assert_eq!(claim("exp") - claim("nbf"), ACCESS_TOKEN_TTL.as_secs() as i64);
    assert!(genuine.claims["jti"].as_str().unwrap().len() >= 22);
    assert!(!genuine.claims.to_string().contains("example.org"), "no personal data in a token");
    // Built again by hand it is accepted: the forgeries below differ in what they claim to differ.
    assert_eq!(office.verify(&genuine.signed(json!({}), json!({}))), Ok(genuine.principal));
}

#[tokio::test]
async fn the_published_key_checks_the_signature() {
    let office = Office::new().await;
    let genuine = Genuine::new(&office).await;
    let jwks: Value = serde_json::from_str(office.jwks()).unwrap();
    let key = &jwks["keys"][0];
    assert_eq!((&key["kty"], &key["crv"], &key["alg"]), (&json!("OKP"), &json!("Ed25519"), &json!("EdDSA")));
    assert_eq!(key["kid"], genuine.header["kid"]);
    assert!(key.get("d").is_none());
    let public = URL_SAFE_NO_PAD.decode(key["x"].as_str().unwrap()).unwrap();
    let (message, signature) = genuine.token.rsplit_once('.').unwrap();
    let published = aws_lc_rs::signature::UnparsedPublicKey::new(&aws_lc_rs::signature::ED25519, public);
    published.verify(message.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
}

#[tokio::test]
async fn a_token_expires_to_the_second_remembered_or_not() {
    let office = Office::new().await;
    let genuine = Genuine::new(&office).await;
    let elsewhere = office.elsewhere();
    office.advance(HOUR - SECOND);
    assert_eq!(office.verify(&genuine.token), Ok(genuine.principal));
    office.advance(SECOND);
    assert_eq!(office.verify(&genuine.token), Err(TokenError::Expired));
    assert_eq!(elsewhere.verify(&genuine.token), Err(TokenError::Expired));
}

#[tokio::test]
async fn a_node_whose_clock_is_a_little_ahead_is_believed() {
    let office = Office::new().await;
    let genuine = Genuine::new(&office).await;
    let now = office.db.env.now().seconds();
    assert!(office.verify(&genuine.signed(json!({}), json!({"nbf": now + 30}))).is_ok());
    assert_eq!(office.verify(&genuine.signed(json!({}), json!({"nbf": now + 31}))), Err(TokenError::NotYetValid));
}

#[tokio::test]
async fn forged_tokens_are_refused() {
    let office = Office::new().await;
    let genuine = Genuine::new(&office).await;
    let (header, claims) = (&genuine.header, &genuine.claims);
    let foreign = Ed25519KeyPair::from_seed_unchecked(&[9; 32]).unwrap();
    let foreign_sign = |message: &[u8]| foreign.sign(message).as_ref().to_vec();
    let foreign_jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": encode(foreign.public_key().as_ref())});
    let public = genuine.pair.public_key().as_ref().to_vec();
    let now = office.db.env.now().seconds();
    let mut forged: Vec<(String, String)> = Vec::new();
    let mut add = |what: &str, token: String| forged.push((what.to_owned(), token));

    // No signature, under every spelling.
    for alg in ["none", "None", "NONE", "nOnE", ""] {
        let unsigned = with(header, json!({"alg": alg}));
        add(&format!("alg {alg:?}"), forge(&unsigned, claims, |_| Vec::new()));
        add(&format!("alg {alg:?}, real signature"), forge(&unsigned, claims, |message| genuine.sign(message)));
    }
    add("no signature under the right header", forge(header, claims, |_| Vec::new()));

    // A secret made of what everyone knows: the public key, in the forms it is published in.
    let der = [&[0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00][..], &public].concat();
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(&der));
    let x = encode(&public).into_bytes();
    for (form, secret) in
        [("raw", &public), ("der", &der), ("pem", &pem.into_bytes()), ("x", &x), ("empty", &Vec::new())]
    {
        let hs256 = |message: &[u8]| {
            let mut mac = Hmac::<Sha256>::new_from_slice(secret).unwrap();
            mac.update(message);
            mac.finalize().into_bytes().to_vec()
        };
        let hs512 = |message: &[u8]| {
            let mut mac = Hmac::<Sha512>::new_from_slice(secret).unwrap();
            mac.update(message);
            mac.finalize().into_bytes().to_vec()
        };
        add(&format!("HS256 {form}"), forge(&with(header, json!({"alg": "HS256"})), claims, hs256));
        add(&format!("HS512 {form}"), forge(&with(header, json!({"alg": "HS512"})), claims, hs512));
        add(&format!("HS256 {form} called EdDSA"), forge(header, claims, hs256));
    }
    for alg in ["ES256", "ES384", "RS256", "RS512", "PS256", "Ed25519", "Ed448", "eddsa", "dir"] {
        add(&format!("alg {alg}"), genuine.signed(json!({"alg": alg}), json!({})));
    }

    // Another key, offered in every way a header can offer one; even the real signature does not
    // excuse such a header.
    add("foreign key", forge(header, claims, foreign_sign));
    for offer in [
        json!({"jwk": foreign_jwk}),
        json!({"jwk": foreign_jwk, "kid": null}),
        json!({"jku": "https://example.org/keys.json"}),
        json!({"x5u": "https://example.org/key.pem"}),
        json!({"x5c": [STANDARD.encode(&der)]}),
        json!({"x5t": encode([1; 20])}),
        json!({"kid": "../../dev/null"}),
        json!({"kid": "' OR 1=1 --"}),
        json!({"kid": encode(&foreign.public_key().as_ref()[..16])}),
        json!({"kid": null}),
        json!({"crit": ["exp"]}),
        json!({"crit": []}),
        json!({"zip": "DEF"}),
        json!({"enc": "A256GCM"}),
        json!({"cty": "JWT"}),
        json!({"b64": false}),
        json!({"anything": 1}),
    ] {
        add(&format!("foreign key, header {offer}"), forge(&with(header, offer.clone()), claims, foreign_sign));
        add(&format!("real key, header {offer}"), genuine.signed(offer, json!({})));
    }

    // Signed by us, for something else.
    for typ in
        [json!("JWT"), json!("jwt"), json!("application/at+jwt"), json!("AT+JWT"), json!(""), json!(1), json!(null)]
    {
        add(&format!("typ {typ}"), genuine.signed(json!({"typ": typ}), json!({})));
    }
    for change in [
        json!({"aud": "stagedoor"}),
        json!({"aud": "stagedoor/api "}),
        json!({"aud": ["stagedoor/api"]}),
        json!({"aud": ["elsewhere", "stagedoor/api"]}),
        json!({"aud": []}),
        json!({"aud": null}),
        json!({"iss": "elsewhere"}),
        json!({"iss": ["stagedoor"]}),
        json!({"iss": null}),
        json!({"sub": null}),
        json!({"sub": ""}),
        json!({"sub": genuine.principal.session.to_string()}),
        json!({"sub": "usr_00000000000000000000000000 "}),
        json!({"sid": null}),
        json!({"sid": genuine.principal.user.to_string()}),
        json!({"jti": null}),
        json!({"iat": null}),
        json!({"exp": null}),
        json!({"exp": now}),
        json!({"exp": now - 1}),
        json!({"exp": 0}),
        json!({"exp": -1}),
        json!({"exp": i64::MIN}),
        json!({"exp": u64::MAX}),
        json!({"exp": 1e300}),
        json!({"exp": (now + 100) as f64 + 0.5}),
        json!({"exp": (now + 100).to_string()}),
        json!({"nbf": null}),
        json!({"nbf": now + 31}),
        json!({"nbf": i64::MAX}),
        json!({"nbf": u64::MAX}),
        json!({"nbf": now.to_string()}),
        json!({"platform_admin": 1}),
        json!({"platform_admin": "true"}),
    ] {
        add(&format!("claims {change}"), genuine.signed(json!({}), change));
    }

    // The real signature over something it was not made for.
    let [head, body, signature] = genuine.token.split('.').collect::<Vec<_>>().try_into().unwrap();
    for change in [
        json!({"platform_admin": true}),
        json!({"exp": now + 1_000_000}),
        json!({"sub": "usr_00000000000000000000000001"}),
        json!({"sid": "ses_00000000000000000000000001"}),
    ] {
        let body = encode(with(claims, change.clone()).to_string());
        add(&format!("changed to {change}"), format!("{head}.{body}.{signature}"));
    }
    for at in 0..genuine.token.len() {
        let mut bytes = genuine.token.clone().into_bytes();
        // The last character of a part carries unused low bits: change a bit that counts.
        bytes[at] = if bytes[at] == b'A' { b'g' } else { b'A' };
        add(&format!("byte {at}"), String::from_utf8(bytes).unwrap());
        add(&format!("cut at {at}"), genuine.token[..at].to_owned());
    }
    let raw = URL_SAFE_NO_PAD.decode(signature).unwrap();
    for (what, signature) in [
        ("doubled", [&raw[..], &raw].concat()),
        ("longer", [&raw[..], &[0]].concat()),
        ("zero", vec![0; 64]),
        ("halves swapped", [&raw[32..], &raw[..32]].concat()),
    ] {
        add(&format!("signature {what}"), format!("{head}.{body}.{}", encode(signature)));
    }

    // Not a token at all.
    for text in ["", ".", "..", "...", "a.b.c", "é", "\0", "Bearer", "null"] {
        add(&format!("text {text:?}"), text.to_owned());
    }
    add("spaces around", format!(" {} ", genuine.token));
    add("line end", format!("{}\n", genuine.token));
    add("padding", format!("{}==", genuine.token));
    add("a fourth part", format!("{}.{signature}", genuine.token));
    add("parts swapped", format!("{body}.{head}.{signature}"));
    add("very long", format!("{}.{}.{signature}", head, "A".repeat(10_000_000)));
    let doubled = format!("{{\"exp\":{},{}", now + 9, &claims.to_string()[1..]);
    let message = format!("{head}.{}", encode(doubled));
    add("a claim twice", format!("{message}.{}", encode(genuine.sign(message.as_bytes()))));

    assert!(forged.len() > 1_000, "{}", forged.len());
    for round in ["first", "again"] {
        for (what, token) in &forged {
            assert!(office.verify(token).is_err(), "{what} was accepted {round}");
        }
    }
    assert_eq!(office.verify(&genuine.token), Ok(genuine.principal));
}

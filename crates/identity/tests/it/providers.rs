//! Sign-in with outside providers: who may come in by their word, and what word is taken.

use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use identity::{AccountError, Answer, Identity, Locale, Provider, ProviderLink, Providers, SignedIn, Visit};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use outbound::{Http, Outbound, Policy};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use stagedoor_core::{Code, SessionId};
use tokio::task::JoinSet;
use url::Url;

use crate::elsewhere::{Elsewhere, Signer};
use crate::factors::{guarded, sign_in};
use crate::{HOME, MINUTE, Office, PASSWORD, SECOND, config};

const CLIENT: &str = "stagedoor";
const BACK: &str = "https://tickets.example.org/sign-in";

struct Scene {
    office: Office,
    elsewhere: Elsewhere,
    signer: Signer,
}

impl std::ops::Deref for Scene {
    type Target = Office;
    fn deref(&self) -> &Office {
        &self.office
    }
}

impl Scene {
    async fn new() -> Scene {
        let (elsewhere, signer) = (Elsewhere::new().await, Signer::new("first"));
        elsewhere.publish(&[&signer]);
        let mut office = Office::with(config()).await;
        office.identity = identity(&office, &elsewhere);
        Scene { office, elsewhere, signer }
    }

    async fn start(&self) -> (Visit, HashMap<String, String>) {
        asked(self.start_provider_sign_in("example").await.unwrap())
    }

    /// What the provider says of `subject` in answer to `asked`.
    fn claims(&self, asked: &HashMap<String, String>, subject: &str) -> Value {
        let now = self.db.env.now().seconds();
        json!({
            "iss": self.elsewhere.issuer, "sub": subject, "aud": CLIENT, "iat": now, "exp": now + 300,
            "nonce": asked["nonce"], "name": "Ann of Elsewhere",
            "email": format!("{subject}@example.org"), "email_verified": true,
        })
    }

    fn answer<'a>(&'a self, visit: &'a Visit, asked: &'a HashMap<String, String>) -> Answer<'a> {
        Answer {
            code: Some("a code"),
            state: &asked["state"],
            iss: Some(&self.elsewhere.issuer),
            secret: &visit.secret,
        }
    }

    async fn finish(&self, answer: Answer<'_>, otp: Option<&str>) -> Result<SignedIn, AccountError> {
        self.finish_provider_sign_in(&HOME, "example", answer, otp, Locale::English).await
    }

    /// The whole way, with `change` to what the provider says.
    async fn come(&self, subject: &str, change: impl FnOnce(&mut Value)) -> Result<SignedIn, AccountError> {
        let (visit, asked) = self.start().await;
        let mut claims = self.claims(&asked, subject);
        change(&mut claims);
        self.elsewhere.give(&self.signer.sign(&claims));
        self.finish(self.answer(&visit, &asked), None).await
    }

    async fn refusal(&self, subject: &str, change: impl FnOnce(&mut Value)) -> Code {
        self.come(subject, change).await.unwrap_err().code()
    }

    fn session_of(&self, fan: &SignedIn) -> SessionId {
        self.verify(&fan.access_token).unwrap().session
    }

    /// Links the provider's account of `subject` to that of `fan`.
    async fn link(&self, fan: &SignedIn, subject: &str, otp: Option<&str>) -> Result<ProviderLink, AccountError> {
        let (user, session) = (fan.user.id, self.session_of(fan));
        let visit = self.start_provider_link(&HOME, user, session, "example", PASSWORD, otp).await?;
        let (visit, asked) = asked(visit);
        self.elsewhere.give(&self.signer.sign(&self.claims(&asked, subject)));
        self.finish_provider_link(&HOME, user, session, "example", self.answer(&visit, &asked)).await
    }
}

fn identity(office: &Office, elsewhere: &Elsewhere) -> Identity {
    let provider = Provider {
        id: "example".to_owned(),
        name: "Example".to_owned(),
        issuer: elsewhere.issuer.clone(),
        client_id: CLIENT.to_owned(),
        client_secret: Some("s3cret".to_owned().into()),
        scopes: vec!["email".to_owned(), "profile".to_owned()],
    };
    let policy = Policy {
        http: Http::Allowed,
        ports: vec![elsewhere.port],
        allow_networks: vec!["127.0.0.0/8".parse().unwrap()],
        ..Policy::strict("sign_in")
    };
    let outbound = Outbound::new(policy, office.db.env.clone()).unwrap();
    let providers = Providers::new(vec![provider], outbound, BACK).unwrap();
    Identity::with_providers(office.db.store.clone(), office.db.keyring.clone(), config(), providers)
}

/// A visit with what its address asks the provider.
fn asked(visit: Visit) -> (Visit, HashMap<String, String>) {
    let asked = Url::parse(&visit.url).unwrap().query_pairs().into_owned().collect();
    (visit, asked)
}

#[tokio::test]
async fn somebody_new_gets_an_account_and_finds_it_again() {
    let scene = Scene::new().await;
    assert_eq!(scene.providers(), [("example".to_owned(), "Example".to_owned())]);
    let (visit, asked) = scene.start().await;
    assert!(visit.url.starts_with(&format!("{}/authorize?kept=1&", scene.elsewhere.issuer)), "{}", visit.url);
    assert!(!visit.url.contains(&visit.secret));
    for (name, value) in [
        ("response_type", "code"),
        ("client_id", CLIENT),
        ("redirect_uri", "https://tickets.example.org/sign-in/example"),
        ("scope", "openid email profile"),
        ("code_challenge_method", "S256"),
    ] {
        assert_eq!(asked[name], value);
    }
    scene.elsewhere.give(&scene.signer.sign(&scene.claims(&asked, "ann")));
    let ann = scene.finish(scene.answer(&visit, &asked), None).await.unwrap();
    assert_eq!((ann.user.name.as_str(), ann.user.email()), ("Ann of Elsewhere", Some("ann@example.org")));
    assert!(ann.user.email.as_ref().unwrap().verified_at.is_some(), "the provider vouches for it");
    let form = scene.elsewhere.form();
    assert_eq!((form["grant_type"].as_str(), form["code"].as_str()), ("authorization_code", "a code"));
    assert_eq!(form["redirect_uri"], asked["redirect_uri"]);
    assert_eq!(BASE64.encode(Sha256::digest(&form["code_verifier"])), asked["code_challenge"]);
    // By what the provider calls them, whatever else it says.
    let again = scene.come("ann", |claims| claims["email"] = json!("other@example.org")).await.unwrap();
    assert_eq!(again.user.id, ann.user.id);
    let links = scene.provider_links_of(ann.user.id).await.unwrap();
    assert_eq!((links.len(), links[0].address.as_deref()), (1, Some("ann@example.org")));
    assert_eq!(links[0].used_at, Some(scene.db.env.now()));
    let bob = scene.come("bob", |_| ()).await.unwrap();
    assert_ne!(bob.user.id, ann.user.id);
    assert_eq!(scene.elsewhere.asked("/keys"), 1, "keys are kept");
    // Nobody knows a password of theirs; who wants one has a token sent.
    scene.forgot_password(&HOME, identity::Contact::Email("ann@example.org")).await.unwrap();
    let token = scene.token_to("ann@example.org").await;
    scene.reset_password(&HOME, &token, PASSWORD, None).await.unwrap();
    scene.try_login("ann@example.org", PASSWORD).await.unwrap();
}

#[tokio::test]
async fn an_address_that_a_provider_vouches_for_opens_nobodys_account() {
    let scene = Scene::new().await;
    let ann = scene.verified_fan("ann").await;
    scene.fan("unverified").await;
    for subject in ["ann", "unverified"] {
        assert_eq!(scene.refusal(subject, |_| ()).await, Code::EmailTaken);
        assert_eq!(
            scene.refusal(subject, |claims| claims["email"] = json!(format!("{}@Example.ORG", subject))).await,
            Code::EmailTaken
        );
    }
    assert_eq!(scene.sessions_of(ann.user.id).await.unwrap().len(), 1);
    assert!(scene.provider_links_of(ann.user.id).await.unwrap().is_empty());
}

#[tokio::test]
async fn who_has_no_proven_address_gets_no_account() {
    let scene = Scene::new().await;
    for change in [
        (|claims: &mut Value| claims["email_verified"] = json!(false)) as fn(&mut Value),
        |claims| claims["email_verified"] = json!("no"),
        |claims| drop(claims.as_object_mut().unwrap().remove("email_verified")),
        |claims| drop(claims.as_object_mut().unwrap().remove("email")),
    ] {
        assert_eq!(scene.refusal("ann", change).await, Code::WrongState);
    }
    assert_eq!(scene.refusal("ann", |claims| claims["email"] = json!("no address")).await, Code::InvalidField);
    scene.fan("ann").await;
}

#[tokio::test]
async fn an_account_is_linked_from_within_and_unlinked() {
    let scene = Scene::new().await;
    let (ann, bob) = (scene.verified_fan("ann").await, scene.verified_fan("bob").await);
    let eve = scene.fan("eve").await;
    assert_eq!(scene.link(&eve, "eve", None).await.err().unwrap().code(), Code::WrongState, "not verified");
    let session = scene.session_of(&ann);
    let wrong = scene.start_provider_link(&HOME, ann.user.id, session, "example", "a wrong password", None).await;
    assert_eq!(wrong.err().unwrap().code(), Code::InvalidCredentials);
    // For the one who asked, where they asked, and for nothing else.
    let elsewhere = scene.try_login("ann@example.org", PASSWORD).await.unwrap();
    for (user, session) in
        [(bob.user.id, scene.session_of(&bob)), (ann.user.id, scene.session_of(&elsewhere)), (bob.user.id, session)]
    {
        let visit = scene.start_provider_link(&HOME, ann.user.id, scene.session_of(&ann), "example", PASSWORD, None);
        let (visit, asked) = asked(visit.await.unwrap());
        scene.elsewhere.give(&scene.signer.sign(&scene.claims(&asked, "ann")));
        let answer = scene.answer(&visit, &asked);
        let linked = scene.finish_provider_link(&HOME, user, session, "example", answer).await;
        assert_eq!(linked.err().unwrap().code(), Code::ProviderRefused);
        assert_eq!(scene.finish(answer, None).await.unwrap_err().code(), Code::ProviderRefused, "to sign in");
    }
    let link = scene.link(&ann, "ann-there", None).await.unwrap();
    assert_eq!((link.provider.as_str(), link.provider_name.as_deref()), ("example", Some("Example")));
    assert!(scene.told("ann@example.org", "Subject: Sign-in linked").await);
    assert_eq!(scene.come("ann-there", |_| ()).await.unwrap().user.id, ann.user.id);
    assert_eq!(scene.link(&bob, "ann-there", None).await.err().unwrap().code(), Code::WrongState, "hers already");
    let not_his = scene.remove_provider_link(&HOME, bob.user.id, link.id, PASSWORD, None).await;
    assert_eq!(not_his.unwrap_err().code(), Code::NotFound);
    let wrong = scene.remove_provider_link(&HOME, ann.user.id, link.id, "a wrong password", None).await;
    assert_eq!(wrong.unwrap_err().code(), Code::InvalidCredentials);
    scene.remove_provider_link(&HOME, ann.user.id, link.id, PASSWORD, None).await.unwrap();
    assert!(scene.told("ann@example.org", "Subject: Sign-in unlinked").await);
    let stranger = scene.come("ann-there", |_| ()).await.unwrap();
    assert_ne!(stranger.user.id, ann.user.id);
}

#[tokio::test]
async fn a_second_factor_is_asked_for_and_not_skipped() {
    let scene = Scene::new().await;
    let (_, phone, _) = guarded(&scene, "ann").await;
    scene.advance(30 * SECOND);
    let ann = sign_in(&scene, "ann", Some(&phone.shows(&scene, 0))).await.unwrap();
    assert_eq!(scene.link(&ann, "ann", None).await.err().unwrap().code(), Code::MfaRequired);
    scene.advance(30 * SECOND);
    let link = scene.link(&ann, "ann", Some(&phone.shows(&scene, 0))).await.unwrap();
    let (visit, asked) = scene.start().await;
    scene.elsewhere.give(&scene.signer.sign(&scene.claims(&asked, "ann")));
    let answer = scene.answer(&visit, &asked);
    let code_of = |ended: Result<SignedIn, AccountError>| ended.unwrap_err().code();
    assert_eq!(code_of(scene.finish(answer, None).await), Code::MfaRequired);
    let rest = Answer { code: None, ..answer };
    assert_eq!(code_of(scene.finish(rest, None).await), Code::MfaRequired);
    assert_eq!(code_of(scene.finish(rest, Some("000000")).await), Code::InvalidOtp);
    assert_eq!(
        code_of(scene.finish(Answer { secret: "another browser's", ..rest }, Some("1")).await),
        Code::ProviderRefused
    );
    scene.advance(30 * SECOND);
    let otp = phone.shows(&scene, 0);
    assert_eq!(scene.finish(rest, Some(&otp)).await.unwrap().user.id, ann.user.id);
    scene.advance(30 * SECOND);
    assert_eq!(code_of(scene.finish(rest, Some(&phone.shows(&scene, 0))).await), Code::ProviderRefused, "once");
    // Neither does removing the link skip it.
    let removed = scene.remove_provider_link(&HOME, ann.user.id, link.id, PASSWORD, None).await;
    assert_eq!(removed.unwrap_err().code(), Code::MfaRequired);
    // What the provider said is worth nothing once its link is gone.
    let (visit, asked) = scene.start().await;
    scene.elsewhere.give(&scene.signer.sign(&scene.claims(&asked, "ann")));
    let answer = scene.answer(&visit, &asked);
    assert_eq!(code_of(scene.finish(answer, None).await), Code::MfaRequired);
    scene.advance(30 * SECOND);
    let otp = phone.shows(&scene, 0);
    scene.remove_provider_link(&HOME, ann.user.id, link.id, PASSWORD, Some(&otp)).await.unwrap();
    scene.advance(30 * SECOND);
    let rest = Answer { code: None, ..answer };
    assert_eq!(code_of(scene.finish(rest, Some(&phone.shows(&scene, 0))).await), Code::ProviderRefused);
}

#[tokio::test]
async fn an_answer_is_good_once_in_its_browser_and_for_minutes() {
    let scene = Scene::new().await;
    let refused = async |answer: Answer<'_>| scene.finish(answer, None).await.unwrap_err().code();
    let (visit, asked) = scene.start().await;
    scene.elsewhere.give(&scene.signer.sign(&scene.claims(&asked, "ann")));
    let good = scene.answer(&visit, &asked);
    let (other, others) = scene.start().await;
    for (what, answer) in [
        ("another browser", Answer { secret: &other.secret, ..good }),
        ("no secret", Answer { secret: "", ..good }),
        ("another state", Answer { state: &others["state"], ..good }),
        ("a state of one's own", Answer { state: "made up", ..good }),
    ] {
        assert_eq!(refused(answer).await, Code::ProviderRefused, "{what}");
    }
    scene.finish(good, None).await.unwrap();
    let calls = scene.elsewhere.asked("/token");
    assert_eq!(refused(good).await, Code::ProviderRefused, "again");
    assert_eq!(scene.elsewhere.asked("/token"), calls, "a code is not even tried twice");
    for iss in [Some("https://attacker.example"), None] {
        let (visit, asked) = scene.start().await;
        scene.elsewhere.give(&scene.signer.sign(&scene.claims(&asked, "ann")));
        assert_eq!(refused(Answer { iss, ..scene.answer(&visit, &asked) }).await, Code::ProviderRefused, "{iss:?}");
    }
    let (visit, asked) = scene.start().await;
    scene.advance(10 * MINUTE);
    scene.elsewhere.give(&scene.signer.sign(&scene.claims(&asked, "ann")));
    assert_eq!(refused(scene.answer(&visit, &asked)).await, Code::ProviderRefused, "too late");
    let unknown = scene.start_provider_sign_in("nobody").await.err().unwrap();
    assert_eq!(unknown.code(), Code::InvalidField);
    assert!(matches!(scene.office.elsewhere().start_provider_sign_in("example").await, Err(AccountError::Field(_))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_bring_the_same_answer_one_signs_in() {
    let scene = Scene::new().await;
    scene.come("ann", |_| ()).await.unwrap();
    for round in 0..10 {
        let (visit, asked) = scene.start().await;
        scene.elsewhere.give(&scene.signer.sign(&scene.claims(&asked, "ann")));
        let mut tries = JoinSet::new();
        for _ in 0..6 {
            let (node, visit, state, iss) =
                (scene.identity.clone(), visit.clone(), asked["state"].clone(), scene.elsewhere.issuer.clone());
            tries.spawn(async move {
                let answer = Answer { code: Some("c"), state: &state, iss: Some(&iss), secret: &visit.secret };
                node.finish_provider_sign_in(&HOME, "example", answer, None, Locale::English).await.is_ok()
            });
        }
        let won = tries.join_all().await.into_iter().filter(|won| *won).count();
        assert_eq!(won, 1, "round {round}");
    }
}

#[tokio::test]
async fn claims_that_are_not_for_us_are_refused() {
    let scene = Scene::new().await;
    let now = scene.db.env.now().seconds();
    scene.come("ann", |_| ()).await.unwrap();
    type Change = Box<dyn FnOnce(&mut Value)>;
    let set = |name: &'static str, value: Value| -> Change { Box::new(move |claims| claims[name] = value) };
    let without =
        |name: &'static str| -> Change { Box::new(move |claims| drop(claims.as_object_mut().unwrap().remove(name))) };
    let cases: Vec<(&str, Change)> = vec![
        ("another nonce", set("nonce", json!("another"))),
        ("no nonce", without("nonce")),
        ("another issuer", set("iss", json!("https://attacker.example"))),
        ("no issuer", without("iss")),
        ("for another client", set("aud", json!("another"))),
        ("for nobody", without("aud")),
        ("for others, too", set("aud", json!([CLIENT, "another"]))),
        ("used by another", set("azp", json!("another"))),
        ("expired", set("exp", json!(now - 61))),
        ("without an end", without("exp")),
        ("of the future", set("iat", json!(now + 61))),
        ("not yet", set("nbf", json!(now + 61))),
        ("without a beginning", without("iat")),
        ("of nobody", set("sub", json!(""))),
        ("of no name", without("sub")),
        ("of too long a name", set("sub", json!("a".repeat(256)))),
    ];
    for (what, change) in cases {
        assert_eq!(scene.refusal("ann", change).await, Code::ProviderRefused, "{what}");
    }
    for (what, change) in [
        ("a clock that is a little behind", set("exp", json!(now - 59))),
        ("and one ahead", set("iat", json!(now + 59))),
        ("a list of us alone", set("aud", json!([CLIENT]))),
    ] {
        assert!(scene.come("ann", change).await.is_ok(), "{what}");
    }
}

#[tokio::test]
async fn tokens_that_the_provider_did_not_sign_are_refused() {
    let scene = Scene::new().await;
    scene.come("ann", |_| ()).await.unwrap();
    let public = &scene.signer.public;
    let point = [
        vec![4],
        BASE64.decode(public["x"].as_str().unwrap()).unwrap(),
        BASE64.decode(public["y"].as_str().unwrap()).unwrap(),
    ]
    .concat();
    let secrets: [&[u8]; 4] =
        [&point, public["x"].as_str().unwrap().as_bytes(), public.to_string().as_bytes(), b"s3cret"]
            .map(|secret| Box::leak(secret.to_vec().into_boxed_slice()) as &[u8]);
    let stranger = Signer::new("first");
    let mut unheard = Signer::new("unheard");
    type Forge<'a> = Box<dyn Fn(&Value) -> String + 'a>;
    let head = |header: Value, claims: &Value, signature: &str| {
        format!("{}.{}.{signature}", BASE64.encode(header.to_string()), BASE64.encode(claims.to_string()))
    };
    let mut forgeries: Vec<(String, Forge<'_>)> = Vec::new();
    for none in ["none", "None", "NONE", ""] {
        forgeries.push((format!("alg {none:?}"), Box::new(move |claims| head(json!({ "alg": none }), claims, ""))));
    }
    for (number, secret) in secrets.iter().enumerate() {
        for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
            forgeries.push((
                format!("{algorithm:?} with public thing {number}"),
                Box::new(move |claims| {
                    let header = Header { kid: Some("first".to_owned()), ..Header::new(algorithm) };
                    jsonwebtoken::encode(&header, claims, &EncodingKey::from_secret(secret)).unwrap()
                }),
            ));
        }
    }
    forgeries.push(("another key of that name".to_owned(), Box::new(|claims| stranger.sign(claims))));
    forgeries.push(("a key of one's own".to_owned(), Box::new(|claims| unheard.sign(claims))));
    forgeries.push((
        "a key in the header".to_owned(),
        Box::new(|claims| {
            let header = json!({ "alg": "ES256", "kid": "first", "jwk": stranger.public });
            let signed = stranger.sign(claims);
            head(header, claims, signed.rsplit('.').next().unwrap())
        }),
    ));
    forgeries.push((
        "other claims".to_owned(),
        Box::new(|claims| {
            let signed = scene.signer.sign(claims);
            let mut other = claims.clone();
            other["sub"] = json!("somebody else");
            let parts: Vec<_> = signed.split('.').collect();
            format!("{}.{}.{}", parts[0], BASE64.encode(other.to_string()), parts[2])
        }),
    ));
    forgeries.push((
        "no signature".to_owned(),
        Box::new(|claims| {
            let signed = scene.signer.sign(claims);
            signed[..=signed.rfind('.').unwrap()].to_owned()
        }),
    ));
    forgeries.push(("nothing".to_owned(), Box::new(|_| String::new())));
    forgeries.push(("half of one".to_owned(), Box::new(|claims| scene.signer.sign(claims)[..40].to_owned())));
    forgeries.push((
        "a very long one".to_owned(),
        Box::new(|claims| {
            let mut claims = claims.clone();
            claims["padding"] = json!("x".repeat(20_000));
            scene.signer.sign(&claims)
        }),
    ));
    for (what, forge) in &forgeries {
        let (visit, asked) = scene.start().await;
        scene.elsewhere.give(&forge(&scene.claims(&asked, "ann")));
        let ended = scene.finish(scene.answer(&visit, &asked), None).await;
        assert_eq!(ended.unwrap_err().code(), Code::ProviderRefused, "{what}");
    }
    println!("{} forgeries", forgeries.len());
    drop(forgeries);
    // Whoever makes key ids up has the keys asked for once a minute.
    let before = scene.elsewhere.asked("/keys");
    for number in 0..5 {
        unheard.public["kid"] = json!(format!("made up {number}"));
        let (visit, asked) = scene.start().await;
        scene.elsewhere.give(&unheard.sign(&scene.claims(&asked, "ann")));
        scene.finish(scene.answer(&visit, &asked), None).await.unwrap_err();
    }
    assert_eq!(scene.elsewhere.asked("/keys"), before);
    // A new key is found, and one that was taken back is good for an hour at most.
    scene.advance(MINUTE);
    scene.elsewhere.publish(&[&unheard]);
    let (visit, asked) = scene.start().await;
    scene.elsewhere.give(&unheard.sign(&scene.claims(&asked, "ann")));
    scene.finish(scene.answer(&visit, &asked), None).await.unwrap();
    assert_eq!(scene.elsewhere.asked("/keys"), before + 1);
    assert_eq!(scene.refusal("ann", |_| ()).await, Code::ProviderRefused, "the first key is gone");
}

#[tokio::test]
async fn a_provider_that_fails_is_no_fault_of_ours_and_lets_nobody_in() {
    let scene = Scene::new().await;
    for (path, status, code) in
        [("/token", 400, Code::ProviderRefused), ("/token", 500, Code::Unavailable), ("/token", 302, Code::Unavailable)]
    {
        scene.elsewhere.fail(path, status);
        assert_eq!(scene.refusal("ann", |_| ()).await, code, "{path} {status}");
    }
    let scene = Scene::new().await;
    scene.elsewhere.describe("issuer", json!("https://attacker.example"));
    assert!(matches!(scene.start_provider_sign_in("example").await, Err(AccountError::ProviderUnreachable)));
    scene.elsewhere.describe("issuer", json!(scene.elsewhere.issuer));
    // Not asked again at once: nobody waits in line for a provider that does not answer.
    assert!(matches!(scene.start_provider_sign_in("example").await, Err(AccountError::ProviderUnreachable)));
    scene.advance(5 * SECOND);
    scene.elsewhere.describe("authorization_endpoint", json!("javascript:alert(1)"));
    assert!(matches!(scene.start_provider_sign_in("example").await, Err(AccountError::ProviderUnreachable)));
    scene.advance(5 * SECOND);
    scene.elsewhere.describe("authorization_endpoint", json!("https://accounts.example/authorize"));
    // Where its documents send us is called with the same care as every address.
    scene.elsewhere.describe("token_endpoint", json!("http://169.254.169.254/token"));
    assert_eq!(scene.refusal("ann", |_| ()).await, Code::Unavailable);
}

#[tokio::test]
async fn whoever_is_erased_leaves_no_link() {
    let scene = Scene::new().await;
    let ann = scene.verified_fan("ann").await;
    scene.link(&ann, "ann-there", None).await.unwrap();
    scene.start_provider_link(&HOME, ann.user.id, scene.session_of(&ann), "example", PASSWORD, None).await.unwrap();
    scene.delete(&HOME, ann.user.id, PASSWORD, None, &[]).await.unwrap();
    for table in ["provider_link", "provider_visit WHERE account_id IS NOT NULL"] {
        let sql = format!("SELECT COUNT(*) FROM {table}");
        let left: i64 = scene.db.begin_read().await.unwrap().one(&sql, (), |row| row.get(0)).await.unwrap();
        assert_eq!(left, 0, "{table}");
    }
    let again = scene.come("ann-there", |_| ()).await.unwrap();
    assert_ne!(again.user.id, ann.user.id);
}

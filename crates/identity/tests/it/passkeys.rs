//! Passkeys, with an authenticator and browser that others wrote.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use identity::{AccountError, Assertion, Attestation, Contact, Credentials, Identity, Passkey, SignedIn};
use serde_json::{Value, json};
use stagedoor_core::{Code, PasskeyId, SessionId, UserId};
use store::audit::{Chain, Filter, Outcome, Record};
use tokio::task::JoinSet;

use crate::device::Device;
use crate::factors::guarded;
use crate::{DAY, HOME, MINUTE, Office, PASSWORD, SECOND, config};

const HERE: &str = "https://tickets.example.org";

fn settings() -> identity::Config {
    identity::Config { issuer: HERE.to_owned(), ..config() }
}

async fn office() -> Office {
    Office::with(settings()).await
}

fn bytes(value: &Value) -> Vec<u8> {
    BASE64.decode(value.as_str().unwrap_or_else(|| panic!("no base64url: {value}"))).unwrap()
}

fn attestation(made: &Value) -> Attestation {
    Attestation {
        id: bytes(&made["rawId"]),
        client_data: bytes(&made["response"]["clientDataJSON"]),
        attestation_object: bytes(&made["response"]["attestationObject"]),
    }
}

fn assertion(signed: &Value) -> Assertion {
    let response = &signed["response"];
    Assertion {
        id: bytes(&signed["rawId"]),
        client_data: bytes(&response["clientDataJSON"]),
        authenticator_data: bytes(&response["authenticatorData"]),
        signature: bytes(&response["signature"]),
        user_handle: response.get("userHandle").filter(|handle| !handle.is_null()).map(bytes),
    }
}

fn session_of(office: &Office, fan: &SignedIn) -> SessionId {
    office.verify(&fan.access_token).unwrap().session
}

/// Adds a passkey of `device` to an account without a second factor.
async fn add(office: &Office, fan: &SignedIn, device: &mut Device, name: &str) -> Passkey {
    add_with(office, fan, device, name, None).await
}

async fn add_with(office: &Office, fan: &SignedIn, device: &mut Device, name: &str, otp: Option<&str>) -> Passkey {
    let (user, session) = (fan.user.id, session_of(office, fan));
    let asked = office.challenge_new_passkey(&HOME, user, session, PASSWORD, otp).await.unwrap();
    let made = device.create(HERE, &asked.options).await;
    office.add_passkey(&HOME, user, session, name, &attestation(&made)).await.unwrap()
}

/// A fan with a verified address and a device with a passkey.
async fn fan(office: &Office, name: &str) -> (SignedIn, Device, Passkey) {
    let (fan, mut device) = (office.verified_fan(name).await, Device::counting());
    let passkey = add(office, &fan, &mut device, "Phone").await;
    (fan, device, passkey)
}

/// What the device signs for a sign-in.
async fn signed(office: &Office, device: &mut Device) -> Assertion {
    let asked = office.challenge_sign_in().await.unwrap();
    assertion(&device.get(HERE, &asked.options).await)
}

async fn enter(office: &Identity, shown: &Assertion) -> Result<SignedIn, Code> {
    office.sign_in_with_passkey(&HOME, shown).await.map_err(|error| error.code())
}

async fn log(office: &Office, action: &str) -> Vec<Record> {
    let filter = Filter { action: Some(action.to_owned()), ..Filter::default() };
    office.db.audit_log(Chain::Platform, &filter).await
}

#[tokio::test]
async fn a_passkey_signs_in_without_anything_being_typed() {
    let office = office().await;
    let (ann, mut device, passkey) = fan(&office, "ann").await;
    let asked = office.challenge_sign_in().await.unwrap();
    assert_eq!(asked.options["rpId"], "tickets.example.org");
    assert_eq!(asked.options["userVerification"], "required");
    assert_eq!(asked.options["allowCredentials"], json!([]), "it says nothing of who has which");
    let shown = assertion(&device.get(HERE, &asked.options).await);
    let signed_in = enter(&office, &shown).await.unwrap();
    assert_eq!(signed_in.user.id, ann.user.id);
    assert!(office.verify(&signed_in.access_token).is_ok());
    let listed = office.passkeys_of(ann.user.id).await.unwrap();
    assert_eq!((listed.len(), listed[0].id, listed[0].name.as_str()), (1, passkey.id, "Phone"));
    assert_eq!(listed[0].used_at, Some(office.db.env.now()));
    assert_eq!(office.sessions_of(ann.user.id).await.unwrap().len(), 2);
    let used = log(&office, "passkey.use").await;
    assert_eq!((used.len(), used[0].result, &used[0].subject), (1, Outcome::Done, &passkey.id.to_string()));
    assert_eq!(used[0].actor.text(), ann.user.id.to_string());
}

#[tokio::test]
async fn it_stands_for_both_factors() {
    let office = office().await;
    let (ann, mut device, _) = fan(&office, "ann").await;
    let enrolment = office.enrol_factor(&HOME, ann.user.id, PASSWORD).await.unwrap();
    let phone = crate::factors::Phone::new(&enrolment.secret);
    let session = session_of(&office, &ann);
    office.confirm_factor(&HOME, ann.user.id, session, &phone.shows(&office, 0)).await.unwrap();
    // Whoever knew the password alone may have added the one from before.
    let shown = signed(&office, &mut device).await;
    assert_eq!(enter(&office, &shown).await.unwrap_err(), Code::InvalidPasskey);
    let mut device = Device::counting();
    add_with(&office, &ann, &mut device, "Phone", Some(&phone.shows(&office, 1))).await;
    let shown = signed(&office, &mut device).await;
    assert_eq!(enter(&office, &shown).await.unwrap().user.id, ann.user.id);
}

#[tokio::test]
async fn a_new_device_is_told_of() {
    let office = office().await;
    let (_, mut device, _) = fan(&office, "ann").await;
    let shown = signed(&office, &mut device).await;
    let elsewhere =
        store::Origin { agent: Some("curl/8.0".into()), ..store::Origin::address([198, 51, 100, 1].into()) };
    office.sign_in_with_passkey(&elsewhere, &shown).await.unwrap();
    assert!(office.told("ann@example.org", "Subject: New sign-in").await);
    assert!(office.told("ann@example.org", "Subject: Passkey added").await);
}

#[tokio::test]
async fn what_was_signed_is_good_once_and_for_minutes() {
    let office = office().await;
    let (_, mut device, _) = fan(&office, "ann").await;
    let shown = signed(&office, &mut device).await;
    enter(&office, &shown).await.unwrap();
    assert_eq!(enter(&office, &shown).await.unwrap_err(), Code::InvalidPasskey, "replayed");
    let shown = signed(&office, &mut device).await;
    office.advance(5 * MINUTE);
    assert_eq!(enter(&office, &shown).await.unwrap_err(), Code::InvalidPasskey, "too late");
    office.prune().await.unwrap();
    let shown = signed(&office, &mut device).await;
    office.advance(4 * MINUTE);
    office.prune().await.unwrap();
    enter(&office, &shown).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_answers_at_once_one_wins() {
    let office = office().await;
    let (_, mut device, _) = fan(&office, "ann").await;
    let elsewhere = Identity::new(office.db.store.clone(), office.db.keyring.clone(), settings());
    let nodes = [office.identity.clone(), elsewhere];
    for round in 0..20 {
        let shown = signed(&office, &mut device).await;
        let mut tries = JoinSet::new();
        for node in nodes.iter().cycle().take(6) {
            let (node, shown) = (node.clone(), shown.clone());
            tries.spawn(async move { enter(&node, &shown).await.is_ok() });
        }
        let won = tries.join_all().await.into_iter().filter(|won| *won).count();
        assert_eq!(won, 1, "round {round}");
        // Failures of the losers count.
        office.advance(15 * MINUTE);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_passkey_that_is_added_many_times_at_once_is_added_once() {
    let office = office().await;
    let ann = office.verified_fan("ann").await;
    let (user, session) = (ann.user.id, session_of(&office, &ann));
    for round in 1..=5 {
        let asked = office.challenge_new_passkey(&HOME, user, session, PASSWORD, None).await.unwrap();
        let made = attestation(&Device::default().create(HERE, &asked.options).await);
        let mut tries = JoinSet::new();
        for _ in 0..6 {
            let (node, made) = (office.identity.clone(), made.clone());
            tries.spawn(async move { node.add_passkey(&HOME, user, session, "Key", &made).await.is_ok() });
        }
        let won = tries.join_all().await.into_iter().filter(|won| *won).count();
        assert_eq!((won, office.passkeys_of(user).await.unwrap().len()), (1, round), "round {round}");
    }
}

/// A change of what was rightly signed; `other` is what another person's device signed.
type Forgery = fn(&mut Assertion, other: &Assertion);

const FORGERIES: &[(&str, Forgery)] = &[
    ("a flipped signature", |shown, _| *shown.signature.last_mut().unwrap() ^= 1),
    ("no signature", |shown, _| shown.signature.clear()),
    ("another's signature", |shown, other| shown.signature = other.signature.clone()),
    ("another counter", |shown, _| shown.authenticator_data[36] ^= 1),
    ("other flags", |shown, _| shown.authenticator_data[32] ^= 0x10),
    ("nobody there", |shown, _| shown.authenticator_data[32] &= !1),
    ("half the data", |shown, _| shown.authenticator_data.truncate(20)),
    ("no client data", |shown, _| shown.client_data.clear()),
    ("another's answer to another question", |shown, other| shown.client_data = other.client_data.clone()),
    ("another's name", |shown, other| shown.user_handle = other.user_handle.clone()),
    ("no name", |shown, _| shown.user_handle = None),
    ("an empty name", |shown, _| shown.user_handle = Some(Vec::new())),
    ("another's passkey", |shown, other| shown.id = other.id.clone()),
    ("another's passkey and name", |shown, other| {
        shown.id = other.id.clone();
        shown.user_handle = other.user_handle.clone();
    }),
    ("an unknown passkey", |shown, _| shown.id = vec![7; 32]),
    ("for the wrong purpose", |shown, _| say(shown, "webauthn.get", "webauthn.create")),
    ("for another origin", |shown, _| say(shown, "tickets.example.org", "tickets.example.com")),
    ("without TLS", |shown, _| say(shown, "https:", "http:")),
];

fn say(shown: &mut Assertion, from: &str, to: &str) {
    let said = String::from_utf8(shown.client_data.clone()).unwrap();
    assert!(said.contains(from), "{said}");
    shown.client_data = said.replace(from, to).into_bytes();
}

#[tokio::test]
async fn what_was_changed_after_it_was_signed_is_refused() {
    let office = office().await;
    let (_, mut device, _) = fan(&office, "ann").await;
    let (bob, mut other, _) = fan(&office, "bob").await;
    for (what, forge) in FORGERIES {
        // Each with a question that waits for its answer: nothing but the change is wrong with it.
        let (mut shown, theirs) = (signed(&office, &mut device).await, signed(&office, &mut other).await);
        forge(&mut shown, &theirs);
        assert_eq!(enter(&office, &shown).await.unwrap_err(), Code::InvalidPasskey, "{what}");
        office.advance(15 * MINUTE);
    }
    assert_eq!(office.sessions_of(bob.user.id).await.unwrap().len(), 1);
    let shown = signed(&office, &mut device).await;
    enter(&office, &shown).await.unwrap();
}

#[tokio::test]
async fn what_was_rightly_signed_for_something_else_is_refused() {
    let office = office().await;
    let (ann, mut device, _) = fan(&office, "ann").await;
    let session = session_of(&office, &ann);
    let asked = async || office.challenge_sign_in().await.unwrap().options;
    let with = |mut asked: Value, field: &str, value: Value| {
        asked[field] = value;
        asked
    };
    let adding = office.challenge_new_passkey(&HOME, ann.user.id, session, PASSWORD, None).await.unwrap().options;
    let cases = [
        ("on another host", "https://shop.tickets.example.org", asked().await),
        ("on another port", "https://tickets.example.org:8443", asked().await),
        ("for another site", "https://tickets.example.com", with(asked().await, "rpId", json!("tickets.example.com"))),
        ("not looking who it is", HERE, with(asked().await, "userVerification", json!("discouraged"))),
        ("a challenge of one's own", HERE, with(asked().await, "challenge", json!(BASE64.encode([7; 32])))),
        ("that of a new passkey", HERE, with(asked().await, "challenge", adding["challenge"].clone())),
    ];
    for (what, page, asked) in cases {
        let shown = assertion(&device.get(page, &asked).await);
        assert_eq!(enter(&office, &shown).await.unwrap_err(), Code::InvalidPasskey, "{what}");
    }
    let framed = assertion(&device.get_framed(HERE, &asked().await).await);
    assert_eq!(enter(&office, &framed).await.unwrap_err(), Code::InvalidPasskey, "in a frame of another's page");
    let shown = signed(&office, &mut device).await;
    enter(&office, &shown).await.unwrap();
}

#[tokio::test]
async fn a_counter_that_goes_back_is_refused_and_told() {
    let office = office().await;
    let (ann, mut device, passkey) = fan(&office, "ann").await;
    let mut copy = device.clone();
    for _ in 0..2 {
        let shown = signed(&office, &mut device).await;
        enter(&office, &shown).await.unwrap();
    }
    for _ in 0..2 {
        let shown = signed(&office, &mut copy).await;
        assert_eq!(enter(&office, &shown).await.unwrap_err(), Code::InvalidPasskey);
    }
    let told = office.sent_to("ann@example.org").await;
    assert_eq!(told.iter().filter(|message| message.contains("Subject: Passkey refused")).count(), 1);
    let denied: Vec<_> =
        log(&office, "passkey.use").await.into_iter().filter(|record| record.result == Outcome::Denied).collect();
    assert_eq!(denied.len(), 2);
    assert_eq!(denied[0].detail.field("after")["passkey"], passkey.id.to_string());
    // The one in whose hands it went on still signs in.
    let shown = signed(&office, &mut device).await;
    enter(&office, &shown).await.unwrap();
    office.advance(DAY);
    copy.passkey.as_mut().unwrap().counter = Some(0);
    let shown = signed(&office, &mut copy).await;
    enter(&office, &shown).await.unwrap_err();
    let told = office.sent_to("ann@example.org").await;
    assert_eq!(told.iter().filter(|message| message.contains("Subject: Passkey refused")).count(), 2, "a day later");
    assert_eq!(office.passkeys_of(ann.user.id).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_passkey_without_a_counter_is_as_good() {
    let office = office().await;
    let (ann, mut device) = (office.verified_fan("ann").await, Device::default());
    add(&office, &ann, &mut device, "Synced").await;
    for _ in 0..2 {
        let shown = signed(&office, &mut device).await;
        enter(&office, &shown).await.unwrap();
    }
}

#[tokio::test]
async fn adding_one_asks_for_what_other_factors_do() {
    let office = office().await;
    let eve = office.fan("eve").await;
    let ask = async |fan: &SignedIn, password: &str, otp: Option<&str>| {
        let session = session_of(&office, fan);
        let asked = office.challenge_new_passkey(&HOME, fan.user.id, session, password, otp).await;
        asked.map_err(|error| error.code())
    };
    assert_eq!(ask(&eve, PASSWORD, None).await.unwrap_err(), Code::WrongState, "her address is not verified");
    let ann = office.verified_fan("ann").await;
    assert_eq!(ask(&ann, "a wrong password", None).await.unwrap_err(), Code::InvalidCredentials);
    let asked = ask(&ann, PASSWORD, None).await.unwrap();
    assert_eq!(asked.options["authenticatorSelection"]["residentKey"], "required");
    assert_eq!(asked.options["authenticatorSelection"]["userVerification"], "required");
    assert_eq!(asked.options["user"]["name"], "ann@example.org");
    let mut device = Device::default();
    let made = attestation(&device.create(HERE, &asked.options).await);
    // For the one who asked, where they asked.
    let add = async |fan: UserId, session: SessionId| {
        office.add_passkey(&HOME, fan, session, "Key", &made).await.map_err(|error| error.code())
    };
    let bob = office.verified_fan("bob").await;
    assert_eq!(add(bob.user.id, session_of(&office, &bob)).await.err(), Some(Code::InvalidPasskey), "another's");
    let elsewhere = office.try_login("ann@example.org", PASSWORD).await.unwrap();
    assert_eq!(add(ann.user.id, session_of(&office, &elsewhere)).await.err(), Some(Code::InvalidPasskey), "stolen");
    assert_eq!(add(ann.user.id, session_of(&office, &ann)).await.err(), Some(Code::InvalidPasskey), "used up");
    let (_, phone, _) = guarded(&office, "carl").await;
    office.advance(30 * SECOND);
    let carl = crate::factors::sign_in(&office, "carl", Some(&phone.shows(&office, 0))).await.unwrap();
    assert_eq!(ask(&carl, PASSWORD, None).await.unwrap_err(), Code::MfaRequired);
    assert_eq!(ask(&carl, PASSWORD, Some("000000")).await.unwrap_err(), Code::InvalidOtp);
    office.advance(30 * SECOND);
    ask(&carl, PASSWORD, Some(&phone.shows(&office, 0))).await.unwrap();
}

#[tokio::test]
async fn a_new_passkey_from_elsewhere_or_known_already_is_refused() {
    let office = office().await;
    let (ann, device, _) = fan(&office, "ann").await;
    let session = session_of(&office, &ann);
    let ask = async || {
        let asked = office.challenge_new_passkey(&HOME, ann.user.id, session, PASSWORD, None).await;
        asked.unwrap().options
    };
    let add = async |made: Value| {
        let added = office.add_passkey(&HOME, ann.user.id, session, "Key", &attestation(&made)).await;
        added.map_err(|error| error.code()).err()
    };
    let known =
        json!([{ "type": "public-key", "id": BASE64.encode(&*device.passkey.as_ref().unwrap().credential_id) }]);
    let named: Vec<Value> = ask().await["excludeCredentials"].as_array().unwrap().clone();
    assert_eq!((named.len(), &named[0]["id"]), (1, &known[0]["id"]), "browsers are told which there are");
    let elsewhere = Device::default().create("https://shop.tickets.example.org", &ask().await).await;
    assert_eq!(add(elsewhere).await, Some(Code::InvalidPasskey));
    let mut lax = ask().await;
    lax["authenticatorSelection"]["userVerification"] = json!("discouraged");
    assert_eq!(add(Device::default().create(HERE, &lax).await).await, Some(Code::InvalidPasskey));
    let mut phished = ask().await;
    phished["rp"]["id"] = json!("tickets.example.com");
    let made = Device::default().create("https://tickets.example.com", &phished).await;
    assert_eq!(add(made).await, Some(Code::InvalidPasskey));
    let asked = ask().await;
    ask().await;
    let made = Device::default().create(HERE, &asked).await;
    assert_eq!(add(made).await, Some(Code::InvalidPasskey), "the newest question is the only one");
    assert_eq!(office.passkeys_of(ann.user.id).await.unwrap().len(), 1);
}

#[tokio::test]
async fn they_are_listed_renamed_and_removed() {
    let office = office().await;
    let (ann, mut phone, first) = fan(&office, "ann").await;
    let (bob, _, _) = fan(&office, "bob").await;
    let (user, mut key) = (ann.user.id, Device::default());
    let second = add(&office, &ann, &mut key, "Key").await;
    let renamed = office.rename_passkey(&HOME, user, second.id, "Key on the ring").await.unwrap();
    assert_eq!(renamed.name.as_str(), "Key on the ring");
    let names = async || -> Vec<String> {
        let listed = office.passkeys_of(user).await.unwrap();
        listed.into_iter().map(|passkey| passkey.name.into_string()).collect()
    };
    assert_eq!(names().await, ["Key on the ring", "Phone"]);
    let absent: PasskeyId = "pky_01h455vb4pex5vsknk084sn02q".parse().unwrap();
    for id in [absent, office.passkeys_of(bob.user.id).await.unwrap()[0].id] {
        let rename = office.rename_passkey(&HOME, user, id, "Mine").await.err().unwrap();
        let remove = office.remove_passkey(&HOME, user, id, PASSWORD, None).await.unwrap_err();
        assert_eq!([rename.code(), remove.code()], [Code::NotFound; 2]);
    }
    let wrong = office.remove_passkey(&HOME, user, first.id, "a wrong password", None).await.unwrap_err();
    assert_eq!(wrong.code(), Code::InvalidCredentials);
    office.remove_passkey(&HOME, user, first.id, PASSWORD, None).await.unwrap();
    assert_eq!(names().await, ["Key on the ring"]);
    let shown = signed(&office, &mut phone).await;
    assert_eq!(enter(&office, &shown).await.unwrap_err(), Code::InvalidPasskey);
    assert!(office.told("ann@example.org", "Subject: Passkey removed").await);
    // Two of Ann's, and one of Bob's.
    for (action, times) in [("passkey.enrol", 3), ("passkey.add", 3), ("passkey.rename", 1), ("passkey.remove", 1)] {
        assert_eq!(log(&office, action).await.len(), times, "{action}");
    }
}

#[tokio::test]
async fn it_takes_the_place_of_a_code_at_sign_in() {
    let office = office().await;
    let (_, phone, _) = guarded(&office, "ann").await;
    office.advance(30 * SECOND);
    let ann = crate::factors::sign_in(&office, "ann", Some(&phone.shows(&office, 0))).await.unwrap();
    office.advance(30 * SECOND);
    let (user, session, mut device) = (ann.user.id, session_of(&office, &ann), Device::counting());
    let code = phone.shows(&office, 0);
    let asked = office.challenge_new_passkey(&HOME, user, session, PASSWORD, Some(&code)).await.unwrap();
    let made = attestation(&device.create(HERE, &asked.options).await);
    office.add_passkey(&HOME, user, session, "Key", &made).await.unwrap();
    let credentials =
        |password| Credentials { contact: Contact::Email("ann@example.org"), password, otp: None, origin: &HOME };
    let ask = async || match office.login(credentials(PASSWORD)).await {
        Err(AccountError::PasskeyOrCode(asked)) => asked.options,
        other => panic!("{other:?}"),
    };
    let asked = ask().await;
    assert_eq!(asked["allowCredentials"][0]["id"], BASE64.encode(&*device.passkey.as_ref().unwrap().credential_id));
    let shown = assertion(&device.get(HERE, &asked).await);
    let login = async |password, shown: &Assertion| {
        office.login_with_passkey(credentials(password), shown).await.map_err(|error| error.code())
    };
    assert_eq!(enter(&office, &shown).await.unwrap_err(), Code::InvalidPasskey, "without the password");
    assert_eq!(login("a wrong password", &shown).await.unwrap_err(), Code::InvalidCredentials);
    assert_eq!(login(PASSWORD, &shown).await.unwrap().user.id, user);
    assert_eq!(login(PASSWORD, &shown).await.unwrap_err(), Code::InvalidPasskey, "once");
    // What was asked of nobody in particular is no answer to this question.
    let alone = signed(&office, &mut device).await;
    assert_eq!(login(PASSWORD, &alone).await.unwrap_err(), Code::InvalidPasskey);
    // The tries are those of the second factor: five, codes and passkeys together.
    let mut shown = assertion(&device.get(HERE, &ask().await).await);
    for _ in 0..3 {
        assert_eq!(login(PASSWORD, &alone).await.unwrap_err(), Code::InvalidPasskey);
    }
    assert_eq!(login(PASSWORD, &shown).await.unwrap_err(), Code::RateLimited);
    office.advance(15 * MINUTE);
    shown = assertion(&device.get(HERE, &ask().await).await);
    login(PASSWORD, &shown).await.unwrap();
    // Where a code alone will do, as for another password, nothing else is asked for.
    let changed = office.change_password(&HOME, user, session, PASSWORD, "a young hill by the lake", None).await;
    assert!(matches!(changed, Err(AccountError::SecondFactorRequired)));
}

#[tokio::test]
async fn a_new_password_by_mail_removes_what_a_thief_may_have_added() {
    let office = office().await;
    let (ann, mut device, _) = fan(&office, "ann").await;
    let (bob, mut other, _) = fan(&office, "bob").await;
    let shown = signed(&office, &mut device).await;
    office.forgot_password(&HOME, Contact::Email("ann@example.org")).await.unwrap();
    let token = office.token_to("ann@example.org").await;
    office.reset_password(&HOME, &token, "a young hill by the lake", None).await.unwrap();
    assert_eq!(enter(&office, &shown).await.unwrap_err(), Code::InvalidPasskey);
    assert!(office.passkeys_of(ann.user.id).await.unwrap().is_empty());
    assert_eq!(log(&office, "password.reset").await[0].detail.field("after")["passkeys_removed"], 1);
    let shown = signed(&office, &mut other).await;
    assert_eq!(enter(&office, &shown).await.unwrap().user.id, bob.user.id);
}

#[tokio::test]
async fn whoever_is_erased_signs_in_no_more() {
    let office = office().await;
    let (ann, mut device, _) = fan(&office, "ann").await;
    let shown = signed(&office, &mut device).await;
    let session = session_of(&office, &ann);
    office.challenge_new_passkey(&HOME, ann.user.id, session, PASSWORD, None).await.unwrap();
    office.delete(&HOME, ann.user.id, PASSWORD, None, &[]).await.unwrap();
    assert_eq!(enter(&office, &shown).await.unwrap_err(), Code::InvalidPasskey);
    assert_eq!(office.passkeys_of(ann.user.id).await.err().map(|error| error.code()), Some(Code::NotFound));
    for table in ["passkey", "passkey_ceremony WHERE account_id IS NOT NULL"] {
        let sql = format!("SELECT COUNT(*) FROM {table}");
        let left: i64 = office.db.begin_read().await.unwrap().one(&sql, (), |row| row.get(0)).await.unwrap();
        assert_eq!(left, 0, "{table}");
    }
}

#[tokio::test]
async fn wrong_answers_are_counted_as_wrong_passwords_are() {
    let office = office().await;
    let (_, mut device, _) = fan(&office, "ann").await;
    let mut shown = signed(&office, &mut device).await;
    shown.signature[8] ^= 1;
    for _ in 0..10 {
        assert_eq!(enter(&office, &shown).await.unwrap_err(), Code::InvalidPasskey);
    }
    let good = signed(&office, &mut device).await;
    assert_eq!(enter(&office, &good).await.unwrap_err(), Code::RateLimited);
    office.advance(15 * MINUTE);
    let good = signed(&office, &mut device).await;
    enter(&office, &good).await.unwrap();
    // And by address, whoever's they pretend to be.
    let unknown = Assertion { id: vec![7; 16], ..shown };
    for _ in 0..50 {
        assert_eq!(enter(&office, &unknown).await.unwrap_err(), Code::InvalidPasskey);
    }
    let good = signed(&office, &mut device).await;
    assert_eq!(enter(&office, &good).await.unwrap_err(), Code::RateLimited);
}

#[tokio::test]
async fn an_account_has_no_more_than_twenty() {
    let office = office().await;
    let ann = office.verified_fan("ann").await;
    for number in 0..20 {
        add(&office, &ann, &mut Device::default(), &format!("Key {number}")).await;
    }
    let session = session_of(&office, &ann);
    let more = office.challenge_new_passkey(&HOME, ann.user.id, session, PASSWORD, None).await;
    assert_eq!(more.unwrap_err().code(), Code::WrongState);
}

#[tokio::test]
async fn without_a_host_name_there_are_none() {
    for issuer in ["stagedoor", "http://127.0.0.1:8080"] {
        let office = Office::with(identity::Config { issuer: issuer.to_owned(), ..config() }).await;
        assert_eq!(office.challenge_sign_in().await.unwrap_err().code(), Code::WrongState);
        let ann = office.verified_fan("ann").await;
        let session = session_of(&office, &ann);
        let asked = office.challenge_new_passkey(&HOME, ann.user.id, session, PASSWORD, None).await;
        assert_eq!(asked.unwrap_err().code(), Code::WrongState);
    }
}

#[tokio::test]
async fn what_is_stored_of_them_is_sealed() {
    let office = office().await;
    let (_, device, _) = fan(&office, "ann").await;
    office.challenge_sign_in().await.unwrap();
    let tx = office.db.begin_read().await.unwrap();
    let sql = "SELECT print, credential, name FROM passkey";
    let columns: [Vec<u8>; 3] = tx.one(sql, (), |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?])).await.unwrap();
    let state: Vec<u8> = tx.one("SELECT state FROM passkey_ceremony", (), |row| row.get(0)).await.unwrap();
    let id = &device.passkey.as_ref().unwrap().credential_id;
    for column in columns.iter().chain([&state]) {
        let has = |text: &[u8]| column.windows(text.len()).any(|part| part == text);
        assert!(!has(id) && !has(b"Phone") && !has(b"ES256") && !has(b"challenge"));
        assert!(!has(BASE64.encode(&**id).as_bytes()));
    }
}

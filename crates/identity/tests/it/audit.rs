//! What the audit log says of people and their accounts, and what it never says.

use identity::{
    Channel, CheckStatus, ClientKind, Contact, Credentials, Decider, Decision, Document, DocumentKind, GrantType,
    NewApiKey, Role, SignedIn,
};
use serde_json::{Value, json};
use sha2::Digest;
use stagedoor_core::{Code, UserId};
use store::audit::{self, Chain, Filter, Opened, Outcome, Record};
use store::{Actor, Origin};

use crate::factors::Phone;
use crate::oauth::{House, auth, scopes};
use crate::{HOME, HOUR, MINUTE, Office, PASSWORD, SECOND, newcomer};

const NEW: &str = "a young hill by the lake";
const NUMBER: &str = "+4930901820";

async fn log(office: &Office) -> Vec<Record> {
    office.db.audit_log(Chain::Platform, &Filter::default()).await
}

/// What was written since `seen` entries, which is what is there then.
async fn since(office: &Office, seen: &mut usize) -> Vec<Record> {
    let new = log(office).await.split_off(*seen);
    *seen += new.len();
    new
}

fn said(records: &[Record]) -> Vec<(&str, Outcome)> {
    records.iter().map(|record| (record.action.as_str(), record.result)).collect()
}

fn done<'a>(actions: &[&'a str]) -> Vec<(&'a str, Outcome)> {
    actions.iter().map(|action| (*action, Outcome::Done)).collect()
}

/// `before` and `after` of the last of them.
fn detail(records: &[Record]) -> (Value, Value) {
    let last = records.last().unwrap();
    (last.detail.field("before").clone(), last.detail.field("after").clone())
}

async fn is_sound(office: &Office) {
    audit::link(&office.db, None).await.unwrap();
    let report = audit::verify(&office.db.begin_read().await.unwrap(), None, &[], |_| ()).await.unwrap();
    assert_eq!(report.findings, []);
}

async fn sign_in(office: &Office, password: &str, otp: Option<&str>) -> Result<SignedIn, Code> {
    let contact = Contact::Email("ann@example.org");
    let signed_in = office.login(Credentials { contact, password, otp, origin: &HOME }).await;
    signed_in.map_err(|error| error.code())
}

/// Another code than `code`.
fn not(code: &str) -> String {
    let other: u32 = code.parse::<u32>().unwrap() ^ 1;
    format!("{other:06}")
}

#[tokio::test]
async fn addresses_leave_entries_with_what_they_were() {
    let office = Office::new().await;
    let (ann, mut seen) = (office.fan("ann").await.user.id, 0);
    let me = HOME.by(ann);
    let registered = since(&office, &mut seen).await;
    assert_eq!(said(&registered), done(&["account.register", "session.open"]));
    assert_eq!(registered[0].detail.field("after"), &json!({ "channel": "email", "locale": "en" }));

    let code = office.code_to("ann@example.org").await;
    office.verify_contact(&me, ann, Channel::Email, &not(&code)).await.unwrap_err();
    assert_eq!(said(&since(&office, &mut seen).await), [("contact.verify", Outcome::Denied)]);
    office.send_code(&me, ann, Channel::Email).await.unwrap();
    let code = office.code_to("ann@example.org").await;
    office.verify_contact(&me, ann, Channel::Email, &code).await.unwrap();
    let verified = since(&office, &mut seen).await;
    assert_eq!(said(&verified), done(&["contact.send_code", "contact.verify"]));
    let after = json!({ "channel": "email", "address": "ann@example.org", "verified": true });
    assert_eq!(detail(&verified), (json!({ "address": "ann@example.org", "verified": false }), after));

    office.change_contact(&me, ann, Contact::Email("ann@new.example"), "a wrong password", None).await.unwrap_err();
    assert!(since(&office, &mut seen).await.is_empty(), "nothing changed");
    office.change_contact(&me, ann, Contact::Email("ann@new.example"), PASSWORD, None).await.unwrap();
    let asked = since(&office, &mut seen).await;
    assert_eq!(said(&asked), done(&["contact.ask_change"]));
    let after = json!({ "channel": "email", "address": "ann@new.example" });
    assert_eq!(detail(&asked), (json!({ "address": "ann@example.org" }), after));
    let code = office.code_to("ann@new.example").await;
    office.verify_contact(&me, ann, Channel::Email, &code).await.unwrap();
    let changed = since(&office, &mut seen).await;
    let after = json!({ "channel": "email", "address": "ann@new.example", "verified": true });
    assert_eq!(detail(&changed), (json!({ "address": "ann@example.org", "verified": true }), after));
    assert_eq!((changed[0].actor, &changed[0].subject), (Actor::User(ann), &ann.to_string()));

    let bob = identity::NewAccount { contact: Contact::Phone(NUMBER), ..newcomer("", "Bob") };
    office.register(bob, &HOME).await.unwrap();
    let registered = since(&office, &mut seen).await;
    assert_eq!(registered[0].detail.field("after")["channel"], "phone");
    is_sound(&office).await;
}

#[tokio::test]
async fn passwords_and_sessions_leave_entries() {
    let office = Office::new().await;
    let (signed_in, mut seen) = (office.verified_fan("ann").await, log(&office).await.len() + 2);
    let (ann, me) = (signed_in.user.id, HOME.by(signed_in.user.id));
    let session = |signed_in: &SignedIn| office.verify(&signed_in.access_token).unwrap().session;
    let first = session(&signed_in);
    let second = session(&sign_in(&office, PASSWORD, None).await.unwrap());
    let third = session(&sign_in(&office, PASSWORD, None).await.unwrap());
    office.end_session(&me, ann, second).await.unwrap();
    office.end_session(&me, ann, second).await.unwrap_err();
    office.end_other_sessions(&me, ann, first).await.unwrap();
    let ended = since(&office, &mut seen).await;
    assert_eq!(said(&ended), done(&["session.end", "session.end"]));
    assert_eq!([&ended[0].subject, &ended[1].subject], [&second.to_string(), &third.to_string()]);

    office.change_password(&me, ann, first, "a wrong password", NEW, None).await.unwrap_err();
    let other = session(&sign_in(&office, PASSWORD, None).await.unwrap());
    seen += 1;
    office.change_password(&me, ann, first, PASSWORD, NEW, None).await.unwrap();
    let changed = since(&office, &mut seen).await;
    assert_eq!(said(&changed), done(&["password.change"]));
    assert_eq!(detail(&changed).1, json!({ "sessions_ended": [other] }));

    // Of an address without an account the log says no less, so that asking takes the same work.
    office.forgot_password(&HOME, Contact::Email("nobody@example.org")).await.unwrap();
    office.forgot_password(&HOME, Contact::Email("ann@example.org")).await.unwrap();
    let token = office.token_to("ann@example.org").await;
    office.reset_password(&HOME, &token, PASSWORD, None).await.unwrap();
    office.reset_password(&HOME, &token, PASSWORD, None).await.unwrap_err();
    let reset = since(&office, &mut seen).await;
    let actions = ["password.ask_reset", "password.ask_reset", "password.send_reset", "password.reset"];
    assert_eq!(said(&reset), done(&actions));
    let actors: Vec<_> = reset.iter().map(|record| record.actor).collect();
    assert_eq!(actors, [Actor::Nobody, Actor::Nobody, Actor::System, Actor::User(ann)]);
    assert!(!reset[0].subject.contains('@') && reset[0].subject != reset[1].subject);
    assert_eq!(reset[2].detail.field("after")["address"], reset[1].subject);
    let ended = json!({ "channel": "email", "sessions_ended": [first], "passkeys_removed": 0, "links_removed": 0 });
    assert_eq!(detail(&reset).1, ended);
    is_sound(&office).await;
}

#[tokio::test]
async fn a_second_factor_leaves_entries_of_what_it_let_in_and_what_not() {
    let office = Office::new().await;
    let ann = office.verified_fan("ann").await;
    let (ann, own) = (ann.user.id, office.verify(&ann.access_token).unwrap().session);
    let (me, mut seen) = (HOME.by(ann), log(&office).await.len());
    let phone = Phone::new(&office.enrol_factor(&me, ann, PASSWORD).await.unwrap().secret);
    let right = phone.shows(&office, 0);
    office.confirm_factor(&me, ann, own, &not(&right)).await.unwrap_err();
    let codes = office.confirm_factor(&me, ann, own, &right).await.unwrap();
    let denied = |action| (action, Outcome::Denied);
    let on = since(&office, &mut seen).await;
    let mut expected = done(&["second_factor.enrol", "second_factor.enable", "second_factor.enable"]);
    expected[1] = denied("second_factor.enable");
    assert_eq!(said(&on), expected);

    assert_eq!(sign_in(&office, PASSWORD, None).await.err(), Some(Code::MfaRequired));
    assert!(since(&office, &mut seen).await.is_empty(), "being asked is no denial");
    assert_eq!(sign_in(&office, PASSWORD, Some(&right)).await.err(), Some(Code::InvalidOtp));
    assert_eq!(said(&since(&office, &mut seen).await), [denied("second_factor.use")]);
    sign_in(&office, PASSWORD, Some(&codes[0])).await.unwrap();
    let used = since(&office, &mut seen).await;
    assert_eq!(said(&used), done(&["recovery_codes.use", "session.open"]));
    assert_eq!(used[0].detail.field("after"), &json!({ "left": 9 }));

    office.advance(MINUTE);
    office.renew_recovery_codes(&me, ann, PASSWORD, &phone.shows(&office, 0)).await.unwrap();
    office.advance(MINUTE);
    office.remove_factor(&me, ann, PASSWORD, &phone.shows(&office, 0)).await.unwrap();
    let off = since(&office, &mut seen).await;
    assert_eq!(said(&off), done(&["recovery_codes.renew", "second_factor.disable"]));
    assert_eq!(detail(&off[..1]), (json!({ "left": 9 }), json!({ "left": 10 })));
    is_sound(&office).await;
}

#[tokio::test]
async fn documents_and_what_staff_decide_leave_entries_that_go_with_their_person() {
    let office = Office::new().await;
    let (ann, staff) = (office.verified_fan("ann").await.user.id, office.fan("staff").await.user.id);
    let mut seen = log(&office).await.len();
    let document = Document::new(DocumentKind::Passport, "DE", "C01X00T47").unwrap();
    let check = office.submit_document(&HOME.by(ann), ann, document).await.unwrap().id;
    let decider = Decider::Staff(staff);
    let reject = Decision::Reject { reason: "the picture is blurred" };
    office.decide_check(&HOME.by(staff), check, reject, decider).await.unwrap();
    office.decide_check(&HOME.by(staff), check, Decision::Verify, decider).await.err().unwrap();
    let checked = since(&office, &mut seen).await;
    assert_eq!(said(&checked), done(&["identity_check.submit", "identity_check.decide"]));
    let submitted = json!({ "user": ann, "document": "passport", "country": "DE" });
    assert_eq!(checked[0].detail.field("after"), &submitted);
    assert_eq!((checked[1].actor, checked[1].about), (Actor::User(staff), Some(ann)));
    let (pending, rejected) = (CheckStatus::Pending.text(), CheckStatus::Rejected.text());
    let after = json!({ "user": ann, "status": rejected, "reason": "the picture is blurred" });
    assert_eq!(detail(&checked), (json!({ "status": pending }), after));

    office.delete(&HOME.by(ann), ann, PASSWORD, None, &[]).await.unwrap();
    let about_ann = |record: &&Record| record.about == Some(ann);
    let all = log(&office).await;
    assert!(all.iter().filter(about_ann).count() >= 3);
    assert!(all.iter().filter(about_ann).all(|record| record.detail == Opened::Erased));
    is_sound(&office).await;
}

#[tokio::test]
async fn no_secret_is_in_the_log() {
    let office = Office::new().await;
    let signed_in = office.fan("ann").await;
    let (ann, me): (UserId, Origin) = (signed_in.user.id, HOME.by(signed_in.user.id));
    let own = office.verify(&signed_in.access_token).unwrap().session;
    let mut secrets = vec![signed_in.access_token, signed_in.refresh_token, PASSWORD.to_owned(), NEW.to_owned()];
    secrets.push(office.code_to("ann@example.org").await);
    office.verify_contact(&me, ann, Channel::Email, secrets.last().unwrap()).await.unwrap();
    office.change_contact(&me, ann, Contact::Phone(NUMBER), PASSWORD, None).await.unwrap();
    secrets.push(office.code_to(NUMBER).await);
    office.verify_contact(&me, ann, Channel::Phone, secrets.last().unwrap()).await.unwrap();
    let enrolment = office.enrol_factor(&me, ann, PASSWORD).await.unwrap();
    let phone = Phone::new(&enrolment.secret);
    secrets.extend([enrolment.secret, phone.shows(&office, 0)]);
    let codes = office.confirm_factor(&me, ann, own, &phone.shows(&office, 0)).await.unwrap();
    secrets.extend(codes.iter().map(|code| code.replace('-', "")));
    secrets.extend(codes.iter().cloned());
    office.forgot_password(&HOME, Contact::Email("ann@example.org")).await.unwrap();
    secrets.push(office.token_to("ann@example.org").await);
    office.reset_password(&HOME, secrets.last().unwrap(), NEW, Some(&codes[0])).await.unwrap();
    let document = Document::new(DocumentKind::Passport, "DE", "C01X00T47").unwrap();
    secrets.push("C01X00T47".to_owned());
    office.submit_document(&me, ann, document).await.unwrap();
    office.advance(SECOND);
    let all = log(&office).await;
    assert!(all.len() > 10);
    let strings: Vec<String> = all.iter().flat_map(strings).collect();
    assert!(strings.iter().any(|text| text == NUMBER), "the log was opened");
    for secret in &secrets {
        assert!(!strings.iter().any(|text| text.contains(secret.as_str())), "{secret} is in {strings:?}");
    }
}

#[tokio::test]
async fn nor_is_a_secret_of_a_program() {
    let house = House::new().await;
    let grants = GrantType::ALL;
    let first = house.registered(ClientKind::Confidential, &grants, "orders.read sales.read").await;
    let (org, owner, id) = (house.organizer, house.owner.user.id, first.client.id);
    let next = house.rotate_client_secret(&HOME, org, id, Role::Owner, HOUR).await.unwrap();
    let code = house.code(&next, "orders.read").await;
    let issued = house.exchange(&next, &code).await.unwrap();
    let renewed = house.renew(&next, issued.refresh_token.as_ref().unwrap()).await.unwrap();
    let text = id.to_string();
    let own = house.client_credentials(auth(&text, &next), None, None).await.unwrap();
    // What comes back is written down, too.
    house.exchange(&next, &code).await.err().unwrap();
    let new = NewApiKey { name: "Till", scopes: scopes("sales.read"), expires_at: None };
    let key = house.create_api_key(&HOME, org, owner, Role::Owner, new).await.unwrap();
    let rotated = house.rotate_api_key(&HOME, org, key.key.id, Role::Owner, HOUR).await.unwrap();
    let mut secrets = vec![code, own.access_token, key.secret, rotated.secret];
    secrets.extend([first.secret, next.secret, issued.refresh_token, renewed.refresh_token].into_iter().flatten());
    secrets.extend([issued.access_token, renewed.access_token]);
    let mut all = Vec::new();
    for chain in [Chain::Platform, org.into()] {
        all.extend(house.office.db.audit_log(chain, &Filter::default()).await);
    }
    let strings: Vec<String> = all.iter().flat_map(strings).collect();
    assert!(strings.iter().any(|text| text.contains("used authorization code")), "the log was opened");
    assert_eq!(secrets.len(), 10);
    for secret in &secrets {
        assert!(!strings.iter().any(|text| text.contains(secret.as_str())), "{secret} is in {strings:?}");
        let hash: String = sha2::Sha256::digest(secret).iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(!strings.iter().any(|text| text.contains(&hash)), "the hash of {secret} is in {strings:?}");
    }
}

/// Every text in an entry that somebody may have typed or been given.
fn strings(record: &Record) -> Vec<String> {
    fn collect(value: &Value, into: &mut Vec<String>) {
        match value {
            Value::String(text) => into.push(text.clone()),
            Value::Array(items) => items.iter().for_each(|item| collect(item, into)),
            Value::Object(fields) => fields.values().for_each(|field| collect(field, into)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    let mut texts = Vec::new();
    for part in [&record.origin, &record.detail] {
        if let Opened::Here(value) = part {
            collect(value, &mut texts);
        }
    }
    texts
}

//! Codes that prove an address.

use identity::{Channel, Contact, Credentials, Locale, NewAccount};
use stagedoor_core::Code;
use store::Origin;
use tokio::task::JoinSet;

use crate::{HOME, MINUTE, Office, PASSWORD, SECOND, newcomer};

const PHONE: &str = "+4930901820";

/// Another code than `code`.
fn not(code: &str) -> String {
    let last = if code.ends_with('0') { '1' } else { '0' };
    format!("{}{last}", &code[..5])
}

#[tokio::test]
async fn a_code_that_comes_back_verifies_the_address_once() {
    let office = Office::new().await;
    let ann = office.fan("ann").await.user;
    assert_eq!(ann.email.as_ref().unwrap().verified_at, None);
    let code = office.code_to("ann@example.org").await;
    let verified = office.verify_contact(&HOME, ann.id, Channel::Email, &code).await.unwrap();
    assert_eq!(verified.email.as_ref().unwrap().verified_at, Some(office.db.env.now()));
    assert_eq!(office.user(ann.id).await.unwrap(), verified);
    let again = office.verify_contact(&HOME, ann.id, Channel::Email, &code).await.unwrap_err();
    assert_eq!(again.code(), Code::InvalidCode);
    assert_eq!(office.send_code(&HOME, ann.id, Channel::Email).await.unwrap_err().code(), Code::WrongState);
}

#[tokio::test]
async fn a_code_fits_one_account_and_one_purpose() {
    let office = Office::new().await;
    let (ann, bob) = (office.verified_fan("ann").await.user, office.fan("bob").await.user);
    let bobs = office.code_to("bob@example.org").await;
    office.change_contact(&HOME, ann.id, Contact::Email("anne@example.org"), PASSWORD, None).await.unwrap();
    let anns = office.code_to("anne@example.org").await;
    for (user, channel, code) in [
        (ann.id, Channel::Email, &bobs),
        (bob.id, Channel::Email, &anns),
        (ann.id, Channel::Phone, &anns),
        (bob.id, Channel::Phone, &bobs),
    ] {
        let refused = office.verify_contact(&HOME, user, channel, code).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidCode, "{user} {channel:?}");
    }
    office.verify_contact(&HOME, ann.id, Channel::Email, &anns).await.unwrap();
    office.verify_contact(&HOME, bob.id, Channel::Email, &bobs).await.unwrap();
}

#[tokio::test]
async fn a_code_lasts_ten_minutes_and_five_tries() {
    let office = Office::new().await;
    let ann = office.fan("ann").await.user;
    let code = office.code_to("ann@example.org").await;
    office.advance(10 * MINUTE);
    let late = office.verify_contact(&HOME, ann.id, Channel::Email, &code).await.unwrap_err();
    assert_eq!(late.code(), Code::InvalidCode);

    office.send_code(&HOME, ann.id, Channel::Email).await.unwrap();
    let code = office.code_to("ann@example.org").await;
    for _ in 0..5 {
        let wrong = office.verify_contact(&HOME, ann.id, Channel::Email, &not(&code)).await.unwrap_err();
        assert_eq!(wrong.code(), Code::InvalidCode);
    }
    let spent = office.verify_contact(&HOME, ann.id, Channel::Email, &code).await.unwrap_err();
    assert_eq!(spent.code(), Code::InvalidCode);
    office.send_code(&HOME, ann.id, Channel::Email).await.unwrap();
    let fresh = office.code_to("ann@example.org").await;
    office.verify_contact(&HOME, ann.id, Channel::Email, &fresh).await.unwrap();
}

#[tokio::test]
async fn the_newest_code_alone_counts_and_few_are_sent() {
    let office = Office::new().await;
    let ann = office.fan("ann").await.user;
    let first = office.code_to("ann@example.org").await;
    for _ in 0..4 {
        office.send_code(&HOME, ann.id, Channel::Email).await.unwrap();
    }
    assert_eq!(office.send_code(&HOME, ann.id, Channel::Email).await.unwrap_err().code(), Code::RateLimited);
    let newest = office.code_to("ann@example.org").await;
    assert_ne!(first, newest, "one time in a million they are the same: another seed, then");
    assert_eq!(
        office.verify_contact(&HOME, ann.id, Channel::Email, &first).await.unwrap_err().code(),
        Code::InvalidCode
    );
    assert_eq!(office.messages().await.len(), 5);
    office.advance(15 * MINUTE);
    office.send_code(&HOME, ann.id, Channel::Email).await.unwrap();
}

#[tokio::test]
async fn however_many_ask_one_address_gets_few_codes() {
    let office = Office::new().await;
    let target = Contact::Email("victim@example.org");
    let mut refused = 0;
    for number in 0..8 {
        let thief = office.verified_fan(&format!("thief{number}")).await.user.id;
        if let Err(error) = office.change_contact(&HOME, thief, target, PASSWORD, None).await {
            assert_eq!(error.code(), Code::RateLimited);
            refused += 1;
        }
    }
    assert_eq!((office.sent_to("victim@example.org").await.len(), refused), (5, 3));
    // Who has the address registers all the same, and has a code sent once there is room.
    let victim = office.fan("victim").await.user.id;
    assert_eq!(office.sent_to("victim@example.org").await.len(), 5);
    office.advance(15 * MINUTE);
    office.send_code(&HOME, victim, Channel::Email).await.unwrap();
    let code = office.code_to("victim@example.org").await;
    office.verify_contact(&HOME, victim, Channel::Email, &code).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_code_sent_back_many_times_at_once_counts_once() {
    let office = Office::new().await;
    for round in 0..100 {
        let name = format!("fan{round}");
        let fan = office.fan(&name).await.user;
        let code = office.code_to(&format!("{name}@example.org")).await;
        let mut racers = JoinSet::new();
        for _ in 0..4 {
            let (identity, code) = (office.identity.clone(), code.clone());
            racers.spawn(async move { identity.verify_contact(&HOME, fan.id, Channel::Email, &code).await.is_ok() });
        }
        let won = racers.join_all().await.into_iter().filter(|won| *won).count();
        assert_eq!(won, 1, "round {round}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn guesses_made_at_once_have_five_tries_together() {
    let office = Office::new().await;
    for round in 0..20 {
        let name = format!("fan{round}");
        let fan = office.fan(&name).await.user;
        let code = office.code_to(&format!("{name}@example.org")).await;
        let mut racers = JoinSet::new();
        for _ in 0..12 {
            let (identity, wrong) = (office.identity.clone(), not(&code));
            racers.spawn(async move { identity.verify_contact(&HOME, fan.id, Channel::Email, &wrong).await.is_ok() });
        }
        assert!(racers.join_all().await.iter().all(|won| !won));
        let spent = office.verify_contact(&HOME, fan.id, Channel::Email, &code).await.unwrap_err();
        assert_eq!(spent.code(), Code::InvalidCode, "round {round}");
    }
}

#[tokio::test]
async fn an_address_changes_once_its_code_comes_back_and_the_old_one_is_told() {
    let office = Office::new().await;
    let ann = office.verified_fan("ann").await.user;
    let wrong =
        office.change_contact(&HOME, ann.id, Contact::Email("anne@example.org"), "a wrong password", None).await;
    assert_eq!(wrong.unwrap_err().code(), Code::InvalidCredentials);
    office.change_contact(&HOME, ann.id, Contact::Email("Anne@example.org"), PASSWORD, None).await.unwrap();
    assert_eq!(office.user(ann.id).await.unwrap().email(), Some("ann@example.org"));
    let code = office.code_to("anne@example.org").await;
    let changed = office.verify_contact(&HOME, ann.id, Channel::Email, &code).await.unwrap();
    assert_eq!(changed.email(), Some("anne@example.org"));
    assert!(office.told("ann@example.org", "Subject: E-mail address changed").await);
    assert_eq!(office.try_login("ann@example.org", PASSWORD).await.unwrap_err().code(), Code::InvalidCredentials);
    office.try_login("anne@example.org", PASSWORD).await.unwrap();
}

#[tokio::test]
async fn an_address_of_another_account_cannot_be_taken_and_asking_tells_nothing() {
    let office = Office::new().await;
    let (ann, _bob) = (office.verified_fan("ann").await.user, office.verified_fan("bob").await);
    office.change_contact(&HOME, ann.id, Contact::Email("bob@example.org"), PASSWORD, None).await.unwrap();
    // Only who reads Bob's mail learns that he has an account.
    let code = office.code_to("bob@example.org").await;
    let taken = office.verify_contact(&HOME, ann.id, Channel::Email, &code).await.unwrap_err();
    assert_eq!(taken.code(), Code::EmailTaken);
    assert_eq!(office.user(ann.id).await.unwrap().email(), Some("ann@example.org"));
}

#[tokio::test]
async fn a_number_is_added_to_a_verified_account_and_signs_in() {
    let office = Office::new().await;
    let ann = office.fan("ann").await.user;
    let early = office.change_contact(&HOME, ann.id, Contact::Phone(PHONE), PASSWORD, None).await.unwrap_err();
    assert_eq!(early.code(), Code::WrongState, "whoever registers another's address adds nothing of their own");
    let code = office.code_to("ann@example.org").await;
    office.verify_contact(&HOME, ann.id, Channel::Email, &code).await.unwrap();
    office.change_contact(&HOME, ann.id, Contact::Phone("+49 30 901820"), PASSWORD, None).await.unwrap();
    let code = office.code_to(PHONE).await;
    let both = office.verify_contact(&HOME, ann.id, Channel::Phone, &code).await.unwrap();
    assert_eq!(both.phone.as_ref().map(|phone| phone.address.as_str()), Some(PHONE));
    let contact = Contact::Phone("+49 (30) 901-820");
    let in_again = office.login(Credentials { contact, password: PASSWORD, otp: None, origin: &HOME }).await.unwrap();
    assert_eq!(in_again.user.id, ann.id);
}

#[tokio::test]
async fn a_fan_registers_by_telephone() {
    let office = Office::new().await;
    let new = NewAccount { contact: Contact::Phone(PHONE), locale: Locale::German, ..newcomer("", "Ann") };
    let ann = office.register(new, &HOME).await.unwrap().user;
    assert_eq!((ann.email(), ann.phone.as_ref().unwrap().address.as_str()), (None, PHONE));
    assert!(office.told(PHONE, "ist Ihr Code").await);
    let code = office.code_to(PHONE).await;
    office.verify_contact(&HOME, ann.id, Channel::Phone, &code).await.unwrap();
    let taken = office.register(NewAccount { contact: Contact::Phone("+49 30 901 820"), ..new }, &HOME).await;
    assert_eq!(taken.unwrap_err().code(), Code::PhoneTaken);
}

#[tokio::test]
async fn what_is_being_sent_to_an_erased_person_is_forgotten() {
    let office = Office::new().await;
    let ann = office.fan("ann").await.user;
    office.delete(&HOME, ann.id, PASSWORD, None, &[]).await.unwrap();
    assert_eq!(office.messages().await, Vec::<String>::new());
    for table in ["message", "verification", "password_reset", "second_factor", "recovery_code", "known_device"] {
        let sql = format!("SELECT COUNT(*) FROM {table}");
        let left: i64 = office.db.begin_read().await.unwrap().one(&sql, (), |row| row.get(0)).await.unwrap();
        assert_eq!(left, 0, "{table}");
    }
}

#[tokio::test]
async fn a_new_device_is_told_of_and_a_known_one_is_not() {
    let office = Office::new().await;
    office.verified_fan("ann").await;
    let from = |program: &str, address: &str| Origin {
        agent: Some(program.into()),
        ..Origin::address(address.parse().unwrap())
    };
    let sign_in = async |from: Origin| {
        let contact = Contact::Email("ann@example.org");
        office.login(Credentials { contact, password: PASSWORD, otp: None, origin: &from }).await.unwrap();
        office.messages().await.iter().filter(|message| message.contains("Subject: New sign-in")).count()
    };
    assert_eq!(sign_in(HOME.clone()).await, 0);
    assert_eq!(sign_in(from("Firefox/142.0", "192.0.2.77")).await, 0);
    assert_eq!(sign_in(from("curl/8.9", "198.51.100.9")).await, 1);
    assert_eq!(sign_in(from("curl/9.0", "198.51.100.9")).await, 1);
    assert!(office.told("ann@example.org", "198.51.100.9").await);
    office.advance(91 * crate::DAY + SECOND);
    office.prune().await.unwrap();
    // Nobody is told of the first device among none.
    assert_eq!(sign_in(from("curl/9.0", "198.51.100.9")).await, 1);
}

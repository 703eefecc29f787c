//! The second factor. Its codes are computed here by hand, from RFC 4226 and RFC 6238.

use hmac::{Hmac, KeyInit, Mac};
use identity::{AccountError, Contact, Credentials, SeedAccount, SignedIn, TokenError};
use sha1::Sha1;
use stagedoor_core::{Code, Timestamp, UserId};
use tokio::task::JoinSet;

use crate::{HOME, MINUTE, Office, PASSWORD, SECOND, newcomer};

const NEW: &str = "a young hill by the lake";

/// A phone with an authenticator app.
pub struct Phone {
    secret: Vec<u8>,
}

impl Phone {
    /// `secret`: in base 32. Source: RFC 4648, section 6.
    pub fn new(secret: &str) -> Self {
        let mut bits = String::new();
        for letter in secret.trim_end_matches('=').bytes() {
            let value = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".iter().position(|known| *known == letter);
            bits += &format!("{:05b}", value.expect("base 32"));
        }
        let bytes = bits.as_bytes().chunks_exact(8);
        let secret = bytes.map(|byte| u8::from_str_radix(std::str::from_utf8(byte).unwrap(), 2).unwrap()).collect();
        Self { secret }
    }

    /// What it shows `steps` of 30 seconds from now.
    pub fn shows(&self, office: &Office, steps: i64) -> String {
        let counter = (office.db.env.now().seconds() / 30 + steps) as u64;
        let mut mac = Hmac::<Sha1>::new_from_slice(&self.secret).unwrap();
        mac.update(&counter.to_be_bytes());
        let hash = mac.finalize().into_bytes();
        let offset = usize::from(hash[19] & 0x0f);
        let number = u32::from_be_bytes(hash[offset..offset + 4].try_into().unwrap()) & 0x7fff_ffff;
        format!("{:06}", number % 1_000_000)
    }
}

/// A fan whose second factor is on, with a phone and recovery codes; the code of now is used.
pub async fn guarded(office: &Office, name: &str) -> (UserId, Phone, Vec<String>) {
    let fan = office.verified_fan(name).await;
    let (fan, session) = (fan.user.id, office.verify(&fan.access_token).unwrap().session);
    let enrolment = office.enrol_factor(&HOME, fan, PASSWORD).await.unwrap();
    let phone = Phone::new(&enrolment.secret);
    let codes = office.confirm_factor(&HOME, fan, session, &phone.shows(office, 0)).await.unwrap();
    (fan, phone, codes)
}

pub async fn sign_in(office: &Office, name: &str, otp: Option<&str>) -> Result<SignedIn, AccountError> {
    let email = format!("{name}@example.org");
    office.login(Credentials { contact: Contact::Email(&email), password: PASSWORD, otp, origin: &HOME }).await
}

async fn refusal(office: &Office, name: &str, otp: Option<&str>) -> Code {
    sign_in(office, name, otp).await.unwrap_err().code()
}

#[tokio::test]
async fn the_phone_shows_what_the_standard_says() {
    // RFC 6238, appendix B: of the secret "12345678901234567890", the last six of eight digits.
    let phone = Phone::new("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    let office = Office::new().await;
    for (seconds, code) in [(59, "287082"), (1_111_111_109, "081804"), (2_000_000_000, "279037")] {
        office.db.env.clock.set(Timestamp::from_micros(seconds * 1_000_000));
        assert_eq!(phone.shows(&office, 0), code);
    }
}

#[tokio::test]
async fn an_account_with_a_second_factor_asks_for_it() {
    let office = Office::new().await;
    let (ann, phone, codes) = guarded(&office, "ann").await;
    assert!(office.user(ann).await.unwrap().second_factor);
    assert_eq!(codes.len(), 10);
    assert_eq!(refusal(&office, "ann", None).await, Code::MfaRequired);
    // A stranger learns nothing of it.
    let stranger = Credentials {
        contact: Contact::Email("ann@example.org"),
        password: "a wrong password",
        otp: Some(&phone.shows(&office, 1)),
        origin: &HOME,
    };
    assert_eq!(office.login(stranger).await.unwrap_err().code(), Code::InvalidCredentials);
    office.advance(30 * SECOND);
    sign_in(&office, "ann", Some(&phone.shows(&office, 0))).await.unwrap();
    assert!(office.told("ann@example.org", "Subject: Second factor on").await);
}

#[tokio::test]
async fn a_code_is_good_for_a_step_and_the_ones_beside_it_and_once() {
    let office = Office::new().await;
    let (_, phone, _) = guarded(&office, "ann").await;
    assert_eq!(refusal(&office, "ann", Some(&phone.shows(&office, 0))).await, Code::InvalidOtp, "used to confirm");
    office.advance(10 * MINUTE);
    assert_eq!(refusal(&office, "ann", Some(&phone.shows(&office, -2))).await, Code::InvalidOtp);
    assert_eq!(refusal(&office, "ann", Some(&phone.shows(&office, 2))).await, Code::InvalidOtp);
    let late = phone.shows(&office, -1);
    sign_in(&office, "ann", Some(&late)).await.unwrap();
    assert_eq!(refusal(&office, "ann", Some(&late)).await, Code::InvalidOtp);
    let early = phone.shows(&office, 1);
    let grouped = format!(" {} {} ", &early[..3], &early[3..]);
    sign_in(&office, "ann", Some(&grouped)).await.unwrap();
    assert_eq!(refusal(&office, "ann", Some(&early)).await, Code::InvalidOtp);
    // The code of now is older than the last one used.
    assert_eq!(refusal(&office, "ann", Some(&phone.shows(&office, 0))).await, Code::InvalidOtp);
}

#[tokio::test]
async fn a_recovery_code_signs_in_once() {
    let office = Office::new().await;
    let (ann, phone, codes) = guarded(&office, "ann").await;
    let shouted = codes[0].to_uppercase().replace('-', " ").replace('0', "O").replace('1', "l");
    sign_in(&office, "ann", Some(&shouted)).await.unwrap();
    assert_eq!(refusal(&office, "ann", Some(&codes[0])).await, Code::InvalidOtp);
    assert_eq!(office.factor_state(ann).await.unwrap().recovery_codes_left, 9);
    assert!(office.told("ann@example.org", "9 are left").await);

    office.advance(30 * SECOND);
    let fresh = office.renew_recovery_codes(&HOME, ann, PASSWORD, &phone.shows(&office, 0)).await.unwrap();
    assert_eq!(refusal(&office, "ann", Some(&codes[1])).await, Code::InvalidOtp);
    sign_in(&office, "ann", Some(&fresh[1])).await.unwrap();
}

#[tokio::test]
async fn a_factor_is_confirmed_before_it_counts_and_needs_a_verified_address() {
    let office = Office::new().await;
    let ann = office.fan("ann").await;
    let (ann, own) = (ann.user.id, office.verify(&ann.access_token).unwrap().session);
    assert_eq!(office.enrol_factor(&HOME, ann, PASSWORD).await.err().unwrap().code(), Code::WrongState);
    let code = office.code_to("ann@example.org").await;
    office.verify_contact(&HOME, ann, identity::Channel::Email, &code).await.unwrap();
    assert_eq!(office.confirm_factor(&HOME, ann, own, "000000").await.unwrap_err().code(), Code::WrongState);
    assert_eq!(
        office.enrol_factor(&HOME, ann, "a wrong password").await.err().unwrap().code(),
        Code::InvalidCredentials
    );
    let first = office.enrol_factor(&HOME, ann, PASSWORD).await.unwrap();
    let second = office.enrol_factor(&HOME, ann, PASSWORD).await.unwrap();
    assert!(second.uri.starts_with("otpauth://totp/"), "{}", second.uri);
    assert!(second.uri.contains(&second.secret) && second.uri.contains("Stagedoor"), "{}", second.uri);
    sign_in(&office, "ann", None).await.unwrap();
    let old = Phone::new(&first.secret).shows(&office, 0);
    assert_eq!(office.confirm_factor(&HOME, ann, own, &old).await.unwrap_err().code(), Code::InvalidOtp);
    let phone = Phone::new(&second.secret);
    office.confirm_factor(&HOME, ann, own, &phone.shows(&office, 0)).await.unwrap();
    assert_eq!(office.enrol_factor(&HOME, ann, PASSWORD).await.err().unwrap().code(), Code::WrongState);
    assert_eq!(refusal(&office, "ann", None).await, Code::MfaRequired);

    office.advance(30 * SECOND);
    let otp = phone.shows(&office, 0);
    assert_eq!(
        office.remove_factor(&HOME, ann, "a wrong password", &otp).await.unwrap_err().code(),
        Code::InvalidCredentials
    );
    assert_eq!(office.remove_factor(&HOME, ann, PASSWORD, "000000").await.unwrap_err().code(), Code::InvalidOtp);
    office.remove_factor(&HOME, ann, PASSWORD, &otp).await.unwrap();
    sign_in(&office, "ann", None).await.unwrap();
    assert!(office.told("ann@example.org", "Subject: Second factor off").await);
}

#[tokio::test]
async fn a_reset_asks_for_the_second_factor_too() {
    let office = Office::new().await;
    let (ann, phone, codes) = guarded(&office, "ann").await;
    office.forgot_password(&HOME, Contact::Email("ann@example.org")).await.unwrap();
    let token = office.token_to("ann@example.org").await;
    assert_eq!(office.reset_password(&HOME, &token, NEW, None).await.unwrap_err().code(), Code::MfaRequired);
    let used = phone.shows(&office, 0);
    assert_eq!(office.reset_password(&HOME, &token, NEW, Some(&used)).await.unwrap_err().code(), Code::InvalidOtp);
    assert_eq!(refusal(&office, "ann", None).await, Code::MfaRequired, "the old password is still the one");
    office.reset_password(&HOME, &token, NEW, Some(&codes[3])).await.unwrap();
    assert!(office.user(ann).await.unwrap().second_factor);
    // With a token that is used up no recovery code is.
    let late = office.reset_password(&HOME, &token, NEW, Some(&codes[4])).await.unwrap_err();
    assert_eq!(late.code(), Code::InvalidToken);
    assert_eq!(office.factor_state(ann).await.unwrap().recovery_codes_left, 9);
}

#[tokio::test]
async fn five_codes_in_a_quarter_of_an_hour_are_all_there_is_on_every_node() {
    let office = Office::new().await;
    let (_, phone, codes) = guarded(&office, "ann").await;
    let elsewhere = office.elsewhere();
    office.advance(MINUTE);
    for guess in 0..5 {
        let otp = format!("00000{guess}");
        assert_ne!(otp, phone.shows(&office, 0));
        let contact = Contact::Email("ann@example.org");
        let credentials = Credentials { contact, password: PASSWORD, otp: Some(&otp), origin: &HOME };
        let node = if guess % 2 == 0 { &elsewhere } else { &office.identity };
        assert_eq!(node.login(credentials).await.unwrap_err().code(), Code::InvalidOtp);
    }
    match sign_in(&office, "ann", Some(&codes[0])).await {
        Err(AccountError::RateLimited { retry_after }) => assert_eq!(retry_after, 15 * MINUTE),
        other => panic!("{other:?}"),
    }
    assert!(office.told("ann@example.org", "Subject: Wrong codes").await);
    office.advance(15 * MINUTE);
    sign_in(&office, "ann", Some(&codes[0])).await.unwrap();
}

#[tokio::test]
async fn who_does_not_know_the_password_uses_up_no_codes() {
    let office = Office::new().await;
    let (_, _, codes) = guarded(&office, "ann").await;
    for guess in 0..9 {
        let otp = format!("00000{guess}");
        let contact = Contact::Email("ann@example.org");
        let credentials = Credentials { contact, password: "a wrong password", otp: Some(&otp), origin: &HOME };
        assert_eq!(office.login(credentials).await.unwrap_err().code(), Code::InvalidCredentials);
    }
    sign_in(&office, "ann", Some(&codes[0])).await.unwrap();
}

/// How many of `count` sign-ins at once with the same code go through.
async fn race(office: &Office, name: &str, otp: &str, count: usize) -> usize {
    let mut racers = JoinSet::new();
    for _ in 0..count {
        let (identity, email, otp) = (office.identity.clone(), format!("{name}@example.org"), otp.to_owned());
        racers.spawn(async move {
            let contact = Contact::Email(&email);
            identity.login(Credentials { contact, password: PASSWORD, otp: Some(&otp), origin: &HOME }).await.is_ok()
        });
    }
    racers.join_all().await.into_iter().filter(|won| *won).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_code_used_many_times_at_once_has_one_winner() {
    let office = Office::new().await;
    let (_, phone, _) = guarded(&office, "ann").await;
    for round in 0..100 {
        office.advance(16 * MINUTE);
        assert_eq!(race(&office, "ann", &phone.shows(&office, 0), 4).await, 1, "round {round}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_recovery_code_used_many_times_at_once_has_one_winner() {
    let office = Office::new().await;
    let (ann, phone, mut codes) = guarded(&office, "ann").await;
    for round in 0..100 {
        office.advance(16 * MINUTE);
        if codes.is_empty() {
            codes = office.renew_recovery_codes(&HOME, ann, PASSWORD, &phone.shows(&office, 0)).await.unwrap();
            office.advance(16 * MINUTE);
        }
        let code = codes.pop().expect("there is one");
        assert_eq!(race(&office, "ann", &code, 4).await, 1, "round {round}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_factor_confirmed_many_times_at_once_gives_its_recovery_codes_once() {
    let office = Office::new().await;
    for round in 0..20 {
        let fan = office.verified_fan(&format!("fan{round}")).await;
        let (fan, own) = (fan.user.id, office.verify(&fan.access_token).unwrap().session);
        let phone = Phone::new(&office.enrol_factor(&HOME, fan, PASSWORD).await.unwrap().secret);
        let otp = phone.shows(&office, 0);
        let mut racers = JoinSet::new();
        for _ in 0..4 {
            let (identity, otp) = (office.identity.clone(), otp.clone());
            racers.spawn(async move { identity.confirm_factor(&HOME, fan, own, &otp).await.is_ok() });
        }
        assert_eq!(racers.join_all().await.into_iter().filter(|won| *won).count(), 1, "round {round}");
    }
}

#[tokio::test]
async fn someone_of_a_number_has_a_second_factor_as_well() {
    let office = Office::new().await;
    let contact = Contact::Phone("+4930901820");
    let new = identity::NewAccount { contact, ..newcomer("", "Ann") };
    let ann = office.register(new, &HOME).await.unwrap();
    let (ann, own) = (ann.user.id, office.verify(&ann.access_token).unwrap().session);
    let code = office.code_to("+4930901820").await;
    office.verify_contact(&HOME, ann, identity::Channel::Phone, &code).await.unwrap();
    let enrolment = office.enrol_factor(&HOME, ann, PASSWORD).await.unwrap();
    let phone = Phone::new(&enrolment.secret);
    office.confirm_factor(&HOME, ann, own, &phone.shows(&office, 0)).await.unwrap();
    let refused =
        office.login(Credentials { contact, password: PASSWORD, otp: None, origin: &HOME }).await.unwrap_err();
    assert_eq!(refused.code(), Code::MfaRequired);
}

#[tokio::test]
async fn a_stolen_session_with_the_password_changes_nothing_without_the_second_factor() {
    let office = Office::new().await;
    let (ann, phone, codes) = guarded(&office, "ann").await;
    office.advance(10 * MINUTE);
    let own = sign_in(&office, "ann", Some(&phone.shows(&office, 0))).await.unwrap();
    let own = office.verify(&own.access_token).unwrap();
    let thief = Contact::Email("thief@example.org");
    for (otp, code) in [(None, Code::MfaRequired), (Some("000000"), Code::InvalidOtp)] {
        let contact = office.change_contact(&HOME, ann, thief, PASSWORD, otp).await.unwrap_err();
        let password = office.change_password(&HOME, ann, own.session, PASSWORD, NEW, otp).await.unwrap_err();
        assert_eq!((contact.code(), password.code()), (code, code));
    }
    office.change_contact(&HOME, ann, Contact::Email("anne@example.org"), PASSWORD, Some(&codes[0])).await.unwrap();
    office.change_password(&HOME, ann, own.session, PASSWORD, NEW, Some(&codes[1])).await.unwrap();
}

#[tokio::test]
async fn who_guesses_at_codes_with_a_stolen_password_does_not_keep_the_owner_from_setting_another() {
    let office = Office::new().await;
    let (_, _, codes) = guarded(&office, "ann").await;
    for _ in 0..5 {
        assert_eq!(refusal(&office, "ann", Some("000000")).await, Code::InvalidOtp);
    }
    assert_eq!(refusal(&office, "ann", Some(&codes[0])).await, Code::RateLimited);
    office.forgot_password(&HOME, Contact::Email("ann@example.org")).await.unwrap();
    let token = office.token_to("ann@example.org").await;
    for _ in 0..4 {
        assert_eq!(
            office.reset_password(&HOME, &token, NEW, Some("000000")).await.unwrap_err().code(),
            Code::InvalidOtp
        );
    }
    office.reset_password(&HOME, &token, NEW, Some(&codes[0])).await.unwrap();
    // There the guesses are counted, too.
    office.forgot_password(&HOME, Contact::Email("ann@example.org")).await.unwrap();
    let token = office.token_to("ann@example.org").await;
    for _ in 0..5 {
        assert_eq!(
            office.reset_password(&HOME, &token, NEW, Some("000000")).await.unwrap_err().code(),
            Code::InvalidOtp
        );
    }
    assert_eq!(office.reset_password(&HOME, &token, NEW, Some(&codes[1])).await.unwrap_err().code(), Code::RateLimited);
}

#[tokio::test]
async fn a_factor_that_is_turned_on_ends_the_sessions_without_it() {
    let office = Office::new().await;
    let (ann, thief) = (office.verified_fan("ann").await, sign_in(&office, "ann", None).await.unwrap());
    let own = office.verify(&ann.access_token).unwrap();
    let phone = Phone::new(&office.enrol_factor(&HOME, own.user, PASSWORD).await.unwrap().secret);
    office.confirm_factor(&HOME, own.user, own.session, "000000").await.unwrap_err();
    assert!(office.verify(&thief.access_token).is_ok(), "nothing was turned on");
    office.confirm_factor(&HOME, own.user, own.session, &phone.shows(&office, 0)).await.unwrap();
    assert_eq!(office.verify(&thief.access_token), Err(TokenError::Revoked));
    assert!(office.refresh(&HOME, &thief.refresh_token).await.is_err());
    assert!(office.verify(&ann.access_token).is_ok());
    office.refresh(&HOME, &ann.refresh_token).await.unwrap();
}

#[tokio::test]
async fn nobody_is_erased_without_the_password_and_the_second_factor() {
    let office = Office::new().await;
    let (ann, _, codes) = guarded(&office, "ann").await;
    let mill = office.create_organizer(ann, "Old Mill").await.unwrap().id;
    let erase = async |password, otp| office.delete(&HOME, ann, password, otp, &[mill]).await;
    for (password, otp, code) in [
        ("a wrong password", Some(&*codes[0]), Code::InvalidCredentials),
        (PASSWORD, None, Code::MfaRequired),
        (PASSWORD, Some("000000"), Code::InvalidOtp),
    ] {
        assert_eq!(erase(password, otp).await.unwrap_err().code(), code);
        assert_eq!(office.role_of(ann, mill).await.unwrap(), Some(identity::Role::Owner), "{code:?} changes nothing");
    }
    // What is refused uses up no code.
    let last = office.delete(&HOME, ann, PASSWORD, Some(&codes[0]), &[]).await.unwrap_err();
    assert_eq!(last.code(), Code::WrongState);
    erase(PASSWORD, Some(&codes[0])).await.unwrap();
    assert_eq!(office.user(ann).await.unwrap_err().code(), Code::NotFound);
    assert!(office.members(mill).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_seeded_factor_is_on_from_the_start() {
    let office = Office::new().await;
    let secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";
    let id = UserId(uuid::Uuid::from_u128(7));
    let account = newcomer("ann@example.org", "Ann");
    let seed = |second_factor| SeedAccount { id, account, platform_admin: true, second_factor };
    for wrong in ["", "JBSWY3DP", "not base 32 at all"] {
        assert_eq!(office.seed_account(seed(Some(wrong))).await.unwrap_err().code(), Code::InvalidField, "{wrong:?}");
    }
    office.seed_account(seed(Some(secret))).await.unwrap();
    assert!(office.factor_state(id).await.unwrap().on_since.is_some());
    assert_eq!(refusal(&office, "ann", None).await, Code::MfaRequired);
    let shown = Phone::new(secret).shows(&office, 0);
    sign_in(&office, "ann", Some(&shown)).await.unwrap();
    assert_eq!(refusal(&office, "ann", Some(&shown)).await, Code::InvalidOtp, "each code once, from the first on");
}

#[tokio::test]
async fn what_an_organizer_asks_of_its_members_counts_at_once() {
    let office = Office::new().await;
    let owner = office.verified_fan("owner").await;
    let (owner, own) = (owner.user.id, office.verify(&owner.access_token).unwrap().session);
    let mill = office.create_organizer(owner, "Old Mill").await.unwrap().id;
    let lacks = async || office.standing_of(owner, mill).await.unwrap().unwrap().lacks_factor;
    let ask = async |need| office.ask_members_for_factor(&HOME, mill, owner, need).await;
    assert!(!lacks().await);
    assert_eq!(ask(true).await.unwrap_err().code(), Code::SecondFactorRequired, "or nobody could take it back");
    let phone = Phone::new(&office.enrol_factor(&HOME, owner, PASSWORD).await.unwrap().secret);
    let codes = office.confirm_factor(&HOME, owner, own, &phone.shows(&office, 0)).await.unwrap();
    assert!(ask(true).await.unwrap().members_need_factor);
    assert!(!lacks().await);
    office.remove_factor(&HOME, owner, PASSWORD, &codes[0]).await.unwrap();
    assert!(lacks().await);
    let phone = Phone::new(&office.enrol_factor(&HOME, owner, PASSWORD).await.unwrap().secret);
    office.confirm_factor(&HOME, owner, own, &phone.shows(&office, 0)).await.unwrap();
    assert!(!lacks().await);
    assert!(!ask(false).await.unwrap().members_need_factor);
}

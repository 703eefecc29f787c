use std::time::Duration;

use identity::{AccountError, Contact, Credentials, Locale, NewAccount, SeedAccount};
use stagedoor_core::{Code, UserId};
use store::{Backend, Origin};
use testkit::Log;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::{HOME, MINUTE, Office, PASSWORD, newcomer};

#[tokio::test]
async fn a_fan_registers_and_signs_in_again() {
    let office = Office::new().await;
    let new = newcomer(" Ann@Example.org ", " Ann Other ");
    let ann = office.register(new, &HOME).await.unwrap();
    assert_eq!((ann.user.email(), ann.user.name.as_str()), (Some("ann@example.org"), "Ann Other"));
    assert!(!ann.user.platform_admin);
    assert_eq!(ann.expires_in, 3600);
    assert_eq!(office.verify(&ann.access_token).unwrap().user, ann.user.id);
    assert_eq!(office.user(ann.user.id).await.unwrap(), ann.user);

    let again = office.try_login("ann@example.org", PASSWORD).await.unwrap();
    assert_eq!(again.user, ann.user);
    let sessions = [&ann, &again].map(|signed_in| office.verify(&signed_in.access_token).unwrap().session);
    assert_ne!(sessions[0], sessions[1]);
}

#[tokio::test]
async fn what_does_not_fit_is_refused_by_field() {
    let office = Office::new().await;
    let fit = newcomer("ann@example.org", "Ann");
    for (field, new) in [
        ("email", newcomer("ann", "Ann")),
        ("email", newcomer("ann@xn--zzzzzz.org", "Ann")),
        ("email", newcomer(&format!("{}@example.org", "a".repeat(10_000)), "Ann")),
        ("name", NewAccount { name: " ", ..fit }),
        ("name", NewAccount { name: "Ann\u{202e}", ..fit }),
        ("password", NewAccount { password: "short", ..fit }),
        ("password", NewAccount { password: "Password123!", ..fit }),
        ("password", NewAccount { password: "ann@example.org", ..fit }),
        ("phone", NewAccount { contact: Contact::Phone("030 901820"), ..fit }),
        ("password", NewAccount { password: &"long ".repeat(26), ..fit }),
    ] {
        match office.register(new, &HOME).await {
            Err(AccountError::Field(error)) => assert_eq!(error.field, field),
            other => panic!("{field}: {other:?}"),
        }
    }
    office.register(fit, &HOME).await.unwrap();
}

#[tokio::test]
async fn spellings_of_one_address_share_one_account() {
    let office = Office::new().await;
    let ann = newcomer("ann@b\u{fc}cher.example", "Ann");
    let id = office.register(ann, &HOME).await.unwrap().user.id;
    for email in [
        "ANN@b\u{fc}cher.example",
        "  ann@B\u{dc}CHER.EXAMPLE\t",
        "ann@bu\u{308}cher.example",
        "\u{ff41}\u{ff4e}\u{ff4e}@b\u{fc}cher.example",
        "ann@xn--bcher-kva.example",
    ] {
        let taken = office.register(newcomer(email, "Ann"), &HOME).await.unwrap_err();
        assert_eq!(taken.code(), Code::EmailTaken, "{email}");
        assert_eq!(office.try_login(email, PASSWORD).await.unwrap().user.id, id, "{email}");
    }
    office.register(newcomer("ann+x@b\u{fc}cher.example", "Ann"), &HOME).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_address_raced_for_has_one_winner() {
    let office = Office::new().await;
    let mut racers = JoinSet::new();
    for racer in 0..16 {
        let identity = office.identity.clone();
        racers.spawn(async move {
            let email = if racer % 2 == 0 { "ann@example.org" } else { "ANN@example.org" };
            let answer = identity.register(newcomer(email, "Ann"), &HOME).await;
            answer.map(|_| ()).map_err(|error| error.code())
        });
    }
    let answers = racers.join_all().await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1, "{answers:?}");
    assert_eq!(answers.iter().filter(|answer| **answer == Err(Code::EmailTaken)).count(), 15, "{answers:?}");
}

#[tokio::test]
async fn passwords_are_compared_exactly() {
    let office = Office::new().await;
    office.fan("ann").await;
    for wrong in
        ["", "an old mill by the se", "an old mill by the sea ", "An old mill by the sea", &"x".repeat(100_000)]
    {
        let refused = office.try_login("ann@example.org", wrong).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidCredentials);
    }
}

#[tokio::test]
async fn guessing_is_limited_alike_for_known_and_unknown_addresses() {
    let office = Office::new().await;
    office.fan("ann").await;
    for email in ["ann@example.org", "nobody@example.org"] {
        for guess in 0..10 {
            let refused = office.try_login(email, "a wrong password").await.unwrap_err();
            assert_eq!(refused.code(), Code::InvalidCredentials, "{email} {guess}");
        }
        // Now even the right one has to wait, and is told for how long.
        match office.try_login(email, PASSWORD).await {
            Err(AccountError::RateLimited { retry_after }) => assert_eq!(retry_after, 15 * MINUTE),
            other => panic!("{email}: {other:?}"),
        }
    }
    office.advance(15 * MINUTE);
    office.try_login("ann@example.org", PASSWORD).await.unwrap();
}

#[tokio::test]
async fn guesses_by_address_and_by_number_are_counted_together() {
    let office = Office::new().await;
    let ann = office.verified_fan("ann").await.user.id;
    office.change_contact(&HOME, ann, Contact::Phone("+4930901820"), PASSWORD, None).await.unwrap();
    let code = office.code_to("+4930901820").await;
    office.verify_contact(&HOME, ann, identity::Channel::Phone, &code).await.unwrap();
    let ways = [Contact::Email("ann@example.org"), Contact::Phone("+4930901820")];
    let sign_in = async |contact, password| {
        let tried = office.login(Credentials { contact, password, otp: None, origin: &HOME }).await;
        tried.map(drop).map_err(|error| error.code())
    };
    for guess in 0..10 {
        assert_eq!(sign_in(ways[guess % 2], "a wrong password").await, Err(Code::InvalidCredentials), "{guess}");
    }
    for way in ways {
        assert_eq!(sign_in(way, PASSWORD).await, Err(Code::RateLimited));
    }
    // A new password by a token from the mailbox lets the owner in by both.
    office.forgot_password(&HOME, ways[0]).await.unwrap();
    let token = office.token_to("ann@example.org").await;
    office.reset_password(&HOME, &token, "a young hill by the lake", None).await.unwrap();
    for way in ways {
        assert_eq!(sign_in(way, "a young hill by the lake").await, Ok(()));
    }
}

#[tokio::test]
async fn signing_in_forgives_earlier_mistakes() {
    let office = Office::new().await;
    office.fan("ann").await;
    for _ in 0..4 {
        for _ in 0..9 {
            let refused = office.try_login("ann@example.org", "a wrong password").await.unwrap_err();
            assert_eq!(refused.code(), Code::InvalidCredentials);
        }
        office.try_login("ann@example.org", PASSWORD).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn guesses_made_at_once_are_counted_one_by_one() {
    let office = Office::new().await;
    office.fan("ann").await;
    let mut guesses = JoinSet::new();
    for _ in 0..40 {
        let identity = office.identity.clone();
        guesses.spawn(async move {
            let wrong = Credentials {
                contact: Contact::Email("ann@example.org"),
                password: "a wrong password",
                otp: None,
                origin: &HOME,
            };
            identity.login(wrong).await.unwrap_err().code()
        });
    }
    let codes = guesses.join_all().await;
    assert_eq!(codes.iter().filter(|code| **code == Code::InvalidCredentials).count(), 10, "{codes:?}");
    assert_eq!(codes.iter().filter(|code| **code == Code::RateLimited).count(), 30, "{codes:?}");
}

#[tokio::test]
async fn one_address_cannot_try_one_password_on_everyone() {
    let office = Office::new().await;
    office.fan("ann").await;
    for fan in 0..50 {
        let refused = office.try_login(&format!("fan{fan}@example.org"), "a wrong password").await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidCredentials, "{fan}");
    }
    assert_eq!(office.try_login("ann@example.org", PASSWORD).await.unwrap_err().code(), Code::RateLimited);
    let origin = &Origin::address("198.51.100.9".parse().unwrap());
    let elsewhere = Credentials { contact: Contact::Email("ann@example.org"), password: PASSWORD, otp: None, origin };
    office.login(elsewhere).await.unwrap();
}

#[tokio::test]
async fn a_name_can_change() {
    let office = Office::new().await;
    let ann = office.fan("ann").await.user;
    assert_eq!(office.rename(ann.id, " Ann Elsewhere ").await.unwrap().name.as_str(), "Ann Elsewhere");
    assert_eq!(office.user(ann.id).await.unwrap().name.as_str(), "Ann Elsewhere");
    assert_eq!(office.rename(ann.id, "").await.unwrap_err().code(), Code::InvalidField);
    assert_eq!(office.rename(UserId(Uuid::nil()), "Nobody").await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn an_erased_account_is_gone_and_its_address_free() {
    let office = Office::new().await;
    let ann = office.fan("ann").await;
    office.delete(&HOME, ann.user.id, PASSWORD, None, &[]).await.unwrap();

    assert_eq!(office.user(ann.user.id).await.unwrap_err().code(), Code::NotFound);
    assert_eq!(office.rename(ann.user.id, "Ann").await.unwrap_err().code(), Code::NotFound);
    assert_eq!(office.delete(&HOME, ann.user.id, PASSWORD, None, &[]).await.unwrap_err().code(), Code::NotFound);
    assert!(office.verify(&ann.access_token).is_err());
    assert_eq!(office.refresh(&HOME, &ann.refresh_token).await.unwrap_err().code(), Code::InvalidToken);
    assert_eq!(office.try_login("ann@example.org", PASSWORD).await.unwrap_err().code(), Code::InvalidCredentials);
    assert_ne!(office.fan("ann").await.user.id, ann.user.id);
}

/// As a backup restored after the erasure would bring them back.
#[tokio::test]
async fn what_was_copied_of_an_erased_account_does_not_open() {
    let office = Office::new().await;
    let ann = office.fan("ann").await.user;
    let copy = "SELECT email_index, email, name, password FROM account WHERE id = $1";
    let read = |row: &store::Row| {
        Ok((row.get::<Vec<u8>>(0)?, row.get::<Vec<u8>>(1)?, row.get::<Vec<u8>>(2)?, row.get::<Vec<u8>>(3)?))
    };
    let (index, email, name, password) =
        office.db.begin_read().await.unwrap().one(copy, (ann.id,), read).await.unwrap();
    office.delete(&HOME, ann.id, PASSWORD, None, &[]).await.unwrap();
    let tx = office.db.begin_write().await.unwrap();
    let restore = "UPDATE account SET email_index = $2, email = $3, name = $4, password = $5, erased_at = NULL
                    WHERE id = $1";
    tx.execute(restore, (ann.id, &index[..], &email[..], &name[..], &password[..])).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(office.user(ann.id).await.unwrap_err().code(), Code::NotFound);
    assert_eq!(office.try_login("ann@example.org", PASSWORD).await.unwrap_err().code(), Code::InvalidCredentials);
    assert_eq!(office.rename(ann.id, "Ann").await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn erasure_leaves_an_id_and_nothing_else() {
    let office = Office::new().await;
    let ann = office.fan("ann").await.user;
    office.delete(&HOME, ann.id, PASSWORD, None, &[]).await.unwrap();
    let tx = office.db.begin_read().await.unwrap();
    let bare = tx
        .one(
            "SELECT COUNT(*) FROM account WHERE id = $1
                AND email_index IS NULL AND email IS NULL AND name IS NULL AND password IS NULL",
            (ann.id,),
            |row| row.get::<i64>(0),
        )
        .await
        .unwrap();
    assert_eq!(bare, 1);
}

#[tokio::test]
async fn the_database_file_holds_nothing_readable() {
    let office = Office::new().await;
    if office.db.backend() != Backend::Sqlite {
        return; // The file of a PostgreSQL table is not ours to read; what is written is the same.
    }
    let new = NewAccount {
        contact: Contact::Email("canary-mail@example.org"),
        password: "canary passphrase",
        name: "Canary Name",
        locale: Locale::English,
    };
    let signed_in = office.register(new, &HOME).await.unwrap();
    let files: Vec<Vec<u8>> = std::fs::read_dir(office.db.folder.path())
        .unwrap()
        .map(|entry| std::fs::read(entry.unwrap().path()).unwrap())
        .collect();
    let holds = |text: &str| files.iter().any(|file| file.windows(text.len()).any(|part| part == text.as_bytes()));
    assert!(holds("membership"), "the schema is where the rows are looked for");
    for secret in ["canary-mail", "canary passphrase", "Canary Name", "argon2id", &signed_in.refresh_token] {
        assert!(!holds(secret), "{secret}");
    }
}

#[tokio::test]
async fn nothing_personal_or_secret_is_logged_or_debugged() {
    let office = Office::new().await;
    let log = Log::start();
    let new = NewAccount {
        contact: Contact::Email("canary-mail@example.org"),
        password: "canary passphrase",
        name: "Canary Name",
        locale: Locale::English,
    };
    let ann = office.register(new, &HOME).await.unwrap();
    office.register(new, &HOME).await.unwrap_err();
    office.try_login("canary-mail@example.org", "canary mistake").await.unwrap_err();
    let again = office.try_login("canary-mail@example.org", "canary passphrase").await.unwrap();
    let next = office.refresh(&HOME, &again.refresh_token).await.unwrap();
    office.advance(MINUTE);
    office.refresh(&HOME, &again.refresh_token).await.unwrap_err();
    let mill = office.create_organizer(ann.user.id, "Old Mill").await.unwrap();
    let members = office.members(mill.id).await.unwrap();
    office.rename(ann.user.id, "Canary Name").await.unwrap();

    let mut text = log.end();
    assert!(text.contains("a used refresh token came back"), "{text}");
    text += &format!("{ann:?} {:?} {members:?} {:?}", ann.user, office.identity);
    for secret in ["canary", "Canary", "argon2", &ann.access_token, &again.refresh_token, &next.refresh_token] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}

#[tokio::test]
async fn a_seeded_account_has_its_id_and_is_made_once() {
    let office = Office::new().await;
    let id = UserId(Uuid::from_u128(7));
    let account = newcomer("admin@example.org", "Admin");
    let seed = SeedAccount { id, account, platform_admin: true, second_factor: None };
    office.seed_account(seed).await.unwrap();
    office.seed_account(seed).await.unwrap();
    let admin = office.try_login("admin@example.org", PASSWORD).await.unwrap();
    assert_eq!(admin.user.id, id);
    assert!(office.verify(&admin.access_token).unwrap().platform_admin);
    let other = SeedAccount { id: UserId(Uuid::from_u128(8)), ..seed };
    assert_eq!(office.seed_account(other).await.unwrap_err().code(), Code::EmailTaken);
}

#[tokio::test]
async fn platform_administration_is_given_and_taken_back() {
    let office = Office::new().await;
    let before = office.fan("ann").await;
    office.grant_platform_admin(before.user.id).await.unwrap();
    let admin = office.refresh(&HOME, &before.refresh_token).await.unwrap();
    assert!(!office.verify(&before.access_token).unwrap().platform_admin);
    assert!(office.verify(&admin.access_token).unwrap().platform_admin);

    office.withdraw_platform_admin(before.user.id).await.unwrap();
    assert!(office.verify(&admin.access_token).is_err());
    assert_eq!(office.refresh(&HOME, &admin.refresh_token).await.unwrap_err().code(), Code::InvalidToken);
    let after = office.try_login("ann@example.org", PASSWORD).await.unwrap();
    assert!(!office.verify(&after.access_token).unwrap().platform_admin);
    assert_eq!(office.grant_platform_admin(UserId(Uuid::nil())).await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn the_same_seed_makes_the_same_accounts() {
    let (one, two) = (Office::new().await, Office::new().await);
    let (one, two) = (one.fan("ann").await, two.fan("ann").await);
    assert_eq!((one.user.id, one.access_token), (two.user.id, two.access_token));
    assert_eq!(one.refresh_token, two.refresh_token);
    assert_eq!(Duration::from_secs(one.expires_in), crate::HOUR);
}

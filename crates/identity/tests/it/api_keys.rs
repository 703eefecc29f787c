use std::time::Duration;

use identity::{
    ApiKey, Bearer, Maker, NewApiKey, Program, ProgramError, ProgramId, Role, Scopes, ShownKey, TokenError,
};
use stagedoor_core::OrganizerId;

use crate::{DAY, HOME, HOUR, Office, PASSWORD, SECOND};

fn scopes(text: &str) -> Scopes {
    text.parse().unwrap()
}

fn new(name: &str) -> NewApiKey<'_> {
    NewApiKey { name, scopes: scopes("sales.read checkins.write"), expires_at: None }
}

async fn organizer(office: &Office, name: &str) -> (OrganizerId, stagedoor_core::UserId) {
    let owner = office.fan(name).await.user.id;
    (office.create_organizer(owner, name).await.unwrap().id, owner)
}

/// Whose key it is, as a request finds out.
async fn known(identity: &identity::Identity, secret: &str) -> Result<Program, TokenError> {
    let bearer = match identity.bearer(secret)? {
        Some(bearer) => bearer,
        None => identity.look_up_key(secret).await.unwrap()?,
    };
    match bearer {
        Bearer::Program(program) => Ok(program),
        other => panic!("{other:?}"),
    }
}

async fn only(office: &Office, organizer: OrganizerId) -> ApiKey {
    let keys = office.api_keys_of(organizer).await.unwrap();
    assert_eq!(keys.len(), 1);
    keys.into_iter().next().unwrap()
}

#[tokio::test]
async fn a_key_acts_for_its_organizer() {
    let office = Office::new().await;
    let (mill, owner) = organizer(&office, "mill").await;
    let ShownKey { key, secret } = office.create_api_key(&HOME, mill, owner, Role::Owner, new("Till")).await.unwrap();
    assert!(secret.starts_with(&key.hint) && key.hint.starts_with("sk_") && secret.len() > 60);
    assert_eq!(office.bearer(&secret), Ok(None), "only the database knows it yet");
    let program = known(&office, &secret).await.unwrap();
    assert_eq!((program.id, program.organizer, program.user), (ProgramId::Key(key.id), mill, None));
    assert_eq!(program.scopes, scopes("sales.read checkins.write"));
    assert_eq!(office.bearer(&secret), Ok(Some(Bearer::Program(program))), "and now memory does");
    assert_eq!(office.verify(&secret), Err(TokenError::Malformed), "it is nobody's session");
    let listed = only(&office, mill).await;
    assert_eq!((listed.id, listed.name.as_str()), (key.id, "Till"));
    let mut other = secret.clone();
    other.replace_range(10..11, if &secret[10..11] == "0" { "1" } else { "0" });
    for wrong in ["sk_", "", &other, &secret[..70], &secret.to_uppercase()] {
        assert!(known(&office, wrong).await.is_err(), "{wrong}");
    }
}

#[tokio::test]
async fn the_secret_is_nowhere_in_the_database() {
    let office = Office::new().await;
    let (mill, owner) = organizer(&office, "mill").await;
    let secret = office.create_api_key(&HOME, mill, owner, Role::Owner, new("Till")).await.unwrap().secret;
    let tx = office.db.store.begin_read().await.unwrap();
    let stored = tx.one("SELECT secret, hint FROM api_key", (), |row| Ok((row.get::<Vec<u8>>(0)?, row.get(1)?))).await;
    let (stored, hint): (Vec<u8>, String) = stored.unwrap();
    assert_eq!((stored.len(), hint.len()), (32, 11));
    // Neither its letters nor the bytes that they stand for, of which a piece would do.
    let digits = secret.strip_prefix("sk_").unwrap().as_bytes().chunks(2);
    let raw: Vec<u8> = digits.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect();
    assert_eq!(raw.len(), 36);
    for part in secret.as_bytes().windows(12).skip(2).chain(raw.windows(6)) {
        assert!(!stored.windows(part.len()).any(|window| window == part), "{part:?}");
    }
}

#[tokio::test]
async fn a_revoked_key_is_good_no_more_here_at_once_and_elsewhere_soon() {
    let office = Office::new().await;
    let (mill, owner) = organizer(&office, "mill").await;
    let (rival, _) = organizer(&office, "rival").await;
    let ShownKey { key, secret } = office.create_api_key(&HOME, mill, owner, Role::Owner, new("Till")).await.unwrap();
    let elsewhere = office.elsewhere();
    assert!(known(&office, &secret).await.is_ok() && known(&elsewhere, &secret).await.is_ok());
    assert!(matches!(office.revoke_api_key(&HOME, rival, key.id).await, Err(ProgramError::NotFound)), "not theirs");
    assert!(known(&office, &secret).await.is_ok());
    office.revoke_api_key(&HOME, mill, key.id).await.unwrap();
    office.revoke_api_key(&HOME, mill, key.id).await.unwrap();
    assert!(known(&office, &secret).await.is_err());
    office.advance(5 * SECOND);
    assert!(known(&elsewhere, &secret).await.is_err());
    assert_eq!(office.api_keys_of(mill).await.unwrap(), []);
}

#[tokio::test]
async fn a_key_is_changed_without_a_gap() {
    let office = Office::new().await;
    let (mill, owner) = organizer(&office, "mill").await;
    let before = office.create_api_key(&HOME, mill, owner, Role::Owner, new("Till")).await.unwrap();
    let id = before.key.id;
    let after = office.rotate_api_key(&HOME, mill, id, Role::Owner, HOUR).await.unwrap();
    assert_ne!(before.secret, after.secret);
    assert_eq!(only(&office, mill).await.hint, after.key.hint);
    for secret in [&before.secret, &after.secret] {
        assert_eq!(known(&office, secret).await.unwrap().id, ProgramId::Key(id), "the two are one");
    }
    office.advance(HOUR);
    assert!(known(&office, &before.secret).await.is_err());
    assert!(known(&office, &after.secret).await.is_ok());
    let at_once = office.rotate_api_key(&HOME, mill, id, Role::Owner, Duration::ZERO).await.unwrap();
    assert!(known(&office, &after.secret).await.is_err() && known(&office, &at_once.secret).await.is_ok());
    assert!(matches!(office.rotate_api_key(&HOME, mill, id, Role::Viewer, HOUR).await, Err(ProgramError::BeyondRole)));
    office.revoke_api_key(&HOME, mill, id).await.unwrap();
    for shown in [before, after, at_once] {
        assert!(known(&office, &shown.secret).await.is_err());
    }
}

#[tokio::test]
async fn a_key_ends_when_it_was_to() {
    let office = Office::new().await;
    let (mill, owner) = organizer(&office, "mill").await;
    let at = office.db.env.now() + 2 * SECOND;
    let wish = NewApiKey { expires_at: Some(at), ..new("Till") };
    let secret = office.create_api_key(&HOME, mill, owner, Role::Owner, wish).await.unwrap().secret;
    assert!(known(&office, &secret).await.is_ok());
    office.advance(SECOND);
    assert!(known(&office, &secret).await.is_ok());
    office.advance(SECOND);
    assert!(known(&office, &secret).await.is_err(), "memory does not keep it longer");
    let wish = NewApiKey { expires_at: Some(office.db.env.now()), ..new("Till") };
    let late = office.create_api_key(&HOME, mill, owner, Role::Owner, wish).await;
    assert!(matches!(late, Err(ProgramError::Field(_))));
}

#[tokio::test]
async fn the_day_of_the_last_use_is_kept() {
    let office = Office::new().await;
    let (mill, owner) = organizer(&office, "mill").await;
    let secret = office.create_api_key(&HOME, mill, owner, Role::Owner, new("Till")).await.unwrap().secret;
    assert_eq!(only(&office, mill).await.used_on, None);
    let midnight = office.db.env.now();
    assert_eq!(midnight.seconds() % 86_400, 0, "the clock of a test begins with a day");
    office.advance(HOUR);
    for _ in 0..3 {
        known(&office, &secret).await.unwrap();
        assert_eq!(only(&office, mill).await.used_on, Some(midnight));
        office.advance(HOUR);
    }
    office.advance(DAY);
    known(&office, &secret).await.unwrap();
    assert_eq!(only(&office, mill).await.used_on, Some(midnight + DAY));
}

#[tokio::test]
async fn nobody_makes_a_key_that_can_do_more_than_they() {
    let office = Office::new().await;
    let (mill, owner) = organizer(&office, "mill").await;
    let make = async |role, text: &str| {
        let wish = NewApiKey { scopes: scopes(text), ..new("Till") };
        office.create_api_key(&HOME, mill, owner, role, wish).await
    };
    assert!(make(Role::Manager, "catalog.write refunds.write checkins.write").await.is_ok());
    assert!(matches!(make(Role::Finance, "catalog.write").await, Err(ProgramError::BeyondRole)));
    assert!(matches!(make(Role::Owner, "orders.read").await, Err(ProgramError::Field(_))), "a key is no person");
    assert!(matches!(make(Role::Owner, "sales.read holds.write").await, Err(ProgramError::Field(_))));
    for _ in 1..50 {
        make(Role::Owner, "sales.read").await.unwrap();
    }
    assert!(matches!(make(Role::Owner, "sales.read").await, Err(ProgramError::LimitReached)));
    assert_eq!(office.api_keys_of(mill).await.unwrap().len(), 50);
    let nowhere = office.create_api_key(&HOME, office.db.env.id(), owner, Role::Owner, new("Till")).await;
    assert!(matches!(nowhere, Err(ProgramError::NotFound)));
}

#[tokio::test]
async fn an_organizer_that_ends_takes_its_programs_along() {
    let office = Office::new().await;
    let (mill, owner) = organizer(&office, "mill").await;
    let secret = office.create_api_key(&HOME, mill, owner, Role::Owner, new("Till")).await.unwrap().secret;
    assert!(known(&office, &secret).await.is_ok());
    office.delete(&HOME, owner, PASSWORD, None, &[mill]).await.unwrap();
    assert!(known(&office, &secret).await.is_err(), "at once");
}

#[tokio::test]
async fn a_key_that_expired_takes_nobodys_place() {
    let office = Office::new().await;
    let (mill, owner) = organizer(&office, "mill").await;
    let short = NewApiKey { expires_at: Some(office.db.env.now() + HOUR), ..new("Till") };
    for _ in 0..50 {
        office.create_api_key(&HOME, mill, owner, Role::Owner, short).await.unwrap();
    }
    let full = office.create_api_key(&HOME, mill, owner, Role::Owner, new("Till")).await;
    assert!(matches!(full, Err(ProgramError::LimitReached)));
    office.advance(HOUR);
    office.create_api_key(&HOME, mill, owner, Role::Owner, new("Till")).await.unwrap();
    assert_eq!(office.api_keys_of(mill).await.unwrap().len(), 51, "what has just expired is still to be seen");
    office.advance(30 * DAY + SECOND);
    office.prune().await.unwrap();
    assert_eq!(office.api_keys_of(mill).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_key_is_good_though_its_use_cannot_be_noted() {
    let office = Office::new().await;
    let (mill, owner) = organizer(&office, "mill").await;
    let secret = office.create_api_key(&HOME, mill, owner, Role::Owner, new("Till")).await.unwrap().secret;
    let refuse = match office.db.backend() {
        store::Backend::Sqlite => {
            "CREATE TRIGGER no_use BEFORE UPDATE ON api_key BEGIN SELECT RAISE(ABORT, 'no room'); END"
        }
        store::Backend::Postgres => "ALTER TABLE api_key ADD CONSTRAINT no_use CHECK (used_on IS NULL)",
    };
    let tx = office.db.begin_write().await.unwrap();
    tx.execute(refuse, ()).await.unwrap();
    tx.commit().await.unwrap();
    assert!(known(&office, &secret).await.is_ok());
    assert_eq!(only(&office, mill).await.used_on, None, "it was not");
}

#[tokio::test]
async fn who_made_a_key_and_has_left_is_seen() {
    let office = Office::new().await;
    let (mill, owner) = organizer(&office, "mill").await;
    let bob = office.verified_fan("bob").await.user.id;
    office.joins(mill, owner, bob, "bob@example.org", Role::Manager).await;
    let made = office.create_api_key(&HOME, mill, bob, Role::Manager, new("Till")).await.unwrap().key;
    assert_eq!(made.maker, Maker { user: bob, is_member: true });
    assert_eq!(only(&office, mill).await.maker, made.maker);
    office.remove_member(&HOME, mill, bob).await.unwrap();
    assert_eq!(only(&office, mill).await.maker, Maker { user: bob, is_member: false });
    let too_long = office.rotate_api_key(&HOME, mill, made.id, Role::Owner, identity::OVERLAP_MAX + SECOND).await;
    assert!(matches!(too_long, Err(ProgramError::Field(_))));
}

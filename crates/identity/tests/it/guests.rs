use identity::{Bearer, Config, Guest, GuestIn, TokenError};
use stagedoor_core::{Code, UserId};
use store::Origin;
use tokio::task::JoinSet;

use crate::{DAY, HOME, HOUR, MINUTE, Office, PASSWORD, SECOND, config, newcomer};

/// Whom an access token names.
fn guest(office: &Office, token: &str) -> Result<Guest, TokenError> {
    match office.bearer(token)? {
        Some(Bearer::Guest(guest)) => Ok(guest),
        other => panic!("{other:?} is no guest"),
    }
}

async fn fresh(office: &Office) -> (GuestIn, Guest) {
    let tokens = office.open_guest(&HOME).await.unwrap();
    let guest = guest(office, &tokens.access_token).unwrap();
    (tokens, guest)
}

/// What there is of guests in the database.
async fn rows(office: &Office) -> i64 {
    let tx = office.db.store.begin_read().await.unwrap();
    tx.one("SELECT COUNT(*) FROM guest", (), |row| row.get(0)).await.unwrap()
}

/// Jobs that will hand something over, with what they know.
async fn hand_overs(office: &Office) -> Vec<String> {
    let tx = office.db.store.begin_read().await.unwrap();
    let sql = "SELECT payload FROM job WHERE kind = 'identity.guest_signed_in.v1' ORDER BY id";
    tx.all(sql, (), |row| row.get(0)).await.unwrap()
}

#[tokio::test]
async fn a_guest_is_no_account() {
    let office = Office::new().await;
    let (tokens, known) = fresh(&office).await;
    assert_eq!(known.id, tokens.id);
    assert_eq!(office.verify(&tokens.access_token), Err(TokenError::Purpose), "a person's own token it is not");
    assert_eq!(office.user(known.id).await.unwrap_err().code(), Code::NotFound);
    assert_eq!(office.refresh(&HOME, &tokens.refresh_token).await.unwrap_err().code(), Code::InvalidToken);
    let ann = office.fan("ann").await;
    assert_eq!(office.refresh_guest(&HOME, &ann.refresh_token).await.unwrap_err().code(), Code::InvalidToken);
}

#[tokio::test]
async fn a_guest_stays_for_a_day_at_most_and_two_idle_hours() {
    let office = Office::new().await;
    let (idle, _) = fresh(&office).await;
    let (mut tokens, known) = fresh(&office).await;
    for _ in 0..13 {
        office.advance(2 * HOUR - 10 * MINUTE);
        tokens = office.refresh_guest(&HOME, &tokens.refresh_token).await.unwrap();
        assert_eq!(guest(&office, &tokens.access_token).unwrap().id, known.id);
    }
    assert_eq!(office.refresh_guest(&HOME, &idle.refresh_token).await.unwrap_err().code(), Code::InvalidToken);
    office.advance(11 * MINUTE);
    assert_eq!(office.refresh_guest(&HOME, &tokens.refresh_token).await.unwrap_err().code(), Code::InvalidToken);
}

#[tokio::test]
async fn a_used_refresh_token_of_a_guest_ends_the_session() {
    let office = Office::new().await;
    let (first, _) = fresh(&office).await;
    let second = office.refresh_guest(&HOME, &first.refresh_token).await.unwrap();
    assert_eq!(office.refresh_guest(&HOME, &first.refresh_token).await.unwrap().refresh_token, second.refresh_token);
    office.advance(31 * SECOND);
    assert_eq!(office.refresh_guest(&HOME, &first.refresh_token).await.unwrap_err().code(), Code::InvalidToken);
    assert_eq!(guest(&office, &second.access_token), Err(TokenError::Revoked));
    assert_eq!(office.refresh_guest(&HOME, &second.refresh_token).await.unwrap_err().code(), Code::InvalidToken);
}

#[tokio::test]
async fn a_guest_who_signs_out_is_gone_everywhere() {
    let office = Office::new().await;
    let (tokens, _) = fresh(&office).await;
    let elsewhere = office.elsewhere();
    assert!(elsewhere.bearer(&tokens.access_token).is_ok());
    office.end_guest(&HOME, &tokens.refresh_token).await.unwrap();
    office.end_guest(&HOME, &tokens.refresh_token).await.unwrap();
    assert_eq!(guest(&office, &tokens.access_token), Err(TokenError::Revoked));
    elsewhere.sync_revocations().await.unwrap();
    assert_eq!(elsewhere.bearer(&tokens.access_token), Err(TokenError::Revoked));
}

#[tokio::test]
async fn one_address_brings_so_many_guests_and_no_more() {
    let office = Office::with(Config { guests_per_address: 3, ..config() }).await;
    for _ in 0..3 {
        office.open_guest(&HOME).await.unwrap();
    }
    assert_eq!(office.open_guest(&HOME).await.unwrap_err().code(), Code::RateLimited);
    office.open_guest(&Origin::address([198, 51, 100, 7].into())).await.unwrap();
    office.fan("ann").await;
    office.advance(15 * MINUTE);
    office.open_guest(&HOME).await.unwrap();
}

#[tokio::test]
async fn who_registers_as_a_guest_goes_on_under_the_same_id() {
    let office = Office::new().await;
    let (tokens, known) = fresh(&office).await;
    let ann = office.register_guest(known, newcomer("ann@example.org", "Ann"), &HOME).await.unwrap();
    assert_eq!(ann.user.id, known.id);
    assert_eq!(office.verify(&ann.access_token).unwrap().user, known.id);
    assert_eq!(guest(&office, &tokens.access_token), Err(TokenError::Revoked), "the guest's session is over");
    assert_eq!(office.refresh_guest(&HOME, &tokens.refresh_token).await.unwrap_err().code(), Code::InvalidToken);
    assert_eq!(office.try_login("ann@example.org", PASSWORD).await.unwrap().user.id, known.id);
    let again = office.register_guest(known, newcomer("bob@example.org", "Bob"), &HOME).await;
    assert_eq!(again.unwrap_err().code(), Code::InvalidToken, "one guest becomes one account");
    assert_eq!(office.try_login("bob@example.org", PASSWORD).await.unwrap_err().code(), Code::InvalidCredentials);
}

#[tokio::test]
async fn a_registration_that_is_refused_leaves_the_guest_as_they_were() {
    let office = Office::new().await;
    office.fan("ann").await;
    let (tokens, known) = fresh(&office).await;
    let taken = office.register_guest(known, newcomer("ann@example.org", "Ann"), &HOME).await;
    assert_eq!(taken.unwrap_err().code(), Code::EmailTaken);
    assert_eq!(guest(&office, &tokens.access_token), Ok(known));
    office.refresh_guest(&HOME, &tokens.refresh_token).await.unwrap();
}

#[tokio::test]
async fn of_many_who_register_as_one_guest_at_once_one_does() {
    let office = Office::new().await;
    let (_, known) = fresh(&office).await;
    let mut racers = JoinSet::new();
    for number in 0..4 {
        let identity = office.identity.clone();
        racers.spawn(async move {
            let email = format!("ann{number}@example.org");
            identity.register_guest(known, newcomer(&email, "Ann"), &HOME).await.map(|ann| ann.user.id)
        });
    }
    let done = racers.join_all().await;
    let won: Vec<UserId> = done.iter().filter_map(|one| one.as_ref().ok().copied()).collect();
    assert_eq!(won, [known.id]);
    let lost = done.iter().filter_map(|one| one.as_ref().err());
    assert!(lost.map(|error| error.code()).all(|code| code == Code::InvalidToken), "{done:?}");
}

#[tokio::test]
async fn who_signs_in_as_a_guest_has_one_heir() {
    let office = Office::new().await;
    let (ann, bob) = (office.fan("ann").await.user.id, office.fan("bob").await.user.id);
    let (tokens, known) = fresh(&office).await;
    assert!(office.guest_signed_in(&HOME, known, ann).await.unwrap());
    assert!(!office.guest_signed_in(&HOME, known, ann).await.unwrap(), "a second time there is nothing to do");
    assert!(!office.guest_signed_in(&HOME, known, bob).await.unwrap(), "nor for anybody else");
    assert_eq!(guest(&office, &tokens.access_token), Err(TokenError::Revoked));
    let expected = serde_json::json!({ "guest": known.id, "account": ann }).to_string();
    assert_eq!(hand_overs(&office).await, [expected]);
}

#[tokio::test]
async fn a_guest_whose_day_is_over_signs_in_with_the_last_access_token() {
    let office = Office::new().await;
    let (mut tokens, known) = fresh(&office).await;
    for _ in 0..13 {
        office.advance(2 * HOUR - 10 * MINUTE);
        tokens = office.refresh_guest(&HOME, &tokens.refresh_token).await.unwrap();
    }
    office.advance(11 * MINUTE);
    assert_eq!(guest(&office, &tokens.access_token).unwrap().id, known.id);
    let ann = office.fan("ann").await.user.id;
    office.prune().await.unwrap();
    assert!(office.guest_signed_in(&HOME, known, ann).await.unwrap());
    assert_eq!(hand_overs(&office).await.len(), 1);
    assert_eq!(guest(&office, &tokens.access_token), Err(TokenError::Revoked));
}

#[tokio::test]
async fn guests_are_forgotten_once_they_can_own_nothing() {
    let office = Office::new().await;
    let (_, gone) = fresh(&office).await;
    let ann = office.fan("ann").await.user.id;
    office.guest_signed_in(&HOME, gone, ann).await.unwrap();
    fresh(&office).await;
    // Their sessions ended two hours after they came, and a hold may last for another.
    office.advance(3 * HOUR);
    office.prune().await.unwrap();
    assert_eq!(rows(&office).await, 2);
    office.advance(2 * HOUR + SECOND);
    office.prune().await.unwrap();
    assert_eq!(rows(&office).await, 0);
    office.advance(DAY);
    assert_eq!(office.user(ann).await.unwrap().id, ann, "accounts stay");
}

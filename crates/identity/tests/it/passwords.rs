//! New passwords, with the old one and without it.

use identity::{AccountError, Channel, Contact, TokenError};
use stagedoor_core::Code;
use tokio::spawn;
use tokio::task::JoinSet;

use crate::{HOME, MINUTE, Office, PASSWORD, SECOND};

const NEW: &str = "a young hill by the lake";
const ANN: Contact<'_> = Contact::Email("ann@example.org");

#[tokio::test]
async fn a_token_sets_a_new_password_once_and_ends_every_session() {
    let office = Office::new().await;
    let ann = office.verified_fan("ann").await;
    office.forgot_password(&HOME, Contact::Email("ANN@example.org")).await.unwrap();
    let token = office.token_to("ann@example.org").await;
    for weak in ["short", "password1", "ann@example.org"] {
        assert_eq!(office.reset_password(&HOME, &token, weak, None).await.unwrap_err().code(), Code::InvalidField);
    }
    office.reset_password(&HOME, &token, NEW, None).await.unwrap();
    assert_eq!(office.verify(&ann.access_token), Err(TokenError::Revoked));
    assert_eq!(office.refresh(&HOME, &ann.refresh_token).await.unwrap_err().code(), Code::InvalidToken);
    assert_eq!(office.try_login("ann@example.org", PASSWORD).await.unwrap_err().code(), Code::InvalidCredentials);
    office.try_login("ann@example.org", NEW).await.unwrap();
    assert_eq!(office.reset_password(&HOME, &token, PASSWORD, None).await.unwrap_err().code(), Code::InvalidToken);
    assert!(office.told("ann@example.org", "Subject: Password changed").await);
}

#[tokio::test]
async fn asking_for_a_token_says_nothing_and_does_the_same_for_everybody() {
    let office = Office::new().await;
    office.verified_fan("ann").await;
    let queued = async || {
        let sql = "SELECT kind, payload FROM job ORDER BY id";
        let row = |row: &store::Row| Ok((row.get::<String>(0)?, row.get::<String>(1)?.len()));
        office.db.begin_read().await.unwrap().all(sql, (), row).await.unwrap()
    };
    let before = office.messages().await.len();
    office.forgot_password(&HOME, ANN).await.unwrap();
    let for_ann = queued().await;
    assert_eq!(office.messages().await.len(), before + 1);
    office.forgot_password(&HOME, Contact::Email("nobody@example.org")).await.unwrap();
    let for_nobody = queued().await;
    assert_eq!(for_ann, for_nobody, "the request leaves the same behind");
    assert_eq!(office.messages().await.len(), before + 1);
    // Neither does asking too often.
    for _ in 0..9 {
        office.forgot_password(&HOME, ANN).await.unwrap();
    }
    assert_eq!(office.messages().await.len(), before + 3);
    assert_eq!(office.forgot_password(&HOME, Contact::Email("ann")).await.unwrap_err().code(), Code::InvalidField);
}

#[tokio::test]
async fn a_token_lasts_half_an_hour_and_forged_ones_are_refused() {
    let office = Office::new().await;
    office.verified_fan("ann").await;
    office.forgot_password(&HOME, ANN).await.unwrap();
    let token = office.token_to("ann@example.org").await;
    let cut = &token[..token.len() - 1];
    for forged in ["", "sdp_", cut, &format!("{token}A"), &token.to_lowercase(), "é"] {
        assert_eq!(
            office.reset_password(&HOME, forged, NEW, None).await.unwrap_err().code(),
            Code::InvalidToken,
            "{forged}"
        );
    }
    office.advance(30 * MINUTE + SECOND);
    assert_eq!(office.reset_password(&HOME, &token, NEW, None).await.unwrap_err().code(), Code::InvalidToken);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_token_used_many_times_at_once_has_one_winner() {
    let office = Office::new().await;
    for round in 0..100 {
        let name = format!("fan{round}");
        office.fan(&name).await;
        let email = format!("{name}@example.org");
        office.forgot_password(&HOME, Contact::Email(&email)).await.unwrap();
        let token = office.token_to(&email).await;
        let mut racers = JoinSet::new();
        for racer in 0..4 {
            let (identity, token) = (office.identity.clone(), token.clone());
            racers.spawn(async move {
                let password = format!("{NEW} {racer}");
                identity.reset_password(&HOME, &token, &password, None).await.is_ok().then_some(password)
            });
        }
        let won: Vec<_> = racers.join_all().await.into_iter().flatten().collect();
        assert_eq!(won.len(), 1, "round {round}");
        office.try_login(&email, &won[0]).await.unwrap();
    }
}

#[tokio::test]
async fn whoever_owns_the_mailbox_takes_over_what_another_registered_with_it() {
    let office = Office::new().await;
    let squatter = office.fan("ann").await;
    let id = squatter.user.id;
    office.change_contact(&HOME, id, Contact::Email("squatter@example.org"), PASSWORD, None).await.unwrap();
    let code = office.code_to("squatter@example.org").await;
    office.forgot_password(&HOME, ANN).await.unwrap();
    let token = office.token_to("ann@example.org").await;
    office.reset_password(&HOME, &token, NEW, None).await.unwrap();
    let ann = office.try_login("ann@example.org", NEW).await.unwrap().user;
    assert!(ann.email.unwrap().verified_at.is_some(), "the token came from there");
    assert!(office.refresh(&HOME, &squatter.refresh_token).await.is_err());
    let late = office.verify_contact(&HOME, id, Channel::Email, &code).await.unwrap_err();
    assert_eq!(late.code(), Code::InvalidCode);
}

#[tokio::test]
async fn a_token_dies_with_the_address_it_was_sent_to() {
    let office = Office::new().await;
    let ann = office.verified_fan("ann").await.user;
    office.forgot_password(&HOME, ANN).await.unwrap();
    let token = office.token_to("ann@example.org").await;
    office.change_contact(&HOME, ann.id, Contact::Email("anne@example.org"), PASSWORD, None).await.unwrap();
    let code = office.code_to("anne@example.org").await;
    office.verify_contact(&HOME, ann.id, Channel::Email, &code).await.unwrap();
    assert_eq!(office.reset_password(&HOME, &token, NEW, None).await.unwrap_err().code(), Code::InvalidToken);
}

#[tokio::test]
async fn a_reset_ends_the_wait_that_a_stranger_caused() {
    let office = Office::new().await;
    office.verified_fan("ann").await;
    for _ in 0..10 {
        office.try_login("ann@example.org", "a wrong password").await.unwrap_err();
    }
    assert_eq!(office.try_login("ann@example.org", PASSWORD).await.unwrap_err().code(), Code::RateLimited);
    office.forgot_password(&HOME, ANN).await.unwrap();
    let token = office.token_to("ann@example.org").await;
    office.reset_password(&HOME, &token, NEW, None).await.unwrap();
    office.try_login("ann@example.org", NEW).await.unwrap();
}

#[tokio::test]
async fn changing_the_password_ends_the_other_sessions() {
    let office = Office::new().await;
    let (ann, other) = (office.verified_fan("ann").await, office.try_login("ann@example.org", PASSWORD).await.unwrap());
    let own = office.verify(&ann.access_token).unwrap();
    let wrong = office.change_password(&HOME, own.user, own.session, "a wrong password", NEW, None).await.unwrap_err();
    assert_eq!(wrong.code(), Code::InvalidCredentials);
    let weak =
        office.change_password(&HOME, own.user, own.session, PASSWORD, "ann@example.org", None).await.unwrap_err();
    assert_eq!(weak.code(), Code::InvalidField);
    office.change_password(&HOME, own.user, own.session, PASSWORD, NEW, None).await.unwrap();
    assert!(office.verify(&ann.access_token).is_ok());
    office.refresh(&HOME, &ann.refresh_token).await.unwrap();
    assert_eq!(office.verify(&other.access_token), Err(TokenError::Revoked));
    assert!(office.refresh(&HOME, &other.refresh_token).await.is_err());
    office.try_login("ann@example.org", NEW).await.unwrap();
    assert!(office.told("ann@example.org", "Subject: Password changed").await);
}

#[tokio::test]
async fn guessing_the_password_from_within_is_limited() {
    let office = Office::new().await;
    let ann = office.verified_fan("ann").await;
    let own = office.verify(&ann.access_token).unwrap();
    for _ in 0..10 {
        let wrong =
            office.change_password(&HOME, own.user, own.session, "a wrong password", NEW, None).await.unwrap_err();
        assert_eq!(wrong.code(), Code::InvalidCredentials);
    }
    let waits = office.change_password(&HOME, own.user, own.session, PASSWORD, NEW, None).await.unwrap_err();
    assert_eq!(waits.code(), Code::RateLimited);
    // Signing in is another matter.
    office.try_login("ann@example.org", PASSWORD).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn erasing_and_refreshing_and_changing_at_once_wait_for_nobody_for_good() {
    let office = Office::new().await;
    for round in 0..30 {
        let name = format!("fan{round}");
        let fan = office.fan(&name).await;
        let own = office.verify(&fan.access_token).unwrap();
        let (user, session) = (own.user, own.session);
        let [one, two, three, four] = [(); 4].map(|()| office.identity.clone());
        let (erased, refreshed, changed, ended) = tokio::join!(
            spawn(async move { code(one.delete(&HOME, user, PASSWORD, None, &[]).await) }),
            spawn(async move { code(two.refresh(&HOME, &fan.refresh_token).await) }),
            spawn(async move { code(three.change_password(&HOME, user, session, PASSWORD, NEW, None).await) }),
            spawn(async move { code(four.end_other_sessions(&HOME, user, session).await) }),
        );
        let all = [erased.unwrap(), refreshed.unwrap(), changed.unwrap(), ended.unwrap()];
        let round = format!("round {round}: {all:?}");
        let [erased, refreshed, changed, ended] = all;
        // Both start from the same password, and the second one does not find it.
        assert!(erased.is_none() != changed.is_none(), "{round}");
        assert!(matches!(erased, None | Some(Code::InvalidCredentials)), "{round}");
        assert!(matches!(changed, None | Some(Code::InvalidCredentials | Code::NotFound)), "{round}");
        assert!(matches!(refreshed, None | Some(Code::InvalidToken)), "{round}");
        assert!(matches!(ended, None | Some(Code::NotFound)), "{round}");
        assert_eq!(office.user(user).await.is_err(), erased.is_none(), "{round}");
    }
}

/// The code of a refusal.
fn code<T>(result: Result<T, AccountError>) -> Option<Code> {
    result.err().map(|error| error.code())
}

#[tokio::test]
async fn a_new_password_drops_the_address_that_the_old_one_asked_for() {
    let office = Office::new().await;
    let ann = office.verified_fan("ann").await;
    let own = office.verify(&ann.access_token).unwrap();
    office.change_contact(&HOME, own.user, Contact::Email("thief@example.org"), PASSWORD, None).await.unwrap();
    let code = office.code_to("thief@example.org").await;
    office.change_password(&HOME, own.user, own.session, PASSWORD, NEW, None).await.unwrap();
    let late = office.verify_contact(&HOME, own.user, Channel::Email, &code).await.unwrap_err();
    assert_eq!(late.code(), Code::InvalidCode);
}

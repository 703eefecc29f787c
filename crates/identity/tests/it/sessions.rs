use std::collections::HashSet;

use identity::{SignedIn, TokenError};
use stagedoor_core::Code;
use store::Backend;
use tokio::task::JoinSet;

use crate::oauth::House;
use crate::{DAY, HOME, HOUR, MINUTE, Office, PASSWORD, SECOND};

/// What each of `count` tasks that present the same refresh token at once is answered.
async fn race(office: &Office, refresh_token: &str, count: usize) -> Vec<Result<SignedIn, Code>> {
    let mut racers = JoinSet::new();
    for _ in 0..count {
        let (identity, token) = (office.identity.clone(), refresh_token.to_owned());
        racers.spawn(async move { identity.refresh(&HOME, &token).await.map_err(|error| error.code()) });
    }
    racers.join_all().await
}

#[tokio::test]
async fn a_refresh_token_buys_the_next_pair() {
    let office = Office::new().await;
    let mut signed_in = office.fan("ann").await;
    let session = office.verify(&signed_in.access_token).unwrap().session;
    for _ in 0..4 {
        office.advance(6 * DAY);
        assert_eq!(office.verify(&signed_in.access_token), Err(TokenError::Expired));
        let next = office.refresh(&HOME, &signed_in.refresh_token).await.unwrap();
        assert_ne!(next.refresh_token, signed_in.refresh_token);
        let principal = office.verify(&next.access_token).unwrap();
        assert_eq!((principal.user, principal.session), (signed_in.user.id, session));
        assert_eq!(next.user, signed_in.user);
        signed_in = next;
    }
}

#[tokio::test]
async fn a_refresh_token_lasts_seven_days_and_a_session_thirty() {
    let office = Office::new().await;
    let ann = office.fan("ann").await;
    office.advance(7 * DAY);
    assert_eq!(office.refresh(&HOME, &ann.refresh_token).await.unwrap_err().code(), Code::InvalidToken);

    let mut signed_in = office.try_login("ann@example.org", PASSWORD).await.unwrap();
    for _ in 0..4 {
        office.advance(7 * DAY - SECOND);
        signed_in = office.refresh(&HOME, &signed_in.refresh_token).await.unwrap();
    }
    office.advance(2 * DAY + 3 * SECOND);
    signed_in = office.refresh(&HOME, &signed_in.refresh_token).await.unwrap();
    office.advance(SECOND);
    assert_eq!(office.refresh(&HOME, &signed_in.refresh_token).await.unwrap_err().code(), Code::InvalidToken);
}

#[tokio::test]
async fn a_lost_reply_can_be_asked_for_again() {
    let office = Office::new().await;
    let ann = office.fan("ann").await;
    let lost = office.refresh(&HOME, &ann.refresh_token).await.unwrap();
    office.advance(29 * SECOND);
    let again = office.refresh(&HOME, &ann.refresh_token).await.unwrap();
    assert_eq!(again.refresh_token, lost.refresh_token);
    assert!(office.verify(&again.access_token).is_ok());
    assert!(office.refresh(&HOME, &again.refresh_token).await.is_ok());
}

#[tokio::test]
async fn a_used_token_that_comes_back_ends_the_session() {
    let office = Office::new().await;
    let ann = office.fan("ann").await;
    let thief = office.refresh(&HOME, &ann.refresh_token).await.unwrap();
    office.advance(30 * SECOND);
    assert_eq!(office.refresh(&HOME, &ann.refresh_token).await.unwrap_err().code(), Code::InvalidToken);
    assert_eq!(office.refresh(&HOME, &thief.refresh_token).await.unwrap_err().code(), Code::InvalidToken);
    assert_eq!(office.verify(&thief.access_token), Err(TokenError::Revoked));
    // Only this session: the next sign-in is untouched by it.
    let fresh = office.try_login("ann@example.org", PASSWORD).await.unwrap();
    office.refresh(&HOME, &fresh.refresh_token).await.unwrap();
}

#[tokio::test]
async fn a_token_two_generations_old_ends_the_session_at_once() {
    let office = Office::new().await;
    let first = office.fan("ann").await;
    let second = office.refresh(&HOME, &first.refresh_token).await.unwrap();
    let third = office.refresh(&HOME, &second.refresh_token).await.unwrap();
    assert_eq!(office.refresh(&HOME, &first.refresh_token).await.unwrap_err().code(), Code::InvalidToken);
    assert_eq!(office.refresh(&HOME, &third.refresh_token).await.unwrap_err().code(), Code::InvalidToken);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn racing_refreshes_agree_on_one_successor() {
    let office = Office::new().await;
    let mut live = office.fan("ann").await.refresh_token;
    for round in 0..10 {
        let answers = race(&office, &live, 16).await;
        let successors: HashSet<_> =
            answers.into_iter().map(|answer| answer.expect("every racer is answered").refresh_token).collect();
        assert_eq!(successors.len(), 1, "round {round}");
        let used = std::mem::replace(&mut live, successors.into_iter().next().unwrap());
        assert_ne!(used, live);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn racing_with_a_used_token_ends_the_session_once_for_all() {
    let office = Office::new().await;
    let ann = office.fan("ann").await;
    let live = office.refresh(&HOME, &ann.refresh_token).await.unwrap();
    office.advance(MINUTE);
    let answers = race(&office, &ann.refresh_token, 16).await;
    assert!(answers.iter().all(|answer| matches!(answer, Err(Code::InvalidToken))), "{answers:?}");
    assert_eq!(office.refresh(&HOME, &live.refresh_token).await.unwrap_err().code(), Code::InvalidToken);
}

#[tokio::test]
async fn owner_and_thief_racing_leave_at_most_one_live_token() {
    let office = Office::new().await;
    for _ in 0..10 {
        let first = office.fan(&format!("fan{}", office.db.env.entropy.next_u64())).await;
        let second = office.refresh(&HOME, &first.refresh_token).await.unwrap();
        office.advance(MINUTE);
        let (live, used) =
            tokio::join!(office.refresh(&HOME, &second.refresh_token), office.refresh(&HOME, &first.refresh_token));
        assert!(used.is_err());
        // Whoever came first, the session is over: the used token gave the copy away.
        if let Ok(third) = live {
            assert!(office.refresh(&HOME, &third.refresh_token).await.is_err());
        }
    }
}

#[tokio::test]
async fn signing_out_ends_every_token_of_the_session_at_once() {
    let office = Office::new().await;
    let ann = office.fan("ann").await;
    let next = office.refresh(&HOME, &ann.refresh_token).await.unwrap();
    for token in [&ann.access_token, &next.access_token] {
        assert!(office.verify(token).is_ok());
    }
    office.logout(&HOME, &next.refresh_token).await.unwrap();
    for token in [&ann.access_token, &next.access_token] {
        assert_eq!(office.verify(token), Err(TokenError::Revoked));
    }
    assert_eq!(office.refresh(&HOME, &next.refresh_token).await.unwrap_err().code(), Code::InvalidToken);
    office.logout(&HOME, &next.refresh_token).await.unwrap();
    office.logout(&HOME, &ann.refresh_token).await.unwrap();
}

#[tokio::test]
async fn forged_refresh_tokens_do_nothing() {
    let office = Office::new().await;
    let ann = office.fan("ann").await;
    let token = &ann.refresh_token;
    let mut forged = vec![String::new(), "sdr_".into(), token[4..].to_owned(), format!("{token}A"), "é".repeat(40)];
    forged.extend((0..token.len()).map(|at| {
        let mut bytes = token.clone().into_bytes();
        bytes[at] = if bytes[at] == b'B' { b'C' } else { b'B' };
        String::from_utf8(bytes).unwrap()
    }));
    forged.extend((0..token.len()).map(|end| token[..end].to_owned()));
    for forged in forged {
        assert_eq!(office.refresh(&HOME, &forged).await.unwrap_err().code(), Code::InvalidToken, "{forged}");
        assert_eq!(office.logout(&HOME, &forged).await.unwrap_err().code(), Code::InvalidToken, "{forged}");
    }
    office.refresh(&HOME, token).await.unwrap();
}

#[tokio::test]
async fn sessions_ended_elsewhere_are_learnt() {
    let office = Office::new().await;
    let (ann, bob) = (office.fan("ann").await, office.fan("bob").await);
    let elsewhere = office.elsewhere();
    elsewhere.sync_revocations().await.unwrap();
    office.advance(MINUTE);
    office.logout(&HOME, &ann.refresh_token).await.unwrap();
    assert!(elsewhere.verify(&ann.access_token).is_ok());
    elsewhere.sync_revocations().await.unwrap();
    assert_eq!(elsewhere.verify(&ann.access_token), Err(TokenError::Revoked));
    assert!(elsewhere.verify(&bob.access_token).is_ok());

    let restarted = office.elsewhere();
    restarted.sync_revocations().await.unwrap();
    assert_eq!(restarted.verify(&ann.access_token), Err(TokenError::Revoked));
}

#[tokio::test]
async fn sessions_long_expired_are_pruned() {
    let office = Office::new().await;
    let ann = office.fan("ann").await;
    office.advance(37 * DAY);
    assert_eq!(office.prune().await.unwrap(), 0);
    office.advance(HOUR);
    assert_eq!(office.prune().await.unwrap(), 1);
    assert_eq!(office.refresh(&HOME, &ann.refresh_token).await.unwrap_err().code(), Code::InvalidToken);
    office.logout(&HOME, &ann.refresh_token).await.unwrap();
}

#[tokio::test]
async fn one_session_too_many_ends_the_one_that_was_used_least_lately() {
    let office = Office::new().await;
    let first = office.fan("ann").await;
    let session = |signed_in: &SignedIn| office.verify(&signed_in.access_token).map(|principal| principal.session);
    let mut opened = Vec::new();
    for _ in 0..49 {
        office.advance(SECOND);
        opened.push(office.try_login("ann@example.org", PASSWORD).await.unwrap());
    }
    // Old, and in use.
    office.advance(SECOND);
    let first = office.refresh(&HOME, &first.refresh_token).await.unwrap();
    let alive = async || office.sessions_of(first.user.id).await.unwrap().len();
    assert_eq!(alive().await, 50);
    let last = office.try_login("ann@example.org", PASSWORD).await.unwrap();
    assert_eq!(alive().await, 50);
    assert_eq!(session(&opened[0]), Err(TokenError::Revoked));
    assert!(office.refresh(&HOME, &opened[0].refresh_token).await.is_err());
    for stays in [&first, &opened[1], &last] {
        assert!(session(stays).is_ok());
    }
    // What ended by itself takes nobody's place.
    office.logout(&HOME, &last.refresh_token).await.unwrap();
    office.try_login("ann@example.org", PASSWORD).await.unwrap();
    assert!(session(&opened[1]).is_ok());
}

/// On PostgreSQL; SQLite has one writer.
#[tokio::test]
async fn pruning_waits_for_nobody() {
    let office = Office::new().await;
    if office.db.backend() == Backend::Sqlite {
        return;
    }
    let ann = office.fan("ann").await.user.id;
    office.code_to("ann@example.org").await;
    office.advance(38 * DAY);
    // Somebody has the code and goes on to the sessions, as a new password does.
    let tx = office.db.begin_write().await.unwrap();
    tx.execute("UPDATE verification SET tries_left = 0 WHERE account_id = $1", (ann,)).await.unwrap();
    assert_eq!(office.prune().await.unwrap(), 1, "the session, which nobody is at work on");
    tx.execute("UPDATE session SET revoked_at = 0 WHERE account_id = $1", (ann,)).await.unwrap();
    tx.commit().await.unwrap();
    let left = async || {
        let tx = office.db.begin_read().await.unwrap();
        tx.one("SELECT COUNT(*) FROM verification", (), |row| row.get::<i64>(0)).await.unwrap()
    };
    assert_eq!(left().await, 1);
    office.prune().await.unwrap();
    assert_eq!(left().await, 0, "the next time");

    // Nor for who is at work on what a program was let do.
    let house = House::new().await;
    let client = house.app().await;
    house.tokens(&client).await;
    house.code(&client, "orders.read").await;
    house.revoke_client(&HOME, house.organizer, client.client.id).await.unwrap();
    house.office.advance(38 * DAY);
    let tx = house.office.db.begin_write().await.unwrap();
    tx.execute("UPDATE oauth_code SET expires_at = 0 WHERE grant_id IS NULL", ()).await.unwrap();
    tx.execute("UPDATE oauth_grant SET rotated_at = 0", ()).await.unwrap();
    tx.execute("UPDATE oauth_client SET name = 'Late'", ()).await.unwrap();
    house.prune().await.unwrap();
    tx.commit().await.unwrap();
    let left = async || {
        let tx = house.office.db.begin_read().await.unwrap();
        let sql = "SELECT (SELECT COUNT(*) FROM oauth_code), (SELECT COUNT(*) FROM oauth_grant),
                          (SELECT COUNT(*) FROM oauth_client)";
        let row = |row: &store::Row| Ok((row.get::<i64>(0)?, row.get::<i64>(1)?, row.get::<i64>(2)?));
        tx.one(sql, (), row).await.unwrap()
    };
    assert_eq!(left().await, (1, 1, 1));
    house.prune().await.unwrap();
    assert_eq!(left().await, (0, 0, 0), "the next time");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn devices_that_end_all_others_at_once_wait_for_nobody_for_good() {
    let office = Office::new().await;
    let ann = office.fan("ann").await.user.id;
    for round in 0..20 {
        let mut opened = Vec::new();
        for _ in 0..6 {
            let one = office.try_login("ann@example.org", PASSWORD).await.unwrap();
            opened.push(office.verify(&one.access_token).unwrap().session);
        }
        let mut racers = JoinSet::new();
        for own in opened {
            let identity = office.identity.clone();
            racers.spawn(async move { identity.end_other_sessions(&HOME, ann, own).await.map(drop) });
        }
        let outcomes = racers.join_all().await;
        assert!(outcomes.iter().all(Result::is_ok), "round {round}: {outcomes:?}");
        let alive = office.sessions_of(ann).await.unwrap().len();
        assert!(alive <= 1, "round {round}: {alive}");
    }
}

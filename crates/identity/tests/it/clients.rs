//! Clients: how they are registered, what they may do by themselves, and what ends them.

use std::time::Duration;

use identity::{
    ClientAuth,
    ClientKind::{Confidential, Public},
    GrantType, NewClient, ProgramError, Role, ShownClient, TokenError,
};

use crate::oauth::{BACK, House, auth, program, scopes, text};
use crate::{HOME, HOUR, SECOND};

#[tokio::test]
async fn a_partner_acts_for_the_organizer_without_a_person() {
    let house = House::new().await;
    let grants = [GrantType::ClientCredentials];
    let client = house.registered(Confidential, &grants, "sales.read buyers.read orders.read").await;
    let id = client.client.id.to_string();
    let ask = async |scope| house.client_credentials(auth(&id, &client), scope, None).await;
    let issued = ask(None).await.unwrap();
    assert_eq!(issued.scopes, scopes("sales.read buyers.read"), "what is about a person it cannot have");
    assert!(issued.refresh_token.is_none());
    let acting = program(house.bearer(&issued.access_token).unwrap().unwrap());
    assert_eq!((acting.user, acting.organizer), (None, house.organizer));
    assert_eq!(ask(Some("sales.read")).await.unwrap().scopes, scopes("sales.read"));
    assert_eq!(text(ask(Some("orders.read")).await), "invalid_scope");
    assert_eq!(text(ask(Some("refunds.write")).await), "invalid_scope");
    let wrong = |secret| ClientAuth { id: &id, secret };
    assert_eq!(text(house.client_credentials(wrong(None), None, None).await), "invalid_client");
    let other = house.registered(Confidential, &grants, "sales.read").await.secret.unwrap();
    assert_eq!(text(house.client_credentials(wrong(Some(&other)), None, None).await), "invalid_client");
    let app = house.app().await;
    let public = app.client.id.to_string();
    let outcome = house.client_credentials(auth(&public, &app), None, None).await;
    assert_eq!(text(outcome), "unauthorized_client");
}

#[tokio::test]
async fn a_secret_is_changed_without_a_gap() {
    let house = House::new().await;
    let before = house.registered(Confidential, &[GrantType::ClientCredentials], "sales.read").await;
    let (org, id) = (house.organizer, before.client.id);
    let text_id = id.to_string();
    let ask = async |client: &ShownClient| text(house.client_credentials(auth(&text_id, client), None, None).await);
    let after = house.rotate_client_secret(&HOME, org, id, Role::Owner, HOUR).await.unwrap();
    assert_eq!((ask(&before).await, ask(&after).await), ("granted", "granted"));
    house.office.advance(HOUR);
    assert_eq!((ask(&before).await, ask(&after).await), ("invalid_client", "granted"));
    let at_once = house.rotate_client_secret(&HOME, org, id, Role::Owner, Duration::ZERO).await.unwrap();
    assert_eq!((ask(&after).await, ask(&at_once).await), ("invalid_client", "granted"));
    let too_long = house.rotate_client_secret(&HOME, org, id, Role::Owner, identity::OVERLAP_MAX + SECOND).await;
    assert!(matches!(too_long, Err(ProgramError::Field(_))), "told, and not cut short without a word");
    // Whoever sees the secret can do what the client can.
    let beyond = house.rotate_client_secret(&HOME, org, id, Role::Door, HOUR).await;
    assert!(matches!(beyond, Err(ProgramError::BeyondRole)));
    let public = house.app().await.client.id;
    assert!(matches!(
        house.rotate_client_secret(&HOME, org, public, Role::Owner, HOUR).await,
        Err(ProgramError::NoSecret)
    ));
}

#[tokio::test]
async fn a_revoked_client_and_what_it_had_is_no_more() {
    let house = House::new().await;
    let client = house.app().await;
    let issued = house.tokens(&client).await;
    let code = house.code(&client, "orders.read").await;
    house.revoke_client(&HOME, house.organizer, client.client.id).await.unwrap();
    assert_eq!(house.bearer(&issued.access_token), Err(TokenError::Revoked));
    assert_eq!(text(house.exchange(&client, &code).await), "invalid_client");
    assert_eq!(text(house.renew(&client, &issued.refresh_token.unwrap()).await), "invalid_client");
    house.revoke_client(&HOME, house.organizer, client.client.id).await.unwrap();
    assert_eq!(house.programs_of(house.ann.user.id).await.unwrap(), []);
    let elsewhere = house.office.elsewhere();
    elsewhere.sync_revocations().await.unwrap();
    assert_eq!(elsewhere.bearer(&issued.access_token), Err(TokenError::Revoked));
}

#[tokio::test]
async fn a_client_ends_its_own_tokens_alone() {
    let house = House::new().await;
    let (client, other) = (house.app().await, house.app().await);
    let (id, others) = (client.client.id.to_string(), other.client.id.to_string());
    let first = house.tokens(&client).await;
    for token in [&first.access_token, first.refresh_token.as_ref().unwrap(), &house.ann.access_token, "nonsense"] {
        assert_eq!(text(house.revoke_token(&HOME, auth(&others, &other), token).await), "granted", "without a word");
    }
    assert!(house.bearer(&first.access_token).is_ok() && house.verify(&house.ann.access_token).is_ok());
    house.revoke_token(&HOME, auth(&id, &client), &first.access_token).await.unwrap();
    assert_eq!(house.bearer(&first.access_token), Err(TokenError::Revoked));
    let second = house.tokens(&client).await;
    house.revoke_token(&HOME, auth(&id, &client), second.refresh_token.as_ref().unwrap()).await.unwrap();
    assert_eq!(house.bearer(&second.access_token), Err(TokenError::Revoked));
    assert_eq!(text(house.renew(&client, &second.refresh_token.unwrap()).await), "invalid_grant");
}

#[tokio::test]
async fn what_a_token_is_worth_is_told_to_its_own_organizer() {
    let house = House::new().await;
    let grants = [GrantType::ClientCredentials];
    let (app, server) = (house.app().await, house.registered(Confidential, &grants, "sales.read").await);
    let rival = house.create_organizer(house.ann.user.id, "Rival").await.unwrap().id;
    let new = NewClient {
        name: "Spy",
        kind: Confidential,
        redirect_uris: &[],
        grant_types: &grants,
        scopes: scopes("sales.read"),
    };
    let spy = house.register_client(&HOME, rival, house.ann.user.id, Role::Owner, new).await.unwrap();
    let issued = house.tokens(&app).await;
    let refresh = issued.refresh_token.clone().unwrap();
    let (server_id, spy_id, app_id) =
        (server.client.id.to_string(), spy.client.id.to_string(), app.client.id.to_string());
    let ask = async |token: &str| house.introspect(auth(&server_id, &server), token).await.unwrap();
    let worth = ask(&issued.access_token).await.unwrap();
    assert_eq!((worth.client, worth.subject), (app.client.id, house.ann.user.id.to_string()));
    assert_eq!((worth.scopes, worth.organizer), (issued.scopes, house.organizer));
    assert_eq!(worth.expires_at.since(worth.issued_at), HOUR);
    assert!(worth.jti.is_some());
    assert!(ask(&refresh).await.unwrap().jti.is_none());
    for token in [house.ann.access_token.as_str(), &house.ann.refresh_token, "", "nonsense", "sk_nonsense"] {
        assert_eq!(ask(token).await, None, "{token}");
    }
    for token in [&issued.access_token, &refresh] {
        assert_eq!(house.introspect(auth(&spy_id, &spy), token).await.unwrap(), None, "another tenant's");
        assert_eq!(text(house.introspect(auth(&app_id, &app), token).await), "invalid_client", "a public client");
    }
    let next = house.renew(&app, &refresh).await.unwrap();
    assert_eq!(ask(&refresh).await, None, "used up");
    house.revoke_token(&HOME, auth(&app_id, &app), &next.access_token).await.unwrap();
    for token in [next.access_token, next.refresh_token.unwrap()] {
        assert_eq!(ask(&token).await, None, "revoked");
    }
    let late = house.tokens(&app).await.access_token;
    house.office.advance(HOUR);
    assert_eq!(ask(&late).await, None, "expired");
}

#[tokio::test]
async fn clients_are_registered_by_rules() {
    let house = House::new().await;
    let (org, by) = (house.organizer, house.owner.user.id);
    let back = [BACK.to_owned()];
    use GrantType::{AuthorizationCode, ClientCredentials, RefreshToken};
    let all = [AuthorizationCode, RefreshToken, ClientCredentials];
    let good = NewClient {
        name: "Box",
        kind: Confidential,
        redirect_uris: &back,
        grant_types: &all,
        scopes: scopes("orders.read sales.read"),
    };
    let shown = house.register_client(&HOME, org, by, Role::Manager, good).await.unwrap();
    assert!(shown.secret.is_some_and(|secret| secret.starts_with("cs_")));
    let plain = ["http://app.example/back".to_owned()];
    let wrong = [
        NewClient { name: "", ..good },
        NewClient { name: "two\nlines", ..good },
        NewClient { kind: Public, ..good },
        NewClient { redirect_uris: &[], ..good },
        NewClient { redirect_uris: &plain, ..good },
        NewClient { grant_types: &[], ..good },
        NewClient { grant_types: &[RefreshToken, ClientCredentials], redirect_uris: &[], ..good },
        NewClient { grant_types: &[ClientCredentials], ..good },
        NewClient { scopes: scopes("orders.read"), ..good },
    ];
    for new in wrong {
        let outcome = house.register_client(&HOME, org, by, Role::Owner, new).await;
        assert!(matches!(outcome, Err(ProgramError::Field(_))), "{new:?}");
    }
    let beyond = house.register_client(&HOME, org, by, Role::Door, good).await;
    assert!(matches!(beyond, Err(ProgramError::BeyondRole)));
    for _ in 1..50 {
        house.register_client(&HOME, org, by, Role::Owner, good).await.unwrap();
    }
    let outcome = house.register_client(&HOME, org, by, Role::Owner, good).await;
    assert!(matches!(outcome, Err(ProgramError::LimitReached)));
    assert_eq!(house.clients_of(org).await.unwrap().len(), 50);
    let rival = house.create_organizer(house.ann.user.id, "Rival").await.unwrap().id;
    assert_eq!(house.clients_of(rival).await.unwrap(), []);
    let id = shown.client.id;
    assert!(matches!(house.client_of(rival, id).await, Err(ProgramError::NotFound)));
    assert!(matches!(house.revoke_client(&HOME, rival, id).await, Err(ProgramError::NotFound)));
    let rotated = house.rotate_client_secret(&HOME, rival, id, Role::Owner, HOUR).await;
    assert!(matches!(rotated, Err(ProgramError::NotFound)));
    assert_eq!(house.client_of(org, id).await.unwrap(), shown.client);
}

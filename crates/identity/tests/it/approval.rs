//! Clients that nobody vouched for, how many leaves there can be, and what is kept of those that are over.

use identity::{ClientKind, ConsentError, GrantType, Issued, Maker, ProgramError, Role, ShownClient, TokenError};
use stagedoor_core::UserId;
use store::audit::{Chain, Filter};

use crate::oauth::{House, ann, auth, scopes, text};
use crate::{DAY, HOME, HOUR, SECOND};

impl House {
    async fn consent(&self, client: &ShownClient, scope: &str) -> Result<String, ConsentError> {
        self.allow(&self.asked(client, scope).await, ann()).await
    }

    async fn partner(&self) -> ShownClient {
        self.registered(ClientKind::Confidential, &[GrantType::ClientCredentials], "sales.read").await
    }

    async fn own(&self, client: &ShownClient) -> Issued {
        let id = client.client.id.to_string();
        self.client_credentials(auth(&id, client), None, None).await.unwrap()
    }

    async fn rows(&self, table: &str) -> i64 {
        let tx = self.office.db.begin_read().await.unwrap();
        tx.one(&format!("SELECT COUNT(*) FROM {table}"), (), |row| row.get(0)).await.unwrap()
    }

    async fn written(&self, chain: Chain, action: &str) -> usize {
        let filter = Filter { action: Some(action.to_owned()), ..Filter::default() };
        self.office.db.audit_log(chain, &filter).await.len()
    }

    async fn join(&self) -> UserId {
        let user = self.ann.user.id;
        let code = self.office.code_to("ann@example.org").await;
        self.verify_contact(&HOME, user, identity::Channel::Email, &code).await.unwrap();
        self.office.joins(self.organizer, self.owner.user.id, user, "ann@example.org", Role::Viewer).await;
        user
    }
}

fn is_unapproved(outcome: Result<String, ConsentError>) -> bool {
    matches!(outcome, Err(ConsentError::Unapproved))
}

#[tokio::test]
async fn a_client_that_nobody_vouched_for_may_ask_strangers_to_read_a_little() {
    let house = House::new().await;
    let client = house.unapproved().await;
    assert!(is_unapproved(house.consent(&client, "orders.read holds.write").await));
    assert!(is_unapproved(house.consent(&client, "holds.write").await));
    let code = house.consent(&client, "orders.read profile.read").await.unwrap();
    assert_eq!(text(house.exchange(&client, &code).await), "granted");
    // Whoever works for its organizer knows whom they deal with; as long as they do.
    let ann = house.join().await;
    let code = house.consent(&client, "holds.write").await.unwrap();
    let issued = house.exchange(&client, &code).await.unwrap();
    let unused = house.consent(&client, "holds.write").await.unwrap();
    let next = house.renew(&client, issued.refresh_token.as_ref().unwrap()).await.unwrap();
    house.remove_member(&HOME, house.organizer, ann).await.unwrap();
    assert_eq!(text(house.renew(&client, &next.refresh_token.unwrap()).await), "invalid_grant");
    assert_eq!(text(house.exchange(&client, &unused).await), "invalid_grant");
    assert!(is_unapproved(house.consent(&client, "holds.write").await));
}

#[tokio::test]
async fn what_people_allowed_on_our_word_ends_with_it() {
    let house = House::new().await;
    let (client, other) = (house.unapproved().await, house.app().await);
    let id = client.client.id;
    let waiting = house.unapproved_clients(None, 10).await.unwrap();
    assert_eq!((waiting.len(), waiting[0].client.id, &*waiting[0].organizer_name), (1, id, "Old Mill"));
    assert!(house.unapproved_clients(Some(id), 10).await.unwrap().is_empty());
    house.partner().await;
    assert_eq!(house.unapproved_clients(None, 10).await.unwrap().len(), 1, "a partner asks nobody");
    for _ in 0..2 {
        assert!(house.approve_client(&HOME, id).await.unwrap().approved_at.is_some());
    }
    assert!(house.unapproved_clients(None, 10).await.unwrap().is_empty());
    let issued = house.tokens(&client).await;
    let unused = house.code(&client, "orders.read").await;
    let elsewhere = house.tokens(&other).await;
    for _ in 0..2 {
        assert_eq!(house.withdraw_approval(&HOME, id).await.unwrap().approved_at, None);
    }
    assert_eq!(house.bearer(&issued.access_token), Err(TokenError::Revoked));
    assert_eq!(text(house.renew(&client, &issued.refresh_token.unwrap()).await), "invalid_grant");
    assert_eq!(text(house.exchange(&client, &unused).await), "invalid_grant");
    assert!(house.bearer(&elsewhere.access_token).is_ok(), "another client's stay");
    for chain in [Chain::Platform, house.organizer.into()] {
        // The other client was approved, too.
        assert_eq!(house.written(chain, "client.approve").await, 2);
        assert_eq!(house.written(chain, "client.withdraw_approval").await, 1);
    }
    assert_eq!(house.written(Chain::Platform, "grant.end").await, 1);
    house.revoke_client(&HOME, house.organizer, id).await.unwrap();
    assert!(matches!(house.approve_client(&HOME, id).await, Err(ProgramError::NotFound)));
}

#[tokio::test]
async fn a_client_has_a_hundred_tokens_of_its_own_at_a_time() {
    let house = House::new().await;
    let (client, other) = (house.partner().await, house.partner().await);
    let elsewhere = house.own(&other).await;
    let mut issued = Vec::new();
    for _ in 0..101 {
        issued.push(house.own(&client).await.access_token);
        house.office.advance(SECOND);
    }
    assert_eq!(house.bearer(&issued[0]), Err(TokenError::Revoked), "the oldest");
    assert!(issued[1..].iter().all(|token| house.bearer(token).is_ok()));
    assert!(house.bearer(&elsewhere.access_token).is_ok());
    assert_eq!(house.rows("oauth_grant").await, 102);
    house.office.advance(HOUR);
    house.prune().await.unwrap();
    assert_eq!(house.rows("oauth_grant").await, 0, "nothing is to be learnt of them later");
}

#[tokio::test]
async fn a_person_has_a_hundred_programs_at_a_time() {
    let house = House::new().await;
    let client = house.app().await;
    let first = house.tokens(&client).await;
    house.office.advance(SECOND);
    let second = house.tokens(&client).await;
    for _ in 0..98 {
        house.tokens(&client).await;
    }
    // What was used last stays.
    house.office.advance(SECOND);
    let renewed = house.renew(&client, &first.refresh_token.unwrap()).await.unwrap();
    assert!(house.bearer(&second.access_token).is_ok());
    house.office.advance(SECOND);
    house.tokens(&client).await;
    assert_eq!(house.programs_of(house.ann.user.id).await.unwrap().len(), 100);
    assert!(house.bearer(&renewed.access_token).is_ok());
    assert_eq!(house.written(Chain::Platform, "grant.end").await, 1);
}

#[tokio::test]
async fn what_has_expired_does_not_end_again() {
    let house = House::new().await;
    let client = house.app().await;
    house.tokens(&client).await;
    house.office.advance(7 * DAY);
    let session = house.verify(&house.office.try_login("ann@example.org", crate::PASSWORD).await.unwrap().access_token);
    let (ann, new) = (house.ann.user.id, "another mill by the lake");
    house.tokens(&client).await;
    house.change_password(&HOME, ann, session.unwrap().session, crate::PASSWORD, new, None).await.unwrap();
    assert_eq!(house.written(Chain::Platform, "grant.end").await, 1);
}

#[tokio::test]
async fn programs_that_are_over_are_forgotten_in_the_end() {
    let house = House::new().await;
    let (app, partner) = (house.app().await, house.partner().await);
    house.tokens(&app).await;
    house.code(&app, "orders.read").await;
    house.own(&partner).await;
    for client in [&app, &partner] {
        house.revoke_client(&HOME, house.organizer, client.client.id).await.unwrap();
    }
    house.office.advance(31 * DAY);
    house.prune().await.unwrap();
    assert_eq!(house.rows("oauth_client").await, 1, "as long as its grant");
    house.office.advance(7 * DAY);
    house.prune().await.unwrap();
    assert_eq!((house.rows("oauth_client").await, house.rows("oauth_grant").await), (0, 0));
}

#[tokio::test]
async fn who_registered_a_client_and_has_left_is_seen() {
    let house = House::new().await;
    let ann = house.join().await;
    let back = [crate::oauth::BACK.to_owned()];
    let new = identity::NewClient {
        name: "Box",
        kind: ClientKind::Public,
        redirect_uris: &back,
        grant_types: &[GrantType::AuthorizationCode],
        scopes: scopes("orders.read"),
    };
    let made = house.register_client(&HOME, house.organizer, ann, Role::Manager, new).await.unwrap().client;
    let maker = async || house.client_of(house.organizer, made.id).await.unwrap().maker;
    assert_eq!((made.maker, maker().await), (Maker { user: ann, is_member: true }, made.maker));
    house.remove_member(&HOME, house.organizer, ann).await.unwrap();
    assert_eq!(maker().await, Maker { user: ann, is_member: false });
}

//! The OAuth 2.1 server without HTTP: what buys a token, what does not, and what ends one.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use identity::{
    Asked, AuthorizationRequest, Bearer, ClientAuth,
    ClientKind::{self, Confidential, Public},
    ConsentError, Contact, Credentials, GrantType, Identity, Issued, NewClient, OAuthError, Oddity, Program,
    ProgramError, ProgramId, Refused, Role, Scopes, ShownClient, SignedIn, TokenError,
};
use sha2::{Digest, Sha256};
use stagedoor_core::OrganizerId;
use tokio::task::JoinSet;

use crate::factors::Phone;
use crate::{DAY, HOME, HOUR, MINUTE, Office, PASSWORD, SECOND};

pub const BACK: &str = "https://app.example/back";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

/// An organizer with programs, and somebody to let them in.
pub struct House {
    pub office: Office,
    pub owner: SignedIn,
    pub organizer: OrganizerId,
    pub ann: SignedIn,
}

impl std::ops::Deref for House {
    type Target = Identity;
    fn deref(&self) -> &Identity {
        &self.office.identity
    }
}

pub fn scopes(text: &str) -> Scopes {
    text.parse().unwrap()
}

fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))
}

pub fn text<T>(outcome: Result<T, OAuthError>) -> &'static str {
    match outcome {
        Ok(_) => "granted",
        Err(error) => error.text().unwrap_or_else(|| panic!("a fault: {error}")),
    }
}

pub fn program(bearer: Bearer) -> Program {
    match bearer {
        Bearer::Program(program) => program,
        other => panic!("{other:?} is no program"),
    }
}

impl House {
    pub async fn new() -> House {
        let office = Office::new().await;
        let (owner, ann) = (office.fan("owner").await, office.fan("ann").await);
        let organizer = office.create_organizer(owner.user.id, "Old Mill").await.unwrap().id;
        House { office, owner, organizer, ann }
    }

    pub async fn registered(&self, kind: ClientKind, grants: &[GrantType], wanted: &str) -> ShownClient {
        let back = [BACK.to_owned()];
        let redirect_uris = if grants.contains(&GrantType::AuthorizationCode) { &back[..] } else { &[] };
        let new = NewClient { name: "Box", kind, redirect_uris, grant_types: grants, scopes: scopes(wanted) };
        self.register_client(&HOME, self.organizer, self.owner.user.id, Role::Owner, new).await.unwrap()
    }

    /// A public client for everything a fan does, that staff of the platform vouched for.
    pub async fn app(&self) -> ShownClient {
        let shown = self.unapproved().await;
        self.approve_client(&HOME, shown.client.id).await.unwrap();
        shown
    }

    /// The same that nobody vouched for.
    pub async fn unapproved(&self) -> ShownClient {
        let grants = [GrantType::AuthorizationCode, GrantType::RefreshToken];
        self.registered(Public, &grants, "profile.read orders.read holds.write").await
    }

    pub async fn asked(&self, client: &ShownClient, scope: &str) -> Asked {
        let (id, challenge) = (client.client.id.to_string(), challenge(VERIFIER));
        self.check_authorization(good(&id, &challenge, scope)).await.unwrap()
    }

    /// A code that ann gave.
    pub async fn code(&self, client: &ShownClient, scope: &str) -> String {
        let asked = self.asked(client, scope).await;
        self.allow(&asked, ann()).await.unwrap()
    }

    pub async fn exchange(&self, client: &ShownClient, code: &str) -> Result<Issued, OAuthError> {
        let id = client.client.id.to_string();
        self.exchange_code(&HOME, auth(&id, client), code, Some(BACK), Some(VERIFIER), None).await
    }

    pub async fn renew(&self, client: &ShownClient, token: &str) -> Result<Issued, OAuthError> {
        let id = client.client.id.to_string();
        self.refresh_grant(&HOME, auth(&id, client), token, None, None).await
    }

    pub async fn tokens(&self, client: &ShownClient) -> Issued {
        let code = self.code(client, "orders.read holds.write").await;
        self.exchange(client, &code).await.unwrap()
    }
}

pub fn auth<'a>(id: &'a str, client: &'a ShownClient) -> ClientAuth<'a> {
    ClientAuth { id, secret: client.secret.as_deref() }
}

pub fn ann() -> Credentials<'static> {
    Credentials { contact: Contact::Email("ann@example.org"), password: PASSWORD, otp: None, origin: &HOME }
}

fn good<'a>(id: &'a str, challenge: &'a str, scope: &'a str) -> AuthorizationRequest<'a> {
    AuthorizationRequest {
        client_id: Some(id),
        redirect_uri: Some(BACK),
        response_type: Some("code"),
        scope: Some(scope),
        code_challenge: Some(challenge),
        code_challenge_method: Some("S256"),
        resource: None,
        oddity: None,
    }
}

#[tokio::test]
async fn a_code_buys_tokens_that_act_for_its_person() {
    let house = House::new().await;
    let client = house.app().await;
    let issued = house.tokens(&client).await;
    assert_eq!((issued.expires_in, issued.scopes), (3_600, scopes("orders.read holds.write")));
    let program = program(house.bearer(&issued.access_token).unwrap().unwrap());
    assert_eq!((program.user, program.organizer), (Some(house.ann.user.id), house.organizer));
    assert_eq!(program.scopes, issued.scopes);
    assert!(matches!(program.id, ProgramId::Client(id, _) if id == client.client.id));
    // What a program has is no session, and the other way round.
    assert_eq!(house.verify(&issued.access_token), Err(TokenError::Purpose));
    assert!(matches!(house.bearer(&house.ann.access_token), Ok(Some(Bearer::Person(_)))));
    let refresh = issued.refresh_token.unwrap();
    assert!(house.refresh(&HOME, &refresh).await.is_err(), "not a session's");
    assert_eq!(text(house.renew(&client, &house.ann.refresh_token).await), "invalid_grant", "nor a grant's");
    // And it lasts its hour, to the second.
    house.office.advance(HOUR - SECOND);
    assert!(house.bearer(&issued.access_token).is_ok());
    house.office.advance(SECOND);
    assert_eq!(house.bearer(&issued.access_token), Err(TokenError::Expired));
}

#[tokio::test]
async fn what_a_program_is_given_says_what_its_profile_wants() {
    let house = House::new().await;
    let client = house.app().await;
    let token = house.tokens(&client).await.access_token;
    let part = |index: usize| -> serde_json::Value {
        let part = token.split('.').nth(index).unwrap();
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    };
    let (header, claims) = (part(0), part(1));
    assert_eq!((&header["typ"], &header["alg"]), (&"at+jwt".into(), &"EdDSA".into()));
    assert_eq!((&claims["iss"], &claims["aud"]), (&"stagedoor".into(), &"stagedoor/api".into()));
    assert_eq!(claims["sub"], house.ann.user.id.to_string());
    assert_eq!(claims["client_id"], client.client.id.to_string());
    assert_eq!(claims["scope"], "orders.read holds.write");
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 3_600);
    assert!(claims["jti"].as_str().unwrap().len() >= 22);
    assert!(claims.get("sid").is_none());
}

#[tokio::test]
async fn only_what_is_registered_is_asked_for() {
    let house = House::new().await;
    let client = house.app().await;
    let (id, challenge) = (client.client.id.to_string(), challenge(VERIFIER));
    let request = good(&id, &challenge, "orders.read");
    let asked = house.check_authorization(request).await.unwrap();
    assert_eq!((asked.organizer.as_str(), asked.scopes), ("Old Mill", scopes("orders.read")));
    let here = [
        AuthorizationRequest { client_id: None, ..request },
        AuthorizationRequest { client_id: Some("cli_01h455vb4pex5vsknk084sn02q"), ..request },
        AuthorizationRequest { client_id: Some("nobody"), ..request },
        AuthorizationRequest { redirect_uri: None, ..request },
        AuthorizationRequest { redirect_uri: Some("https://app.example/back/"), ..request },
        AuthorizationRequest { redirect_uri: Some("https://evil.example/back"), ..request },
        AuthorizationRequest { redirect_uri: Some("https://app.example/back?x=1"), ..request },
    ];
    for request in here {
        let refused = house.check_authorization(request).await;
        assert!(matches!(refused, Err(Refused::Here(_))), "{request:?}");
    }
    let to_client = [
        (AuthorizationRequest { oddity: Some(Oddity::Repeated), ..request }, "invalid_request"),
        (AuthorizationRequest { oddity: Some(Oddity::NotOffered), ..request }, "invalid_request"),
        (AuthorizationRequest { response_type: None, ..request }, "invalid_request"),
        (AuthorizationRequest { response_type: Some("token"), ..request }, "unsupported_response_type"),
        (AuthorizationRequest { response_type: Some("code token"), ..request }, "unsupported_response_type"),
        (AuthorizationRequest { code_challenge: None, ..request }, "invalid_request"),
        (
            AuthorizationRequest { code_challenge: Some(VERIFIER), code_challenge_method: Some("plain"), ..request },
            "invalid_request",
        ),
        (AuthorizationRequest { code_challenge_method: None, ..request }, "invalid_request"),
        (AuthorizationRequest { code_challenge_method: Some("s256"), ..request }, "invalid_request"),
        (AuthorizationRequest { code_challenge: Some("short"), ..request }, "invalid_request"),
        (AuthorizationRequest { scope: Some("refunds.write"), ..request }, "invalid_scope"),
        (AuthorizationRequest { scope: Some("orders.read refunds.write"), ..request }, "invalid_scope"),
        (AuthorizationRequest { scope: Some("all"), ..request }, "invalid_scope"),
        (AuthorizationRequest { resource: Some("https://elsewhere.example"), ..request }, "invalid_target"),
    ];
    for (request, expected) in to_client {
        match house.check_authorization(request).await {
            Err(Refused::ToClient(to, error)) => {
                assert_eq!((to.redirect_uri.as_str(), error.text()), (BACK, Some(expected)), "{request:?}");
            }
            other => panic!("{request:?}: {other:?}"),
        }
    }
    let all = house.check_authorization(AuthorizationRequest { scope: None, ..request }).await.unwrap();
    assert_eq!(all.scopes, client.client.scopes, "all that it is registered for");
    let server = house.registered(Confidential, &[GrantType::ClientCredentials], "sales.read").await;
    let id = server.client.id.to_string();
    assert!(house.check_authorization(good(&id, &challenge, "sales.read")).await.is_err());
}

#[tokio::test]
async fn a_code_is_good_for_its_own_client_with_its_own_verifier() {
    let house = House::new().await;
    let (client, other) = (house.app().await, house.app().await);
    let code = house.code(&client, "orders.read").await;
    let (id, others) = (client.client.id.to_string(), other.client.id.to_string());
    let try_it = async |id: &str, code: &str, uri: Option<&str>, verifier: Option<&str>, resource: Option<&str>| {
        let auth = ClientAuth { id, secret: None };
        text(house.exchange_code(&HOME, auth, code, uri, verifier, resource).await)
    };
    let (back, right) = (Some(BACK), Some(VERIFIER));
    let longer = format!("{VERIFIER}0");
    assert_eq!(try_it(&others, &code, back, right, None).await, "invalid_grant", "a foreign client's code");
    assert_eq!(try_it(&id, &code, Some("https://app.example/"), right, None).await, "invalid_grant", "another one");
    assert_eq!(try_it(&id, &code, back, None, None).await, "invalid_grant", "no verifier");
    assert_eq!(try_it(&id, &code, back, Some(&longer), None).await, "invalid_grant", "another verifier");
    assert_eq!(try_it(&id, &code, back, Some(&challenge(VERIFIER)), None).await, "invalid_grant", "the challenge");
    assert_eq!(try_it(&id, &code, back, right, Some("https://elsewhere.example")).await, "invalid_target");
    assert_eq!(try_it(&id, "ac_nonsense", back, right, None).await, "invalid_grant");
    let secret = ClientAuth { id: &id, secret: Some("cs_nonsense") };
    assert_eq!(text(house.exchange_code(&HOME, secret, &code, back, right, None).await), "invalid_client");
    // None of that used it up.
    house.office.advance(5 * MINUTE - SECOND);
    assert_eq!(try_it(&id, &code, back, right, Some("stagedoor/api")).await, "granted");
    let bare = house.code(&client, "orders.read").await;
    assert_eq!(try_it(&id, &bare, None, right, None).await, "granted", "the verifier says enough");
    let late = house.code(&client, "orders.read").await;
    house.office.advance(5 * MINUTE);
    assert_eq!(try_it(&id, &late, back, right, None).await, "invalid_grant", "expired");
}

#[tokio::test]
async fn a_code_that_comes_back_ends_what_it_gave() {
    let house = House::new().await;
    let client = house.app().await;
    let code = house.code(&client, "orders.read").await;
    let issued = house.exchange(&client, &code).await.unwrap();
    assert!(house.bearer(&issued.access_token).is_ok());
    house.office.advance(HOUR / 2);
    assert_eq!(text(house.exchange(&client, &code).await), "invalid_grant");
    assert_eq!(house.bearer(&issued.access_token), Err(TokenError::Revoked));
    assert_eq!(text(house.renew(&client, &issued.refresh_token.unwrap()).await), "invalid_grant");
    // Other processes hear of it.
    let fresh = house.tokens(&client).await;
    let elsewhere = house.office.elsewhere();
    assert!(elsewhere.bearer(&fresh.access_token).is_ok() && elsewhere.bearer(&issued.access_token).is_ok());
    elsewhere.sync_revocations().await.unwrap();
    assert_eq!(elsewhere.bearer(&issued.access_token), Err(TokenError::Revoked));
    assert!(elsewhere.bearer(&fresh.access_token).is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_racing_exchanges_one_wins_and_what_it_won_ends() {
    let house = House::new().await;
    let client = house.app().await;
    let asked = house.asked(&client, "orders.read").await;
    let id = client.client.id.to_string();
    for round in 0..100 {
        let code = house.allow(&asked, ann()).await.unwrap();
        let mut racers = JoinSet::new();
        for _ in 0..4 {
            let (identity, code, id) = (house.office.identity.clone(), code.clone(), id.clone());
            racers.spawn(async move {
                let auth = ClientAuth { id: &id, secret: None };
                let outcome = identity.exchange_code(&HOME, auth, &code, Some(BACK), Some(VERIFIER), None).await;
                outcome.map_err(|error| error.text().unwrap_or_else(|| panic!("a fault: {error}")))
            });
        }
        let (won, lost): (Vec<_>, Vec<_>) = racers.join_all().await.into_iter().partition(Result::is_ok);
        assert_eq!(won.len(), 1, "round {round}");
        assert!(lost.into_iter().all(|outcome| outcome.err() == Some("invalid_grant")), "round {round}");
        let won = won.into_iter().next().and_then(Result::ok).unwrap();
        assert_eq!(house.bearer(&won.access_token), Err(TokenError::Revoked), "round {round}");
        house.office.advance(SECOND);
    }
}

#[tokio::test]
async fn refresh_tokens_rotate_for_seven_days_in_all() {
    let house = House::new().await;
    let client = house.app().await;
    let mut issued = house.tokens(&client).await;
    for _ in 0..6 {
        house.office.advance(DAY);
        let next = house.renew(&client, issued.refresh_token.as_ref().unwrap()).await.unwrap();
        assert_ne!(next.refresh_token, issued.refresh_token);
        assert_eq!(next.scopes, issued.scopes);
        issued = next;
    }
    house.office.advance(DAY - MINUTE);
    let last = house.renew(&client, issued.refresh_token.as_ref().unwrap()).await.unwrap();
    assert_eq!(last.expires_in, 60, "no longer than the leave itself");
    house.office.advance(MINUTE);
    assert_eq!(text(house.renew(&client, last.refresh_token.as_ref().unwrap()).await), "invalid_grant");
}

#[tokio::test]
async fn a_lost_reply_can_be_asked_for_again_and_a_copy_ends_the_grant() {
    let house = House::new().await;
    let client = house.app().await;
    let first = house.tokens(&client).await.refresh_token.unwrap();
    let lost = house.renew(&client, &first).await.unwrap();
    house.office.advance(29 * SECOND);
    let again = house.renew(&client, &first).await.unwrap();
    assert_eq!(again.refresh_token, lost.refresh_token);
    let third = house.renew(&client, again.refresh_token.as_ref().unwrap()).await.unwrap();
    // The successor was used, so this is no retry.
    assert_eq!(text(house.renew(&client, &first).await), "invalid_grant");
    assert_eq!(text(house.renew(&client, &third.refresh_token.unwrap()).await), "invalid_grant");
    for token in [lost.access_token, again.access_token, third.access_token] {
        assert_eq!(house.bearer(&token), Err(TokenError::Revoked));
    }
    // Nor is it when it comes late.
    let first = house.tokens(&client).await.refresh_token.unwrap();
    let next = house.renew(&client, &first).await.unwrap();
    house.office.advance(30 * SECOND);
    assert_eq!(text(house.renew(&client, &first).await), "invalid_grant");
    assert_eq!(house.bearer(&next.access_token), Err(TokenError::Revoked));
}

#[tokio::test]
async fn another_clients_refresh_token_does_nothing() {
    let house = House::new().await;
    let (client, other) = (house.app().await, house.app().await);
    let refresh = house.tokens(&client).await.refresh_token.unwrap();
    for _ in 0..3 {
        assert_eq!(text(house.renew(&other, &refresh).await), "invalid_grant");
        house.office.advance(MINUTE);
    }
    assert_eq!(text(house.renew(&client, &refresh).await), "granted", "nobody else could use it up");
}

#[tokio::test]
async fn a_refresh_gives_less_on_request_and_never_more() {
    let house = House::new().await;
    let client = house.app().await;
    let refresh = house.tokens(&client).await.refresh_token.unwrap();
    let id = client.client.id.to_string();
    let ask = async |scope| house.refresh_grant(&HOME, auth(&id, &client), &refresh, Some(scope), None).await;
    assert_eq!(text(ask("orders.read profile.read").await), "invalid_scope", "registered, but not granted");
    assert_eq!(text(ask("refunds.write").await), "invalid_scope");
    let less = ask("orders.read").await.unwrap();
    assert_eq!(less.scopes, scopes("orders.read"));
    assert_eq!(program(house.bearer(&less.access_token).unwrap().unwrap()).scopes, scopes("orders.read"));
    let all = house.renew(&client, &less.refresh_token.unwrap()).await.unwrap();
    assert_eq!(all.scopes, scopes("orders.read holds.write"), "the leave is as wide as it was");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn racing_refreshes_agree_and_a_reused_token_ends_the_grant_for_all() {
    let house = House::new().await;
    let client = house.app().await;
    let id = client.client.id.to_string();
    let race = async |token: &str| {
        let mut racers = JoinSet::new();
        for _ in 0..4 {
            let (identity, token, id) = (house.office.identity.clone(), token.to_owned(), id.clone());
            racers.spawn(async move {
                let auth = ClientAuth { id: &id, secret: None };
                let outcome = identity.refresh_grant(&HOME, auth, &token, None, None).await;
                outcome.map_err(|error| error.text().unwrap_or_else(|| panic!("a fault: {error}")))
            });
        }
        racers.join_all().await
    };
    let asked = house.asked(&client, "orders.read").await;
    for round in 0..100 {
        let code = house.allow(&asked, ann()).await.unwrap();
        let first = house.exchange(&client, &code).await.unwrap().refresh_token.unwrap();
        let answers = race(&first).await;
        let mut successors: Vec<_> = answers.into_iter().map(|answer| answer.unwrap().refresh_token.unwrap()).collect();
        successors.dedup();
        assert_eq!(successors.len(), 1, "round {round}: one live token, whoever came first");
        house.office.advance(MINUTE);
        // The owner and a thief at once: the used token ends it for both.
        let (live, used) = tokio::join!(race(&successors[0]), race(&first));
        assert!(used.into_iter().all(|answer| answer.err() == Some("invalid_grant")), "round {round}");
        for answer in live.into_iter().flatten() {
            assert_eq!(house.bearer(&answer.access_token), Err(TokenError::Revoked), "round {round}");
        }
    }
}

#[tokio::test]
async fn a_person_sees_whom_they_let_in_and_sends_them_away() {
    let house = House::new().await;
    let client = house.app().await;
    let (kept, ended) = (house.tokens(&client).await, house.tokens(&client).await);
    let (ann, owner) = (house.ann.user.id, house.owner.user.id);
    let listed = house.programs_of(ann).await.unwrap();
    assert_eq!(listed.len(), 2);
    let newest = &listed[0];
    assert_eq!((newest.program.as_str(), newest.organizer.as_str()), ("Box", "Old Mill"));
    assert!(matches!(house.end_program(&HOME, owner, newest.id).await, Err(ProgramError::NotFound)), "not theirs");
    house.end_program(&HOME, ann, newest.id).await.unwrap();
    assert!(matches!(house.end_program(&HOME, ann, newest.id).await, Err(ProgramError::NotFound)));
    assert_eq!(house.bearer(&ended.access_token), Err(TokenError::Revoked));
    assert!(house.bearer(&kept.access_token).is_ok());
    assert_eq!(house.programs_of(ann).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_new_password_and_erasure_end_what_was_allowed() {
    let house = House::new().await;
    let client = house.app().await;
    let (issued, unused) = (house.tokens(&client).await, house.code(&client, "orders.read").await);
    let (ann, session) = (house.ann.user.id, house.verify(&house.ann.access_token).unwrap().session);
    let new = "another mill by the lake";
    house.change_password(&HOME, ann, session, PASSWORD, new, None).await.unwrap();
    assert_eq!(house.bearer(&issued.access_token), Err(TokenError::Revoked));
    assert_eq!(text(house.renew(&client, &issued.refresh_token.unwrap()).await), "invalid_grant");
    assert_eq!(text(house.exchange(&client, &unused).await), "invalid_grant");
    let asked = house.asked(&client, "orders.read").await;
    assert!(house.allow(&asked, ann_with(PASSWORD)).await.is_err(), "the password before");
    let issued = {
        let code = house.allow(&asked, ann_with(new)).await.unwrap();
        house.exchange(&client, &code).await.unwrap()
    };
    let unused = house.allow(&asked, ann_with(new)).await.unwrap();
    house.delete(&HOME, ann, new, None, &[]).await.unwrap();
    assert_eq!(house.bearer(&issued.access_token), Err(TokenError::Revoked));
    assert_eq!(text(house.renew(&client, &issued.refresh_token.unwrap()).await), "invalid_grant");
    assert_eq!(text(house.exchange(&client, &unused).await), "invalid_grant");
}

fn ann_with(password: &'static str) -> Credentials<'static> {
    Credentials { password, ..ann() }
}

fn refusal(outcome: Result<String, ConsentError>) -> stagedoor_core::Code {
    match outcome {
        Err(ConsentError::Account(error)) => error.code(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_second_factor_is_asked_for_and_not_skipped() {
    let house = House::new().await;
    let client = house.app().await;
    let asked = house.asked(&client, "orders.read").await;
    let office = &house.office;
    let code = office.code_to("ann@example.org").await;
    office.verify_contact(&HOME, house.ann.user.id, identity::Channel::Email, &code).await.unwrap();
    let phone = Phone::new(&office.enrol_factor(&HOME, house.ann.user.id, PASSWORD).await.unwrap().secret);
    let session = house.verify(&house.ann.access_token).unwrap().session;
    let (before, unused) = (house.tokens(&client).await, house.code(&client, "orders.read").await);
    let recovery = office.confirm_factor(&HOME, house.ann.user.id, session, &phone.shows(office, 0)).await.unwrap();
    assert_eq!(house.bearer(&before.access_token), Err(TokenError::Revoked), "it would go on without the factor");
    assert_eq!(text(house.renew(&client, &before.refresh_token.unwrap()).await), "invalid_grant");
    assert_eq!(text(house.exchange(&client, &unused).await), "invalid_grant", "nor is a code of before good");
    let attempt = async |otp: Option<String>| house.allow(&asked, Credentials { otp: otp.as_deref(), ..ann() }).await;
    assert_eq!(refusal(attempt(None).await), stagedoor_core::Code::MfaRequired);
    assert_eq!(refusal(attempt(Some("000000".to_owned())).await), stagedoor_core::Code::InvalidOtp);
    office.advance(MINUTE);
    let code = attempt(Some(phone.shows(office, 0))).await.unwrap();
    assert_eq!(text(house.exchange(&client, &code).await), "granted");
    assert!(attempt(Some(recovery[0].clone())).await.is_ok());
    assert!(attempt(Some(recovery[0].clone())).await.is_err(), "used up");
}

#[tokio::test]
async fn what_is_over_is_forgotten() {
    let house = House::new().await;
    let client = house.app().await;
    let code = house.code(&client, "orders.read").await;
    house.exchange(&client, &code).await.unwrap();
    house.code(&client, "orders.read").await;
    let left = async || {
        let tx = house.office.db.store.begin_read().await.unwrap();
        let sql = "SELECT (SELECT COUNT(*) FROM oauth_code), (SELECT COUNT(*) FROM oauth_grant)";
        tx.one(sql, (), |row| Ok((row.get::<i64>(0)?, row.get::<i64>(1)?))).await.unwrap()
    };
    house.office.advance(31 * DAY);
    house.prune().await.unwrap();
    assert_eq!(left().await, (1, 1), "as long as the grant is, its code tells of theft");
    house.office.advance(7 * DAY);
    house.prune().await.unwrap();
    assert_eq!(left().await, (0, 0));
}

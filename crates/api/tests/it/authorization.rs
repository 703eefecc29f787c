//! Who may call what: every documented operation, called by everyone. The expected outcomes stand
//! in one table; an operation without a row fails the test, and so does a row without an
//! operation.

use std::collections::BTreeMap;

use axum::body::Body;
use identity::Role;
use serde_json::{Value, json};

use crate::app::{House, OnSale, TestApp, Wish};
use crate::caller::{Answer, Caller, PASSWORD};
use crate::contract::{self, Operation};
use crate::maps;

/// Who an operation is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum For {
    /// Everyone; a token plays no part.
    Everyone,
    /// Anyone signed in, about themselves or about what is public.
    SignedIn,
    /// The one person the thing in the path belongs to.
    ItsOwner,
    /// Members of the organizer in the path with one of these roles: `o`wner, `m`anager,
    /// `f`inance, `d`oor, `v`iewer.
    Staff(&'static str),
    /// Staff of the whole platform.
    Platform,
}
use For::{Everyone, ItsOwner, Platform, SignedIn, Staff};

#[rustfmt::skip]
const TABLE: &[(&str, For)] = &[
    ("GET /.well-known/jwks.json", Everyone),
    ("GET /.well-known/oauth-authorization-server", Everyone),
    // Clients prove themselves in words of their own.
    ("GET /oauth/authorize", Everyone),
    ("POST /oauth/authorize", Everyone),
    ("POST /oauth/token", Everyone),
    ("POST /oauth/revoke", Everyone),
    ("POST /oauth/introspect", Everyone),
    ("GET /healthz", Everyone),
    ("GET /metrics", Everyone),
    ("GET /readyz", Everyone),
    ("POST /api/v1/auth/login", Everyone),
    ("POST /api/v1/auth/logout", Everyone),
    ("POST /api/v1/auth/refresh", Everyone),
    ("POST /api/v1/auth/register", Everyone),
    ("POST /api/v1/auth/password/forgot", Everyone),
    ("POST /api/v1/auth/password/reset", Everyone),
    ("POST /api/v1/me/email", SignedIn),
    ("POST /api/v1/me/email/code", SignedIn),
    ("POST /api/v1/me/email/verify", SignedIn),
    ("POST /api/v1/me/phone", SignedIn),
    ("POST /api/v1/me/phone/code", SignedIn),
    ("POST /api/v1/me/phone/verify", SignedIn),
    ("POST /api/v1/me/password", SignedIn),
    ("GET /api/v1/me/mfa", SignedIn),
    ("POST /api/v1/me/mfa/totp", SignedIn),
    ("POST /api/v1/me/mfa/totp/confirm", SignedIn),
    ("POST /api/v1/me/mfa/totp/remove", SignedIn),
    ("POST /api/v1/me/mfa/recovery-codes", SignedIn),
    ("POST /api/v1/auth/passkeys/challenge", Everyone),
    ("POST /api/v1/auth/passkeys", Everyone),
    ("GET /api/v1/me/passkeys", SignedIn),
    ("POST /api/v1/me/passkeys/challenge", SignedIn),
    ("POST /api/v1/me/passkeys", SignedIn),
    ("PATCH /api/v1/me/passkeys/{passkey}", ItsOwner),
    ("DELETE /api/v1/me/passkeys/{passkey}", ItsOwner),
    ("GET /api/v1/me/sessions", SignedIn),
    ("DELETE /api/v1/me/sessions", SignedIn),
    ("DELETE /api/v1/me/sessions/{session}", ItsOwner),
    ("GET /api/v1/me/programs", SignedIn),
    ("DELETE /api/v1/me/programs/{grant}", ItsOwner),
    ("GET /api/v1/me/kyc", SignedIn),
    ("POST /api/v1/me/kyc", SignedIn),
    ("GET /api/v1/me/export", SignedIn),
    ("GET /api/v1/platform/kyc", Platform),
    ("POST /api/v1/platform/kyc/{check}/decision", Platform),
    ("GET /api/v1/me", SignedIn),
    ("PATCH /api/v1/me", SignedIn),
    ("DELETE /api/v1/me", SignedIn),
    ("GET /api/v1/me/orders", SignedIn),
    ("GET /api/v1/me/tickets", SignedIn),
    ("GET /api/v1/venues", Everyone),
    ("GET /api/v1/venues/{venue}", Everyone),
    ("GET /api/v1/events", Everyone),
    ("GET /api/v1/events/{event}", Everyone),
    ("GET /api/v1/events/{event}/availability", Everyone),
    ("GET /api/v1/events/{event}/live", Everyone),
    ("GET /api/v1/events/{event}/seat-map", Everyone),
    ("POST /api/v1/events/{event}/holds", SignedIn),
    ("GET /api/v1/holds/{hold}", ItsOwner),
    ("DELETE /api/v1/holds/{hold}", ItsOwner),
    ("POST /api/v1/orders", SignedIn),
    ("GET /api/v1/orders/{order}", ItsOwner),
    ("POST /api/v1/orders/{order}/cancel", ItsOwner),
    // The gateway's own pages: whoever knows the payment answers for it, as at a bank.
    ("GET /api/v1/simulated-gateway/challenges/{payment}", Everyone),
    ("POST /api/v1/simulated-gateway/challenges/{payment}", Everyone),
    ("POST /api/v1/bookings", SignedIn),
    ("GET /api/v1/bookings/{booking}", ItsOwner),
    ("DELETE /api/v1/bookings/{booking}", ItsOwner),
    ("POST /api/v1/bookings/{booking}/confirm", ItsOwner),
    ("GET /api/v1/tickets/{ticket}", ItsOwner),
    ("GET /api/v1/tickets/{ticket}/barcode", ItsOwner),
    ("GET /api/v1/tickets/{ticket}/pdf", ItsOwner),
    ("POST /api/v1/tickets/{ticket}/reissue", ItsOwner),
    ("POST /api/v1/tickets/{ticket}/transfer", ItsOwner),
    ("GET /api/v1/organizers", SignedIn),
    ("POST /api/v1/organizers", SignedIn),
    ("PATCH /api/v1/organizers/{org}", Staff("o")),
    ("GET /api/v1/organizers/{org}/members", Staff("om")),
    ("POST /api/v1/organizers/{org}/members", Staff("o")),
    ("PATCH /api/v1/organizers/{org}/members/{user}", Staff("o")),
    ("DELETE /api/v1/organizers/{org}/members/{user}", Staff("o")),
    ("GET /api/v1/organizers/{org}/clients", Staff("om")),
    ("POST /api/v1/organizers/{org}/clients", Staff("om")),
    ("GET /api/v1/organizers/{org}/clients/{client}", Staff("om")),
    ("DELETE /api/v1/organizers/{org}/clients/{client}", Staff("om")),
    ("POST /api/v1/organizers/{org}/clients/{client}/secret", Staff("om")),
    ("GET /api/v1/organizers/{org}/api-keys", Staff("om")),
    ("POST /api/v1/organizers/{org}/api-keys", Staff("om")),
    ("DELETE /api/v1/organizers/{org}/api-keys/{key}", Staff("om")),
    ("POST /api/v1/organizers/{org}/api-keys/{key}/rotate", Staff("om")),
    ("POST /api/v1/organizers/{org}/venues", Staff("om")),
    ("PATCH /api/v1/organizers/{org}/venues/{venue}", Staff("om")),
    ("GET /api/v1/organizers/{org}/venues/{venue}/seat-maps", Staff("omfdv")),
    ("POST /api/v1/organizers/{org}/venues/{venue}/seat-maps", Staff("om")),
    ("GET /api/v1/organizers/{org}/events", Staff("omfdv")),
    ("POST /api/v1/organizers/{org}/events", Staff("om")),
    ("GET /api/v1/organizers/{org}/events/{event}", Staff("omfdv")),
    ("PATCH /api/v1/organizers/{org}/events/{event}", Staff("om")),
    ("POST /api/v1/organizers/{org}/events/{event}/publish", Staff("om")),
    ("POST /api/v1/organizers/{org}/events/{event}/take-off-sale", Staff("om")),
    ("POST /api/v1/organizers/{org}/events/{event}/postpone", Staff("om")),
    ("POST /api/v1/organizers/{org}/events/{event}/cancel", Staff("om")),
    ("POST /api/v1/organizers/{org}/events/{event}/seat-map", Staff("om")),
    ("POST /api/v1/organizers/{org}/events/{event}/block", Staff("om")),
    ("POST /api/v1/organizers/{org}/events/{event}/unblock", Staff("om")),
    ("POST /api/v1/organizers/{org}/events/{event}/capacity", Staff("om")),
    ("GET /api/v1/organizers/{org}/events/{event}/attendees", Staff("omf")),
    ("GET /api/v1/organizers/{org}/tickets/{ticket}", Staff("omf")),
    ("GET /api/v1/organizers/{org}/orders", Staff("omfv")),
    ("GET /api/v1/organizers/{org}/orders/{order}", Staff("omfv")),
    ("POST /api/v1/organizers/{org}/orders/{order}/refund", Staff("omf")),
    ("POST /api/v1/organizers/{org}/checkins", Staff("omd")),
    ("POST /api/v1/organizers/{org}/checkins/batch", Staff("omd")),
    ("GET /api/v1/organizers/{org}/checkins/keys", Staff("omd")),
    ("GET /api/v1/organizers/{org}/audit", Staff("o")),
];

/// Two tenants, and a fan with something of everything at each.
pub struct Scene {
    pub app: TestApp,
    pub ours: House,
    theirs: House,
    staff: Vec<(Role, Caller)>,
    pub admin: Caller,
    pub ann: Caller,
    stranger: Caller,
    /// Ids by name of the path's parameter: what exists at our organizer, and at theirs.
    pub here: BTreeMap<&'static str, String>,
    there: BTreeMap<&'static str, String>,
}

impl Scene {
    pub async fn new() -> Scene {
        let app = TestApp::with(Wish::unlimited()).await;
        let (ours, theirs) = (app.aurora().await, app.borealis().await);
        let mut staff = Vec::new();
        for role in Role::ALL {
            staff.push((role, app.staff(&ours, role).await));
        }
        let (ann, stranger, admin) = (app.fan("ann").await, app.fan("stranger").await, app.admin().await);
        let bob = app.fan("bob").await;
        let here = things(&app, &ours, &ann).await;
        let there = things(&app, &theirs, &bob).await;
        Scene { app, ours, theirs, staff, admin, ann, stranger, here, there }
    }
}

/// One of everything at `house`, bought and held by `fan`.
async fn things(app: &TestApp, house: &House, fan: &Caller) -> BTreeMap<&'static str, String> {
    let event = app.event_of(house).await;
    let order = fan.bought(&event.id, &["S-A-1"]).await;
    let waiting = fan.held(&event.id, &["S-A-2"]).await;
    let challenge = fan.pay(&[&waiting], "tok_challenge").await.expect(202).json();
    let page = challenge["nextAction"]["url"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    let member = app.verified(&format!("member of {}", house.id)).await;
    let body = json!({ "email": member.email, "role": "viewer" });
    house.owner.post(&format!("/organizers/{}/members", house.id), body).await.expect(201);
    let held = fan.held(&event.id, &["S-A-3"]).await;
    let maps = format!("/organizers/{}/venues/{}/seat-maps", house.id, event.venue);
    let map = house.owner.get(&maps).await.expect(200).json()["items"][0]["id"].as_str().unwrap().to_owned();
    // Another one than that of the caller.
    let again = fan.signed_in_again().await;
    let sessions = again.get("/me/sessions").await.expect(200).json();
    let session = sessions["items"].as_array().unwrap().iter().find(|session| session["current"] == true).cloned();
    let session = session.expect("the caller has one")["id"].as_str().unwrap().to_owned();
    let document = json!({ "documentType": "passport", "country": "DE", "reference": "C01X00T47" });
    let code = app.code_sent_to(&fan.email).await;
    fan.post("/me/email/verify", json!({ "code": code })).await.expect(200);
    let passkey = crate::passkeys::added(fan).await;
    let check = fan.post("/me/kyc", document).await.expect(201).id();
    let client = crate::programs::client(house, "orders.read sales.read").await;
    let grant = crate::programs::let_in(app, &client, fan).await;
    let key = crate::programs::api_key(house, "sales.read").await;
    let OnSale { organizer, venue, id } = event;
    [
        ("org", organizer),
        ("venue", venue),
        ("event", id),
        ("order", order["id"].as_str().unwrap().to_owned()),
        ("ticket", order["tickets"][0]["id"].as_str().unwrap().to_owned()),
        ("hold", held.clone()),
        ("booking", held),
        ("payment", page),
        ("user", member.id),
        ("map", map),
        ("session", session),
        ("passkey", passkey),
        ("check", check),
        ("client", client.id),
        ("grant", grant),
        ("key", key.id),
    ]
    .into()
}

/// Ids of the right kind that name nothing.
fn absent() -> BTreeMap<&'static str, String> {
    let kinds = [
        ("org", "org"),
        ("venue", "ven"),
        ("event", "evt"),
        ("order", "ord"),
        ("ticket", "tkt"),
        ("hold", "hld"),
        ("booking", "hld"),
        ("payment", "pay"),
        ("user", "usr"),
        ("map", "map"),
        ("session", "ses"),
        ("passkey", "pky"),
        ("check", "kyc"),
        ("client", "cli"),
        ("grant", "grt"),
        ("key", "key"),
    ];
    kinds.map(|(name, prefix)| (name, format!("{prefix}_01h455vb4pex5vsknk084sn02q"))).into()
}

/// A body that is well-formed, so that only the caller can be what is wrong.
fn body(operation: &str, ids: &BTreeMap<&str, String>) -> Value {
    match operation.split("/api/v1").nth(1).unwrap_or_default() {
        "/platform/kyc/{check}/decision" => json!({ "decision": "verified" }),
        "/me/passkeys/{passkey}" if operation.starts_with("PATCH") => json!({ "name": "Mine" }),
        "/me/passkeys/{passkey}" => json!({ "password": PASSWORD }),
        "/organizers/{org}" => json!({ "membersNeedSecondFactor": false }),
        path if path.contains("/clients") || path.contains("/api-keys") => crate::programs::good_body(path),
        "/organizers/{org}/members" => json!({ "email": "bob@example.org", "role": "viewer" }),
        "/organizers/{org}/members/{user}" => json!({ "role": "viewer" }),
        "/organizers/{org}/venues/{venue}/seat-maps" => maps::hall(),
        "/organizers/{org}/events/{event}/seat-map" => json!({ "seatMapId": ids["map"] }),
        "/organizers/{org}/events/{event}/block" | "/organizers/{org}/events/{event}/unblock" => {
            json!({ "seats": ["S-C-1"] })
        }
        "/organizers/{org}/events/{event}/capacity" => json!({ "area": "FLOOR", "capacity": 150 }),
        "/organizers/{org}/orders/{order}/refund" => json!({ "reason": "rain" }),
        "/events/{event}/holds" => json!({ "seats": ["S-D-1"] }),
        "/bookings" => json!({ "eventId": ids["event"], "seatIds": ["S-D-2"] }),
        "/tickets/{ticket}/transfer" => json!({ "email": "bob@example.org" }),
        _ => json!({}),
    }
}

pub struct Cases<'a> {
    pub scene: &'a Scene,
    pub operation: Operation,
    pub count: usize,
}

impl Cases<'_> {
    pub async fn call(&mut self, who: &Caller, ids: &BTreeMap<&str, String>) -> Answer {
        self.count += 1;
        let name = self.operation.name();
        let mut request = who.keyed(self.scene.app.key()).request(self.operation.method(), &self.operation.fill(ids));
        let content = match self.operation.body() {
            None => Body::empty(),
            Some(described) if described["content"].get("application/json").is_some() => {
                request = request.header("content-type", "application/json");
                Body::from(body(&name, ids).to_string())
            }
            Some(_) => {
                request = request.header("content-type", "application/x-www-form-urlencoded");
                Body::from("answer=approve")
            }
        };
        who.send(request.body(content).unwrap()).await
    }

    async fn refused(&mut self, who: &Caller, ids: &BTreeMap<&str, String>, status: u16, code: &str, case: &str) {
        let answer = self.call(who, ids).await;
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{case}: {}", self.place(&answer));
    }

    /// The caller may do this, whatever else speaks against it.
    async fn allowed(&mut self, who: &Caller, ids: &BTreeMap<&str, String>, case: &str) {
        let answer = self.call(who, ids).await;
        let turned_away = matches!(answer.status, 401 | 403 | 404) || answer.status >= 500;
        assert!(!turned_away, "{case}: {}", self.place(&answer));
    }

    /// The caller cannot tell `ids` from what does not exist.
    async fn hidden(
        &mut self,
        who: &Caller,
        ids: &BTreeMap<&str, String>,
        nothing: &BTreeMap<&str, String>,
        case: &str,
    ) {
        let (theirs, nobodys) = (self.call(who, ids).await, self.call(who, nothing).await);
        assert_eq!(theirs.status, 404, "{case}: {}", self.place(&theirs));
        assert_eq!(telling(&theirs), telling(&nobodys), "{case}: {}", self.place(&theirs));
    }

    fn place(&self, answer: &Answer) -> String {
        format!("{} answered {} {}", self.operation.name(), answer.status, answer.text())
    }
}

/// All of an answer but its request id; the clock stands still.
fn telling(answer: &Answer) -> (u16, Vec<(String, Vec<u8>)>, Value) {
    let mut body = answer.json();
    body["error"]["requestId"].take();
    // Every request has its own id and leaves less to the next.
    let own = |name: &str| matches!(name, "x-request-id" | "ratelimit");
    let headers = answer.headers.iter().filter(|(name, _)| !own(name.as_str()));
    let headers = headers.map(|(name, value)| (name.to_string(), value.as_bytes().to_owned())).collect();
    (answer.status, headers, body)
}

#[tokio::test]
async fn every_operation_has_its_row() {
    let documented: Vec<_> = contract::operations().iter().map(Operation::name).collect();
    let missing: Vec<_> = documented.iter().filter(|name| !TABLE.iter().any(|(row, _)| row == name)).collect();
    assert!(missing.is_empty(), "no row for {missing:#?}");
    let stale: Vec<_> = TABLE.iter().filter(|(row, _)| !documented.iter().any(|name| name == row)).collect();
    assert!(stale.is_empty(), "no operation for {stale:#?}");
    for operation in contract::operations() {
        let secured = !matches!(row(operation), Everyone);
        assert_eq!(operation.is_secured(), secured, "{} in the document", operation.name());
    }
}

fn row(operation: Operation) -> For {
    let found = TABLE.iter().find(|(row, _)| *row == operation.name());
    found.unwrap_or_else(|| panic!("no row for {}", operation.name())).1
}

/// Runs every case of the operations that `wanted` picks; how many there were.
async fn run(wanted: impl Fn(For) -> bool) -> usize {
    let mut count = 0;
    for operation in contract::operations().into_iter().filter(|operation| wanted(row(*operation))) {
        // What one operation does must not be what the next one meets.
        let scene = Scene::new().await;
        let mut cases = Cases { scene: &scene, operation, count: 0 };
        check(&mut cases).await;
        count += cases.count;
    }
    count
}

async fn check(cases: &mut Cases<'_>) {
    let scene = cases.scene;
    let (here, nothing, nobody) = (&scene.here, &absent(), scene.app.nobody());
    let access = row(cases.operation);
    let forged = [
        nobody.with_token("garbage"),
        nobody.with_token(""),
        nobody.with_token(&format!("{}x", scene.ann.token())),
        nobody.with_token(&scene.ann.refresh_token),
    ];
    if access == Everyone {
        let plain = cases.call(&nobody, here).await;
        assert!(plain.status < 500, "{}", cases.place(&plain));
        let told = |answer: &Answer| (answer.status, answer.code());
        for token in &forged {
            let answer = cases.call(token, here).await;
            // A challenge is answered once; asking again is as good.
            assert_eq!(told(&answer), told(&plain), "{}", cases.place(&answer));
        }
        if !cases.operation.parameters().is_empty() {
            cases.refused(&nobody, nothing, 404, "not_found", "an absent id").await;
        }
        return;
    }
    cases.refused(&nobody, here, 401, "not_signed_in", "without a token").await;
    cases.refused(&nobody, nothing, 401, "not_signed_in", "without a token, an absent id").await;
    for token in &forged {
        cases.refused(token, here, 401, "invalid_token", "with a forged token").await;
    }
    match access {
        Everyone => unreachable!("handled above"),
        SignedIn => {
            if !cases.operation.parameters().is_empty() {
                cases.refused(&scene.ann, nothing, 404, "not_found", "an absent id").await;
            }
            for (role, member) in &scene.staff {
                cases.allowed(member, here, role.text()).await;
            }
            for (who, caller) in [("fan", &scene.ann), ("stranger", &scene.stranger), ("admin", &scene.admin)] {
                cases.allowed(caller, here, who).await;
            }
        }
        ItsOwner => {
            let others =
                [("stranger", &scene.stranger), ("other tenant", &scene.theirs.owner), ("admin", &scene.admin)];
            for (who, caller) in others {
                cases.hidden(caller, here, nothing, who).await;
            }
            for (role, member) in &scene.staff {
                cases.hidden(member, here, nothing, role.text()).await;
            }
            cases.hidden(&scene.ann, &scene.there, nothing, "another fan's").await;
            cases.allowed(&scene.ann, here, "its owner").await;
        }
        Staff(roles) => staff_cases(cases, roles).await,
        Platform => {
            let staff = scene.staff.iter().map(|(role, member)| (role.text(), member));
            let others = [("fan", &scene.ann), ("stranger", &scene.stranger), ("other tenant", &scene.theirs.owner)];
            for (who, caller) in others.into_iter().chain(staff) {
                for ids in [here, nothing] {
                    cases.refused(caller, ids, 403, "not_allowed", who).await;
                }
            }
            if !cases.operation.parameters().is_empty() {
                cases.refused(&scene.admin, nothing, 404, "not_found", "an absent id").await;
            }
            cases.allowed(&scene.admin, here, "admin").await;
        }
    }
}

async fn staff_cases(cases: &mut Cases<'_>, roles: &str) {
    let scene = cases.scene;
    let (here, nothing) = (&scene.here, &absent());
    let outsiders = [
        ("fan", &scene.ann),
        ("stranger", &scene.stranger),
        ("other tenant", &scene.theirs.owner),
        ("admin", &scene.admin),
    ];
    for (who, caller) in outsiders {
        cases.hidden(caller, here, nothing, who).await;
    }
    // Our staff at the other tenant's door.
    for (role, member) in &scene.staff {
        cases.hidden(member, &scene.there, nothing, role.text()).await;
    }
    let letter = |role: Role| role.text().chars().next().expect("roles have names");
    for (role, member) in &scene.staff {
        if !roles.contains(letter(*role)) {
            cases.refused(member, here, 403, "not_allowed", role.text()).await;
        }
    }
    // The right organizer with something of the other's: one parameter at a time.
    for name in cases.operation.parameters().into_iter().filter(|name| *name != "org") {
        let with = |ids: &BTreeMap<&'static str, String>| {
            let mut mixed = here.clone();
            mixed.insert(name, ids[name].clone());
            mixed
        };
        cases.hidden(&scene.ours.owner, &with(&scene.there), &with(nothing), name).await;
    }
    // From the least to the mightiest, because some do what can be done once.
    for (role, member) in scene.staff.iter().rev() {
        if roles.contains(letter(*role)) {
            cases.allowed(member, here, role.text()).await;
        }
    }
}

#[tokio::test]
async fn what_everyone_or_anyone_may_call() {
    println!("{} cases", run(|access| matches!(access, Everyone | SignedIn)).await);
}

#[tokio::test]
async fn what_belongs_to_one_person_or_to_the_platform() {
    println!("{} cases", run(|access| matches!(access, ItsOwner | Platform)).await);
}

#[tokio::test]
async fn what_belongs_to_an_organizer() {
    println!("{} cases", run(|access| matches!(access, Staff(_))).await);
}

#[tokio::test]
async fn ids_in_bodies_and_queries_tell_nothing_either() {
    let scene = Scene::new().await;
    let (ann, owner, org) = (&scene.ann, &scene.ours.owner, &scene.ours.id);
    let (there, nothing) = (&scene.there, &absent());
    let draft = scene.app.draft_with(&scene.theirs, |_| {}).await;
    let (their_map, no_map) = (json!(there["map"]), json!(nothing["map"]));
    let event = |field: &str, id: &Value| {
        let mut body = crate::app::event_body(&scene.here["venue"]);
        body[field] = id.clone();
        body
    };
    let pay = |hold: &str| json!({ "holds": [hold], "payment": { "method": "simulated", "token": "tok_ok" } });
    let text = |id: &str| Value::from(id);
    let events = format!("/organizers/{org}/events");
    let own = format!("{events}/{}", scene.here["event"]);
    let refund = format!("/organizers/{org}/orders/{}/refund", scene.here["order"]);
    let cancel = format!("/orders/{}/cancel", scene.here["order"]);
    let cases: Vec<(&Caller, String, Value, Value)> = vec![
        (ann, "/orders".into(), pay(&there["hold"]), pay(&nothing["hold"])),
        (ann, cancel, json!({ "tickets": [there["ticket"]] }), json!({ "tickets": [nothing["ticket"]] })),
        (
            owner,
            refund,
            json!({ "reason": "rain", "tickets": [there["ticket"]] }),
            json!({ "reason": "rain", "tickets": [nothing["ticket"]] }),
        ),
        (
            ann,
            "/bookings".into(),
            json!({ "eventId": draft.id, "seatIds": ["S-A-1"] }),
            json!({ "eventId": nothing["event"], "seatIds": ["S-A-1"] }),
        ),
        (owner, events.clone(), event("venueId", &text(&there["venue"])), event("venueId", &text(&nothing["venue"]))),
        (owner, events.clone(), event("seatMapId", &their_map), event("seatMapId", &no_map)),
        (owner, events.clone(), event("seriesId", &text(&there["event"])), event("seriesId", &text(&nothing["event"]))),
        (owner, format!("{own}/seat-map"), json!({ "seatMapId": their_map }), json!({ "seatMapId": no_map })),
    ];
    for (who, path, theirs, nobodys) in cases {
        let foreign = who.keyed(scene.app.key()).post(&path, theirs).await;
        let absent = who.keyed(scene.app.key()).post(&path, nobodys).await;
        assert!((400..500).contains(&foreign.status), "{path}: {}", foreign.text());
        assert_eq!(telling(&foreign), telling(&absent), "{path}");
    }
    let sold =
        async |event: &str| owner.get(&format!("/organizers/{org}/orders?event={event}")).await.expect(200).json();
    assert_eq!(sold(&there["event"]).await, sold(&nothing["event"]).await);
    // A scanner that asks about the other tenant's event learns nothing of its ticket.
    let theirs = scene.app.fan("bob").await;
    let barcode = theirs.get(&format!("/tickets/{}/barcode?format=json", there["ticket"])).await.expect(200).json();
    let scan =
        |text: &str, id: &str| json!({ "barcode": text, "gate": "North", "scanId": id, "eventId": there["event"] });
    let path = format!("/organizers/{org}/checkins");
    let genuine = owner.post(&path, scan(barcode["text"].as_str().unwrap(), "a")).await.expect(200).json();
    let nonsense = owner.post(&path, scan("nonsense", "a2")).await.expect(200).json();
    assert_eq!((&genuine["result"], &genuine["ticket"]), (&json!("unknown"), &Value::Null));
    assert_eq!(genuine["result"], nonsense["result"]);
}

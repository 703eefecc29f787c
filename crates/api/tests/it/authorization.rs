//! Who may call what: every documented operation, called by everyone. The expected outcomes stand
//! in `docs/authorization.csv`; an operation without a row fails the test, and so does a row without
//! an operation. Every cell is called about what is the caller's own, another's, another tenant's and
//! absent, as far as the operation names anything, and the last two are compared byte for byte.

mod table;

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::Request;
use identity::{Role, Scope};
use serde_json::{Value, json};

use crate::app::{House, OnSale, TestApp, Wish};
use crate::caller::{Answer, Caller, PASSWORD};
use crate::contract::{self, Operation};
use crate::{maps, programs};
use table::{For, Limited, Row, row, table};

/// Two tenants, and a fan with something of everything at each.
pub struct Scene {
    pub app: TestApp,
    pub ours: House,
    theirs: House,
    staff: Vec<(Role, Caller)>,
    pub admin: Caller,
    pub ann: Caller,
    stranger: Caller,
    guest: Caller,
    /// Staff who work for one of our events alone.
    limited: Vec<(Role, Caller)>,
    /// What acts for us with every scope, and for the other tenant.
    key: Caller,
    their_key: Caller,
    /// A program of ours that Ann lets do everything a program can do.
    program: Caller,
    /// Ids by name of the path's parameter: what exists at our organizer, and at theirs.
    pub here: BTreeMap<&'static str, String>,
    pub there: BTreeMap<&'static str, String>,
    /// Another event of ours, and what was sold of it.
    beside: BTreeMap<&'static str, String>,
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
        let (bob, guest) = (app.fan("bob").await, app.guest().await);
        let here = things(&app, &ours, &ann).await;
        let there = things(&app, &theirs, &bob).await;
        let beside = other_event(&app, &ours, &here, &ann).await;
        let mut limited = Vec::new();
        for role in [Role::Manager, Role::Door] {
            limited.push((role, app.limited(&ours, role, &[&here["event"]]).await));
        }
        let all = Scope::ALL.into_iter().filter(|scope| scope.permission().is_some());
        let all = Vec::from_iter(all.map(Scope::text)).join(" ");
        let key = app.nobody().with_token(&programs::api_key(&ours, &all).await.secret);
        let their_key = app.nobody().with_token(&programs::api_key(&theirs, &all).await.secret);
        let client = programs::client(&app, &ours, &Scope::ALL.map(Scope::text).join(" ")).await;
        let program = programs::acting(&app, &client, &ann, None).await;
        Scene {
            app,
            ours,
            theirs,
            staff,
            admin,
            ann,
            stranger,
            guest,
            limited,
            key,
            their_key,
            program,
            here,
            there,
            beside,
        }
    }
}

/// What is of another event of the same organizer, and else the same as `here`.
async fn other_event(
    app: &TestApp,
    house: &House,
    here: &BTreeMap<&'static str, String>,
    fan: &Caller,
) -> BTreeMap<&'static str, String> {
    let event = app.event_of(house).await;
    let order = fan.bought(&event.id, &["S-A-1"]).await;
    let mut beside = here.clone();
    beside.insert("block", blocked(house, &event).await);
    beside.insert("event", event.id);
    beside.insert("order", order["id"].as_str().unwrap().to_owned());
    beside.insert("ticket", order["tickets"][0]["id"].as_str().unwrap().to_owned());
    beside
}

/// The id of a block of the event.
pub async fn blocked(house: &House, event: &OnSale) -> String {
    let body = json!({ "seats": ["S-H-1", "S-H-2"], "holder": "Sponsor" });
    house.owner.post(&event.staff_path("/blocks"), body).await.expect(201).id()
}

/// One of everything at `house`, bought and held by `fan`.
async fn things(app: &TestApp, house: &House, fan: &Caller) -> BTreeMap<&'static str, String> {
    let event = app.event_of(house).await;
    let order = fan.bought(&event.id, &["S-A-1"]).await;
    let waiting = fan.held(&event.id, &["S-A-2"]).await;
    let challenge = fan.pay(&[&waiting], "tok_challenge").await.expect(202).json();
    let page = challenge["nextAction"]["url"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    let member = app.verified(&format!("member of {}", house.id)).await;
    app.joins(house, &member, Role::Viewer).await;
    let asked = json!({ "email": "asked@example.org", "role": "viewer" });
    let invitation = house.owner.post(&format!("/organizers/{}/members", house.id), asked).await.expect(201).id();
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
    let link = app.linked(fan).await;
    let check = fan.post("/me/kyc", document).await.expect(201).id();
    let client = programs::client(app, house, "orders.read sales.read").await;
    let grant = programs::let_in(app, &client, fan).await;
    let key = programs::api_key(house, "sales.read").await;
    let block = blocked(house, &event).await;
    let OnSale { organizer, venue, id } = event;
    [
        ("org", organizer),
        ("venue", venue),
        ("event", id),
        ("block", block),
        ("order", order["id"].as_str().unwrap().to_owned()),
        ("ticket", order["tickets"][0]["id"].as_str().unwrap().to_owned()),
        ("hold", held.clone()),
        ("booking", held),
        ("payment", page),
        ("user", member.id),
        ("map", map),
        ("session", session),
        ("passkey", passkey),
        ("link", link),
        ("check", check),
        ("client", client.id),
        ("grant", grant),
        ("key", key.id),
        ("invitation", invitation),
    ]
    .into()
}

/// Ids of the right kind that name nothing.
fn absent() -> BTreeMap<&'static str, String> {
    let kinds = [
        ("org", "org"),
        ("venue", "ven"),
        ("event", "evt"),
        ("block", "blk"),
        ("order", "ord"),
        ("ticket", "tkt"),
        ("hold", "hld"),
        ("booking", "hld"),
        ("payment", "pay"),
        ("user", "usr"),
        ("map", "map"),
        ("session", "ses"),
        ("passkey", "pky"),
        ("link", "pvl"),
        ("check", "kyc"),
        ("client", "cli"),
        ("grant", "grt"),
        ("key", "key"),
        ("invitation", "inv"),
    ];
    kinds.map(|(name, prefix)| (name, format!("{prefix}_01h455vb4pex5vsknk084sn02q"))).into()
}

/// A body that is well-formed, so that only the caller can be what is wrong.
fn body(operation: &str, ids: &BTreeMap<&str, String>) -> Value {
    match operation.split("/api/v1").nth(1).unwrap_or_default() {
        "/platform/kyc/{check}/decision" => json!({ "decision": "verified" }),
        "/me/passkeys/{passkey}" if operation.starts_with("PATCH") => json!({ "name": "Mine" }),
        "/me/passkeys/{passkey}" | "/me/provider-links/{link}" => json!({ "password": PASSWORD }),
        "/platform/organizers/{org}/suspend" | "/platform/organizers/{org}/reinstate" => {
            json!({ "reason": "case 4711, the bank called" })
        }
        "/platform/organizers/{org}/contracts" => json!({ "shares": [] }),
        "/platform/partners" => json!({ "kind": "venue", "name": "Old Mill" }),
        "/me/invitations/accept" | "/me/invitations/decline" => json!({ "token": "sdi_x" }),
        "/organizers/{org}" => json!({ "membersNeedSecondFactor": false }),
        path if path.contains("/clients") || path.contains("/api-keys") => programs::good_body(path),
        "/organizers/{org}/members" => json!({ "email": "bob@example.org", "role": "viewer" }),
        "/organizers/{org}/members/{user}" => json!({ "role": "viewer" }),
        "/organizers/{org}/venues/{venue}/seat-maps" => maps::hall(),
        "/organizers/{org}/events/{event}/seat-map" => json!({ "seatMapId": ids["map"] }),
        "/organizers/{org}/events/{event}/block" | "/organizers/{org}/events/{event}/unblock" => {
            json!({ "seats": ["S-C-1"] })
        }
        "/organizers/{org}/events/{event}/blocks" => json!({ "seats": ["S-C-2"], "holder": "Press" }),
        // Of its two seats, so that there is a block for whoever comes next.
        "/organizers/{org}/events/{event}/blocks/{block}/release" => json!({ "seats": ["S-H-1"] }),
        "/organizers/{org}/events/{event}/capacity" => json!({ "area": "FLOOR", "capacity": 150 }),
        "/organizers/{org}/orders/{order}/refund" => json!({ "reason": "rain" }),
        "/events/{event}/holds" => json!({ "seats": ["S-D-1"] }),
        "/bookings" => json!({ "eventId": ids["event"], "seatIds": ["S-D-2"] }),
        "/tickets/{ticket}/transfer" => json!({ "email": "bob@example.org", "password": PASSWORD }),
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
        who.send(self.request(who, ids)).await
    }

    pub fn request(&self, who: &Caller, ids: &BTreeMap<&str, String>) -> Request<Body> {
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
        request.body(content).unwrap()
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

#[test]
fn every_operation_has_its_row() {
    let documented: Vec<_> = contract::operations().iter().map(Operation::name).collect();
    let missing: Vec<_> = documented.iter().filter(|name| !table().iter().any(|row| row.operation == **name)).collect();
    assert!(missing.is_empty(), "no row for {missing:#?}");
    let stale: Vec<_> = table().iter().filter(|row| !documented.iter().any(|name| name == row.operation)).collect();
    assert!(stale.is_empty(), "no operation for {stale:#?}");
    for operation in contract::operations() {
        let row = row(operation);
        assert_eq!(operation.is_secured(), row.access != For::Everyone, "{} in the document", operation.name());
        assert_eq!(operation.scope(), row.scope, "{} in the document", operation.name());
    }
}

/// Runs every case of the operations that `wanted` picks; how many there were.
async fn run(wanted: impl Fn(For) -> bool) -> usize {
    let mut count = 0;
    for operation in contract::operations().into_iter().filter(|operation| wanted(row(*operation).access)) {
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
    let row = row(cases.operation);
    let forged = [
        nobody.with_token("garbage"),
        nobody.with_token(""),
        nobody.with_token(&format!("{}x", scene.ann.token())),
        nobody.with_token(&scene.ann.refresh_token),
        nobody.with_token(&format!("{}x", scene.key.token())),
    ];
    if row.access == For::Everyone {
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
    guest_cases(cases, row).await;
    match row.access {
        For::Everyone => unreachable!("handled above"),
        For::SignedIn => signed_in_cases(cases, row).await,
        For::ItsOwner => owner_cases(cases, row).await,
        For::Staff => staff_cases(cases, row).await,
        For::Platform => platform_cases(cases).await,
    }
}

/// Somebody without an account: what is not said to be for guests is not, whatever it is about.
async fn guest_cases(cases: &mut Cases<'_>, row: &Row) {
    let scene = cases.scene;
    let (here, nothing, guest) = (&scene.here, &absent(), &scene.guest);
    if !row.guest {
        for ids in [here, &scene.there, nothing] {
            cases.refused(guest, ids, 403, "account_needed", "a guest").await;
        }
        return;
    }
    if row.access == For::SignedIn {
        return cases.allowed(guest, here, "a guest").await;
    }
    assert_eq!((row.access, cases.operation.parameters()), (For::ItsOwner, vec!["hold"]), "guests have holds alone");
    cases.hidden(guest, here, nothing, "a guest, another's").await;
    let mut own = here.clone();
    own.insert("hold", guest.held(&here["event"], &["S-F-1"]).await);
    cases.allowed(guest, &own, "a guest").await;
    guest.delete(&format!("/holds/{}", own["hold"])).await.expect(204);
}

async fn signed_in_cases(cases: &mut Cases<'_>, row: &Row) {
    let scene = cases.scene;
    let (here, nothing) = (&scene.here, &absent());
    if !cases.operation.parameters().is_empty() {
        cases.refused(&scene.ann, nothing, 404, "not_found", "an absent id").await;
    }
    cases.refused(&scene.key, here, 403, "insufficient_scope", "a key acts for no person").await;
    let others = [("fan", &scene.ann), ("stranger", &scene.stranger), ("admin", &scene.admin)];
    for (who, caller) in others {
        // What ends sessions comes last: they are others' as well.
        cases.allowed(caller, here, who).await;
    }
    for (role, member) in scene.staff.iter().chain(&scene.limited) {
        cases.allowed(member, here, role.text()).await;
    }
    match row.scope {
        None => cases.refused(&scene.program, here, 403, "insufficient_scope", "for no program").await,
        Some(_) => cases.allowed(&scene.program, here, "a program with the scope").await,
    }
}

async fn owner_cases(cases: &mut Cases<'_>, row: &Row) {
    let scene = cases.scene;
    let (here, nothing) = (&scene.here, &absent());
    let others = [("stranger", &scene.stranger), ("other tenant", &scene.theirs.owner), ("admin", &scene.admin)];
    for (who, caller) in others {
        cases.hidden(caller, here, nothing, who).await;
    }
    cases.hidden(&scene.admin.because(REASON), here, nothing, "admin with a reason").await;
    for (role, member) in scene.staff.iter().chain(&scene.limited) {
        cases.hidden(member, here, nothing, role.text()).await;
    }
    cases.hidden(&scene.ann, &scene.there, nothing, "another fan's").await;
    cases.refused(&scene.key, here, 403, "insufficient_scope", "a key acts for no person").await;
    match row.scope {
        None => cases.refused(&scene.program, here, 403, "insufficient_scope", "for no program").await,
        Some(_) => cases.hidden(&scene.program, &scene.there, nothing, "a program, another fan's").await,
    }
    cases.allowed(&scene.ann, here, "its owner").await;
}

async fn platform_cases(cases: &mut Cases<'_>) {
    let scene = cases.scene;
    let (here, nothing) = (&scene.here, &absent());
    let staff = scene.staff.iter().chain(&scene.limited).map(|(role, member)| (role.text(), member));
    let others = [("fan", &scene.ann), ("stranger", &scene.stranger), ("other tenant", &scene.theirs.owner)];
    for (who, caller) in others.into_iter().chain(staff) {
        for ids in [here, nothing] {
            cases.refused(caller, ids, 403, "not_allowed", who).await;
        }
    }
    for (who, caller) in [("key", &scene.key), ("program", &scene.program)] {
        cases.refused(caller, here, 403, "insufficient_scope", who).await;
    }
    if !cases.operation.parameters().is_empty() {
        cases.refused(&scene.admin, nothing, 404, "not_found", "an absent id").await;
    }
    cases.allowed(&scene.admin, here, "admin").await;
}

async fn staff_cases(cases: &mut Cases<'_>, row: &Row) {
    let scene = cases.scene;
    let (here, nothing) = (&scene.here, &absent());
    let outsiders = [("fan", &scene.ann), ("stranger", &scene.stranger), ("other tenant", &scene.theirs.owner)];
    for (who, caller) in outsiders {
        cases.hidden(caller, here, nothing, who).await;
    }
    // Our staff at the other tenant's door.
    for (role, member) in scene.staff.iter().chain(&scene.limited) {
        cases.hidden(member, &scene.there, nothing, role.text()).await;
    }
    for (role, member) in &scene.staff {
        if !row.roles.contains(role) {
            cases.refused(member, here, 403, "not_allowed", role.text()).await;
        }
    }
    // The right organizer with something of the other's: one parameter at a time.
    let mixed = |name: &'static str, ids: &BTreeMap<&'static str, String>| {
        let mut mixed = here.clone();
        mixed.insert(name, ids[name].clone());
        mixed
    };
    for name in cases.operation.parameters().into_iter().filter(|name| *name != "org") {
        let (theirs, nobodys) = (mixed(name, &scene.there), mixed(name, nothing));
        cases.hidden(&scene.ours.owner, &theirs, &nobodys, name).await;
        if row.platform {
            cases.hidden(&scene.admin.because(REASON), &theirs, &nobodys, name).await;
        }
    }
    look_cases(cases, row).await;
    program_cases(cases, row).await;
    // From the least to the mightiest, because some do what can be done once.
    limited_cases(cases, row).await;
    for (role, member) in scene.staff.iter().rev() {
        if row.roles.contains(role) {
            cases.allowed(member, here, role.text()).await;
        }
    }
}

/// What staff of the platform may see of a tenant, and how.
async fn look_cases(cases: &mut Cases<'_>, row: &Row) {
    let scene = cases.scene;
    let (here, nothing) = (&scene.here, &absent());
    for admin in [&scene.admin, &scene.admin.because(REASON)] {
        cases.refused(admin, nothing, 404, "not_found", "admin, an absent organizer").await;
    }
    if !row.platform {
        for admin in [&scene.admin, &scene.admin.because(REASON)] {
            cases.refused(admin, here, 403, "not_allowed", "admin changes nothing").await;
        }
        return;
    }
    for reason in ["", "because", "          ", &"x".repeat(201)] {
        let admin = scene.admin.because(reason);
        cases.refused(&admin, here, 403, "access_reason_required", "admin with no reason worth the name").await;
    }
    cases.refused(&scene.admin, here, 403, "access_reason_required", "admin without a reason").await;
    cases.allowed(&scene.admin.because(REASON), here, "admin with a reason").await;
    cases.allowed(&scene.admin.because(REASON), &scene.there, "admin with a reason, elsewhere").await;
    let stranger = scene.stranger.because(REASON);
    cases.hidden(&stranger, here, nothing, "a reason opens nothing to others").await;
}

/// Keys of ours and of others, and a program for a fan who is no staff.
async fn program_cases(cases: &mut Cases<'_>, row: &Row) {
    let scene = cases.scene;
    let (here, nothing) = (&scene.here, &absent());
    if row.scope.is_none() {
        for (who, caller) in [("key", &scene.key), ("their key", &scene.their_key), ("program", &scene.program)] {
            let answer = cases.call(caller, here).await;
            assert!(matches!(answer.status, 403 | 404), "{who}: {}", cases.place(&answer));
        }
        cases.refused(&scene.key, here, 403, "insufficient_scope", "for no program").await;
        return;
    }
    cases.hidden(&scene.their_key, here, nothing, "their key").await;
    cases.hidden(&scene.key, &scene.there, nothing, "our key at theirs").await;
    cases.hidden(&scene.program, here, nothing, "a program for a fan").await;
    let others = Scope::ALL.into_iter().filter(|scope| scope.permission().is_some() && Some(scope.text()) != row.scope);
    let others = Vec::from_iter(others.map(Scope::text)).join(" ");
    let key = scene.app.nobody().with_token(&programs::api_key(&scene.ours, &others).await.secret);
    cases.refused(&key, here, 403, "insufficient_scope", "a key with every other scope").await;
}

/// To a member who works for one event alone, all else looks absent.
async fn limited_cases(cases: &mut Cases<'_>, row: &Row) {
    let scene = cases.scene;
    let (here, beside, nothing) = (&scene.here, &scene.beside, &absent());
    for (role, member) in scene.limited.iter().rev() {
        let case = format!("{role} of one event");
        match row.limited {
            Limited::None => cases.hidden(member, here, nothing, &case).await,
            Limited::Event => {
                cases.hidden(member, beside, nothing, &case).await;
                match row.roles.contains(role) {
                    true => cases.allowed(member, here, &case).await,
                    false => cases.refused(member, here, 403, "not_allowed", &case).await,
                }
            }
            Limited::Some if row.roles.contains(role) => {
                if cases.operation.parameters().len() > 1 {
                    cases.hidden(member, beside, nothing, &case).await;
                }
                cases.allowed(member, here, &case).await;
            }
            Limited::Some => cases.refused(member, here, 403, "not_allowed", &case).await,
            // Others they do not see; themselves they may take out.
            Limited::Itself => {
                cases.hidden(member, here, nothing, &case).await;
                let mut own = here.clone();
                own.insert("user", member.id.clone());
                cases.allowed(member, &own, &case).await;
            }
        }
    }
}

/// Why staff of the platform look.
const REASON: &str = "case 4711, the buyer's bank called";

#[tokio::test]
async fn what_everyone_or_anyone_may_call() {
    println!("{} cells", run(|access| matches!(access, For::Everyone | For::SignedIn)).await);
}

#[tokio::test]
async fn what_belongs_to_one_person_or_to_the_platform() {
    println!("{} cells", run(|access| matches!(access, For::ItsOwner | For::Platform)).await);
}

#[tokio::test]
async fn what_belongs_to_an_organizer() {
    println!("{} cells", run(|access| access == For::Staff).await);
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

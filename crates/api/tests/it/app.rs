//! The whole product in process: every part as in production, over a database and a seat journal
//! of the test's own, with a clock that only the test moves.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use api::client::Proxies;
use api::crowd::Crowd;
use api::limits::{Limits, RouteLimit};
use api::origin::Origins;
use api::{App, Edge, Parts};
use catalog::Catalog;
use gate::Quota;
use identity::{Identity, Role};
use inventory::{Config, FanLimits, Inventory};
use jobs::Jobs;
use journal::{Journal, PostgresJournal, SqliteJournal};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use notify::{Notify, Outlets, Spool};
use parking_lot::Mutex;
use payments::{Payments, SimulatedGateway};
use sales::Sales;
use serde_json::{Value, json};
use stagedoor_core::Network;
use testkit::TestStore;
use tokio::sync::watch;

use crate::caller::{Caller, PASSWORD};
use crate::maps;

/// When every event starts unless a test says otherwise; the clock begins with the year.
pub const START: &str = "2026-06-01T18:00:00Z";
/// Where browsers make passkeys without TLS, too.
pub const PUBLIC_URL: &str = "http://localhost";
/// Where pages come from that may open live seat maps, besides those of the box office itself.
pub const OTHER_ORIGIN: &str = "https://app.example";
/// Prices by level, in cents.
pub const FRONT: i64 = 5_000;
pub const SIDE: i64 = 3_333;
pub const FLOOR: i64 = 2_000;
/// Longer than any hold lives, extended or not.
pub const LONG: Duration = Duration::from_secs(30 * 60);

pub struct TestApp {
    pub app: App,
    pub router: axum::Router,
    pub jobs: Jobs,
    pub gateway: SimulatedGateway,
    pub db: TestStore,
    stop: watch::Sender<bool>,
    people: Mutex<HashMap<String, Caller>>,
    /// Of those whose second factor is on, by their id.
    recovery: Mutex<HashMap<String, Vec<String>>>,
    counter: AtomicU32,
}

/// Routes with limits of their own, which are none of most tests' business.
const LIMITED: [&str; 32] = [
    "oauth_consent",
    "oauth_token",
    "register",
    "open_guest",
    "login",
    "refresh",
    "forgot_password",
    "reset_password",
    "change_email",
    "send_email_code",
    "verify_email",
    "change_phone",
    "send_phone_code",
    "verify_phone",
    "change_password",
    "enrol_totp",
    "confirm_totp",
    "remove_totp",
    "renew_recovery_codes",
    "challenge_sign_in",
    "sign_in_with_passkey",
    "challenge_new_passkey",
    "add_passkey",
    "remove_passkey",
    "start_provider_sign_in",
    "finish_provider_sign_in",
    "start_provider_link",
    "finish_provider_link",
    "remove_provider_link",
    "submit_document",
    "export_me",
    "delete_me",
];

/// What a test may want otherwise than shipped.
pub struct Wish {
    pub limits: FanLimits,
    pub identity: identity::Config,
    pub trusted_proxies: Vec<Network>,
    /// Of requests. The clock of a test stands still, so that nothing used is given back.
    pub requests: gate::Config,
    pub route_limits: Vec<RouteLimit>,
    /// What an address may keep open.
    pub crowd: api::crowd::Config,
    pub public_url: String,
    pub wallets: tickets::Wallets,
}

impl Default for Wish {
    fn default() -> Self {
        // A password hash at full cost takes longer than most tests.
        let issuer = PUBLIC_URL.to_owned();
        let identity = identity::Config { password_memory_kib: 8, issuer, ..identity::Config::default() };
        let plenty: Quota = "1000000/s".parse().expect("a quota");
        let route_limits = LIMITED.map(|name| format!("{name}={plenty}").parse());
        Self {
            limits: FanLimits::default(),
            identity,
            trusted_proxies: Vec::new(),
            requests: gate::Config { address: plenty, user: plenty, user_in_surge: plenty },
            route_limits: route_limits.into_iter().collect::<Result<_, _>>().expect("limits of routes"),
            crowd: api::crowd::Config { connections: 1_000_000, live: 1_000_000 },
            public_url: PUBLIC_URL.to_owned(),
            wallets: tickets::Wallets::default(),
        }
    }
}

impl Wish {
    /// Fans without the limits of document 004, for tests about something else.
    pub fn unlimited() -> Self {
        let limits = FanLimits { active_holds_max: 1_000_000, attempts_per_minute: 1_000_000 };
        Self { limits, ..Self::default() }
    }
}

/// An organizer with the persons that a test needs.
#[derive(Clone)]
pub struct House {
    pub id: String,
    pub owner: Caller,
}

/// An event with what leads to it.
#[derive(Clone)]
pub struct OnSale {
    pub organizer: String,
    pub venue: String,
    pub id: String,
}

impl OnSale {
    /// The address of one of its public pages.
    pub fn path(&self, page: &str) -> String {
        format!("/events/{}{page}", self.id)
    }

    /// The address of what its organizer does with it.
    pub fn staff_path(&self, page: &str) -> String {
        format!("/organizers/{}/events/{}{page}", self.organizer, self.id)
    }
}

impl TestApp {
    pub async fn new() -> TestApp {
        Self::with(Wish::default()).await
    }

    pub async fn with(wish: Wish) -> TestApp {
        let db = TestStore::new().await;
        let (store, keyring, env) = (&db.store, &db.keyring, &db.env);
        let inventory = start_inventory(&db, wish.limits).await;
        let catalog = Catalog::open(store.clone(), keyring).await.expect("the catalogue opens");
        let gateway = SimulatedGateway::new(store.clone()).with_latency(Duration::ZERO);
        let payments = Payments::new(store.clone(), Arc::new(gateway.clone()));
        let sales = Sales::new(sales::Parts {
            store: store.clone(),
            inventory: inventory.clone(),
            payments: payments.clone(),
            catalog: catalog.clone(),
            keyring: keyring.clone(),
        });
        let identity = Identity::new(store.clone(), keyring.clone(), wish.identity);
        let spool = Spool::new(db.folder.path().join("spool"), "Box office <box-office@example.org>");
        let outlets = Outlets::spool(spool.expect("an address"));
        let notify = Notify::new(store.clone(), keyring.clone(), outlets);
        let jobs = identity.handle(notify.handle(sales.handle(Jobs::new(store.clone()))));
        let (stop, stopped) = watch::channel(false);
        let requests = gate::Limits::new(wish.requests, Arc::new(gate::Local::new(env)));
        let app = App::new(Parts {
            env: env.clone(),
            store: store.clone(),
            catalog: catalog.clone(),
            live: api::live::Live::new(
                sales.clone(),
                catalog.clone(),
                inventory.clone(),
                &identity,
                env.clone(),
                tokio::runtime::Handle::current(),
            ),
            identity,
            inventory,
            payments,
            simulated: Some(gateway.clone()),
            sales,
            signer: tickets::Signer::new(keyring),
            wallets: wish.wallets,
            compressed: api::seat_maps::Compressed::default(),
            denials: api::denials::Denials::default(),
            expiry_lag: api::operations::Peak::default(),
            prints: api::holds::Prints::new(keyring),
            csrf: api::cookies::CsrfKey::new(keyring),
            metrics: recorder(),
            stop: stopped,
            proxies: Proxies { trusted: wish.trusted_proxies, ..Proxies::default() },
            limits: Limits::new(requests, &wish.route_limits).expect("the routes have these limits"),
            crowd: Crowd::new(wish.crowd),
            origins: Origins::new(&wish.public_url, [OTHER_ORIGIN.parse().expect("an origin")]),
            public_url: wish.public_url,
        });
        let router = api::router(app.clone());
        let (people, recovery, counter) = (Mutex::default(), Mutex::default(), AtomicU32::new(0));
        TestApp { app, router, jobs, gateway, db, stop, people, recovery, counter }
    }

    /// Someone who has not signed in.
    pub fn nobody(&self) -> Caller {
        Caller::new(self.router.clone())
    }

    /// The fan of that name, registered when first asked for, with a session that is alive.
    pub async fn fan(&self, name: &str) -> Caller {
        let known = self.people.lock().get(name).cloned();
        let fan = match known {
            Some(known) if self.app.identity.verify(known.token()).is_ok() => return known,
            Some(known) => known.signed_in_again().await,
            None => self.nobody().registered(name).await,
        };
        self.people.lock().insert(name.to_owned(), fan.clone());
        fan
    }

    /// Somebody new without an account.
    pub async fn guest(&self) -> Caller {
        self.nobody().as_guest().await
    }

    /// The same with an e-mail address that the code from there has verified.
    pub async fn verified(&self, name: &str) -> Caller {
        let fan = self.fan(name).await;
        if fan.get("/me").await.expect(200).json()["emailVerified"] != true {
            let code = self.code_sent_to(&fan.email).await;
            fan.post("/me/email/verify", json!({ "code": code })).await.expect(200);
        }
        fan
    }

    /// An organizer called `name`, owned by a fan of the same name.
    pub async fn house(&self, name: &str) -> House {
        let owner = self.fan(name).await;
        let mine = owner.get("/organizers").await.expect(200).json();
        let known = mine["items"].as_array().unwrap().iter().find(|house| house["name"] == name).cloned();
        let house = match known {
            Some(known) => known,
            None => owner.post("/organizers", json!({ "name": name })).await.expect(201).json(),
        };
        House { id: house["id"].as_str().unwrap().to_owned(), owner }
    }

    /// The organizer that most tests are about.
    pub async fn aurora(&self) -> House {
        self.house("aurora").await
    }

    /// Another tenant.
    pub async fn borealis(&self) -> House {
        self.house("borealis").await
    }

    /// Someone who works for `house` in that role.
    pub async fn staff(&self, house: &House, role: Role) -> Caller {
        if role == Role::Owner {
            return house.owner.clone();
        }
        let member = self.verified(&format!("{role} of {}", house.id)).await;
        self.joins(house, &member, role).await;
        member
    }

    /// Makes `member` what they are to `house` without asking, as a demo world does.
    pub async fn joins(&self, house: &House, member: &Caller, role: Role) {
        let (house, member) = (house.id.parse().unwrap(), member.id.parse().unwrap());
        self.app.identity.seed_member(house, member, role).await.expect("both are there");
    }

    /// Someone who works for some events of `house` in that role, and to whom all else of it is absent.
    pub async fn limited(&self, house: &House, role: Role, events: &[&str]) -> Caller {
        let member = self.verified(&format!("{role} of some events of {}", house.id)).await;
        self.joins(house, &member, role).await;
        let path = format!("/organizers/{}/members/{}", house.id, member.id);
        house.owner.patch(&path, json!({ "events": events })).await.expect(204);
        member
    }

    /// Staff of the whole platform.
    pub async fn admin(&self) -> Caller {
        let admin = self.verified("admin").await;
        let id = admin.id.parse().unwrap();
        self.app.identity.grant_platform_admin(id).await.expect("the account exists");
        self.turn_factor_on(&admin).await;
        let admin = admin.refreshed().await;
        self.people.lock().insert("admin".to_owned(), admin.clone());
        admin
    }

    /// Turns the second factor of somebody whose address is verified on, if it is not.
    pub async fn turn_factor_on(&self, person: &Caller) {
        if person.get("/me").await.expect(200).json()["secondFactor"] == true {
            return;
        }
        let enrolment = person.post("/me/mfa/totp", json!({ "password": PASSWORD })).await.expect(201).json();
        let otp = self.otp(enrolment["secret"].as_str().expect("a secret"));
        let confirmed = person.post("/me/mfa/totp/confirm", json!({ "otp": otp })).await.expect(200).json();
        let codes = serde_json::from_value(confirmed["recoveryCodes"].clone()).expect("a list of codes");
        self.recovery.lock().insert(person.id.clone(), codes);
    }

    /// A recovery code that was not used; none of somebody without a second factor.
    pub fn recovery_code(&self, person: &Caller) -> Option<String> {
        self.recovery.lock().get_mut(&person.id).map(|codes| codes.pop().expect("there are ten"))
    }

    /// The id of a link of `person` to a provider that the operator names no more.
    pub async fn linked(&self, person: &Caller) -> String {
        let (id, user): (stagedoor_core::ProviderLinkId, stagedoor_core::UserId) =
            (self.db.env.id(), person.id.parse().expect("an id"));
        let tx = self.db.begin_write().await.expect("the database writes");
        let sql = "INSERT INTO provider_link (id, account_id, provider, print, created_at, made_account)
                   VALUES ($1, $2, $3, $4, $5, $6)";
        let print = [id.bytes(), id.bytes()].concat();
        tx.execute(sql, (id, user, "former", &print[..], tx.now(), false)).await.expect("a link is written");
        tx.commit().await.expect("the database writes");
        id.to_string()
    }

    /// What the authenticator app with this secret shows now.
    pub fn otp(&self, secret: &str) -> String {
        let secret = totp_rs::Secret::try_from_base32(secret).expect("base 32");
        let totp = totp_rs::Builder::new().with_secret(secret).with_account_name("a").build().expect("a secret");
        totp.generate(self.db.env.now().seconds() as u64).to_string()
    }

    /// A published event of Aurora's, on the map that [`maps::hall`] draws.
    pub async fn event_on_sale(&self) -> OnSale {
        self.event_with(|_| {}).await
    }

    /// The same, changed before it is made.
    pub async fn event_with(&self, change: impl FnOnce(&mut Value)) -> OnSale {
        let event = self.draft_with(&self.aurora().await, change).await;
        let owner = self.aurora().await.owner;
        owner.post(&event.staff_path("/publish"), Value::Null).await.expect(200);
        event
    }

    /// A published event of `house`.
    pub async fn event_of(&self, house: &House) -> OnSale {
        let event = self.draft_with(house, |_| {}).await;
        house.owner.post(&event.staff_path("/publish"), Value::Null).await.expect(200);
        event
    }

    /// An event that is not published, at a venue of its own.
    pub async fn draft_with(&self, house: &House, change: impl FnOnce(&mut Value)) -> OnSale {
        let base = format!("/organizers/{}", house.id);
        let venue = house.owner.post(&format!("{base}/venues"), venue_body()).await.expect(201).id();
        house.owner.post(&format!("{base}/venues/{venue}/seat-maps"), maps::hall()).await.expect(201);
        let mut body = event_body(&venue);
        change(&mut body);
        let id = house.owner.post(&format!("{base}/events"), body).await.expect(201).id();
        OnSale { organizer: house.id.clone(), venue, id }
    }

    /// A number no other call of this test got.
    pub fn number(&self) -> u32 {
        self.counter.fetch_add(1, Ordering::Relaxed)
    }

    /// A fresh idempotency key.
    pub fn key(&self) -> String {
        format!("key-{}", self.number())
    }

    /// Moves the clock; then what is due has happened.
    pub async fn advance(&self, span: Duration) {
        self.db.env.clock.advance(span);
        self.app.inventory.settle().await;
        self.run_jobs().await;
    }

    pub async fn run_jobs(&self) {
        self.jobs.run_due().await.expect("the queue answers");
    }

    /// Every message that was sent, the oldest first.
    pub async fn messages(&self) -> Vec<String> {
        self.run_jobs().await;
        // Files are called by id, and ids sort by the clock: what comes later is the later one.
        self.db.env.clock.advance(Duration::from_millis(1));
        let Ok(folder) = std::fs::read_dir(self.db.folder.path().join("spool")) else { return Vec::new() };
        let mut files: Vec<_> = folder.map(|entry| entry.expect("a file").path()).collect();
        files.sort();
        files.iter().map(|file| std::fs::read_to_string(file).expect("a message is text")).collect()
    }

    /// The last word of this kind in the messages to `address`.
    pub async fn word_sent_to(&self, address: &str, is_it: impl Fn(&str) -> bool) -> String {
        let (to, messages) = (format!("To: {address}"), self.messages().await);
        let theirs = messages.iter().filter(|message| message.lines().any(|line| line.trim_end() == to));
        let theirs: Vec<String> = theirs.map(|message| testkit::mail::plain(message)).collect();
        // Tokens come as links to the page that uses them.
        let token = |word: &'_ str| word.rsplit("#token=").next().expect("there is always a last part").to_owned();
        let words = theirs.iter().flat_map(|message| message.split_whitespace()).map(token);
        words.filter(|word| is_it(word)).last().unwrap_or_else(|| panic!("not in {messages:#?}"))
    }

    /// The code in the last message with one to `address`.
    pub async fn code_sent_to(&self, address: &str) -> String {
        self.word_sent_to(address, |word| word.len() == 6 && word.bytes().all(|byte| byte.is_ascii_digit())).await
    }

    /// A real server for this app on a free port of this machine.
    pub fn serve(&self) -> SocketAddr {
        self.serve_with(|_| {})
    }

    /// The same, changed before it serves.
    pub fn serve_with(&self, change: impl FnOnce(&mut Edge)) -> SocketAddr {
        let mut edge = Edge::bind((Ipv4Addr::LOCALHOST, 0).into(), 2).expect("a port is free");
        change(&mut edge);
        let address = edge.address;
        let app = self.app.clone();
        std::thread::spawn(move || edge.serve(app, || {}));
        address
    }

    /// Tells everything that serves to stop.
    pub fn stop(&self) {
        let _ = self.stop.send(true);
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.stop();
    }
}

async fn start_inventory(db: &TestStore, limits: FanLimits) -> Inventory {
    let (folder, url, env) = (db.folder.path().to_owned(), db.url.clone(), db.env.clone());
    let on_postgres = testkit::postgres_url().is_some();
    let open = move |partition| -> Result<Box<dyn Journal>, journal::Error> {
        match on_postgres {
            true => Ok(Box::new(PostgresJournal::open(&url, partition)?)),
            false => Ok(Box::new(SqliteJournal::open(&folder, partition)?)),
        }
    };
    let start = move || Inventory::start(Config { limits, partitions: 1 }, env, open);
    tokio::task::spawn_blocking(start).await.expect("starting does not panic").expect("the journal is readable")
}

/// Counts of the whole test process; a recorder is installed once for all its tests.
fn recorder() -> PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    let install = || {
        let handle = PrometheusBuilder::new().install_recorder().expect("nobody else installs a recorder");
        api::operations::describe_metrics();
        notify::describe_metrics();
        handle
    };
    HANDLE.get_or_init(install).clone()
}

pub fn venue_body() -> Value {
    json!({ "name": "Old Mill", "city": "Hamburg", "country": "DE", "timeZone": "Europe/Berlin" })
}

pub fn event_body(venue: &str) -> Value {
    json!({
        "venueId": venue, "currency": "EUR", "name": "Northern Lights", "type": "concert", "startsAt": START,
        "orphanPolicy": "ignore",
        "priceLevels": [
            { "key": "front", "name": "Front", "amount": FRONT },
            { "key": "side", "name": "Side", "amount": SIDE },
            { "key": "floor", "name": "Floor", "amount": FLOOR },
        ],
    })
}

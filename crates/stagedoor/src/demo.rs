//! `stagedoor demo`: a world to try the program with, in the same database the server uses.
//!
//! Everything in it has an id that follows from the seed, so loading it again finds what is there
//! and adds only what is missing, also after a run that was cut off.

use catalog::demo::{DemoEvent, DemoOrganizer, world};
use catalog::{Catalog, EventError, EventState, NewEvent, Transition, VenueError};
use identity::{Contact, Identity, Locale, NewAccount, Role, SeedAccount};
use indicatif::ProgressBar;
use serde::Serialize;
use stagedoor_core::{Clock, Entropy, Env, EventId, OrganizerId, PerformerId, UserId, VenueId};
use store::Origin;
use tokio::runtime::Runtime;
use uuid::Uuid;

use crate::config::Settings;
use crate::data::{Access, Data};
use crate::fault::{Fault, because};
use crate::progress;
use crate::system::{self, System};

/// Fans of the world, so that several can want the same seats.
const FANS: u64 = 10;
/// Staff of the platform, who cannot act without a second factor.
const ADMIN: &str = "admin";
/// Roles in an organizer, each with an account of its own.
const STAFF: [Role; 5] = [Role::Owner, Role::Manager, Role::Finance, Role::Door, Role::Viewer];

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The same seed gives the same world, with the same ids and passwords
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,
}

/// What is printed.
#[derive(Serialize)]
struct World {
    accounts: Vec<Account>,
    organizers: Vec<Organizer>,
    events: Vec<Event>,
}

#[derive(Serialize)]
struct Account {
    #[serde(skip)]
    id: UserId,
    role: &'static str,
    email: String,
    password: String,
    /// In base 32: what the authenticator app of the account is given.
    #[serde(rename = "totpSecret", skip_serializing_if = "Option::is_none")]
    totp_secret: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    organizer: Option<OrganizerId>,
}

#[derive(Serialize)]
struct Organizer {
    id: OrganizerId,
    name: &'static str,
}

#[derive(Serialize)]
struct Event {
    id: EventId,
    name: String,
    venue: VenueId,
    organizer: OrganizerId,
    /// Seats and standing places.
    capacity: u32,
    /// How many of them are seats.
    seated: u32,
}

/// Loads the world and gives it as JSON.
pub fn demo(settings: &Settings, arguments: &Arguments, runtime: &Runtime) -> Result<String, Fault> {
    let mut data = runtime.block_on(Data::open(settings, Access::Owner))?;
    data.store = data.store.with_origin(Origin::operator());
    let seeds = Seeds::new(arguments.seed);
    // The dates count from today, everything else from the seed.
    let env = Env { clock: Clock::System, entropy: Entropy::seeded(arguments.seed) };
    let plan = world(&env, arguments.seed);
    let events = plan.iter().map(|organizer| organizer.events.len() as u64).sum::<u64>();
    let bar = progress::bar(seeds.account_count(plan.len()) + 2 * events, "loading the demo world");

    let identity = system::identity(settings, &data.store, &data.keyring);
    let world = runtime.block_on(async {
        let (accounts, organizers) = seeds.people(&identity, &plan, &bar).await?;
        let store = data.store.with_env(seeds.env.clone());
        let catalog = Catalog::open(store, &data.keyring).await?;
        let mut events = Vec::new();
        for (number, organizer) in (0..).zip(plan) {
            events.extend(seeds.programme(&catalog, number, organizers[number as usize].id, organizer, &bar).await?);
        }
        Ok::<_, Fault>(World { accounts, organizers, events })
    })?;

    let system = System::start(settings, data, runtime)?;
    let published = runtime.block_on(publish(&system, &world.events, &bar));
    system.stop(runtime)?;
    published.map_err(because("put an event on sale"))?;
    bar.finish_and_clear();
    eprintln!("stagedoor: these accounts have passwords that anybody can look up: keep them off the open internet");
    let json = serde_json::to_string_pretty(&world).map_err(because("write the world"))?;
    Ok(json + "\n")
}

/// Puts the drafts on sale; an event that is past that stays as it is.
async fn publish(system: &System, events: &[Event], bar: &ProgressBar) -> Result<(), Fault> {
    for event in events {
        if system.catalog.any_event(event.id).await?.event.state == EventState::Draft {
            system
                .sales
                .transition_event(system.store.origin(), event.organizer, event.id, Transition::Publish)
                .await?;
        }
        bar.inc(1);
    }
    Ok(())
}

/// Where the ids and passwords of a world come from.
struct Seeds {
    seed: u64,
    /// Set anew before each thing is made, so that its id does not depend on what was made before
    /// it in this run.
    env: Env,
}

impl Seeds {
    fn new(seed: u64) -> Seeds {
        Seeds { seed, env: Env::seeded(seed) }
    }

    fn account_count(&self, organizers: usize) -> u64 {
        FANS + 1 + (organizers * STAFF.len()) as u64
    }

    /// The random stream and the moment of the thing of this kind and number. Later numbers have
    /// later ids.
    fn env_of(&self, kind: &str, number: u64) -> Env {
        let env = Env::seeded(mix(self.seed, kind, number));
        env.clock.advance(std::time::Duration::from_millis(number));
        env
    }

    fn id<T: From<Uuid>>(&self, kind: &str, number: u64) -> T {
        self.env_of(kind, number).id()
    }

    /// Makes the next thing that is made in [`Seeds::env`] the one of this kind and number.
    fn prepare(&self, kind: &str, number: u64) {
        let env = self.env_of(kind, number);
        self.env.clock.set(env.now());
        if let Entropy::Seeded(state) = &self.env.entropy {
            *state.lock().expect("no holder of this lock panics") = mix(self.seed, kind, number);
        }
    }

    async fn people(
        &self,
        identity: &Identity,
        plan: &[DemoOrganizer],
        bar: &ProgressBar,
    ) -> Result<(Vec<Account>, Vec<Organizer>), Fault> {
        let mut accounts: Vec<_> = (1..=FANS).map(|fan| self.account("fan", &format!("fan-{fan}"), None)).collect();
        accounts.push(self.account(ADMIN, "admin", None));
        let mut organizers = Vec::new();
        for (number, planned) in (0..).zip(plan) {
            let id = self.id("organizer", number);
            organizers.push(Organizer { id, name: planned.name });
            let house = planned.name.split(' ').next().unwrap_or_default().to_lowercase();
            let staff = STAFF.map(|role| self.account(role.text(), &format!("{}-{house}", role.text()), Some(id)));
            accounts.extend(staff);
        }
        for account in &accounts {
            let name = account.email.split('@').next().unwrap_or_default().replace('-', " ");
            let new = NewAccount {
                contact: Contact::Email(&account.email),
                password: &account.password,
                name: &name,
                locale: Locale::English,
            };
            let seed = SeedAccount {
                id: account.id,
                account: new,
                platform_admin: account.role == ADMIN,
                second_factor: account.totp_secret.as_deref(),
            };
            identity.seed_account(seed).await.map_err(because(format!("make the account {}", account.email)))?;
            bar.inc(1);
        }
        for organizer in &organizers {
            let staff: Vec<_> = accounts.iter().filter(|account| account.organizer == Some(organizer.id)).collect();
            let owner = staff.iter().find(|account| account.role == Role::Owner.text()).expect("every house has one");
            identity.seed_organizer(organizer.id, owner.id, organizer.name).await?;
            for account in staff.iter().filter(|account| account.id != owner.id) {
                let role = account.role.parse().expect("staff have roles");
                let seeded = identity.seed_member(organizer.id, account.id, role).await;
                seeded.map_err(because(format!("make {} a member", account.email)))?;
            }
        }
        Ok((accounts, organizers))
    }

    fn account(&self, role: &'static str, local: &str, organizer: Option<OrganizerId>) -> Account {
        let entropy = self.env_of(local, 0).entropy;
        // The id does not come from the stream of the password.
        let id = self.id(&format!("account {local}"), 0);
        Account {
            id,
            role,
            email: format!("{local}@world-{}.example", self.seed),
            password: password(&entropy),
            totp_secret: (role == ADMIN).then(|| totp_secret(&self.env_of(&format!("totp {local}"), 0).entropy)),
            organizer,
        }
    }

    /// The venue, its map, the performers and the events of one organizer, as drafts.
    async fn programme(
        &self,
        catalog: &Catalog,
        house: u64,
        organizer: OrganizerId,
        plan: DemoOrganizer,
        bar: &ProgressBar,
    ) -> Result<Vec<Event>, Fault> {
        let venue: VenueId = self.id("venue", house);
        match catalog.venue(venue).await {
            Ok(_) => {}
            Err(VenueError::NotFound) => {
                self.prepare("venue", house);
                let made = catalog.create_venue(organizer, plan.venue).await?;
                assert_eq!(made.id, venue, "the first id a venue takes is its own");
            }
            Err(error) => return Err(error.into()),
        }
        let map = self.id("seat map", house);
        let seated = plan.map.seat_count() as u32;
        if catalog.seat_map(map).await.is_err() {
            self.prepare("seat map", house);
            let made = catalog.add_seat_map(organizer, venue, plan.map).await?;
            assert_eq!(made.version.id, map, "the first id a seat map takes is its own");
        }
        let ids: Vec<EventId> = (0..plan.events.len() as u64).map(|n| self.id("event", house << 16 | n)).collect();
        let mut events = Vec::new();
        for (number, planned) in (0..).zip(plan.events) {
            let id = ids[number as usize];
            let capacity = match catalog.any_event(id).await {
                Ok(known) => known.event.capacity,
                Err(EventError::NotFound) => {
                    let DemoEvent { mut details, performers, series } = planned.clone();
                    details.performers = self.bill(catalog, organizer, performers).await?;
                    self.prepare("event", house << 16 | number);
                    let series = series.map(|first| ids[first]);
                    let new = NewEvent { venue, seat_map: Some(map), series, details, bill: Vec::new() };
                    let made = catalog.create_event(organizer, new).await?;
                    assert_eq!(made.id, id, "the first id an event takes is its own");
                    made.capacity
                }
                Err(error) => return Err(error.into()),
            };
            let name = planned.details.name.into_string();
            events.push(Event { id, name, venue, organizer, capacity, seated });
            bar.inc(1);
        }
        Ok(events)
    }

    async fn bill(
        &self,
        catalog: &Catalog,
        organizer: OrganizerId,
        names: Vec<stagedoor_core::Name>,
    ) -> Result<Vec<PerformerId>, Fault> {
        let mut performers = Vec::new();
        for name in names {
            self.prepare(&format!("performer {organizer} {}", name.as_str()), 0);
            performers.push(catalog.performer_named(organizer, name).await?.id);
        }
        Ok(performers)
    }
}

/// FNV-1a over the seed, the kind and the number.
fn mix(seed: u64, kind: &str, number: u64) -> u64 {
    let bytes = seed.to_le_bytes().into_iter().chain(kind.bytes()).chain([0]).chain(number.to_le_bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Twenty bytes in base 32. Source: RFC 4226, section 4, R6.
fn totp_secret(entropy: &Entropy) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    (0..32).map(|_| char::from(ALPHABET[entropy.below(32) as usize])).collect()
}

/// Three words and a number: easy to type, and long enough for the rules of any role.
fn password(entropy: &Entropy) -> String {
    const WORDS: [&str; 32] = [
        "amber", "anchor", "balcony", "beacon", "bronze", "canvas", "copper", "curtain", "dahlia", "ember", "falcon",
        "fiddle", "garden", "harbour", "ivory", "juniper", "lantern", "marble", "meadow", "nectar", "opera", "orchid",
        "pepper", "quartz", "ribbon", "saffron", "timber", "trumpet", "velvet", "walnut", "willow", "zephyr",
    ];
    let word = || WORDS[entropy.below(WORDS.len() as u64) as usize];
    let words = [word(), word(), word()];
    format!("{}-{}-{}-{:04}", words[0], words[1], words[2], entropy.below(10_000))
}

//! `stagedoor import`: events and seat maps from files.

use std::fs;
use std::path::{Path, PathBuf};

use catalog::import::{ImportOptions, ImportReport, Outcome, Remark};
use catalog::seat_map::Seat;
use catalog::{Catalog, Paging, SeatMap};
use clap::{Subcommand, ValueEnum};
use identity::{Contact, Identity, Locale, NewAccount, Organizer, SeedAccount};
use serde_json::{Value, json};
use stagedoor_core::{Currency, Entropy, Env, OrganizerId, VenueId};
use store::{Keyring, Store};
use tokio::runtime::Runtime;
use uuid::Uuid;

use crate::config::Settings;
use crate::data::{Access, Data};
use crate::fault::{Fault, because};
use crate::progress;
use crate::system;

/// Who gets imported events when nobody is named and it is not clear whose they are.
const IMPORTS: OrganizerId = OrganizerId(Uuid::from_u128(0x019b_7651_4800_7000_8000_696d_706f_7274));
/// Organizers and venues named in a message.
const NAMED_MAX: u32 = 20;

#[derive(Debug, Subcommand)]
pub enum Import {
    /// Take events with their venues and performers from a file
    Events {
        file: PathBuf,
        #[arg(long, value_enum, default_value_t = EventFormat::TicketmasterDiscovery)]
        format: EventFormat,
        /// Whose events they become [default: the only organizer there is, else one made for imports]
        #[arg(long, value_name = "ORG")]
        organizer: Option<OrganizerId>,
        /// Of events that come without prices
        #[arg(long, default_value = "USD", value_name = "CODE")]
        currency: String,
        /// Say what would be imported, and import nothing
        #[arg(long)]
        check: bool,
    },
    /// Add a seat map to a venue: our own format or the open seating-plan JSON
    SeatMap {
        file: PathBuf,
        /// Whose venue it is [default: the only organizer there is]
        #[arg(long, value_name = "ORG")]
        organizer: Option<OrganizerId>,
        /// The venue [default: the only one of the organizer]
        #[arg(long, value_name = "VENUE")]
        venue: Option<VenueId>,
        /// Only say what the file holds
        #[arg(long)]
        check: bool,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum EventFormat {
    /// An answer of the Discovery API v2 with events in it
    TicketmasterDiscovery,
}

/// Imports and gives a summary as JSON.
pub fn import(settings: &Settings, what: Import, runtime: &Runtime) -> Result<String, Fault> {
    let summary = match what {
        Import::Events { file, format: EventFormat::TicketmasterDiscovery, organizer, currency, check } => {
            let currency = Currency::from_code(&currency.to_uppercase())
                .ok_or_else(|| format!("{currency:?} is not a currency code such as USD"))?;
            let text = read(&file)?;
            let options = ImportOptions { currency };
            if check {
                runtime.block_on(check_events(&text, &options))?
            } else {
                runtime.block_on(import_events(settings, organizer, &text, &options))?
            }
        }
        Import::SeatMap { file, organizer, venue, check } => {
            let map = catalog::import::seat_map(&read(&file)?)
                .map_err(because(format!("read a seat map from {}", file.display())))?;
            if check { describe(&map) } else { runtime.block_on(import_map(settings, organizer, venue, map))? }
        }
    };
    Ok(serde_json::to_string_pretty(&summary).map_err(because("write the summary"))? + "\n")
}

fn read(file: &Path) -> Result<Vec<u8>, Fault> {
    fs::read(file).map_err(because(format!("read {}", file.display())))
}

async fn import_events(
    settings: &Settings,
    organizer: Option<OrganizerId>,
    text: &[u8],
    options: &ImportOptions,
) -> Result<Value, Fault> {
    let data = Data::open(settings, Access::Beside).await?;
    let identity = system::identity(settings, &data.store, &data.keyring);
    let organizer = match organizer {
        Some(id) => known(&identity, id).await?,
        None => match only_organizer(&identity).await? {
            Some(id) => id,
            None => importer(&identity, &data.env).await?,
        },
    };
    let catalog = Catalog::open(data.store.clone(), &data.keyring).await?;
    let report = run(&catalog, organizer, text, options).await?;
    data.store.close().await?;
    Ok(summary(&report, Some(organizer)))
}

/// Imports into an empty database of its own that is thrown away.
async fn check_events(text: &[u8], options: &ImportOptions) -> Result<Value, Fault> {
    let folder = tempfile::tempdir().map_err(because("make a temporary folder"))?;
    let url = format!("sqlite:{}", folder.path().join("check.db").display());
    let env = Env::system();
    let keyring = Keyring::new([0; 32], env.entropy.clone());
    let store = Store::open(&url, env).await?.with_keyring(&keyring);
    let catalog = Catalog::open(store.clone(), &keyring).await?;
    let report = run(&catalog, IMPORTS, text, options).await?;
    store.close().await?;
    Ok(summary(&report, None))
}

async fn run(
    catalog: &Catalog,
    organizer: OrganizerId,
    text: &[u8],
    options: &ImportOptions,
) -> Result<ImportReport, Fault> {
    let bar = progress::bar(0, "importing events");
    let report = catalog.import_discovery(organizer, text, options, |progress| {
        bar.set_length(progress.total as u64);
        bar.set_position(progress.done as u64);
    });
    let report = report.await.map_err(because("import the events"));
    bar.finish_and_clear();
    report
}

fn summary(report: &ImportReport, organizer: Option<OrganizerId>) -> Value {
    let outcome = |of: &Outcome| json!({ "created": of.created, "updated": of.updated, "unchanged": of.unchanged });
    let remarks = |of: &[Remark]| {
        of.iter().map(|one| json!({ "path": one.path, "name": one.name, "reason": one.reason })).collect::<Vec<_>>()
    };
    json!({
        "organizer": organizer,
        "saved": organizer.is_some(),
        "venues": outcome(&report.venues),
        "performers": outcome(&report.performers),
        "events": outcome(&report.events),
        "skipped": remarks(&report.skipped),
        "notes": remarks(&report.notes),
    })
}

async fn import_map(
    settings: &Settings,
    organizer: Option<OrganizerId>,
    venue: Option<VenueId>,
    map: SeatMap,
) -> Result<Value, Fault> {
    let data = Data::open(settings, Access::Beside).await?;
    let identity = system::identity(settings, &data.store, &data.keyring);
    let catalog = Catalog::open(data.store.clone(), &data.keyring).await?;
    let mut summary = describe(&map);
    let (organizer, venue) = place(&identity, &catalog, organizer, venue).await?;
    let bar = progress::bar(1, "saving the seat map");
    let saved = catalog.add_seat_map(organizer, venue, map).await.map_err(because("save the seat map"))?;
    bar.finish_and_clear();
    summary["saved"] = json!(true);
    summary["id"] = json!(saved.version.id);
    summary["venue"] = json!(venue);
    summary["version"] = json!(saved.version.version);
    data.store.close().await?;
    Ok(summary)
}

/// The venue that is meant and its organizer. Refused when nothing tells which of several, or there is none.
async fn place(
    identity: &Identity,
    catalog: &Catalog,
    organizer: Option<OrganizerId>,
    venue: Option<VenueId>,
) -> Result<(OrganizerId, VenueId), Fault> {
    if let Some(id) = venue {
        let found = catalog.venue(id).await.map_err(because(format!("find the venue {id}")))?;
        return match organizer {
            Some(organizer) if organizer != found.organizer => {
                Err(format!("{id} is not a venue of {organizer}").into())
            }
            _ => Ok((found.organizer, id)),
        };
    }
    let organizer = match organizer {
        Some(id) => known(identity, id).await?,
        None => match &identity.organizers(NAMED_MAX).await?[..] {
            [only] => only.id,
            [] => return Err("there is no venue to add the map to; --check only says what the file holds".into()),
            several => {
                let names = named(several);
                return Err(format!("name the venue with --venue, or whose it is with --organizer: {names}").into());
            }
        },
    };
    let venues = catalog.venues(Some(organizer), &Paging::new(Some(NAMED_MAX), None)?).await?.items;
    match &venues[..] {
        [only] => Ok((organizer, only.id)),
        [] => Err(format!("{organizer} has no venue to add the map to; --check only says what the file holds").into()),
        several => {
            let names: Vec<_> =
                several.iter().map(|venue| format!("{} {}", venue.id, venue.details.name.as_str())).collect();
            Err(format!("name one of the venues with --venue: {}", names.join(", ")).into())
        }
    }
}

async fn known(identity: &Identity, id: OrganizerId) -> Result<OrganizerId, Fault> {
    match identity.organizer(id).await {
        Ok(found) => Ok(found.id),
        Err(identity::OrganizerError::NotFound) => {
            let names = named(&identity.organizers(NAMED_MAX).await?);
            Err(format!("there is no organizer {id}; there are: {names}").into())
        }
        Err(error) => Err(error.into()),
    }
}

fn named(organizers: &[Organizer]) -> String {
    organizers.iter().map(|one| format!("{} {}", one.id, one.name)).collect::<Vec<_>>().join(", ")
}

async fn only_organizer(identity: &Identity) -> Result<Option<OrganizerId>, Fault> {
    Ok(match &identity.organizers(2).await?[..] {
        [only] => Some(only.id),
        _ => None,
    })
}

/// The organizer of imports. It is owned by an account nobody can sign in to: whoever runs the
/// installation gives it members.
async fn importer(identity: &Identity, env: &Env) -> Result<OrganizerId, Fault> {
    if let Ok(known) = identity.organizer(IMPORTS).await {
        return Ok(known.id);
    }
    let owner = stagedoor_core::UserId(IMPORTS.0);
    let password = secret(&env.entropy);
    let contact = Contact::Email("imports@stagedoor.invalid");
    let account = NewAccount { contact, password: &password, name: "Imports", locale: Locale::English };
    identity.seed_account(SeedAccount { id: owner, account, platform_admin: false, second_factor: None }).await?;
    Ok(identity.seed_organizer(IMPORTS, owner, "Imported events").await?.id)
}

fn secret(entropy: &Entropy) -> String {
    entropy.bytes::<32>().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What a seat map holds.
fn describe(map: &SeatMap) -> Value {
    let count = |is: fn(&Seat) -> bool| map.seats().filter(|one| is(one.seat)).count();
    json!({
        "saved": false,
        "name": map.name,
        "sections": map.sections.len(),
        "rows": map.sections.iter().map(|section| section.rows.len()).sum::<usize>(),
        "seats": map.seat_count(),
        "accessible": count(|seat| seat.accessible),
        "companion": count(|seat| seat.companion),
        "restrictedView": count(|seat| seat.restricted_view),
        "areas": map.areas.len(),
        "capacity": map.capacity(),
        "levels": map.capacity_by_level(),
    })
}

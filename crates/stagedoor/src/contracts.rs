//! `stagedoor contracts`: how the money of orders is shared.

use std::fmt::Write;
use std::str::FromStr;

use catalog::{Catalog, EventError};
use clap::{Args, Subcommand};
use payments::split::{Party, Share, Terms};
use sales::{Contract, NewContract, PartnerKind, party_text};
use stagedoor_core::{EventId, OrganizerId, Timestamp};
use tokio::runtime::Runtime;

use crate::config::Settings;
use crate::data::{Access, Data};
use crate::fault::{Fault, because};
use crate::system;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Print every version of every contract, the newest first
    List,
    /// Print everybody who can have a share
    Partners,
    /// Name somebody who can have a share, and print their id
    AddPartner {
        name: String,
        /// venue, promoter or other
        #[arg(long, default_value = "other")]
        kind: String,
    },
    /// Agree the next version of an organizer's contract, or of one for an event, which goes first
    Agree(Agreement),
}

#[derive(Debug, Args)]
pub struct Agreement {
    /// An organizer or an event
    #[arg(value_name = "ID")]
    scope: Scope,
    /// PARTY:FACE:FEE, again and again: a partner's id, organizer or platform, and basis points of the face value and
    /// of fees (500 is 5 %); without any, the organizer has the face value and the platform the fees
    #[arg(long = "share", value_name = "PARTY:FACE:FEE")]
    shares: Vec<ShareText>,
    /// In force from this instant on (RFC 3339); now when left out
    #[arg(long)]
    from: Option<Timestamp>,
    /// And before this one; without end when left out
    #[arg(long)]
    until: Option<Timestamp>,
}

/// `org_...` or `evt_...`.
#[derive(Debug, Clone, Copy)]
enum Scope {
    Organizer(OrganizerId),
    Event(EventId),
}

impl FromStr for Scope {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let organizer = text.parse().map(Scope::Organizer);
        organizer.or_else(|_| text.parse().map(Scope::Event)).map_err(|_| "not the id of an organizer or event")
    }
}

#[derive(Debug, Clone, Copy)]
struct ShareText(Share);

impl FromStr for ShareText {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "not PARTY:FACE:FEE, such as organizer:0:1000";
        let [party, face_value, fee] = text.split(':').collect::<Vec<_>>()[..] else { return Err(wrong) };
        let party = match party {
            "organizer" => Party::Organizer,
            "platform" => Party::Platform,
            partner => Party::Partner(partner.parse().map_err(|_| "not a partner's id, organizer or platform")?),
        };
        let share = |text: &str| text.parse().map_err(|_| wrong);
        Ok(ShareText(Share { party, face_value: share(face_value)?, fee: share(fee)? }))
    }
}

/// Lists or agrees contracts and gives what is to be printed.
pub fn contracts(settings: &Settings, command: &Command, runtime: &Runtime) -> Result<String, Fault> {
    runtime.block_on(async {
        let looks = matches!(command, Command::List | Command::Partners);
        let data = Data::open(settings, if looks { Access::Looking } else { Access::Beside }).await?;
        let mut text = String::new();
        match command {
            Command::List => {
                let tx = data.store.begin_read().await?;
                for contract in sales::contracts(&tx, None).await.map_err(because("read the contracts"))? {
                    line(&mut text, &contract);
                }
            }
            Command::Partners => {
                let tx = data.store.begin_read().await?;
                for partner in sales::partners(&tx).await.map_err(because("read the partners"))? {
                    writeln!(text, "{}  {}  {}", partner.id, partner.kind, partner.name)
                        .expect("memory takes everything");
                }
            }
            Command::AddPartner { name, kind } => {
                let kind: PartnerKind = kind.parse().map_err(because("add the partner"))?;
                let tx = data.store.begin_write().await?;
                let partner = sales::add_partner(&tx, kind, name).await.map_err(because("add the partner"))?;
                tx.commit().await?;
                writeln!(text, "{}", partner.id).expect("memory takes everything");
            }
            Command::Agree(agreement) => line(&mut text, &agree(settings, &data, agreement).await?),
        }
        data.store.close().await?;
        Ok(text)
    })
}

async fn agree(settings: &Settings, data: &Data, agreement: &Agreement) -> Result<Contract, Fault> {
    let (organizer, event) = match agreement.scope {
        Scope::Organizer(id) => {
            let identity = system::identity(settings, &data.store, &data.keyring);
            identity.organizer(id).await.map_err(because(format!("find {id}")))?;
            (id, None)
        }
        Scope::Event(id) => {
            let catalog = Catalog::open(data.store.clone(), &data.keyring).await?;
            let found = catalog.any_event(id).await.map_err(|error| match error {
                EventError::NotFound => format!("there is no event {id}").into(),
                other => because(format!("find {id}"))(other),
            })?;
            (found.event.organizer, Some(id))
        }
    };
    let terms = Terms::new(agreement.shares.iter().map(|ShareText(share)| *share)).map_err(because("agree this"))?;
    let (valid_from, valid_until) = (agreement.from, agreement.until);
    let tx = data.store.begin_write().await?;
    let new = NewContract { organizer, event, valid_from, valid_until, terms };
    let contract = sales::agree(&tx, new).await.map_err(because("agree this"))?;
    tx.commit().await?;
    Ok(contract)
}

fn line(text: &mut String, contract: &Contract) {
    let Contract { id, organizer, event, version, valid_from, valid_until, terms, .. } = contract;
    let scope = event.map_or(organizer.to_string(), |event| format!("{event} of {organizer}"));
    let until = valid_until.map_or(String::new(), |until| format!(" until {until}"));
    write!(text, "{id}  {scope}  version {version}, from {valid_from}{until}").expect("memory takes everything");
    for share in terms.shares() {
        write!(text, "  {}:{}:{}", party_text(share.party), share.face_value, share.fee)
            .expect("memory takes everything");
    }
    text.push('\n');
}

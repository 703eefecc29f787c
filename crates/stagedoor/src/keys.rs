//! `stagedoor keys`: the keys that personal data is sealed with.

use std::fmt::Write;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;
use store::audit::{Chain, Entry};
use store::{Keyring, MasterKey, Origin, Predecessors};
use tokio::runtime::Runtime;

use crate::config::Settings;
use crate::data::{Access, Data};
use crate::fault::{Fault, because};
use crate::{master_key, progress};

/// People's keys that change hands in one transaction.
const KEYS_AT_A_TIME: u64 = 1_000;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Print the root keys by number, and how many people's keys each of them wraps
    List,
    /// Make a new root key, and wrap everyone's own key with it; what is sealed stays as it is
    Rotate(Rotation),
    /// Wrap the root keys with another master key; use that one from then on
    Rewrap(NewMaster),
}

#[derive(Debug, Args)]
pub struct Rotation {
    /// Make a new key that signs tokens, tickets and checkpoints instead, and leave the root keys
    #[arg(long)]
    signing: bool,
    /// The signing keys so far may be in other hands: end every sign-in now, not when its token ends
    #[arg(long, requires = "signing")]
    disown: bool,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct NewMaster {
    /// File with the new master key, 64 hexadecimal digits
    #[arg(long, value_name = "FILE")]
    new_master_key_file: Option<PathBuf>,
    /// Command that prints the new master key
    #[arg(long, value_name = "COMMAND")]
    new_master_key_command: Option<String>,
}

impl NewMaster {
    fn load(&self) -> Result<MasterKey, Fault> {
        match (&self.new_master_key_file, &self.new_master_key_command) {
            (Some(file), None) => master_key::from_file(file),
            (None, Some(command)) => master_key::from_command(command),
            _ => unreachable!("the command line names exactly one"),
        }
    }
}

/// Lists or changes keys and gives what is to be printed.
pub fn keys(settings: &Settings, command: &Command, runtime: &Runtime) -> Result<String, Fault> {
    runtime.block_on(async {
        // A server that runs does not know a key that is made beside it.
        let access = if matches!(command, Command::List) { Access::Looking } else { Access::Owner };
        let mut data = Data::open(settings, access).await?;
        data.store = data.store.with_origin(Origin::operator());
        let printed = match command {
            Command::List => list(&data).await?,
            Command::Rotate(Rotation { signing: false, .. }) => rotate(settings, &data).await?,
            Command::Rotate(Rotation { disown: false, .. }) => {
                rotate_signing(settings, &data, Predecessors::Trusted).await?
            }
            Command::Rotate(_) => rotate_signing(settings, &data, Predecessors::Disowned).await?,
            Command::Rewrap(new) => rewrap(settings, &data, new).await?,
        };
        let store = data.store.clone();
        data.release().await;
        store.close().await?;
        Ok(printed)
    })
}

async fn list(data: &Data) -> Result<String, Fault> {
    let mut text = String::new();
    let tx = data.store.begin_read().await?;
    for root in Keyring::roots(&tx).await? {
        let store::Root { version, created_at, people } = root;
        writeln!(text, "{version:>3}  {created_at}  {people} people").expect("writing to a string");
    }
    for store::SigningVersion { version, created_at, disowned_at } in Keyring::signing_versions(&tx).await? {
        let since = created_at.map_or_else(|| "from the start".to_owned(), |at| at.to_string());
        let fate = disowned_at.map_or_else(String::new, |at| format!(", disowned {at}"));
        writeln!(text, "signing {version:>3}  {since}{fate}").expect("writing to a string");
    }
    Ok(text)
}

async fn rotate(settings: &Settings, data: &Data) -> Result<String, Fault> {
    let master = master_key::load(settings, false, &data.env)?;
    let tx = data.store.begin_write().await?;
    let version = Keyring::rotate(&tx, &master).await.map_err(because("make a root key"))?;
    let keyring = Keyring::open(&tx, &master, false).await.map_err(because("read the new root key"))?;
    tx.audit(Entry::new(Chain::Platform, "keys.rotate", format!("root key {version}")));
    tx.commit().await?;
    let bar = progress::counter("people's keys");
    let mut wrapped = 0;
    // One that ends half way leaves keys under the older root, which still opens them; the next
    // rotation takes them along.
    loop {
        let tx = data.store.begin_write().await?;
        let some = keyring.rewrap_person_keys(&tx, KEYS_AT_A_TIME).await?;
        tx.commit().await?;
        if some == 0 {
            break;
        }
        wrapped += some;
        bar.inc(some);
    }
    bar.finish_and_clear();
    Ok(format!("root key {version} seals from now on; {wrapped} people's keys are wrapped with it\n"))
}

async fn rotate_signing(settings: &Settings, data: &Data, before: Predecessors) -> Result<String, Fault> {
    let master = master_key::load(settings, false, &data.env)?;
    let tx = data.store.begin_write().await?;
    let version = Keyring::rotate_signing(&tx, &master, before).await.map_err(because("make a signing key"))?;
    let is_disowned = before == Predecessors::Disowned;
    let entry = Entry::new(Chain::Platform, "keys.rotate_signing", format!("signing key {version}"));
    tx.audit(entry.after(json!({ "disowned": is_disowned })));
    tx.commit().await?;
    let fate = match before {
        Predecessors::Trusted => "what older ones signed is good until it ends",
        Predecessors::Disowned => "everyone has to sign in again; tickets and checkpoints of older ones stay good",
    };
    Ok(format!("signing key {version} signs from the next start on; {fate}\n"))
}

async fn rewrap(settings: &Settings, data: &Data, new: &NewMaster) -> Result<String, Fault> {
    let (old, new) = (master_key::load(settings, false, &data.env)?, new.load()?);
    let tx = data.store.begin_write().await?;
    let roots = Keyring::rewrap(&tx, &old, &new).await.map_err(because("wrap the root keys"))?;
    tx.audit(Entry::new(Chain::Platform, "keys.rewrap", "root keys"));
    tx.commit().await?;
    Ok(format!("{roots} root keys are wrapped with the new master key: set it before the next start\n"))
}

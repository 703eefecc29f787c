//! Tables `partner`, `contract`, `contract_share` and `order_contract`.

use std::collections::BTreeMap;

use payments::split::{Party, Share, Terms};
use stagedoor_core::{ContractId, EventId, OrderId, OrganizerId, PartnerId, Timestamp};
use store::{Error, IntoParam, Result, Row, Tx, list};
use uuid::Uuid;

use crate::contract::{Contract, Partner};

/// Versions read at once.
const CONTRACTS_MAX: u32 = 1_000;

const PARTNERS_MAX: u32 = 1_000;

pub(crate) async fn insert_partner(tx: &Tx, partner: &Partner) -> Result<()> {
    let sql = "INSERT INTO partner (id, kind, name, created_at) VALUES ($1, $2, $3, $4)";
    tx.execute(sql, (partner.id, partner.kind.text(), &partner.name, tx.now())).await.map(drop)
}

pub(crate) async fn is_partner(tx: &Tx, id: PartnerId) -> Result<bool> {
    tx.one("SELECT EXISTS (SELECT 1 FROM partner WHERE id = $1)", (id,), |row| row.get(0)).await
}

/// The newest first.
pub(crate) async fn partners(tx: &Tx) -> Result<Vec<Partner>> {
    tx.all("SELECT id, kind, name FROM partner ORDER BY id DESC LIMIT $1", (PARTNERS_MAX,), |row| {
        let kind: String = row.get(1)?;
        let kind = kind.parse().map_err(|_| Error::corrupt(format!("{kind:?} is no kind of partner")))?;
        Ok(Partner { id: row.get(0)?, kind, name: row.get(2)? })
    })
    .await
}

/// The id that contracts for the same are found by.
fn scope(organizer: OrganizerId, event: Option<EventId>) -> Uuid {
    event.map_or(organizer.0, |event| event.0)
}

/// Zero when there is none.
pub(crate) async fn latest_contract_version(tx: &Tx, organizer: OrganizerId, event: Option<EventId>) -> Result<u32> {
    let sql = "SELECT COALESCE(MAX(version), 0) FROM contract WHERE scope = $1";
    tx.one(sql, (scope(organizer, event),), |row| row.get(0)).await
}

pub(crate) async fn insert_contract(tx: &Tx, contract: &Contract) -> Result<()> {
    let Contract { id, organizer, event, version, valid_from, valid_until, terms, agreed_at } = contract;
    tx.execute(
        "INSERT INTO contract (id, organizer_id, event_id, scope, version, valid_from, valid_until, agreed_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        (*id, *organizer, *event, scope(*organizer, *event), *version, *valid_from, *valid_until, *agreed_at),
    )
    .await?;
    for (position, share) in (0_i64..).zip(terms.shares()) {
        let (kind, party) = match share.party {
            Party::Partner(partner) => ("partner", Some(partner)),
            Party::Organizer => ("organizer", None),
            Party::Platform => ("platform", None),
        };
        tx.execute(
            "INSERT INTO contract_share (contract_id, position, party, partner_id, face_value, fee)
             VALUES ($1, $2, $3, $4, $5, $6)",
            (*id, position, kind, party, share.face_value, share.fee),
        )
        .await?;
    }
    Ok(())
}

pub(crate) async fn contracts(tx: &Tx, organizer: Option<OrganizerId>) -> Result<Vec<Contract>> {
    let columns = "SELECT id, organizer_id, event_id, version, valid_from, valid_until, agreed_at FROM contract";
    let read = |row: &Row| {
        Ok(Contract {
            id: row.get(0)?,
            organizer: row.get(1)?,
            event: row.get(2)?,
            version: row.get(3)?,
            valid_from: row.get(4)?,
            valid_until: row.get(5)?,
            terms: Terms::default(),
            agreed_at: row.get(6)?,
        })
    };
    let mut found: Vec<Contract> = match organizer {
        Some(organizer) => {
            let sql = format!("{columns} WHERE organizer_id = $1 ORDER BY id DESC LIMIT $2");
            tx.all(&sql, (organizer, CONTRACTS_MAX), read).await?
        }
        None => tx.all(&format!("{columns} ORDER BY id DESC LIMIT $1"), (CONTRACTS_MAX,), read).await?,
    };
    let ids = Vec::from_iter(found.iter().map(|contract| contract.id));
    let mut terms = terms(tx, &ids).await?;
    for contract in &mut found {
        contract.terms = terms.remove(&contract.id).unwrap_or_default();
    }
    Ok(found)
}

/// The newest version that is valid at `at`: the event's own, else its organizer's.
pub(crate) async fn contract_in_force(
    tx: &Tx,
    organizer: OrganizerId,
    event: EventId,
    at: Timestamp,
) -> Result<Option<ContractId>> {
    for scope in [event.0, organizer.0] {
        let found = tx
            .optional(
                "SELECT id FROM contract WHERE scope = $1 AND valid_from <= $2 AND (valid_until IS NULL OR valid_until > $2)
                  ORDER BY version DESC LIMIT 1",
                (scope, at),
                |row| row.get(0),
            )
            .await?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

pub(crate) async fn insert_order_contract(tx: &Tx, order: OrderId, event: EventId, contract: ContractId) -> Result<()> {
    let sql = "INSERT INTO order_contract (order_id, event_id, contract_id) VALUES ($1, $2, $3)";
    tx.execute(sql, (order, event, contract)).await.map(drop)
}

pub(crate) async fn terms_of_order(tx: &Tx, order: OrderId) -> Result<BTreeMap<EventId, Terms>> {
    let sql = "SELECT event_id, contract_id FROM order_contract WHERE order_id = $1";
    let pinned: Vec<(EventId, ContractId)> = tx.all(sql, (order,), |row| Ok((row.get(0)?, row.get(1)?))).await?;
    let terms = terms(tx, &Vec::from_iter(pinned.iter().map(|(_, contract)| *contract))).await?;
    let of = |(event, contract)| (event, terms.get(&contract).cloned().unwrap_or_default());
    Ok(pinned.into_iter().map(of).collect())
}

/// The shares of contracts, in the order they were agreed; none for a contract without.
async fn terms(tx: &Tx, contracts: &[ContractId]) -> Result<BTreeMap<ContractId, Terms>> {
    let mut shares: BTreeMap<ContractId, Vec<Share>> = BTreeMap::new();
    for contracts in contracts.chunks(100) {
        let sql = format!(
            "SELECT contract_id, party, partner_id, face_value, fee FROM contract_share
              WHERE contract_id IN {} ORDER BY contract_id, position",
            list(1, contracts.len())
        );
        let params = Vec::from_iter(contracts.iter().map(|contract| contract.into_param()));
        for (contract, share) in tx.all(&sql, params, |row| Ok((row.get(0)?, share(row)?))).await? {
            shares.entry(contract).or_default().push(share);
        }
    }
    let terms = |(contract, shares)| match Terms::new(shares) {
        Ok(terms) => Ok((contract, terms)),
        Err(error) => Err(Error::corrupt(format!("the shares of {contract}: {error}"))),
    };
    shares.into_iter().map(terms).collect()
}

fn share(row: &Row) -> Result<Share> {
    let (kind, partner): (String, Option<PartnerId>) = (row.get(1)?, row.get(2)?);
    let party = match (kind.as_str(), partner) {
        ("partner", Some(partner)) => Party::Partner(partner),
        ("organizer", None) => Party::Organizer,
        ("platform", None) => Party::Platform,
        _ => return Err(Error::corrupt(format!("a share for {kind}"))),
    };
    Ok(Share { party, face_value: row.get(3)?, fee: row.get(4)? })
}

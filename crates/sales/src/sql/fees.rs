//! Table `fee_rule`.

use std::collections::HashMap;

use store::{Error, IntoParam, Result, Row, Tx, list};
use uuid::Uuid;

use crate::pricing::{FeeRule, FeeScope};

fn rule(row: &Row, at: usize) -> Result<FeeRule> {
    Ok(FeeRule { basis_points: row.get(at)?, per_ticket_minor: row.get(at + 1)?, refundable: row.get(at + 2)? })
}

/// The fee rules set for any of `scopes`.
pub(crate) async fn fee_rules(tx: &Tx, scopes: &[Uuid]) -> Result<HashMap<Uuid, FeeRule>> {
    let sql = format!(
        "SELECT scope, basis_points, per_ticket_minor, refundable FROM fee_rule WHERE scope IN {}",
        list(1, scopes.len())
    );
    let params: Vec<_> = scopes.iter().map(|scope| scope.into_param()).collect();
    Ok(tx.all(&sql, params, |row| Ok((row.get(0)?, rule(row, 1)?))).await?.into_iter().collect())
}

pub(crate) async fn all_fee_rules(tx: &Tx) -> Result<Vec<(FeeScope, FeeRule)>> {
    let sql = "SELECT kind, scope, basis_points, per_ticket_minor, refundable FROM fee_rule ORDER BY kind DESC, scope";
    tx.all(sql, (), |row| {
        let id: Uuid = row.get(1)?;
        let scope = match row.get::<String>(0)?.as_str() {
            "organizer" => FeeScope::Organizer(id.into()),
            "event" => FeeScope::Event(id.into()),
            other => return Err(Error::corrupt(format!("a fee for {other}"))),
        };
        Ok((scope, rule(row, 2)?))
    })
    .await
}

pub(crate) async fn set_fee_rule(tx: &Tx, scope: FeeScope, rule: FeeRule) -> Result<()> {
    tx.execute(
        "INSERT INTO fee_rule (scope, kind, basis_points, per_ticket_minor, refundable) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (scope) DO UPDATE SET basis_points = excluded.basis_points,
             per_ticket_minor = excluded.per_ticket_minor, refundable = excluded.refundable",
        (scope.id(), scope.kind(), rule.basis_points, rule.per_ticket_minor, rule.refundable),
    )
    .await
    .map(drop)
}

pub(crate) async fn clear_fee_rule(tx: &Tx, scope: FeeScope) -> Result<bool> {
    Ok(tx.execute("DELETE FROM fee_rule WHERE scope = $1", (scope.id(),)).await? == 1)
}

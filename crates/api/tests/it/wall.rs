//! The second wall between tenants, on PostgreSQL: what statements without a `WHERE` see and change while
//! the request is a tenant's, in every table that the database has. Two tenants have something in each of
//! them; whose a row is stands here once more, in other words than in the policies.

use std::collections::BTreeSet;

use axum::body::Body;
use serde_json::{Value, json};
use stagedoor_core::OrganizerId;
use store::{Backend, Store, Tx, audit, tenant};

use crate::app::{START, event_body, venue_body};
use crate::authorization::{Cases, Scene};
use crate::contract;

/// `t` is a row of the table, `$1` an organizer that it is of. The orders of these tests have one organizer.
const OF_TENANTS: &[(&str, &str)] = &[
    ("venue", "t.organizer_id = $1"),
    ("performer", "t.organizer_id = $1"),
    ("event", "t.organizer_id = $1"),
    ("external_id", "t.organizer_id = $1"),
    ("seat_map", "t.venue_id IN (SELECT id FROM venue WHERE organizer_id = $1)"),
    ("event_performer", "t.event_id IN (SELECT id FROM event WHERE organizer_id = $1)"),
    ("area_capacity", "t.event_id IN (SELECT id FROM event WHERE organizer_id = $1)"),
    ("seat_change", "t.event_id IN (SELECT id FROM event WHERE organizer_id = $1)"),
    ("seat_block", "t.organizer_id = $1"),
    ("seat_block_seat", "t.event_id IN (SELECT id FROM event WHERE organizer_id = $1)"),
    ("fee_rule", "t.scope = $1 OR t.scope IN (SELECT id FROM event WHERE organizer_id = $1)"),
    ("order_hold", "t.organizer_id = $1"),
    ("sales_order", "t.id IN (SELECT order_id FROM order_hold WHERE organizer_id = $1)"),
    ("order_place", "t.order_id IN (SELECT order_id FROM order_hold WHERE organizer_id = $1)"),
    ("order_line", "t.order_id IN (SELECT order_id FROM order_hold WHERE organizer_id = $1)"),
    ("order_contract", "t.order_id IN (SELECT order_id FROM order_hold WHERE organizer_id = $1)"),
    ("order_refund", "t.order_id IN (SELECT order_id FROM order_hold WHERE organizer_id = $1)"),
    (
        "order_refund_place",
        "t.refund_id IN (SELECT r.id FROM order_refund r JOIN order_hold h ON h.order_id = r.order_id
                          WHERE h.organizer_id = $1)",
    ),
    ("contract", "t.organizer_id = $1"),
    ("contract_share", "t.contract_id IN (SELECT id FROM contract WHERE organizer_id = $1)"),
    ("ticket", "t.organizer_id = $1"),
    ("ticket_change", "t.ticket_id IN (SELECT id FROM ticket WHERE organizer_id = $1)"),
    ("ticket_scan", "t.organizer_id = $1"),
    ("ticket_admission", "t.organizer_id = $1"),
    ("payment", "t.order_id IN (SELECT order_id FROM order_hold WHERE organizer_id = $1)"),
    (
        "refund",
        "t.payment_id IN (SELECT p.id FROM payment p JOIN order_hold h ON h.order_id = p.order_id
                           WHERE h.organizer_id = $1)",
    ),
    (
        "ledger_entry",
        "t.subject IN (SELECT p.id FROM payment p JOIN order_hold h ON h.order_id = p.order_id WHERE h.organizer_id = $1)",
    ),
    (
        "ledger_line",
        "t.entry_id IN (SELECT e.id FROM ledger_entry e JOIN payment p ON p.id = e.subject
                          JOIN order_hold h ON h.order_id = p.order_id WHERE h.organizer_id = $1)",
    ),
    ("organizer", "t.id = $1"),
    ("membership", "t.organizer_id = $1"),
    ("invitation", "t.organizer_id = $1"),
    ("oauth_client", "t.organizer_id = $1"),
    ("oauth_grant", "t.client_id IN (SELECT id FROM oauth_client WHERE organizer_id = $1)"),
    ("oauth_code", "t.client_id IN (SELECT id FROM oauth_client WHERE organizer_id = $1)"),
    ("api_key", "t.organizer_id = $1"),
    // Of its members and buyers, and of its programs.
    (
        "account",
        "t.id IN (SELECT account_id FROM membership WHERE organizer_id = $1
                  UNION ALL SELECT owner_id FROM ticket WHERE organizer_id = $1
                  UNION ALL SELECT o.fan_id FROM sales_order o JOIN order_hold h ON h.order_id = o.id
                             WHERE h.organizer_id = $1)",
    ),
    (
        "idempotency_key",
        "t.principal IN (SELECT account_id FROM membership WHERE organizer_id = $1
                          UNION ALL SELECT id FROM api_key WHERE organizer_id = $1
                          UNION ALL SELECT id FROM oauth_client WHERE organizer_id = $1)",
    ),
    ("second_factor", "t.account_id IN (SELECT account_id FROM membership WHERE organizer_id = $1)"),
    ("identity_check", "t.account_id IN (SELECT account_id FROM membership WHERE organizer_id = $1)"),
    ("audit_entry", "t.chain = $1"),
    ("audit_head", "t.chain = $1"),
    ("audit_checkpoint", "t.chain = $1"),
];

/// What a tenant's request may read whosever it is: see the migration, which says why.
const OF_EVERYBODY: &[&str] = &["audit_stranger_key", "person_key", "job"];

/// Rows that only whoever makes them knows: the entries that wait for their chain, and what invitations say.
const IN_PASSING: &[&str] = &["audit_waiting", "message"];

/// No tenant's request has anything to do there.
const CLOSED: &[&str] = &[
    "guest",
    "installation",
    "known_device",
    "partner",
    "passkey",
    "passkey_ceremony",
    "password_reset",
    "provider_link",
    "provider_visit",
    "recovery_code",
    "root_key",
    "schema_migration",
    "session",
    "signing_key",
    "signing_key_ahead",
    "simulated_gateway_movement",
    "simulated_gateway_payment",
    "simulated_gateway_refund",
    "simulated_gateway_timeout",
    "verification",
];

/// The journal's own, which it makes when it is opened, and no part of the schema.
const JOURNAL: &str = "journal\\_%";

/// What a day's use left out, for one organizer.
const MORE: &[&str] = &[
    "INSERT INTO performer (id, organizer_id, name, name_key, created_at)
     VALUES (gen_random_uuid(), $1, 'Band', 'band', 0)",
    "INSERT INTO event_performer (event_id, position, performer_id)
     SELECT e.id, 99, p.id FROM event e JOIN performer p ON p.organizer_id = e.organizer_id WHERE e.organizer_id = $1",
    "INSERT INTO external_id (organizer_id, source, kind, external_id, local_id)
     VALUES ($1, 's', 'event', 'x', gen_random_uuid())",
    "INSERT INTO area_capacity (event_id, area_id, capacity) SELECT id, 'X', 1 FROM event WHERE organizer_id = $1",
    "INSERT INTO seat_change (event_id, kind, seats) SELECT id, 'block', '[]' FROM event WHERE organizer_id = $1",
    "INSERT INTO fee_rule (scope, kind, basis_points, per_ticket_minor, refundable) VALUES ($1, 'organizer', 0, 0, FALSE)",
    "INSERT INTO fee_rule (scope, kind, basis_points, per_ticket_minor, refundable)
     SELECT id, 'event', 0, 0, FALSE FROM event WHERE organizer_id = $1",
    "INSERT INTO contract (id, organizer_id, scope, version, valid_from, agreed_at)
     VALUES (gen_random_uuid(), $1, $1, 1, 0, 0)",
    "INSERT INTO contract_share (contract_id, position, party, face_value, fee)
     SELECT id, 0, 'platform', 100, 100 FROM contract WHERE organizer_id = $1",
    "INSERT INTO order_contract (order_id, event_id, contract_id)
     SELECT h.order_id, h.event_id, c.id FROM order_hold h JOIN contract c ON c.organizer_id = h.organizer_id
      WHERE h.organizer_id = $1",
    "INSERT INTO order_refund (id, order_id, amount_minor, cause, state, requested_at, state_at)
     SELECT gen_random_uuid(), order_id, 1, 'fan', 'returned', 0, 0 FROM order_hold WHERE organizer_id = $1",
    "INSERT INTO order_refund_place (refund_id, position)
     SELECT r.id, 0 FROM order_refund r JOIN order_hold h ON h.order_id = r.order_id WHERE h.organizer_id = $1",
    "INSERT INTO refund (id, payment_id, amount_minor, currency, state, created_at, updated_at)
     SELECT gen_random_uuid(), p.id, 1, 'EUR', 'created', 0, 0
       FROM payment p JOIN order_hold h ON h.order_id = p.order_id WHERE h.organizer_id = $1",
    "INSERT INTO ticket_change (ticket_id, generation, kind, owner_before, reason, changed_at)
     SELECT id, 9, 'reissued', owner_id, 'r', 0 FROM ticket WHERE organizer_id = $1",
    "INSERT INTO ticket_scan (organizer_id, scan_id, print, ticket_id, generation, gate, finding, scanned_at, scanned_by,
                              received_at)
     SELECT organizer_id, id::TEXT, '', id, 1, 'g', 'good', 0, owner_id, 0 FROM ticket WHERE organizer_id = $1",
    "INSERT INTO ticket_admission (ticket_id, organizer_id, scan_id, gate, scanned_at)
     SELECT id, organizer_id, id::TEXT, 'g', 0 FROM ticket WHERE organizer_id = $1",
    "INSERT INTO oauth_code (code, client_id, account_id, redirect_uri, challenge, scopes, expires_at)
     SELECT id::TEXT::BYTEA, id, created_by, 'u', '', 's', 0 FROM oauth_client WHERE organizer_id = $1",
    "INSERT INTO second_factor (account_id, secret, last_step, tries, window_at, reset_tries, reset_window_at, created_at)
     SELECT account_id, '', 0, 0, 0, 0, 0, 0 FROM membership WHERE organizer_id = $1 ON CONFLICT DO NOTHING",
    "INSERT INTO identity_check (id, account_id, status, submitted_at, decided_at)
     SELECT gen_random_uuid(), account_id, 'verified', 0, 0 FROM membership WHERE organizer_id = $1",
    "INSERT INTO audit_checkpoint (chain, seq, hash, at, signature)
     SELECT chain, seq, hash, at, '' FROM audit_head WHERE chain = $1 ON CONFLICT DO NOTHING",
    "INSERT INTO idempotency_key (principal, operation, key, body_hash, subject, created_at)
     SELECT account_id, 'o', 'k', '', account_id, 0 FROM membership WHERE organizer_id = $1",
    "INSERT INTO message (id, person_id, content, created_at, expires_at)
     SELECT gen_random_uuid(), account_id, '', 0, 0 FROM membership WHERE organizer_id = $1",
];

/// Two tenants with something in every table; `None` where there is no second wall.
async fn scene() -> Option<(Scene, [OrganizerId; 2])> {
    let scene = Scene::new().await;
    let store = &scene.app.db.store;
    if store.backend() == Backend::Sqlite {
        return None;
    }
    let both = [&scene.here, &scene.there].map(|ids| ids["org"].parse().expect("an id"));
    audit::link(store, None).await.unwrap();
    let tx = store.begin_write().await.unwrap();
    for organizer in both {
        for sql in MORE {
            tx.execute(sql, (organizer,)).await.unwrap_or_else(|error| panic!("{error:?}: {sql}"));
        }
    }
    tx.commit().await.unwrap();
    Some((scene, both))
}

/// What `ask` finds out in a transaction of the tenant's request, which is rolled back.
async fn within<T>(store: &Store, organizer: OrganizerId, ask: impl AsyncFnOnce(&Tx) -> T) -> T {
    tenant::request(async {
        tenant::enter(organizer);
        ask(&store.begin_write().await.unwrap()).await
    })
    .await
}

/// Whether the wall, or the lack of the right to do it at all, is what refused.
fn is_refusal<T>(answer: &store::Result<T>) -> bool {
    let Err(error) = answer else { return false };
    let text = format!("{error:?}");
    text.contains("violates row-level security policy") || text.contains("permission denied for table")
}

async fn count(tx: &Tx, table: &str) -> store::Result<i64> {
    tx.one(&format!("SELECT COUNT(*) FROM {table}"), (), |row| row.get(0)).await
}

#[tokio::test]
async fn every_table_is_walled_open_or_closed_for_a_reason() {
    let Some((scene, [ours, theirs])) = scene().await else { return };
    let store = &scene.app.db.store;
    let tx = store.begin_read().await.unwrap();
    let sql = "SELECT CAST(relname AS TEXT), relrowsecurity FROM pg_class
        WHERE relkind = 'r' AND relnamespace = CAST(current_schema() AS REGNAMESPACE) AND relname NOT LIKE $1";
    let there: Vec<(String, bool)> = tx.all(sql, (JOURNAL,), |row| Ok((row.get(0)?, row.get(1)?))).await.unwrap();
    let walled = there.iter().filter(|(_, walled)| *walled).map(|(name, _)| name.as_str());
    let known = OF_TENANTS.iter().map(|(name, _)| *name).chain([OF_EVERYBODY, IN_PASSING, CLOSED].concat());
    assert_eq!(
        walled.collect::<BTreeSet<_>>(),
        known.collect::<BTreeSet<_>>(),
        "a new table needs ENABLE ROW LEVEL SECURITY and policies in its migration, and a line here"
    );
    assert!(there.iter().all(|(_, walled)| *walled), "{there:?}");
    // Whatever names an organizer is one's.
    let sql = "SELECT CAST(table_name AS TEXT) FROM information_schema.columns
        WHERE table_schema = current_schema() AND column_name IN ('organizer_id', 'event_id', 'order_id', 'ticket_id')";
    for table in tx.all(sql, (), |row| row.get::<String>(0)).await.unwrap() {
        let is_ours = OF_TENANTS.iter().any(|(name, _)| *name == table) || table.starts_with("simulated_gateway_");
        assert!(is_ours || table.starts_with("journal_"), "{table} has rows of tenants");
    }
    for table in CLOSED {
        for organizer in [ours, theirs] {
            assert!(is_refusal(&within(store, organizer, async |tx| count(tx, table).await).await), "{table}");
        }
    }
    for table in OF_EVERYBODY {
        let (all, seen) =
            (count(&tx, table).await.unwrap(), within(store, ours, async |tx| count(tx, table).await).await);
        assert_eq!(seen.unwrap(), all, "{table}");
    }
    // Of messages those to people are nobody's business but theirs.
    let seen = within(store, ours, async |tx| count(tx, "message").await).await.unwrap();
    let sql = "SELECT COUNT(*) FROM message WHERE person_id NOT IN (SELECT id FROM account)";
    assert_eq!(seen, tx.one(sql, (), |row| row.get::<i64>(0)).await.unwrap());
    assert!(is_refusal(&within(store, ours, async |tx| count(tx, "audit_waiting").await).await));
}

#[tokio::test]
async fn a_statement_without_a_condition_sees_and_changes_its_own_tenant_s_rows_alone() {
    let Some((scene, both)) = scene().await else { return };
    let store = &scene.app.db.store;
    let mut cells = 0;
    for (table, of) in OF_TENANTS {
        for organizer in both {
            let tx = store.begin_read().await.unwrap();
            let sql = format!("SELECT COUNT(*) FROM {table} t WHERE {of}");
            let own: i64 = tx.one(&sql, (organizer,), |row| row.get(0)).await.unwrap();
            assert!(own > 0 && own < count(&tx, table).await.unwrap(), "{table} has rows of both: {own}");
            assert_eq!(within(store, organizer, async |tx| count(tx, table).await).await.unwrap(), own, "{table}");
            let read = tenant::request(async {
                tenant::enter(organizer);
                count(&store.begin_read().await.unwrap(), table).await
            });
            assert_eq!(read.await.unwrap(), own, "{table}, by a reader");
            let column =
                "SELECT CAST(attname AS TEXT) FROM pg_attribute WHERE attrelid = CAST($1 AS REGCLASS) AND attnum = 1";
            let column: String = tx.one(column, (*table,), |row| row.get(0)).await.unwrap();
            let changes = [format!("UPDATE {table} SET {column} = {column}"), format!("DELETE FROM {table}")];
            for sql in changes {
                let changed = within(store, organizer, async |tx| tx.execute(&sql, ()).await).await;
                // Or something else of the tenant's refers to it, which counts as well.
                let refers = matches!(&changed, Err(store::Error::Conflict { .. }));
                assert!(
                    refers || is_refusal(&changed) || changed.as_ref().is_ok_and(|rows| *rows == own as u64),
                    "{sql}: {changed:?}"
                );
                cells += 1;
            }
            cells += 2;
        }
    }
    println!("{cells} cells");
}

#[tokio::test]
async fn no_row_is_put_into_another_tenant() {
    let Some((scene, [ours, theirs])) = scene().await else { return };
    let store = &scene.app.db.store;
    let mut cells = 0;
    for (table, of) in OF_TENANTS {
        let tx = store.begin_read().await.unwrap();
        let sql = format!("SELECT row_to_json(t)::TEXT FROM {table} t WHERE {of} LIMIT 1");
        let row: String = tx.one(&sql, (theirs,), |row| row.get(0)).await.unwrap();
        let sql = format!("INSERT INTO {table} SELECT * FROM json_populate_record(NULL::{table}, $1::JSON)");
        let put = within(store, ours, async |tx| tx.execute(&sql, (&row,)).await).await;
        assert!(is_refusal(&put), "{sql}: {put:?}");
        let sql = "SELECT COUNT(*) FROM information_schema.columns
            WHERE table_schema = current_schema() AND table_name = $1 AND column_name = 'organizer_id'";
        if tx.one(sql, (*table,), |row| row.get::<i64>(0)).await.unwrap() == 1 {
            let sql = format!("UPDATE {table} SET organizer_id = $1");
            let moved = within(store, ours, async |tx| tx.execute(&sql, (theirs,)).await).await;
            assert!(is_refusal(&moved), "{sql}: {moved:?}");
            cells += 1;
        }
        cells += 1;
    }
    // Its own log and the platform's take entries, and no other's.
    let sql = "INSERT INTO audit_waiting (id, chain, at, actor, action, subject, result)
        VALUES (gen_random_uuid(), $1, 0, 'system', 'a', 's', 'done')";
    for (chain, is_taken) in [(ours, true), (OrganizerId(uuid::Uuid::nil()), true), (theirs, false)] {
        let put = within(store, ours, async |tx| tx.execute(sql, (chain,)).await).await;
        assert_eq!((put.is_ok(), is_refusal(&put)), (is_taken, !is_taken), "{chain}: {put:?}");
    }
    let tx = store.begin_read().await.unwrap();
    let sql =
        "SELECT COUNT(*) FROM person_key WHERE person_id NOT IN (SELECT id FROM invitation WHERE organizer_id = $1)";
    let of_others: i64 = tx.one(sql, (ours,), |row| row.get(0)).await.unwrap();
    let sql = "SELECT COUNT(*) FROM person_key WHERE person_id IN (SELECT id FROM invitation WHERE organizer_id = $1)";
    assert_ne!(tx.one(sql, (theirs,), |row| row.get::<i64>(0)).await.unwrap(), 0);
    // Nobody's account is changed, and no key destroyed but of its own invitations.
    for sql in ["UPDATE account SET locale = 'de'", "DELETE FROM account"] {
        assert!(is_refusal(&within(store, ours, async |tx| tx.execute(sql, ()).await).await), "{sql}");
    }
    within(store, ours, async |tx| {
        tx.execute("DELETE FROM person_key", ()).await.unwrap();
        assert_eq!(count(tx, "person_key").await.unwrap(), of_others);
    })
    .await;
    println!("{cells} cells");
}

/// Operations of organizers that ask nothing of the database once the caller is let in.
const ASK_NOTHING: &[&str] = &["GET /api/v1/organizers/{org}/checkins/keys"];

/// What makes an operation get as far as the database.
fn body(operation: &str, scene: &Scene) -> Option<Value> {
    let scan = |id: &str| json!({ "barcode": "nonsense", "gate": "North", "scanId": id, "scannedAt": START });
    Some(match operation.strip_prefix("POST /api/v1/organizers/{org}")? {
        "/venues" => venue_body(),
        "/events" => event_body(&scene.here["venue"]),
        "/checkins" => scan("a"),
        "/checkins/batch" => json!({ "scans": [scan("b")] }),
        _ => return None,
    })
}

#[tokio::test]
async fn every_operation_of_an_organizer_is_behind_the_wall() {
    let Some((scene, _)) = scene().await else { return };
    let (owner, store) = (&scene.ours.owner, &scene.app.db.store);
    // What is published may be remembered.
    let mut ids = scene.here.clone();
    ids.insert("event", scene.app.draft_with(&scene.ours, |_| {}).await.id);
    // The role can do nothing any more: what is behind the wall fails, and nothing else does.
    let tx = store.begin_write().await.unwrap();
    tx.execute("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM postgres_tenant", ()).await.unwrap();
    tx.commit().await.unwrap();
    let (mut failed, mut went_on) = (0, Vec::new());
    for operation in contract::operations() {
        let mut cases = Cases { scene: &scene, operation, count: 0 };
        let name = operation.name();
        if operation.path.starts_with("/api/v1/organizers/{org}") {
            let mut request = cases.request(owner, &ids);
            if let Some(body) = body(&name, &scene) {
                *request.body_mut() = Body::from(body.to_string());
            }
            let answer = owner.send_unchecked(request).await;
            match answer.status {
                500 => failed += 1,
                status => went_on.push(format!("{name}: {status} {}", answer.text())),
            }
        } else if operation.method == "get" && operation.path.starts_with("/api/v1/me") {
            let answer = cases.call(&scene.ann, &scene.here).await;
            assert!(answer.status < 500, "{name}: {}", answer.text());
        }
    }
    println!("{failed} operations");
    assert!(failed > 40, "{failed}");
    went_on.retain(|answer| !ASK_NOTHING.iter().any(|name| answer.starts_with(name)));
    assert!(went_on.is_empty(), "{went_on:#?}");
}

//! Changes that a client may ask for again under one idempotency key.

use std::fmt::Display;

use axum::http::StatusCode;
use axum::response::Response;
use sales::{Answered, Key};
use serde::Serialize;
use stagedoor_core::{Code, OrganizerId, UserId};
use store::idempotency::{self, Answer, Claim, Scope};
use store::{Origin, Tx};
use uuid::Uuid;

use crate::extract::IdempotencyKey;
use crate::orders::{self, respond};
use crate::{App, Problem};

/// A change, perhaps asked for twice.
pub struct Operation<'a> {
    pub name: &'static str,
    pub by: UserId,
    pub origin: &'a Origin,
    /// What is changed, or what a new thing is to belong to.
    pub subject: Uuid,
    pub key: Option<&'a Key>,
    /// The answer's status.
    pub status: StatusCode,
}

/// The key of a change at an organizer, whose keys are its own: who works for two may use the same
/// one at both. `subject`: what the address names within the organizer.
pub fn staff_key(key: IdempotencyKey, organizer: OrganizerId, subject: impl Display, body: &[u8]) -> Option<Key> {
    key.0.map(|text| orders::key(format!("{organizer} {text}"), subject, body))
}

/// Changes something once for each key: the claim on the key, the change and the answer to give
/// again are one transaction. What is refused leaves the key free.
pub async fn once<T: Serialize>(
    app: &App,
    operation: Operation<'_>,
    change: impl AsyncFnOnce(&Tx) -> Result<T, Problem>,
) -> Result<Response, Problem> {
    let Operation { name, by, origin, subject, key, status } = operation;
    let tx = app.store.begin_write_for(origin).await?;
    let scope = key.map(|key| (Scope { principal: by.into(), operation: name, key: &key.text }, key.body_hash));
    if let Some((scope, body_hash)) = scope {
        match idempotency::claim(&tx, scope, body_hash, subject).await? {
            Claim::Fresh => {}
            Claim::Seen { answer, .. } => {
                let answer = answer.expect("a key is claimed with its answer");
                return Ok(respond(Answered { answer, replayed: true }));
            }
            Claim::Mismatch => return Err(key_mismatch()),
        }
    }
    let view = change(&tx).await?;
    let answer = answer(status, &view);
    if let Some((scope, _)) = scope {
        idempotency::answered(&tx, scope, &answer).await?;
    }
    tx.commit().await?;
    Ok(respond(Answered { answer, replayed: false }))
}

pub fn answer(status: StatusCode, view: &impl Serialize) -> Answer {
    Answer { status: status.as_u16(), body: serde_json::to_vec(view).expect("a view is JSON") }
}

pub fn key_mismatch() -> Problem {
    Problem::new(Code::IdempotencyMismatch, "the key was used for another wish")
}

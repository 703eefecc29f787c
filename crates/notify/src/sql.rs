use stagedoor_core::{MessageId, Timestamp, UserId};
use store::{Result, Tx};

/// A message that waits; `content` is sealed.
pub(crate) struct MessageRow {
    pub id: MessageId,
    pub person: UserId,
    pub content: Vec<u8>,
    pub expires_at: Timestamp,
}

pub(crate) async fn insert_message(tx: &Tx, row: &MessageRow) -> Result<()> {
    tx.execute(
        "INSERT INTO message (id, person_id, content, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)",
        (row.id, row.person, &row.content[..], tx.now(), row.expires_at),
    )
    .await?;
    Ok(())
}

pub(crate) async fn message(tx: &Tx, id: MessageId) -> Result<Option<MessageRow>> {
    tx.optional("SELECT id, person_id, content, expires_at FROM message WHERE id = $1", (id,), |row| {
        Ok(MessageRow { id: row.get(0)?, person: row.get(1)?, content: row.get(2)?, expires_at: row.get(3)? })
    })
    .await
}

pub(crate) async fn delete_message(tx: &Tx, id: MessageId) -> Result<()> {
    tx.execute("DELETE FROM message WHERE id = $1", (id,)).await?;
    Ok(())
}

pub(crate) async fn delete_messages_of(tx: &Tx, person: UserId) -> Result<()> {
    tx.execute("DELETE FROM message WHERE person_id = $1", (person,)).await?;
    Ok(())
}

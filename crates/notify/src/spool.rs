//! Messages into a folder, one file each: for trying the program out, and for other programs that
//! send what they find.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use lettre::message::Mailbox;
use stagedoor_core::{MessageId, Timestamp, UserId};

use crate::delivery::Outgoing;
use crate::message::Address;
use crate::smtp::{mail, mailbox};
use crate::{DeliveryError, SetupError};

/// A folder for its owner alone, made with the first message. A file appears whole, under the ids of
/// its message and of whom it is for: `msg_….usr_….eml` for e-mail, `msg_….usr_….sms.txt` for a text
/// message.
#[derive(Debug, Clone)]
pub struct Spool {
    folder: PathBuf,
    from: Mailbox,
}

impl Spool {
    /// `from`: as in `Stagedoor <no-reply@example.org>`.
    pub fn new(folder: impl Into<PathBuf>, from: &str) -> Result<Self, SetupError> {
        Ok(Self { folder: folder.into(), from: mailbox(from)? })
    }

    pub(crate) async fn write(&self, message: &Outgoing<'_>) -> Result<(), DeliveryError> {
        let (kind, bytes) = match message.to {
            Address::Email(to) => ("eml", mail(&self.from, to, message)?.formatted()),
            Address::Phone(to) => ("sms.txt", format!("To: {to}\n\n{}", message.text.body).into_bytes()),
        };
        let name = format!("{}.{}.{kind}", message.id, message.person);
        let folder = self.folder.clone();
        let written = tokio::task::spawn_blocking(move || put(&folder, &name, &bytes)).await;
        let written = written.expect("writing a file does not panic");
        written.map_err(|error| DeliveryError::Unavailable(format!("the spool folder: {}", error.kind())))
    }

    /// Removes the messages that were queued before `at`; how many.
    pub(crate) async fn remove_before(&self, at: Timestamp) -> io::Result<u64> {
        self.remove(move |message, _| queued_at(message) < at).await
    }

    /// Removes the messages to `person`; how many.
    pub(crate) async fn remove_of(&self, person: UserId) -> io::Result<u64> {
        self.remove(move |_, to| to == person).await
    }

    async fn remove(&self, is_old: impl Fn(MessageId, UserId) -> bool + Send + 'static) -> io::Result<u64> {
        let folder = self.folder.clone();
        let removed = tokio::task::spawn_blocking(move || remove(&folder, is_old)).await;
        removed.expect("removing files does not panic")
    }
}

/// Only files that are named as ours are: others may keep theirs beside them.
fn remove(folder: &Path, is_old: impl Fn(MessageId, UserId) -> bool) -> io::Result<u64> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        other => other?,
    };
    let mut removed = 0;
    for entry in entries {
        let entry = entry?;
        if entry.file_name().to_str().and_then(ids).is_some_and(|(message, person)| is_old(message, person)) {
            match fs::remove_file(entry.path()) {
                Ok(()) => removed += 1,
                // Whoever sends what lies here was faster.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
    }
    if removed > 0 {
        sync(folder)?;
    }
    Ok(removed)
}

/// What a file's name says, also of one that was never finished.
fn ids(name: &str) -> Option<(MessageId, UserId)> {
    let mut parts = name.strip_prefix('.').unwrap_or(name).split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// Ids begin with the moment they were made at, in milliseconds. Source: RFC 9562, section 5.7.
fn queued_at(message: MessageId) -> Timestamp {
    Timestamp::from_micros((message.0.as_u128() >> 80) as i64 * 1_000)
}

fn put(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let (unfinished, whole) = (folder.join(format!(".{name}")), folder.join(name));
    let mut file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&unfinished)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(unfinished, whole)?;
    sync(folder)
}

/// A new name is as durable as its folder.
fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use stagedoor_core::Env;

    use super::*;

    #[test]
    fn a_name_says_when_and_for_whom_and_others_are_none() {
        let env = Env::seeded(1);
        env.clock.advance(std::time::Duration::from_millis(12_345));
        let (message, person): (MessageId, UserId) = (env.id(), env.id());
        for name in [format!("{message}.{person}.eml"), format!(".{message}.{person}.sms.txt")] {
            assert_eq!(ids(&name), Some((message, person)), "{name}");
        }
        assert_eq!(queued_at(message), env.now());
        for name in ["", ".", "notes.txt", &format!("{message}.eml"), &format!("{person}.{message}.eml")] {
            assert_eq!(ids(name), None, "{name}");
        }
    }
}

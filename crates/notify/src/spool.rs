//! Messages into a folder, one file each: for trying the program out, and for other programs that
//! send what they find.

use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use lettre::message::Mailbox;

use crate::delivery::Outgoing;
use crate::message::Address;
use crate::smtp::{mail, mailbox};
use crate::{DeliveryError, SetupError};

/// A folder for its owner alone, made with the first message. A file appears whole, under the id of
/// its message: `msg_….eml` for e-mail, `msg_….sms.txt` for a text message.
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
        let (name, bytes) = match message.to {
            Address::Email(to) => (format!("{}.eml", message.id), mail(&self.from, to, message)?.formatted()),
            Address::Phone(to) => {
                (format!("{}.sms.txt", message.id), format!("To: {to}\n\n{}", message.text.body).into_bytes())
            }
        };
        let folder = self.folder.clone();
        let written = tokio::task::spawn_blocking(move || put(&folder, &name, &bytes)).await;
        let written = written.expect("writing a file does not panic");
        written.map_err(|error| DeliveryError::Unavailable(format!("the spool folder: {}", error.kind())))
    }
}

fn put(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let (unfinished, whole) = (folder.join(format!(".{name}")), folder.join(name));
    let mut file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&unfinished)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(unfinished, whole)
}

//! What somebody signs in from: shown in the list of sessions, and compared to tell of a new one.
//!
//! A device is told by the name of its program, leaving out version numbers, which change by
//! themselves, and by the network it is in. That is a hint for people and decides nothing.

use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use stagedoor_core::{SessionId, UserId, is_hidden};
use store::{Origin, PersonKey, Sealed, Tx};

use crate::account::corrupt;
use crate::letters::Letter;
use crate::sql::{self, AccountRow};
use crate::{Identity, letters};

/// Characters of a program's name that are kept.
const PROGRAM_MAX: usize = 200;
/// A device that was not seen for so long is new again.
pub(crate) const FORGOTTEN_AFTER: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// What a session keeps of where it was opened from.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// What it calls itself, as in `User-Agent`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
    /// Unspecified for who came over no network. Source: RFC 4291, section 2.5.2.
    pub address: IpAddr,
}

impl Device {
    pub(crate) fn of(origin: &Origin) -> Self {
        let visible = |text: &str| text.chars().filter(|letter| !is_hidden(*letter)).take(PROGRAM_MAX).collect();
        let address = origin.address.unwrap_or(Ipv6Addr::UNSPECIFIED.into()).to_canonical();
        Self { program: origin.agent.as_deref().map(visible), address }
    }

    pub(crate) fn seal(&self, key: &PersonKey, session: SessionId) -> Vec<u8> {
        key.seal(place(session), &serde_json::to_vec(self).expect("a device is plain data"))
    }

    pub(crate) fn open(key: &PersonKey, session: SessionId, sealed: &[u8]) -> store::Result<Self> {
        let plain = key.open(place(session), sealed).map_err(|_| corrupt("the device", session))?;
        serde_json::from_slice(&plain).map_err(|_| corrupt("the device", session))
    }

    /// The same for all versions of a program in one network.
    fn outline(&self, user: UserId) -> String {
        let program: String = self.program.iter().flat_map(|name| name.chars()).filter(|c| !c.is_numeric()).collect();
        let network = match self.address {
            IpAddr::V4(address) => format!("{:?}", &address.octets()[..2]),
            IpAddr::V6(address) => format!("{:?}", &address.octets()[..4]),
        };
        format!("{user} {network} {program}")
    }
}

const fn place(session: SessionId) -> Sealed {
    Sealed { table: "session", column: "device", id: session.0 }
}

impl Identity {
    /// Remembers a device, and tells the person when it is new among others. Nobody is told of the
    /// first one.
    pub(crate) async fn recognise(
        &self,
        tx: &Tx,
        key: &PersonKey,
        account: &AccountRow,
        device: &Device,
    ) -> store::Result<()> {
        let print = self.0.keyring.blind_index("identity/device", &device.outline(account.id));
        let (has_any, is_known) = sql::knows_device(tx, account.id, print).await?;
        if has_any && !is_known {
            letters::tell(tx, key, account, &Letter::NewDevice { device, at: tx.now() }).await?;
        }
        sql::put_device(tx, account.id, print).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_version_is_no_new_device_and_another_network_is() {
        let user = UserId(uuid::Uuid::nil());
        let outline = |program: &str, address: &str| {
            let address = address.parse().expect("an address");
            Device::of(&Origin { agent: Some(program.into()), ..Origin::address(address) }).outline(user)
        };
        let known = outline("Mozilla/5.0 Firefox/141.0", "192.0.2.1");
        assert_eq!(outline("Mozilla/5.0 Firefox/142.1", "192.0.99.7"), known);
        assert_eq!(outline("Mozilla/5.0 Firefox/142.1", "::ffff:192.0.99.7"), known);
        assert_ne!(outline("Mozilla/5.0 Firefox/141.0", "198.51.100.1"), known);
        assert_ne!(outline("curl/8.0", "192.0.2.1"), known);
    }
}

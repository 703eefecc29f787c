//! Who may do what for an organizer: one table.

use std::str::FromStr;

use stagedoor_core::FieldError;

use crate::events::Events;

/// What a member is to an organizer. Source: API.md "Accounts".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    Owner,
    Manager,
    Finance,
    Door,
    Viewer,
}

/// One thing staff may be allowed to do for their organizer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Permission {
    /// See venues, seat maps and events before they are published.
    SeeCatalogue,
    /// Create and change venues, seat maps, events, offers and prices; publish, postpone, cancel.
    ManageCatalogue,
    /// See counts, revenue and orders without the buyers' names.
    SeeSales,
    /// Block and unblock seats, change capacity, set seats aside, cancel orders.
    ManageSales,
    /// See who bought: names and addresses of buyers and attendees.
    SeeBuyers,
    /// Give money back for an order.
    RefundOrders,
    /// See the ledger, settlements and payouts, and where they are paid to.
    ManagePayouts,
    /// Scan tickets at the door.
    CheckIn,
    SeeMembers,
    /// Invite and remove members and change their roles.
    ManageMembers,
    /// Register programs and make API keys, which can do no more than who makes them.
    ManagePrograms,
    /// Rename the organizer, manage its webhooks.
    ManageOrganizer,
    /// Read the audit log, with the network addresses of those who are in it.
    SeeAudit,
}

/// Who may do what; columns in the order of [`Role::ALL`], rows in the order of [`Permission`].
#[rustfmt::skip]
const TABLE: [(Permission, [bool; 5]); 13] = {
    use Permission::*;
    const Y: bool = true;
    const N: bool = false;
    [   //                owner  manager  finance  door  viewer
        (SeeCatalogue,    [Y,    Y,       Y,       Y,    Y]),
        (ManageCatalogue, [Y,    Y,       N,       N,    N]),
        (SeeSales,        [Y,    Y,       Y,       N,    Y]),
        (ManageSales,     [Y,    Y,       N,       N,    N]),
        (SeeBuyers,       [Y,    Y,       Y,       N,    N]),
        (RefundOrders,    [Y,    Y,       Y,       N,    N]),
        (ManagePayouts,   [Y,    N,       Y,       N,    N]),
        (CheckIn,         [Y,    Y,       N,       Y,    N]),
        (SeeMembers,      [Y,    Y,       N,       N,    N]),
        (ManageMembers,   [Y,    N,       N,       N,    N]),
        (ManagePrograms,  [Y,    Y,       N,       N,    N]),
        (ManageOrganizer, [Y,    N,       N,       N,    N]),
        (SeeAudit,        [Y,    N,       N,       N,    N]),
    ]
};

impl Role {
    /// Whether those in this role need a second factor where the organizer asks its members for one: who
    /// changes things, or sees money or people. Doors have scanners in many hands.
    pub const fn is_trusted(self) -> bool {
        matches!(self, Role::Owner | Role::Manager | Role::Finance)
    }

    pub const ALL: [Role; 5] = [Role::Owner, Role::Manager, Role::Finance, Role::Door, Role::Viewer];

    pub const fn text(self) -> &'static str {
        match self {
            Role::Owner => "owner",
            Role::Manager => "manager",
            Role::Finance => "finance",
            Role::Door => "door",
            Role::Viewer => "viewer",
        }
    }

    /// `Field` unless someone in this role may be limited to these events: an owner answers for all.
    pub(crate) fn works_for(self, events: &Events) -> Result<(), FieldError> {
        match self {
            Role::Owner if events.is_limited() => {
                Err(FieldError::new("events", "must be left out: owners work for all"))
            }
            _ => Ok(()),
        }
    }

    pub const fn allows(self, permission: Permission) -> bool {
        TABLE[permission as usize].1[self as usize]
    }
}

impl FromStr for Role {
    type Err = FieldError;
    fn from_str(text: &str) -> Result<Self, FieldError> {
        let known = Role::ALL.into_iter().find(|role| role.text() == text);
        known.ok_or_else(|| FieldError::new("role", "must be owner, manager, finance, door or viewer"))
    }
}

impl std::fmt::Display for Role {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(self.text())
    }
}

impl Permission {
    /// Whether it puts something on sale, or changes what is: what the platform takes from those it suspends.
    pub const fn sells(self) -> bool {
        matches!(self, Permission::ManageCatalogue | Permission::ManageSales | Permission::ManagePrograms)
    }

    pub const ALL: [Permission; TABLE.len()] = {
        let mut all = [Permission::SeeCatalogue; TABLE.len()];
        let mut at = 0;
        while at < TABLE.len() {
            assert!(TABLE[at].0 as usize == at, "a row stands where its permission counts to");
            all[at] = TABLE[at].0;
            at += 1;
        }
        all
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Written apart from the table it pins: whoever changes a cell says so twice.
    #[test]
    fn every_cell_of_the_table_is_as_agreed() {
        let agreed = [
            (Role::Owner, vec!["*"]),
            (
                Role::Manager,
                vec![
                    "SeeCatalogue",
                    "ManageCatalogue",
                    "SeeSales",
                    "ManageSales",
                    "SeeBuyers",
                    "RefundOrders",
                    "CheckIn",
                    "SeeMembers",
                    "ManagePrograms",
                ],
            ),
            (Role::Finance, vec!["SeeCatalogue", "SeeSales", "SeeBuyers", "RefundOrders", "ManagePayouts"]),
            (Role::Door, vec!["SeeCatalogue", "CheckIn"]),
            (Role::Viewer, vec!["SeeCatalogue", "SeeSales"]),
        ];
        assert_eq!(agreed.len(), Role::ALL.len());
        for (role, allowed) in agreed {
            for permission in Permission::ALL {
                let agreed = allowed == ["*"] || allowed.contains(&format!("{permission:?}").as_str());
                assert_eq!(role.allows(permission), agreed, "{role} {permission:?}");
            }
        }
    }

    #[test]
    fn roles_are_read_as_they_are_written() {
        for role in Role::ALL {
            assert_eq!(role.text().parse(), Ok(role));
        }
        for wrong in ["", "Owner", "admin", "owner "] {
            assert!(wrong.parse::<Role>().is_err(), "{wrong:?}");
        }
    }
}
